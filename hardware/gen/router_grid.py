# SPDX-License-Identifier: MIT
"""The board as a grid for the router: where a track of some width or a via may have its centre. Depends on `placement`.

What pads forbid never changes; what routed nets forbid is counted, so that it can be taken back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from hardware.gen.placement import SIGNAL_MM, WIDTHS_MM

STEP_MM = 0.25
CLEARANCE_MM = 0.21
VIA_MM = 0.6
EDGE_MM = 0.45  # from the board's edge to copper
FREE, FORBIDDEN = 0, -1  # otherwise the number of the only net that may be there
WIDTHS = tuple(sorted({SIGNAL_MM, *WIDTHS_MM.values()}))


@dataclass
class Pad:
    name: str
    net: str
    x: float
    y: float
    box: tuple[float, float, float, float]
    layers: list[int]
    drilled: bool
    round: bool

    def distance(self, x: float, y: float) -> float:
        """From a point to the pad's copper."""
        left, top, right, bottom = self.box
        if self.round:
            return max(0.0, ((x - self.x) ** 2 + (y - self.y) ** 2) ** 0.5 - (right - left) / 2)
        dx, dy = max(left - x, 0.0, x - right), max(top - y, 0.0, y - bottom)
        return (dx * dx + dy * dy) ** 0.5


class Item(NamedTuple):
    """A piece of a routed net: a track's centre on a layer, or a via (layer -1)."""

    layer: int
    cell: int


def _disc(radius: float) -> list[tuple[int, int]]:
    """Steps to all cells nearer than a radius."""
    reach = int(radius / STEP_MM) + 1
    span = range(-reach, reach + 1)
    return [(dx, dy) for dx in span for dy in span if (dx * dx + dy * dy) ** 0.5 * STEP_MM < radius - 1e-9]


class Grid:
    """`tracks[layer][width]` and `vias` say whose copper may be centred in a cell; `used_*` count what is there."""

    def __init__(self, bounds: tuple[float, float, float, float], pads: list[Pad]):
        self.left, self.top, self.right, self.bottom = bounds
        self.columns = int((self.right - self.left) / STEP_MM) + 1
        self.rows = int((self.bottom - self.top) / STEP_MM) + 1
        self.size = self.columns * self.rows
        self.pads = pads
        self.numbers = {net: index + 1 for index, net in enumerate(sorted({pad.net for pad in pads if pad.net}))}
        self.tracks = [[[FREE] * self.size for _ in WIDTHS] for _ in (0, 1)]
        self.vias = [FREE] * self.size
        self.used_tracks = [[[0] * self.size for _ in WIDTHS] for _ in (0, 1)]
        self.used_vias = [0] * self.size
        half_via = VIA_MM / 2
        self._around_track = {
            width: [_disc((width + other) / 2 + CLEARANCE_MM) for other in WIDTHS] for width in WIDTHS
        }
        self._vias_around_track = {width: _disc(width / 2 + half_via + CLEARANCE_MM) for width in WIDTHS}
        self._vias_around_via = _disc(VIA_MM + CLEARANCE_MM)
        self._forbid_edges()
        self.cells_of_pad = [self._forbid_pad(pad) for pad in pads]

    def place(self, cell: int) -> tuple[float, float]:
        return (
            round(self.left + cell % self.columns * STEP_MM, 4),
            round(self.top + cell // self.columns * STEP_MM, 4),
        )

    def _forbid_edges(self) -> None:
        for cell in range(self.size):
            x, y = self.place(cell)
            distance = min(x - self.left, y - self.top, self.right - x, self.bottom - y)
            for index, width in enumerate(WIDTHS):
                if distance < EDGE_MM + width / 2:
                    self.tracks[0][index][cell] = self.tracks[1][index][cell] = FORBIDDEN
            if distance < EDGE_MM + VIA_MM / 2:
                self.vias[cell] = FORBIDDEN

    def _forbid_pad(self, pad: Pad) -> list[int]:
        """Keeps other nets off a pad; returns the cells inside it, where its own net may begin."""
        number = self.numbers.get(pad.net, FORBIDDEN)
        left, top, right, bottom = pad.box
        inset = min(0.2, (right - left) / 4, (bottom - top) / 4)
        inside = []
        for cell in self._cells(left - 1, top - 1, right + 1, bottom + 1):
            x, y = self.place(cell)
            distance = pad.distance(x, y)
            for layer in pad.layers:
                for index, width in enumerate(WIDTHS):
                    if distance < width / 2 + CLEARANCE_MM:
                        claim(self.tracks[layer][index], cell, number)
            if distance < VIA_MM / 2 + CLEARANCE_MM:
                # Never a via in a pad, where solder would run away, nor at a hole.
                claim(self.vias, cell, FORBIDDEN if pad.drilled or distance < VIA_MM / 2 else number)
            if left + inset <= x <= right - inset and top + inset <= y <= bottom - inset and distance == 0:
                inside.append(cell)
        if not inside:
            nearby = self._cells(pad.x, pad.y, pad.x, pad.y)
            inside = [min(nearby, key=lambda cell: pad.distance(*self.place(cell)))]
        return inside

    def _cells(self, left: float, top: float, right: float, bottom: float) -> list[int]:
        def span(low: float, high: float, most: int) -> range:
            return range(max(0, int(low / STEP_MM)), min(most - 1, int(high / STEP_MM) + 1) + 1)

        columns = span(left - self.left, right - self.left, self.columns)
        return [x + y * self.columns for y in span(top - self.top, bottom - self.top, self.rows) for x in columns]

    def paint(self, items: list[Item], width: float, change: int) -> None:
        """Counts a routed net in or out."""
        for layer, cell in items:
            x, y = cell % self.columns, cell // self.columns
            if layer >= 0:
                for index in range(len(WIDTHS)):
                    self._count(self.used_tracks[layer][index], x, y, self._around_track[width][index], change)
                self._count(self.used_vias, x, y, self._vias_around_track[width], change)
            else:
                for index, other in enumerate(WIDTHS):
                    for side in (0, 1):
                        self._count(self.used_tracks[side][index], x, y, self._vias_around_track[other], change)
                self._count(self.used_vias, x, y, self._vias_around_via, change)

    def _count(self, counts: list[int], x: int, y: int, disc: list[tuple[int, int]], change: int) -> None:
        for dx, dy in disc:
            if 0 <= x + dx < self.columns and 0 <= y + dy < self.rows:
                counts[x + dx + (y + dy) * self.columns] += change


def claim(table: list[int], cell: int, number: int) -> None:
    """A cell that two nets claim belongs to none."""
    table[cell] = number if table[cell] in (FREE, number) else FORBIDDEN
