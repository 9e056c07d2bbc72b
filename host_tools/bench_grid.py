# SPDX-License-Identifier: MIT
"""What decoders of other sizes would cost on the Cortex-M7: random weights on a grid of channels and layers.

Depends on `bench_decoder`. Time does not depend on weights, so that these stand for trained ones; how they sound is
not asked here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.progress import track

from host_tools import cycle_model
from host_tools.bench_decoder import BenchRow, measure
from host_tools.errors import UserError
from host_tools.plots import decoder_costs
from quantize.synthetic import synthetic_graph

PICTURES = (".png", ".svg", ".pdf")
CHANNELS = (4, 8, 12, 16, 24)
LAYERS = (3, 6, 10)


def bench_grid(
    schemes: Sequence[str],
    console: Console,
    channels: Sequence[int] = CHANNELS,
    layers: Sequence[int] = LAYERS,
) -> tuple[BenchRow, ...]:
    """Gated layers of three taps, dilations doubling from 1, in the fast flavour: a minute or two."""
    shapes = [(scheme, width, depth) for scheme in schemes for width in channels for depth in layers]
    return tuple(_measure(*shape) for shape in track(shapes, "grid", console=console, transient=True))


def _measure(scheme: str, channels: int, layers: int) -> BenchRow:
    dilations = tuple(1 << layer for layer in range(layers))
    return measure(synthetic_graph(scheme, channels=channels, dilations=dilations), "fast")[0]


def check_picture(path: Path) -> None:
    """UserError when matplotlib could not draw there: better said before minutes of work than after."""
    if path.suffix not in PICTURES:
        raise UserError(f"{path} is no picture; give a name that ends in {', '.join(PICTURES)}")


def check_plot(path: Path) -> None:
    """UserError when `draw_costs` could not draw there."""
    check_picture(path)
    if cycle_model.find_model() is None:
        raise UserError("llvm-mca is not installed, and the plot is of its cycles; install Debian's package llvm")


def draw_costs(grid: Sequence[BenchRow], trained: Sequence[BenchRow], path: Path) -> Path:
    """Cycles against MACs of the grid and of trained decoders, both in the fast flavour."""
    decoder_costs([asdict(row) for row in grid], [asdict(row) for row in trained if row.flavour == "fast"], path)
    return path
