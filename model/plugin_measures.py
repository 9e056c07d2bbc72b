# SPDX-License-Identifier: MIT
"""What decides whether a plug-in can be learned: amount against drive, memory, repeatability, speed, as a table.

Depends on `plugins`, `plugin_table` and `attributes`. Run it as `python -m model.plugin_measures [NAME...]` after a
change of the table.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass

import numpy as np

from model.attributes import harmonic_distortion, sine
from model.plugin_table import PLUGINS
from model.plugins import RATE, Plugin, PluginError, calibrate, reference

TURNS = (0.0, 0.25, 0.5, 0.75, 1.0)
SMALLEST_RISE_DB = 10.0  # of the distortion between the ends of the drive knob
LARGEST_FALL_DB = 1.0  # of the distortion between two of the five positions: 1 dB is hardly heard
MEMORY_S = 0.015  # what the longest decoder hears of the past
LARGEST_MEMORY_ERROR_DB = -14.0
LARGEST_REPEAT_ERROR_DB = -80.0
SMALLEST_SPEED = 2.0  # times real time


@dataclass(frozen=True)
class PluginMeasures:
    """Of one plug-in, as `render` gives it."""

    lag: int  # samples, removed
    inverted: bool  # turned upright
    offset: float  # DC at rest, removed; the largest over the drive knob
    distortion_db: tuple[float, ...]  # of 220 Hz at -12 dBFS, for TURNS of the drive knob
    level_db: tuple[float, ...]  # RMS of that
    corner_hz: float  # at the low end, 3 dB below 1 kHz, at low drive and level
    tail_db: float  # energy of the small impulse response after MEMORY_S over all of it
    memory_error_db: float  # see `memory_error`
    repeat_error_db: float  # a second render against the first
    speed: float  # times real time

    def faults(self) -> list[str]:
        """Why the plug-in is no use for training; empty when it is accepted."""
        steps = np.diff(self.distortion_db)
        found = [
            (self.distortion_db[-1] - self.distortion_db[0] < SMALLEST_RISE_DB, "drive adds too little distortion"),
            (steps.min() < -LARGEST_FALL_DB, "distortion falls with drive"),
            (self.memory_error_db > LARGEST_MEMORY_ERROR_DB, "remembers for longer than a decoder hears"),
            (self.repeat_error_db > LARGEST_REPEAT_ERROR_DB, "differs from render to render"),
            (self.speed < SMALLEST_SPEED, "too slow"),
        ]
        return [reason for failed, reason in found if failed]


def _db(power_ratio: float) -> float:
    return float(10 * np.log10(power_ratio + 1e-16))


def memory_error(plugin: Plugin, drive: float, memory_s: float) -> float:
    """How much of the wet sound depends on more of the past than `memory_s`: ESR in dB, about an upper bound of what a
    decoder with that memory must miss.

    Stretches of the reference, memory_s and 2 ms long, are played between silences; their last 2 ms are compared with
    the whole reference's.
    """
    dry = reference()
    heard, judged, gap = round(memory_s * RATE), RATE // 500, RATE // 5
    starts = np.linspace(0, len(dry) - heard - judged, 30).astype(int)
    pieces = [np.pad(dry[s : s + heard + judged], (0, gap)) for s in starts]
    whole, parts = plugin.render(dry, drive), plugin.render(np.concatenate(pieces), drive).reshape(len(pieces), -1)
    error = power = 0.0
    for start, part in zip(starts, parts, strict=True):
        target = whole[start + heard : start + heard + judged]
        error += float(np.sum((target - part[heard : heard + judged]) ** 2))
        power += float(np.sum(target**2))
    return _db(error / (power + 1e-20))


def measure_plugin(plugin: Plugin) -> PluginMeasures:
    """Measures one plug-in in some seconds; raises PluginError."""
    calibration = calibrate(plugin)
    sines = [plugin.render(sine(-12.0), turn) for turn in TURNS]
    impulse = np.zeros(RATE // 2)
    impulse[RATE // 10] = 0.01
    response = plugin.render(impulse, 0.0)[RATE // 10 :]
    gain = np.abs(np.fft.rfft(response, RATE))  # 1 Hz apart
    below = np.flatnonzero(gain[:1_000] < gain[1_000] / np.sqrt(2))
    programme = np.tile(reference(), 5)
    start = time.perf_counter()
    first = plugin.render(programme, 0.5)
    seconds = time.perf_counter() - start
    second = plugin.render(programme, 0.5)
    return PluginMeasures(
        lag=calibration.lag,
        inverted=calibration.inverted,
        offset=max((plugin.offset(turn) for turn in (0.0, 1.0)), key=abs),
        distortion_db=tuple(_db(harmonic_distortion(wet) ** 2) for wet in sines),
        level_db=tuple(_db(float(np.mean(wet**2))) for wet in sines),
        corner_hz=float(below[-1] + 1) if len(below) else 0.0,
        tail_db=_db(np.sum(response[round(MEMORY_S * RATE) :] ** 2) / np.sum(response**2)),
        memory_error_db=max(memory_error(plugin, turn, MEMORY_S) for turn in (0.5, 1.0)),
        repeat_error_db=_db(np.sum((first - second) ** 2) / np.sum(first**2)),
        speed=len(programme) / RATE / seconds,
    )


def main(names: list[str]) -> None:
    print(
        f"{'':21} lag  inv  DC at rest  THD dB for drive {' '.join(f'{t:5}' for t in TURNS)}   level dB      "
        "corner Hz  tail dB  memory dB  repeat dB  speed"
    )
    for name in names or PLUGINS:
        try:
            m = measure_plugin(PLUGINS[name])
        except PluginError as error:
            print(error)
            continue
        amounts = " ".join(f"{value:5.1f}" for value in m.distortion_db)
        print(
            f"{name:21} {m.lag:3}  {'yes' if m.inverted else ' no'}  {m.offset:+10.4f}  {amounts}  "
            f"{m.level_db[0]:5.1f} {m.level_db[-1]:5.1f}  {m.corner_hz:5.0f}  {m.tail_db:6.1f}  "
            f"{m.memory_error_db:6.1f}  {m.repeat_error_db:6.1f}  {m.speed:5.1f}  "
            f"{', '.join(m.faults()) or 'accepted'}",
            flush=True,
        )


if __name__ == "__main__":
    main(sys.argv[1:])
