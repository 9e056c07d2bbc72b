# SPDX-License-Identifier: MIT
"""The labelled set: every combination equally often, labels that are true of the sound, the same from the same seed."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch
from programmes import SMALL

from model.data import delayed
from model.effects import EffectSetting, render_chain
from model.features import mel_filterbank, pair_features
from model.labelled import BATCH, DRAWN, MEASURED, TONES, LabelledPairs, features, labelled_pairs

DEVICES, DRIVES, CLIPS = ("soft_clip", "full_wave", "rat"), (0.0, 0.5, 1.0), 4
SETTING = (*DRAWN, "tone")


@pytest.fixture(scope="module")
def pairs() -> LabelledPairs:
    return labelled_pairs(SMALL, DEVICES, DRIVES, CLIPS)


def is_a_product(pairs: LabelledPairs, names: tuple[str, ...]) -> bool:
    """Whether every combination of the labels' values is there, each as often as the others."""
    rows = Counter(map(tuple, pairs.columns(names)))
    kinds = np.prod([len(np.unique(pairs.labels[name])) for name in names])
    return len(rows) == kinds and len(set(rows.values())) == 1


def test_every_setting_is_there_equally_often(pairs):
    assert len(pairs.dry) == len(DEVICES) * len(DRIVES) * len(TONES) * CLIPS
    assert is_a_product(pairs, SETTING)


def test_factors_that_hang_together_are_noticed(pairs):
    drive = pairs.labels["drive"]
    tied = LabelledPairs(pairs.dry, pairs.wet, {**pairs.labels, "tone": np.sort(drive)[np.argsort(np.argsort(drive))]})
    assert not is_a_product(tied, SETTING)


def test_dry_clips_are_new_for_every_pair_and_their_labels_true(pairs):
    assert len(np.unique(pairs.dry, axis=0)) == len(pairs.dry)
    peaks = 20 * np.log10(np.abs(pairs.dry).max(axis=1))
    np.testing.assert_allclose(peaks, pairs.labels["level_db"], atol=1e-3)  # float32


def test_measured_labels_are_those_of_the_setting(pairs):
    device, drive = pairs.columns(DRAWN).T
    odd, distortion = pairs.columns(MEASURED).T
    assert odd[(device == 0) & (drive > 0)].min() > 0.99  # a tanh is odd
    assert odd[(device == 1) & (drive > 0)].max() < 0.2  # a full-wave rectifier is even
    for index in range(len(DEVICES)):
        rising = [distortion[(device == index) & (drive == value)].mean() for value in DRIVES]
        assert rising == sorted(rising) and rising[-1] > rising[0]


def test_wet_is_heard_and_late_by_the_latency(pairs):
    late = SMALL.audio.latency_samples
    assert not pairs.wet[:, :late].any() and np.abs(pairs.wet).max() <= 1
    sound = np.abs(pairs.dry).max(axis=1)
    assert (np.abs(pairs.wet).max(axis=1) > 1e-3 * sound).all()


def likeness(pairs: LabelledPairs, index: int, tone: float) -> float:
    """Correlation of a pair's wet with what its labels and this tone make of its dry."""
    setting = EffectSetting(DEVICES[int(pairs.labels["device"][index])], float(pairs.labels["drive"][index]), tone)
    made = render_chain(pairs.dry[index], [setting], SMALL.audio.sample_rate, SMALL.audio.oversampling)
    wet, made = pairs.wet[index], delayed(made, SMALL.audio)
    return float(wet @ made / np.sqrt(wet @ wet * (made @ made)))


def test_wet_is_what_the_labels_say_and_another_tone_would_be_noticed(pairs):
    every = range(0, len(pairs.dry), CLIPS)
    found = [likeness(pairs, index, float(pairs.labels["tone"][index])) for index in every]
    assert min(found) > 0.9999  # float32, and a level of its own for each setting
    rat = np.flatnonzero((pairs.labels["device"] == 2) & (pairs.labels["tone"] == TONES[0]))
    assert np.median([likeness(pairs, int(index), TONES[-1]) for index in rat]) < 0.99  # a low sine hardly changes


def test_the_same_seed_gives_the_same_set(pairs):
    again = labelled_pairs(SMALL, DEVICES[:1], DRIVES, CLIPS)
    count = len(again.dry)
    np.testing.assert_array_equal(again.wet, pairs.wet[:count])
    other = labelled_pairs(SMALL, DEVICES[:1], DRIVES, CLIPS, seed=1)
    assert (other.labels["pitch_octaves"] != again.labels["pitch_octaves"]).all()


def test_features_are_the_encoders_in_the_order_of_the_pairs(pairs):
    assert len(pairs.dry) > BATCH
    last = slice(len(pairs.dry) - 1, None)
    bank = mel_filterbank(SMALL.model.mel_bands, SMALL.audio.sample_rate)
    dry, wet = torch.from_numpy(pairs.dry[last]), torch.from_numpy(pairs.wet[last])
    expected = pair_features(dry, wet, bank, SMALL.model, SMALL.audio)
    torch.testing.assert_close(features(pairs, SMALL)[last], expected, rtol=1e-4, atol=1e-4)  # float32, batched sums
