# SPDX-License-Identifier: MIT
"""The picture on the panel: contour lines of an imagined map, smooth at the left and gritty at the right.

It hints at what X does and shows no measured thing. Depends on NumPy and contourpy (which matplotlib brings).
"""

from __future__ import annotations

import itertools

import contourpy
import numpy as np

from hardware.gen.placement import PANEL_WIDTH

TOP, BOTTOM, MARGIN = 10.8, 84.0, 1.6
STEP_MM = 0.5
LEVELS = 19
# Hills of the map: x, y, radius, height.
HILLS = (
    (8.0, 30.0, 15.0, 1.0),
    (50.0, 18.0, 13.0, 1.1),
    (30.0, 50.0, 12.0, -0.8),
    (55.0, 62.0, 15.0, 1.0),
    (10.0, 74.0, 14.0, 0.9),
    (30.0, 20.0, 9.0, -0.6),
)
GRIT_MM = 0.55  # how far lines stray at the right edge
SEED = 7
SHORTEST_MM = 2.5  # of a piece between two interruptions

Line = list[tuple[float, float]]
Area = tuple[float, float, float, float]


def lines_of_the_map(kept_free: list[Area]) -> list[Line]:
    """Lines in panel millimetres, interrupted where something else is. `kept_free`: see panel.py."""
    xs = np.arange(MARGIN, PANEL_WIDTH - MARGIN + 1e-9, STEP_MM)
    ys = np.arange(TOP, BOTTOM + 1e-9, STEP_MM)
    x, y = np.meshgrid(xs, ys)
    heights = 0.012 * x
    for centre_x, centre_y, radius, height in HILLS:
        heights = heights + height * np.exp(-((x - centre_x) ** 2 + (y - centre_y) ** 2) / (2 * radius**2))
    generator = contourpy.contour_generator(xs, ys, heights)
    noise = np.random.default_rng(SEED)
    lines: list[Line] = []
    for level in np.linspace(heights.min(), heights.max(), LEVELS + 2)[1:-1]:
        for contour in generator.lines(level):
            points = np.asarray(contour)
            lines += _interrupted(_gritty(points[::2], noise), kept_free)
    return lines


def _gritty(contour: np.ndarray, noise: np.random.Generator) -> np.ndarray:
    """A line (n, 2) that strays the more, the further right it is: with the cube, so that the left stays smooth."""
    amount = GRIT_MM * (contour[:, :1] / PANEL_WIDTH) ** 3
    strayed = contour + amount * noise.standard_normal(contour.shape)
    edges = (MARGIN, TOP), (PANEL_WIDTH - MARGIN, BOTTOM)
    return np.clip(strayed, *edges)


def _interrupted(contour: np.ndarray, kept_free: list[Area]) -> list[Line]:
    """The pieces of a line outside all areas."""
    pieces: list[Line] = [[]]
    for x, y in contour.round(3).tolist():
        if any(_is_inside(x, y, area) for area in kept_free):
            pieces.append([])
        else:
            pieces[-1].append((x, y))
    return [piece for piece in pieces if _length(piece) > SHORTEST_MM]


def _length(piece: Line) -> float:
    return sum(float(np.hypot(x1 - x0, y1 - y0)) for (x0, y0), (x1, y1) in itertools.pairwise(piece))


def _is_inside(x: float, y: float, area: Area) -> bool:
    left, top, right, bottom = area
    if bottom == 0.0:  # a disc: x, y, radius
        return (x - left) ** 2 + (y - top) ** 2 < right**2
    return left < x < right and top < y < bottom
