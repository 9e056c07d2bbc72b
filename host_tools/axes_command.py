# SPDX-License-Identifier: MIT
"""`gritspace axes`: whether the axes of a latent mean something, by every score, and whether the VAE code is sound.

`cli` hooks it in. It imports torch, by `learning` and `model`, only when it runs.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from host_tools.arguments import positive
from host_tools.errors import UserError
from host_tools.files import write_results

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

    from host_tools.tables import Table

FACTORS = {"drawn": "device, drive", "measured": "odd/even, distortion", "dry": "the dry sound"}
SCORES = {
    "beta_vae": "beta-VAE metric",
    "factor_vae": "FactorVAE score",
    "mig": "MIG",
    "dci_disentanglement": "DCI disentanglement",
    "dci_completeness": "DCI completeness",
    "dci_informativeness": "DCI informativeness",
    "sap": "SAP",
    "interpretability": "interpretability",
}

console = Console(highlight=False)


def axes(arguments: argparse.Namespace) -> int:
    from host_tools import learning
    from host_tools.bench_grid import check_picture
    from host_tools.tables import to_rich
    from model.axes import compare_axes
    from model.checkpoint import load_vae
    from model.digits import DigitsError, digit_rows, mnist, scikit_digits

    if (arguments.mnist or arguments.manifold) and not arguments.digits:
        raise UserError("--mnist and --manifold are for the check on images; give --digits too")
    if arguments.manifold:
        check_picture(arguments.manifold)
    with learning.user_errors():
        try:
            sets = [scikit_digits()] if arguments.digits else []
            if arguments.mnist:
                sets.append(mnist(arguments.mnist))
        except DigitsError as error:
            raise UserError(str(error)) from error
        rows = compare_axes(load_vae(arguments.weights), arguments.seeds, console)
        console.print(to_rich(axes_table(rows)))
        digits = digit_rows(sets, console, arguments.manifold) if sets else []
        if digits:
            console.print(to_rich(digits_table(digits)))
        if arguments.json:
            write_results(arguments.json, learning.identity(arguments.weights), rows, digits=digits)
    return 0


def axes_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Rows of `model.axes.compare_axes`: a line for each score below its factors, a column for each latent."""
    from host_tools.tables import Table, unmarked

    found = {(row["factors"], row["score"], row["model"]): row for row in rows}
    models = list(dict.fromkeys(row["model"] for row in rows))
    cells: list[tuple[str, ...]] = []
    for factors, title in FACTORS.items():
        cells.append((title, *("" for _ in models)))
        there = [score for score in SCORES if (factors, score, models[0]) in found]
        cells += [(f"  {SCORES[score]}", *(_figure(found[factors, score, m]) for m in models)) for score in there]
    caption = (
        f"Mean ± standard deviation over {rows[0]['seeds']} seeds, on pairs that none was trained on. 1 is best, but "
        "of the dry sound 0. The first two scores are accuracies: chance is 0.5."
    )
    headings = ("score", *(model.replace(", ", "\n") for model in models))
    return Table("What the axes mean", headings, tuple(cells), unmarked(cells), left=1, caption=caption)


def digits_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Rows of `model.digits.digit_rows`."""
    from host_tools.tables import Table, unmarked

    cells = [
        (
            f"{row['data']}, {row['model']}",
            str(row["axes"]),
            f"{row['bound']:.2f}",
            "–" if row["likelihood"] is None else f"{row['likelihood']:.2f}",
            f"{row['reference']:.2f}",
            row["by"],
        )
        for row in rows
    ]
    caption = (
        "Negative log-likelihood of images that were not trained on, nats each: less is better. The bound must not be "
        "below the estimate, and the linear one must be the exact figure."
    )
    headings = ("images, model", "axes", "bound", "estimate", "reference", "which is")
    return Table("The VAE code on images", headings, tuple(cells), unmarked(cells), left=1, caption=caption)


def _figure(row: Mapping[str, Any]) -> str:
    return f"{row['mean']:.2f}" + ("" if row["spread"] is None else f" ± {row['spread']:.2f}")


def add_axes_command(commands: Subparsers, *parents: argparse.ArgumentParser) -> None:
    """Adds it to the command line's; `parents` have --weights and --json."""
    text = "scores of disentanglement: beta-VAE, AR-VAE and the released encoder; some minutes"
    sub = commands.add_parser("axes", help=text, description=text, parents=parents)
    sub.set_defaults(function=axes)
    sub.add_argument("--seeds", type=positive, default=5, metavar="N", help="of the spread (default 5)")
    sub.add_argument("--digits", action="store_true", help="also check the VAE code on images of digits")
    sub.add_argument("--mnist", type=Path, metavar="DIR", help="with --digits: MNIST's idx files, too; ten minutes")
    sub.add_argument("--manifold", type=Path, metavar="FILE", help="with --digits: draw what two axes learned")
