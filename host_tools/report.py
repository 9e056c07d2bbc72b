# SPDX-License-Identifier: MIT
"""One HTML page that carries everything in itself, and the JSON of the same numbers beside it. Computes nothing.

Depends on the results of parity and witness, on tables and on pictures that plots has drawn.
"""

from __future__ import annotations

import base64
import datetime
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from host_tools.audio import encode_audio
from host_tools.chain import CHAIN_SVG
from host_tools.files import REPORTS, git_revision, write_atomically, write_results
from host_tools.parity import ParityResult
from host_tools.tables import Table, bench_table, evaluate_table, parity_table, to_html, witness_table
from host_tools.witness import WitnessResult

STYLE_SHEET = Path(__file__).with_name("report.css")


@dataclass(frozen=True)
class Stage:
    """One step of a run and the seconds it took."""

    name: str
    seconds: float


@dataclass(frozen=True)
class Picture:
    """A drawn <svg> element under a heading."""

    title: str
    svg: str
    caption: str = ""


@dataclass(frozen=True, eq=False)
class Sound:
    """A clip to listen to: (T,) in [-1, 1)."""

    title: str
    samples: np.ndarray
    sample_rate: int


@dataclass(frozen=True)
class ReportContent:
    """What a report may hold; each part that is missing is left out of the page."""

    title: str
    summary: str = ""
    model_id: str = ""
    facts: Sequence[tuple[str, str]] = ()
    stages: Sequence[Stage] = ()
    parity: Sequence[ParityResult] = ()
    witness: WitnessResult | None = None
    bench: Sequence[Mapping[str, Any]] = ()
    evaluation: Sequence[Mapping[str, Any]] = ()
    pictures: Sequence[Picture] = ()
    sounds: Sequence[Sound] = ()
    notes: Sequence[str] = ()

    @property
    def verdict(self) -> str:
        """FAIL when any part failed; PASS when there are parts and all passed; else INCOMPLETE."""
        verdicts = {result.verdict for result in self.parity}
        if self.witness is not None:
            verdicts.add(self.witness.verdict)
        if "FAIL" in verdicts:
            return "FAIL"
        return "PASS" if verdicts == {"PASS"} else "INCOMPLETE"


def report_path(board: str, folder: Path | str = REPORTS) -> Path:
    """Where a report of now about a board goes: STAMP_BOARD.html, the stamp in UTC."""
    stamp = datetime.datetime.now(datetime.UTC).strftime("%Y%m%d-%H%M%S")
    name = "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in board)
    return Path(folder) / f"{stamp}_{name}.html"


def write_report(path: Path | str, content: ReportContent) -> tuple[Path, Path]:
    """Writes the page to `path` and its numbers beside it as .json; returns both paths."""
    path = Path(path)
    rows = [row for result in content.parity for row in result.json_rows()]
    numbers = write_results(
        path.with_suffix(".json"),
        content.model_id,
        rows,
        verdict=content.verdict,
        reasons=[reason for result in content.parity for reason in result.reasons],
        witness=content.witness.json_rows() if content.witness else [],
        bench=[dict(row) for row in content.bench],
        evaluate=[dict(row) for row in content.evaluation],
        stages=[asdict(stage) for stage in content.stages],
    )
    return write_atomically(path, page(content)), numbers


def page(content: ReportContent) -> str:
    """The whole page; it refers to nothing outside itself."""
    tables = [parity_table(result) for result in content.parity]
    tables += [witness_table(content.witness)] if content.witness else []
    tables += [bench_table(content.bench)] if content.bench else []
    tables += [evaluate_table(content.evaluation)] if content.evaluation else []
    sections = [
        _section("The chain", CHAIN_SVG),
        *(_table_section(table) for table in tables),
        *(_section(picture.title, picture.svg, picture.caption) for picture in content.pictures),
        _sounds(content.sounds),
        _stages(content.stages),
        _notes(content.notes),
    ]
    style = STYLE_SHEET.read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(content.title)} · {content.verdict}</title>\n<style>\n{style}</style></head>\n<body><main>\n"
        f"{_header(content)}\n" + "\n".join(section for section in sections if section) + "\n</main></body></html>\n"
    )


def _header(content: ReportContent) -> str:
    verdict = content.verdict
    today = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    facts = [("model", content.model_id or "–"), ("source", git_revision()[:12]), ("made", today), *content.facts]
    cells = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in facts)
    summary = f'<p class="summary">{escape(content.summary)}</p>' if content.summary else ""
    title = f'<h1>{escape(content.title)}</h1><span class="verdict {verdict.lower()}">{verdict}</span>'
    return f"<header>{title}</header>{summary}<dl>{cells}</dl>"


def _section(title: str, body: str, caption: str = "") -> str:
    under = f'<p class="caption">{escape(caption)}</p>' if caption else ""
    return f"<section><h2>{escape(title)}</h2>{body}{under}</section>"


def _table_section(table: Table) -> str:
    return _section(table.title, to_html(table))


def _sounds(sounds: Sequence[Sound]) -> str:
    if not sounds:
        return ""
    players = []
    for sound in sounds:
        flac = base64.b64encode(encode_audio(sound.samples, sound.sample_rate, "FLAC", "PCM_16")).decode()
        player = f'<audio controls preload="metadata" src="data:audio/flac;base64,{flac}"></audio>'
        players.append(f"<div><span>{escape(sound.title)}</span>{player}</div>")
    return _section("Listen", f'<div class="sounds">{"".join(players)}</div>')


def _stages(stages: Sequence[Stage]) -> str:
    if not stages:
        return ""
    longest = max(stage.seconds for stage in stages) or 1.0
    lines = [
        f'<div class="stage"><span>{escape(stage.name)}</span>'
        f'<div><div class="bar" style="width:{100 * stage.seconds / longest:.1f}%"></div></div>'
        f'<span class="number">{stage.seconds:.1f} s</span></div>'
        for stage in stages
    ]
    total = sum(stage.seconds for stage in stages)
    return _section("Where the time went", "".join(lines), f"{total:.1f} s in all.")


def _notes(notes: Sequence[str]) -> str:
    if not notes:
        return ""
    return _section("Said on the way", "<ul>" + "".join(f"<li>{escape(note)}</li>" for note in notes) + "</ul>")
