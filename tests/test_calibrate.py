# SPDX-License-Identifier: MIT
"""Calibration with good panels and bad ones: what is measured, what is refused and why, what is stored."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from stand_ins import StandInHands, StandInModule

from host_tools.device import Device
from host_tools.errors import LinkError
from host_tools.module.calibrate import Answer, Refusal, circuit_of, measure, store
from host_tools.module.calibration_audio import AudioStep
from host_tools.module.calibration_card import write_card
from host_tools.module.calibration_checks import CABLES_OUT, CV_STEPS, LEFT, RIGHT, STEPS, Step
from host_tools.module.client import ModuleClient
from host_tools.module.panel import Circuit, Panel

OFF_NOMINAL = Circuit(
    (310, 0, 250, 90, 400, 12), (65_000, 65_535, 64_800, 65_100, 65_535, 60_000), (33_000, 33_900), (-6_100, -5_700)
)


@dataclass
class Bench(StandInHands):
    """A module with a panel of its own and somebody who does what is asked, or nearly."""

    circuit: Circuit = OFF_NOMINAL
    really: Callable[[Step], Panel] = lambda step: step.asked  # what is done when something is asked
    noise_codes: Sequence[float] = (4.0,) * 8
    stuck: dict[int, int] = field(default_factory=dict)  # channels that always read this
    steps: list[Step] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._panel = Panel()
        self._random = np.random.default_rng(0)
        self.module = StandInModule(adc=self._read)
        self.client = ModuleClient(Device(self.module))

    def _read(self) -> list[int]:
        codes = np.array(self.circuit.codes(self._panel)) + self._random.normal(0, self.noise_codes)
        for channel, code in self.stuck.items():
            codes[channel] = code
        return np.clip(np.rint(codes), 0, 65_535).astype(int).tolist()

    def follow(self, step: Step) -> Panel:
        self.steps.append(step)
        self._panel = self.really(step)
        return step.asked

    def follow_audio(self, step: AudioStep) -> float:
        raise AssertionError("a calibration of the panel alone asks for no sine")

    def refusal(self) -> tuple[Step | AudioStep, str, str]:
        """The one refusal that ends this calibration: where, what was found, the probable cause."""
        refused = measure(self.client, self)
        ((step, (finding,)),) = self.refusals
        assert refused == Refusal(step, [finding])
        assert "WRITE_SETTINGS" not in self.module.requests
        assert finding.expected
        return step, finding.found, finding.cause


def test_a_good_panel_is_measured_to_a_few_codes() -> None:
    bench = Bench()
    samples = measure(bench.client, bench)
    assert not isinstance(samples, Refusal) and not bench.refusals and bench.steps == list(STEPS)
    assert bench.left == 1 and not {"POWER_UP", "RESET"} & set(bench.module.requests)  # the sound was not interrupted
    found = circuit_of(samples)
    for name, tolerance in (
        ("pot_low", 4),
        ("pot_high", 4),
        ("cv_zero", 4),
        ("cv_per_volt", 1),
    ):  # noise of 4, averaged
        assert np.allclose(getattr(found, name), getattr(OFF_NOMINAL, name), atol=tolerance), name


def test_what_was_measured_is_stored_beside_what_was_there() -> None:
    bench = Bench()
    bench.module.settings["morph_time_ms"] = 77
    before = bench.client.settings()
    samples = measure(bench.client, bench)
    assert not isinstance(samples, Refusal) and bench.client.settings() == before
    calibration = store(bench.client, samples)
    assert bench.client.settings() == replace(before, **vars(circuit_of(samples)))
    assert calibration.before == before.circuit and calibration.after == circuit_of(samples)
    assert calibration.noise == pytest.approx(4, abs=3)


def test_a_module_that_could_not_save_is_an_error() -> None:
    bench = Bench()
    samples = measure(bench.client, bench)
    assert not isinstance(samples, Refusal)
    bench.module.refuse("WRITE_SETTINGS", "NOT_SAVED")
    with pytest.raises(LinkError, match="could not be written to the flash"):
        store(bench.client, samples)


def swapped(step: Step) -> Panel:
    return replace(step.asked, cv_x=step.asked.cv_y, cv_y=step.asked.cv_x)


def ten_volts(step: Step) -> Panel:
    return replace(step.asked, cv_x=2 * step.asked.cv_x, cv_y=2 * step.asked.cv_y)


def upside_down(step: Step) -> Panel:
    return replace(step.asked, cv_x=-step.asked.cv_x)


def left_in(step: Step) -> Panel:
    return replace(step.asked, cv_x=1.0) if step is CABLES_OUT else step.asked


def left_in_a_little(step: Step) -> Panel:
    return replace(step.asked, cv_x=0.1) if step is CABLES_OUT else step.asked


def unplugged(step: Step) -> Panel:
    return replace(step.asked, cv_y=0.0)


def into_both(step: Step) -> Panel:
    return replace(step.asked, cv_y=step.asked.cv_x) if step.jack == 0 else step.asked


def sagging(step: Step) -> Panel:
    return replace(step.asked, cv_y=4.85) if step is CV_STEPS[1][0] else step.asked


def half_turned(step: Step) -> Panel:
    return replace(step.asked, level=0.7) if step is RIGHT else step.asked


def backwards(step: Step) -> Panel:
    return replace(step.asked, mix=1 - step.asked.mix) if step in (LEFT, RIGHT) else step.asked


@pytest.mark.parametrize(
    ("bench", "step", "found", "cause"),
    [
        (Bench(really=swapped), CV_STEPS[0][0], "CV Y moved by", "cables swapped"),
        (Bench(really=ten_volts), CV_STEPS[0][0], "near an end of its range", "much more than 5 V"),
        (Bench(really=upside_down), CV_STEPS[0][0], "CV X moves by 6,1", "looks like -5.1"),
        (Bench(really=left_in), CABLES_OUT, "CV X reads 26,", "cable still plugged in"),
        (Bench(really=left_in_a_little), CV_STEPS[0][1], "slopes of CV X to its two voltages differ by 4", "cable out"),
        (Bench(really=unplugged), CV_STEPS[1][0], "CV Y moves by", "looks like nothing; does the source give 5 V"),
        (Bench(really=into_both), CV_STEPS[0][0], "CV Y moved by", "plugged into both"),
        (Bench(really=sagging), CV_STEPS[1][1], "slopes of CV Y to its two voltages differ by 3", "what was said"),
        (Bench(noise_codes=(4,) * 6 + (90, 4)), CABLES_OUT, "CV X is noisy", "does the contact hold"),
        (Bench(noise_codes=(4, 90, *(4,) * 6)), LEFT, "knob y is noisy", "held still"),
        (Bench(stuck={2: 30_000}), LEFT, "knob att_x reads 30,000", "wiper soldered"),
        (Bench(stuck={2: 0}), RIGHT, "knob att_x goes from 0 to 0", "wiper soldered"),
        (Bench(really=half_turned), RIGHT, "knob level goes from 400 to 45,9", "turned to its end"),
        (Bench(really=backwards), LEFT, "knob mix reads ", "wired the right way round"),
        (
            Bench(circuit=replace(OFF_NOMINAL, cv_per_volt=(-5_400, -5_958))),
            CV_STEPS[0][0],
            "CV X moves by -5,",
            "4.53 V",
        ),
        (Bench(circuit=replace(OFF_NOMINAL, cv_zero=(33_000, 31_000))), CABLES_OUT, "CV Y reads 3", "cable"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_nonsense_is_refused_with_its_probable_cause(bench: Bench, step: Step, found: str, cause: str) -> None:
    where, what, why = bench.refusal()
    assert where is step and found in what and cause in why


def test_what_is_just_within_the_limits_passes() -> None:
    circuit = Circuit([0] * 6, [50_100] * 6, [33_105 + 1_400, 33_105 - 1_400], [-5_958 * 0.93] * 2)
    bench = Bench(circuit, noise_codes=(25.0,) * 8)
    assert not isinstance(measure(bench.client, bench), Refusal)


def test_the_same_voltage_twice_is_no_second_voltage() -> None:
    class Lazy(Bench):
        def follow(self, step: Step) -> Panel:
            self._panel = replace(step.asked, cv_x=5.0) if step.jack == 0 else step.asked
            return self._panel

    where, what, why = Lazy().refusal()
    assert where is CV_STEPS[0][1] and what == "CV X got 5 V and then 5 V" and "first voltage again" in why


def test_a_step_may_be_done_again() -> None:
    tries = iter([1.0])  # with a cable in, at first
    bench = Bench(really=lambda step: replace(step.asked, cv_x=next(tries, step.asked.cv_x)), answers=[Answer.AGAIN])
    assert not isinstance(measure(bench.client, bench), Refusal)
    assert bench.steps == [CABLES_OUT, *STEPS]


def test_the_step_before_may_be_done_again() -> None:
    """A knob not quite at its left end passes there, and is refused at the right one."""
    tries = iter([0.2])

    def really(step: Step) -> Panel:
        return replace(step.asked, level=next(tries, 0.0)) if step is LEFT else step.asked

    bench = Bench(replace(OFF_NOMINAL, pot_high=(62_000,) * 6), really, answers=[Answer.BACK])
    samples = measure(bench.client, bench)
    assert not isinstance(samples, Refusal) and bench.steps[-4:] == [LEFT, RIGHT, LEFT, RIGHT]
    assert circuit_of(samples).pot_low[4] == pytest.approx(400, abs=4)


def test_the_report_card_has_before_and_after(tmp_path: Path) -> None:
    bench = Bench()
    samples = measure(bench.client, bench)
    assert not isinstance(samples, Refusal)
    numbers, page = write_card(bench.client, store(bench.client, samples), tmp_path)
    document = json.loads(numbers.read_text())
    assert (document["board"], document["firmware"], document["verdict"]) == ("stand-in", "1.2.3", "PASS")
    rows = {row["name"]: row for row in document["results"]}
    assert len(rows) == 16 and rows["pot_low x"]["before"] == 0 and abs(rows["pot_low x"]["after"] - 310) < 5
    assert rows["cv_zero y"]["before"] == 33_105 and rows["cv_zero y"]["noise_codes"] < 10
    assert numbers.stem == page.stem and "| cv_per_volt x | -5,958 | -6,1" in page.read_text()


def test_a_refused_calibration_has_a_card_too(tmp_path: Path) -> None:
    bench = Bench(really=left_in)
    refused = measure(bench.client, bench)
    assert isinstance(refused, Refusal) and bench.left == 1
    numbers, page = write_card(bench.client, refused, tmp_path)
    document = json.loads(numbers.read_text())
    (row,) = document["results"]
    assert (document["verdict"], row["step"], row["cause"]) == (
        "REFUSED",
        "cables out",
        "is a cable still plugged in?",
    )
    assert "# Calibration of stand-in: REFUSED" in page.read_text() and "| cables out | CV X reads" in page.read_text()


def test_a_bench_that_was_left_behind_is_ended_first() -> None:
    bench = Bench()
    bench.client.power_up()
    assert not isinstance(measure(bench.client, bench), Refusal)
    assert "LIVE" in bench.client.status().flags


@pytest.mark.parametrize("volts", [5.03, 5.2])
def test_a_source_may_give_a_little_more_than_five_volts(volts: float) -> None:
    class Exact(Bench):
        def follow(self, step: Step) -> Panel:
            self._panel = replace(step.asked, cv_x=step.asked.cv_x * volts / 5, cv_y=step.asked.cv_y * volts / 5)
            return self._panel

    nominal = replace(OFF_NOMINAL, cv_zero=(33_105, 33_105), cv_per_volt=(-5_958, -5_958))
    bench = Exact(nominal)
    samples = measure(bench.client, bench)
    assert not isinstance(samples, Refusal)
    assert circuit_of(samples).cv_per_volt == pytest.approx((-5_958, -5_958), abs=1)
