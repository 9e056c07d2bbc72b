# SPDX-License-Identifier: MIT
"""Boards by name: opens one as a Device, or runs whole recordings through it in bulk.

`host` is the firmware as a library in this process, `qemu_m7` an emulated Cortex-M7 that is started and ended here;
any other name is a port of pyserial's with a device behind it. Depends on `firmware` for what host and QEMU run. A
`storage` is the file in which one of those two keeps its settings; without one it begins with an empty flash.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from host_tools import jobs
from host_tools.device import Device, as_int16
from host_tools.errors import UserError
from host_tools.files import write_atomically
from host_tools.firmware import EMULATED, MODULES, build_firmware
from host_tools.host_library import HostLibrary, HostTransport
from host_tools.packets import LATENT_SIZE
from host_tools.playback import PLAY_INPUT, as_codec
from host_tools.qemu import Qemu
from host_tools.storage import read_storage
from host_tools.transport import SerialTransport
from quantize.graph import SCHEMES


class QemuTransport(SerialTransport):
    """The serial line of a QEMU that lives as long as this object."""

    def __init__(self, elf: Path, storage: Path | None = None) -> None:
        if storage is not None:
            flash = read_storage(storage)
            if not storage.exists():
                write_atomically(storage, flash)
        self._qemu = Qemu(elf, storage=storage)
        try:
            super().__init__(self._qemu.url)
        except BaseException:
            self._qemu.close()
            raise
        self.name = "qemu_m7"

    def close(self) -> None:
        super().close()
        self._qemu.close()


def open_board(
    board: str, generated_dir: Path | None = None, build_dir: Path | None = None, *, storage: Path | None = None
) -> Device:
    """The device called `host`, `qemu_m7`, or by its port; UserError or LinkError when it cannot be reached.

    `generated_dir` and `build_dir` choose another model for the first two, as in `build_firmware`; `storage` is theirs,
    too: a real module has its own.
    """
    if board == "host":
        return Device(HostTransport(build_firmware("host", generated_dir, build_dir), storage))
    if board in MODULES:
        raise UserError(f"{board} does not run on this machine; give the port that the module is on")
    if board in EMULATED:
        return Device(QemuTransport(build_firmware(board, generated_dir, build_dir), storage))
    return Device(SerialTransport(board))


def run_bulk(
    board: str,
    scheme: str,
    dry_blocks: np.ndarray,
    z_blocks: np.ndarray,
    generated_dir: Path | None = None,
    build_dir: Path | None = None,
) -> np.ndarray:
    """Plays integers `dry_blocks` (blocks, block_size) with `z_blocks` (blocks, 2), from silence, without the link.

    Returns wet (blocks, block_size), the scheme's type. For `host` and `qemu_m7`: a million samples take seconds.
    """
    _require_bulk(board)
    dry = np.ascontiguousarray(as_int16(dry_blocks))
    z = np.ascontiguousarray(as_int16(z_blocks))
    if dry.ndim != 2 or z.shape != (len(dry), LATENT_SIZE):
        raise ValueError(f"dry is {dry.shape} and z {z.shape}; they must be (blocks, block_size) and (blocks, 2)")
    artefact = build_firmware(board, generated_dir, build_dir)
    if board == "host":
        library = HostLibrary(artefact)
        try:
            wet = library.process_bulk(scheme, dry, z)
        finally:
            library.close()
    else:
        wet = jobs.run_bulk(artefact, scheme, dry, z)
    return wet.astype(SCHEMES[scheme].dtype)


def play(
    board: str,
    inputs: np.ndarray,
    dry_blocks: np.ndarray,
    *,
    factory: bool = True,
    storage: Path | None = None,
    generated_dir: Path | None = None,
    build_dir: Path | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Plays the whole module offline, from power-up: records `inputs` (blocks,) of PLAY_INPUT, see `play_inputs`.

    `dry_blocks` (blocks, block_size) are the codec's samples, 24 bits. With factory settings, or those of the storage.
    Returns wet like dry, int32, and records PLAY_OUTPUT (blocks,). For `host` and `qemu_m7`.
    """
    _require_bulk(board)
    dry = as_codec(dry_blocks)
    if dry.ndim != 2 or inputs.shape != dry.shape[:1] or inputs.dtype != PLAY_INPUT:
        raise ValueError(
            f"dry is {dry.shape} and inputs {inputs.shape}; they must be (blocks, block_size) and (blocks,)"
        )
    artefact = build_firmware(board, generated_dir, build_dir)
    flash = None if storage is None else read_storage(storage)
    if board != "host":
        return jobs.run_play(artefact, inputs, dry, factory=factory, flash=flash)
    library = HostLibrary(artefact, flash)
    try:
        library.power_up(factory)
        return library.play(inputs, dry)
    finally:
        library.close()


def run_live(
    dry: np.ndarray,
    line: bytes,
    *,
    mishap: str = "",
    storage: Path | None = None,
) -> jobs.LiveRun:
    """Runs qemu_m7's live firmware between files: the codec captures `dry` (samples,), `line` arrives at the link.

    Ends when both are used up; the codec then captures silence. Each sample is heard two blocks later than captured,
    and by as much as the module takes. A `mishap`, such as "late 300 1", is one of firmware/boards/qemu_m7/live_job.h.
    """
    flash = None if storage is None else read_storage(storage)
    run, flash_after = jobs.run_live(build_firmware("qemu_m7"), as_codec(dry), line, mishap.split(), flash)
    if storage is not None and flash_after is not None and flash_after != flash:
        write_atomically(storage, flash_after)
    return run


def _require_bulk(board: str) -> None:
    if board not in EMULATED:
        raise UserError(f"{board} has no bulk mode; boards that have one: {', '.join(EMULATED)}")
