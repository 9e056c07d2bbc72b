# SPDX-License-Identifier: MIT
"""A recording through the whole module: what is plugged in, how long the result is, the same by every way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from stand_ins import StandInModule

from host_tools import boards
from host_tools.device import Device
from host_tools.errors import LinkError, UserError
from host_tools.module.client import ModuleClient, Spot
from host_tools.module.cv_sources import GATE_HIGH_VOLTS, cv_source, gate_source
from host_tools.module.panel import Panel
from host_tools.module.play import Patch, parse_knobs, play, prepare
from host_tools.packets import INPUT_GATE

RATE = 48_000
TIMES = np.arange(1_000) / 1_000  # of blocks
NOON = Panel()


@pytest.fixture
def take(tmp_path: Path) -> Path:
    """A quarter of a second and a bit: not whole blocks."""
    path = tmp_path / "take.wav"
    soundfile.write(path, 0.5 * np.sin(np.arange(12_345) / 20), RATE, subtype="PCM_24")
    return path


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> StandInModule:
    """What every board is."""
    module = StandInModule()
    monkeypatch.setattr(boards, "open_board", lambda board, storage=None: Device(module))
    return module


def samples_of(path: Path) -> np.ndarray:
    samples, rate = soundfile.read(path, dtype="float64")
    assert rate == RATE
    return samples


def test_an_lfo_is_a_sine_of_its_volts() -> None:
    volts = cv_source("lfo:2:3", RATE).volts(TIMES)
    assert np.allclose(volts, 3 * np.sin(4 * np.pi * TIMES))
    assert cv_source("lfo:2", RATE).volts(TIMES).max() == pytest.approx(5.0)


def test_steady_volts_stay() -> None:
    assert set(cv_source("dc:-1.25", RATE).volts(TIMES)) == {-1.25}


def test_a_clock_is_high_in_the_first_half_of_its_period() -> None:
    high = gate_source("clock:4", RATE).volts(TIMES) > GATE_HIGH_VOLTS
    assert high[:125].all() and not high[125:250].any() and high[250:375].all() and high.sum() == 500


def test_the_full_scale_of_a_file_is_five_volts(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "cv.wav", np.linspace(-1, 1, RATE // 2, dtype=np.float32), RATE, subtype="FLOAT")
    volts = cv_source(str(tmp_path / "cv.wav"), RATE).volts(TIMES)
    assert np.allclose(volts[:500], 10 * TIMES[:500] / 0.5 - 5, atol=1e-3)  # a sample of the ramp is 0.4 mV
    assert not volts[500:].any()  # it has ended


def test_a_gate_file_is_high_above_a_volt(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "gate.wav", np.repeat([0.0, 0.19, 0.21, -0.9], RATE // 4), RATE)
    high = gate_source(str(tmp_path / "gate.wav"), RATE).volts(TIMES) > GATE_HIGH_VOLTS
    assert np.flatnonzero(high).tolist() == list(range(500, 750))


@pytest.mark.parametrize("text", ["lfo:", "lfo:x", "lfo:1:2:3", "lfo:nan", "dc:1:2", "dc:", "dc:inf"])
def test_what_is_no_cv_names_the_forms(text: str) -> None:
    with pytest.raises(UserError, match=r"is no CV; give a WAV or FLAC file, lfo:HZ"):
        cv_source(text, RATE)


@pytest.mark.parametrize("text", ["dc:13", "lfo:1:-20", "lfo:-1"])
def test_a_cv_beyond_the_rack_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="-12 to 12 V"):
        cv_source(text, RATE)


@pytest.mark.parametrize("text", ["lfo:500.1", "lfo:1000:2", "clock:501"])
def test_what_is_faster_than_the_module_reads_its_jacks_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="reads its jacks once a millisecond; give 500 Hz at most"):
        (gate_source if "clock" in text else cv_source)(text, RATE)


@pytest.mark.parametrize("text", ["clock:", "clock:0", "clock:-1", "clock:1:2"])
def test_what_is_no_gate_names_the_forms(text: str) -> None:
    with pytest.raises(UserError, match="is no gate; give a WAV or FLAC file, or clock:HZ"):
        gate_source(text, RATE)


def test_a_source_that_is_no_file_is_named() -> None:
    with pytest.raises(UserError, match=r"sine:1: no such file"):
        cv_source("sine:1", RATE)


def test_knobs_are_turned_by_name() -> None:
    assert parse_knobs(["x=0", "mix=0.25"]) == Panel(x=0.0, mix=0.25)


@pytest.mark.parametrize("word", ["x", "x=", "x=1.01", "x=-0.1", "x=nan", "volume=1", "=1"])
def test_what_turns_no_knob_is_named(word: str) -> None:
    with pytest.raises(UserError, match=r"turns no knob; give NAME=0 to NAME=1, of x, y, att_x"):
        parse_knobs(["y=1", word])


def test_the_module_settles_before_the_recording_begins(take: Path) -> None:
    client = ModuleClient(Device(StandInModule()))
    prepared = prepare(take, Patch(NOON, "dc:2", "lfo:4", "clock:1"), client.settings(), client.model)
    assert prepared.settling == 300  # blocks of a millisecond
    assert not prepared.dry[:300].any() and not prepared.inputs["inputs"][:300].any()
    assert set(prepared.inputs["adc"][:, 6]) == {33_105 - 2 * 5_958} and set(prepared.inputs["adc"][:300, 7]) == {
        33_105
    }
    assert prepared.inputs["inputs"][300] == INPUT_GATE
    assert np.array_equal(prepared.cut(prepared.dry), samples_of(take))


def test_a_port_plays_every_block_and_is_left_live(take: Path, stand_in: StandInModule, tmp_path: Path) -> None:
    """The stand-in gives back what it gets."""
    notes = play(take, tmp_path / "wet.wav", "/dev/ttyACM0", Patch(NOON, preset=3))
    assert np.array_equal(samples_of(tmp_path / "wet.wav"), samples_of(take))
    assert stand_in.requests.index("RECALL_PRESET") == stand_in.requests.index("PLAY") - 1
    assert stand_in.requests.count("PLAY") == 300 + 258 and stand_in.requests[-1] == "GO_LIVE"
    assert notes == ("the clip light was on for 100% of the time", "as on the module, the sound comes 6 samples late")


def test_what_goes_wrong_midway_writes_nothing(take: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = StandInModule(refusals={"PLAY": "WRONG_SEQUENCE"})
    monkeypatch.setattr(boards, "open_board", lambda board, storage=None: Device(module))
    with pytest.raises(LinkError, match="a packet before this one was lost"):
        play(take, tmp_path / "out" / "wet.wav", "/dev/ttyACM0", Patch(NOON))
    assert not (tmp_path / "out").exists() and module.requests[-1] == "GO_LIVE"


@pytest.mark.parametrize("name", ["wet.mp3", "wet.flac", "wet"])
def test_what_is_no_wav_is_not_written(take: Path, tmp_path: Path, stand_in: StandInModule, name: str) -> None:
    with pytest.raises(UserError, match=rf"{name}: play writes WAV; give a name that ends in \.wav"):
        play(take, tmp_path / name, "/dev/ttyACM0", Patch(NOON))
    assert not stand_in.requests and not (tmp_path / name).exists()


def test_the_whole_module_is_heard_on_the_host(take: Path, tmp_path: Path) -> None:
    def wet(knobs: Panel = NOON, **plugged: Any) -> np.ndarray:
        play(take, tmp_path / "wet.wav", "host", Patch(knobs, **plugged), factory=True)
        return samples_of(tmp_path / "wet.wav")

    still = wet()
    assert len(still) == 12_345 and 0.05 < np.sqrt(np.mean(still**2)) < 1
    changes = {
        "cv_x": wet(cv_x="dc:2"),
        "cv_y": wet(cv_y="lfo:5"),
        "gate": wet(gate="clock:2"),
        "knob": wet(Panel(x=0.9)),
        "preset": wet(preset=4),
    }
    assert {name: np.abs(changed - still).max() > 0.01 for name, changed in changes.items()} == dict.fromkeys(
        changes, True
    )
    dry = wet(Panel(mix=0.0))
    assert np.array_equal(dry[6:], samples_of(take)[:-6]), "the decoder's latency, and nothing else"


def test_a_preset_is_where_its_knobs_would_be(take: Path, tmp_path: Path) -> None:
    """Over the link, where a preset can be recalled, and in bulk: the same module."""
    play(take, tmp_path / "preset.wav", "host", Patch(NOON, preset=5), factory=True)
    knob = 0.5 + 0.25 * 0.99  # (0.5, 0.5) on the map; the last 1 % of half a turn is dead
    play(take, tmp_path / "knobs.wav", "host", Patch(Panel(x=knob, y=knob)), factory=True)
    difference = samples_of(tmp_path / "preset.wav") - samples_of(tmp_path / "knobs.wav")
    assert np.abs(difference).max() < 10 ** (-60 / 20)  # the knob's code is rounded


def test_settings_stay_from_play_to_play(take: Path, tmp_path: Path) -> None:
    storage = tmp_path / "host.flash"

    def wet(factory: bool = False) -> np.ndarray:
        play(take, tmp_path / "wet.wav", "host", Patch(NOON, gate="clock:2"), storage=storage, factory=factory)
        return samples_of(tmp_path / "wet.wav")

    with boards.open_board("host", storage=storage) as device:
        client = ModuleClient(device)
        client.write_settings(replace(client.settings(), second_spot=Spot(-1.0, 1.0), morph_time_ms=0))
    assert not np.array_equal(wet(), wet(factory=True))
