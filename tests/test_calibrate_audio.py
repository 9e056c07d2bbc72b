# SPDX-License-Identifier: MIT
"""Full scale at the jacks, from a sine and a multimeter: what is measured, what is refused and why, what is stored."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from stand_ins import StandInHands, StandInModule

from host_tools.boards import open_board
from host_tools.device import Device
from host_tools.errors import LinkError
from host_tools.module import calibrate
from host_tools.module.calibrate import Answer, Refusal, measure, measure_audio, store
from host_tools.module.calibration_audio import AUDIO_STEPS, FROM_OUT, INTO_IN, AudioStep
from host_tools.module.calibration_card import write_card
from host_tools.module.calibration_checks import Sample, Step
from host_tools.module.calibration_hands import hands_for
from host_tools.module.client import ModuleClient
from host_tools.module.panel import Circuit, Panel
from host_tools.packets import FLAGS

NOMINAL = Circuit([0] * 6, [65_535] * 6, [33_105] * 2, [-5_958] * 2)
# 2 V RMS at IN, and what the module's meters read of it where full scale is 8 V; 1 V RMS at OUT, where it is 4 V.
SINE = {"sine into IN": (2.0, 0.3535534), "sine at OUT": (1.0, 0.3535534)}


class SoundingModule(StandInModule):
    """Has meters that read what a test wants, and a bypass that MIDI switches on its channel."""

    def __init__(self) -> None:
        super().__init__(adc=lambda: [0] * 8)
        self.meters: dict[str, Iterator[float]] = {
            name: itertools.repeat(0.0) for name in ("input_peak", "output_peak")
        }
        self.bypass, self.obeys = False, True

    def _carry_out(self, name: str, values: dict[str, Any]) -> None:
        super()._carry_out(name, values)
        channel = max(self.settings["midi_channel"], 1) - 1
        if name == "MIDI" and self.obeys and values["bytes"][:2] == [0xB0 | channel, 81]:
            self.bypass = values["bytes"][2] >= 64

    def _status(self) -> dict[str, Any]:
        status = super()._status()
        peaks = {name: round(32_768 * next(meter)) for name, meter in self.meters.items()}
        return {**status, **peaks, "flags": status["flags"] | (FLAGS["BYPASS"] if self.bypass else 0)}


@dataclass
class Bench(StandInHands):
    """Somebody with a multimeter, who reads `volts` while the meters go through `peaks`, by the names of the steps."""

    volts: dict[str, float] = field(default_factory=dict)
    peaks: dict[str, Sequence[float]] = field(default_factory=dict)  # again and again
    bypassed: dict[str, bool] = field(default_factory=dict)  # while the steps were followed

    def __post_init__(self) -> None:
        self.module = SoundingModule()
        self.client = ModuleClient(Device(self.module))

    def follow(self, step: Step) -> Panel:
        return step.asked

    def follow_audio(self, step: AudioStep) -> float:
        volts, peak = SINE[step.name]
        self.bypassed[step.name] = self.module.bypass
        self.module.meters[step.peak] = itertools.cycle(self.peaks.get(step.name, [peak]))
        return self.volts.get(step.name, volts)


def panel_samples() -> dict[str, Sample]:
    """Of the nominal circuit, as `measure` gives them."""
    panels = {step.name: step.asked for step in calibrate.STEPS}
    return {
        name: Sample(panel, mean=1.0 * np.array(NOMINAL.codes(panel)), noise=np.zeros(8))
        for name, panel in panels.items()
    }


@pytest.mark.parametrize("channel", [0, 1, 16])
@pytest.mark.parametrize("bypass", [False, True])
def test_full_scale_is_measured_and_bypass_is_as_it_was(bypass: bool, channel: int) -> None:
    bench = Bench()
    bench.module.bypass, bench.module.settings["midi_channel"] = bypass, channel
    before = bench.client.settings()
    samples = measure_audio(bench.client, bench)
    assert not isinstance(samples, Refusal) and not bench.refusals
    assert bench.bypassed == {"sine into IN": bypass, "sine at OUT": True} and bench.module.bypass == bypass
    assert bench.left == 1 and not {"POWER_UP", "WRITE_SETTINGS"} & set(bench.module.requests)
    after = store(bench.client, panel_samples(), samples)
    expected = replace(before, **vars(after.after), in_full_scale_mv=8_000, out_full_scale_mv=4_000)
    assert bench.client.settings() == expected
    assert after.audio == {"in_full_scale_mv": (8_500, 8_000), "out_full_scale_mv": (7_500, 4_000)}


def test_between_the_peaks_of_a_slow_sine_the_meter_falls_and_its_top_counts() -> None:
    falling = [0.995**block * SINE["sine into IN"][1] for block in range(10)]  # 50 Hz: a peak in every tenth block
    bench = Bench(peaks={"sine into IN": falling})
    samples = measure_audio(bench.client, bench)
    assert not isinstance(samples, Refusal)
    assert samples["sine into IN"].full_scale_volts == pytest.approx(8.0, rel=1e-3)


def test_without_audio_its_values_stay() -> None:
    bench = Bench()
    bench.module.settings |= {"in_full_scale_mv": 9_000, "out_full_scale_mv": 3_000}
    calibration = store(bench.client, panel_samples())
    now = bench.client.settings()
    assert (now.in_full_scale_mv, now.out_full_scale_mv, calibration.audio) == (9_000, 3_000, {})


IN, OUT = "sine into IN", "sine at OUT"


@pytest.mark.parametrize(
    ("bench", "step", "found", "expected", "cause"),
    [
        (Bench(peaks={IN: [0.0]}), INTO_IN, "IN reads -inf dBFS", "at least -40", "plugged into IN"),
        (Bench(peaks={IN: [0.0099]}), INTO_IN, "IN reads -40.1 dBFS", "at least -40", "does it play"),
        (Bench(peaks={OUT: [0.0]}), FROM_OUT, "OUT reads -inf dBFS", "at least -40", "does it play"),
        (Bench(peaks={IN: [0.945]}), INTO_IN, "reads -0.5 dBFS, which may be clipped", "below -0.5", "Turn it down"),
        (Bench(peaks={OUT: [1.0]}), FROM_OUT, "reads 0.0 dBFS, which may be clipped", "below -0.5", "Turn it down"),
        (Bench(peaks={IN: [0.3] * 7 + [0.32]}), INTO_IN, "IN moves by 0.6 dB", "at most 0.5", "a steady sine"),
        (Bench(peaks={OUT: [0.3] * 7 + [0.0]}), FROM_OUT, "OUT moves by inf dB", "at most 0.5", "a steady sine"),
        (Bench(volts={IN: 0.24}), INTO_IN, "at IN would be 0.96 V", "1 to 20 V", "is it IN that was measured"),
        (Bench(volts={IN: 5.1}), INTO_IN, "at IN would be 20.40 V", "1 to 20 V", "in volts RMS"),
        (Bench(volts={OUT: 1_000.0}), FROM_OUT, "would be 4000.08 V", "1 to 20 V", "not in millivolts"),
        (Bench(volts={IN: 0.0}), INTO_IN, "IN has 0 V", "more than 0 V", "set to AC"),
        (Bench(volts={OUT: -2.0}), FROM_OUT, "OUT has -2 V", "more than 0 V", "set to AC"),
        (Bench(volts={IN: float("nan")}), INTO_IN, "IN has nan V", "more than 0 V", "set to AC"),
        (Bench(volts={OUT: float("inf")}), FROM_OUT, "OUT has inf V", "more than 0 V", "set to AC"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_nonsense_is_refused_with_its_probable_cause(
    bench: Bench, step: AudioStep, found: str, expected: str, cause: str
) -> None:
    refused = measure_audio(bench.client, bench)
    ((where, (finding,)),) = bench.refusals
    assert refused == Refusal(step, [finding]) and where is step
    assert found in finding.found and expected in finding.expected and cause in finding.cause
    assert "WRITE_SETTINGS" not in bench.module.requests and bench.left == 1 and not bench.module.bypass


@pytest.mark.parametrize("peaks", [[0.0101], [0.94], [0.3, 0.317]])
def test_what_is_just_within_the_limits_passes(peaks: list[float]) -> None:
    volts = 8 * max(peaks) / 2**0.5
    bench = Bench({IN: volts, OUT: volts}, {IN: peaks, OUT: peaks})
    samples = measure_audio(bench.client, bench)
    assert not isinstance(samples, Refusal)
    assert [samples[step.name].full_scale_volts for step in AUDIO_STEPS] == pytest.approx([8, 8], rel=0.005)


def test_a_module_that_does_not_go_into_bypass_is_refused() -> None:
    bench = Bench()
    bench.module.obeys = False
    refused = measure_audio(bench.client, bench)
    assert isinstance(refused, Refusal) and refused.step is FROM_OUT
    assert refused.findings[0].found == "the module is not in bypass"


def test_a_step_may_be_done_again_and_the_one_before() -> None:
    bench = Bench(answers=[Answer.AGAIN, Answer.BACK])
    tries = iter([0.0, SINE[IN][0]])
    follow = bench.follow_audio
    asked = []

    def follow_audio(step: AudioStep) -> float:
        asked.append(step)
        volts = follow(step)
        if step is INTO_IN:
            return next(tries, volts)
        return volts if len(asked) > 3 else 0.0

    bench.follow_audio = follow_audio  # type: ignore[method-assign]
    assert not isinstance(measure_audio(bench.client, bench), Refusal)
    assert asked == [INTO_IN, INTO_IN, FROM_OUT, INTO_IN, FROM_OUT]


def test_bypass_is_as_it_was_when_somebody_stops_it() -> None:
    bench = Bench()
    follow = bench.follow_audio

    def stop(step: AudioStep) -> float:
        if step is FROM_OUT:
            raise KeyboardInterrupt
        return follow(step)

    bench.follow_audio = stop  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        measure_audio(bench.client, bench)
    assert not bench.module.bypass and bench.left == 1


def test_a_module_that_could_not_save_is_an_error() -> None:
    bench = Bench()
    samples = measure_audio(bench.client, bench)
    assert not isinstance(samples, Refusal)
    bench.module.refuse("WRITE_SETTINGS", "NOT_SAVED")
    with pytest.raises(LinkError, match="could not be written to the flash"):
        store(bench.client, panel_samples(), samples)


def test_the_report_card_has_full_scale(tmp_path: Path) -> None:
    bench = Bench()
    samples = measure_audio(bench.client, bench)
    assert not isinstance(samples, Refusal)
    numbers, page = write_card(bench.client, store(bench.client, panel_samples(), samples), tmp_path)
    rows = {row["name"]: row for row in json.loads(numbers.read_text())["results"]}
    assert len(rows) == 18 and (rows["in_full_scale_mv"]["before"], rows["in_full_scale_mv"]["after"]) == (8_500, 8_000)
    assert "| out_full_scale_mv | 7,500 | 4,000 |  |" in page.read_text()


def test_a_refused_sine_has_a_card_too(tmp_path: Path) -> None:
    bench = Bench(peaks={IN: [0.0]})
    refused = measure_audio(bench.client, bench)
    assert isinstance(refused, Refusal)
    _, page = write_card(bench.client, refused, tmp_path)
    assert "REFUSED" in page.read_text() and "| sine into IN | the module's meter of IN reads -inf" in page.read_text()


@pytest.mark.parametrize("board", ["host", "qemu_m7"])
def test_a_board_without_jacks_gets_its_sine_over_the_link(board: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And again by what was found: full scale is the same, however the module brings it to its own."""
    monkeypatch.setattr(calibrate, "READINGS", 4)
    with open_board(board) as device:
        client = ModuleClient(device)
        hands = hands_for(client, Console(quiet=True))
        panel = measure(client, hands)
        assert not isinstance(panel, Refusal)
        for before in ((8_500, 7_500), (8_245, 7_800)):
            samples = measure_audio(client, hands)
            assert not isinstance(samples, Refusal) and "LIVE" in client.status().flags
            audio = store(client, panel, samples).audio
            assert [first for first, _ in audio.values()] == pytest.approx(before, rel=1e-3)
            assert [last for _, last in audio.values()] == pytest.approx((8_245, 7_800), rel=1e-3)
        assert "BYPASS" not in client.next_status().flags
