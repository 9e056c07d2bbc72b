# SPDX-License-Identifier: MIT
"""A board file in one order and with identifiers that follow from its content, so that the same board is the same file.

pcbnew gives every item a random identifier and writes items in its order. Depends on `s_expression`.
"""

from __future__ import annotations

import uuid
from collections import Counter
from pathlib import Path

from hardware.gen.s_expression import Node, parse, quoted, text_of

_NAMES = uuid.UUID("0d1f4f3e-93a4-4c0e-a5ce-2ad2a2f0b6a5")
_ORDERLESS = ("footprint", "gr_text", "gr_rect", "gr_line", "gr_circle", "segment", "via", "zone", "arc")
_ORDERLESS_INSIDE = ("fp_text", "fp_line", "fp_rect", "fp_circle", "fp_arc", "fp_poly", "pad", "zone")


def canonical(text: str) -> str:
    """The same board, in the order of its contents."""
    board = parse(text)
    _sort(board, _ORDERLESS)
    seen: Counter[str] = Counter()
    for item in board:
        if isinstance(item, list):
            content = text_of(_blanked(item))
            seen[content] += 1
            _name(item, f"{content}/{seen[content]}", Counter())
    return text_of(board) + "\n"


def _sort(node: Node, kinds: tuple[str, ...]) -> None:
    """Sorts the lists of these kinds where they stand, each among all of them."""
    for child in node:
        if isinstance(child, list) and child[0] == "footprint":
            _sort(child, _ORDERLESS_INSIDE)
    places = [index for index, child in enumerate(node) if isinstance(child, list) and child[0] in kinds]
    ordered = sorted((node[index] for index in places), key=lambda child: text_of(_blanked(child)))
    for index, child in zip(places, ordered, strict=True):
        node[index] = child


def _blanked(node: Node | str) -> Node | str:
    """Without identifiers."""
    if isinstance(node, str):
        return node
    return [_blanked(child) for child in node if not (isinstance(child, list) and child and child[0] == "uuid")]


def _name(node: Node, owner: str, count: Counter[str]) -> None:
    """Gives every identifier inside an item a name made of the item's content and how many came before."""
    for child in node:
        if isinstance(child, list) and child and child[0] == "uuid":
            count[owner] += 1
            child[1] = quoted(uuid.uuid5(_NAMES, f"{owner}/{count[owner]}"))
        elif isinstance(child, list):
            _name(child, owner, count)


def make_canonical(path: Path) -> None:
    path.write_text(canonical(path.read_text(encoding="utf-8")), encoding="utf-8")
