# SPDX-License-Identifier: MIT
"""`gritspace lookup`: what pedal and knob a spot of the map, or a recording, is like.

`cli` hooks it in. It imports torch, by `learning` and `model`, only when it runs.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console

from host_tools.arguments import finite, words
from host_tools.errors import UserError
from host_tools.files import write_results

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

    from host_tools.tables import Table

HEARD_SECONDS = 2.0  # of a recording, from where it begins; plug-ins play it a few hundred times
LOUDNESS = 0.5  # of the reference that a spot plays, full scale is 1
SHOWN = 8

console = Console(highlight=False)


def lookup(arguments: argparse.Namespace) -> int:
    from host_tools import learning
    from host_tools.tables import to_rich
    from model.captures import load_pair
    from model.checkpoint import load_vae
    from model.devices import HELD_OUT, SEEN
    from model.lookup import look_up
    from model.material import installed
    from model.plugins import reference
    from model.run import load_layout
    from model.scores import decoder_render

    if len(arguments.pair) != (2 if arguments.z is None else 0):
        raise UserError("give either a spot, --z X Y, or a recording, DRY.wav WET.wav")
    with learning.user_errors():
        vae = load_vae(arguments.weights)
        audio = vae.config.audio
        names = installed(arguments.devices or (*SEEN, *HELD_OUT), audio, console)
        more: dict[str, Any] = {}
        if arguments.z is None:
            dry_path, wet_path = arguments.pair
            pair = load_pair(dry_path, wet_path, audio.sample_rate)
            dry, wet = (sound[: round(HEARD_SECONDS * audio.sample_rate)] for sound in (pair.dry, pair.wet))
        else:
            limit = vae.decoder.latent_limit
            if max(map(abs, arguments.z)) > limit:
                raise UserError(f"the map ends at {limit:g}; give X and Y within -{limit:g} and {limit:g}")
            dry = LOUDNESS * reference()
            late = audio.latency_samples
            wet = decoder_render(vae)(np.pad(dry, (0, late)), np.array([arguments.z]))[0, late:]
            device, drive, away = load_layout(arguments.weights).nearest(*arguments.z)
            more = {"nearest": {"device": device, "drive": drive, "away": away}}
            console.print(f"on the map {device} at drive {drive:.2f} is next, {away:.2f} away")
        found = look_up(dry, wet, names, audio, console)
        rows = [asdict(likeness) for likeness in found]
        console.print(to_rich(lookup_table(rows)))
        if arguments.json:
            write_results(arguments.json, learning.identity(arguments.weights), rows, **more)
    return 0


def lookup_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """The first of `model.lookup.look_up`."""
    from host_tools.tables import Table, unmarked

    cells = tuple(
        (
            row["device"],
            row["family"],
            f"{row['drive']:.2f}",
            "–" if row["tone"] is None else f"{row['tone']:.2f}",
            f"{100 * row['esr']:.3g}",
        )
        for row in rows[:SHOWN]
    )
    caption = f"Closest of {len(rows)} devices, each at its best level; the first few with their knobs tuned."
    return Table("It is like", ("device", "kind", "drive", "tone", "ESR %"), cells, unmarked(cells), 2, caption)


def add_lookup_command(commands: Subparsers, *parents: argparse.ArgumentParser) -> None:
    """Adds it to the command line's; `parents` have --weights and --json."""
    text = "what pedal and knob a spot of the map, or a wet recording of a dry one, is like"
    sub = commands.add_parser("lookup", help=text, description=text, parents=parents)
    sub.set_defaults(function=lookup)
    sub.add_argument("pair", type=Path, nargs="*", metavar="DRY.wav WET.wav")
    sub.add_argument("--z", type=finite, nargs=2, metavar=("X", "Y"), help="a spot of the map")
    text = "effects and plug-ins; those of the released map and those it never met when not given"
    sub.add_argument("--devices", type=words, metavar="A,B,C", help=text)
