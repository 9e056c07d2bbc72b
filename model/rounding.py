# SPDX-License-Identifier: MIT
"""Weights of 8 bits for the float decoder: used rounded while gradients are taken, moved as exact ones behind.

Courbariaux et al., "BinaryConnect", NeurIPS 2015, with TFLite's grid of 255 steps a channel. What is left for
quantisation to add is the rounding of activations. Depends on torch and `vae`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from model.vae import Decoder

STEPS = 127  # from zero to the largest weight of a channel
LARGEST = 15.5  # a gate's scale in int8 must stay below 1/8, or requantisation takes the long way


@contextmanager
def rounded(decoder: Decoder) -> Iterator[None]:
    """Inside, the decoder's weights are rounded; afterwards they are exact again, with the gradients of the rounded."""
    exact = [parameter.detach().clone() for parameter in decoder.parameters()]
    round_weights(decoder)
    try:
        yield
    finally:
        with torch.no_grad():
            for parameter, value in zip(decoder.parameters(), exact, strict=True):
                parameter.copy_(value)


def round_weights(decoder: Decoder) -> None:
    """Rounds every weight onto the grid that quantisation will find; biases have 32 bits there and stay."""
    condition = decoder.condition
    for part in (condition.hidden, condition.output, decoder.gain.mix, decoder.output):
        _round_together(part.weight)
    for layer in decoder.layers:
        filters, gates = layer.stream.weight.chunk(2)
        _round_together(filters)
        _round_together(gates, layer.latent.weight)  # one convolution for an engine, so one scale a channel


@torch.no_grad()
def _round_together(*weights: torch.Tensor) -> None:
    """Rounds weights (out, in, taps) in place, each output channel onto one grid with its largest at the end."""
    for w in weights:
        w.clamp_(-LARGEST, LARGEST)
    largest = torch.stack([w.abs().amax(dim=(1, 2)) for w in weights]).amax(dim=0)
    scale = (largest / STEPS).clamp(min=1e-12)[:, None, None]
    for w in weights:
        w.copy_((w / scale).round() * scale)
