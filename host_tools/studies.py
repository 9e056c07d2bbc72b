# SPDX-License-Identifier: MIT
"""The subcommands of `gritspace` that train many networks: the decoder against its peers, and a search for its shape.

`cli` hooks them in. They import torch, by `learning` and `model`, only when they run; what a decoder costs they ask the
bench.
"""

from __future__ import annotations

import argparse
import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from host_tools.arguments import positive, words
from host_tools.errors import UserError
from host_tools.files import REPOSITORY, write_results

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

    from host_tools.tables import Table
    from model.config import ModelConfig

STUDY = REPOSITORY / "build" / "studies" / "search.db"
SCHEME, FLAVOUR = "int16x8", "fast"  # what the module plays
# RTNeural with its STL back end, three inputs, dense layer and skip included, built with -O2 as libDaisy does: 3,538
# instructions, which llvm-mca's Cortex-M7 takes this long for. It plays floats, so nothing of ours can measure it.
GRU_CYCLES = {"GRU-8": 6_106.0}

console = Console(highlight=False)


@functools.cache
def decoder_cycles(model: ModelConfig) -> float | None:
    """Model cycles a sample of any decoder of this shape, by the bench in a few seconds; None without llvm-mca."""
    from host_tools.bench_decoder import measure
    from quantize.synthetic import synthetic_graph

    graph = synthetic_graph(
        SCHEME,
        channels=model.channels,
        dilations=model.dilations,
        kernel_size=model.kernel_size,
        condition_channels=model.condition_channels,
        hidden_channels=model.condition_hidden,
        silent=True,
    )
    row, _ = measure(graph, FLAVOUR)
    return row.model_cycles_per_sample


def compare(arguments: argparse.Namespace) -> int:
    from host_tools import learning
    from host_tools.tables import to_rich
    from model import baseline

    with learning.user_errors():
        course = baseline.course(arguments.weights, arguments.data, arguments.devices, console)
        cycles = {"decoder": decoder_cycles(course.config.model)} | GRU_CYCLES
        rows: list[dict[str, Any]] = []
        for row in baseline.compare(course, arguments.steps, arguments.alone, console):
            rows.append(row | {"model_cycles_per_sample": cycles.get(row["network"])})
            if arguments.json:  # after each network, for each may take hours
                write_results(arguments.json, learning.identity(arguments.weights), rows)
    console.print(to_rich(compare_table(rows)))
    return 0


def search(arguments: argparse.Namespace) -> int:
    from host_tools import learning
    from host_tools.bench_grid import check_plot
    from host_tools.tables import to_rich
    from model import search as study
    from model.baseline import course as prepared

    if arguments.plot:
        check_plot(arguments.plot)
    with learning.user_errors():
        if "://" not in arguments.study:
            Path(arguments.study).resolve().parent.mkdir(parents=True, exist_ok=True)
        course = prepared(arguments.weights, arguments.data, arguments.devices, console, study.splits)
        where = study.address(arguments.study)
        rows = study.search(course, arguments.steps, arguments.trials, where, _cost, console)
        console.print(to_rich(front_table(rows)))
        if arguments.json:
            write_results(arguments.json, learning.identity(arguments.weights), rows, steps=arguments.steps)
        if arguments.plot:
            draw_front(rows, arguments.plot)
            console.print(f"wrote {arguments.plot}")
    return 0


def _cost(model: ModelConfig) -> float:
    cycles = decoder_cycles(model)
    if cycles is None:
        raise UserError("llvm-mca is not installed, and the search is for its cycles; install Debian's package llvm")
    return cycles


def compare_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Rows of `model.baseline.compare` with their model cycles."""
    from host_tools.tables import Table, unmarked

    errors = [f"{split}_{figure}" for split in ("seen", "unseen_settings") for figure in ("median", "mean")]
    cells = tuple(
        (
            row["network"],
            _devices(row["trained_on"], row["measured_on"]),
            f"{row['parameters']:,}",
            "–" if row["model_cycles_per_sample"] is None else f"{row['model_cycles_per_sample']:,.0f}",
            *(f"{100 * row[key]:.3g}" for key in errors),
        )
        for row in rows
    )
    figures = ("seen %\nmedian", "\nmean", "unseen %\nmedian", "\nmean")
    headings = ("network", "devices", "weights", "model\ncycles", *figures)
    caption = "ESR of floats, trained from scratch by one loss for as many steps; cycles a sample, a GRU's as floats."
    return Table("The decoder and its peers", headings, cells, unmarked(cells), left=2, caption=caption)


def _devices(learned: str | None, measured: str | None) -> str:
    if measured is None:
        return "all"
    return f"{measured} alone" if learned else f"{measured}, of all"


def front_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """The front among the rows of `model.search.search`."""
    from host_tools.tables import Table, unmarked

    shape = ("trial", "channels", "layers", "longest_dilation")
    cells = tuple(
        (
            *(str(row[key]) for key in shape),
            f"{row['condition_hidden']}, {row['condition_channels']}",
            f"{row['learning_rate']:.4f}",
            f"{row['model_cycles_per_sample']:,.0f}",
            f"{100 * row['esr_median']:.3g}",
        )
        for row in rows
        if row["front"]
    )
    figures = ("condition\nchannels", "learning\nrate", "model\ncycles", "ESR %\nmedian")
    headings = ("trial", "channels", "layers", "longest\ndilation", *figures)
    caption = f"Of {len(rows)} trials those that none beats in both; cycles a sample."
    return Table("The front of error and cost", headings, cells, unmarked(cells), left=0, caption=caption)


def draw_front(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Error against cycles, every trial and the front; the path's ending says which format."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, NullLocator

    from host_tools.plots import BLUE, CYCLE_BUDGETS, GREY, VERMILION

    style: dict[str, Any] = dict(marker="o", markersize=5, linewidth=0.9)
    figure = Figure(figsize=(8.0, 5.0), layout="constrained", dpi=160)
    plot = figure.subplots()
    front = [row for row in rows if row["front"]]
    plot.plot(*_points(rows), color=GREY, linestyle="", label="all trials", **style)
    plot.plot(*_points(front), color=BLUE, drawstyle="steps-post", label="the front: channels × layers", **style)
    for row, cycles, error in zip(front, *_points(front), strict=True):
        beside: dict[str, Any] = dict(xytext=(5, 5), textcoords="offset points", color=BLUE)
        plot.annotate(f"{row['channels']} × {row['layers']}", (cycles, error), **beside)
    budget, clock = CYCLE_BUDGETS[0]
    plot.axvline(budget / 2, color=VERMILION, linestyle="--", linewidth=0.9, label=f"half of the cycles at {clock}")
    plot.set(yscale="log", xlabel="model cycles a sample", ylabel="median ESR, %")
    plot.yaxis.set(major_locator=LogLocator(subs=(1, 2, 5)), major_formatter="{x:g}", minor_locator=NullLocator())
    plot.spines[["top", "right"]].set_visible(False)
    plot.legend(frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def _points(rows: Sequence[Mapping[str, Any]]) -> tuple[list[float], list[float]]:
    return [row["model_cycles_per_sample"] for row in rows], [100 * row["esr_median"] for row in rows]


def add_study_commands(commands: Subparsers, *parents: argparse.ArgumentParser) -> None:
    """Adds them to the command line's; `parents` have --weights, whose configuration and map are taken, --data and
    --json.
    """
    text = "the decoder against recurrent networks and against itself on one device, all trained from scratch"
    sub = commands.add_parser("compare", help=text, description=text, parents=parents)
    sub.set_defaults(function=compare)
    _add_training(sub)
    text = "also decoders that learn one of these devices alone: the ceilings"
    sub.add_argument("--alone", type=words, default=(), metavar="A,B,C", help=text)

    text = "decoders of other shapes: the front of error and cycles; a second call adds trials"
    sub = commands.add_parser("search", help=text, description=text, parents=parents)
    sub.set_defaults(function=search)
    _add_training(sub)
    sub.add_argument("--trials", type=positive, required=True, metavar="N")
    text = "a SQLite file, or a database's URL that many machines may share"
    sub.add_argument("--study", default=str(STUDY), metavar="FILE|URL", help=text)
    sub.add_argument("--plot", type=Path, metavar="FILE", help="draw the front: .png, .svg or .pdf")


def _add_training(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--steps", type=positive, required=True, metavar="N", help="for each network")
    parser.add_argument("--devices", type=words, metavar="A,B,C", help="those of the checkpoint's map when not given")
