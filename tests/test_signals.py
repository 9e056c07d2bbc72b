# SPDX-License-Identifier: MIT
"""Procedural sounds: factors are independent and kept, levels hold, oscillators are free of aliases and of DC."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import signal, stats

from model import oscillators
from model.eurorack import EURORACK, FM_RATIOS
from model.signals import PLAIN, SIGNALS, SignalFactors, render_signal

RATE = 48_000
SAMPLES = 12_000
# A note of 20 ms that begins anywhere in its period is off balance by up to a quarter of a period of 40 Hz.
LARGEST_DC = 10 ** (-20 / 20)
STEADY = SignalFactors("saw", 1_001.3, 0.0, 1.0, 1e6, 0.0, 0.0)


def spectrum_db(sound: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies in Hz and levels in dB under the strongest, with side lobes below -90 dB."""
    magnitude = np.abs(np.fft.rfft(sound * signal.windows.blackmanharris(len(sound))))
    return np.fft.rfftfreq(len(sound), 1 / RATE), 20 * np.log10(magnitude / magnitude.max() + 1e-12)


def between_harmonics_db(sound: np.ndarray, pitch_hz: float) -> float:
    """The loudest partial that is no harmonic of the pitch."""
    frequency, level = spectrum_db(sound)
    distance = np.abs(frequency - pitch_hz * np.maximum(np.round(frequency / pitch_hz), 1))
    return float(level[distance > 6 * RATE / len(sound)].max())


def draws(number: int) -> list[SignalFactors]:
    rng = np.random.default_rng(5)
    return [SignalFactors.draw_any(rng) for _ in range(number)]


def most_dependent(factors: list[SignalFactors]) -> float:
    """The largest rank correlation between two factors, kinds by number."""
    kinds = list(SIGNALS)
    columns = [[kinds.index(value) if name == "kind" else value for name, value in vars(f).items()] for f in factors]
    return float(np.abs(stats.spearmanr(columns).statistic - np.eye(len(columns[0]))).max())


def test_the_draws_of_the_released_model_stay():
    rng = np.random.default_rng((1, 0, 6))
    factors = SignalFactors.draw(rng)
    clip = render_signal(factors, 6_000, RATE, rng)
    assert (factors.kind, factors.shape, factors.glide_octaves, factors.noise) == ("drum", 0.5, 0.0, 0.0)
    # Other computers round sines and powers in other ways.
    assert [factors.pitch_hz, factors.level_db, clip.std(), clip[3_000]] == pytest.approx(
        [522.3348885808713, -7.300811985541888, 0.05407474220714697, 0.018554327464585033], rel=1e-6
    )


def test_all_kinds_are_drawn_but_the_string_with_dc():
    assert {f.kind for f in draws(2_000)} == set(SIGNALS) - {"plucked_string"}
    assert {SignalFactors.draw(np.random.default_rng(i)).kind for i in range(100)} == set(PLAIN)


def test_factors_are_independent():
    assert most_dependent(draws(4_000)) < 0.06  # 4 standard errors of no correlation: 4 / sqrt(4000)


def test_a_dependent_factor_is_noticed():
    assert most_dependent([replace(f, brightness=f.pitch_hz / 8_000) for f in draws(4_000)]) > 0.06


def test_hot_levels_and_high_pitches_are_frequent():
    factors = draws(4_000)
    # 4 standard errors of a share of a third: 4 * sqrt(2 / 9 / 4000)
    assert np.mean([f.level_db == 0 for f in factors]) == pytest.approx(1 / 3, abs=0.03)
    assert np.mean([f.pitch_hz > 2_000 for f in factors]) == pytest.approx(1 / 7, abs=0.03)
    assert 7_000 < max(f.pitch_hz for f in factors) <= 8_000


@pytest.mark.parametrize("kind", EURORACK)
def test_a_sound_is_finite_at_its_level_audible_and_without_dc(kind):
    for i, factors in enumerate(draws(40)):
        factors = replace(factors, kind=kind)
        clip = render_signal(factors, SAMPLES, RATE, np.random.default_rng(i))
        assert clip.shape == (SAMPLES,) and np.isfinite(clip).all()
        assert 20 * np.log10(np.abs(clip).max()) == pytest.approx(factors.level_db, abs=1e-6)  # rounding
        full_scale = clip / np.abs(clip).max()
        assert full_scale.std() > 0.01
        assert abs(full_scale.mean()) < LARGEST_DC
        assert np.array_equal(clip, render_signal(factors, SAMPLES, RATE, np.random.default_rng(i)))


def test_a_sound_with_dc_is_noticed():
    """The string of the released model's draws, plucked softly, is why `draw_any` leaves it out."""
    factors = replace(STEADY, kind="plucked_string", brightness=0.0)
    clips = [render_signal(factors, SAMPLES, RATE, np.random.default_rng(i)) for i in range(20)]
    assert max(abs(clip.mean()) for clip in clips) > LARGEST_DC


@pytest.mark.parametrize("kind", ["sine", "saw", "pulse", "triangle"])
@pytest.mark.parametrize("pitch_hz", [110.3, 1_001.3, 7_001.3])
def test_oscillators_have_no_aliases(kind, pitch_hz):
    clip = render_signal(replace(STEADY, kind=kind, pitch_hz=pitch_hz, shape=0.3), RATE, RATE, np.random.default_rng(0))
    # Linear interpolation in a table of 8192 samples leaves less.
    assert between_harmonics_db(clip, pitch_hz) < -80


def test_a_naive_saw_has_aliases():
    clip = 2 * (np.arange(RATE) * STEADY.pitch_hz / RATE % 1.0) - 1
    assert between_harmonics_db(clip, STEADY.pitch_hz) > -50


def test_waveforms_have_their_shapes():
    phase = 2 * np.pi * (np.arange(1_000) + 0.5) / 1_000
    number = np.arange(1, 2_000)
    high = oscillators.play_table(oscillators.pulse(number, 0.2), phase)
    rising = oscillators.play_table(oscillators.triangle(number, 0.3), phase)
    assert np.mean(high > high.mean()) == pytest.approx(0.2, abs=0.01)  # ten samples at the two edges
    assert np.mean(np.diff(rising) > 0) == pytest.approx(0.3, abs=0.01)
    saw = oscillators.play_table(oscillators.saw(number), phase)
    assert np.abs(np.corrcoef(saw, phase)[0, 1]) > 0.999


@pytest.mark.parametrize("number", range(len(FM_RATIOS)))
def test_operators_have_their_ratio_and_stay_below_the_band(number):
    factors = replace(STEADY, kind="two_operators", shape=(number + 0.5) / len(FM_RATIOS), brightness=0.25)
    frequency, level = spectrum_db(render_signal(factors, RATE, RATE, np.random.default_rng(0)))
    sideband = factors.pitch_hz * (1 + FM_RATIOS[number])
    assert level[np.abs(frequency - sideband) < 5].max() > -20
    high = replace(factors, pitch_hz=3_000.0, brightness=1.0)
    frequency, level = spectrum_db(render_signal(high, RATE, RATE, np.random.default_rng(0)))
    # Carson's band holds 98 % of the power; what lies outside is small.
    power = 10 ** (level / 10)
    assert power[frequency > 0.45 * RATE].sum() < 0.02 * power.sum()


@pytest.mark.parametrize("kind", ["filtered_saw", "swept_noise"])
def test_a_filter_sings_at_its_pitch_and_glides(kind):
    factors = replace(STEADY, kind=kind, pitch_hz=500.0, shape=1.0, brightness=0.0, glide_octaves=2.0)
    clip = render_signal(factors, RATE, RATE, np.random.default_rng(0))
    for part, cutoff_hz in ((clip[:4_800], 500 * 2**0.1), (clip[-4_800:], 500 * 2**1.9)):
        frequency, level = spectrum_db(part)
        # The saw's nearest harmonic is at most 100 Hz away.
        assert frequency[level.argmax()] == pytest.approx(cutoff_hz, abs=150)


def test_noise_fills_the_room_between_harmonics():
    noisy = render_signal(replace(STEADY, noise=0.2), RATE, RATE, np.random.default_rng(0))
    assert between_harmonics_db(noisy, STEADY.pitch_hz) > -60


def test_drums_end_and_have_their_places():
    centre = {}
    for kind in ("kick", "snare", "hat"):
        factors = replace(STEADY, kind=kind, brightness=0.5, onset=0.0)
        clip = render_signal(factors, 2 * RATE, RATE, np.random.default_rng(0))
        assert np.abs(clip[-RATE // 2 :]).max() < 0.01 * np.abs(clip).max()
        power = np.abs(np.fft.rfft(clip)) ** 2
        centre[kind] = (power * np.fft.rfftfreq(len(clip), 1 / RATE)).sum() / power.sum()
    assert centre["kick"] < 200 < 500 < centre["snare"] and centre["hat"] > 3_000
