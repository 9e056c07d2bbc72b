# SPDX-License-Identifier: MIT
"""Results as tables of text, once for the terminal (rich) and the HTML page alike. Knows results, computes none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

import rich.box
import rich.table

from host_tools.parity import ParityResult
from host_tools.witness import STATED_ONLY, WitnessResult

Mark = Literal["good", "bad", "stated", "plain"]
Column = tuple[str, str, Callable[[Any], str]]  # heading, key of the row, how a figure is written
COST_COLUMNS: tuple[Column, ...] = (
    ("MAC", "macs_per_sample", "{:,.0f}".format),
    ("instructions", "instructions_per_sample", "{:,.0f}".format),
    ("model\ncycles", "model_cycles_per_sample", "{:,.0f}".format),
    ("MAC a\ncycle", "macs_per_cycle", "{:.2f}".format),
)
RICH_STYLES: dict[Mark, str] = {"good": "green", "bad": "bold red", "stated": "yellow", "plain": "default"}


@dataclass(frozen=True)
class Table:
    """Cells of text; the last column is a judgement, coloured by the row's mark. `left` columns hold words."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    marks: tuple[Mark, ...]
    left: int = 2
    caption: str = ""


def parity_table(result: ParityResult) -> Table:
    """Device against golden and the float model."""
    headings = ("scheme", "source", "samples", "mismatches", "LSB", "SNR dB", "ESR %", "golden")
    rows: list[tuple[str, ...]] = []
    marks: list[Mark] = []
    for row in result.rows:
        judgement = "equal" if row.mismatches == 0 else f"first at {row.first_mismatch}"
        measured = (_count(row.samples), _count(row.mismatches), _count(row.max_lsb))
        rows.append((row.scheme, row.source, *measured, _decibels(row.snr_db), _percent(row.esr), judgement))
        marks.append(_mark(row.mismatches == 0))
    caption = "LSB: the largest difference. SNR and ESR are against the float model. " + " ".join(
        f"Missing: {r}." for r in result.reasons
    )
    return Table(f"Parity on {result.board}", headings, tuple(rows), tuple(marks), caption=caption.strip())


def witness_table(result: WitnessResult) -> Table:
    """Golden against other interpreters."""
    headings = ("scheme", "engine", "samples", "mismatches", "share %", "LSB", "golden")
    rows: list[tuple[str, ...]] = []
    marks: list[Mark] = []
    for row in result.rows:
        stated = (row.scheme, row.engine) in STATED_ONLY
        judgement = "equal" if row.mismatches == 0 else "stated" if stated else "differs"
        share = _percent(row.mismatches / row.samples if row.samples else 0.0)
        rows.append(
            (row.scheme, row.engine, _count(row.samples), _count(row.mismatches), share, str(row.max_lsb), judgement)
        )
        marks.append("stated" if judgement == "stated" else _mark(row.mismatches == 0))
    caption = (
        f"TFLite Micro as installed rounds {result.rounding}. LiteRT's default int8 kernels round once: stated only."
    )
    return Table("Witnesses on this machine", headings, tuple(rows), tuple(marks), caption=caption)


def bench_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """What decoders cost on the Cortex-M7."""
    columns = (
        *COST_COLUMNS,
        ("flash", "flash_bytes", _bytes),
        ("RAM", "ram_bytes", _bytes),
        ("stack\nbytes", "stack_bytes", _count),
    )
    cells = [(row["scheme"], row["flavour"], *_measured(row, columns)) for row in rows]
    spread = max((row["spread_instructions"] for row in rows), default=0)
    inputs = f"Blocks differ by {_count(spread)} instructions" if spread else "Every block costs the same"
    caption = (
        "Each sample. Instructions are counted exactly; cycles are a model of the core with perfect memory. "
        f"{inputs}: silence, noise, music, full scale, anywhere on the map."
    )
    headings = ("scheme", "flavour", *(heading for heading, _, _ in columns))
    return Table("Decoders on the Cortex-M7", headings, tuple(cells), unmarked(cells), caption=caption)


def part_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Where a decoder's time goes: a row each part, a column each decoder."""
    decoders = list(dict.fromkeys((row["scheme"], row["flavour"]) for row in rows))
    found = {(row["part"], row["scheme"], row["flavour"]): row for row in rows}
    cells = []
    for part in dict.fromkeys(row["part"] for row in rows):
        values = [_measured(found.get((part, *decoder), {}), COST_COLUMNS[1:3]) for decoder in decoders]
        cells.append((part, *(" / ".join(pair) for pair in values)))
    headings = ("part", *("\n".join(decoder) for decoder in decoders))
    caption = "Each sample: instructions / model cycles."
    return Table("Parts of a decoder", headings, tuple(cells), unmarked(cells), left=1, caption=caption)


def grid_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Decoders with random weights, from small to large."""
    cells = [
        (row["scheme"], *(str(row[k]) for k in ("channels", "layers")), *_measured(row, COST_COLUMNS)) for row in rows
    ]
    headings = ("scheme", "channels", "layers", *(heading for heading, _, _ in COST_COLUMNS))
    caption = "Each sample, the fast flavour: gated layers of three taps, each twice as far apart as in the one before."
    return Table("Decoders of other sizes", headings, tuple(cells), unmarked(cells), left=1, caption=caption)


def live_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """What is around the decoder costs on the Cortex-M7."""
    cells = [(row["part"], *_measured(row, COST_COLUMNS[1:3])) for row in rows]
    headings = ("part of a block", *(heading for heading, _, _ in COST_COLUMNS[1:3]))
    return Table(
        "The live path on the Cortex-M7", headings, tuple(cells), unmarked(cells), left=1, caption="Each sample."
    )


def quantize_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """What quantisation-aware training came to."""
    cells = [
        (
            str(row["scheme"]),
            str(row["model_id"]),
            *(_decibels(row[key]) for key in ("snr_db_before", "snr_db", "onnx_snr_db")),
            _count(row["best_step"]),
            _count(row["seconds"]),
        )
        for row in rows
    ]
    headings = ("scheme", "model", "before dB", "SNR dB", "ONNX dB", "best step", "s")
    caption = "SNR to the float model before and after training; ONNX: of ONNX Runtime to golden."
    return Table("Quantisation", headings, tuple(cells), unmarked(cells), caption=caption)


def evaluate_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """The float model on pairs it never saw."""
    columns: tuple[Column, ...] = (
        ("clips", "clips", _count),
        ("ESR %\nmedian", "esr_median", _percent),
        ("\nmean", "esr_mean", _percent),
        ("\n95th", "esr_p95", _percent),
        ("MR-STFT\nmedian", "mr_stft_median", "{:.2f}".format),
        ("encoder\nESR %", "encoder_median", _percent),
    )
    cells = [(str(row["split"]).replace("_", " "), *_measured(row, columns)) for row in rows]
    headings = ("split", *(heading for heading, _, _ in columns))
    caption = "At each setting's place on the map, and where the encoder puts each clip; unseen devices by match."
    return Table("The float model", headings, tuple(cells), unmarked(cells), left=1, caption=caption)


def map_table(measures: Mapping[str, float], played: Mapping[str, float] | None = None) -> Table:
    """What the map is like to play: by the float decoder, and by the module where that was measured."""
    lines = (
        ("loudness, ± dB", "loudness_plus_minus_db"),
        ("loudness at once, ± dB", "loudness_at_once_plus_minus_db"),
        ("DC, worst, dBFS", "dc_worst_dbfs"),
        ("left after a note, worst, dBFS", "silence_worst_dbfs"),
        ("grit in a quiet tone, median, dB", "grit_median_db"),
        ("grit in a quiet tone, worst, dB", "grit_worst_db"),
        ("Spearman of y and distortion, median over x", "amount_correlation_median"),
        ("Spearman of y and distortion, worst x", "amount_correlation_worst"),
        ("step to the next place, median, dB", "step_median_db"),
        ("step to the next place, worst, dB", "step_worst_db"),
    )
    columns = [measures, *filter(None, [played])]
    cells = [(text, *(f"{column[key]:.2f}" for column in columns)) for text, key in lines]
    headings = ("measure", "decoder", "module")[: 1 + len(columns)]
    caption = (
        f"{measures['places']:.0f} x {measures['places']:.0f} places. The decoder is the float one, alone; the module "
        "plays int16x8 with all that levels its loudness, first the table at once, and blocks its DC, its knobs turned."
    )
    return Table("The map", headings, tuple(cells), unmarked(cells), left=1, caption=caption)


def aliasing_table(rows: Sequence[Mapping[str, float]]) -> Table:
    """Non-harmonic share of a sine at full drive, decoder beside effects."""
    columns: tuple[Column, ...] = (
        ("below\nkHz", "below_hz", _kilohertz),
        ("decoder\ndB", "decoder_db", _decibels),
        ("effect\ndB", "target_db", _decibels),
        ("added dB\nmedian", "added_db_median", _decibels),
        ("\nworst", "added_db_worst", _decibels),
    )
    cells = [(f"{_kilohertz(row['frequency_hz'])} kHz", *_measured(row, columns)) for row in rows]
    headings = ("sine", *(heading for heading, _, _ in columns))
    caption = "Each device at full drive; medians over devices. The effects are oversampled."
    return Table("Aliasing", headings, tuple(cells), unmarked(cells), left=1, caption=caption)


def to_rich(table: Table) -> rich.table.Table:
    """For a terminal."""
    drawn = rich.table.Table(
        title=table.title,
        caption=table.caption or None,
        title_justify="left",
        caption_justify="left",
        box=rich.box.SIMPLE_HEAD,  # figures must not be cut in a terminal of 80 columns
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for index, heading in enumerate(table.headings):
        drawn.add_column(heading, justify="left" if index < table.left else "right", no_wrap=True)
    for cells, mark in zip(table.rows, table.marks, strict=True):
        drawn.add_row(*cells[:-1], f"[{RICH_STYLES[mark]}]{cells[-1]}[/]")
    return drawn


def to_html(table: Table) -> str:
    """For the page, without the title."""

    def line(tag: str, cells: Sequence[str], mark: str) -> str:
        classes = ["word" if i < table.left else "number" for i in range(len(cells))]
        classes[-1] += f" {mark}" if mark else ""
        return (
            "<tr>"
            + "".join(f'<{tag} class="{c}">{escape(t)}</{tag}>' for c, t in zip(classes, cells, strict=True))
            + "</tr>"
        )

    body = "".join(line("td", cells, mark) for cells, mark in zip(table.rows, table.marks, strict=True))
    caption = f'<p class="caption">{escape(table.caption)}</p>' if table.caption else ""
    head = line("th", table.headings, "")
    return f'<div class="wide"><table><thead>{head}</thead><tbody>{body}</tbody></table></div>{caption}'


def _measured(row: Mapping[str, Any], columns: Sequence[Column]) -> tuple[str, ...]:
    """A row's figures; a dash where there is none."""
    return tuple("–" if row.get(key) is None else show(row[key]) for _, key, show in columns)


def unmarked(cells: Sequence[object]) -> tuple[Mark, ...]:
    plain: Mark = "plain"
    return (plain,) * len(cells)


def _mark(good: bool) -> Mark:
    return "good" if good else "bad"


def _count(value: float) -> str:
    return f"{round(value):,}"


def _kilohertz(value: float) -> str:
    return f"{value / 1000:.1f}"


def _bytes(value: float) -> str:
    return f"{value / 1000:.1f} kB"


def _decibels(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.3g}"
