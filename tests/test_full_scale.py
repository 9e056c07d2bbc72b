# SPDX-License-Identifier: MIT
"""Converters of another full scale, on a stage: the same volts at IN drive equally, the same sound has the same volts
at OUT, and with the factory's values every bit is as if nobody had thought of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sounds import ENGINE, Played, SoundLibrary, compile_sound, sounds
from stage import BLOCK, RATE, Stage, Take

from host_tools.packets import FLAGS
from host_tools.playback import CODEC_FULL_SCALE

FACTORY: dict[str, Any] = {"in_full_scale_mv": 8_500, "out_full_scale_mv": 7_500}
TWICE_IN = {**FACTORY, "in_full_scale_mv": 17_000}
HALF_OUT = {**FACTORY, "out_full_scale_mv": 3_750}


def string(peak: float) -> np.ndarray:
    """A plucked one, for a second, in samples that can be halved."""
    time = np.arange(RATE) / RATE
    sound = peak * np.exp(-4 * time) * np.sin(2 * np.pi * 110 * time + np.sin(2 * np.pi * 220 * time))
    return 2 * np.rint(sound * CODEC_FULL_SCALE / 2) / (CODEC_FULL_SCALE - 1)


def take_of(sound: np.ndarray, settings: dict[str, Any], **hands: Any) -> Take:
    return Stage(**settings).play(sound, **hands)


def test_the_factorys_values_are_those_of_the_board() -> None:
    assert Stage().settings == {**Stage().settings, **FACTORY}


@pytest.mark.parametrize("mix", [0.0, 0.5, 1.0])
def test_the_same_volts_drive_equally(mix: float) -> None:
    """Half the samples where full scale is twice the volts: all that follows is the same to the bit."""
    hands = {"mix": mix, "level": 0.8, "x": 0.3}
    here, there = take_of(string(0.5), FACTORY, **hands), take_of(string(0.5) / 2, TWICE_IN, **hands)
    assert np.array_equal(here.wet, there.wet) and np.array_equal(here.decoded, there.decoded)
    assert np.abs(here.heard).max() > 0.05


def test_twice_the_full_scale_drives_by_6_db_more() -> None:
    quiet = string(0.05)
    here, there = (take_of(quiet, settings, level=0.5) for settings in (FACTORY, TWICE_IN))
    louder = take_of(2 * quiet, FACTORY, level=0.5)
    assert np.array_equal(there.decoded, louder.decoded) and not np.array_equal(there.decoded, here.decoded)


@pytest.mark.parametrize("mix", [0.0, 0.5, 1.0])
def test_half_the_volts_at_out_take_twice_the_samples(mix: float) -> None:
    here, there = (take_of(string(0.2), settings, mix=mix) for settings in (FACTORY, HALF_OUT))
    assert np.abs(there.heard - 2 * here.heard).max() <= 1.5 / CODEC_FULL_SCALE  # rounded to 24 bits
    assert np.abs(there.heard).max() < 1


@pytest.mark.parametrize(("settings", "gain"), [(FACTORY, 1), (TWICE_IN, 2), (HALF_OUT, 2)])
def test_bypass_keeps_volts_and_the_meters_are_the_converters(settings: dict[str, Any], gain: int) -> None:
    module = Stage(**settings)
    module.play(string(0.2), button=True)
    take = module.play(np.repeat(0.25, RATE))
    assert np.all(take.flags == FLAGS["BYPASS"]) and np.all(take.heard[BLOCK:] == 0.25 * gain)
    status = module.ask("READ_STATUS").values["status"]
    assert (status["input_peak"], status["output_peak"]) == (32_768 // 4, 32_768 // 4 * gain)


@pytest.mark.parametrize("in_mv", [1_000, 20_000])
@pytest.mark.parametrize("out_mv", [1_000, 20_000])
def test_the_ends_of_the_range_clip_and_do_no_worse(in_mv: int, out_mv: int) -> None:
    noise = np.random.default_rng(0).uniform(-1, 1, RATE // 2)
    take = take_of(noise, {"in_full_scale_mv": in_mv, "out_full_scale_mv": out_mv}, mix=0.5, level=0.7)
    assert take.wet.min() >= -1 and take.wet.max() <= 1 and np.abs(take.heard).max() > 0.01


def test_other_values_while_it_plays_come_without_a_step_of_their_own() -> None:
    """Within a block, as a knob's would."""
    module = Stage()
    steady = np.repeat(0.25, RATE // 4)
    module.play(steady, mix=0.0)
    module.change(**HALF_OUT)
    change = module.play(steady, mix=0.0).heard
    assert np.abs(np.diff(change)).max() < 1.1 * 0.25 / BLOCK and change[-1] == 0.5


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> SoundLibrary:
    return compile_sound(tmp_path_factory.mktemp("engine") / "sound.so", ENGINE)


def played(library: SoundLibrary, **gains: float) -> Played:
    """Noise through places and mixes all over."""
    rng = np.random.default_rng(1)
    x, y, level, mix = rng.uniform(-1, 1, (4, 100))
    passage = sounds(100, x=x, y=y, level=np.abs(level), mix=np.abs(mix), **gains)
    return library.play_settled("int16x8", passage, rng.uniform(-0.5, 0.5, 100 * BLOCK))


@pytest.mark.parametrize(
    "without",
    [
        ("* sound.in_gain, in);", ", in);"),
        ("{dry * sound.in_gain * sound.out_gain, wet * sound.out_gain}", "{dry, wet}"),
    ],
    ids=["drive", "mix"],
)
def test_gains_of_one_leave_every_bit(engine: SoundLibrary, without: tuple[str, str], tmp_path: Any) -> None:
    plain = compile_sound(tmp_path / "sound.so", ENGINE, without)
    here, there = played(engine), played(plain)
    assert np.array_equal(here.out, there.out) and np.array_equal(here.codes("wet"), there.codes("wet"))
    changed = {"in_gain": 1.25, "out_gain": 0.5}
    assert not np.array_equal(played(engine, **changed).out, played(plain, **changed).out)
