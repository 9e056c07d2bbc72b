# SPDX-License-Identifier: MIT
"""The whole schematic, stage by stage, from the pin table. Depends on the drawing modules beside it.

python -m hardware.gen.schematic   # writes kicad/module.kicad_sch
"""

from __future__ import annotations

from pathlib import Path

from hardware.gen import panel_parts, parts, power, stages
from hardware.gen.pins import HARDWARE, Pin, read_pins
from hardware.gen.placement import REVISION
from hardware.gen.sheet import Sheet
from hardware.gen.sheet_file import schematic_text

TITLE = "gritspace: a 2-D space of distortions"
SCHEMATIC = HARDWARE / "kicad" / "module.kicad_sch"


def drawn_sheet(pins: dict[str, Pin]) -> Sheet:
    """Jacks to the left, the Seed in the middle, what the hands touch to the right."""
    sheet = Sheet(TITLE, REVISION)
    stages.draw_cv(sheet, pins, "x", (12, 12))
    stages.draw_cv(sheet, pins, "y", (12, 46))
    stages.draw_audio_in(sheet, pins, (12, 80))
    stages.draw_audio_out(sheet, pins, (12, 114))
    stages.draw_gate(sheet, pins, (12, 148))
    power.draw_power(sheet, (116, 12))
    panel_parts.draw_seed(sheet, pins, (116, 66))
    power.draw_reference(sheet, (116, 156))
    sheet.frame("OP-AMP SUPPLIES", (162, 156), (46, 32))
    stages.draw_amplifier_supply(
        sheet, stages.CV_LIBRARY, "U1", parts.CV_AMPLIFIER, ("+3.3VA", "GND"), ("C12",), (174, 172)
    )
    stages.draw_amplifier_supply(
        sheet, stages.AUDIO_LIBRARY, "U2", parts.AUDIO_AMPLIFIER, ("+12V", "-12V"), ("C13", "C14"), (199, 172)
    )
    panel_parts.draw_knobs(sheet, pins, (220, 12))
    panel_parts.draw_lights(sheet, pins, (220, 70))
    return sheet


def write_schematic(path: Path = SCHEMATIC) -> Path:
    path.write_text(schematic_text(drawn_sheet(read_pins())), encoding="utf-8")
    return path


if __name__ == "__main__":
    print(f"wrote {write_schematic().relative_to(HARDWARE)}")
