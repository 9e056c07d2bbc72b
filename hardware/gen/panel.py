# SPDX-License-Identifier: MIT
"""The front panel as a board without parts: holes over the parts, names, and a map drawn in gold.

Depends on `placement`, `panel_map` and `s_expression`. The same tables give the same bytes.

python -m hardware.gen.panel   # writes kicad/panel.kicad_pcb
"""

from __future__ import annotations

import itertools
import math
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from hardware.gen.panel_map import lines_of_the_map
from hardware.gen.pins import HARDWARE
from hardware.gen.placement import CENTRE, FRONT, MOUNTING_HOLES, PANEL_HEIGHT, PANEL_WIDTH, REVISION, kind
from hardware.gen.s_expression import number, quoted

PANEL = HARDWARE / "kicad" / "panel.kicad_pcb"
_NAMES = uuid.UUID("6d1a7f7e-7a50-4f0c-8a57-1f1a36a2f0c9")
# Bushes of the pots (M7) and jacks (M6), a 3 mm LED, the button's shaft.
HOLE_MM = {"RV": 7.2, "J": 6.2, "D": 3.2, "SW": 4.2}
MOUNTING_MM = 3.2
TRAVEL_DEGREES, TICKS = 300, 5  # of a pot, and ticks to either side of noon
# What a hand or a nut covers around a hole, where no gold should be.
COVERED_MM = {
    "RV1": 24.0,
    "RV2": 24.0,
    "RV3": 15.0,
    "RV4": 15.0,
    "RV5": 15.0,
    "RV6": 15.0,
    "J": 11.0,
    "D": 5.4,
    "SW": 8.0,
}
# Text, place, height. Names of knobs stand above them where there is room, of lights beside them.
TEXTS = (
    ("gritspace", CENTRE, 6.6, 3.0),
    ("X", 8.6, 12.0, 2.6),
    ("Y", 52.0, 12.0, 2.6),
    ("CV X", 14.5, 42.4, 1.8),
    ("CV Y", 46.1, 42.4, 1.8),
    ("LEVEL", 14.5, 63.9, 1.8),
    ("MIX", 46.1, 63.9, 1.8),
    ("ON", CENTRE, 41.6, 1.6),
    ("FREEZE", CENTRE, 60.4, 1.6),
    ("CLIP", CENTRE, 66.6, 1.6),
    ("CV X", 11.0, 88.6, 1.8),
    ("GATE", CENTRE, 88.6, 1.8),
    ("CV Y", 49.6, 88.6, 1.8),
    ("IN", 11.0, 103.6, 1.8),
    ("OUT", 49.6, 103.6, 1.8),
)
_HEADER = f"""(kicad_pcb
\t(version 20241229)
\t(generator "pcbnew")
\t(generator_version "9.0")
\t(general (thickness 1.6) (legacy_teardrops no))
\t(paper "A4")
\t(title_block (title "gritspace: front panel, 12 HP") (rev "{REVISION}") (company "CERN-OHL-S-2.0"))
\t(layers
\t\t(0 "F.Cu" signal) (2 "B.Cu" signal) (1 "F.Mask" user) (3 "B.Mask" user)
\t\t(5 "F.SilkS" user "F.Silkscreen") (7 "B.SilkS" user "B.Silkscreen") (25 "Edge.Cuts" user))
\t(setup
\t\t(stackup
\t\t\t(layer "F.SilkS" (type "Top Silk Screen") (color "White"))
\t\t\t(layer "F.Mask" (type "Top Solder Mask") (color "Black") (thickness 0.01))
\t\t\t(layer "F.Cu" (type "copper") (thickness 0.035))
\t\t\t(layer "dielectric 1" (type "core") (thickness 1.51) (material "FR4") (epsilon_r 4.5) (loss_tangent 0.02))
\t\t\t(layer "B.Cu" (type "copper") (thickness 0.035))
\t\t\t(layer "B.Mask" (type "Bottom Solder Mask") (color "Black") (thickness 0.01))
\t\t\t(layer "B.SilkS" (type "Bottom Silk Screen") (color "White"))
\t\t\t(copper_finish "ENIG") (dielectric_constraints no)))
\t(net 0 "")
"""
_EDGE = '(stroke (width 0.1) (type solid)) (fill no) (layer "Edge.Cuts")'


@dataclass
class Drawing:
    """Items of a board file, each with an identifier made of its content."""

    items: list[str] = field(default_factory=list)

    def _add(self, kind: str, body: str) -> None:
        name = uuid.uuid5(_NAMES, f"{kind} {body} {len(self.items)}")
        self.items.append(f'\t({kind} {body} (uuid "{name}"))')

    def hole(self, x: float, y: float, diameter: float) -> None:
        edge = number(x + diameter / 2)
        self._add("gr_circle", f"(center {number(x)} {number(y)}) (end {edge} {number(y)}) {_EDGE}")

    def outline(self, width: float, height: float) -> None:
        self._add("gr_rect", f"(start 0 0) (end {number(width)} {number(height)}) {_EDGE}")

    def line(self, start: tuple[float, float], end: tuple[float, float], width: float, layer: str) -> None:
        ends = f"(start {number(start[0])} {number(start[1])}) (end {number(end[0])} {number(end[1])})"
        self._add("gr_line", f'{ends} (stroke (width {number(width)}) (type solid)) (layer "{layer}")')

    def text(self, text: str, x: float, y: float, height: float, layer: str = "F.SilkS") -> None:
        font = f"(font (size {number(height)} {number(height)}) (thickness {number(height * 0.15)}))"
        self._add("gr_text", f'{quoted(text)} (at {number(x)} {number(y)} 0) (layer "{layer}") (effects {font})')


def panel_text() -> str:
    """The whole file."""
    drawing = Drawing()
    drawing.outline(PANEL_WIDTH, PANEL_HEIGHT)
    for x, y in MOUNTING_HOLES:
        drawing.hole(x, y, MOUNTING_MM)
    for reference, (x, y) in FRONT.items():
        drawing.hole(x, y, HOLE_MM[kind(reference)])
    for text, x, y, height in TEXTS:
        drawing.text(text, x, y, height)
    for line in lines_of_the_map(_kept_free()):
        for start, end in itertools.pairwise(line):
            # Copper, and no solder mask over it: the panel's finish is gold.
            drawing.line(start, end, 0.25, "F.Cu")
            drawing.line(start, end, 0.45, "F.Mask")
    _scales(drawing)
    _frame_of_the_output(drawing)
    return _HEADER + "\n".join(drawing.items) + "\n\t(embedded_fonts no)\n)\n"


def _kept_free() -> list[tuple[float, float, float, float]]:
    """Boxes (left, top, right, bottom) or discs (x, y, radius, 0) where the map is interrupted."""
    areas = []
    for reference, (x, y) in FRONT.items():
        covered = COVERED_MM.get(reference) or COVERED_MM[kind(reference)]
        areas.append((x, y, covered / 2 + (2.6 if reference.startswith("RV") else 0.6), 0.0))
    for text, x, y, height in TEXTS:
        width = 0.95 * height * len(text)
        areas.append((x - width / 2 - 0.8, y - height / 2 - 0.8, x + width / 2 + 0.8, y + height / 2 + 0.8))
    return areas


def _scales(drawing: Drawing) -> None:
    """Ticks around the knobs, over the 300 degrees of their travel; noon, where the amounts are off, is longer."""
    for reference, (x, y) in FRONT.items():
        if reference.startswith("RV"):
            inner = COVERED_MM[reference] / 2 + 0.5
            for tick in range(-TICKS, TICKS + 1):
                angle = math.radians(TRAVEL_DEGREES / 2 * tick / TICKS)
                outer = inner + (1.6 if tick == 0 else 0.9)
                ends = [(x + r * math.sin(angle), y - r * math.cos(angle)) for r in (inner, outer)]
                drawing.line(ends[0], ends[1], 0.25, "F.SilkS")


def _frame_of_the_output(drawing: Drawing) -> None:
    """Outputs wear a frame, as players expect."""
    x, y = FRONT["J2"]
    left, top, right, bottom = x - 5.6, y - 9.2, x + 5.6, y + 5.6
    corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
    for start, end in itertools.pairwise(corners):
        drawing.line(start, end, 0.3, "F.SilkS")


def write_panel(path: Path = PANEL) -> Path:
    path.write_text(panel_text(), encoding="utf-8")
    return path


if __name__ == "__main__":
    print(f"wrote {write_panel().relative_to(HARDWARE)}")
