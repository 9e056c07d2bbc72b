# SPDX-License-Identifier: MIT
"""Calibration of a module's panel and its audio: goes through the steps, stores what follows.

Depends on `client`, `calibration_checks` and `calibration_audio`. Hands do the steps, see `calibration_hands`;
`calibration_card` says how it went. Nothing is stored before all steps have passed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Protocol, TypeVar

import numpy as np

from host_tools.errors import LinkError
from host_tools.module import calibration_checks as checks
from host_tools.module.calibration_audio import (
    AUDIO_STEPS,
    AudioSample,
    AudioSamples,
    AudioStep,
    audio_findings,
    full_scales,
)
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
AUDIO_GAP_S = 0.007  # so that readings come at all phases of a sine of 50 Hz, whose peaks are 10 ms apart

_AnyStep = TypeVar("_AnyStep", Step, AudioStep)


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

    def follow_audio(self, step: AudioStep) -> float:
        """Returns when the sine plays and is measured: what the multimeter reads, in volts RMS."""

    def listen(self) -> None:
        """Lets AUDIO_GAP_S pass, in which the sine plays on."""

    def refused(self, step: Step | AudioStep, findings: Sequence[Finding]) -> Answer:
        """Tells what is wrong and decides."""

    def leave(self) -> None:
        """Lets go of the panel, whatever became of it."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """What the settings were and are, and the noise (8,) of the channels in codes, the largest of all steps.

    `audio`: full scales before and after by the names of their settings, where they were measured.
    """

    before: Circuit
    after: Circuit
    noise: np.ndarray
    audio: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def rows(self) -> Iterator[dict[str, Any]]:
        """One for each number that was measured: its name, before, after, and its channel's noise."""
        names = {"pot_low": POTS, "pot_high": POTS, "cv_zero": ("x", "y"), "cv_per_volt": ("x", "y")}
        for name, channels in names.items():
            noise = self.noise[: len(POTS)] if channels is POTS else self.noise[len(POTS) :]
            numbers = zip(channels, getattr(self.before, name), getattr(self.after, name), noise, strict=True)
            for channel, before, after, codes in numbers:
                yield {"name": f"{name} {channel}", "before": before, "after": after, "noise_codes": round(codes, 1)}
        for name, (millivolts_before, millivolts) in self.audio.items():
            yield {"name": name, "before": millivolts_before, "after": millivolts, "noise_codes": None}


@dataclass(frozen=True)
class Refusal:
    """The step at which the hands gave up, and what was wrong there."""

    step: Step | AudioStep
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

    def take(step: Step) -> list[Finding]:
        samples[step.name] = _sample(client, hands, hands.follow(step))
        return checks.findings(step, samples, nominal)

    return _go_through(STEPS, hands, take) or samples


def measure_audio(client: ModuleClient, hands: Hands) -> AudioSamples | Refusal:
    """Goes through the audio steps, after `measure`. Changes no settings, and leaves bypass as it was."""
    client.go_live()
    bypassed = "BYPASS" in client.status().flags
    samples: dict[str, AudioSample] = {}

    def take(step: AudioStep) -> list[Finding]:
        if step.bypass:
            client.bypass(True)
        samples[step.name] = _audio_sample(client, hands, step)
        return audio_findings(step, samples[step.name])

    try:
        return _go_through(AUDIO_STEPS, hands, take) or samples
    finally:
        hands.leave()
        client.bypass(bypassed)


def _go_through(steps: Sequence[_AnyStep], hands: Hands, take: Callable[[_AnyStep], list[Finding]]) -> Refusal | None:
    """Takes step after step until all have passed, or the hands give up."""
    number = 0
    while number < len(steps):
        step = steps[number]
        found = take(step)
        answer = hands.refused(step, found) if found else None
        if answer is Answer.GIVE_UP:
            return Refusal(step, found)
        if answer is None:
            number += 1
        elif answer is Answer.BACK:
            number = max(0, number - 1)
    return None


def circuit_of(samples: Samples) -> Circuit:
    """The circuit that gives these samples, in whole codes."""
    left, right = (np.rint(samples[step.name].mean[: len(POTS)]).astype(int) for step in (LEFT, RIGHT))
    zero = [round(samples[CABLES_OUT.name].cv(jack)) for jack in (0, 1)]
    slopes = [
        checks.slope(samples[first.name], samples[second.name], jack) for jack, (first, second) in enumerate(CV_STEPS)
    ]
    return Circuit(tuple(left.tolist()), tuple(right.tolist()), tuple(zero), tuple(map(round, slopes)))


def store(client: ModuleClient, samples: Samples, audio: AudioSamples | None = None) -> Calibration:
    """Has the module remember what follows from the samples, and reads it back. Without audio its values stay."""
    before, after = client.settings(), circuit_of(samples)
    volts = full_scales(audio) if audio else {}
    client.write_settings(replace(before, **vars(after), **volts))
    now = client.settings()
    if now.circuit != after or any(getattr(now, name) != value for name, value in volts.items()):
        raise LinkError(f"{client.device.name} tells another calibration than it was given; reset it and try again")
    noise = np.max([sample.noise for sample in samples.values()], axis=0)
    changed = {name: (getattr(before, name), value) for name, value in volts.items()}
    return Calibration(before.circuit, after, noise, changed)


def _sample(client: ModuleClient, hands: Hands, panel: Panel) -> Sample:
    """READINGS of the ADC, each of a new block."""
    readings = []
    for _ in range(READINGS):
        hands.hold()
        readings.append(client.next_status().adc)
    return Sample(panel, np.mean(readings, axis=0), np.std(readings, axis=0))


def _audio_sample(client: ModuleClient, hands: Hands, step: AudioStep) -> AudioSample:
    """READINGS of the step's meter, each of a new block."""
    volts, statuses = hands.follow_audio(step), []
    for _ in range(READINGS):
        hands.listen()
        statuses.append(client.next_status())
    bypassed = all("BYPASS" in status.flags for status in statuses)
    return AudioSample(volts, tuple(getattr(status, step.peak) for status in statuses), bypassed)
