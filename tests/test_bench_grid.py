# SPDX-License-Identifier: MIT
"""Decoders of other sizes: counted in order, and drawn as a picture that holds them all."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest
from rich.console import Console

from host_tools import cycle_model
from host_tools.bench_decoder import BenchRow
from host_tools.bench_grid import bench_grid, check_plot, draw_costs
from host_tools.errors import UserError
from host_tools.tables import grid_table


@pytest.fixture(scope="module")
def grid() -> tuple[BenchRow, ...]:
    return bench_grid(("int8", "int16x8"), Console(quiet=True), channels=(2, 6), layers=(1, 2))


def test_a_grid_has_every_shape_in_order(grid: tuple[BenchRow, ...]) -> None:
    shapes = [(row.scheme, row.channels, row.layers) for row in grid]
    assert shapes == [(s, c, n) for s in ("int8", "int16x8") for c in (2, 6) for n in (1, 2)]
    for smaller, larger in zip(grid[::2], grid[1::2], strict=True):
        assert smaller.macs_per_sample < larger.macs_per_sample
        assert smaller.instructions_per_sample < larger.instructions_per_sample
    cells = grid_table([asdict(row) for row in grid]).rows
    assert [cell[:3] for cell in cells] == [tuple(map(str, shape)) for shape in shapes]


@pytest.mark.skipif(cycle_model.find_model() is None, reason="llvm-mca is not installed")
def test_a_grid_is_drawn_with_the_limits(grid: tuple[BenchRow, ...], tmp_path: Path) -> None:
    check_plot(tmp_path / "costs.svg")
    picture = draw_costs(grid, grid[:1], tmp_path / "new" / "costs.svg").read_text()
    limits = ("2 MACs a cycle", "480 MHz: 10,000", "400 MHz: 8,333")
    for text in (*limits, "int8, 1 layers", "int16x8, 2 layers", "trained"):
        assert text in picture
    assert draw_costs(grid, grid[:1], tmp_path / "costs.png").read_bytes().startswith(b"\x89PNG")


def test_a_plot_that_cannot_be_drawn_is_refused_before_counting(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=r"costs\.txt is no picture; give a name that ends in \.png"):
        check_plot(Path("costs.txt"))
    monkeypatch.setattr(cycle_model, "find_model", lambda: None)
    with pytest.raises(UserError, match="llvm-mca is not installed"):
        check_plot(Path("costs.png"))
