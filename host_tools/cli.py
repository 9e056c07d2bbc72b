# SPDX-License-Identifier: MIT
"""`gritspace`: the one place that knows every stage. A subcommand parses, calls one function, prints, and gives a
status.

Stages are imported inside their subcommand, so that the bench tools never load torch. Exit status: 0 done or PASS, 1
a verdict other than PASS, 2 something the user can mend (one sentence), 130 interrupted.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from host_tools.arguments import above_zero, finite, not_negative, positive
from host_tools.artefacts import CHECKPOINT, RELEASED, load_artefact, released_artefacts
from host_tools.axes_command import add_axes_command
from host_tools.errors import UserError
from host_tools.files import REPOSITORY, write_atomically, write_results
from host_tools.flash_commands import add_flash_commands
from host_tools.lookup_command import add_lookup_command
from host_tools.module.commands import add_module_commands
from host_tools.studies import add_study_commands
from host_tools.train_command import add_train_command
from quantize.graph import SCHEMES, GraphError

if TYPE_CHECKING:
    from host_tools.artefacts import Artefact
    from host_tools.tables import Table

DATA = REPOSITORY / "build" / "data"
SCHEME_NAMES = tuple(SCHEMES)

console = Console(highlight=False)


def _schemes(arguments: argparse.Namespace) -> tuple[str, ...]:
    return (arguments.scheme,) if arguments.scheme else SCHEME_NAMES


def evaluate(arguments: argparse.Namespace) -> int:
    from host_tools import evaluation

    where = (arguments.weights, arguments.data)
    found = evaluation.evaluate(*where, console, held_out=arguments.match, report=arguments.report)
    for table in found.tables.values():
        _show(table, ())
    if arguments.json:
        more = {"map": found.measures.to_dict(), "played_map": found.played, "aliasing": found.aliasing}
        write_results(arguments.json, found.model_id, found.rows, **more)
    return 0


def match(arguments: argparse.Namespace) -> int:
    from host_tools import learning

    models = arguments.models or (RELEASED if arguments.weights.resolve() == CHECKPOINT.resolve() else None)
    found = learning.match_recordings(arguments.dry, arguments.wet, arguments.weights, models, arguments.output)
    text = json.dumps(found, indent=2) + "\n"
    console.print(text, end="")
    if arguments.json:
        write_atomically(arguments.json, text)
    return 0


def quantize(arguments: argparse.Namespace) -> int:
    from host_tools import learning
    from host_tools.tables import quantize_table

    settings = {key: getattr(arguments, key) for key in ("steps", "exact_steps")}
    rows = learning.quantize_checkpoint(
        arguments.weights, arguments.out, _schemes(arguments), settings, console, start=arguments.start
    )
    _show(quantize_table(rows), ())
    return 0


def emit(arguments: argparse.Namespace) -> int:
    from quantize.emit import sources, write_sources
    from quantize.golden_vectors import emit_golden

    paths = [artefact.path for artefact in released_artefacts(SCHEME_NAMES, arguments.models)]
    prepared = [sources(path) for path in paths]  # of both, before either is written
    written = [source for texts in prepared for source in write_sources(texts, arguments.generated)]
    for path in (*written, *emit_golden(paths, arguments.golden)):
        console.print(f"wrote {path}")
    return 0


def witness(arguments: argparse.Namespace) -> int:
    from host_tools.audio import recorded_audio
    from host_tools.tables import witness_table
    from host_tools.witness import witness as run

    audio = arguments.audio if arguments.audio is not None else recorded_audio(2)
    result = run(_artefacts(arguments), arguments.samples, audio, console=console)
    if arguments.qat:
        from host_tools.learning import qat_witness

        result = result.with_rows(qat_witness(arguments.models, _schemes(arguments), arguments.samples))
    _show(witness_table(result), result.notes)
    console.print(f"golden rounds like TFLite Micro: {result.rounding}. {result.verdict} in {result.seconds:.0f} s")
    if arguments.json:
        write_results(arguments.json, result.model_id, result.json_rows(), verdict=result.verdict)
    return 0 if result.verdict == "PASS" else 1


def verify(arguments: argparse.Namespace) -> int:
    from host_tools.audio import recorded_audio
    from host_tools.parity import BULK_BOARDS
    from host_tools.parity import verify as run
    from host_tools.tables import parity_table

    audio = arguments.audio if arguments.audio is not None else recorded_audio(2)
    samples = arguments.random_samples
    if samples is None:
        samples = 1_000_000 if arguments.board in BULK_BOARDS else 48_000
    given = (arguments.board, _artefacts(arguments), audio, samples)
    result = run(*given, seconds_per_recording=arguments.seconds, console=console)
    _show(parity_table(result), (*result.notes, *result.reasons))
    console.print(f"{result.verdict} in {result.seconds:.0f} s")
    if arguments.json:
        write_results(arguments.json, result.model_id, result.json_rows(), verdict=result.verdict)
    return 0 if result.verdict == "PASS" else 1


def render(arguments: argparse.Namespace) -> int:
    from host_tools.render import render as run

    scheme = arguments.scheme or "int16x8"
    artefact = load_artefact(arguments.models / scheme / "decoder.tflite", scheme)
    note = run(arguments.dry, arguments.output, arguments.z, artefact, arguments.engine)
    console.print("; ".join(filter(None, (note, f"wrote {arguments.output}"))))
    return 0


def bench(arguments: argparse.Namespace) -> int:
    from host_tools import bench as benches
    from host_tools.bench_grid import bench_grid, check_plot, draw_costs
    from host_tools.tables import bench_table, grid_table, live_table, part_table

    if arguments.plot:
        check_plot(arguments.plot)
    result = benches.bench(_artefacts(arguments))
    _show(bench_table(result.json_rows()), ())
    more = {
        "parts": benches.as_json(result.part_rows),
        "live": benches.as_json(result.live_rows),
        "host": benches.as_json(result.host_rows),
    }
    _show(part_table(more["parts"]), ())
    _show(live_table(more["live"]), result.notes)
    if arguments.grid or arguments.plot:
        grid = bench_grid(_schemes(arguments), console)
        more["grid"] = benches.as_json(grid)
        _show(grid_table(more["grid"]), ())
        if arguments.plot:
            console.print(f"wrote {draw_costs(grid, result.rows, arguments.plot)}")
    if arguments.json:
        write_results(arguments.json, result.model_id, result.json_rows(), **more)
    return 0


def demo(arguments: argparse.Namespace) -> int:
    from host_tools.demo import demo as run

    return 0 if run(console) == "PASS" else 1


def _artefacts(arguments: argparse.Namespace) -> list[Artefact]:
    return released_artefacts(_schemes(arguments), arguments.models)


def _show(table: Table, notes: tuple[str, ...]) -> None:
    from host_tools.tables import to_rich

    console.print(to_rich(table))
    for note in notes:
        console.print(f"note: {note}")


def _option(*names: str, **settings: Any) -> argparse.ArgumentParser:
    """An option that several subcommands share."""
    parent = argparse.ArgumentParser(add_help=False)
    parent.add_argument(*names, **settings)
    return parent


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gritspace", description="A 2-D space of distortions, in integers on a Cortex-M7."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    scheme = _option("--scheme", choices=SCHEME_NAMES, help="one of the two; both when not given")
    models = _option("--models", type=Path, default=RELEASED, metavar="DIR", help="what `gritspace quantize` wrote")
    weights = _option("--weights", type=Path, default=CHECKPOINT, metavar="DIR", help="of `gritspace train`")
    rows = _option("--json", type=Path, metavar="FILE", help="write the rows for scripts")
    data = _option("--data", type=Path, default=DATA, metavar="DIR", help="pairs are made once and kept in here")
    audio = _option("--audio", type=Path, nargs="*", metavar="FILE", help="recordings; two instruments when not given")

    def command(
        function: Callable[[argparse.Namespace], int], text: str, *parents: argparse.ArgumentParser
    ) -> argparse.ArgumentParser:
        sub = commands.add_parser(function.__name__, help=text, description=text, parents=parents)
        sub.set_defaults(function=function)
        return sub

    add_train_command(commands, data)
    sub = command(evaluate, "measure a checkpoint: pairs it never saw, the map, aliasing", weights, rows, data)
    sub.add_argument("--match", action="store_true", help="also devices it never met, by matching; some minutes")
    sub.add_argument("--report", type=Path, metavar="DIR", help="write a page to look at and listen to in this folder")

    add_study_commands(commands, weights, rows, data)
    add_axes_command(commands, weights, rows)
    add_lookup_command(commands, weights, rows)
    sub = command(match, "the spot and levels that are most like a wet recording of a dry one", weights, rows)
    sub.add_argument("dry", type=Path, metavar="DRY.wav")
    sub.add_argument("wet", type=Path, metavar="WET.wav")
    sub.add_argument("--models", type=Path, metavar="DIR", help="of the same weights; the released ones have theirs")
    sub.add_argument("-o", "--output", type=Path, metavar="OUT.wav", help="what the match sounds like")

    sub = command(quantize, "float checkpoint to .tflite and ONNX, by quantisation-aware training", weights, scheme)
    sub.add_argument("--out", type=Path, default=REPOSITORY / "build" / "quantized", metavar="DIR")
    sub.add_argument("--steps", type=positive)
    sub.add_argument("--exact-steps", type=not_negative, help="of those, the last ones on TFLite Micro's integers")
    sub.add_argument("--from", dest="start", type=Path, metavar="DIR", help="start from what is quantised in here")

    sub = command(emit, ".tflite to the C++ of the static engine and the golden vectors", models)
    sub.add_argument("--generated", type=Path, default=REPOSITORY / "firmware" / "generated", metavar="DIR")
    sub.add_argument("--golden", type=Path, default=REPOSITORY / "tests" / "golden", metavar="DIR")

    sub = command(witness, "golden against TFLite Micro and LiteRT", scheme, models, audio, rows)
    sub.add_argument("--samples", type=positive, default=1_000_000, help="random ones, each scheme")
    sub.add_argument("--qat", action="store_true", help="also QAT's exact forward pass against TFLite Micro")

    sub = command(verify, "a device against golden, bit for bit, and the float model", scheme, models, audio, rows)
    sub.add_argument("--board", default="host", help="host, qemu_m7, or any port that pyserial opens")
    sub.add_argument("--seconds", type=above_zero, default=1.0, help="of each recording (default 1)")
    sub.add_argument("--random-samples", type=not_negative, help="each scheme (default 1,000,000; over a port 48,000)")

    sub = command(render, "play a recording at a spot of the map", scheme, models)
    sub.add_argument("dry", type=Path, metavar="DRY.wav")
    sub.add_argument("-o", "--output", type=Path, required=True, metavar="WET.wav")
    sub.add_argument("--z", type=finite, nargs=2, required=True, metavar=("X", "Y"))
    sub.add_argument("--engine", choices=("float", "golden", "host"), default="golden")

    add_module_commands(commands)
    add_flash_commands(commands)
    sub = command(bench, "instructions, model cycles, flash, RAM and stack on the Cortex-M7", scheme, models, rows)
    sub.add_argument("--grid", action="store_true", help="also decoders of other sizes, in a minute or two")
    sub.add_argument("--plot", type=Path, metavar="FILE", help="draw the grid: cycles against MACs, .png, .svg or .pdf")
    command(demo, "the whole chain on recorded audio, then a page to look at and listen to")
    return parser


def main() -> int:
    arguments = build_parser().parse_args()
    try:
        return arguments.function(arguments)
    except (UserError, GraphError) as error:
        print(f"gritspace: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("gritspace: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `gritspace ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        print(f"gritspace: {place}{error.strerror or error}; choose another place, or make room", file=sys.stderr)
        return 2
