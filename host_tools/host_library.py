# SPDX-License-Identifier: MIT
"""The firmware as a library in this process: its link, its codec, and recordings through it.

Depends on the library that `firmware` builds for the environment `host`; firmware/boards/host/library.cpp has the
functions that are called here.
"""

from __future__ import annotations

import _ctypes
import ctypes
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from host_tools.errors import LinkError
from host_tools.files import write_atomically
from host_tools.playback import PLAY_INPUT, PLAY_OUTPUT, as_codec
from host_tools.storage import STORAGE_BYTES, read_storage
from quantize.graph import SCHEMES

LIVE_BLOCKS_AT_ONCE = 200  # of the codec: after a longer pause, time is skipped


class HostLibrary:
    """A private copy of the host library: the module's state is global in it, and each copy has its own.

    `flash` is what its storage holds when it gets power.
    """

    def __init__(self, path: Path, flash: bytes | None = None) -> None:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(shutil.copy(path, folder))
            self._library: Any = ctypes.CDLL(str(copy))  # stays mapped when the file is gone
        for name in ("reply_capacity", "receive", "block_size"):
            self._library[f"gritspace_{name}"].restype = ctypes.c_size_t
        self._library.gritspace_process_bulk.restype = ctypes.c_int64
        self._reply = ctypes.create_string_buffer(self._library.gritspace_reply_capacity())
        if flash is not None:
            self._library.gritspace_write_storage(flash)
        self._library.gritspace_start()
        self.block_size: int = self._library.gritspace_block_size()
        self.sample_rate: int = self._library.gritspace_sample_rate_hz()  # Hz

    def receive(self, data: bytes) -> bytes:
        """Gives bytes of the line to the link and returns its replies."""
        replies = b""
        size = ctypes.c_size_t()
        while data:
            taken = self._library.gritspace_receive(data, ctypes.c_size_t(len(data)), self._reply, ctypes.byref(size))
            replies += self._reply.raw[: size.value]
            data = data[taken:]
        return replies

    def run_codec(self, blocks: int) -> None:
        """The codec plays this many blocks of its test tone; none while the bench has the module."""
        self._library.gritspace_run_codec(ctypes.c_uint32(blocks))

    def process_bulk(self, scheme: str, dry: np.ndarray, z: np.ndarray) -> np.ndarray:
        """See `run_bulk`."""
        blocks, size = dry.shape
        wet = np.empty_like(dry)
        shape = ctypes.c_uint8(SCHEMES[scheme].code), ctypes.c_uint32(size), ctypes.c_size_t(blocks)
        status = self._library.gritspace_process_bulk(*shape, _pointer(z), _pointer(dry), _pointer(wet))
        if status < 0:
            raise LinkError(
                f"host has no scheme {scheme} with blocks of {size} samples; emit the model again and rebuild"
            )
        if status > 0:
            raise LinkError(f"host refuses block {status - 1}: an integer is outside the range of {scheme}")
        return wet

    def power_up(self, factory: bool) -> None:
        """Starts the module anew for `play`, with factory settings or the stored ones."""
        self._library.gritspace_power_up(ctypes.c_int(factory))

    def play(
        self, inputs: np.ndarray, dry: np.ndarray, taps: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """The next blocks through the whole module, as `boards.play`, but from where the last call ended.

        `taps`, int16 (blocks, 3, block_size), gets the decoder's integers: dry, wet, and wet at the z of the block
        before; valid where the outputs say that the decoder did not rest, and crossfaded.
        """
        shape = (len(inputs), self.block_size)
        if dry.shape != shape:
            raise LinkError(f"host plays blocks of {self.block_size} samples; emit the model again and rebuild")
        if taps is not None and (taps.shape != (len(inputs), 3, self.block_size) or taps.dtype != np.int16):
            raise ValueError(f"taps are {taps.shape}, {taps.dtype}; they must be {(*shape[:1], 3, shape[1])}, int16")
        samples, records = as_codec(dry), np.ascontiguousarray(inputs, PLAY_INPUT)
        wet, outputs = np.empty(shape, np.int32), np.empty(len(inputs), PLAY_OUTPUT)
        self._library.gritspace_play(
            ctypes.c_size_t(len(inputs)), *map(_pointer, (records, samples, wet, outputs)), _pointer(taps)
        )
        return wet, outputs

    def read_storage(self) -> bytes:
        """What the storage holds now."""
        buffer = ctypes.create_string_buffer(STORAGE_BYTES)
        self._library.gritspace_read_storage(buffer)
        return buffer.raw

    def close(self) -> None:
        """Unmaps the library. A call afterwards raises instead of jumping to where it was."""
        library, self._library = self._library, None
        if library is not None:
            _ctypes.dlclose(library._handle)


def _pointer(array: np.ndarray | None) -> ctypes.c_void_p | None:
    return None if array is None else array.ctypes.data_as(ctypes.c_void_p)


class HostTransport:
    """The host library's link as a byte line. Its codec has played for as long as time has passed."""

    name = "host"

    def __init__(self, path: Path, storage: Path | None = None) -> None:
        self._storage = storage
        self._stored = None if storage is None else read_storage(storage)
        self._library: HostLibrary | None = HostLibrary(path, self._stored)
        self._blocks_a_second = self._library.sample_rate / self._library.block_size
        self._played_until_s = time.monotonic()
        self._replies = b""

    def write(self, data: bytes) -> None:
        self._replies += self._powered().receive(data)

    def read(self, timeout_s: float) -> bytes:
        self._powered()
        replies, self._replies = self._replies, b""
        return replies

    def close(self) -> None:
        library, self._library = self._library, None
        if library is None:
            return
        flash = library.read_storage()
        library.close()
        if self._storage is not None and flash != self._stored:
            write_atomically(self._storage, flash)

    def _powered(self) -> HostLibrary:
        """The library, its codec as far as it would be by now."""
        if self._library is None:
            raise LinkError("host is closed; open it again")
        now_s = time.monotonic()
        blocks = int((now_s - self._played_until_s) * self._blocks_a_second)
        self._library.run_codec(min(blocks, LIVE_BLOCKS_AT_ONCE))
        self._played_until_s += blocks / self._blocks_a_second
        return self._library
