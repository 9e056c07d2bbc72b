# SPDX-License-Identifier: MIT
"""`gritspace train`: what to learn, how long, and on which network.

`cli` hooks it in; torch is loaded inside.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from host_tools.arguments import above_zero, finite, not_negative, positive, whole_numbers, words
from host_tools.files import REPOSITORY
from model.config import ENCODERS, TERMS

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

RUNS = REPOSITORY / "build" / "runs"

console = Console(highlight=False)


def train(arguments: argparse.Namespace) -> int:
    from host_tools import learning
    from host_tools.tables import evaluate_table, to_rich

    given, folder = vars(arguments), RUNS / arguments.name
    hyper = ("steps", "rounding_steps", "encoder_steps", "seed", "learning_rate")
    shape = ("channels", "dilations", "condition_channels", "encoder")
    wishes = (
        "data",
        "seconds",
        "devices",
        "captures",
        "audio",
        "procedural",
        "start",
        "average",
        "encoder_only",
        "fresh",
        "torch_device",
    )
    plan = learning.TrainingPlan(
        folder,
        settings={k: given[k] for k in hyper} | dict(arguments.terms),
        shape={k: given[k] for k in shape},
        **{k: given[k] for k in wishes},
    )
    console.print(to_rich(evaluate_table(learning.train_run(plan, console))))
    console.print(f"wrote {folder}")
    return 0


def _term(text: str) -> tuple[str, float]:
    """For argparse: a term's name and a weight from 0."""
    name, _, weight = text.partition("=")
    if name not in TERMS:
        raise argparse.ArgumentTypeError(f"{name} is none of {', '.join(TERMS)}")
    if (value := finite(weight)) < 0:
        raise argparse.ArgumentTypeError(f"{weight} is negative")
    return name, value


def add_train_command(commands: Subparsers, *parents: argparse.ArgumentParser) -> None:
    """Adds it to the command line's; `parents` have --data."""
    text = "train the VAE; the same command resumes an interrupted run"
    sub = commands.add_parser("train", help=text, description=text, parents=parents)
    sub.set_defaults(function=train)
    sub.add_argument("--name", default="vae", help="the run's folder below build/runs")
    sub.add_argument("--steps", type=not_negative, help="of the decoder")
    sub.add_argument("--rounding-steps", type=not_negative, help="of the decoder with weights of 8 bits")
    sub.add_argument("--encoder-steps", type=not_negative)
    sub.add_argument("--seed", type=not_negative)
    sub.add_argument("--learning-rate", type=above_zero, help="the peak of the decoder's one-cycle schedule")
    text = f"the weight of a term of the loss, of {', '.join(TERMS)}; may be repeated"
    sub.add_argument("--term", dest="terms", type=_term, action="append", default=[], metavar="NAME=WEIGHT", help=text)
    sub.add_argument("--channels", type=positive, help="of the decoder's stream; `gritspace bench` says what it costs")
    sub.add_argument("--dilations", type=whole_numbers, metavar="A,B,C", help="of its layers")
    sub.add_argument("--condition-channels", type=positive, help="by which the latent reaches them")
    sub.add_argument("--encoder", choices=ENCODERS, help="what the encoder looks at; statistics when not given")
    sub.add_argument("--seconds", type=above_zero, help="of audio for each setting of a device")
    sub.add_argument("--devices", type=words, metavar="A,B,C", help="effects and plug-ins; those of the released map")
    sub.add_argument("--captures", type=Path, metavar="DIR", help="a map of recorded pairs: captures.csv and its files")
    sub.add_argument("--audio", type=Path, metavar="DIR", help="learn on these recordings, not on the soundfont")
    sub.add_argument("--procedural", action="store_true", help="learn on no recordings at all")
    sub.add_argument("--from", dest="start", type=Path, metavar="DIR", help="fine-tune the checkpoint in here")
    text = "with --from: begin with the mean of that checkpoint's weights and this one's"
    sub.add_argument("--average", type=Path, metavar="DIR", help=text)
    sub.add_argument("--encoder-only", action="store_true", help="with --from: keep its decoder, learn its encoder")
    text = "where PyTorch is to train: cuda for a GPU, if it has been installed with CUDA"
    sub.add_argument("--torch-device", default="cpu", metavar="NAME", help=text)
    sub.add_argument("--fresh", action="store_true", help="forget an earlier run of this name")
