# SPDX-License-Identifier: MIT
"""The deepest stack of a program: what GCC says of each function (-fcallgraph-info=su), linked over all its files.

Depends on nothing but those files. Calls through pointers have to be named, recursion has no bound and is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

# What the compiler's and the C library's routines need at most: __aeabi_uldivmod has 48 bytes, the others less.
LIBRARY_BYTES = 64
LIBRARY = re.compile(r"mem(cpy|move|set|cmp)|str(len|cmp)|__aeabi_u?ldivmod")
INDIRECT = "__indirect_call"  # GCC's name for all that is called through a pointer

_NODE = re.compile(r'^node: \{ title: "([^"]*)" label: "([^"]*)"(.*)\}$')
_EDGE = re.compile(r'^edge: \{ sourcename: "([^"]*)" targetname: "([^"]*)".*\}$')
_SIZE = re.compile(r"\\n(\d+) bytes \((static|dynamic,bounded|dynamic)\)")


class StackError(ValueError):
    """Why there is no bound."""


@dataclass
class Function:
    """What one function needs for itself, and whom it calls, by their names in the graph."""

    signature: str
    stack_bytes: int
    calls: set[str] = field(default_factory=set)


Graph = dict[str, Function]


@dataclass(frozen=True)
class Chain:
    """Functions that call each other, and the stack that they need together."""

    stack_bytes: int
    names: tuple[str, ...] = ()


def read_call_graph(files: Iterable[Path]) -> Graph:
    """All functions that these `.ci` files define. Of an inline function in several files, the worst.

    StackError when one has a frame without a bound.
    """
    graph: Graph = {}
    edges: list[tuple[str, str]] = []
    for path in files:
        for line in path.read_text().splitlines():
            if edge := _EDGE.match(line):
                edges.append((edge[1], edge[2]))
            elif (node := _NODE.match(line)) and "ellipse" not in node[3]:  # an ellipse is defined elsewhere
                _add(graph, *node.groups()[:2])
    for caller, callee in edges:
        # Where nothing is virtual, a constructor's two symbols (C1, C2) are one function with one node.
        twin = callee.replace("C1E", "C2E")
        graph[caller].calls.add(twin if callee not in graph and twin in graph else callee)
    return graph


def _add(graph: Graph, name: str, label: str) -> None:
    signature = label.split("\\n")[0]
    size = _SIZE.search(label)
    if size is None or size[2] == "dynamic":
        raise StackError(f"{signature} needs stack without a bound")
    function = graph.setdefault(name, Function(signature, 0))
    function.stack_bytes = max(function.stack_bytes, int(size[1]))


def find(graph: Graph, name: str) -> str:
    """The graph's name of the only function that GCC calls so in messages. StackError if there is none or more."""
    found = [key for key, function in graph.items() if f" {name}(" in function.signature]
    if len(found) != 1:
        raise StackError(f"{len(found)} functions are called {name}")
    return found[0]


def deepest(graph: Graph, entry: str, through_pointers: Mapping[str, Iterable[str]] | None = None) -> Chain:
    """The chain of calls from `entry` that needs most stack; all arguments are names of the graph.

    `through_pointers`: for each function that calls through pointers, all that may be called there. StackError when
    another one does so, when functions recurse, and when a function is called that nobody knows.
    """
    pointers = through_pointers or {}
    known: dict[str, Chain] = {}

    def visit(name: str, callers: tuple[str, ...]) -> Chain:
        if name in callers:
            raise StackError(
                f"{name} calls itself, by way of {', '.join(callers[callers.index(name) + 1 :]) or 'nobody'}"
            )
        if name in known:
            return known[name]
        if LIBRARY.fullmatch(name) and name not in graph:
            return Chain(LIBRARY_BYTES, (name,))
        if name not in graph:
            raise StackError(f"{callers[-1] if callers else 'nobody'} calls {name}, of which nothing is known")
        function = graph[name]
        callees = function.calls - {INDIRECT}
        if INDIRECT in function.calls:
            if name not in pointers:
                raise StackError(f"{name} calls through a pointer")
            callees |= set(pointers[name])
        below = [visit(callee, (*callers, name)) for callee in sorted(callees)]
        worst = max(below, key=lambda chain: chain.stack_bytes, default=Chain(0))
        known[name] = Chain(function.stack_bytes + worst.stack_bytes, (name, *worst.names))
        return known[name]

    return visit(entry, ())
