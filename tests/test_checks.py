# SPDX-License-Identifier: MIT
"""What makes a pair unusable is found and named; what distorts hard, but is the same music, is not."""

from __future__ import annotations

import numpy as np
import pytest

from model.checks import complaint, likeness
from model.config import AudioConfig
from model.data import Recipe, Setting, make_programme
from model.effects import EFFECTS

AUDIO = AudioConfig()


@pytest.fixture(scope="module")
def dry():
    return make_programme(Setting("soft_clip", 0.0), Recipe("training", 2.0, 3), AUDIO)[0].dry.astype(float)


def broken(dry, how):
    """A wet sound with a fault; None is none."""
    wet = 0.9 * np.tanh(5 * dry)
    if how == "wet is not finite":
        wet[1_000] = np.nan
    elif how == "wet is beyond full scale":
        wet[1_000] = 1.1
    elif how == "silent":
        wet *= 1e-5
    elif how == "wet is not in time with dry":
        wet = np.concatenate([np.zeros(60), wet])[: len(dry)]
    elif how == "wet has nothing of dry":
        wet = np.random.default_rng(0).uniform(-0.5, 0.5, len(dry))
    return wet


@pytest.mark.parametrize(
    "how",
    [
        None,
        "wet is not finite",
        "wet is beyond full scale",
        "silent",
        "wet is not in time with dry",
        "wet has nothing of dry",
    ],
)
def test_a_fault_is_named(dry, how):
    assert complaint(dry, broken(dry, how), AUDIO) == how


def test_a_silent_dry_sound_is_named(dry):
    assert complaint(0 * dry, dry, AUDIO) == "silent"


def test_other_music_is_not_alike(dry):
    other = make_programme(Setting("soft_clip", 0.0), Recipe("training", 2.0, 4), AUDIO)[0].dry.astype(float)
    assert likeness(dry, dry, AUDIO) == pytest.approx(1, abs=1e-5)  # float32 transforms
    assert likeness(dry, 0.1 * dry, AUDIO) > 0.8  # level is not likeness; the noise floor is
    assert likeness(dry, other, AUDIO) < 0.3


@pytest.mark.parametrize("effect", sorted(EFFECTS))
def test_every_effect_of_the_catalogue_passes_at_half_drive(effect):
    assert make_programme(Setting(effect, 0.5), Recipe("training", 1.0, 1), AUDIO)[1] is None
