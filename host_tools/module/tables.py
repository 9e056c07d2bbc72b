# SPDX-License-Identifier: MIT
"""What a module remembers, a calibration of it and a soak, as tables. Knows no device."""

from __future__ import annotations

from collections.abc import Sequence

import rich.panel
import rich.table
from rich.console import RenderableType

from host_tools.module.calibrate import Calibration
from host_tools.module.client import Settings
from host_tools.module.map_drawing import WIDTH, draw_map
from host_tools.module.settings import MIDI_CHANNELS, SCHEME_NAMES
from host_tools.module.soak import SoakRow
from host_tools.packets import GATE_MODES, POTS
from host_tools.tables import Mark, Table, to_rich


def presets_picture(settings: Settings, board: str) -> RenderableType:
    """Eight places, and where they are on the map."""
    marks = [(*spot, str(number)) for number, spot in enumerate(settings.presets, start=1)]
    sides = rich.table.Table.grid(padding=(0, 2))
    sides.add_row(
        to_rich(_presets_table(settings, board)), rich.panel.Panel("\n".join(draw_map(marks)), width=WIDTH + 4)
    )
    return sides


def _presets_table(settings: Settings, board: str) -> Table:
    rows = [(str(number), f"{spot.x:+.3f}", f"{spot.y:+.3f}") for number, spot in enumerate(settings.presets, start=1)]
    return _plain(f"Presets of {board}", ("preset", "x", "y"), rows, left=1)


def settings_table(settings: Settings, board: str) -> Table:
    """All but the presets; calibration last."""
    x, y = settings.second_spot
    circuit = settings.circuit
    rows = [
        ("scheme", SCHEME_NAMES[settings.scheme]),
        ("gate_mode", GATE_MODES[settings.gate_mode]),
        ("morph_time_ms", str(settings.morph_time_ms)),
        ("midi_channel", MIDI_CHANNELS[settings.midi_channel]),
        ("second_spot", f"{x:+.3f},{y:+.3f}"),
        ("in_full_scale", f"{settings.in_full_scale_mv / 1000:.3f} V"),
        ("out_full_scale", f"{settings.out_full_scale_mv / 1000:.3f} V"),
        *(
            (f"knob {name}", f"{low:,} to {high:,}")
            for name, low, high in zip(POTS, circuit.pot_low, circuit.pot_high, strict=True)
        ),
        *(
            (f"CV {name}", f"{zero:,} at 0 V, {slope:+,} a volt")
            for name, zero, slope in zip("XY", circuit.cv_zero, circuit.cv_per_volt, strict=True)
        ),
    ]
    caption = (
        "Full scale: the peak at IN and at OUT that the converters have. Knobs and CVs in ADC codes. "
        "gritspace calibrate sets these, full scale with --audio."
    )
    return _plain(f"Settings of {board}", ("setting", "value"), rows, left=2, caption=caption)


def calibration_table(calibration: Calibration, board: str) -> Table:
    """Before and after."""
    rows = [
        (
            row["name"],
            f"{row['before']:,}",
            f"{row['after']:,}",
            f"{row['after'] - row['before']:+,}",
            "" if row["noise_codes"] is None else f"{row['noise_codes']}",
        )
        for row in calibration.rows()
    ]
    caption = "In ADC codes, _mv in millivolts. Noise: the largest standard deviation of the input in any step."
    return _plain(
        f"Calibration of {board}", ("number", "before", "after", "change", "noise"), rows, left=1, caption=caption
    )


def soak_table(rows: Sequence[SoakRow]) -> Table:
    """What was played, and what was wrong."""
    cells = [
        (
            row.scheme,
            f"{row.samples:,}",
            f"{row.crossfaded_blocks:,}",
            f"{row.rested_blocks:,}",
            f"{row.mismatches:,}",
            f"{row.preview_mismatches:,} of {row.proved_previews:,}",
            f"{row.stuck}",
            f"{row.seconds:.0f} s",
        )
        for row in rows
    ]
    headings = ("scheme", "samples", "crossfades", "rests", "mismatches", "previews", "stuck", "time")
    caption = "Crossfades and rests in blocks. Mismatches: integers of the decoder that golden does not give."
    return _plain("A soak on the host", headings, cells, left=1, caption=caption)


def _plain(
    title: str, headings: tuple[str, ...], rows: Sequence[tuple[str, ...]], left: int, caption: str = ""
) -> Table:
    plain: Mark = "plain"
    return Table(title, headings, tuple(rows), (plain,) * len(rows), left, caption)
