# SPDX-License-Identifier: MIT
"""Scores of disentanglement: near 1 for a code that is the factors, near 0 or chance for one that is not."""

from __future__ import annotations

import numpy as np
import pytest

from model.disentangle import disentanglement_scores

CLIPS = 2000
ACCURACIES = ("beta_vae", "factor_vae")  # chance is a half for two factors
rng = np.random.default_rng(0)
AMOUNTS = rng.uniform(size=(CLIPS, 2))
NAMED = np.stack([rng.integers(0, 6, CLIPS), rng.uniform(size=CLIPS)], axis=1)
NOISE = rng.normal(size=(CLIPS, 2))


def test_a_code_that_is_the_factors_stretched_scores_near_one():
    scores = disentanglement_scores(np.stack([3 * AMOUNTS[:, 1], -(AMOUNTS[:, 0] + 1)], axis=1), AMOUNTS)
    # The gap loses what 2,000 clips in 20 x 20 bins seem to know by chance: 361 / 4,000 nats of 3.
    assert scores.pop("mig") > 0.95
    assert min(scores.values()) > 0.99


def test_a_factor_of_names_is_scored_by_thresholds():
    codes = np.stack([NAMED[:, 1], NAMED[:, 0] + 0.02 * NOISE[:, 0]], axis=1)
    scores = disentanglement_scores(codes, NAMED, [True, False])
    # Another axis seems to know a little of six names once thresholds have been fitted to it.
    assert min(scores.values()) > 0.93


@pytest.mark.parametrize(("factors", "discrete"), [(AMOUNTS, [False, False]), (NAMED, [True, False])])
def test_a_random_code_scores_near_chance(factors, discrete):
    scores = disentanglement_scores(NOISE, factors, discrete)
    for name in ACCURACIES:
        assert scores.pop(name) < 0.6  # 500 votes: chance plus four and a half standard deviations
    assert max(scores.values()) < 0.03


def test_a_code_turned_by_45_degrees_is_informative_but_not_disentangled():
    scores = disentanglement_scores(AMOUNTS @ np.array([[1.0, 1.0], [1.0, -1.0]]), AMOUNTS)
    assert scores["dci_informativeness"] > 0.97
    assert max(scores[name] for name in ("mig", "sap", "dci_disentanglement", "dci_completeness")) < 0.1
    assert scores["interpretability"] == pytest.approx(0.5, abs=0.05)  # either axis has half of either factor
    assert max(scores[name] for name in ACCURACIES) < 0.7


def test_scores_do_not_mind_the_scale_of_an_axis():
    stretched = disentanglement_scores(AMOUNTS * [100.0, 0.01], AMOUNTS)
    assert stretched == pytest.approx(disentanglement_scores(AMOUNTS, AMOUNTS), abs=1e-6)


def test_an_axis_that_says_nothing_neither_helps_nor_hurts():
    dead = np.concatenate([AMOUNTS, np.zeros((CLIPS, 1))], axis=1)
    assert min(disentanglement_scores(dead, AMOUNTS).values()) > 0.95
    silent = disentanglement_scores(np.zeros((CLIPS, 2)), AMOUNTS)
    assert silent.pop("beta_vae") < 0.6
    assert max(silent.values()) == 0


def test_factors_that_cannot_be_scored_are_refused():
    with pytest.raises(ValueError, match="do not fit"):
        disentanglement_scores(AMOUNTS[:10], AMOUNTS)
    with pytest.raises(ValueError, match="never changes"):
        disentanglement_scores(AMOUNTS, AMOUNTS * [1.0, 0.0])
    with pytest.raises(ValueError, match="not finite"):
        disentanglement_scores(AMOUNTS * [1.0, np.nan], AMOUNTS)
