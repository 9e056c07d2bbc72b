# SPDX-License-Identifier: MIT
"""Calibration of a module's panel: goes through the steps, stores what follows.

Depends on `client` and `calibration_checks`. Hands do the steps, see `calibration_hands`; `calibration_card` says how
it went. Nothing is stored before all steps have passed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Protocol

import numpy as np

from host_tools.errors import LinkError
from host_tools.module import calibration_checks as checks
from host_tools.module.calibration_checks import (
    CABLES_OUT,
    CV_STEPS,
    LEFT,
    RIGHT,
    STEPS,
    Finding,
    Sample,
    Samples,
    Step,
)
from host_tools.module.client import ModuleClient
from host_tools.module.panel import Circuit, Panel
from host_tools.packets import POTS

READINGS = 20
READING_GAP_S = 0.005  # 20 of them are whole periods of 50 Hz hum, and of 60 Hz


class Answer(Enum):
    """What to do after a step that was refused."""

    AGAIN = "again"
    BACK = "back"  # to the step before, which may be to blame
    GIVE_UP = "give up"


class Hands(Protocol):
    """Whoever turns the knobs."""

    def follow(self, step: Step) -> Panel:
        """Returns when it is done: where everything really is, the voltages as the source gives them."""

    def hold(self) -> None:
        """Lets READING_GAP_S pass."""

    def refused(self, step: Step, findings: Sequence[Finding]) -> Answer:
        """Tells what is wrong and decides."""

    def leave(self) -> None:
        """Lets go of the panel, whatever became of it."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """What the settings were and are, and the noise (8,) of the channels in codes, the largest of all steps."""

    before: Circuit
    after: Circuit
    noise: np.ndarray

    def rows(self) -> Iterator[dict[str, Any]]:
        """One for each number that is remembered: its name, before, after, and its channel's noise."""
        names = {"pot_low": POTS, "pot_high": POTS, "cv_zero": ("x", "y"), "cv_per_volt": ("x", "y")}
        for field, channels in names.items():
            noise = self.noise[: len(POTS)] if channels is POTS else self.noise[len(POTS) :]
            numbers = zip(channels, getattr(self.before, field), getattr(self.after, field), noise, strict=True)
            for channel, before, after, codes in numbers:
                yield {"name": f"{field} {channel}", "before": before, "after": after, "noise_codes": round(codes, 1)}


@dataclass(frozen=True)
class Refusal:
    """The step at which the hands gave up, and what was wrong there."""

    step: Step
    findings: Sequence[Finding]

    def rows(self) -> Iterator[dict[str, Any]]:
        """One for each finding."""
        for finding in self.findings:
            yield {"step": self.step.name, **finding._asdict()}


def measure(client: ModuleClient, hands: Hands) -> Samples | Refusal:
    """Goes through the steps. Changes no settings."""
    client.go_live()  # a bench that was left behind reads no ADC
    try:
        return _measure(client, hands)
    finally:
        hands.leave()


def _measure(client: ModuleClient, hands: Hands) -> Samples | Refusal:
    nominal = client.factory_settings().circuit
    samples: dict[str, Sample] = {}
    number = 0
    while number < len(STEPS):
        step = STEPS[number]
        samples[step.name] = _sample(client, hands, hands.follow(step))
        found = checks.findings(step, samples, nominal)
        answer = hands.refused(step, found) if found else None
        if answer is Answer.GIVE_UP:
            return Refusal(step, found)
        if answer is None:
            number += 1
        elif answer is Answer.BACK:
            number = max(0, number - 1)
    return samples


def circuit_of(samples: Samples) -> Circuit:
    """The circuit that gives these samples, in whole codes."""
    left, right = (np.rint(samples[step.name].mean[: len(POTS)]).astype(int) for step in (LEFT, RIGHT))
    zero = [round(samples[CABLES_OUT.name].cv(jack)) for jack in (0, 1)]
    slopes = [
        checks.slope(samples[first.name], samples[second.name], jack) for jack, (first, second) in enumerate(CV_STEPS)
    ]
    return Circuit(tuple(left.tolist()), tuple(right.tolist()), tuple(zero), tuple(map(round, slopes)))


def store(client: ModuleClient, samples: Samples) -> Calibration:
    """Has the module remember what follows from the samples, and reads it back."""
    before, after = client.settings(), circuit_of(samples)
    client.write_settings(replace(before, **vars(after)))
    if client.settings().circuit != after:
        raise LinkError(f"{client.device.name} tells another calibration than it was given; reset it and try again")
    return Calibration(before.circuit, after, np.max([sample.noise for sample in samples.values()], axis=0))


def _sample(client: ModuleClient, hands: Hands, panel: Panel) -> Sample:
    """READINGS of the ADC, each of a new block."""
    readings = []
    for _ in range(READINGS):
        hands.hold()
        readings.append(client.next_status().adc)
    return Sample(panel, np.mean(readings, axis=0), np.std(readings, axis=0))
