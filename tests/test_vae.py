# SPDX-License-Identifier: MIT
"""The networks: causal, bounded, on the map; and their losses against hand-made figures."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch

from model.config import Config, ModelConfig
from model.features import transfer_curve
from model.losses import cyclical, esr, kl_divergence, reconstruction
from model.vae import Decoder, Gain

SMALL = Config(model=ModelConfig(channels=4, dilations=(1, 4), condition_hidden=4))


@pytest.fixture
def decoder() -> Decoder:
    torch.manual_seed(0)
    return Decoder(SMALL).eval()


def test_a_sample_changes_only_what_depends_on_it(decoder):
    dry, z = torch.rand(1, 1, 60) - 0.5, torch.zeros(1, 2, 1)
    changed = dry.clone()
    changed[0, 0, 20] += 0.3
    with torch.no_grad():
        different = (decoder(dry, z) != decoder(changed, z))[0, 0].nonzero().flatten()
    assert decoder.past == 10
    assert different.min() == 20 and different.max() <= 20 + decoder.past


def test_settled_samples_are_those_whose_past_is_known(decoder):
    dry, z = torch.rand(3, 1, 60) - 0.5, torch.rand(3, 2, 1)
    with torch.no_grad():
        # 1e-6: sums of another length are added up in another order
        assert torch.allclose(decoder.settled(dry, z), decoder(dry, z)[:, :, decoder.past :], rtol=0, atol=1e-6)


def test_pairs_of_channels_hear_the_sound_6_db_apart_before_training(decoder):
    gain = Gain(Config())
    with torch.no_grad():
        gain.mix.weight.zero_()
        found = gain(torch.rand(1, Config().model.condition_channels, 1))[0, :, 0]
    assert found.tolist() == [1, -1, 2, -2, 4, -4, 8, -8, 1, -1, 2, -2]


def test_gains_stay_within_their_range(decoder):
    with torch.no_grad():
        gains = decoder.gain(1_000 * torch.randn(20, SMALL.model.condition_channels, 1))
    assert gains.abs().max() == SMALL.model.gain_limit


def test_a_latent_that_moves_equals_stretches_of_constant_ones(decoder):
    dry = torch.rand(1, 1, 100) - 0.5
    z = torch.tensor([[[1.0], [-2.0]]])
    with torch.no_grad():
        constant, moving = decoder(dry, z), decoder(dry, z.expand(1, 2, 100))
    assert (constant - moving).abs().max() < 1e-6  # float32 sums in another order


def test_wet_is_bounded(decoder):
    with torch.no_grad():
        wet = decoder(100 * torch.randn(2, 1, 500), 100 * torch.randn(2, 2, 1))
    assert wet.abs().max() <= 1


def test_esr_is_error_power_over_target_power():
    target = torch.sin(torch.arange(4800) / 10)[None]
    assert float(esr(0.9 * target, target)) == pytest.approx(0.01, rel=1e-3)
    assert float(esr(target, target)) == 0


def test_the_loss_is_the_esr_twice_against_the_power_of_target_and_clip():
    target = torch.sin(torch.arange(4800) / 10)[None]
    error, loss = reconstruction(0.9 * target, target, target, 0.95)  # the clip as loud as the target
    assert float(error) == pytest.approx(0.01, rel=1e-3) and float(loss) == pytest.approx(0.02, rel=1e-2)
    error, loss = reconstruction(0.9 * target, target, 3**0.5 * target, 0.95)  # the end of a note
    assert float(error) == pytest.approx(0.01, rel=1e-3) and float(loss) == pytest.approx(0.01, rel=1e-2)
    error, loss = reconstruction(0.9 * target, target, 0 * target, 0.95)  # its beginning
    assert float(error) == pytest.approx(0.01, rel=1e-3) and float(loss) == pytest.approx(0.04, rel=1e-2)


def test_kl_is_zero_at_the_prior_and_known_elsewhere():
    place = torch.tensor([[1.5, -2.0]])
    assert float(kl_divergence(place, torch.full((1, 2), 0.04).log(), place, 0.04)) == pytest.approx(0, abs=1e-6)
    expected = 0.5 * (4 + math.e - 1 - 1)
    origin = torch.zeros(1, 1)
    assert float(kl_divergence(torch.tensor([[2.0]]), torch.tensor([[1.0]]), origin, 1.0)) == pytest.approx(expected)
    # A prior ten times as narrow: the distance counts a hundredfold.
    near = kl_divergence(torch.tensor([[2.0]]), torch.tensor([[0.01]]).log(), origin, 0.01)
    assert float(near) == pytest.approx(0.5 * 4 / 0.01, rel=1e-5)


def test_kl_is_what_torch_says_of_two_normals():
    generator = torch.Generator().manual_seed(0)
    mean, log_variance, place = (torch.randn(20, 2, generator=generator) for _ in range(3))
    posterior = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
    expected = torch.distributions.kl_divergence(posterior, torch.distributions.Normal(place, 0.3)).sum(dim=1)
    assert torch.allclose(kl_divergence(mean, log_variance, place, 0.09), expected, rtol=1e-4)  # float32


def test_the_weight_of_kl_rises_twice_and_rests_in_between():
    weights = [cyclical(step, 100, 2) for step in range(100)]
    assert weights[0] == weights[50] == 0 and weights[25] == weights[49] == weights[99] == 1
    assert all(a <= b for a, b in pairwise(weights[:50])) and all(a <= b for a, b in pairwise(weights[50:]))


@pytest.mark.parametrize("moving", [False, True])
def test_silence_stays_silence_wherever_the_latent_is(decoder, moving):
    z = 3 * torch.rand(4, 2, 300 if moving else 1) - 1.5
    with torch.no_grad():
        assert not decoder(torch.zeros(4, 1, 300), z).any()
        decoder.layers[0].latent.bias += 0.2
        assert not decoder(torch.zeros(4, 1, 300), z).any()


def test_a_bias_in_a_filter_would_sound_in_silence(decoder):
    decoder.output.bias = torch.nn.Parameter(torch.tensor([0.01]))
    with torch.no_grad():
        assert decoder(torch.zeros(1, 1, 300), torch.zeros(1, 2, 1)).any()


def test_the_transfer_curve_reads_a_known_distortion():
    """A hard limit at half scale: means follow the dry level up to it and stay there; little spread."""
    dry = torch.linspace(-1, 1, 8_001)[None]
    levels = 20
    curve = transfer_curve(dry, dry.clamp(-0.5, 0.5), levels)[0].reshape(2, 3, levels)
    amplitude = 10 ** (3.0 * (torch.arange(levels) - levels + 1) / 20)
    for sign, (mean, spread, share) in zip((1, -1), curve, strict=True):
        occupied = share > 0.05
        assert torch.allclose(mean[occupied], sign * amplitude[occupied].clamp(max=0.5), atol=0.03)
        assert spread[occupied].max() < 0.1 and int(occupied.sum()) >= 6
