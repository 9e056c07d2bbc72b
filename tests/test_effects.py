# SPDX-License-Identifier: MIT
"""Distortions are bounded, silent for silence, richer in harmonics with drive, poor in aliases, and soon forget."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import integrate, signal

from model import circuits, waveshapers
from model.attributes import harmonic_distortion, sine
from model.effects import EFFECTS, EffectFunction, EffectSetting, Family, band_limit, render_chain

RATE = 48_000
TIME = np.arange(RATE // 4) / RATE
SAMPLES_ARE_COUNTED = "rate_reduction"  # makes nothing but aliases, from where the clip starts


@pytest.fixture(autouse=True, scope="module")
def compiled() -> None:
    """Compiles the loops before Hypothesis times an example; a second run finds them on disk."""
    for name in EFFECTS:
        render_chain(TIME[:100], [EffectSetting(name, 0.5)], RATE, 8)


def harmonics_db(wet: np.ndarray, pitch_hz: float) -> float:
    """Power outside the fundamental over the fundamental's, dB; the clip holds whole periods."""
    spectrum = np.abs(np.fft.rfft(wet)) ** 2
    fundamental = round(pitch_hz * len(wet) / RATE)
    return 10 * np.log10((spectrum[1:].sum() - spectrum[fundamental]) / spectrum[fundamental])


def test_the_catalogue_is_broad_and_every_kind_names_its_family_and_source():
    assert len(EFFECTS) >= 16
    assert {effect.family for effect in EFFECTS.values()} == set(get_args(Family))
    assert all(len(effect.source) > 20 for effect in EFFECTS.values())
    assert len({effect.function for effect in EFFECTS.values()}) == len(EFFECTS)


@pytest.mark.parametrize("name", EFFECTS)
def test_tone_matters_where_an_effect_has_it_and_nowhere_else(name):
    noise = 0.5 * np.random.default_rng(0).uniform(-1, 1, 2000)
    dull, bright = (render_chain(noise, [EffectSetting(name, 0.5, tone)], RATE, 2) for tone in (0.0, 1.0))
    assert EFFECTS[name].has_tone != np.array_equal(dull, bright)


@pytest.mark.parametrize("name", EFFECTS)
def test_silence_stays_silent(name):
    assert not render_chain(np.zeros(1000), [EffectSetting(name, 1.0)], RATE, 8).any()


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(list(EFFECTS)), st.floats(0, 1), st.floats(0, 1), st.integers(0, 2**32 - 1))
@example("diode_clipper", 0.0, 0.0, 1)  # a sound that stays at full scale, where the circuit settles
def test_wet_is_finite_and_bounded(name, drive, tone, seed):
    rng = np.random.default_rng(seed)
    dry = rng.choice([rng.uniform(-1, 1, 700), np.sign(rng.uniform(-1, 1, 700)), np.ones(700)])
    wet = render_chain(dry, [EffectSetting(name, drive, tone)], RATE, 8)
    assert wet.shape == dry.shape and np.isfinite(wet).all() and np.abs(wet).max() <= 1
    # The effect itself, which no clipping follows. 1e-9 is for rounding.
    assert np.abs(EFFECTS[name].function(dry, 8 * RATE, drive, tone)).max() <= 1 + 1e-9


@pytest.mark.parametrize("name", EFFECTS)
def test_drive_adds_harmonics(name):
    dry = 0.5 * np.sin(2 * np.pi * 1000 * TIME)
    low, high = (harmonics_db(render_chain(dry, [EffectSetting(name, d)], RATE, 8), 1000) for d in (0.0, 1.0))
    assert high > low + 1.0


def largest_fall_db(function: EffectFunction, level_db: float) -> float:
    """How far harmonic distortion of a 220 Hz sine falls at worst while drive rises by a tenth."""
    dry = signal.resample_poly(sine(level_db), 8, 1, window=band_limit(8))
    wet = [function(dry, 8 * RATE, drive, 0.5) for drive in np.linspace(0, 1, 11)]
    ratio = [harmonic_distortion(signal.resample_poly(w, 1, 8, window=band_limit(8))) for w in wet]
    return float(-np.diff(20 * np.log10(np.maximum(ratio, 1e-4))).min())


@pytest.mark.parametrize("name", EFFECTS)
def test_distortion_never_falls_as_drive_rises(name):
    """At -12 dBFS, above a floor of -80 dB. The tolerance of 0.1 dB is what a filter's phase may do at saturation."""
    assert largest_fall_db(EFFECTS[name].function, -12.0) <= 0.1


def test_a_fall_of_distortion_is_noticed():
    def turned(x: np.ndarray, rate: int, drive: float, tone: float) -> np.ndarray:
        return waveshapers.soft_clip(x, rate, 1 - drive, tone)

    assert largest_fall_db(turned, -12.0) > 0.5


@pytest.mark.parametrize("name", [name for name in EFFECTS if name != SAMPLES_ARE_COUNTED])
def test_oversampling_keeps_aliases_down(name):
    """A sine at 5 kHz: what is neither DC nor a harmonic is aliased. 8x must gain 10 dB on no oversampling, below the
    20 kHz above which the filter does not promise anything.
    """
    dry = 0.5 * np.sin(2 * np.pi * 5000 * TIME)

    def alias_db(oversampling: int) -> float:
        wet = render_chain(dry, [EffectSetting(name, 1.0)], RATE, oversampling)[2000:-2000]
        spectrum = np.abs(np.fft.rfft(wet * np.blackman(len(wet))))[: 20_000 * len(wet) // RATE] ** 2
        step = 5000 * len(wet) / RATE
        bins = np.arange(len(spectrum))
        distance = np.abs(bins - np.round(bins / step) * step)
        return 10 * np.log10(spectrum[distance > 4].sum() / spectrum.sum())

    assert alias_db(8) < alias_db(1) - 10


def response_db(taps: np.ndarray, low_hz: float, high_hz: float) -> np.ndarray:
    _, response = signal.freqz(taps, worN=np.linspace(low_hz, high_hz, 2000), fs=8 * RATE)
    return 20 * np.log10(np.abs(response))


def test_the_band_limiting_filter_passes_20_khz_and_stops_images_by_80_db():
    assert np.abs(response_db(band_limit(8), 0, 20_000)).max() < 0.01
    assert response_db(band_limit(8), 28_000, 192_000).max() < -80
    assert np.array_equal(band_limit(8), band_limit(8)[::-1])  # linear phase
    of_scipy = signal.firwin(161, 1 / 8, window=("kaiser", 5.0))
    assert response_db(of_scipy, 28_000, 192_000).max() > -80  # resample_poly's own would not do


def shift_error(name: str, samples: int) -> float:
    """Largest difference between a delayed wet sound and the wet sound of the delayed dry one, drive at full."""
    dry = np.concatenate([np.zeros(300), np.random.default_rng(5).uniform(-1, 1, 2000), np.zeros(300)])
    wet, late = (render_chain(np.roll(dry, n), [EffectSetting(name, 1.0)], RATE, 8) for n in (0, samples))
    return float(np.abs(np.roll(wet, samples) - late)[samples:-100].max())


@pytest.mark.parametrize("name", EFFECTS)
def test_a_later_sound_gives_the_same_sound_later(name):
    """1e-6: what Newton's tolerance leaves. Only the sample and hold counts from the start, and must be caught."""
    assert (shift_error(name, 37) < 1e-6) == (name != SAMPLES_ARE_COUNTED)


@pytest.mark.parametrize("name", EFFECTS)
def test_20_ms_after_a_sound_nothing_is_left(name):
    """-60 dBFS at full drive: what outlives a decoder's receptive field it could not learn."""
    dry = np.where(TIME < 0.1, np.sin(2 * np.pi * 220 * TIME + 0.3), 0.0)
    wet = render_chain(dry, [EffectSetting(name, 1.0)], RATE, 8)
    assert np.abs(wet[: RATE // 10]).max() > 0.1
    assert np.abs(wet[RATE // 10 + RATE // 50 :]).max() < 1e-3


@pytest.mark.parametrize("name", EFFECTS)
def test_a_batch_sounds_like_its_rows(name):
    batch = np.random.default_rng(2).uniform(-1, 1, (2, 3, 400))
    wet = render_chain(batch, [EffectSetting(name, 0.7, 0.3)], RATE, 8)
    assert wet.shape == batch.shape
    assert np.array_equal(wet[1, 2], render_chain(batch[1, 2], [EffectSetting(name, 0.7, 0.3)], RATE, 8))


def test_the_diode_clipper_solves_its_circuit():
    """Against SciPy's implicit Runge-Kutta (Radau). -40 dB: backward Euler is of first order at 384 kHz."""
    rate, peak = 8 * RATE, 10 ** (23 / 20)
    time = np.arange(rate // 250) / rate
    dry = 0.5 * np.sin(2 * np.pi * 500 * time)

    def solved(farad: float) -> np.ndarray:
        def slope(t: float, v: np.ndarray) -> np.ndarray:
            current = (peak * 0.5 * np.sin(2 * np.pi * 500 * t) - v) / 2.2e3
            return (current - 2 * 2.52e-9 * np.sinh(v / 45.3e-3)) / farad

        return integrate.solve_ivp(slope, (0, time[-1]), [0.0], "Radau", time, rtol=1e-8, atol=1e-10).y[0]

    wet = circuits.diode_clipper(dry, rate, 1.0, 0.5)

    def error_db(reference: np.ndarray) -> float:
        scaled = reference * (wet @ reference) / (reference @ reference)
        return 10 * np.log10(np.sum((wet - scaled) ** 2) / np.sum(wet**2))

    assert error_db(solved(10e-9)) < -40
    assert error_db(solved(20e-9)) > -35  # another capacitor is another circuit


def test_the_triode_draws_the_published_current_and_stays_on_its_load_line():
    """1.07 mA at 221 V and -1.61 V is the operating point that textbooks work out from Koren's 12AX7 parameters."""
    assert waveshapers.triode_current(np.array(221.0), np.array(-1.61)) == pytest.approx(1.07e-3, abs=0.01e-3)
    source, plate = waveshapers.triode_table()
    assert (np.diff(plate) <= 0).all()  # more grid voltage, less plate voltage
    cold = source < -0.5  # where the stopper takes nothing, but for 1 part in 150
    drawn = waveshapers.triode_current(plate[cold], source[cold])
    assert np.abs(drawn - (250 - plate[cold]) / 100e3).max() < 5e-6


def test_the_buchla_folder_has_no_jumps():
    """A cell that starts where its threshold says starts from zero; 0.002 is twice what the slope gives."""
    x = np.linspace(-1, 1, 20_001)

    def largest_step(function: Callable[[np.ndarray], np.ndarray]) -> float:
        return float(np.abs(np.diff(function(x))).max())

    assert largest_step(lambda x: waveshapers.buchla_folder(x, RATE, 1.0, 0.5)) < 0.002
    assert largest_step(lambda x: waveshapers.bit_reduction(x, RATE, 1.0, 0.5)) > 0.1


def test_chains_compose():
    dry = 0.5 * np.sin(2 * np.pi * 300 * TIME)
    first, second = EffectSetting("screamer", 0.7), EffectSetting("wavefolder", 0.4)
    chained = render_chain(dry, [first, second], RATE, 8)
    assert not np.allclose(chained, render_chain(dry, [second, first], RATE, 8), atol=1e-2)
    assert not np.allclose(chained, render_chain(dry, [first], RATE, 8), atol=1e-2)


def test_a_knob_outside_its_range_is_refused():
    with pytest.raises(ValueError, match=r"fuzz: drive 1\.5"):
        render_chain(TIME, [EffectSetting("fuzz", 1.5)], RATE, 8)
