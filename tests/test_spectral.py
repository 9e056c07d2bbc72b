# SPDX-License-Identifier: MIT
"""The multi-resolution STFT distance against hand-made figures."""

from __future__ import annotations

import math

import pytest
import torch

from model.spectral import SHORTEST, mr_stft_distance

torch.manual_seed(0)
NOISE = torch.rand(2, 4000) - 0.5


def test_equal_sounds_are_no_distance_apart():
    assert (mr_stft_distance(NOISE, NOISE) == 0).all()


def test_half_the_level_is_a_half_and_the_logarithm_of_two_apart():
    # 1e-3: no bin of noise this loud falls to the floor.
    assert mr_stft_distance(0.5 * NOISE, NOISE).tolist() == pytest.approx([0.5 + math.log(2)] * 2, abs=1e-3)


def test_each_clip_has_its_own_distance():
    output = NOISE * torch.tensor([[1.0], [0.5]])
    near, far = mr_stft_distance(output, NOISE).tolist()
    assert near == 0 and far > 1


def test_it_can_be_a_loss_even_of_silence():
    output = torch.zeros(1, 4000, requires_grad=True)
    mr_stft_distance(output, torch.zeros(1, 4000)).sum().backward()
    assert output.grad is not None and output.grad.isfinite().all()


def test_clips_shorter_than_the_longest_window_reaches_are_refused():
    assert mr_stft_distance(NOISE[:, :SHORTEST], NOISE[:, :SHORTEST]).sum() == 0
    with pytest.raises(ValueError, match="1024 samples are too short"):
        mr_stft_distance(NOISE[:, : SHORTEST - 1], NOISE[:, : SHORTEST - 1])
