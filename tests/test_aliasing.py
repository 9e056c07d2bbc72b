# SPDX-License-Identifier: MIT
"""Aliasing is measured as it was planted, and a decoder is charged only with what it adds to its effect."""

from __future__ import annotations

import numpy as np
import pytest

from model.aliasing import UNHEARD_DB, incommensurable_hz, measure_aliasing, sine, split_harmonics, swept_sine
from model.effects import EffectSetting, render_chain

RATE = 48_000
PITCH_HZ = incommensurable_hz(20)


def tones(*parts: tuple[float, float], samples: int = 9600) -> np.ndarray:
    """Sum of sines given as (frequency in Hz, peak)."""
    return np.sum([sine(frequency, samples, peak) for frequency, peak in parts], axis=0)


def clipped(oversampling: int):
    """A hard clipper at full drive as the effect of a single spot, (samples,) → (1, samples)."""
    return lambda dry: render_chain(dry, [EffectSetting("hard_clip", 1.0)], RATE, oversampling)[None]


def test_a_planted_alias_is_found_at_its_level_whatever_dc_and_harmonics():
    wet = 0.3 + tones((PITCH_HZ, 0.5), (2 * PITCH_HZ, 0.2), (3.3 * PITCH_HZ, 0.005))
    expected = 10 * np.log10(0.005**2 / (0.5**2 + 0.2**2 + 0.005**2))
    split = split_harmonics(wet, PITCH_HZ)
    # 0.05 dB: what the window lets leak between tones 700 Hz apart, and the sine's part in the window.
    assert split.non_harmonic_db == pytest.approx(expected, abs=0.05)
    assert split.mean == pytest.approx(0.3, abs=1e-4)


def test_overtones_are_weighed_against_all_harmonics():
    split = split_harmonics(tones((PITCH_HZ, 0.5), (3 * PITCH_HZ, 0.05), (1.5 * PITCH_HZ, 0.3)), PITCH_HZ)
    # The alias planted in between must not count; 0.05 dB as above.
    assert split.distortion_db == pytest.approx(10 * np.log10(0.01 / 1.01), abs=0.05)


def test_what_lies_above_the_highest_frequency_is_left_out():
    wet = tones((PITCH_HZ, 0.5), (22_700.0, 0.1))
    assert split_harmonics(wet, PITCH_HZ).non_harmonic_db > -15
    assert split_harmonics(wet, PITCH_HZ, highest_hz=20_000.0).non_harmonic_db < -80  # the window's side lobes


def test_silence_has_neither_aliases_nor_overtones():
    split = split_harmonics(np.zeros((2, 3, 4800)), PITCH_HZ)
    assert split.non_harmonic_db.shape == (2, 3)
    assert (split.non_harmonic_db == -150).all() and (split.distortion_db == -150).all()


@pytest.mark.parametrize("whole", [43, 20, 9, 6])
def test_aliases_of_the_sines_keep_clear_of_their_harmonics(whole):
    frequency = incommensurable_hz(whole)
    folded = np.arange(1, 9) * RATE / frequency
    assert np.abs(folded - np.round(folded)).min() > 0.05


def test_a_clipper_at_the_sample_rate_aliases_more_than_an_oversampled_one():
    measured = measure_aliasing(lambda dry, z: clipped(1)(dry), np.zeros((1, 2)), clipped(8))
    # 24 dB: eight times the rate moves a clipper's aliases three octaves up its spectrum, which falls 12 dB an octave,
    # less 12 for what folds several times.
    assert (measured.added_db > 24).all()
    assert all(row["added_db_worst"] > 24 for row in measured.to_dict())


def test_a_late_copy_of_the_effect_adds_nothing():
    def late(dry: np.ndarray, z: np.ndarray) -> np.ndarray:
        return np.pad(clipped(8)(dry), ((0, 0), (6, 0)))[:, : len(dry)]

    measured = measure_aliasing(late, np.zeros((1, 2)), clipped(8), highest_hz=RATE / 2)
    # 0.5 dB: aliases that beat with each other within the window do so six samples later.
    assert np.abs(measured.decoder_db - measured.target_db).max() < 0.5


def test_a_pure_effect_counts_as_barely_heard():
    def hum(dry: np.ndarray, z: np.ndarray) -> np.ndarray:
        return dry[None] + sine(3_333.0, len(dry), 5e-5)  # 80 dB below the sine

    measured = measure_aliasing(hum, np.zeros((1, 2)), lambda dry: dry[None])
    assert (measured.target_db < -100).all()
    assert measured.added_db == pytest.approx(-80 - UNHEARD_DB, abs=0.1)


def test_the_sweep_rises_by_octaves_from_20_hz_to_20_khz():
    sweep = swept_sine(1.0)
    crossings = np.diff(np.flatnonzero(np.diff(np.signbit(sweep))))
    assert crossings[0] > 900 and crossings[-1] <= 2  # half periods: at first of little over 20 Hz, at last of 20 kHz
    half = np.count_nonzero(np.diff(np.signbit(sweep[: RATE // 2])))
    # Cycles up to the middle, at 632 Hz: the mean of an exponential. Two crossings each, one either way.
    assert half == pytest.approx(2 * 0.5 * (632.5 - 20) / np.log(632.5 / 20), abs=2)
