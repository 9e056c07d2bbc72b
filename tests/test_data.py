# SPDX-License-Identifier: MIT
"""Dry clips carry their factors, pairs are the same for the same index, recordings come in any rate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import soundfile

from model.config import AudioConfig
from model.data import EVALUATION_SPLIT, PairDataset
from model.signals import SIGNALS, SignalFactors, render_signal
from model.sources import SourceError, load_folder, load_recording

RATE = 48_000
FACTORS = SignalFactors("additive", 440.0, -12.0, 0.5, 2.0, 0.0, 0.0)


@pytest.mark.parametrize("kind", SIGNALS)
@pytest.mark.parametrize("level_db", [-30.0, 0.0])
def test_a_clip_peaks_at_its_level(kind, level_db):
    factors = replace(FACTORS, kind=kind, level_db=level_db)
    clip = render_signal(factors, 4_000, RATE, np.random.default_rng(0))
    assert clip.shape == (4_000,) and np.isfinite(clip).all()
    assert 20 * np.log10(np.abs(clip).max()) == pytest.approx(level_db, abs=1e-6)


@pytest.mark.parametrize("kind", ["plucked_string", "additive"])
def test_a_clip_has_its_pitch(kind):
    factors = replace(FACTORS, kind=kind, pitch_hz=300.0, brightness=0.2)
    clip = render_signal(factors, RATE // 2, RATE, np.random.default_rng(3))
    correlation = np.correlate(clip, clip, "full")[len(clip) - 1 :]
    lag = 80 + int(np.argmax(correlation[80:400]))
    assert RATE / lag == pytest.approx(300.0, rel=0.02)


def test_a_late_onset_is_preceded_by_silence():
    clip = render_signal(replace(FACTORS, onset=0.25), 4_000, RATE, np.random.default_rng(0))
    assert not clip[:1_000].any() and clip[1_000:].any()


def test_pairs_are_the_same_for_the_same_index_and_differ_between_splits():
    training = PairDataset(AudioConfig(), 2_000, seed=1, length=10)
    again = PairDataset(AudioConfig(), 2_000, seed=1, length=10)
    evaluation = PairDataset(AudioConfig(), 2_000, seed=1, length=10, split=EVALUATION_SPLIT)
    assert all(np.array_equal(a, b) for a, b in zip(training[3], again[3], strict=True))
    assert not np.array_equal(training[3][0], evaluation[3][0])
    assert not np.array_equal(training[3][0], training[4][0])


def test_wet_lags_by_the_latency():
    late = PairDataset(AudioConfig(latency_samples=9), 2_000, seed=1, length=10).pair(3)
    prompt = PairDataset(AudioConfig(latency_samples=0), 2_000, seed=1, length=10).pair(3)
    assert np.array_equal(late.wet[9:], prompt.wet[:-9]) and not late.wet[:9].any()


def test_recordings_are_resampled_mixed_and_normalised(tmp_path):
    sine = 0.1 * np.sin(2 * np.pi * 441 * np.arange(44_100) / 44_100)
    soundfile.write(tmp_path / "sine.wav", np.stack([sine, sine], axis=1), 44_100)
    (recording,) = load_folder(tmp_path, RATE)
    assert len(recording.samples) == 48_000 and np.abs(recording.samples).max() == pytest.approx(1.0)
    excerpt = recording.excerpt(60_000, np.random.default_rng(0))
    assert excerpt.shape == (60_000,)


def test_training_uses_recordings(tmp_path):
    soundfile.write(tmp_path / "noise.flac", np.random.default_rng(0).uniform(-1, 1, 20_000), RATE)
    dataset = PairDataset(AudioConfig(), 2_000, 1, 10, recordings=load_folder(tmp_path, RATE), recording_share=1.0)
    assert dataset.pair(0).source == "recording"


@pytest.mark.parametrize(
    ("name", "content"), [("text.wav", b"hello"), ("empty.wav", b""), ("silent.wav", None), ("missing.wav", ...)]
)
def test_a_file_that_holds_no_sound_is_named(tmp_path, name, content):
    path = tmp_path / name
    if content is None:
        soundfile.write(path, np.zeros(1_000), RATE)
    elif content is not ...:
        path.write_bytes(content)
    with pytest.raises(SourceError, match=name):
        load_recording(path, RATE)


def test_a_folder_without_audio_is_named(tmp_path):
    with pytest.raises(SourceError, match="no audio files"):
        load_folder(tmp_path, RATE)
