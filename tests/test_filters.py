# SPDX-License-Identifier: MIT
"""`core/filters.h`: what the small filters let through, what they keep back, and when a button was pressed or held."""

import numpy as np
import pytest
from compiled_panel import Panel
from hypothesis import given
from hypothesis import strategies as st

PRESSED, HELD = 1, 2
DEBOUNCE, HOLD = 6, 601  # blocks of 1 ms: the first after 5 ms, and after 0.6 s
FLOATS = st.floats(-10, 10, width=32)


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Panel:
    return Panel(tmp_path_factory.mktemp("filters"))


def test_a_low_pass_has_gone_most_of_the_way_after_its_time(panel: Panel) -> None:
    steps = panel.filtered("one_pole", np.ones(200), 0.020, 1000.0)
    # 1 - 1/e of a continuous filter; the discrete one is off by half a step of twenty, 0.4 / 20.
    assert steps[19] == pytest.approx(1 - np.exp(-1), abs=0.02)


@given(start=FLOATS, end=FLOATS)
def test_a_low_pass_arrives_and_never_overshoots(panel: Panel, start: float, end: float) -> None:
    out = panel.filtered("one_pole", np.repeat([start, end], 400), 0.008, 1000.0)
    way = out[400:] - np.float32(start)
    assert out[399] == np.float32(start)
    assert out[-1] == np.float32(end)
    assert np.all(np.diff(way) * np.sign(end - start) >= 0)


@given(codes=st.lists(st.integers(-48, 48), min_size=2, max_size=60))
def test_what_stays_within_the_play_does_not_pass(panel: Panel, codes: list[int]) -> None:
    out = panel.filtered("backlash", np.array([48, -48, *codes]), 64.0)
    assert np.unique(out).size == 1


@given(codes=st.lists(st.integers(-32768, 32767), min_size=1, max_size=60))
def test_what_passes_is_late_by_the_play_at_most_and_never_in_time(panel: Panel, codes: list[int]) -> None:
    out = panel.filtered("backlash", np.array(codes), 16.0)
    assert np.abs(out - np.array(codes)).max() <= 16  # whole numbers below 2^24: floats are exact


def test_dc_is_taken_out(panel: Panel) -> None:
    out = panel.without_dc(np.full(48000, 0.5), 5, 48000, 48)
    # -80 dB: where the mean's increments fall below half a bit of a float near 0.5, at -84 dB.
    assert np.abs(out[-4800:]).max() < 0.5 * 1e-4


@pytest.mark.parametrize(("frequency_hz", "gain_db"), [(5, -3.01), (10, -0.97), (20, -0.26), (1000, 0)])
def test_the_dc_blocker_keeps_what_is_heard(panel: Panel, frequency_hz: int, gain_db: float) -> None:
    seconds = np.arange(2 * 48000) / 48000
    out = panel.without_dc(np.sin(2 * np.pi * frequency_hz * seconds), 5, 48000, 48)[48000:]
    measured_db = 10 * np.log10(2 * np.mean(out.astype(float) ** 2))
    assert measured_db == pytest.approx(gain_db, abs=0.02)  # the first second settles to e^-31


def test_after_silence_the_dc_blocker_is_silent_to_the_last_bit(panel: Panel) -> None:
    signal = np.zeros(4 * 48000)
    signal[:480] = 0.5
    out = panel.without_dc(signal, 5, 48000, 48)
    assert np.all(out[-48:] == 0)
    # On the way there nothing is so small that boards could disagree about it.
    assert np.abs(out[out != 0]).min() > np.finfo(np.float32).tiny


def down(*stretches: tuple[bool, int]) -> np.ndarray:
    """Button levels, a block each."""
    return np.concatenate([np.full(blocks, level) for level, blocks in stretches])


def events(panel: Panel, levels: np.ndarray) -> list[tuple[int, int]]:
    found = panel.button(levels)
    return [(int(block), int(found[block])) for block in np.flatnonzero(found)]


def test_a_short_press_counts_when_the_button_is_let_go(panel: Panel) -> None:
    levels = down((False, 50), (True, 100), (False, 100))
    assert events(panel, levels) == [(150 + DEBOUNCE - 1, PRESSED)]


def test_a_hold_counts_while_it_lasts_and_is_no_press_afterwards(panel: Panel) -> None:
    levels = down((False, 50), (True, 2000), (False, 100))
    assert events(panel, levels) == [(50 + DEBOUNCE - 1 + HOLD - 1, HELD)]


def test_a_hold_and_then_a_press_are_told_apart(panel: Panel) -> None:
    levels = down((True, 1000), (False, 100), (True, 100), (False, 100))
    assert [event for _, event in events(panel, levels)] == [HELD, PRESSED]


@given(bounces=st.lists(st.integers(1, DEBOUNCE - 1), max_size=8), blocks=st.integers(20, 500))
def test_bounces_make_no_press_and_a_bouncing_press_is_one(panel: Panel, bounces: list[int], blocks: int) -> None:
    chatter = [(i % 2 == 0, length) for i, length in enumerate(bounces)]
    assert events(panel, down((False, 20), *chatter, (False, 20))) == []
    levels = down((False, 20), *chatter, (True, blocks), *[(not level, n) for level, n in chatter], (False, 20))
    assert [event for _, event in events(panel, levels)] == [PRESSED]
