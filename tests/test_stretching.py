# SPDX-License-Identifier: MIT
"""Stretched sounds keep their pitch, transposed ones their tempo, and excerpts of both are as long as asked."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from model.sources import Recording
from model.stretching import stretch, transpose

RATE = 48_000
TIME = np.arange(RATE) / RATE
TONE = np.sin(2 * np.pi * 220 * TIME) + 0.3 * np.sin(2 * np.pi * 660 * TIME)


def strongest_hz(sound: np.ndarray) -> float:
    magnitude = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    return float(np.fft.rfftfreq(len(sound), 1 / RATE)[magnitude.argmax()])


def roughness_db(sound: np.ndarray) -> float:
    """The power further than 4 Hz from the tone's two partials, under all of it."""
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    frequency = np.fft.rfftfreq(len(sound), 1 / RATE)
    elsewhere = np.minimum(np.abs(frequency - 220), np.abs(frequency - 660)) > 4
    return float(10 * np.log10(power[elsewhere].sum() / power.sum()))


@pytest.mark.parametrize("factor", [0.5, 0.7, 1.3, 2.8])
def test_stretching_keeps_pitch_level_and_smoothness(factor):
    stretched = stretch(TONE, factor)
    assert len(stretched) == round(factor * RATE)
    assert strongest_hz(stretched) == pytest.approx(220.0, abs=3.0)  # a bin of the shortest
    assert stretched.std() == pytest.approx(TONE.std(), rel=0.02)
    # Frames meet within a sample's phase: 220 Hz in steps of 1 / 48000 s is -50 dB.
    assert roughness_db(stretched) < -50


def test_frames_that_are_not_matched_are_rough(monkeypatch):
    monkeypatch.setattr("model.stretching._best_match", lambda part, sound: 600)
    assert roughness_db(stretch(TONE, 1.3)) > -20


def test_a_factor_of_one_changes_nothing():
    assert stretch(TONE, 1.0) is TONE


def test_transposing_moves_the_pitch_and_the_length():
    higher = transpose(TONE, Fraction(3, 2))
    assert len(higher) == RATE * 2 // 3
    assert strongest_hz(higher) == pytest.approx(330.0, abs=1.5)  # a bin


@pytest.mark.parametrize("length", [100, 3_000, RATE])
def test_varied_excerpts_have_their_length_and_level(length):
    noise = np.random.default_rng(0).uniform(-1, 1, length)
    recording = Recording(Path("noise.wav"), noise)
    peaks = []
    for seed in range(40):
        excerpt = recording.varied_excerpt(6_000, np.random.default_rng(seed))
        assert excerpt.shape == (6_000,) and np.isfinite(excerpt).all()
        assert np.array_equal(excerpt, recording.varied_excerpt(6_000, np.random.default_rng(seed)))
        peaks.append(np.abs(excerpt).max())
    assert min(peaks) >= 10 ** (-30 / 20) - 1e-9 and max(peaks) <= 1 + 1e-9


def test_varied_excerpts_are_full_and_differ_in_pitch():
    recording = Recording(Path("tone.wav"), TONE)
    excerpts = [recording.varied_excerpt(12_000, np.random.default_rng(seed)) for seed in range(60)]
    assert all(np.abs(excerpt[-2_000:]).max() > 0.3 * np.abs(excerpt).max() for excerpt in excerpts)
    pitches = np.array([strongest_hz(excerpt) for excerpt in excerpts])
    assert np.mean(np.abs(pitches - 220) < 5) == pytest.approx(0.5, abs=0.25)  # 4 standard errors of a half
    assert pitches.min() < 180 and pitches.max() > 300
