# SPDX-License-Identifier: MIT
"""Golden against other people's interpreters, on random integers and on recordings: the proof that golden is right.

Depends on golden and host_tools.interpreters. Compares host software only; devices are host_tools.parity's.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from host_tools.artefacts import Artefact, joined_model_id
from host_tools.audio import load_audio
from host_tools.comparison import Tally
from host_tools.interpreters import INTERPRETERS, detect_rounding, open_interpreter
from host_tools.stimuli import Stimulus, random_stimulus, recorded_stimulus
from quantize.fixed_point import Rounding
from quantize.golden import GoldenDecoder

CHUNK_BLOCKS = 512
# LiteRT's default kernels round int8 once where TFLite Micro rounds twice: its mismatches there are stated, not judged.
STATED_ONLY = {("int8", "litert_default")}


@dataclass(frozen=True)
class WitnessRow:
    """One engine against golden, over everything it was fed."""

    scheme: str
    engine: str
    samples: int
    mismatches: int
    max_lsb: int


@dataclass(frozen=True)
class WitnessResult:
    """`verdict` is PASS when every engine that is judged had no mismatch, else FAIL."""

    model_id: str
    rounding: Rounding
    rows: tuple[WitnessRow, ...]
    verdict: str
    seconds: float
    notes: tuple[str, ...]

    def with_rows(self, rows: Sequence[WitnessRow]) -> WitnessResult:
        """The same result with more engines in it, judged together."""
        together = (*self.rows, *rows)
        return replace(self, rows=together, verdict=_verdict(together))

    def json_rows(self) -> list[dict]:
        return [asdict(row) for row in self.rows]


def witness(
    artefacts: Sequence[Artefact], samples: int, audio: Sequence[Path], *, console: Console | None = None, seed: int = 0
) -> WitnessResult:
    """Runs at least `samples` random samples and every recording through each engine, per scheme."""
    started = time.monotonic()
    rounding = detect_rounding()
    rows: list[WitnessRow] = []
    notes: list[str] = []
    with Progress(console=console, transient=True) as progress:
        for artefact in artefacts:
            stimuli = [random_stimulus(artefact.graph, samples, seed)]
            for path in audio:
                loaded = load_audio(path, artefact.graph.sample_rate)
                stimuli.append(recorded_stimulus(artefact.graph, path.name, loaded.samples))
                notes.append(loaded.note)
            rows += _compare_engines(artefact, stimuli, rounding, progress)
    seconds = time.monotonic() - started
    return WitnessResult(
        joined_model_id(artefacts),
        rounding,
        tuple(rows),
        _verdict(rows),
        seconds,
        tuple(filter(None, dict.fromkeys(notes))),
    )


def _verdict(rows: Sequence[WitnessRow]) -> str:
    wrong = any(row.mismatches and (row.scheme, row.engine) not in STATED_ONLY for row in rows)
    return "FAIL" if wrong else "PASS"


def _compare_engines(
    artefact: Artefact, stimuli: Sequence[Stimulus], rounding: Rounding, progress: Progress
) -> list[WitnessRow]:
    golden = GoldenDecoder(artefact.graph, rounding=rounding)
    engines = {kind: open_interpreter(kind, artefact.content) for kind in INTERPRETERS}
    tallies = {kind: Tally() for kind in INTERPRETERS}
    task = progress.add_task(artefact.scheme, total=sum(stimulus.blocks for stimulus in stimuli))
    for stimulus in stimuli:
        golden.reset()
        for engine in engines.values():
            engine.reset()
        for chunk in stimulus.chunks(CHUNK_BLOCKS):
            samples = slice(chunk.start * stimulus.block_size, chunk.stop * stimulus.block_size)
            expected = golden.process(stimulus.dry[samples], stimulus.z[chunk])
            for kind, engine in engines.items():
                tallies[kind].add(expected, engine.process(stimulus.dry[samples], stimulus.z[chunk]))
            progress.advance(task, chunk.stop - chunk.start)
    return [
        WitnessRow(artefact.scheme, kind, tally.samples, tally.mismatches, tally.max_lsb)
        for kind, tally in tallies.items()
    ]
