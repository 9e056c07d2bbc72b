# SPDX-License-Identifier: MIT
"""The audio steps of a calibration: which volts at IN and at OUT are full scale of this module's converters.

Depends on `calibration_checks` and `settings`; knows no device and asks nobody. A multimeter and the module's own peak
meters see the same sine; their ratio is what is remembered.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from host_tools.module.calibration_checks import Finding
from host_tools.module.settings import LEAST_FULL_SCALE_VOLTS, MOST_FULL_SCALE_VOLTS

LEAST_DBFS, MOST_DBFS = -40.0, -0.5  # of the sine's peak: below, noise counts; above, it may be clipped
STEADINESS_DB = 0.5  # between readings; the meters fall by 0.4 dB between two peaks of 50 Hz


@dataclass(frozen=True)
class AudioStep:
    """One thing to do. `setting` and `peak`: the fields of SETTINGS and STATUS that it is about."""

    name: str
    instruction: str
    jack: str
    setting: str
    peak: str
    bypass: bool  # whether the module is to be in bypass


INTO_IN = AudioStep(
    "sine into IN",
    "Play a steady sine of 50 Hz to 2 kHz and some 2 V into IN, and measure it there with a multimeter (AC).",
    *("IN", "in_full_scale_mv", "input_peak", False),
)
FROM_OUT = AudioStep(
    "sine at OUT",
    "Let it play on; the module is in bypass now. Measure OUT with the multimeter.",
    *("OUT", "out_full_scale_mv", "output_peak", True),
)
AUDIO_STEPS = (INTO_IN, FROM_OUT)


@dataclass(frozen=True)
class AudioSample:
    """What multimeter and module say of one sine: volts RMS at the jack, the peak meter's readings, 1 is full scale."""

    volts: float
    peaks: tuple[float, ...]
    bypassed: bool = False  # in all readings

    @property
    def peak(self) -> float:
        """The sine's: between its peaks the meter falls."""
        return max(self.peaks)

    @property
    def full_scale_volts(self) -> float:
        """The peak at the jack that is full scale."""
        return self.volts * math.sqrt(2) / self.peak


AudioSamples = Mapping[str, AudioSample]  # by the names of their steps


def full_scales(samples: AudioSamples) -> dict[str, int]:
    """The settings that follow."""
    return {step.setting: round(1000 * samples[step.name].full_scale_volts) for step in AUDIO_STEPS}


def audio_findings(step: AudioStep, now: AudioSample) -> list[Finding]:
    """What is wrong with a step's sample: the first thing, for the others follow from it."""
    return list(_findings(step, now))[:1]


def _findings(step: AudioStep, now: AudioSample) -> Iterator[Finding]:
    jack, level_db = step.jack, _decibels(now.peak)
    if not (math.isfinite(now.volts) and now.volts > 0):
        yield Finding(f"{jack} has {now.volts:g} V", "more than 0 V", "is the multimeter set to AC volts?")
    if step.bypass and not now.bypassed:
        yield Finding("the module is not in bypass", "bypass", "was its button held, or a MIDI control sent?")
    if level_db < LEAST_DBFS:
        cause = "is the source plugged into IN, and does it play?"
        yield Finding(f"the module's meter of {jack} reads {level_db:.1f} dBFS", f"at least {LEAST_DBFS:g}", cause)
        return
    if level_db >= MOST_DBFS:
        found = f"the module's meter of {jack} reads {level_db:.1f} dBFS, which may be clipped"
        yield Finding(found, f"below {MOST_DBFS:g}", "does the source give much more than 2 V? Turn it down.")
    spread_db = level_db - _decibels(min(now.peaks))
    if spread_db > STEADINESS_DB:
        found = f"the module's meter of {jack} moves by {spread_db:.1f} dB"
        yield Finding(found, f"at most {STEADINESS_DB:g} dB", "is it a steady sine, of 50 Hz or more?")
    if not LEAST_FULL_SCALE_VOLTS <= now.full_scale_volts <= MOST_FULL_SCALE_VOLTS:
        found = f"full scale at {jack} would be {now.full_scale_volts:.2f} V"
        cause = f"is it {jack} that was measured, in volts RMS, and not in millivolts?"
        yield Finding(found, f"{LEAST_FULL_SCALE_VOLTS:g} to {MOST_FULL_SCALE_VOLTS:g} V", cause)


def _decibels(peak: float) -> float:
    return 20 * math.log10(peak) if peak > 0 else -math.inf
