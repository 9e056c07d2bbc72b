# SPDX-License-Identifier: MIT
"""Who turns the knobs in a calibration: a person who is asked, or the tool itself on a board that has no panel.

Depends on `calibrate`'s Hands and on rich for the asking.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from rich.console import Console

from host_tools.device import RefusalError
from host_tools.errors import UserError
from host_tools.module.calibrate import READING_GAP_S, Answer, Hands
from host_tools.module.calibration_checks import STEPS, Finding, Step
from host_tools.module.client import ModuleClient
from host_tools.module.panel import HIGHEST_CODE, Circuit, Panel

# Of a source: with less, an error of it weighs too much; one of 5 V may give a little more.
LEAST_VOLTS, MOST_VOLTS = 1.0, 5.3


class Person:
    """Is told at a terminal what to do, and says when it is done."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def follow(self, step: Step) -> Panel:
        self._console.print(f"\n[bold]{STEPS.index(step) + 1} of {len(STEPS)}: {step.name}[/]\n{step.instruction}")
        if step.jack is None:
            self._ask("Then press Enter. ")
            return step.asked
        if step.jack == 0:
            return replace(step.asked, cv_x=self._ask_volts(step.asked.cv_x))
        return replace(step.asked, cv_y=self._ask_volts(step.asked.cv_y))

    def hold(self) -> None:
        time.sleep(READING_GAP_S)

    def refused(self, step: Step, findings: Sequence[Finding]) -> Answer:
        _tell(self._console, findings)
        answers = {"": Answer.AGAIN, "b": Answer.BACK, "g": Answer.GIVE_UP}
        while True:
            answer = self._ask("Enter: this step again, b: back to the step before, g: give up. ")
            if answer in answers:
                return answers[answer]

    def leave(self) -> None:
        pass

    def _ask_volts(self, proposed: float) -> float:
        while True:
            text = self._ask(f"Then enter the volts that it gives (Enter: {proposed:+g}). ")
            try:
                volts = float(text or proposed)
            except ValueError:
                volts = 0.0
            if LEAST_VOLTS <= abs(volts) <= MOST_VOLTS:
                return volts
            self._console.print(f"Between {LEAST_VOLTS:g} and {MOST_VOLTS:g} V, of either sign.")

    def _ask(self, prompt: str) -> str:
        try:
            return self._console.input(prompt).strip().lower()
        except EOFError as error:
            raise UserError("calibrate asks questions, and nobody answers; run it in a terminal") from error


class VirtualHands:
    """Turns the panel of a board that has none, as if its parts were a little off. A step that is refused ends it."""

    NOISE_CODES = 6.0

    def __init__(self, client: ModuleClient, console: Console) -> None:
        nominal = client.factory_settings().circuit
        pots = [300] * len(nominal.pot_low), [HIGHEST_CODE - 435] * len(nominal.pot_high)
        zero, slope = np.asarray(nominal.cv_zero), np.asarray(nominal.cv_per_volt)
        self._circuit = Circuit(*pots, (zero + 200).tolist(), (0.98 * slope).tolist())
        self._client, self._console = client, console
        status = client.status()
        self._before = status.adc, status.inputs
        self._panel = Panel()
        self._noise = np.random.default_rng(0)

    def follow(self, step: Step) -> Panel:
        self._console.print(f"{STEPS.index(step) + 1} of {len(STEPS)}: {step.name}")
        self._panel = step.asked
        return step.asked

    def hold(self) -> None:
        codes = np.asarray(self._circuit.codes(self._panel)) + self._noise.normal(0, self.NOISE_CODES, 8)
        self._client.turn_panel(np.clip(np.rint(codes), 0, HIGHEST_CODE).astype(int).tolist(), self._panel.inputs)
        time.sleep(READING_GAP_S)

    def refused(self, step: Step, findings: Sequence[Finding]) -> Answer:
        _tell(self._console, findings)
        return Answer.GIVE_UP

    def leave(self) -> None:
        self._client.turn_panel(*self._before)


def _tell(console: Console, findings: Sequence[Finding]) -> None:
    for found, expected, cause in findings:
        console.print(f"[bold red]refused:[/] {found}\n  expected {expected}\n  {cause}", highlight=False)


def hands_for(client: ModuleClient, console: Console) -> Hands:
    """Virtual ones when the module lets its panel be turned over the link."""
    status = client.status()
    try:
        client.turn_panel(status.adc, status.inputs)
    except RefusalError as refusal:
        if refusal.name != "REAL_PANEL":
            raise
        return Person(console)
    console.print("this board has no panel; its knobs are turned for you")
    return VirtualHands(client, console)
