# SPDX-License-Identifier: MIT
"""`core/spot.h` in scenarios: who holds the place on the map, and how it moves when that changes."""

import numpy as np
import pytest
from compiled_panel import COMMAND_KINDS, MORPH, NO_PRESET, SETTINGS, STEP, Panel, cv_code, gestures, hands
from hypothesis import given
from hypothesis import strategies as st
from spots import GLIDE, POTS, PRESET, ROUNDING, SECOND, assert_glides, preset

from host_tools.packets import PRESETS

INT16 = st.integers(-32768, 32767)


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Panel:
    return Panel(tmp_path_factory.mktemp("spot"))


def test_a_jump_is_no_glide() -> None:
    places = np.repeat([[0, 0], [0.5, 0.5]], 50, axis=0)
    with pytest.raises(AssertionError):
        assert_glides(places, 50, np.array([0.5, 0.5]))


def test_cv_unpatched_and_pots_at_noon_is_the_middle_of_the_map_exactly(panel: Panel) -> None:
    states = panel.spot(panel.controls(hands(100)))
    assert not states["place"].any()


@given(data=st.data())
def test_no_hands_and_no_commands_leave_the_map(panel: Panel, data: st.DataObject) -> None:
    blocks = data.draw(st.integers(1, 60))
    hand = hands(blocks)
    codes = st.sampled_from([0, 65535]) | st.integers(0, 65535)
    hand["adc"] = data.draw(
        st.lists(st.lists(codes, min_size=8, max_size=8), min_size=blocks, max_size=blocks), label="codes"
    )
    switches = st.lists(st.booleans(), min_size=blocks, max_size=blocks)
    hand["gate"], hand["button"] = data.draw(switches), data.draw(switches)
    place = st.tuples(st.sampled_from(COMMAND_KINDS[1:3]), st.floats(-1, 1, width=32))
    index = st.tuples(st.just("recall_preset"), st.integers(0, PRESETS - 1))
    switch = st.tuples(st.sampled_from(COMMAND_KINDS[3:]), st.integers(0, 1))
    asked = data.draw(st.lists(st.tuples(st.integers(0, blocks), place | index | switch), max_size=8))
    commands = tuple((block, kind, float(value)) for block, (kind, value) in sorted(asked, key=lambda ask: ask[0]))
    edge = {"x": data.draw(INT16), "y": data.draw(INT16)}
    states = panel.spot(
        panel.controls(hand),
        commands,
        gate_mode=data.draw(st.sampled_from([MORPH, STEP])),
        morph_time_ms=data.draw(st.integers(0, 50)),
        second_spot=edge,
        presets=[edge, *SETTINGS["presets"][1:]],
    )
    # Not true of NaN either. The base may be an LSB beyond, where Between is not exact.
    assert np.all(np.abs(states["place"]) <= 1)
    assert np.all(np.abs(states["base"]) <= 1 + ROUNDING)


def test_pots_are_followed_at_once_from_the_first_block_on(panel: Panel) -> None:
    turn = np.linspace(-1, 1, 500, dtype=np.float32)
    states = panel.spot(gestures(500, x=turn, y=-turn))
    np.testing.assert_array_equal(states["place"], np.stack([turn, -turn], axis=1))
    assert np.all(states["source"] == POTS)


def test_cv_adds_to_the_pots_and_ends_at_the_edge(panel: Panel) -> None:
    states = panel.spot(gestures(10, x=0.5, y=-0.5, cv_x=0.25, cv_y=-0.75))
    np.testing.assert_array_equal(states["place"][0], [0.75, -1])
    np.testing.assert_array_equal(states["base"][0], [0.5, -0.5])


def test_five_volts_move_the_middle_to_the_edge(panel: Panel) -> None:
    states = panel.spot(panel.controls(hands(1, cv_x=cv_code(5), cv_y=cv_code(-5))))
    np.testing.assert_array_equal(states["place"][0], [1, -1])


def test_a_preset_is_glided_to_in_20_ms(panel: Panel) -> None:
    states = panel.spot(gestures(100, x=0.8, y=-0.9), ((50, "recall_preset", 3),))
    assert_glides(states["base"], 50, preset(3))
    assert (states["source"][50], states["preset"][49], states["preset"][50]) == (PRESET, NO_PRESET, 3)


@given(moments=st.lists(st.integers(1, 90), min_size=2, max_size=6), cv=st.floats(-1, 1, width=32))
def test_presets_recalled_in_any_hurry_never_jump(panel: Panel, moments: list[int], cv: float) -> None:
    commands = tuple((moment, "recall_preset", float(i % PRESETS)) for i, moment in enumerate(sorted(moments)))
    states = panel.spot(gestures(120, cv_x=cv), commands)
    corners = np.array([preset(i) for i in range(PRESETS)] + [np.zeros(2)])
    widest = np.ptp(corners, axis=0).max()
    assert np.abs(np.diff(states["place"], axis=0)).max() <= 1.5 * widest / GLIDE + ROUNDING
    np.testing.assert_array_equal(states["base"][-1], preset((len(moments) - 1) % PRESETS))


def test_a_preset_recalled_before_the_first_block_is_where_it_starts(panel: Panel) -> None:
    states = panel.spot(gestures(50, x=0.9, y=0.9), ((0, "recall_preset", 2),))
    assert np.all(states["base"] == preset(2))
    assert np.all(states["source"] == PRESET)


@pytest.mark.parametrize("hold", [("recall_preset", 1.0), ("move_x", 0.5)])
def test_a_pot_takes_over_after_three_percent_of_its_turn(panel: Panel, hold: tuple[str, float]) -> None:
    hand = gestures(300, x=0.1, y=-0.2)
    hand["x"][100:] = 0.1 + 0.059
    hand["y"][200:] = -0.2 - 0.061
    states = panel.spot(hand, ((50, *hold),))
    assert np.all(states["source"][50:200] != POTS)
    assert np.all(states["source"][200:] == POTS)
    assert states["preset"][200] == NO_PRESET
    assert_glides(states["base"], 200, np.array([hand["x"][200], hand["y"][200]]))


def test_a_pot_has_to_take_over_anew_from_every_preset(panel: Panel) -> None:
    hand = gestures(300)
    hand["x"][50:] = 0.05
    hand["x"][150:] = 0.10
    states = panel.spot(hand, ((10, "recall_preset", 1), (100, "recall_preset", 2)))
    assert states["source"][-1] == PRESET


def test_pots_that_seem_to_move_by_a_new_calibration_do_not_take_over(panel: Panel) -> None:
    hand = gestures(400)
    hand["x"][101:] = 0.5 - 0.5 * (8 / 9) ** np.arange(299)  # through the filter of a pot
    hand["y"][300:] = 0.061
    hold = (50, "recall_preset", 1)
    states = panel.spot(hand, (hold, (100, "recalibrated", 0)))
    assert np.all(states["source"][50:300] == PRESET) and np.all(states["source"][300:] == POTS)
    assert panel.spot(hand, (hold,))["source"][110] == POTS


def test_gates_step_through_the_presets_and_begin_again(panel: Panel) -> None:
    gate = np.arange(1000) % 100 >= 50
    states = panel.spot(gestures(1000, gate=gate), gate_mode=STEP)
    assert states["preset"][90::100].tolist() == [*range(PRESETS), 0, 1]
    np.testing.assert_array_equal(states["base"][90], preset(0))  # and no morph while the gate is high
    np.testing.assert_array_equal(states["base"][849], preset(7))


def test_gates_step_on_from_the_preset_that_was_recalled_last(panel: Panel) -> None:
    hand = gestures(100, gate=np.arange(100) >= 50)
    states = panel.spot(hand, ((10, "recall_preset", 5),), gate_mode=STEP)
    assert states["preset"][-1] == 6


def test_gates_that_morph_recall_nothing(panel: Panel) -> None:
    states = panel.spot(gestures(200, gate=np.arange(200) % 50 >= 25), gate_mode=MORPH)
    assert np.all(states["preset"] == NO_PRESET)


@pytest.mark.parametrize(("setting_ms", "time_ms"), [(0, 20), (100, 100), (1000, 1000)])
def test_a_gate_morphs_evenly_to_the_second_spot_and_back(panel: Panel, setting_ms: int, time_ms: int) -> None:
    start, fall, blocks = 10, 10 + 2 * time_ms, 10 + 4 * time_ms
    gate = (np.arange(blocks) >= start) & (np.arange(blocks) < fall)
    here = np.array([0.25, -0.5], np.float32)
    base = panel.spot(gestures(blocks, x=here[0], y=here[1], gate=gate), morph_time_ms=setting_ms)["base"]
    part = np.concatenate([np.zeros(start), np.linspace(0, 1, time_ms + 1)[1:], np.ones(time_ms)])
    part = np.concatenate([part, 1 - part[start:]])
    # A thousand additions of 0.001, each rounded to 24 bits.
    np.testing.assert_allclose(base, here + (SECOND - here) * part[:, None], atol=3e-5)
    np.testing.assert_array_equal(base[fall - 1], SECOND)
    np.testing.assert_array_equal(base[-1], here)


def test_a_gate_that_falls_early_turns_the_morph_round(panel: Panel) -> None:
    gate = (np.arange(300) >= 50) & (np.arange(300) < 100)
    base = panel.spot(gestures(300, gate=gate), morph_time_ms=100)["base"]
    np.testing.assert_allclose(base[99], SECOND / 2, atol=1e-5)
    assert np.abs(np.diff(base, axis=0)).max() <= 0.011 * np.abs(SECOND).max()
    assert not base[150 + 1 :].any()


def test_spots_of_packets_are_places_and_come_back(panel: Panel) -> None:
    codes = np.arange(-32768, 32768).astype(np.int16)
    spots = np.stack([codes, codes[::-1]], axis=1).copy()
    places = panel.places_of(spots)
    np.testing.assert_array_equal(places, spots / np.float32(32768))
    np.testing.assert_array_equal(panel.spots_of(places), spots)


@given(x=st.floats(-2, 2, width=32))
def test_a_place_becomes_the_nearest_spot_within_the_map(panel: Panel, x: float) -> None:
    found = int(panel.spots_of(np.array([[x, 0]], np.float32))[0, 0])
    assert abs(found - np.clip(x * 32768, -32768, 32767)) <= 0.5
