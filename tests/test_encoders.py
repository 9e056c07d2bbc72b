# SPDX-License-Identifier: MIT
"""Every encoder stays on the map, takes silence, and tells two distortions apart after a few steps."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from programmes import SMALL

from model.config import ENCODERS, Config, ModelConfig
from model.encoders import Encoder

CLIP = 4_096
every_encoder = pytest.mark.parametrize("name", ENCODERS)


def encoder(name: str) -> Encoder:
    torch.manual_seed(0)
    return Encoder(replace(SMALL, model=replace(SMALL.model, encoder=name)))


@every_encoder
def test_it_stays_on_the_map(name: str) -> None:
    with torch.no_grad():
        mean, log_variance = encoder(name).eval()(torch.randn(5, CLIP), 10 * torch.randn(5, CLIP))
    assert mean.shape == log_variance.shape == (5, 2)
    assert mean.abs().max() <= SMALL.model.latent_limit and torch.isfinite(log_variance).all()


@every_encoder
def test_it_takes_silence(name: str) -> None:
    with torch.no_grad():
        mean, log_variance = encoder(name).eval()(torch.zeros(2, CLIP), torch.zeros(2, CLIP))
    assert torch.isfinite(mean).all() and torch.isfinite(log_variance).all()


@every_encoder
def test_it_looks_at_both_sounds(name: str) -> None:
    """The mean moves with either of them."""
    dry, wet = torch.randn(2, 8, CLIP, generator=torch.Generator().manual_seed(1))
    pairs = ((dry, wet), (0.1 * dry, wet), (dry, wet.clamp(-1, 1)))
    eyes = encoder(name).eval()
    with torch.no_grad():
        mean, other_dry, other_wet = (eyes(*pair)[0] for pair in pairs)
    assert (mean - other_dry).abs().min() > 0 and (mean - other_wet).abs().min() > 0


@every_encoder
def test_it_learns_to_tell_two_distortions_apart(name: str) -> None:
    generator = torch.Generator().manual_seed(2)
    eyes = encoder(name).train()
    optimiser = torch.optim.Adam(eyes.parameters(), lr=3e-3)
    hard = torch.arange(32) < 16  # the first half is clipped, the second bent

    def mean_x() -> torch.Tensor:
        dry = torch.randn(32, CLIP, generator=generator)
        wet = torch.where(hard[:, None], dry.clamp(-0.3, 0.3), dry.abs() - 0.8)
        return eyes(dry, wet)[0][:, 0]

    for _ in range(25):
        (mean_x() - torch.where(hard, -1.0, 1.0)).pow(2).mean().backward()
        optimiser.step()
        optimiser.zero_grad()
    with torch.no_grad():
        assert ((mean_x() < 0) == hard).float().mean() > 0.9


def test_another_name_is_no_encoder() -> None:
    with pytest.raises(ValueError, match="telepathy is not one of statistics, mel, waveform, recurrent"):
        Config(model=ModelConfig(encoder="telepathy"))
