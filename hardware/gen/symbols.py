# SPDX-License-Identifier: MIT
"""Symbols of KiCad's own libraries, flattened as a schematic embeds them, and where their pins are.

Depends on `s_expression` and on the libraries of Debian's kicad-symbols.
"""

from __future__ import annotations

import os
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from hardware.gen.s_expression import Node, children, parse, quoted, unquoted

LIBRARIES = Path(os.environ.get("KICAD9_SYMBOL_DIR", "/usr/share/kicad/symbols"))


@dataclass(frozen=True)
class Pin:
    """Where a wire meets a symbol: millimetres in the library's frame, y up."""

    number: str
    x: float
    y: float


@cache
def _library(name: str) -> dict[str, Node]:
    path = LIBRARIES / f"{name}.kicad_sym"
    try:
        tree = parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FileNotFoundError(
            f"{path} is missing; install kicad-symbols of KiCad 9 (see hardware/README.md)"
        ) from error
    return {unquoted(symbol[1]): symbol for symbol in children(tree, "symbol")}


@cache
def symbol(library_id: str) -> Node:
    """The symbol `Library:Name` with what it inherits written out. Not to be changed: it is shared."""
    library, name = library_id.split(":")
    table = _library(library)
    own = table[name]
    inherited = children(own, "extends")
    if not inherited:
        whole = deepcopy(own)
    else:
        parent = unquoted(inherited[0][1])
        whole = deepcopy(table[parent])
        for part in children(whole, "symbol"):
            part[1] = quoted(unquoted(part[1]).replace(parent, name, 1))
        _override_properties(whole, own)
    whole[1] = quoted(library_id)
    return whole


def _override_properties(whole: Node, own: Node) -> None:
    """Properties of the symbol replace those of its parent, new ones follow them."""
    properties = {unquoted(node[1]): deepcopy(node) for node in children(own, "property")}
    for index, node in enumerate(whole):
        if isinstance(node, list) and node[0] == "property" and unquoted(node[1]) in properties:
            whole[index] = properties.pop(unquoted(node[1]))
    last = max(index for index, node in enumerate(whole) if isinstance(node, list) and node[0] == "property")
    whole[last + 1 : last + 1] = list(properties.values())


@cache
def pins(library_id: str, unit: int) -> dict[str, Pin]:
    """The pins of one unit of a symbol (and those that all its units share), by their numbers."""
    found = {}
    for part in children(symbol(library_id), "symbol"):
        if int(unquoted(part[1]).rsplit("_", 2)[1]) in (0, unit):
            for node in children(part, "pin"):
                at, name = children(node, "at")[0], unquoted(children(node, "number")[0][1])
                found[name] = Pin(name, float(str(at[1])), float(str(at[2])))
    return found


def texts(library_id: str) -> list[tuple[str, float, float]]:
    """What is written inside a symbol, and where: (text, x, y)."""
    found = []
    for part in children(symbol(library_id), "symbol"):
        for node in children(part, "text"):
            at = children(node, "at")[0]
            found.append((unquoted(node[1]), float(str(at[1])), float(str(at[2]))))
    return found
