# SPDX-License-Identifier: MIT
"""Each measure of a map finds what was planted in a made-up decoder, at the place where it was planted."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter

from model.aliasing import sine
from model.decay import BANDS, dying_note, measure_decay
from model.map_measures import k_weighted_loudness, measure_map, rank_correlation, reference_sound

LIMIT = 3.0
PLACES = 5


def overdrive(dry: np.ndarray, z: np.ndarray) -> np.ndarray:
    """A smooth saturation that grows with y and keeps its level; x does nothing."""
    gain = 4.0 ** (1 + z[:, 1:] / LIMIT)
    return np.tanh(gain * dry) / np.tanh(gain)


def blocked(wet: np.ndarray) -> np.ndarray:
    """A first-order high-pass at 3.5 Hz, as the module's."""
    coefficient = 2 * np.pi * 3.5 / 48_000
    return lfilter([1, -1], [1, coefficient - 1], wet, axis=-1)


def test_a_full_scale_sine_of_997_hz_has_the_loudness_the_standard_says():
    # BS.1770-5: -3.01 LKFS; 0.02 dB for the filters' start.
    assert k_weighted_loudness(sine(997.0, 96_000, 1.0)) == pytest.approx(-3.01, abs=0.02)


def test_loudness_is_measured_where_it_is():
    measured = measure_map(lambda dry, z: 10 ** ((z[:, :1] + 0.5 * z[:, 1:]) / 20) * dry, LIMIT, PLACES)
    grid = measured.loudness_lkfs  # [y][x]: 6 dB from left to right, 3 dB upwards
    assert grid[0, -1] - grid[0, 0] == pytest.approx(6) and grid[-1, 0] - grid[0, 0] == pytest.approx(3)
    assert measured.to_dict()["loudness_plus_minus_db"] == pytest.approx(4.5)
    assert measured.silence_db.max() == -150 and measured.dc_db.max() < -100
    assert np.ptp(measured.centroid_hz) < 1e-6


def test_loudness_that_becomes_even_is_measured_first_and_last():
    """Half a second of the reference is twice as loud at the right edge; from then on all is even."""

    def slow(dry: np.ndarray, z: np.ndarray) -> np.ndarray:
        first = np.arange(len(dry)) < 0.55 * 48_000
        return np.where(first & (z[:, :1] == LIMIT), 2.0, 1.0) * dry

    found = measure_map(slow, LIMIT, PLACES, repetitions=3).to_dict()
    assert found["loudness_at_once_plus_minus_db"] == pytest.approx(3.01, abs=0.01)
    assert found["loudness_plus_minus_db"] == pytest.approx(0, abs=1e-6)


def test_the_amount_axis_is_in_order_and_a_column_that_is_not_is_found():
    good = measure_map(overdrive, LIMIT, PLACES)
    assert good.amount_correlation == pytest.approx(np.ones(PLACES))

    def reversed_at_the_left(dry: np.ndarray, z: np.ndarray) -> np.ndarray:
        return overdrive(dry, np.where(z[:, :1] < -2, -z, z))

    bad = measure_map(reversed_at_the_left, LIMIT, PLACES).to_dict()
    assert bad["amount_correlation_worst"] == pytest.approx(-1) and bad["amount_correlation_worst_x"] == -LIMIT
    assert bad["amount_correlation_median"] == pytest.approx(1)


def test_dc_and_a_sound_that_stays_are_found_unless_blocked():
    def offset(dry: np.ndarray, z: np.ndarray) -> np.ndarray:
        return overdrive(dry, z) + np.where((z == LIMIT).all(axis=1), 0.01, 0.0)[:, None]

    bare, behind = measure_map(offset, LIMIT, PLACES), measure_map(offset, LIMIT, PLACES, blocked)
    assert bare.dc_db.argmax() == PLACES * PLACES - 1
    assert bare.dc_db.max() == pytest.approx(-40, abs=0.1) == bare.silence_db.max()
    assert behind.dc_db.max() < -60 and behind.silence_db.max() < -60

    def hum(dry: np.ndarray, z: np.ndarray) -> np.ndarray:
        return overdrive(dry, z) + sine(1000.0, len(dry), 0.01)

    assert measure_map(hum, LIMIT, 3, blocked).silence_db.max() == pytest.approx(-40, abs=0.1)


def test_rounding_a_quiet_tone_to_a_few_steps_is_grit():
    def coarse(dry: np.ndarray, z: np.ndarray) -> np.ndarray:
        return np.rint(overdrive(dry, z) * 2048) / 2048

    assert measure_map(overdrive, LIMIT, 3).grit_db.max() < -90
    assert measure_map(coarse, LIMIT, 3).grit_db.max() > -30


def test_a_jump_between_neighbours_is_found():
    def flipped(dry: np.ndarray, z: np.ndarray) -> np.ndarray:
        return np.where(z[:, :1] > 0.1, -1.0, 1.0) * dry

    measured = measure_map(flipped, LIMIT, PLACES)
    # Twice the sound apart: 6.02 dB over the sound itself.
    assert measured.step_x_db[:, 2] == pytest.approx(np.full(PLACES, 6.0206), abs=1e-3)
    assert np.delete(measured.step_x_db, 2, axis=1).max() == -150 and measured.step_y_db.max() == -150
    assert measured.to_dict()["step_worst_db"] == pytest.approx(6.0206, abs=1e-3)


def test_the_reference_is_loud_and_does_not_clip():
    reference = reference_sound()
    assert np.abs(reference).max() < 1
    assert np.sqrt(np.square(reference).mean()) == pytest.approx(0.15)


def test_rank_correlation_of_something_constant_is_none():
    assert rank_correlation(np.arange(5), np.zeros(5)) == 0
    assert rank_correlation(np.arange(4), np.array([0.0, 1.0, 3.0, 2.0])) == pytest.approx(0.8)


def test_a_note_dies_away_by_ten_decibels_a_band():
    measured = measure_decay(overdrive, np.zeros((1, 2)), lambda dry: overdrive(dry, np.zeros((1, 2))))
    assert np.diff(measured.note_db) == pytest.approx(-10 * np.ones(BANDS - 1), abs=0.3)  # whole periods do not fit
    assert (measured.error_db == -150).all() and np.abs(dying_note()).max() <= 1


def test_a_noise_floor_shows_in_the_tail_alone():
    noise = np.random.default_rng(0).normal(0, 1e-4, len(dying_note()))
    measured = measure_decay(
        lambda dry, z: np.broadcast_to(dry + noise, (2, len(dry))),
        np.zeros((2, 2)),
        lambda dry: np.broadcast_to(dry, (2, len(dry))),
    )
    assert measured.error_db == pytest.approx(np.full((2, BANDS), -80), abs=0.5)  # 4,800 draws: a spread of 0.09 dB
    esr_db = [row["esr_db"] for row in measured.to_dict()]
    assert esr_db[0] < -60 and esr_db[-1] > -10
