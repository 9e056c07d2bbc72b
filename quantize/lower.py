# SPDX-License-Identifier: MIT
"""Reads scales and integers out of the QAT decoder into a Graph. Depends on torch through `qat`; computes nothing of
its own.
"""

from __future__ import annotations

from quantize.graph import Graph, LatentAxis, Layer
from quantize.qat import QuantizedDecoder


def lower(decoder: QuantizedDecoder) -> Graph:
    """The decoder as integers; raises GraphError when a trained value does not fit its type (a dead channel's bias)."""
    audio, model = decoder.config.audio, decoder.config.model
    residual = decoder.residual.quantization
    condition0 = decoder.condition0.integers(decoder.latent.quantization)
    return Graph(
        scheme=decoder.scheme,
        sample_rate=audio.sample_rate,
        block_size=audio.block_size,
        latency_samples=audio.latency_samples,
        latent=tuple(LatentAxis(name, -model.latent_limit, model.latent_limit) for name in model.latent_names),
        audio=decoder.audio.quantization,
        condition=(condition0, decoder.condition1.integers(condition0.output)),
        gain=decoder.gain.integers(residual),
        layers=tuple(Layer(layer.filter.integers(residual), layer.gate.integers(residual)) for layer in decoder.layers),
        output=decoder.output.integers(residual),
    )
