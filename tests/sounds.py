# SPDX-License-Identifier: MIT
"""The firmware's sound as a library on the host: compiled, with a fault in it where a test wants one, and played.

Depends on `compiled`, the Arm compiler and tests/firmware/sound_library.cpp; knows no panel.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from compiled import FIRMWARE, STUB_DECODER, TEST_SOURCES, compile_for_cortex_m7, compile_library, with_faults

from host_tools.cortex_m7 import CortexM7
from quantize.graph import SCHEMES
from quantize.loudness import COLUMNS, LEVELS, PLACES, ROWS, k_weighted, mean_square

RATE, BLOCK = 48_000, 48  # of the released decoders and of the stub
BLOCKS_PER_SECOND = RATE // BLOCK
ENGINE = [FIRMWARE / "engines/static/decoder.cpp", *sorted((FIRMWARE / "generated").glob("model_*.cpp"))]
STUB = [STUB_DECODER]
CORE = ("decibels", "loudness", "loudness_match")
SOURCES = [TEST_SOURCES / "sound_library.cpp", *(FIRMWARE / f"core/{name}.cpp" for name in CORE)]
PROCESSOR = FIRMWARE / "core/processor.cpp"
UNMATCHED = (" * match_.gain()", "")  # as loud as the loudness map makes it, whatever is played

SOUND = np.dtype(
    [
        *((name, "f4") for name in ("x", "y", "level", "mix", "in_gain", "out_gain")),
        *(("bypass", "?"), ("overload", "?"), ("scheme", "u1")),
    ],
    align=True,
)
REPORT = np.dtype(
    [
        ("z", "i2", 2),
        *((name, "?") for name in ("clipped", "crossfaded", "rested")),
        *((name, "f4") for name in ("input_peak", "output_peak")),
        *((name, "i2", 256) for name in ("dry", "wet", "before")),
    ],
    align=True,
)
# core/loudness.h's LoudnessMap.
LOUDNESS_MAP = np.dtype(
    [
        ("low_db", "f4"),
        ("high_db", "f4"),
        ("column", "u1", COLUMNS),
        ("makeup", "i1", (LEVELS, ROWS, COLUMNS)),
        ("correlation", "u1", (LEVELS, ROWS, COLUMNS)),
    ],
    align=True,
)


@dataclass(frozen=True, eq=False)
class Played:
    """A passage: (T,) float32 out, and what every block did, with the decoder's integers (T,)."""

    out: np.ndarray
    reports: np.ndarray

    def codes(self, name: str) -> np.ndarray:
        """ "dry", "wet" or "before": as the decoder had them."""
        return self.reports[name][:, :BLOCK].reshape(-1)


def sounds(blocks: int, **values: object) -> np.ndarray:
    """One Sound a block: the map's middle, level at noon, all wet, in int16x8; or these values, one or one for each
    block."""
    result = np.zeros(blocks, SOUND)
    result["scheme"] = SCHEMES["int16x8"].code
    for name, value in {"level": 0.5, "mix": 1.0, "in_gain": 1.0, "out_gain": 1.0, **values}.items():
        result[name] = value
    return result


def in_scheme(passage: np.ndarray, scheme: str) -> np.ndarray:
    """The same sounds by another decoder."""
    changed = passage.copy()
    changed["scheme"] = SCHEMES[scheme].code
    return changed


class SoundLibrary:
    """One processor and its decoder; starts with `init`."""

    def __init__(self, path: Path) -> None:
        self._library = ctypes.CDLL(str(path))
        self._library.loudness_of.restype = ctypes.c_void_p

    def init(self, scheme: str) -> None:
        self._library.sound_init(SCHEMES[scheme].code)

    def play(self, passage: np.ndarray, audio: np.ndarray) -> Played:
        """As many blocks as `passage` has; audio (T,) within -1..1."""
        out = np.array(audio, np.float32)
        assert out.shape == (len(passage) * BLOCK,)
        reports = np.zeros(len(passage), REPORT)
        for index in range(len(passage)):
            pointers = (passage[index:].ctypes.data, out[index * BLOCK :].ctypes.data, reports[index:].ctypes.data)
            self._library.sound_process(*map(ctypes.c_void_p, pointers))
        return Played(out, reports)

    def play_settled(self, scheme: str, passage: np.ndarray, audio: np.ndarray) -> Played:
        """The same in this scheme throughout, after powering up."""
        return self.play_powered_up(scheme, in_scheme(passage, scheme), audio)

    def play_powered_up(self, scheme: str, passage: np.ndarray, audio: np.ndarray) -> Played:
        """The same, after powering up in this scheme with the first sound and a third of a second of silence."""
        self.init(scheme)
        self.play(np.repeat(passage[:1], BLOCKS_PER_SECOND // 3), np.zeros(BLOCKS_PER_SECOND // 3 * BLOCK))
        return self.play(passage, audio)

    def gains_of_decibels(self, db: np.ndarray) -> np.ndarray:
        db, gains = db.astype(np.float32), np.zeros(db.size, np.float32)
        self._library.gains_of_decibels(
            db.ctypes.data_as(ctypes.c_void_p), gains.ctypes.data_as(ctypes.c_void_p), ctypes.c_size_t(db.size)
        )
        return gains

    def loudness_map(self, scheme: str) -> np.ndarray:
        """The decoder's, as LOUDNESS_MAP."""
        address = self._library.loudness_of(SCHEMES[scheme].code)
        return np.frombuffer(ctypes.string_at(address, LOUDNESS_MAP.itemsize), LOUDNESS_MAP)[0]

    def loudness_at(self, table: np.ndarray, at: np.ndarray) -> np.ndarray:
        """at (N, 3): x, y, level → (N, 3): makeup, correlation, the level's gain."""
        at, found = at.astype(np.float32), np.zeros(at.shape, np.float32)
        table = np.array(table)
        pointers = [ctypes.c_void_p(array.ctypes.data) for array in (table, at, found)]
        self._library.loudness_at(*pointers, ctypes.c_size_t(len(at)))
        return found


def loudness_db(sound: np.ndarray) -> float:
    """Of audio at 48 kHz, less its mean; 0 dB is a mean square of 1 after weighting."""
    return float(10 * np.log10(mean_square(k_weighted(sound - sound.mean(), RATE))))


def columns_on_map(table: np.ndarray) -> np.ndarray:
    """Where the columns of a LOUDNESS_MAP are, (COLUMNS,) within -1..1."""
    return table["column"] / (PLACES - 1) * 2 - 1


def compile_sound_for_cortex_m7(target: Path, decoder: list[Path]) -> CortexM7:
    """The same functions on the Cortex-M7's instructions."""
    return compile_for_cortex_m7(target, (*SOURCES, PROCESSOR, *decoder), "sound_process")


def compile_sound(target: Path, decoder: list[Path], *faults: tuple[str, str]) -> SoundLibrary:
    """The sound around a decoder, ENGINE or STUB. `faults`: text of a source, and what stands there instead."""
    sources = with_faults(target.with_suffix(".sources"), [*SOURCES, PROCESSOR], *faults)
    return SoundLibrary(compile_library(target, [*sources, *decoder]))
