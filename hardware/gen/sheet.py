# SPDX-License-Identifier: MIT
"""A schematic sheet in memory: symbols, wires, labels, notes. `sheet_file` writes it down.

Coordinates are in grid steps of 1.27 mm, x to the right, y down. Depends on `symbols`, `parts` and `placement`.
"""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, field

from hardware.gen import symbols
from hardware.gen.parts import Article
from hardware.gen.placement import turned

GRID_MM = 1.27
Point = tuple[float, float]
Wire = tuple[Point, Point]

# How a label or a supply's symbol is turned so that its wire comes from the other side.
LABEL_ROTATION = {"left": 180, "right": 0, "up": 90, "down": 270}
STEP = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}


@dataclass
class Part:
    """A symbol on the sheet. `mirror`: "x" (upside down), "y" (left for right) or empty. `notes` say where texts go."""

    library_id: str
    reference: str
    value: str
    at: Point
    rotation: int = 0
    mirror: str = ""
    unit: int = 1
    article: Article | None = None  # None: a supply's symbol, nothing to buy
    notes: tuple[Point, Point] | None = None

    def pin(self, number: str | int) -> Point:
        """Where a pin's wire goes."""
        pin = symbols.pins(self.library_id, self.unit)[str(number)]
        x, y = pin.x, -pin.y
        if self.mirror == "x":
            y = -y
        elif self.mirror == "y":
            x = -x
        x, y = turned(x, y, self.rotation)
        return (self.at[0] + round(x / GRID_MM, 3), self.at[1] + round(y / GRID_MM, 3))

    @property
    def pin_numbers(self) -> list[str]:
        return list(symbols.pins(self.library_id, self.unit))

    @property
    def is_horizontal(self) -> bool:
        return len({self.pin(number)[1] for number in self.pin_numbers}) == 1


@dataclass
class Label:
    net: str
    at: Point
    rotation: int


@dataclass
class Note:
    text: str
    at: Point
    size_mm: float = 1.5


@dataclass
class Sheet:
    """All that is drawn, in the order in which it was drawn."""

    title: str
    revision: str
    parts: list[Part] = field(default_factory=list)
    wires: list[Wire] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    frames: list[Wire] = field(default_factory=list)
    unconnected: list[Point] = field(default_factory=list)

    def place(
        self,
        library_id: str,
        reference: str,
        article: Article,
        at: Point,
        rotation: int = 0,
        mirror: str = "",
        unit: int = 1,
        notes: tuple[Point, Point] | None = None,
    ) -> Part:
        """Puts a symbol down. `notes`: where reference and value are written, from its centre."""
        part = Part(library_id, reference, article.value, at, rotation, mirror, unit, article, notes)
        self.parts.append(part)
        return part

    def supply(self, net: str, at: Point, rotation: int = 0) -> None:
        """The symbol of a supply or of ground."""
        self._mark(f"power:{net}", "#PWR", net, at, rotation)

    def driven(self, at: Point) -> None:
        """Tells ERC that this net gets power through something that is not a power pin (a diode, a plug)."""
        self._mark("power:PWR_FLAG", "#FLG", "PWR_FLAG", at, 0)

    def _mark(self, library_id: str, prefix: str, value: str, at: Point, rotation: int) -> None:
        count = sum(part.reference.startswith(prefix) for part in self.parts)
        self.parts.append(Part(library_id, f"{prefix}{count + 1:03d}", value, at, rotation))

    def wire(self, *points: Point) -> None:
        """A line through points, each above or beside the one before."""
        for start, end in itertools.pairwise(points):
            if start[0] != end[0] and start[1] != end[1]:
                raise ValueError(f"a wire from {start} to {end} would be diagonal")
            if start != end:
                self.wires.append((start, end))

    def label(self, net: str, at: Point, direction: str = "right") -> None:
        self.labels.append(Label(net, at, LABEL_ROTATION[direction]))

    def lead_out(self, start: Point, direction: str, length: float, net: str) -> None:
        """A short wire from a pin with a label at its end."""
        end = (start[0] + STEP[direction][0] * length, start[1] + STEP[direction][1] * length)
        self.wire(start, end)
        self.label(net, end, direction)

    def frame(self, title: str, corner: Point, size: Point) -> None:
        """A dashed frame around a stage with its title inside the upper edge."""
        self.frames.append((corner, (corner[0] + size[0], corner[1] + size[1])))
        self.notes.append(Note(title, (corner[0] + 1.5, corner[1] + 2.5)))

    def part(self, reference: str, unit: int = 1) -> Part:
        return next(part for part in self.parts if (part.reference, part.unit) == (reference, unit))

    def junctions(self) -> list[Point]:
        """Where three or more ends meet, a wire that passes by counted as two."""
        ends = Counter(point for wire in self.wires for point in wire)
        ends.update(part.pin(number) for part in self.parts for number in part.pin_numbers)
        return sorted(point for point, count in ends.items() if count + 2 * self._passing(point) >= 3)

    def _passing(self, point: Point) -> int:
        return sum(is_inside(point, wire) for wire in self.wires)

    def cut_wires(self) -> list[Wire]:
        """The wires, cut at each junction: KiCad joins wires at their ends only."""
        junctions = self.junctions()
        pieces = []
        for start, end in self.wires:
            cuts = [point for point in junctions if is_inside(point, (start, end))]
            stops = [start, *sorted(cuts, key=lambda point: abs(point[0] - start[0]) + abs(point[1] - start[1])), end]
            pieces += list(itertools.pairwise(stops))
        return pieces


def is_inside(point: Point, wire: Wire) -> bool:
    """Whether a wire passes over a point that is not one of its ends."""
    (x0, y0), (x1, y1) = wire
    if x0 == x1 == point[0]:
        return min(y0, y1) < point[1] < max(y0, y1)
    return y0 == y1 == point[1] and min(x0, x1) < point[0] < max(x0, x1)
