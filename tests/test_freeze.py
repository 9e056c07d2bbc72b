# SPDX-License-Identifier: MIT
"""`core/spot.h` while it is frozen: the base stays exactly where it is, all else goes on below."""

from pathlib import Path

import numpy as np
import pytest
from compiled_panel import NO_PRESET, STEP, Panel, gestures
from spots import FROZEN, GLIDE, MIDI, POTS, PRESET, ROUNDING, assert_glides, preset


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Panel:
    return Panel(tmp_path_factory.mktemp("freeze"))


def test_freeze_holds_the_base_against_the_pots_while_cv_still_adds(panel: Panel) -> None:
    hand = gestures(300, x=0.25)
    hand["freeze_pressed"][[100, 200]] = True
    hand["x"][150:] = -0.75
    hand["cv_x"][170:] = 0.5
    states = panel.spot(hand)
    assert np.all(states["base"][:200] == [0.25, 0])
    assert np.all(states["place"][170:200] == [0.75, 0])
    assert np.all(states["source"][100:200] == FROZEN)
    assert states["source"][200] == POTS
    assert_glides(states["base"], 200, np.array([-0.75, 0]))


def check_freeze_under_a_morph(panel: Panel, start: int) -> None:
    """Frozen at block `start`, thawed on the morph's way back."""
    gate = (np.arange(600) >= 50) & (np.arange(600) < 450)
    hand = gestures(600, x=0.5, cv_y=0.125, gate=gate)
    hand["freeze_pressed"][[start, 500]] = True
    states, free = panel.spot(hand, morph_time_ms=100), panel.spot(gestures(600, x=0.5, gate=gate), morph_time_ms=100)
    assert np.all(states["base"][start:500] == states["base"][start - 1])
    assert np.all(states["place"][start:500] == states["base"][start - 1] + [0, 0.125])
    np.testing.assert_array_equal(states["base"][:start], free["base"][:start])
    np.testing.assert_array_equal(states["base"][500 + GLIDE :], free["base"][500 + GLIDE :])
    way, morph = np.abs(states["base"][start] - free["base"][499:]).max(), np.abs(np.diff(free["base"], axis=0)).max()
    assert np.abs(np.diff(states["base"][499:], axis=0)).max() <= 1.5 * way / GLIDE + morph + ROUNDING


@pytest.mark.parametrize("start", [45, 100, 180, 350], ids=["before", "on its way", "just there", "long there"])
def test_freeze_holds_the_base_against_a_gate_that_morphs(panel: Panel, start: int) -> None:
    check_freeze_under_a_morph(panel, start)


@pytest.mark.parametrize(
    "fault",
    [("if (frozen_ && started_) return;", ""), ("if (frozen_ && !on) StartGlide();", "")],
    ids=["moves", "jumps when it thaws"],
)
def test_a_freeze_that_is_wrong_is_noticed(tmp_path: Path, fault: tuple[str, str]) -> None:
    with pytest.raises(AssertionError):
        check_freeze_under_a_morph(Panel(tmp_path, fault), 80)


def test_freeze_holds_the_base_against_gates_that_step(panel: Panel) -> None:
    hand = gestures(410, gate=np.arange(410) % 100 >= 50)
    hand["freeze_pressed"][[80, 380]] = True
    states = panel.spot(hand, gate_mode=STEP)
    assert np.all(states["base"][80:380] == preset(0))
    assert (states["preset"][379], states["source"][379], states["source"][380]) == (3, FROZEN, PRESET)
    assert_glides(states["base"], 380, preset(3))


def test_freeze_holds_the_base_against_midi(panel: Panel) -> None:
    commands = ((20, "freeze", 1), (50, "move_x", -0.5), (60, "move_y", 0.75), (300, "freeze", 0))
    states = panel.spot(gestures(400, x=0.25), commands)
    assert np.all(states["base"][:300] == [0.25, 0])
    assert (states["source"][299], states["source"][300]) == (FROZEN, MIDI)
    assert_glides(states["base"], 300, np.array([-0.5, 0.75]))


def test_a_preset_that_held_before_a_freeze_holds_after_it(panel: Panel) -> None:
    states = panel.spot(gestures(100), ((10, "recall_preset", 4), (20, "freeze", 1), (60, "freeze", 0)))
    np.testing.assert_allclose(states["base"][20:60], np.broadcast_to(preset(4) / 2, (40, 2)), atol=ROUNDING)
    assert (states["preset"][59], states["source"][60], states["preset"][60]) == (4, PRESET, 4)
    assert_glides(states["base"], 60, preset(4))


def test_pots_turned_during_a_freeze_have_taken_over_from_the_preset(panel: Panel) -> None:
    hand = gestures(200)
    hand["y"][100:] = -0.5
    states = panel.spot(hand, ((10, "recall_preset", 4), (50, "freeze", 1), (150, "freeze", 0)))
    assert np.all(states["base"][50:150] == preset(4))
    assert (states["source"][150], states["preset"][150]) == (POTS, NO_PRESET)
    assert_glides(states["base"], 150, np.array([0, -0.5]))


def test_freezing_twice_by_command_is_freezing_once(panel: Panel) -> None:
    hand = gestures(200, x=np.linspace(-1, 1, 200))
    states = panel.spot(hand, ((50, "freeze", 1), (80, "freeze", 1), (150, "freeze", 0), (180, "freeze", 0)))
    assert np.all(states["base"][50:150] == states["base"][49])
    assert np.flatnonzero(np.diff(states["source"])).tolist() == [49, 149]
    np.testing.assert_array_equal(states["base"][171:, 0], hand["x"][171:])


def test_frozen_before_the_first_block_it_stays_where_that_is(panel: Panel) -> None:
    hand = gestures(100, x=np.where(np.arange(100) < 10, 0.5, -0.5))
    assert np.all(panel.spot(hand, ((0, "freeze", 1),))["base"] == [0.5, 0])


def test_freezing_in_the_middle_of_a_glide_stays_there(panel: Panel) -> None:
    states = panel.spot(gestures(100), ((50, "recall_preset", 0), (60, "freeze", 1)))
    np.testing.assert_allclose(states["base"][60], preset(0) / 2, atol=ROUNDING)
    assert np.all(states["base"][60:] == states["base"][59])


def test_a_preset_takes_the_module_out_of_freeze(panel: Panel) -> None:
    states = panel.spot(gestures(100), ((10, "freeze", 1), (50, "recall_preset", 7)))
    assert (states["source"][49], states["source"][50]) == (FROZEN, PRESET)
    assert_glides(states["base"], 50, preset(7))
