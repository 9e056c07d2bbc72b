# SPDX-License-Identifier: MIT
"""Lags are found through gain, polarity, filters, distortion and noise, and refused where there is none to find."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

from model.alignment import aligned, find_lag
from model.effects import EFFECTS, EffectSetting, render_chain

RATE = 48_000


def playing(seconds: float = 1.0, seed: int = 0) -> np.ndarray:
    """Plucked notes at irregular times with some noise of the strings."""
    rng = np.random.default_rng(seed)
    sound = 1e-4 * rng.standard_normal(round(seconds * RATE))
    time = np.arange(RATE // 3) / RATE
    for start in np.cumsum(rng.integers(RATE // 12, RATE // 6, 30)):
        pitch = rng.uniform(80, 500)
        note = sum(np.sin(2 * np.pi * pitch * k * time + rng.uniform(0, 6)) / k for k in range(1, 20)) * np.exp(
            -8 * time
        )
        end = min(len(sound), start + len(note))
        if start < end:
            sound[start:end] += note[: end - start]
    return 0.9 * sound / np.abs(sound).max()


def late(sound: np.ndarray, lag: int) -> np.ndarray:
    return np.pad(sound, (lag, 0)) if lag >= 0 else sound[-lag:]


@pytest.mark.parametrize("lag", [0, 1, 37, 500, RATE - 1, -37, -9_000])
@pytest.mark.parametrize("polarity", [1, -1])
def test_a_planted_lag_is_found_exactly(lag, polarity):
    dry = playing()
    assert find_lag(dry, 0.3 * polarity * late(dry, lag), RATE) == lag


@pytest.mark.parametrize("drive", [0.1, 1.0])
@pytest.mark.parametrize("name", [name for name in EFFECTS if name != "rate_reduction"])
def test_every_effect_of_the_catalogue_is_aligned(name, drive):
    """Within 4 samples, 0.08 ms: the phase of an effect's own filters is part of its sound, and moves the best fit."""
    dry = playing()
    wet = render_chain(dry, [EffectSetting(name, drive)], RATE, 2)
    assert abs(find_lag(dry, late(wet, 700), RATE) - 700) <= 4


def test_noise_hum_and_another_length_do_not_matter():
    dry = playing(2.0)
    wet = np.tanh(20 * late(dry, 4_321))[: -RATE // 2] + 3.0
    wet += 0.1 * np.random.default_rng(1).standard_normal(len(wet))
    wet += 0.5 * np.sin(2 * np.pi * 50 * np.arange(len(wet)) / RATE)
    assert find_lag(dry, wet, RATE) == 4_321


def test_a_high_pass_and_a_low_pass_leave_the_lag_within_their_own_delay():
    dry = playing()
    for corner, kind in ((700, "highpass"), (3_000, "lowpass")):
        wet = signal.sosfilt(signal.butter(1, corner, kind, fs=RATE, output="sos"), late(dry, 100))
        assert abs(find_lag(dry, wet, RATE) - 100) <= 3  # a low-pass at 3 kHz delays by 2.5 samples


def test_the_search_stays_within_its_limit():
    dry = playing()
    assert find_lag(dry, late(dry, 50), 50) == 50
    with pytest.raises(ValueError, match="no lag within 49 samples"):
        find_lag(dry, late(dry, 50), 49)


@pytest.mark.parametrize(
    ("wet", "reason"),
    [
        (playing(seed=7), "no lag within 48000 samples stands out"),
        (np.random.default_rng(2).standard_normal(RATE), "no lag within 48000 samples stands out"),
        (np.zeros(RATE), "the wet sound is silent"),
        (np.full(RATE, np.nan), "the wet sound holds values that are not finite"),
        (np.ones(20), "the wet sound has 20 samples"),
    ],
)
def test_what_has_nothing_in_common_is_refused(wet, reason):
    with pytest.raises(ValueError, match=reason):
        find_lag(playing(), wet, RATE)


@pytest.mark.parametrize("lag", [0, 250, -250])
def test_aligned_cuts_both_to_what_they_share(lag):
    dry = playing()
    first, second = aligned(dry, late(dry, lag), lag)
    assert len(first) == len(second) == len(dry) - max(0, -lag)
    np.testing.assert_array_equal(first, second)


def test_aligned_refuses_a_lag_that_leaves_nothing():
    with pytest.raises(ValueError, match="a lag of 400 samples leaves nothing"):
        aligned(np.ones(300), np.ones(400), 400)
