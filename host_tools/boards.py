# SPDX-License-Identifier: MIT
"""Boards by name: opens one as a Device, or runs whole recordings through it in bulk.

`host` is the firmware as a library in this process, `qemu_m7` an emulated Cortex-M7 that is started and ended here;
any other name is a port of pyserial's with a device behind it. Depends on `firmware` for what host and QEMU run.
"""

from __future__ import annotations

import _ctypes
import ctypes
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from host_tools import protocol
from host_tools.device import Device, as_int16
from host_tools.errors import LinkError, UserError
from host_tools.firmware import ARTEFACTS, build_firmware
from host_tools.qemu import Qemu, run_job
from host_tools.transport import SerialTransport
from quantize.graph import SCHEMES

BULK_TIMEOUT_S = 600.0
BULK_OUT_OF_RANGE = 65  # QEMU's exit status; see firmware/boards/qemu_m7/bulk.h


class HostLibrary:
    """A private copy of the host library: the decoder's state is global in it, and each copy has its own."""

    def __init__(self, path: Path) -> None:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(shutil.copy(path, folder))
            self._library: Any = ctypes.CDLL(str(copy))  # stays mapped when the file is gone
        self._library.gritspace_reply_capacity.restype = ctypes.c_size_t
        self._library.gritspace_receive.restype = ctypes.c_size_t
        self._library.gritspace_process_bulk.restype = ctypes.c_int64
        self._reply = ctypes.create_string_buffer(self._library.gritspace_reply_capacity())

    def receive(self, data: bytes) -> bytes:
        """Gives bytes of the line to the link and returns its replies."""
        replies = b""
        size = ctypes.c_size_t()
        while data:
            taken = self._library.gritspace_receive(data, ctypes.c_size_t(len(data)), self._reply, ctypes.byref(size))
            replies += self._reply.raw[: size.value]
            data = data[taken:]
        return replies

    def process_bulk(self, scheme: str, dry: np.ndarray, z: np.ndarray) -> np.ndarray:
        """See `run_bulk`."""
        blocks, size = dry.shape
        wet = np.empty_like(dry)
        pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in (z, dry, wet)]
        shape = ctypes.c_uint8(SCHEMES[scheme].code), ctypes.c_uint32(size), ctypes.c_size_t(blocks)
        status = self._library.gritspace_process_bulk(*shape, *pointers)
        if status < 0:
            raise LinkError(
                f"host has no scheme {scheme} with blocks of {size} samples; emit the model again and rebuild"
            )
        if status > 0:
            raise LinkError(f"host refuses block {status - 1}: an integer is outside the range of {scheme}")
        return wet

    def close(self) -> None:
        """Unmaps the library. A call afterwards raises instead of jumping to where it was."""
        library, self._library = self._library, None
        if library is not None:
            _ctypes.dlclose(library._handle)


class HostTransport:
    """The host library's link as a byte line."""

    name = "host"

    def __init__(self, path: Path) -> None:
        self._library = HostLibrary(path)
        self._replies = b""

    def write(self, data: bytes) -> None:
        self._replies += self._library.receive(data)

    def read(self, timeout_s: float) -> bytes:
        replies, self._replies = self._replies, b""
        return replies

    def close(self) -> None:
        self._library.close()


class QemuTransport(SerialTransport):
    """The serial line of a QEMU that lives as long as this object."""

    def __init__(self, elf: Path) -> None:
        self._qemu = Qemu(elf)
        try:
            super().__init__(self._qemu.url)
        except BaseException:
            self._qemu.close()
            raise
        self.name = "qemu_m7"

    def close(self) -> None:
        super().close()
        self._qemu.close()


def open_board(board: str, generated_dir: Path | None = None, build_dir: Path | None = None) -> Device:
    """The device called `host`, `qemu_m7`, or by its port; UserError or LinkError when it cannot be reached.

    `generated_dir` and `build_dir` choose another model for the first two, as in `build_firmware`.
    """
    if board == "host":
        return Device(HostTransport(build_firmware("host", generated_dir, build_dir)))
    if board == "qemu_m7":
        return Device(QemuTransport(build_firmware("qemu_m7", generated_dir, build_dir)))
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
    if board not in ARTEFACTS:
        raise UserError(f"{board} has no bulk mode; boards that have one: {', '.join(ARTEFACTS)}")
    dry = np.ascontiguousarray(as_int16(dry_blocks))
    z = np.ascontiguousarray(as_int16(z_blocks))
    if dry.ndim != 2 or z.shape != (len(dry), protocol.LATENT_SIZE):
        raise ValueError(f"dry is {dry.shape} and z {z.shape}; they must be (blocks, block_size) and (blocks, 2)")
    artefact = build_firmware(board, generated_dir, build_dir)
    if board == "host":
        library = HostLibrary(artefact)
        try:
            wet = library.process_bulk(scheme, dry, z)
        finally:
            library.close()
    else:
        wet = _qemu_bulk(artefact, scheme, dry, z)
    return wet.astype(SCHEMES[scheme].dtype)


def _qemu_bulk(elf: Path, scheme: str, dry: np.ndarray, z: np.ndarray) -> np.ndarray:
    """The files and the command line of firmware/boards/qemu_m7/bulk.h."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.hstack([z, dry]).astype("<i2").tofile(folder / "input")
        words = ["bulk", str(SCHEMES[scheme].code), str(dry.shape[1]), "input", "output"]
        status = run_job(elf, words, folder, BULK_TIMEOUT_S)
        if status == BULK_OUT_OF_RANGE:
            raise LinkError(f"qemu_m7 refuses a block: an integer is outside the range of {scheme}")
        if status != 0:
            raise LinkError(
                f"qemu_m7 fails with status {status} on {scheme} blocks of {dry.shape[1]} samples; "
                "emit the model again and rebuild"
            )
        return np.fromfile(folder / "output", "<i2").reshape(dry.shape)
