# SPDX-License-Identifier: MIT
"""`core/upload.h` for tests: a module whose flash and time are theirs, with the engine of loading_decoder.cpp."""

from __future__ import annotations

import ctypes
import struct
from pathlib import Path

import numpy as np
from compiled import CORE, LOADING_DECODER, TEST_SOURCES, compile_library
from echo_models import crc
from settings_flash import ALWAYS, Flash

from host_tools.packets import ERRORS
from quantize.graph import SCHEMES

SECTORS, SECTOR_BYTES = 42, 4096
BUILT_IN = {"int8": 0x01234567, "int16x8": 0x89ABCDEF}
BUDGET = 1_000  # cycles of a block; the engine takes 100 for each layer
FIRST_MODEL_SECTOR = 2
SETTLED = 400  # blocks: power-up's silence, fades and the way by dry are over


class Module(Flash):
    """A module that just got power, with a new flash."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, SECTORS)
        for name in ("playing", "next"):
            getattr(self._library, name).restype = ctypes.c_uint32
        for name in ("power_up", "crossfaded", "change_scheme", "move"):
            getattr(self._library, name).restype = ctypes.c_bool
        self.restored = self.restart()

    def restart(self, budget: int = BUDGET) -> bool:
        """What happens at power-up; whether all that was kept plays."""
        self.power_for(ALWAYS)
        self.refuse()
        return bool(self._library.power_up(ctypes.c_uint32(budget)))

    def begin(self, content: bytes, scheme: str | int = "int16x8", **other: int) -> str:
        code = scheme if isinstance(scheme, int) else SCHEMES[scheme].code
        values = {"scheme": code, "model_id": crc(content), "size": len(content), "crc": crc(content)}
        begin = struct.pack("<BIII", *(values | other).values())
        return self._error(self._library.begin_model(begin))

    def take(self, offset: int, piece: bytes) -> str:
        return self._error(self._library.take(ctypes.c_uint32(offset), piece, ctypes.c_size_t(len(piece))))

    def try_model(self) -> str:
        return self._error(self._library.try_model())

    def keep(self, sector: int) -> str:
        return self._error(self._library.keep(sector))

    def told(self) -> dict[str, int]:
        buffer = ctypes.create_string_buffer(13)
        self._library.describe(buffer)
        names = ("received", "block_cycles", "limit_cycles", "sectors_left")
        return dict(zip(names, struct.unpack("<IIIB", buffer.raw), strict=True))

    def upload(self, content: bytes, scheme: str = "int16x8") -> str:
        """All of it; the first refusal, or nothing. Where the power is cut, the rest fails."""
        error = self.begin(content, scheme)
        for offset in range(0, len(content), 1_000):
            error = error or self.take(offset, content[offset : offset + 1_000])
        error = error or self.try_model()
        for sector in reversed(range(self.told()["sectors_left"])):
            error = error or self.keep(sector)
        return error

    def play(self, blocks: int = SETTLED, audio: np.ndarray | None = None) -> np.ndarray:
        """Wet (blocks, 48) of a loud noise, or of `audio`."""
        noise = np.random.default_rng(0).uniform(-0.5, 0.5, (blocks, 48))
        played = np.ascontiguousarray(noise if audio is None else audio, np.float32)
        self._library.play(ctypes.c_size_t(blocks), played.ctypes.data_as(ctypes.c_void_p))
        return played

    def playing(self, scheme: str = "int16x8") -> int:
        return int(self._library.playing(SCHEMES[scheme].code))

    def next(self, scheme: str = "int16x8") -> int:
        return int(self._library.next(SCHEMES[scheme].code))

    def change_scheme(self, scheme: str) -> None:
        assert self._library.change_scheme(SCHEMES[scheme].code)

    def move(self, x: float) -> bool:
        """Moves the spot and plays a block; whether that was a crossfade."""
        assert self._library.move(ctypes.c_float(x))
        self.play(1)
        return bool(self._library.crossfaded())

    @staticmethod
    def _error(code: int) -> str:
        return ERRORS[code][0] if code else ""


def compile_module(folder: Path) -> Path:
    """The library that `Module` loads."""
    sources = [*CORE, LOADING_DECODER, TEST_SOURCES / "upload_library.cpp", TEST_SOURCES / "settings_library.cpp"]
    return compile_library(folder / "upload.so", sources, ["-DGRITSPACE_LOADS_MODELS=1"])
