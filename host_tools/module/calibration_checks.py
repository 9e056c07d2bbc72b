# SPDX-License-Identifier: MIT
"""The steps of a calibration and what the ADC must read after each: limits, and findings of what is beyond them.

Depends on `panel` and NumPy; knows no device and asks nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from host_tools.module.panel import HIGHEST_CODE, Circuit, Panel
from host_tools.packets import POTS

# In ADC codes where nothing else is said.
ZERO_TOLERANCE = 1_500  # a quarter of a volt; parts of 1 % and the op-amp's offset come to half of it
SLOPE_TOLERANCE = 0.08  # parts of 1 % come to 3 %, a wrong resistor to 10 % or more
STRAIGHTNESS = 0.01  # between the slopes to either voltage
STRAIGHT_RANGE = 1_500, 64_400  # beyond it the CV inputs' op-amps clip; ±5 V stay within it, with parts of 1 %
STRAY_LIMIT = 300  # of one CV while the other gets a voltage
NOISE_LIMIT = 40  # standard deviation; the firmware's hysteresis hides no more
POT_TRAVEL = 50_000  # a whole pot has 60,000 and more
STUCK_LIMIT = 1_000  # a pot that moves less does not move
LEAST_DIFFERENCE_VOLTS = 2.0  # between the two voltages of an input

CHANNEL_NAMES = (*(f"knob {name}" for name in POTS), "CV X", "CV Y")
FIRST_CV = len(POTS)


@dataclass(frozen=True)
class Step:
    """One thing to do. `asked`: where everything should be then; `jack`: 0 or 1, the CV input that gets a voltage."""

    name: str
    instruction: str
    asked: Panel
    jack: int | None = None


CABLES_OUT = Step("cables out", "Unplug both CV inputs.", Panel())
CV_STEPS = (
    (
        Step("CV X, first voltage", "Plug a steady voltage into CV X alone.", Panel(cv_x=5.0), 0),
        Step("CV X, second voltage", "Plug another into CV X, best of the other sign.", Panel(cv_x=-5.0), 0),
    ),
    (
        Step("CV Y, first voltage", "Plug a steady voltage into CV Y alone.", Panel(cv_y=5.0), 1),
        Step("CV Y, second voltage", "Plug another into CV Y, best of the other sign.", Panel(cv_y=-5.0), 1),
    ),
)
LEFT = Step("knobs left", "Turn all six knobs fully anticlockwise.", Panel(0, 0, 0, 0, 0, 0))
RIGHT = Step("knobs right", "Turn all six knobs fully clockwise.", Panel(1, 1, 1, 1, 1, 1))
STEPS = (CABLES_OUT, *CV_STEPS[0], *CV_STEPS[1], LEFT, RIGHT)


class Finding(NamedTuple):
    """Something that is wrong, what would be right, and what to look at."""

    found: str
    expected: str
    cause: str


@dataclass(frozen=True, eq=False)
class Sample:
    """What the ADC read in one step: means and standard deviations (8,), in codes."""

    panel: Panel  # as it really was
    mean: np.ndarray
    noise: np.ndarray

    def cv(self, jack: int) -> float:
        """The mean of a CV input."""
        return float(self.mean[FIRST_CV + jack])

    def volts(self, jack: int) -> float:
        """What was plugged into a CV input."""
        return (self.panel.cv_x, self.panel.cv_y)[jack]


Samples = Mapping[str, Sample]  # by the names of their steps


def findings(step: Step, samples: Samples, nominal: Circuit) -> list[Finding]:
    """What is wrong with a step's sample. `samples` holds this step's and those of all steps before it."""
    now = samples[step.name]
    if step is CABLES_OUT:
        return [*_noise(now, (FIRST_CV, FIRST_CV + 1)), *_cables_out(now, nominal)]
    if step.jack is not None:
        return [*_noise(now, [FIRST_CV + step.jack]), *_voltage(step, step.jack, samples, nominal)]
    pots = _knobs_left(now) if step is LEFT else _knobs_right(samples[LEFT.name], now)
    return [*_noise(now, range(len(POTS))), *pots]


def slope(first: Sample, second: Sample, jack: int) -> float:
    """Codes a volt of a CV input, between two samples."""
    return (second.cv(jack) - first.cv(jack)) / (second.volts(jack) - first.volts(jack))


def _noise(now: Sample, channels: Iterable[int]) -> Iterator[Finding]:
    for channel in channels:
        if now.noise[channel] > NOISE_LIMIT:
            found = f"{CHANNEL_NAMES[channel]} is noisy, by {now.noise[channel]:,.0f} codes"
            cause = "is it held still, is the source steady, does the contact hold?"
            yield Finding(found, f"at most {NOISE_LIMIT}", cause)


def _cables_out(now: Sample, nominal: Circuit) -> Iterator[Finding]:
    for jack in (0, 1):
        right = nominal.cv_zero[jack]
        if abs(now.cv(jack) - right) > ZERO_TOLERANCE:
            found = f"{CHANNEL_NAMES[FIRST_CV + jack]} reads {now.cv(jack):,.0f} without a cable"
            expected = f"{right - ZERO_TOLERANCE:,.0f} to {right + ZERO_TOLERANCE:,.0f}"
            yield Finding(found, expected, "is a cable still plugged in?")


def _voltage(step: Step, jack: int, samples: Samples, nominal: Circuit) -> Iterator[Finding]:
    zero, now = samples[CABLES_OUT.name], samples[step.name]
    name, other = CHANNEL_NAMES[FIRST_CV + jack], CHANNEL_NAMES[FIRST_CV + 1 - jack]
    moved, stray = now.cv(jack) - zero.cv(jack), now.cv(1 - jack) - zero.cv(1 - jack)
    right = nominal.cv_per_volt[jack]
    lowest, highest = STRAIGHT_RANGE
    if not lowest <= now.cv(jack) <= highest:
        found = f"{name} reads {now.cv(jack):,.0f}, near an end of its range"
        yield Finding(found, f"{lowest:,} to {highest:,}", "does the source give much more than 5 V?")
    elif abs(stray) > STRAY_LIMIT:
        cause = "are the cables swapped?" if abs(moved) < STRAY_LIMIT else "is a cable plugged into both?"
        yield Finding(f"{other} moved by {stray:,.0f} codes", f"at most {STRAY_LIMIT}", cause)
    elif abs(slope(zero, now, jack) / right - 1) > SLOPE_TOLERANCE:
        bounds = sorted(right * (1 + sign * SLOPE_TOLERANCE) for sign in (-1, 1))
        found = f"{name} moves by {slope(zero, now, jack):,.0f} codes a volt"
        looks = "nothing" if abs(moved) < STRAY_LIMIT else f"{moved / right:.2f} V"
        cause = f"this looks like {looks}; does the source give {now.volts(jack):g} V?"
        yield Finding(found, f"{bounds[0]:,.0f} to {bounds[1]:,.0f}", cause)
    elif step is CV_STEPS[jack][1]:
        yield from _straightness(name, jack, zero, samples[CV_STEPS[jack][0].name], now)


def _straightness(name: str, jack: int, zero: Sample, first: Sample, now: Sample) -> Iterator[Finding]:
    difference = abs(slope(zero, now, jack) / slope(zero, first, jack) - 1)
    if abs(now.volts(jack) - first.volts(jack)) < LEAST_DIFFERENCE_VOLTS:
        found = f"{name} got {first.volts(jack):g} V and then {now.volts(jack):g} V"
        yield Finding(found, f"{LEAST_DIFFERENCE_VOLTS:g} V or more between them", "is it the first voltage again?")
    elif difference > STRAIGHTNESS:
        found = f"the slopes of {name} to its two voltages differ by {difference:.1%}"
        cause = "is each voltage what was said, and was the cable out at the beginning?"
        yield Finding(found, f"at most {STRAIGHTNESS:.0%}", cause)


def _knobs_left(now: Sample) -> Iterator[Finding]:
    highest = HIGHEST_CODE - POT_TRAVEL
    for name, code in zip(CHANNEL_NAMES[:FIRST_CV], now.mean, strict=False):
        if code > highest:
            cause = "is it turned to its end, wired the right way round, its wiper soldered?"
            yield Finding(f"{name} reads {code:,.0f} fully anticlockwise", f"at most {highest:,}", cause)


def _knobs_right(left: Sample, now: Sample) -> Iterator[Finding]:
    for name, low, high in zip(CHANNEL_NAMES[:FIRST_CV], left.mean, now.mean, strict=False):
        if high - low < POT_TRAVEL:
            stuck = abs(high - low) < STUCK_LIMIT
            cause = "is its wiper soldered?" if stuck else "is it turned to its end, and was it in the step before?"
            yield Finding(f"{name} goes from {low:,.0f} to {high:,.0f}", f"a travel of {POT_TRAVEL:,} or more", cause)
