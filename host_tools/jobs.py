# SPDX-License-Identifier: MIT
"""QEMU's jobs from file to file: what firmware/boards/qemu_m7/jobs.h and the headers it names describe, from here.

Depends on `qemu` and NumPy. Arguments are trusted; `boards` checks them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from host_tools.errors import LinkError
from host_tools.playback import PLAY_OUTPUT
from host_tools.qemu import run_job
from quantize.graph import SCHEMES

TIMEOUT_S = 600.0
USAGE, OUT_OF_RANGE = 64, 65  # exit status; see firmware/boards/qemu_m7/jobs.h
FLASH = "flash"  # a storage's bytes, among a job's files


@dataclass(frozen=True, eq=False)
class LiveRun:
    """What came out of a live job. `status` is QEMU's: 0, or 128 + the number of an exception that came twice."""

    wet: np.ndarray  # (samples,) int32: all that was heard, also before a restart
    replies: bytes
    status: int


def run_bulk(elf: Path, scheme: str, dry: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Integers `dry` (blocks, block_size) with `z` (blocks, 2) through the decoder alone: wet, int16."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.hstack([z, dry]).astype("<i2").tofile(folder / "input")
        words = ["bulk", str(SCHEMES[scheme].code), str(dry.shape[1]), "input", "output"]
        status = run_job(elf, words, folder, TIMEOUT_S)
        if status == OUT_OF_RANGE:
            raise LinkError(f"qemu_m7 refuses a block: an integer is outside the range of {scheme}")
        if status != 0:
            raise LinkError(
                f"qemu_m7 fails with status {status} on {scheme} blocks of {dry.shape[1]} samples; "
                "emit the model again and rebuild"
            )
        return np.fromfile(folder / "output", "<i2").reshape(dry.shape)


def run_play(
    elf: Path, inputs: np.ndarray, dry: np.ndarray, *, factory: bool, flash: bytes | None
) -> tuple[np.ndarray, np.ndarray]:
    """Records PLAY_INPUT (blocks,) and codec samples (blocks, block_size) through the module: wet and PLAY_OUTPUT."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        inputs.tofile(folder / "inputs")
        dry.tofile(folder / "dry")
        settings = "factory" if factory else "stored"
        job = ["play", settings, str(dry.shape[1]), "inputs", "dry", "wet", "outputs"]
        status = run_job(elf, [*_storage_words(folder, flash), *job], folder, TIMEOUT_S)
        if status != 0:
            raise LinkError(
                f"qemu_m7 fails with status {status} on blocks of {dry.shape[1]} samples; "
                "emit the model again and rebuild"
            )
        return np.fromfile(folder / "wet", "<i4").reshape(dry.shape), np.fromfile(folder / "outputs", PLAY_OUTPUT)


def run_live(
    elf: Path, dry: np.ndarray, line: bytes, mishap: Sequence[str], flash: bytes | None
) -> tuple[LiveRun, bytes | None]:
    """The live firmware until `dry` (samples,) and `line` are used up: what came out, and its storage afterwards."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dry.tofile(folder / "dry")
        (folder / "line").write_bytes(line)
        words = [*_storage_words(folder, flash), "live", "dry", "line", "wet", "replies", *mishap]
        status = run_job(elf, words, folder, TIMEOUT_S)
        if status == USAGE:
            raise ValueError(f"the live job does not understand {mishap}")
        run = LiveRun(np.fromfile(folder / "wet", "<i4"), (folder / "replies").read_bytes(), status)
        return run, None if flash is None else (folder / FLASH).read_bytes()


def _storage_words(folder: Path, flash: bytes | None) -> list[str]:
    if flash is None:
        return []
    (folder / FLASH).write_bytes(flash)
    return ["storage", FLASH]
