# SPDX-License-Identifier: MIT
"""`make demo`: every stage of the chain, each on the product of the one before, then a page with what came out.

The chain starts from the released checkpoint and its quantised twins: it trains and quantises a few steps further,
so the model that is written, compiled, run and compared here is a new one, and the proof is of the chain, not of a
file.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from host_tools import boards, evaluation, learning, plots
from host_tools.artefacts import CHECKPOINT, RELEASED, Artefact, joined_model_id, released_artefacts
from host_tools.audio import load_audio, recorded_audio, save_audio
from host_tools.bench import bench
from host_tools.files import REPOSITORY
from host_tools.firmware import build_firmware
from host_tools.float_reference import FloatReference
from host_tools.parity import ParityResult, verify
from host_tools.render import run_engine
from host_tools.report import Picture, ReportContent, Sound, Stage, report_path, write_report
from host_tools.stimuli import recorded_stimulus
from host_tools.tables import bench_table, evaluate_table, parity_table, quantize_table, to_rich, witness_table
from host_tools.witness import witness
from model.layout import Layout
from model.run import TrainingPlan
from quantize.emit import emit
from quantize.graph import SCHEMES

FOLDER = REPOSITORY / "build" / "demo"
DEVICES = ("soft_clip", "hard_clip", "wavefolder")  # three that need no plug-in
TRAIN_STEPS, ROUNDING_STEPS, ENCODER_STEPS = 30, 10, 5
RATES = ("learning_rate", "rounding_learning_rate", "encoder_learning_rate")
TRAIN_RATE, TRAIN_SECONDS = 2e-6, 2.0
QUANTIZE_STEPS, EXACT_STEPS, QUANTIZE_RATE = 20, 6, 1e-5
RANDOM_SAMPLES = 1_000_000
WITNESS_SAMPLES = 100_000
SECONDS_OVER_SERIAL = 1.0
LISTEN_SECONDS = 4.0
# Spots to listen to, as fractions of the map's half width.
SPOTS = ((-0.6, -0.6), (0.6, -0.6), (-0.6, 0.6), (0.6, 0.6))


def demo(console: Console) -> str:
    """Runs everything below build/demo, prints as it goes, writes the page; returns its verdict."""
    stages: list[Stage] = []

    @contextmanager
    def stage(name: str) -> Iterator[None]:
        console.print(f"[bold]{name}[/bold]")
        started = time.monotonic()
        yield
        stages.append(Stage(name, time.monotonic() - started))

    weights, data, models, generated = (FOLDER / name for name in ("run", "data", "models", "generated"))
    with stage("train: a few steps on from the released checkpoint"):
        settings = {name: TRAIN_RATE for name in RATES} | {"seed": int(time.time())}
        settings |= {"steps": TRAIN_STEPS, "rounding_steps": ROUNDING_STEPS, "encoder_steps": ENCODER_STEPS}
        wishes: dict[str, Any] = {"devices": DEVICES, "seconds": TRAIN_SECONDS, "procedural": True, "fresh": True}
        learning.train_run(TrainingPlan(weights, data, settings, start=CHECKPOINT, **wishes), console)
    with stage("evaluate: pairs it never saw"):
        identity, errors = evaluation.evaluate_pairs(weights, data, console, DEVICES)
        console.print(to_rich(evaluate_table(errors)))
    with stage("quantise: int8 and int16x8 on the chip's integers, and how loud they are"):
        settings = {"steps": QUANTIZE_STEPS, "exact_steps": EXACT_STEPS, "learning_rate": QUANTIZE_RATE}
        rows = learning.quantize_checkpoint(
            weights, models, tuple(SCHEMES), settings, console, start=RELEASED, instruments=1
        )
        console.print(to_rich(quantize_table(rows)))
    artefacts = released_artefacts(directory=models)
    with stage("emit: .tflite to C++"):
        for artefact in artefacts:
            emit(artefact.path, generated)
    where: dict[str, Any] = {"generated_dir": generated, "build_dir": FOLDER / "pio"}
    with stage("build: host library and Cortex-M7 firmware, by PlatformIO"):
        for board in ("host", "qemu_m7"):
            build_firmware(board, **where)
    with stage("witness: golden against TFLite Micro and LiteRT"):
        seen = witness(artefacts, WITNESS_SAMPLES, recorded_audio(1), console=console)
        console.print(to_rich(witness_table(seen)))
    parity = []
    for board, medium in (("host", "the shared library"), ("qemu_m7", "the emulated Cortex-M7, over its serial line")):
        with stage(f"verify: {medium}"):
            parity.append(_verify(board, artefacts, where, console))
            console.print(to_rich(parity_table(parity[-1])))
    with stage("bench: instructions on the Cortex-M7"):
        measured = bench(artefacts, build_firmware("qemu_m7", **where))
        costs = measured.json_rows()
        console.print(to_rich(bench_table(costs)))
    with stage("listen and look"):
        pictures, sounds = _listen(artefacts, weights)
    content = ReportContent(
        title="gritspace: the whole chain on recorded audio",
        summary="A distortion VAE's decoder in integers, played by an emulated Cortex-M7 over a serial line, "
        "bit for bit the golden model.",
        model_id=joined_model_id(artefacts),
        facts=[("float checkpoint", identity), *((a.scheme, a.model_id) for a in artefacts)],
        stages=stages,
        parity=parity,
        witness=seen,
        bench=costs,
        evaluation=errors,
        pictures=pictures,
        sounds=sounds,
        notes=list(dict.fromkeys([*seen.notes, *(note for part in parity for note in part.notes), *measured.notes])),
    )
    page, numbers = write_report(report_path("demo"), content)
    for part in stages:
        console.print(f"{part.seconds:7.1f} s  {part.name}")
    console.print(f"{content.verdict}. Look and listen: {page}\nNumbers: {numbers}\nWAVs: {FOLDER / 'audio'}")
    return content.verdict


def _verify(board: str, artefacts: list[Artefact], where: dict[str, Any], console: Console) -> ParityResult:
    return verify(
        board,
        artefacts,
        recorded_audio(1),
        RANDOM_SAMPLES,
        seconds_per_recording=SECONDS_OVER_SERIAL,
        open_device=partial(boards.open_board, **where),
        run_bulk=partial(boards.run_bulk, **where),
        console=console,
    )


def _listen(artefacts: list[Artefact], weights: Path) -> tuple[list[Picture], list[Sound]]:
    """WAVs of one recording at several spots of the map, and the pictures of the page."""
    graph = artefacts[0].graph
    rate = graph.sample_rate
    path = recorded_audio(1)[0]
    dry = load_audio(path, rate).samples[: round(LISTEN_SECONDS * rate)]
    limits = np.array([axis.high for axis in graph.latent])
    sounds = [Sound(f"dry: {path.stem}", dry, rate)]
    save_audio(FOLDER / "audio" / "dry.wav", dry, rate)
    wets: dict[str, np.ndarray] = {}
    for spot in SPOTS:
        z = np.array(spot) * limits
        place = f"x {z[0]:+.1f}, y {z[1]:+.1f}"
        for artefact in artefacts:
            wet = run_engine("golden", artefact, recorded_stimulus(artefact.graph, path.name, dry, z))[: len(dry)]
            save_audio(FOLDER / "audio" / f"{artefact.scheme}_x{z[0]:+.1f}_y{z[1]:+.1f}.wav", wet, rate)
            if spot == SPOTS[0]:
                wets[artefact.scheme] = wet
            if artefact.scheme == "int16x8":
                sounds.append(Sound(f"int16x8 at {place}", wet, rate))
    first = np.array(SPOTS[0]) * limits
    float_wet = FloatReference.beside(artefacts[0]).process(dry, first)
    points = [plots.MapPoint(p.x, p.y, p.device, p.drive) for p in Layout.load(weights).places]
    axes = [(axis.name, axis.low, axis.high) for axis in graph.latent]
    shown = slice(0, rate)
    pictures = [
        Picture(
            "The map",
            plots.latent_map(points, axes),
            "Where each learned setting is: the device from left to right, drive upwards.",
        ),
        Picture(
            "Waveforms",
            plots.waveforms(dry[shown], float_wet[shown], {k: v[shown] for k, v in wets.items()}, rate),
            f"{path.stem} at the map's lower left; the errors are of the integers against the float model.",
        ),
        Picture("Spectrograms", plots.spectrograms({"dry": dry, **{f"wet, {k}": v for k, v in wets.items()}}, rate)),
    ]
    return pictures, sounds
