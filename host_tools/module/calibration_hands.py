# SPDX-License-Identifier: MIT
"""Who turns the knobs in a calibration: a person who is asked, or the tool itself on a board that has no panel.

Depends on `calibrate`'s Hands and on rich for the asking.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from rich.console import Console

from host_tools.device import RefusalError
from host_tools.errors import UserError
from host_tools.module.calibrate import AUDIO_GAP_S, READING_GAP_S, Answer, Hands
from host_tools.module.calibration_audio import AUDIO_STEPS, INTO_IN, AudioStep
from host_tools.module.calibration_checks import STEPS, Finding, Step
from host_tools.module.client import ModuleClient
from host_tools.module.panel import HIGHEST_CODE, Circuit, Panel
from host_tools.playback import CODEC_FULL_SCALE, play_inputs

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

    def follow_audio(self, step: AudioStep) -> float:
        self._console.print(f"\n[bold]{_audio_title(step)}[/]\n{step.instruction}")
        while True:
            text = self._ask("Then enter the volts RMS that it reads. ")
            try:
                volts = float(text)
            except ValueError:
                volts = 0.0
            if math.isfinite(volts) and volts > 0:
                return volts
            self._console.print("A number above zero, as 1.98.")

    def listen(self) -> None:
        time.sleep(AUDIO_GAP_S)

    def refused(self, step: Step | AudioStep, findings: Sequence[Finding]) -> Answer:
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
    """Turns the panel of a board that has none, as if its parts were a little off. A step that is refused ends it.

    Its sine comes over the link, for what the codec hears is plucked, and its multimeter knows what was sent and what
    came back.
    """

    NOISE_CODES = 6.0
    SINE_HZ, SINE_PEAK = 440, 0.25  # of full scale
    IN_FULL_SCALE, OUT_FULL_SCALE = 0.97, 1.04  # of the nominal ones
    SETTLING_BLOCKS = 400  # power-up, bypass and meters; the multimeter reads the last quarter

    def __init__(self, client: ModuleClient, console: Console) -> None:
        factory = client.factory_settings()
        nominal = factory.circuit
        self._full_scale_volts = (
            self.IN_FULL_SCALE * factory.in_full_scale_mv / 1000,
            self.OUT_FULL_SCALE * factory.out_full_scale_mv / 1000,
        )
        self._played = 0  # samples
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

    def follow_audio(self, step: AudioStep) -> float:
        self._console.print(_audio_title(step))
        if step is INTO_IN:
            self._client.power_up()
        jack = AUDIO_STEPS.index(step)
        measured = self._play_sine(self.SETTLING_BLOCKS)[jack][-self.SETTLING_BLOCKS // 4 :]
        rms = np.sqrt(np.mean((measured / CODEC_FULL_SCALE) ** 2))
        return float(self._full_scale_volts[jack] * rms)

    def listen(self) -> None:
        model = self._client.model
        self._play_sine(round(AUDIO_GAP_S * model.sample_rate / model.block_size))

    def _play_sine(self, blocks: int) -> tuple[np.ndarray, np.ndarray]:
        """The next blocks of it: samples of the codec (blocks, block_size) into IN, and out of OUT."""
        model = self._client.model
        times = self._played + np.arange(blocks * model.block_size)
        self._played += times.size
        sine = self.SINE_PEAK * CODEC_FULL_SCALE * np.sin(2 * np.pi * self.SINE_HZ / model.sample_rate * times)
        dry = np.rint(sine).astype(np.int32).reshape(blocks, model.block_size)
        panel = play_inputs(np.tile(self._circuit.codes(Panel()), (blocks, 1)))
        return dry, self._client.play(panel, dry)[0]

    def refused(self, step: Step | AudioStep, findings: Sequence[Finding]) -> Answer:
        _tell(self._console, findings)
        return Answer.GIVE_UP

    def leave(self) -> None:
        self._client.go_live()
        self._client.turn_panel(*self._before)


def _audio_title(step: AudioStep) -> str:
    return f"audio, {AUDIO_STEPS.index(step) + 1} of {len(AUDIO_STEPS)}: {step.name}"


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
