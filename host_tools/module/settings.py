# SPDX-License-Identifier: MIT
"""Settings as a player writes them, `KEY=VALUE`. Depends on `module`. Presets and calibration have their own files.

What is sound is for `firmware/core/settings.cpp` to say; here mistakes get a sentence that names the range.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from host_tools.errors import UserError
from host_tools.module.client import Settings, Spot
from host_tools.packets import GATE_MODES
from quantize.graph import SCHEMES

MOST_MORPH_MS = 10_000
LEAST_FULL_SCALE_VOLTS, MOST_FULL_SCALE_VOLTS = 1.0, 20.0  # of the peak at a jack
MIDI_CHANNELS = ("all", *map(str, range(1, 17)))
SCHEME_NAMES = tuple(sorted(SCHEMES, key=lambda name: SCHEMES[name].code))


def changed(settings: Settings, assignments: Sequence[str]) -> Settings:
    """The settings after `KEY=VALUE` words. UserError names a word that is wrong and what it may be."""
    values: dict[str, Any] = {}
    for word in assignments:
        key, equals, text = word.partition("=")
        if key not in SETTABLE or not equals:
            raise UserError(f"{word} sets nothing; give KEY=VALUE, the keys are {', '.join(SETTABLE)}")
        read, choices = SETTABLE[key]
        try:
            values[FIELDS.get(key, key)] = read(text)
        except ValueError as error:
            raise UserError(f"{word} cannot be; {key} is {choices}") from error
    return replace(settings, **values)


def spot_on_map(x: float, y: float) -> Spot:
    """A Spot; UserError when it is not on the map."""
    if not (-1 <= x <= 1 and -1 <= y <= 1):  # also refuses NaN
        raise UserError(f"{x:g}, {y:g} is not on the map; X and Y go from -1 to 1")
    return Spot(x, y)


def _spot(text: str) -> Spot:
    x, y = map(float, text.split(","))
    return spot_on_map(x, y)


def _milliseconds(text: str) -> int:
    value = int(text)
    if not 0 <= value <= MOST_MORPH_MS:
        raise ValueError
    return value


def _millivolts(text: str) -> int:
    volts = float(text)
    if not LEAST_FULL_SCALE_VOLTS <= volts <= MOST_FULL_SCALE_VOLTS:  # also refuses NaN
        raise ValueError
    return round(1000 * volts)


_FULL_SCALE = f"the peak in volts that is full scale, {LEAST_FULL_SCALE_VOLTS:g} to {MOST_FULL_SCALE_VOLTS:g}"
# How a value is read, which raises ValueError, and what it may be.
SETTABLE: dict[str, tuple[Callable[[str], Any], str]] = {
    "gate_mode": (GATE_MODES.index, " or ".join(GATE_MODES)),
    "morph_time_ms": (_milliseconds, f"a whole number from 0 to {MOST_MORPH_MS}"),
    "midi_channel": (MIDI_CHANNELS.index, "1 to 16, or all"),
    "second_spot": (_spot, "X,Y with each from -1 to 1"),
    "scheme": (SCHEME_NAMES.index, " or ".join(SCHEME_NAMES)),
    "in_full_scale": (_millivolts, _FULL_SCALE),
    "out_full_scale": (_millivolts, _FULL_SCALE),
}
FIELDS = {"in_full_scale": "in_full_scale_mv", "out_full_scale": "out_full_scale_mv"}  # where the name is another one
