# SPDX-License-Identifier: MIT
"""Reads and writes the s-expressions that KiCad's files are made of. Knows their form, nothing of their meaning."""

from __future__ import annotations

import re

Node = list["Node | str"]  # strings keep their quotes, so that what was read is written the same

_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|[()]|[^\s()]+')


def parse(text: str) -> Node:
    """The outermost expression of a text as nested lists; raises ValueError when brackets do not match."""
    stack: list[Node] = []
    current: Node = []
    for match in _TOKEN.finditer(text):
        token = match.group(0)
        if token == "(":
            stack.append(current)
            current = []
        elif token == ")":
            if not stack:
                raise ValueError("a bracket closes that was never opened")
            done, current = current, stack.pop()
            current.append(done)
        else:
            current.append(token)
    if stack or len(current) != 1 or not isinstance(current[0], list):
        raise ValueError("not one whole expression")
    return current[0]


def text_of(node: Node | str, depth: int = 0) -> str:
    """The text of an expression, laid out as KiCad does: one list a line, indented by tabs."""
    if isinstance(node, str):
        return node
    if all(isinstance(child, str) for child in node):
        return f"({' '.join(map(str, node))})"
    text = f"({text_of(node[0], depth + 1)}"
    for child in node[1:]:
        text += f"\n{chr(9) * (depth + 1)}{text_of(child, depth + 1)}" if isinstance(child, list) else f" {child}"
    return text + "\n" + "\t" * depth + ")"


def children(node: Node, name: str) -> list[Node]:
    """The lists inside a list that begin with a name."""
    return [child for child in node if isinstance(child, list) and child and child[0] == name]


def quoted(value: object) -> str:
    """A string as KiCad quotes it."""
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def unquoted(token: Node | str) -> str:
    """What stands between the quotes."""
    return str(token).strip('"').replace('\\"', '"').replace("\\\\", "\\")


def properties(node: Node) -> dict[str, str]:
    """The texts of a list's `(property "name" "text" ...)`, by their names."""
    return {unquoted(child[1]): unquoted(child[2]) for child in children(node, "property")}


def number(value: float) -> str:
    """A length in millimetres without needless digits."""
    text = f"{value:.4f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
