# SPDX-License-Identifier: MIT
"""Random decoders of any shape: untrained, but with realistic signal levels. For property tests and the bench's
grid.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from quantize.graph import SCHEMES, Activation, Convolution, Graph, LatentAxis, Layer, Quantization


def synthetic_graph(
    scheme_name: str = "int8",
    *,
    channels: int = 8,
    dilations: tuple[int, ...] = (1, 2, 4, 8, 16, 32),
    kernel_size: int = 3,
    condition_channels: int = 4,
    hidden_channels: int = 8,
    gated: bool = True,
    silent: bool = False,
    block_size: int = 48,
    seed: int = 0,
) -> Graph:
    """A decoder with random weights whose layers neither die nor sit in saturation; the same for the same arguments.

    `silent` ones keep to what trained decoders promise: zeros give zeros.
    """
    scheme = SCHEMES[scheme_name]
    rng = np.random.default_rng(seed)
    steps = 1 << (scheme.activation_bits - 1)

    def signed(limit: float) -> Quantization:
        return Quantization(float(np.float32(limit / steps)))

    # [0, limit): int8 spends all 256 codes on it; TFLite's int16 has no zero point.
    def unsigned(limit: float) -> Quantization:
        if scheme.activation_bits == 8:
            return Quantization(float(np.float32(limit / (2 * steps))), -steps)
        return Quantization(float(np.float32(limit / steps)))

    audio, latent, residual, gains = signed(1.0), signed(3.0), signed(2.0), signed(8.0)

    def convolution(
        name: str,
        out: int,
        taps: int,
        inputs: int,
        source: Quantization,
        target: Quantization,
        *,
        dilation: int = 1,
        activation: Activation = "none",
        condition: int = 0,
        gain: float = 1.0,
        zero: bool = False,
    ) -> Convolution:
        weights = rng.integers(-127, 128, (out, taps, inputs)).astype(np.int8)
        if condition:
            weights[:, :-1, inputs - condition :] = 0
        norm = gain / (73.0 * np.sqrt(np.count_nonzero(weights[0]) or 1))
        scales = (norm * rng.uniform(0.6, 1.4, out)).astype(np.float32)
        bias = np.rint(rng.normal(0.0, 0.1, out) / (source.scale * scales.astype(np.float64))).astype(np.int64)
        if zero:
            bias[:] = 0
            weights[:, :, inputs - condition : inputs] = 0
        return Convolution(name, weights, scales, bias, source, target, dilation, activation)

    hidden = unsigned(4.0)
    condition = (
        convolution("condition0", hidden_channels, 1, 2, latent, hidden, activation="relu"),
        convolution("condition1", condition_channels, 1, hidden_channels, hidden, residual),
    )
    layers = []
    for index, dilation in enumerate(dilations):
        inputs = channels + condition_channels
        part = partial(convolution, dilation=dilation, condition=condition_channels)
        target = signed(1.0) if gated else residual
        filter_ = part(f"filter{index}", channels, kernel_size, inputs, residual, target, gain=1.5, zero=silent)
        gate = None
        if gated:
            gate = part(f"gate{index}", channels, kernel_size, inputs, residual, unsigned(1.0), activation="relu")
        layers.append(Layer(filter_, gate))
    return Graph(
        scheme=scheme,
        sample_rate=48_000,
        block_size=block_size,
        latency_samples=0,
        latent=(LatentAxis("x", -3.0, 3.0), LatentAxis("y", -3.0, 3.0)),
        audio=audio,
        condition=condition,
        gain=convolution("gain", channels, 1, condition_channels, residual, gains, gain=4.0),
        layers=tuple(layers),
        output=convolution("output", 1, 1, channels, residual, audio, gain=0.7, zero=silent),
    )
