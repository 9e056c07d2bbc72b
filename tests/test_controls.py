# SPDX-License-Identifier: MIT
"""`core/controls.h` in scenarios: knobs at rest that do not move, knobs that turn, CVs that arrive whole, the button
and the gate, whatever the codes and the calibration."""

import numpy as np
import pytest
from compiled_panel import BLOCK_RATE_HZ, Panel, cv_code, hands, pot_code
from hypothesis import given
from hypothesis import strategies as st

from host_tools.packets import POTS

POT_OUTPUTS = ("x", "y", "level", "mix")
SETTLED = 200  # blocks: 25 times the pots' 8 ms
# How far a CV may be off, in the map's unit: the play of 16 codes, and the dead zone of 10 mV that the rest of the
# range makes up for.
CV_PLAY = 16 / 5958 / 5
CV_DEAD_ZONE = 0.010 / 5
CODES = st.integers(0, 65535)


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Panel:
    return Panel(tmp_path_factory.mktemp("controls"))


def jitter(blocks: int, codes: int, seed: int = 0) -> np.ndarray:
    """Noise of a converter, both of its extremes early on."""
    noise = np.random.default_rng(seed).integers(-codes, codes + 1, blocks)
    noise[10:12] = codes, -codes
    return noise


def test_nothing_patched_and_all_at_noon_is_the_middle_of_everything(panel: Panel) -> None:
    first = panel.controls(hands(1))[0]
    assert [first[name] for name in ("x", "y", "cv_x", "cv_y", "level", "mix")] == [0, 0, 0, 0, 0.5, 0.5]


@given(centre=st.integers(48, 65535 - 48), seed=st.integers(0, 1000))
def test_jitter_of_three_codes_of_12_bits_moves_no_knob(panel: Panel, centre: int, seed: int) -> None:
    codes = centre + jitter(2000, 48, seed)
    out = panel.controls(hands(2000, x=codes, y=codes, level=codes, mix=codes))
    for name in POT_OUTPUTS:
        assert np.unique(out[name][SETTLED:]).size == 1


def test_jitter_beyond_what_is_allowed_for_does_move_a_knob(panel: Panel) -> None:
    out = panel.controls(hands(2000, x=pot_code(0.3) + jitter(2000, 96)))
    assert np.unique(out["x"][SETTLED:]).size > 1


def test_jitter_of_three_codes_on_an_open_jack_is_no_cv(panel: Panel) -> None:
    out = panel.controls(hands(2000, cv_x=cv_code(0) + jitter(2000, 48)))
    assert not out["cv_x"].any()


@pytest.mark.parametrize("name", POT_OUTPUTS)
@pytest.mark.parametrize("end", [-1, 1])
def test_a_pot_turned_slowly_end_to_end_reaches_both_edges_and_never_goes_back(
    panel: Panel, name: str, end: int
) -> None:
    turn = np.concatenate([np.linspace(-end, end, 3000), np.full(SETTLED, end)])
    out = panel.controls(hands(len(turn), **{name: np.rint(32700 + 32300 * turn)}))[name]
    low = 0 if name in ("level", "mix") else -1
    assert sorted({float(out[0]), float(out[-1])}) == [low, 1]
    assert np.all(np.diff(out) * end >= 0)


def test_a_pot_whose_ends_have_moved_a_little_still_reaches_both_edges(panel: Panel) -> None:
    worn = 250  # codes; 0.5 % of the travel is 323, the play is 64
    out = panel.controls(hands(600, x=np.repeat([400 + worn, 65000 - worn], 300)))["x"]
    assert (out[0], out[-1]) == (-1, 1)


def test_a_pot_thrown_over_moves_in_small_steps_and_arrives(panel: Panel) -> None:
    out = panel.controls(hands(400, level=np.repeat([pot_code(-1), pot_code(1)], 200)))["level"]
    assert np.diff(out).max() < 0.12  # a ninth of the way: 1 ms of a low-pass of 8 ms
    assert out[200 + 40] > 0.98  # after five times its time
    assert out[-1] == 1


@given(code=st.integers(400, 65000))
def test_the_first_block_takes_the_pots_as_they_are(panel: Panel, code: int) -> None:
    out = panel.controls(hands(SETTLED, x=code))["x"]
    assert np.unique(out).size == 1
    # 1 % of half a turn at each end is stretched away.
    assert out[0] == pytest.approx(np.clip((code - 32700) / 32300 / 0.99, -1, 1), abs=1e-6)


@pytest.mark.parametrize("volts", [-3.0, 1.0, 4.5])
def test_a_cv_step_of_a_volt_arrives_whole_in_the_next_block(panel: Panel, volts: float) -> None:
    levels = np.repeat([volts, volts - 1], 100)
    out = panel.controls(hands(200, cv_x=cv_code(levels), cv_y=cv_code(-levels)))
    assert np.unique(out["cv_x"][100:]).size == 1  # nothing comes later
    assert out["cv_x"][100] - out["cv_x"][99] == pytest.approx(-0.2, abs=CV_PLAY + CV_DEAD_ZONE)
    assert out["cv_y"][100] - out["cv_y"][99] == pytest.approx(0.2, abs=CV_PLAY + CV_DEAD_ZONE)


@given(phase=st.floats(0, 6.3), peak_volts=st.floats(0.1, 5))
def test_a_cv_sine_of_200_hz_passes_at_five_blocks_a_period(panel: Panel, phase: float, peak_volts: float) -> None:
    volts = peak_volts * np.sin(2 * np.pi * 200 * np.arange(500) / BLOCK_RATE_HZ + phase)
    out = panel.controls(hands(500, cv_x=cv_code(volts)))["cv_x"]
    half_a_code = 0.5 / 5958 / 5
    assert np.abs(out - volts / 5).max() <= CV_PLAY + CV_DEAD_ZONE + half_a_code + 1e-6


def test_a_slow_cv_makes_no_step_anywhere(panel: Panel) -> None:
    volts = np.linspace(-5, 5, 10000)
    out = panel.controls(hands(10000, cv_x=cv_code(volts)))["cv_x"]
    steps = np.diff(out)
    assert steps.min() >= 0
    # 1 mV a block, rounded to codes of 0.17 mV.
    assert steps.max() < 0.0012 / 5


def test_attenuverters_mute_at_noon_and_pass_all_at_either_end(panel: Panel) -> None:
    five_volts = hands(1, cv_x=cv_code(5), cv_y=cv_code(-5))
    for turn, gain in ((-1, -1), (-0.029, 0), (0, 0), (0.029, 0), (1, 1)):
        five_volts["adc"][:, [2, 3]] = pot_code(turn)
        out = panel.controls(five_volts)[0]
        assert (out["cv_x"], out["cv_y"]) == (gain, -gain)


def test_a_turned_attenuverter_makes_no_step_where_its_dead_zone_ends(panel: Panel) -> None:
    turn = np.linspace(-0.1, 0.1, 2000)
    out = panel.controls(hands(2000, cv_x=cv_code(5), att_x=np.rint(32700 + 32300 * turn)))["cv_x"]
    assert (out[0] < 0) and (out[-1] > 0)
    assert np.abs(np.diff(out)).max() < 3e-4  # 1e-4 a block, in codes of 3e-5


@given(
    zero=st.tuples(st.integers(30000, 36000), st.integers(30000, 36000)),
    per_volt=st.sampled_from([-5958, -5400, 5958, 6000]),
    volts=st.floats(-4.5, 4.5),
)
def test_any_calibration_gives_the_volts_that_were_measured(
    panel: Panel, zero: tuple[int, int], per_volt: int, volts: float
) -> None:
    calibration = {"cv_zero": list(zero), "cv_per_volt": [per_volt] * 2}
    codes = [round(axis_zero + per_volt * volts) for axis_zero in zero]
    out = panel.controls(hands(1, cv_x=codes[0], cv_y=codes[1]), **calibration)[0]
    half_a_code = 0.5 / abs(per_volt) / 5
    assert out["cv_x"] == pytest.approx(volts / 5, abs=CV_DEAD_ZONE + half_a_code + 1e-6)
    assert out["cv_y"] == pytest.approx(volts / 5, abs=CV_DEAD_ZONE + half_a_code + 1e-6)


def test_five_volts_are_the_whole_way_to_the_edge(panel: Panel) -> None:
    out = panel.controls(hands(1, cv_x=cv_code(5), cv_y=cv_code(-5)))[0]
    assert (out["cv_x"], out["cv_y"]) == (1, -1)


def test_a_pot_wired_the_other_way_round_is_only_a_matter_of_calibration(panel: Panel) -> None:
    turn = np.linspace(-1, 1, 500)
    ends = {"pot_low": [65000] * len(POTS), "pot_high": [400] * len(POTS)}
    right = panel.controls(hands(500, x=np.rint(32700 + 32300 * turn)))["x"]
    reversed_pot = panel.controls(hands(500, x=np.rint(32700 - 32300 * turn)), **ends)["x"]
    np.testing.assert_array_equal(right, reversed_pot)


@given(
    codes=st.lists(st.lists(CODES | st.sampled_from([0, 65535]), min_size=8, max_size=8), min_size=1, max_size=20),
    low=st.integers(0, 20000),
    high=st.integers(45000, 65535),
)
def test_no_codes_make_nonsense(panel: Panel, codes: list[list[int]], low: int, high: int) -> None:
    hand = hands(len(codes))
    hand["adc"] = codes
    out = panel.controls(hand, pot_low=[low] * len(POTS), pot_high=[high] * len(POTS))
    for name, lowest, highest in (
        *((axis, -1, 1) for axis in ("x", "y")),
        *((knob, 0, 1) for knob in ("level", "mix")),
        *((cv, -1.2, 1.2) for cv in ("cv_x", "cv_y")),  # the converter ends at 5.6 V
    ):
        assert np.all((out[name] >= lowest) & (out[name] <= highest)), name


def test_the_button_freezes_when_pressed_and_bypasses_when_held(panel: Panel) -> None:
    button = np.zeros(2000, bool)
    button[100:200] = True
    button[500:1500] = True
    out = panel.controls(hands(2000, button=button))
    assert np.flatnonzero(out["freeze_pressed"]).tolist() == [205]  # 5 ms after it was let go
    assert np.flatnonzero(out["bypass_pressed"]).tolist() == [1105]  # after 0.6 s


def test_the_gate_rises_for_one_block(panel: Panel) -> None:
    gate = np.zeros(100, bool)
    gate[[10, 11, 12, 50]] = True
    out = panel.controls(hands(100, gate=gate))
    np.testing.assert_array_equal(out["gate"], gate)
    assert np.flatnonzero(out["gate_rose"]).tolist() == [10, 50]


def test_a_gate_that_is_high_at_power_up_does_not_rise(panel: Panel) -> None:
    out = panel.controls(hands(10, gate=True))
    assert out["gate"].all()
    assert not out["gate_rose"].any()
