# SPDX-License-Identifier: MIT
"""The whole module on a stage: what a player does, and what must and must not be heard."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from stage import BLOCK, NO_STEP, RATE, Stage, clicks, level_db, sine, steps

from host_tools.audio import load_audio, recorded_audio
from host_tools.packets import FLAGS

Place = dict[str, Any]
HOME: Place = {}
DRIVEN: Place = {"x": 0.75, "y": 1.0, "level": 1.0}  # where the decoder distorts most
FAINT: Place = {"x": 0.75, "y": 1.0, "level": 0.0}  # where its output is made up most
NO_STEP_MADE_UP = 10 ** (-50 / 20)  # what the makeup of the level knob's clean end lifts -60 dBFS to, and more
LATENCY = 6  # samples that wet lags behind dry; the module holds dry back as long


@pytest.fixture
def stage() -> Iterator[Callable[..., Stage]]:
    opened: list[Stage] = []

    def set_up(**settings: Any) -> Stage:
        opened.append(Stage(**settings))
        return opened[-1]

    yield set_up
    for each in opened:
        each.close()


@pytest.fixture(scope="module")
def guitar() -> np.ndarray:
    """Two seconds of a recorded one, in whole blocks."""
    samples = load_audio(recorded_audio(1)[0], RATE).samples
    return samples[: 2 * RATE]


def later(samples: np.ndarray) -> np.ndarray:
    """As the module's dry path gives them, had nothing been before."""
    return np.concatenate([np.zeros(LATENCY), samples[:-LATENCY]])


def test_nothing_patched_and_pots_at_noon_is_the_middle_of_the_map(stage: Callable[..., Stage]) -> None:
    take = stage().play(sine(0.5))
    assert np.abs(take.z).max() <= 1  # of 32768: noon lies between two codes of the ADC


def test_a_trembling_adc_does_not_move_the_latent(stage: Callable[..., Stage]) -> None:
    """Three codes of a 12-bit converter, either way."""
    module = stage()
    module.play(sine(0.3), jitter=48, x=0.3, y=0.7)
    take = module.play(sine(2), jitter=48, x=0.3, y=0.7)
    assert len(np.unique(take.z, axis=0)) == 1


def test_a_cv_of_5_volts_moves_from_the_middle_to_the_edge(stage: Callable[..., Stage]) -> None:
    module = stage()
    for volts, edge in ((5.0, 32_767), (-5.0, -32_768), (12.0, 32_767)):
        assert module.play(sine(0.1), cv_x=volts).z[-1, 0] == pytest.approx(edge, abs=40)


def test_a_cv_step_is_there_in_the_next_block(stage: Callable[..., Stage]) -> None:
    volts = np.repeat([0.0, 2.5], 50)
    z = stage().play(sine(0.1), cv_x=volts).z[:, 0]
    assert abs(int(z[49])) < 100 and z[50] == pytest.approx(16_384, abs=100)


def worst_jump(departures: list[np.ndarray]) -> float:
    """How much further than it ever moves from sample to sample afterwards a departure (samples,) jumps at its start.

    A departure is how far the module is from where it would have been had nothing happened; it is zero until then.
    """
    return max(abs(departure[0]) - steps(departure).max() for departure in departures)


def test_cv_x_swept_by_a_200_hz_sine_makes_no_step(stage: Callable[..., Stage]) -> None:
    """The latent changes at block borders only; there each sound must leave that of the old place without a step."""
    volts = 5 * np.sin(2 * np.pi * 200 * np.arange(43) / 1_000 + 0.3)
    heard, decoded = [], []
    places: list[Place] = [HOME, DRIVEN, FAINT, {"x": 0.3, "y": 0.2, "level": 0.8}]
    for place in places:
        swept = stage().play(sine(0.043), cv_x=volts, **place)
        for block in range(40, 43):
            stays = np.where(np.arange(43) < block, volts, volts[block - 1])
            take = stage().play(sine(0.043), cv_x=stays, **place)
            heard.append(swept.wet[block] - take.wet[block])
            decoded.append((swept.decoded[block].astype(float) - take.decoded[block]) / 32_768)
    assert worst_jump(heard) < NO_STEP
    assert worst_jump(decoded) > 30 * NO_STEP  # the decoder's own integers, without the crossfade


@pytest.mark.parametrize(("place", "times"), [(HOME, 100), (DRIVEN, 4), (FAINT, 4)])
def test_bypass_again_and_again_during_a_sine_makes_no_click(
    stage: Callable[..., Stage], place: Place, times: int
) -> None:
    module = stage()
    wet = clicks(module.play(sine(1), **place).heard)[RATE // 10 :].max()
    button = np.tile(np.repeat([False, True], [100, 700]), times)  # a hold of 0.7 s each
    take = module.play(sine(0.8 * times), button=button, **place)
    switched = np.flatnonzero(np.diff(take.flags & FLAGS["BYPASS"]))
    assert len(switched) == times
    assert clicks(take.heard)[RATE // 10 :].max() < wet + NO_STEP


@pytest.mark.parametrize("place", [HOME, FAINT])
def test_a_switch_without_a_fade_would_click(stage: Callable[..., Stage], place: Place) -> None:
    """Driven, the decoder itself has as much treble."""
    take = stage().play(sine(1), **place)
    dry, wet = later(take.dry.reshape(-1)), take.heard
    own = clicks(wet)[RATE // 10 :].max()
    where = RATE // 2 + int(np.argmax(np.abs(wet - dry)[RATE // 2 : RATE // 2 + 480]))
    switched = np.where(np.arange(len(wet)) < where, wet, dry)
    assert clicks(switched)[RATE // 10 :].max() > own + 10 * NO_STEP


def test_bypass_is_the_input_to_the_bit(stage: Callable[..., Stage]) -> None:
    module = stage()
    module.play(sine(0.8), button=True)
    sound = sine(1, 333)
    take = module.play(sound)
    assert np.all(take.flags == FLAGS["BYPASS"])
    assert np.array_equal(take.heard[BLOCK:], later(take.dry.reshape(-1))[BLOCK:])


@pytest.mark.parametrize(("place", "limit"), [(HOME, NO_STEP), (DRIVEN, NO_STEP), (FAINT, NO_STEP_MADE_UP)])
def test_a_preset_recalled_while_playing_makes_no_click(
    stage: Callable[..., Stage], place: Place, limit: float
) -> None:
    """No more treble than the sounds on the way have, each by itself, and what bends where one block fades into the
    next: at most from one sound to its opposite, in a straight line.
    """
    module, other = stage(), stage()
    before = module.play(sine(0.5), **place).z[-1].astype(float)
    for preset in (3, 7, 0, 5):
        module.ask("RECALL_PRESET", index=preset)
        heard = module.play(sine(0.2), **place).heard
        gliding = clicks(heard)[RATE // 100 :]  # the filter's own start is left out
        bend = 2 * np.abs(heard).max() / BLOCK
        after = module.play(sine(0.1), **place).z[-1].astype(float)
        spot = module.settings["presets"][preset]
        assert after.tolist() == [spot["x"], spot["y"]]
        assert gliding.max() < own_treble(other, before, after, place) + bend + limit
        before = after


def own_treble(module: Stage, first: np.ndarray, last: np.ndarray, place: Place) -> float:
    """The most that any place on the line between two latents has while it rests there."""
    treble = []
    for z in np.linspace(first, last, 33):
        x, y = (1 + z / 32_768) / 2
        heard = module.play(sine(0.15), **place | {"x": x, "y": y}).heard
        treble.append(clicks(heard)[RATE // 10 :].max())
    return max(treble)


def test_a_short_press_freezes_the_latent_and_cv_still_offsets_it(stage: Callable[..., Stage]) -> None:
    module = stage()
    module.play(sine(0.1), x=0.75)
    module.play(sine(0.1), x=0.75, button=True)
    frozen = module.play(sine(0.3), x=0.75)
    assert frozen.flags[-1] == FLAGS["FROZEN"]
    turned = module.play(sine(0.3), x=0.0, y=1.0)
    assert np.array_equal(turned.z[-1], frozen.z[-1])
    assert module.play(sine(0.1), x=0.0, cv_x=1.0).z[-1, 0] - frozen.z[-1, 0] == pytest.approx(32_768 / 5, abs=100)
    module.play(sine(0.1), x=0.0, button=True)
    assert module.play(sine(0.3), x=0.0).z[-1, 0] == -32_768


def test_the_gate_morphs_to_the_second_spot_and_back(stage: Callable[..., Stage]) -> None:
    module = stage(morph_time_ms=400, second_spot={"x": 20_000, "y": -10_000})
    there = module.play(sine(0.6), gate=True).z
    assert there[-1].tolist() == [20_000, -10_000]
    assert there[200, 0] == pytest.approx(10_000, abs=200)  # halfway at half the time
    assert np.all(np.diff(there[:, 0]) >= 0)
    assert np.abs(module.play(sine(0.6)).z[-1]).max() <= 1


def test_gates_step_through_the_presets(stage: Callable[..., Stage]) -> None:
    module = stage(gate_mode=1)
    for preset in (*range(8), 0):
        module.play(sine(0.02), gate=True)
        spot = module.settings["presets"][preset]
        assert module.play(sine(0.05)).z[-1].tolist() == [spot["x"], spot["y"]]


def test_midi_recalls_a_preset(stage: Callable[..., Stage]) -> None:
    module = stage()
    module.ask("MIDI", bytes=[0xC0, 6])
    spot = module.settings["presets"][6]
    assert module.play(sine(0.1)).z[-1].tolist() == [spot["x"], spot["y"]]


@pytest.mark.parametrize("place", [HOME, DRIVEN, FAINT])
def test_two_late_blocks_send_the_module_dry_and_it_comes_back(stage: Callable[..., Stage], place: Place) -> None:
    module = stage()
    own = clicks(module.play(sine(0.5), **place).heard)[RATE // 10 :].max()
    cycles = np.full(1_000, 500)
    cycles[[100, 102, 200, 201]] = 1_500
    take = module.play(sine(1), cycles=cycles, **place)
    dry = np.flatnonzero(take.flags & FLAGS["OVERLOAD"])
    assert dry[0] == 202 and len(dry) == pytest.approx(500, abs=2)  # one late block alone is forgiven
    assert np.all(take.rested[203:700]) and not take.rested[:202].any() and not take.rested[710:].any()
    resting = slice(204, 702)
    assert np.array_equal(
        take.wet[resting].reshape(-1), later(take.dry.reshape(-1)).reshape(-1, BLOCK)[resting].ravel()
    )
    # Dry comes within one block, in a straight line: its two bends are as steep as wet and dry are apart.
    bend = np.abs(take.wet[150:200].reshape(-1) - later(take.dry.reshape(-1)).reshape(-1, BLOCK)[150:200].ravel()).max()
    assert clicks(take.heard)[RATE // 10 :].max() < own + NO_STEP + bend / BLOCK
    assert module.ask("READ_STATUS").values["status"]["overloads"] == 1


def test_power_comes_without_a_thump_within_half_a_second(stage: Callable[..., Stage]) -> None:
    """Even with a DC on the cable and the knobs anywhere."""
    module = stage(wait=False)
    take = module.play(np.full(RATE // 2, 0.5), x=0.9, y=0.1, mix=0.5, level=0.8)
    assert clicks(take.heard).max() < NO_STEP
    assert np.abs(take.wet[:200]).max() == 0.0
    assert level_db(module.play(sine(0.2)).heard) > -40


def test_another_scheme_takes_over_without_a_click(stage: Callable[..., Stage]) -> None:
    module = stage()
    own = clicks(module.play(sine(0.5)).heard)[RATE // 10 :].max()
    module.change(scheme=0)
    take = module.play(sine(1))
    assert np.abs(take.decoded[-1]).max() <= 128
    own = max(own, clicks(module.play(sine(0.5)).heard)[RATE // 10 :].max())
    assert clicks(take.heard)[RATE // 100 :].max() < own + NO_STEP


def test_silence_gives_silence(stage: Callable[..., Stage]) -> None:
    module = stage()
    for x in (0.0, 0.5, 1.0):
        for y in (0.0, 0.5, 1.0):
            module.play(np.zeros(RATE // 2), x=x, y=y)
            take = module.play(np.zeros(RATE // 4), x=x, y=y)
            assert np.abs(take.heard).max() < NO_STEP / 10


@pytest.mark.parametrize(("level", "limit"), [(0.5, NO_STEP), (0.0, NO_STEP_MADE_UP)])
def test_moving_about_in_silence_makes_no_thump(stage: Callable[..., Stage], level: float, limit: float) -> None:
    """Over the whole map, by every way: the decoder's idle output differs from place to place."""
    module, blocks, rng = stage(morph_time_ms=0), 500, np.random.default_rng(0)
    silence, seconds = np.zeros(blocks * BLOCK), np.arange(blocks) / 1_000
    takes = [
        module.play(silence, level=level, x=np.repeat(rng.random(20), 25), y=np.repeat(rng.random(20), 25)),
        module.play(silence, level=level, x=np.linspace(0, 1, blocks), y=np.abs(np.linspace(-1, 1, blocks))),
        module.play(silence, level=level, gate=seconds * 10 % 1 < 0.5),
    ]
    for rate_hz in (1, 20, 200):
        x, y = (5 * wave(2 * np.pi * rate_hz * seconds) for wave in (np.sin, np.cos))
        takes.append(module.play(silence, level=level, cv_x=x, cv_y=y))
    for preset in range(8):
        module.ask("RECALL_PRESET", index=preset)
        takes.append(module.play(silence[: RATE // 10], level=level))
    assert max(np.abs(take.heard).max() for take in takes) < limit
    assert all(np.ptp(take.z.astype(int), axis=0).max() > 5_000 for take in takes)


def test_level_drives_the_decoder_while_the_output_stays_matched(
    stage: Callable[..., Stage], guitar: np.ndarray
) -> None:
    module = stage()
    dry = level_db(guitar)
    driven, heard = [], []
    for level in (0.0, 0.25, 0.5, 0.75, 1.0):
        module.play(guitar[: RATE // 10], level=level)
        take = module.play(guitar, level=level)
        heard.append(level_db(take.heard) - dry)
        driven.append(level_db(take.decoded / 32_768))
    assert np.all(np.diff(driven) > 0)
    assert np.ptp(heard) < 6  # of 40 dB that the knob spans; a recording compresses as it is driven
