# SPDX-License-Identifier: MIT
"""Distortions are bounded, silent for silence, louder in harmonics with drive, and poor in aliases."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.effects import EFFECTS, EffectSetting, render_chain

RATE = 48_000
TIME = np.arange(RATE // 4) / RATE


def harmonics_db(wet: np.ndarray, pitch_hz: float) -> float:
    """Power outside the fundamental over the fundamental's, dB; the clip holds whole periods."""
    spectrum = np.abs(np.fft.rfft(wet)) ** 2
    fundamental = round(pitch_hz * len(wet) / RATE)
    return 10 * np.log10((spectrum[1:].sum() - spectrum[fundamental]) / spectrum[fundamental])


@pytest.mark.parametrize("name", EFFECTS)
def test_silence_stays_silent(name):
    assert not render_chain(np.zeros(1000), [EffectSetting(name, 1.0)], RATE, 8).any()


@settings(max_examples=40)
@given(st.sampled_from(list(EFFECTS)), st.floats(0, 1), st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_wet_is_finite_and_bounded(name, drive, tone, seed):
    dry = np.random.default_rng(seed).uniform(-1, 1, 700)
    wet = render_chain(dry, [EffectSetting(name, drive, tone)], RATE, 8)
    assert wet.shape == dry.shape and np.isfinite(wet).all() and np.abs(wet).max() <= 1


@pytest.mark.parametrize("name", EFFECTS)
def test_drive_adds_harmonics(name):
    dry = 0.5 * np.sin(2 * np.pi * 1000 * TIME)
    low, high = (harmonics_db(render_chain(dry, [EffectSetting(name, d)], RATE, 8), 1000) for d in (0.0, 1.0))
    assert high > low + 1.0


@pytest.mark.parametrize("name", EFFECTS)
def test_oversampling_keeps_aliases_down(name):
    """A sine at 5 kHz: what is neither DC nor a harmonic is aliased. 8x must gain 10 dB on no oversampling."""
    dry = 0.5 * np.sin(2 * np.pi * 5000 * TIME)

    def alias_db(oversampling: int) -> float:
        wet = render_chain(dry, [EffectSetting(name, 1.0)], RATE, oversampling)[2000:-2000]
        spectrum = np.abs(np.fft.rfft(wet * np.blackman(len(wet)))) ** 2
        step = 5000 * len(wet) / RATE
        bins = np.arange(len(spectrum))
        distance = np.abs(bins - np.round(bins / step) * step)
        return 10 * np.log10(spectrum[distance > 4].sum() / spectrum.sum())

    assert alias_db(8) < alias_db(1) - 10


def test_chains_compose():
    dry = 0.5 * np.sin(2 * np.pi * 300 * TIME)
    first, second = EffectSetting("screamer", 0.7), EffectSetting("wavefolder", 0.4)
    chained = render_chain(dry, [first, second], RATE, 8)
    assert not np.allclose(chained, render_chain(dry, [second, first], RATE, 8), atol=1e-2)
    assert not np.allclose(chained, render_chain(dry, [first], RATE, 8), atol=1e-2)


def test_a_knob_outside_its_range_is_refused():
    with pytest.raises(ValueError, match=r"fuzz: drive 1\.5"):
        render_chain(TIME, [EffectSetting("fuzz", 1.5)], RATE, 8)
