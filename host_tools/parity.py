# SPDX-License-Identifier: MIT
"""Golden against a device, bit for bit, and the device against the float model: the verdict PASS, FAIL or INCOMPLETE.

Depends on golden, host_tools.boards (the host library, QEMU, or any serial port) and ONNX Runtime for the float model.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from rich.console import Console
from rich.progress import Progress

from host_tools import boards
from host_tools.artefacts import Artefact, joined_model_id
from host_tools.audio import load_audio
from host_tools.comparison import ErrorEnergy, Tally
from host_tools.device import Greeting
from host_tools.errors import LinkError, UserError
from host_tools.float_reference import FloatReference
from host_tools.interpreters import detect_rounding
from host_tools.stimuli import RANDOM, Stimulus, place_on_map, random_stimulus, recorded_stimulus
from quantize.fixed_point import Rounding
from quantize.golden import GoldenDecoder

CHUNK_BLOCKS = 128  # short enough for a moving progress bar at a UART's speed
BULK_BOARDS = ("host", "qemu_m7")  # boards that also take blocks without the link, by the million

BulkRun = Callable[[str, str, np.ndarray, np.ndarray], np.ndarray]  # board, scheme, dry blocks, z blocks -> wet


class DeviceLike(Protocol):
    """What parity needs of a host_tools.device.Device."""

    def hello(self) -> Greeting: ...
    def require_model(self, scheme: str, model_id: str) -> Any: ...
    def reset(self, scheme: str) -> Any: ...
    def process(self, dry: np.ndarray, z: np.ndarray) -> np.ndarray: ...


class FloatModel(Protocol):
    """What parity needs of a FloatReference."""

    def reset(self) -> None: ...
    def process(self, audio: np.ndarray, z: np.ndarray) -> np.ndarray: ...


OpenDevice = Callable[[str], AbstractContextManager[DeviceLike]]


@dataclass(frozen=True)
class ParityRow:
    """One stimulus on one device; `samples` came back. SNR and ESR are the device's, against the float model."""

    scheme: str
    board: str
    source: str
    samples: int
    mismatches: int
    max_lsb: int
    snr_db: float | None
    esr: float | None
    first_mismatch: str | None


@dataclass(frozen=True)
class ParityResult:
    """FAIL when anything differed; else INCOMPLETE when anything asked for is missing, as `reasons` says; else PASS."""

    model_id: str
    board: str
    firmware: str  # the version it greets with
    rows: tuple[ParityRow, ...]
    verdict: str
    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    seconds: float

    def json_rows(self) -> list[dict[str, Any]]:
        return [asdict(row) for row in self.rows]


def verify(
    board: str,
    artefacts: Sequence[Artefact],
    audio: Sequence[Path],
    random_samples: int,
    *,
    seconds_per_recording: float | None = None,
    z: Sequence[float] | None = None,
    seed: int = 0,
    open_device: OpenDevice = boards.open_board,
    run_bulk: BulkRun | None = None,
    open_reference: Callable[[Artefact], FloatModel] = FloatReference.beside,
    console: Console | None = None,
) -> ParityResult:
    """Streams recordings (the first `seconds_per_recording` of each) and random samples through a device.

    z (real) is one place of the map for the recordings; without it they visit several. A device that cannot be reached,
    or that holds another model, raises UserError; one that is lost later makes the verdict INCOMPLETE.
    """
    started = time.monotonic()
    rounding = detect_rounding()
    if run_bulk is None and board in BULK_BOARDS:
        run_bulk = boards.run_bulk
    notes: list[str] = []
    plans = [_plan(artefact, audio, random_samples, seconds_per_recording, z, seed, notes) for artefact in artefacts]
    rows: list[ParityRow] = []
    reasons: list[str] = []
    with open_device(board) as device, Progress(console=console, transient=True) as progress:
        for artefact in artefacts:
            device.require_model(artefact.scheme, artefact.model_id)
        firmware = device.hello().firmware_version
        task = progress.add_task(board, total=sum(stimulus.blocks for plan in plans for stimulus in plan))
        for artefact, plan in zip(artefacts, plans, strict=True):
            comparison = _Comparison(artefact, rounding, open_reference(artefact))
            for stimulus in plan:
                comparison.start(stimulus)
                try:
                    for blocks, wet in _outputs(device, run_bulk, board, artefact.scheme, stimulus):
                        comparison.add(blocks, wet)
                        progress.advance(task, blocks.stop - blocks.start)
                except UserError as error:
                    progress_made = f"{comparison.tally.samples} of {stimulus.dry.size} samples"
                    reasons.append(f"{artefact.scheme}, {stimulus.source}: {progress_made}: {error}")
                rows += comparison.rows(board)
    if not any(plans):
        reasons.append("nothing was asked for; give recordings or a number of random samples")
    mismatches = sum(row.mismatches for row in rows)
    verdict = "FAIL" if mismatches else "INCOMPLETE" if reasons else "PASS"
    model_id, seconds = joined_model_id(artefacts), time.monotonic() - started
    said = tuple(filter(None, dict.fromkeys(notes)))
    return ParityResult(model_id, board, firmware, tuple(rows), verdict, tuple(reasons), said, seconds)


def _plan(
    artefact: Artefact,
    audio: Sequence[Path],
    random_samples: int,
    seconds: float | None,
    z: Sequence[float] | None,
    seed: int,
    notes: list[str],
) -> list[Stimulus]:
    """Everything one scheme will be asked, read and checked before a device is opened."""
    graph = artefact.graph
    place = None if z is None else place_on_map(graph, z)
    plan = []
    for path in audio:
        loaded = load_audio(path, graph.sample_rate)
        notes.append(loaded.note)
        kept = loaded.samples if seconds is None else loaded.samples[: max(1, round(seconds * graph.sample_rate))]
        plan.append(recorded_stimulus(graph, path.name, kept, place))
    if random_samples > 0:
        plan.append(random_stimulus(graph, random_samples, seed))
    return plan


def _outputs(
    device: DeviceLike, run_bulk: BulkRun | None, board: str, scheme: str, stimulus: Stimulus
) -> Iterator[tuple[slice, np.ndarray]]:
    """The device's wet for a stimulus, in order: random samples in bulk where the board can, else over packets."""
    size = stimulus.block_size
    in_bulk = None
    if stimulus.source == RANDOM and run_bulk is not None:
        in_bulk = run_bulk(board, scheme, stimulus.dry.reshape(-1, size), stimulus.z).reshape(-1)
    else:
        device.reset(scheme)
    for blocks in stimulus.chunks(CHUNK_BLOCKS):
        samples = slice(blocks.start * size, blocks.stop * size)
        if in_bulk is None:
            yield blocks, device.process(stimulus.dry[samples], stimulus.z[blocks])
        else:
            yield blocks, in_bulk[samples]


class _Comparison:
    """What a device gives, piece by piece, next to golden and the float model; one stimulus after another."""

    def __init__(self, artefact: Artefact, rounding: Rounding, reference: FloatModel) -> None:
        self._scheme = artefact.scheme
        self._output = artefact.graph.output.output
        self._golden = GoldenDecoder(artefact.graph, rounding=rounding)
        self._reference = reference

    def start(self, stimulus: Stimulus) -> None:
        self._stimulus = stimulus
        self._golden.reset()
        self._reference.reset()
        self.tally, self._energy = Tally(), ErrorEnergy()

    def add(self, blocks: slice, wet: np.ndarray) -> None:
        stimulus, size = self._stimulus, self._stimulus.block_size
        samples = slice(blocks.start * size, blocks.stop * size)
        golden = self._golden.process(stimulus.dry[samples], stimulus.z[blocks])
        real = self._reference.process(stimulus.dry_real[samples], stimulus.z_real[blocks])
        if wet.size != golden.size:
            raise LinkError(f"the device gave {wet.size} samples for {golden.size}; update its firmware")
        self.tally.add(golden, wet)
        self._energy.add(real, self._output.dequantize(wet))

    def rows(self, board: str) -> list[ParityRow]:
        """One row, or none when nothing came back."""
        tally, energy, source = self.tally, self._energy, self._stimulus.source
        if not tally.samples:
            return []
        first = tally.first_mismatch
        place = None if first is None else f"sample {first} (block {first // self._stimulus.block_size})"
        measured = (tally.samples, tally.mismatches, tally.max_lsb, energy.snr_db, energy.esr)
        return [ParityRow(self._scheme, board, source, *measured, place)]
