# SPDX-License-Identifier: MIT
"""The firmware's panel code (`core/controls.h`, `spot.h`, `lights.h`, `filters.h`), compiled for the host, as functions
of whole sequences of blocks; and the settings and hands that its tests start from. Knows no audio."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import numpy as np
from compiled import FIRMWARE, TEST_SOURCES, compile_library, with_faults

from host_tools.packets import ADC_CHANNELS, HEADER, POTS, PRESETS
from host_tools.protocol import pack, size_of

BLOCK_RATE_HZ = 1000.0  # 48 samples at 48 kHz: one block is one millisecond
NO_PRESET = 255

PANEL_INPUT = np.dtype([("adc", "u2", len(ADC_CHANNELS)), ("gate", "?"), ("button", "?")])
GESTURES = np.dtype(
    [(name, "f4") for name in ("x", "y", "cv_x", "cv_y", "level", "mix")]
    + [(name, "?") for name in ("gate", "gate_rose", "freeze_pressed", "bypass_pressed")]
)
COMMAND_KINDS = ("recall_preset", "move_x", "move_y", "freeze", "bypass", "recalibrated")
COMMAND = np.dtype([("block", "u4"), ("kind", "u1"), ("value", "f4")], align=True)
SPOT_STATE = np.dtype([("place", "f4", 2), ("base", "f4", 2), ("source", "u1"), ("preset", "u1")], align=True)

# The circuits' nominal values, but for the pots' ends: noon lies on a code.
SETTINGS: dict[str, Any] = {
    "pot_low": [400] * len(POTS),
    "pot_high": [65000] * len(POTS),
    "cv_zero": [33100] * 2,
    "cv_per_volt": [-5958] * 2,
    "presets": [{"x": 4000 * i - 14000, "y": 9000 - 5000 * i} for i in range(PRESETS)],
    "second_spot": {"x": 16384, "y": -24576},
    "morph_time_ms": 100,
    "gate_mode": 0,
    "midi_channel": 0,
    "scheme": 1,
    "in_full_scale_mv": 8500,
    "out_full_scale_mv": 7500,
}
MORPH, STEP = 0, 1  # gate modes


def pot_code(place: float) -> int:
    """The ADC code of a pot at -1 (left) to 1 (right), calibrated as in SETTINGS."""
    return round(32700 + 32300 * place)


def cv_code(volts: float | np.ndarray) -> np.ndarray:
    """The ADC code of a CV, calibrated as in SETTINGS."""
    return np.clip(np.rint(33100 - 5958 * np.asarray(volts)), 0, 65535)


def hands(blocks: int, **changes: Any) -> np.ndarray:
    """PANEL_INPUT of as many blocks: pots at noon, attenuverters fully right, nothing patched, but for the changes by
    channel (codes), `gate` and `button`; each one value, or one a block."""
    panel = np.zeros(blocks, PANEL_INPUT)
    rest = {"att_x": pot_code(1), "att_y": pot_code(1), "cv_x": cv_code(0), "cv_y": cv_code(0)}
    for index, channel in enumerate(ADC_CHANNELS):
        panel["adc"][:, index] = changes.pop(channel, rest.get(channel, pot_code(0)))
    for switch, level in changes.items():
        panel[switch] = level
    return panel


def gestures(blocks: int, **changes: Any) -> np.ndarray:
    """GESTURES of as many blocks, zero but for the changes; the gate's rises are where it rises."""
    found = np.zeros(blocks, GESTURES)
    for name, value in changes.items():
        found[name] = value
    found["gate_rose"][1:] = found["gate"][1:] & ~found["gate"][:-1]
    return found


class Panel:
    """The compiled code. Every call starts at power-up."""

    def __init__(self, folder: Path, fault: tuple[str, str] | None = None) -> None:
        """Compiles in `folder`. `fault`: text of one of the sources, and what stands there instead."""
        names = ("controls.cpp", "spot.cpp", "lights.cpp")
        sources = with_faults(folder, [FIRMWARE / "core" / name for name in names], *filter(None, [fault]))
        path = compile_library(folder / "panel.so", [*sources, TEST_SOURCES / "panel_library.cpp"])
        self._library = ctypes.CDLL(str(path))

    def controls(self, panel: np.ndarray, **settings: Any) -> np.ndarray:
        """The GESTURES of these PANEL_INPUT, with SETTINGS but for the changes."""
        found = np.zeros(len(panel), GESTURES)
        self._call("run_controls", BLOCK_RATE_HZ, _settings(settings), len(panel), panel, found)
        return found

    def spot(self, hand: np.ndarray, commands: tuple[tuple[int, str, float], ...] = (), **settings: Any) -> np.ndarray:
        """The SPOT_STATE after each block of GESTURES; commands as (block before which it comes, kind, value)."""
        timed = np.array([(block, COMMAND_KINDS.index(kind), value) for block, kind, value in commands], COMMAND)
        found = np.zeros(len(hand), SPOT_STATE)
        self._call("run_spot", BLOCK_RATE_HZ, _settings(settings), len(hand), hand, len(timed), timed, found)
        return found

    def lights(self, blocks: int, place: Any = (0, 0), flags: Any = 0, fault: Any = 0) -> np.ndarray:
        """Brightness (block, X Y clip on), 0..255; each argument one value, or one a block."""
        places = np.full((blocks, 2), place, np.float32)
        all_flags, faults = np.full(blocks, flags, np.uint16), np.full(blocks, fault, np.uint8)
        found = np.zeros((blocks, 4), np.uint8)
        self._call("run_lights", BLOCK_RATE_HZ, blocks, places, all_flags, faults, found)
        return found

    def places_of(self, spots: np.ndarray) -> np.ndarray:
        """int16 (N, 2) to places, float32 (N, 2)."""
        places = np.zeros(spots.shape, np.float32)
        self._call("places_of_spots", len(spots), spots, places)
        return places

    def spots_of(self, places: np.ndarray) -> np.ndarray:
        """float32 (N, 2) to int16 (N, 2)."""
        spots = np.zeros(places.shape, np.int16)
        self._call("spots_of_places", len(places), places, spots)
        return spots

    def filtered(self, name: str, signal: np.ndarray, *parameters: float) -> np.ndarray:
        """float32 through `one_pole` (time, rate) or `backlash` (half width), both from zero."""
        found = np.zeros(len(signal), np.float32)
        self._call(f"run_{name}", *map(float, parameters), len(signal), signal.astype(np.float32), found)
        return found

    def without_dc(self, signal: np.ndarray, cutoff_hz: float, rate_hz: float, block_size: int) -> np.ndarray:
        """float32 of whole blocks through the DC blocker."""
        found = np.zeros(len(signal), np.float32)
        blocks = len(signal) // block_size
        sent = signal.astype(np.float32)
        self._call("run_dc_blocker", float(cutoff_hz), float(rate_hz), block_size, blocks, sent, found)
        return found

    def button(self, down: np.ndarray) -> np.ndarray:
        """Events, one a block: 0 none, 1 pressed, 2 held."""
        events = np.zeros(len(down), np.uint8)
        self._call("run_button", BLOCK_RATE_HZ, len(down), down.astype(bool), events)
        return events

    def _call(self, name: str, *arguments: Any) -> None:
        getattr(self._library, name)(*map(_as_c, arguments))


def _as_c(argument: Any) -> Any:
    """Floats are float, integers are size_t, arrays are pointers."""
    if isinstance(argument, np.ndarray):
        assert argument.flags.c_contiguous
        return ctypes.c_void_p(argument.ctypes.data)
    if isinstance(argument, int):
        return ctypes.c_size_t(argument)
    return ctypes.c_float(argument) if isinstance(argument, float) else argument


def _settings(changes: dict[str, Any]) -> bytes:
    return pack("WRITE_SETTINGS", 0, settings={**SETTINGS, **changes})[size_of(HEADER) :]
