# SPDX-License-Identifier: MIT
"""What is printed on the board: references beside their parts, stages, rails, the red stripe, the revision.

Needs pcbnew; depends on `placement`.
"""

from __future__ import annotations

from collections.abc import Iterable

import pcbnew

from hardware.gen.placement import BACK, BACK_NOTES, FRONT

TEXT_MM, STROKE_MM = 0.8, 0.13
GAP_MM = 0.4  # between a part and its reference


def write(board: pcbnew.BOARD, footprints: dict[str, pcbnew.FOOTPRINT]) -> None:
    """Everything that is not the footprints' own."""
    for text, x, y, height in BACK_NOTES:
        _note(board, text, x, y, height)
    _red_stripe(board, footprints["J6"])
    for footprint in footprints.values():
        _reference(footprint)


def _note(board: pcbnew.BOARD, text: str, x: float, y: float, height: float) -> None:
    note = pcbnew.PCB_TEXT(board)
    note.SetText(text)
    note.SetPosition(point(x, y))
    note.SetTextSize(point(height, height))
    note.SetTextThickness(pcbnew.FromMM(max(STROKE_MM, height * 0.14)))
    note.SetLayer(pcbnew.B_SilkS)
    note.SetMirrored(True)
    board.Add(note)


def _red_stripe(board: pcbnew.BOARD, plug: pcbnew.FOOTPRINT) -> None:
    """A thick bar along the header's short side at pins 1 and 2, where the cable's red stripe lies."""
    first = next(pad for pad in plug.Pads() if pad.GetNumber() == "1").GetPosition()
    tenth = next(pad for pad in plug.Pads() if pad.GetNumber() == "10").GetPosition()
    side = 1 if first.x > tenth.x else -1
    x = pcbnew.ToMM(first.x) + side * 6.6
    middle = pcbnew.ToMM((first.y + tenth.y) / 2)
    bar = pcbnew.PCB_SHAPE(board, pcbnew.SHAPE_T_SEGMENT)
    bar.SetStart(point(x, middle - 4.4))
    bar.SetEnd(point(x, middle + 4.4))
    bar.SetLayer(pcbnew.B_SilkS)
    bar.SetWidth(pcbnew.FromMM(1.0))
    board.Add(bar)


def _reference(footprint: pcbnew.FOOTPRINT) -> None:
    """Prints the reference where the placement says; that of a part on the front in its middle, below an LED."""
    name = footprint.GetReference()
    text = footprint.Reference()
    text.SetTextSize(point(TEXT_MM, TEXT_MM))
    text.SetTextThickness(pcbnew.FromMM(STROKE_MM))
    text.SetTextAngleDegrees(0)
    if name in FRONT:
        x, y = FRONT[name]
        text.SetPosition(point(x, y + 3.0 if name.startswith("D") else y))
        return
    left, top, right, bottom = _body(footprint)
    x, y = (left + right) / 2, (top + bottom) / 2
    width, height = 0.8 * TEXT_MM * len(name), TEXT_MM
    text.SetPosition(
        {
            "centre": point(x, y),
            "above": point(x, top - GAP_MM - height / 2),
            "below": point(x, bottom + GAP_MM + height / 2),
            "left": point(left - GAP_MM - width / 2, y),
            "right": point(right + GAP_MM + width / 2, y),
        }[BACK[name].reference]
    )


def _body(footprint: pcbnew.FOOTPRINT) -> list[float]:
    """The box around pads and printed outline."""
    silk = pcbnew.B_SilkS if footprint.IsFlipped() else pcbnew.F_SilkS
    return edges_mm([*footprint.Pads(), *(item for item in footprint.GraphicalItems() if item.GetLayer() == silk)])


def edges_mm(items: Iterable[pcbnew.BOARD_ITEM]) -> list[float]:
    """Left, top, right and bottom of the box around items."""
    boxes = [item.GetBoundingBox() for item in items]
    edges = (
        min(box.GetLeft() for box in boxes),
        min(box.GetTop() for box in boxes),
        max(box.GetRight() for box in boxes),
        max(box.GetBottom() for box in boxes),
    )
    return [pcbnew.ToMM(edge) for edge in edges]


def point(x: float, y: float) -> pcbnew.VECTOR2I:
    return pcbnew.VECTOR2I(pcbnew.FromMM(x), pcbnew.FromMM(y))
