# SPDX-License-Identifier: MIT
"""The firmware's settings and their store for tests: over a flash in RAM that is seen, spoiled and cut off from power.

Compiles core/settings_store.h with tests/firmware/settings_library.cpp. Packs records by Python's own means.
"""

from __future__ import annotations

import ctypes
import struct
import zlib
from pathlib import Path
from typing import Any

from compiled import FIRMWARE, TEST_SOURCES, compile_library

from host_tools import protocol
from host_tools.packets import SETTINGS

SLOT_BYTES = 4096
HEADER_BYTES = 3  # of a packet
SIZE = protocol.size_of(SETTINGS)
RECORD_BYTES = 10 + SIZE + 4  # with its header and its CRC
ERASE_STEPS = 16  # at which the flash of settings_library.cpp can lose its power
ALWAYS = 10**12  # more steps than any test takes: the power stays on
FOUND = ("record", "nothing", "damaged")

Values = dict[str, Any]


def pack(values: Values) -> bytes:
    return protocol.pack("WRITE_SETTINGS", 0, settings=values)[HEADER_BYTES:]


def unpack(settings: bytes) -> Values:
    values: Values = protocol.unpack(protocol.pack("SETTINGS_ARE", 0, settings=FIRST)[:HEADER_BYTES] + settings).values
    return dict(values["settings"])


def spot(place: int) -> dict[str, int]:
    return {"x": place, "y": -place}


FIRST: Values = {
    "pot_low": [100, 200, 300, 400, 500, 600],
    "pot_high": [65000, 64000, 63000, 62000, 61000, 60000],
    "cv_zero": [33000, 33100],
    "cv_per_volt": [-5900, -6000],
    "presets": [spot(1000 * i) for i in range(8)],
    "second_spot": spot(7),
    "morph_time_ms": 250,
    "gate_mode": 1,
    "midi_channel": 3,
    "scheme": 0,
    "in_full_scale_mv": 8000,
    "out_full_scale_mv": 4000,
}
SECOND: Values = {**FIRST, "second_spot": spot(-9), "morph_time_ms": 4000, "midi_channel": 16, "scheme": 1}
THIRD: Values = {**SECOND, "presets": [spot(-2000 * i) for i in range(8)], "cv_zero": [32000, 34000]}


def record(sequence: int, payload: bytes) -> bytes:
    """A record as the store's header describes it, by other means than the store's."""
    start = struct.pack("<4sHI", b"GRST", len(payload), sequence) + payload
    return start + struct.pack("<I", zlib.crc32(start))


class Flash:
    """The flash of tests/firmware/settings_library.cpp: its cells can be seen and spoiled, its power cut."""

    def __init__(self, library: Path, sectors: int) -> None:
        """Loads the library that it is part of; the first `sectors` are seen. A new one, with power."""
        self._library = ctypes.CDLL(str(library))
        self._library.cells.restype = ctypes.POINTER(ctypes.c_uint8 * (sectors * SLOT_BYTES))
        self._library.steps_left.restype = ctypes.c_int64
        self._library.was_misused.restype = ctypes.c_bool
        self.cells = self._library.cells().contents
        self.erase()

    def erase(self) -> None:
        self.cells[:] = [0xFF] * len(self.cells)
        self.refuse()
        self.power_for(ALWAYS)

    def power_for(self, steps: int, *, tears_bytes: bool = False, seed: int = 1) -> None:
        self._library.set_power(ctypes.c_int64(steps), ctypes.c_bool(tears_bytes), ctypes.c_uint32(seed))

    def refuse(self, *, erase: bool = False, program: bool = False, read: bool = False) -> None:
        self._library.refuse(ctypes.c_bool(erase), ctypes.c_bool(program), ctypes.c_bool(read))

    def steps(self) -> int:
        """Of erasing and programming, since it always has power."""
        return ALWAYS - int(self._library.steps_left())

    @property
    def misused(self) -> bool:
        """Whether anything was programmed that was not erased, or outside a sector."""
        return bool(self._library.was_misused())


class Store(Flash):
    """core/settings_store.h over that flash."""

    def __init__(self, folder: Path, store_source: Path = FIRMWARE / "core/settings_store.cpp") -> None:
        """Compiles in `folder`; `store_source` takes the place of the firmware's."""
        sources = [FIRMWARE / "core/settings.cpp", FIRMWARE / "core/framing.cpp", store_source]
        super().__init__(compile_library(folder / "settings.so", [*sources, TEST_SOURCES / "settings_library.cpp"]), 2)
        for name in ("save", "is_sound"):
            getattr(self._library, name).restype = ctypes.c_bool
        self.restart()

    def blank(self) -> None:
        """A new flash, with power, nothing in it; the store has loaded that."""
        self.erase()
        self.restart()

    def put(self, slot: int, content: bytes) -> None:
        self.cells[slot * SLOT_BYTES : (slot + 1) * SLOT_BYTES] = content.ljust(SLOT_BYTES, b"\xff")

    def slot(self, slot: int) -> bytes:
        return bytes(self.cells[slot * SLOT_BYTES : (slot + 1) * SLOT_BYTES])

    def restart(self) -> tuple[str, Values]:
        """What a module finds when it gets power."""
        settings = ctypes.create_string_buffer(SIZE)
        found = FOUND[self._library.start(settings)]
        return found, unpack(settings.raw)

    def save(self, values: Values) -> bool:
        saved = bool(self._library.save(pack(values)))
        assert not self.misused
        return saved

    def steps_of_a_save(self, values: Values) -> int:
        self.power_for(ALWAYS)
        assert self.save(values)
        return self.steps()

    def factory(self) -> Values:
        settings = ctypes.create_string_buffer(SIZE)
        self._library.factory(settings)
        return unpack(settings.raw)

    def is_sound(self, values: Values) -> bool:
        return bool(self._library.is_sound(pack(values)))
