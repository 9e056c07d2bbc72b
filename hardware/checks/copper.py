# SPDX-License-Identifier: MIT
"""What no design rule asks for: what carries the rack's current is wide, and the front is one sheet of ground."""

from __future__ import annotations

from itertools import pairwise

from hardware.checks.design import Design, Outcome
from hardware.gen.placement import BOTTOM, LEFT, RIGHT, TOP, WIDTHS_MM
from hardware.gen.s_expression import Node, children, unquoted

LEAST_GROUND = 0.8  # of the front, in one piece; pads, holes and the tracks that had to change sides take the rest


def copper(design: Design) -> Outcome:
    board = design.laid_out
    nets = {str(net[1]): unquoted(net[2]).removeprefix("/") for net in children(board, "net")}
    wrong, wide = [], 0
    for segment in children(board, "segment"):
        net, width = nets[str(children(segment, "net")[0][1])], float(str(children(segment, "width")[0][1]))
        wide += net in WIDTHS_MM
        if width < WIDTHS_MM.get(net, 0.0):
            wrong.append(f"a track of {net} is {width} mm wide, not {WIDTHS_MM[net]}")
    ground = max(_front_areas(board), default=0.0) / ((RIGHT - LEFT) * (BOTTOM - TOP))
    if ground < LEAST_GROUND:
        wrong.append(f"the largest piece of ground on the front is {ground:.0%} of it")
    return Outcome(f"{wide} pieces of track, ground {ground:.0%} of the front in one piece", wrong)


def _front_areas(board: Node) -> list[float]:
    """Square millimetres of each filled piece on the front."""
    areas = []
    for zone in children(board, "zone"):
        for piece in children(zone, "filled_polygon"):
            if unquoted(children(piece, "layer")[0][1]) == "F.Cu":
                outline = [(float(str(x)), float(str(y))) for _, x, y in children(children(piece, "pts")[0], "xy")]
                doubled = sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairwise([*outline, outline[0]]))
                areas.append(abs(doubled) / 2)
    return areas
