# SPDX-License-Identifier: MIT
"""Calibration of a module's panel: goes through the steps, stores what follows, writes the report card.

Depends on `module` and `calibration_checks`. Hands do the steps, see `calibration_hands`. Nothing is stored before all
steps have passed.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from host_tools.errors import LinkError
from host_tools.files import REPOSITORY, git_revision, write_atomically
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

REPORTS = REPOSITORY / "build" / "reports"
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


def measure(client: ModuleClient, hands: Hands) -> Samples | None:
    """Goes through the steps; None when the hands gave up. Changes no settings."""
    nominal = client.factory_settings().circuit
    samples: dict[str, Sample] = {}
    number = 0
    while number < len(STEPS):
        step = STEPS[number]
        samples[step.name] = _sample(client, hands, hands.follow(step))
        found = checks.findings(step, samples, nominal)
        answer = hands.refused(step, found) if found else None
        if answer is Answer.GIVE_UP:
            return None
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


def write_card(client: ModuleClient, calibration: Calibration, folder: Path = REPORTS) -> tuple[Path, Path]:
    """Writes calibration_STAMP.json and the same for people, .md; the stamp is UTC. Returns both paths."""
    now, greeting = datetime.datetime.now(datetime.UTC), client.device.hello()
    facts = {
        "board": greeting.board,
        "port": client.device.name,
        "firmware": greeting.firmware_version,
        "tools": git_revision(),
        "made": now.strftime("%Y-%m-%d %H:%M:%S UTC"),
        "verdict": "PASS",
    }
    rows = list(calibration.rows())
    path = folder / f"calibration_{now:%Y%m%d-%H%M%S}.json"
    return (
        write_atomically(path, json.dumps({**facts, "limits": _limits(), "results": rows}, indent=2) + "\n"),
        write_atomically(path.with_suffix(".md"), _markdown(facts, rows)),
    )


def _limits() -> dict[str, float]:
    """What every step was held to."""
    return {
        "zero_tolerance_codes": checks.ZERO_TOLERANCE,
        "slope_tolerance": checks.SLOPE_TOLERANCE,
        "straightness": checks.STRAIGHTNESS,
        "noise_codes": checks.NOISE_LIMIT,
        "pot_travel_codes": checks.POT_TRAVEL,
    }


def _markdown(facts: dict[str, str], rows: Sequence[dict[str, Any]]) -> str:
    lines = [f"# Calibration of {facts['board']}: {facts['verdict']}", ""]
    lines += [f"- {name}: {value}" for name, value in facts.items()]
    lines += ["", "| ADC codes | before | after | noise |", "|---|---:|---:|---:|"]
    lines += [f"| {row['name']} | {row['before']:,} | {row['after']:,} | {row['noise_codes']} |" for row in rows]
    return "\n".join([*lines, ""])


def _sample(client: ModuleClient, hands: Hands, panel: Panel) -> Sample:
    """READINGS of the ADC, each of a new block."""
    readings = []
    for _ in range(READINGS):
        hands.hold()
        readings.append(client.next_status().adc)
    return Sample(panel, np.mean(readings, axis=0), np.std(readings, axis=0))
