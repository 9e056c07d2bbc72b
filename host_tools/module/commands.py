# SPDX-License-Identifier: MIT
"""The subcommands of `gritspace` for a module that is played, from `play` to `settings`.

`cli` hooks them in and says what exit statuses mean. Each tool is imported inside its subcommand.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from host_tools.arguments import above_zero, not_negative
from host_tools.artefacts import RELEASED
from host_tools.files import REPORTS, REPOSITORY, write_results
from host_tools.packets import PRESETS
from quantize.graph import SCHEMES

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]
    Adder = Callable[[str, Callable[[argparse.Namespace], int], str], argparse.ArgumentParser]

    from host_tools.module.calibrate import Calibration, Refusal
    from host_tools.module.client import ModuleClient
    from host_tools.tables import Table

STORAGE = REPOSITORY / "build" / "boards"  # where boards without hardware keep their settings between commands

console = Console(highlight=False)


def play(arguments: argparse.Namespace) -> int:
    from host_tools.module.play import Patch, parse_knobs
    from host_tools.module.play import play as run

    jacks = arguments.cv_x, arguments.cv_y, arguments.gate
    patch = Patch(parse_knobs(arguments.knob), *jacks, arguments.preset)
    factory, storage = arguments.factory, _storage(arguments.board)
    for note in run(
        arguments.dry, arguments.output, arguments.board, patch, factory=factory, storage=storage, console=console
    ):
        console.print(f"note: {note}")
    console.print(f"wrote {arguments.output}")
    return 0


def monitor(arguments: argparse.Namespace) -> int:
    from host_tools.module.monitor import monitor as run

    with _module(arguments.board) as client:
        run(client, console, arguments.seconds, arguments.once)
    return 0


def upload(arguments: argparse.Namespace) -> int:
    from host_tools.boards import open_board
    from host_tools.upload import upload as run

    with open_board(arguments.board, storage=_storage(arguments.board)) as device:
        run(arguments.model, device, console)
    return 0


def calibrate(arguments: argparse.Namespace) -> int:
    from host_tools.module.calibrate import Refusal, measure, measure_audio, store
    from host_tools.module.calibration_card import write_card
    from host_tools.module.calibration_hands import hands_for
    from host_tools.module.tables import calibration_table

    with _module(arguments.board) as client:
        try:
            hands = hands_for(client, console)
            measured, audio = measure(client, hands), None
            if arguments.audio and not isinstance(measured, Refusal):
                audio = measure_audio(client, hands)
        except KeyboardInterrupt:
            console.print("\nnothing was stored")
            raise
        if isinstance(measured, Refusal):
            outcome: Calibration | Refusal = measured
        else:
            outcome = audio if isinstance(audio, Refusal) else store(client, measured, audio)
        wrote = f"wrote {' and '.join(map(str, write_card(client, outcome, arguments.out)))}"
    if isinstance(outcome, Refusal):
        console.print(f"REFUSED: nothing was stored; {wrote}")
        return 1
    _show(calibration_table(outcome, arguments.board))
    console.print(f"PASS: stored; {wrote}")
    return 0


def get_presets(arguments: argparse.Namespace) -> int:
    from host_tools.module.tables import presets_picture

    with _module(arguments.board) as client:
        console.print(presets_picture(client.settings(), arguments.board))
    return 0


def set_preset(arguments: argparse.Namespace) -> int:
    from host_tools.module.presets import with_preset
    from host_tools.module.settings import spot_on_map

    spot = spot_on_map(arguments.x, arguments.y)
    with _module(arguments.board) as client:
        client.write_settings(with_preset(client.settings(), arguments.preset, spot))
    console.print(f"preset {arguments.preset} is x {spot.x:+.3f} y {spot.y:+.3f}")
    return 0


def recall_preset(arguments: argparse.Namespace) -> int:
    with _module(arguments.board) as client:
        client.recall(arguments.preset)
        spot = client.settings().presets[arguments.preset - 1]
    console.print(f"went to preset {arguments.preset}: x {spot.x:+.3f} y {spot.y:+.3f}")
    return 0


def store_preset(arguments: argparse.Namespace) -> int:
    with _module(arguments.board) as client:
        spot = client.store(arguments.preset).presets[arguments.preset - 1]
    console.print(f"preset {arguments.preset} is where the module was: x {spot.x:+.3f} y {spot.y:+.3f}")
    return 0


def save_presets(arguments: argparse.Namespace) -> int:
    from host_tools.module.presets import save_presets as save

    with _module(arguments.board) as client:
        path = save(arguments.file, client.settings())
    console.print(f"wrote {path}")
    return 0


def load_presets(arguments: argparse.Namespace) -> int:
    from dataclasses import replace

    from host_tools.module.presets import load_presets as load

    presets = load(arguments.file)
    with _module(arguments.board) as client:
        client.write_settings(replace(client.settings(), presets=presets))
    console.print(f"{arguments.board} has the presets of {arguments.file}")
    return 0


def get_settings(arguments: argparse.Namespace) -> int:
    from host_tools.module.tables import settings_table

    with _module(arguments.board) as client:
        _show(settings_table(client.settings(), arguments.board))
    return 0


def set_settings(arguments: argparse.Namespace) -> int:
    from host_tools.module.settings import changed

    with _module(arguments.board) as client:
        client.write_settings(changed(client.settings(), arguments.assignments))
    console.print(f"{arguments.board} has {', '.join(arguments.assignments)}")
    return 0


def soak(arguments: argparse.Namespace) -> int:
    from host_tools.artefacts import joined_model_id, released_artefacts
    from host_tools.audio import load_audio, recorded_audio
    from host_tools.module.soak import soak as run
    from host_tools.module.tables import soak_table

    artefacts = released_artefacts((arguments.scheme,) if arguments.scheme else tuple(SCHEMES), arguments.models)
    rate = artefacts[0].graph.sample_rate
    recordings = [load_audio(path, rate).samples for path in recorded_audio()]
    rows = run(artefacts, arguments.minutes, recordings, arguments.seed, console=console)
    verdict = "PASS" if all(row.passed for row in rows) else "FAIL"
    _show(soak_table(rows))
    console.print(verdict)
    if arguments.json:
        json_rows = [row.json_row() for row in rows]
        write_results(arguments.json, joined_model_id(artefacts), json_rows, verdict=verdict)
    return 0 if verdict == "PASS" else 1


def add_module_commands(commands: Subparsers) -> None:
    """Adds them to the command line's."""
    add = _adder(commands)
    sub = add("play", play, "play a recording through the whole module: knobs, CVs, gate")
    sub.add_argument("dry", type=Path, metavar="IN.wav")
    sub.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.wav")
    text = (
        "turn x, y, att_x, att_y, level or mix, 0 to 1; may be repeated; att_x, att_y, mix begin at 1, others at noon"
    )
    sub.add_argument("--knob", action="append", default=[], metavar="NAME=TRAVEL", help=text)
    text = "what is plugged in: a file whose full scale is 5 V, lfo:HZ[:VOLTS] or dc:VOLTS"
    for jack in ("--cv-x", "--cv-y"):
        sub.add_argument(jack, metavar="SOURCE", help=text)
    sub.add_argument("--gate", metavar="SOURCE", help="a file, high above 0.2 of full scale, or clock:HZ")
    _add_preset(sub, "--preset")
    sub.add_argument("--factory", action="store_true", help="with factory settings instead of the stored ones")

    sub = add("monitor", monitor, "what the module does at this moment: meters, map, panel, load")
    sub.add_argument("--seconds", type=above_zero, help="stop after these")
    sub.add_argument("--once", action="store_true", help="print one table and stop; so it is when nobody watches")

    text = "send a model to a module whose firmware has TFLite Micro; it is proved there before it plays"
    add("upload", upload, text).add_argument("model", type=Path, metavar="MODEL.tflite")

    sub = add("calibrate", calibrate, "measure the panel's circuits, step by step, and have the module remember")
    sub.add_argument("--audio", action="store_true", help="also the converters' full scale; needs a sine")
    sub.add_argument("--out", type=Path, default=REPORTS, metavar="DIR", help="for the report card")

    text = "play the whole module at random and prove every block by golden, on the host"
    sub = commands.add_parser("soak", help=text, description=text)
    sub.set_defaults(function=soak)
    sub.add_argument("--minutes", type=above_zero, default=1.0, help="of audio, each scheme (default 1)")
    sub.add_argument("--scheme", choices=tuple(SCHEMES), help="one of the two; both when not given")
    sub.add_argument("--models", type=Path, default=RELEASED, metavar="DIR", help="what the firmware was made from")
    sub.add_argument("--seed", type=not_negative, default=0)
    sub.add_argument("--json", type=Path, metavar="FILE", help="write the rows for scripts")

    _add_presets(_nested(commands, "presets", "the module's eight spots"))
    add = _nested(commands, "settings", "what else the module remembers")
    add("get", get_settings, "show it, calibration included")
    text = "gate_mode, morph_time_ms, midi_channel, second_spot=X,Y, scheme, in_full_scale, out_full_scale"
    add("set", set_settings, "change it").add_argument("assignments", nargs="+", metavar="KEY=VALUE", help=text)


def _add_presets(add: Adder) -> None:
    add("get", get_presets, "show them")
    sub = add("set", set_preset, "give one another place")
    _add_preset(sub, "preset")
    for axis in ("x", "y"):
        sub.add_argument(axis, type=float, metavar=axis.upper(), help="-1 to 1")
    _add_preset(add("recall", recall_preset, "go to one"), "preset")
    _add_preset(add("store", store_preset, "make one of where the module is, CV apart"), "preset")
    add("save", save_presets, "write all to a file").add_argument("file", type=Path, metavar="FILE")
    add("load", load_presets, "replace all by a file's").add_argument("file", type=Path, metavar="FILE")


def _adder(commands: Subparsers) -> Adder:
    """Adds subcommands that have a board."""

    def add(name: str, function: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(function=function)
        sub.add_argument("--board", default="host", help="host, qemu_m7, or any port that pyserial opens")
        return sub

    return add


def _nested(commands: Subparsers, name: str, text: str) -> Adder:
    """A subcommand with subcommands of its own."""
    parser = commands.add_parser(name, help=text, description=text)
    return _adder(parser.add_subparsers(required=True, metavar="ACTION"))


def _add_preset(parser: argparse.ArgumentParser, name: str) -> None:
    parser.add_argument(name, type=int, choices=range(1, PRESETS + 1), metavar="N", help=f"1 to {PRESETS}")


def _storage(board: str) -> Path | None:
    """Where a board without a flash of its own has it."""
    from host_tools.firmware import EMULATED

    return STORAGE / f"{board}.flash" if board in EMULATED else None


@contextmanager
def _module(board: str) -> Iterator[ModuleClient]:
    """The module behind a board; virtual ones remember their settings from command to command."""
    from host_tools.boards import open_board
    from host_tools.module.client import ModuleClient

    with open_board(board, storage=_storage(board)) as device:
        yield ModuleClient(device)


def _show(table: Table) -> None:
    from host_tools.tables import to_rich

    console.print(to_rich(table))
