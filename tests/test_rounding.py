# SPDX-License-Identifier: MIT
"""Weights rounded in float training are the very weights that quantisation finds, and exact ones stay behind them."""

from __future__ import annotations

import pytest
import torch

from model.config import Config, ModelConfig
from model.rounding import round_weights, rounded
from model.vae import Decoder
from quantize.graph import SCHEMES
from quantize.lower import lower
from quantize.qat import QuantizedDecoder

SMALL = Config(model=ModelConfig(channels=6, dilations=(1, 3), condition_hidden=5, condition_channels=3))


@pytest.fixture
def decoder() -> Decoder:
    torch.manual_seed(0)
    return Decoder(SMALL).eval()


def largest_difference(decoder: Decoder, scheme: str) -> float:
    """Between the float weights and what the quantised graph holds, as a share of the channel's step."""
    student = QuantizedDecoder(SMALL, scheme)
    student.load_float(decoder)
    graph = lower(student.eval())
    layer = decoder.layers[1]
    filters, gates = layer.stream.weight.detach().chunk(2)
    gate = graph.layers[1].gate
    assert gate is not None
    pairs = [
        (graph.condition[0], decoder.condition.hidden.weight),
        (graph.condition[1], decoder.condition.output.weight),
        (graph.gain, decoder.gain.factors[:, :, None] * decoder.gain.mix.weight),
        (graph.output, decoder.output.weight),
        (graph.layers[1].filter, filters),
        (gate, gates),
    ]
    worst = 0.0
    for conv, weights in pairs:
        exact = weights.detach().permute(0, 2, 1).numpy() / conv.weight_scales[:, None, None]
        worst = max(worst, float(abs(exact - conv.weights[:, :, : exact.shape[2]]).max()))
    return worst


@pytest.mark.parametrize("scheme", SCHEMES)
def test_quantisation_finds_the_rounded_weights(decoder: Decoder, scheme: str) -> None:
    assert largest_difference(decoder, scheme) > 0.3
    round_weights(decoder)
    assert largest_difference(decoder, scheme) < 1e-4  # float32 division


def test_exact_weights_come_back_with_the_gradients_of_the_rounded(decoder: Decoder) -> None:
    before = [parameter.detach().clone() for parameter in decoder.parameters()]
    dry, z = torch.rand(1, 1, 40) - 0.5, torch.zeros(1, 2, 1)
    with rounded(decoder):
        decoder(dry, z).pow(2).mean().backward()
    gradient = decoder.output.weight.grad
    assert gradient is not None
    got = gradient.clone()
    assert all(torch.equal(a, b) for a, b in zip(before, decoder.parameters(), strict=True))
    decoder.zero_grad()
    round_weights(decoder)
    decoder(dry, z).pow(2).mean().backward()
    assert torch.equal(got, decoder.output.weight.grad)


def test_rounding_again_changes_nothing(decoder: Decoder) -> None:
    round_weights(decoder)
    once = [parameter.detach().clone() for parameter in decoder.parameters()]
    round_weights(decoder)
    assert all(torch.allclose(a, b, rtol=1e-6) for a, b in zip(once, decoder.parameters(), strict=True))
