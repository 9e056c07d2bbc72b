# SPDX-License-Identifier: MIT
"""The quantised decoder as plain dataclasses: what QAT produces, the `.tflite` carries, golden and the engines run.

Depends on NumPy only; holds no arithmetic (see `fixed_point` and `golden`) and no file format (see `tflite`).

The network, for a block of `block_size` samples (all tensors are integers, `real = scale * (integer - zero_point)`):

    c      = condition(z)                              once a block: 1x1 convolutions on the latent
    h      = requantise(dry * gain(c))                 audio to the residual stream; gain once a block, 1x1 convolution
    layer: x = concat(history of h, c on the newest tap)
           m = requantise(filter(x) * gate(x))         dilated causal convolutions, VALID over history + block
           h = saturate(h + m)                         one scale along the whole residual stream
    wet    = output(h)                                 1x1 convolution

A layer without a gate adds `filter(x)` itself. `filter` and `gate` see `channels + condition_channels` inputs; the
weights of the condition's channels are zero on every tap but the newest, so an engine folds c into the bias once a
block.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

SchemeName = Literal["int8", "int16x8"]
Activation = Literal["none", "relu"]


# A module takes a decoder to have forgotten what came longer ago: kSettlingSeconds of firmware/core/decoder.h.
SETTLING_SECONDS = 0.02


class GraphError(ValueError):
    """A graph that breaks the contract above; the message names the part and the rule."""


@dataclass(frozen=True)
class Scheme:
    """One of TFLite's two full-integer schemes: int8 weights with int8 or int16 activations.

    `code` is the number the scheme has on the link and in the firmware.
    """

    name: SchemeName
    code: int
    activation_bits: int
    bias_bits: int

    @property
    def integer_min(self) -> int:
        return -(1 << (self.activation_bits - 1))

    @property
    def integer_max(self) -> int:
        return (1 << (self.activation_bits - 1)) - 1

    @property
    def dtype(self) -> np.dtype:
        """NumPy type of activations."""
        return np.dtype(f"int{self.activation_bits}")

    @property
    def bias_dtype(self) -> np.dtype:
        return np.dtype(f"int{self.bias_bits}")


SCHEMES: dict[str, Scheme] = {
    "int8": Scheme("int8", code=0, activation_bits=8, bias_bits=32),
    "int16x8": Scheme("int16x8", code=1, activation_bits=16, bias_bits=64),
}


@dataclass(frozen=True)
class Quantization:
    """TFLite's affine per-tensor quantisation: real = scale * (integer - zero_point); scale is a float32 value."""

    scale: float
    zero_point: int = 0

    def quantize(self, real: np.ndarray | float, scheme: Scheme) -> np.ndarray:
        """Real values to integers of the scheme: round half to even, saturate."""
        integers = np.rint(np.asarray(real, np.float64) / self.scale) + self.zero_point
        return np.clip(integers, scheme.integer_min, scheme.integer_max).astype(scheme.dtype)

    def dequantize(self, integers: np.ndarray) -> np.ndarray:
        """Integers to real values, float64."""
        return (np.asarray(integers, np.float64) - self.zero_point) * self.scale


@dataclass(frozen=True, eq=False)
class Convolution:
    """A 1-D convolution, VALID, stride 1, int8 weights per channel, bias at scale `input.scale * weight_scales`."""

    name: str
    weights: np.ndarray  # (out, tap, in) int8, within [-127, 127]; the last tap is the newest sample
    weight_scales: np.ndarray  # (out,) float32
    bias: np.ndarray  # (out,) int64, within the scheme's bias type
    input: Quantization
    output: Quantization
    dilation: int = 1
    activation: Activation = "none"

    @property
    def out_channels(self) -> int:
        return int(self.weights.shape[0])

    @property
    def kernel_size(self) -> int:
        return int(self.weights.shape[1])

    @property
    def in_channels(self) -> int:
        return int(self.weights.shape[2])

    @property
    def history(self) -> int:
        """Past samples the convolution needs before a block."""
        return (self.kernel_size - 1) * self.dilation


@dataclass(frozen=True)
class Layer:
    """One residual layer; `gate` is None in a plain one."""

    filter: Convolution
    gate: Convolution | None = None

    @property
    def convolutions(self) -> tuple[Convolution, ...]:
        return (self.filter,) if self.gate is None else (self.filter, self.gate)

    @property
    def history(self) -> int:
        return self.filter.history


@dataclass(frozen=True)
class LatentAxis:
    """One axis of the map: its name and the real range that knobs and CV cover."""

    name: str
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Graph:
    """A whole decoder. Construction checks the contract of the module docstring and raises GraphError."""

    scheme: Scheme
    sample_rate: int  # Hz
    block_size: int  # samples
    latency_samples: int  # how far wet lags behind dry
    latent: tuple[LatentAxis, ...]
    audio: Quantization  # of dry
    condition: tuple[Convolution, ...]
    gain: Convolution
    layers: tuple[Layer, ...]
    output: Convolution

    def __post_init__(self) -> None:
        _check(self)

    @property
    def channels(self) -> int:
        return self.gain.out_channels

    @property
    def condition_channels(self) -> int:
        return self.condition[-1].out_channels

    @property
    def residual(self) -> Quantization:
        """The one quantisation of the residual stream and of the condition."""
        return self.condition[-1].output

    @property
    def receptive_field(self) -> int:
        return 1 + sum(layer.history for layer in self.layers)

    @property
    def convolutions(self) -> tuple[Convolution, ...]:
        """Every convolution, in the order of execution."""
        in_layers = [conv for layer in self.layers for conv in layer.convolutions]
        return (*self.condition, self.gain, *in_layers, self.output)

    @property
    def silent(self) -> bool:
        """Whether zeros that have lasted give zeros, wherever z is: only gains and gates have biases and see the
        condition.
        """
        plain = (self.output, *(layer.filter for layer in self.layers))
        blind = all(not layer.filter.weights[:, :, self.channels :].any() for layer in self.layers)
        centred = all(c.input.zero_point == c.output.zero_point == 0 for c in plain) and self.audio.zero_point == 0
        return blind and centred and all(not c.bias.any() for c in plain)

    @property
    def macs_per_sample(self) -> float:
        """Multiply-accumulates per sample with z folded once a block (the block's share of that included)."""
        per_sample = self.channels + self.output.weights.size
        per_block = sum(c.weights.size for c in (*self.condition, self.gain))
        for layer in self.layers:
            for conv in layer.convolutions:
                per_sample += conv.out_channels * conv.kernel_size * self.channels
                per_block += conv.out_channels * self.condition_channels
        return per_sample + per_block / self.block_size


def _check(graph: Graph) -> None:
    def require(condition: bool, message: str) -> None:
        if not condition:
            raise GraphError(message)

    scheme = graph.scheme
    bias_limit = 2 ** (min(scheme.bias_bits, 40) - 1)  # TFLite Micro's 16x8 kernel takes biases of up to 40 bits
    require(1 <= graph.block_size <= 4096, f"block_size {graph.block_size} is outside 1..4096")
    require(len(graph.latent) >= 1, "a decoder needs at least one latent axis")
    require(len(graph.condition) >= 1 and len(graph.layers) >= 1, "a decoder needs a condition and at least one layer")
    for conv in graph.convolutions:
        require(
            conv.weights.dtype == np.int8 and conv.weights.ndim == 3,
            f"{conv.name}: weights are not (out, tap, in) int8",
        )
        require(int(np.abs(conv.weights.astype(np.int16)).max()) <= 127, f"{conv.name}: a weight is -128")
        require(
            conv.weight_scales.shape == (conv.out_channels,),
            f"{conv.name}: weight_scales do not match the output channels",
        )
        require(conv.weight_scales.dtype == np.float32, f"{conv.name}: weight_scales are not float32")
        require(bool((conv.weight_scales > 0).all()), f"{conv.name}: a weight scale is not positive")
        require(conv.bias.shape == (conv.out_channels,), f"{conv.name}: bias does not match the output channels")
        require(
            bool((np.abs(conv.bias) < bias_limit).all()), f"{conv.name}: a bias does not fit {scheme.bias_bits} bits"
        )
    ends = [(conv.name, end) for conv in graph.convolutions for end in (conv.input, conv.output)]
    for name, quantization in (("audio", graph.audio), *ends):
        require(
            float(np.float32(quantization.scale)) == quantization.scale and quantization.scale > 0,
            f"{name}: scale {quantization.scale!r} is not a positive float32",
        )
        in_range = scheme.integer_min <= quantization.zero_point <= scheme.integer_max
        require(in_range and (scheme.activation_bits == 8 or quantization.zero_point == 0), f"{name}: zero point")
    chain = (*graph.condition, graph.gain)
    require(
        chain[0].in_channels == len(graph.latent), "the condition's first convolution does not match the latent axes"
    )
    for before, after in pairwise(chain):
        require(before.output == after.input, f"{after.name}: input quantisation differs from {before.name}'s output")
        require(before.out_channels == after.in_channels, f"{after.name}: channels differ from {before.name}'s")
    require(
        all(c.kernel_size == 1 for c in (*chain, graph.output)),
        "condition, gain and output have kernel 1",
    )
    residual, channels, condition_channels = graph.residual, graph.channels, graph.condition_channels
    require(residual.zero_point == 0, "the residual stream has a zero point")
    require(graph.gain.output.zero_point == 0, "the gain has a zero point")
    require(graph.output.out_channels == 1, "audio is one channel")
    require(
        graph.output.input == residual and graph.output.in_channels == channels,
        "output does not read the residual stream",
    )
    for layer in graph.layers:
        for conv in layer.convolutions:
            require(conv.input == residual, f"{conv.name}: input is not at the residual stream's scale")
            require(
                conv.out_channels == channels, f"{conv.name}: {conv.out_channels} outputs, the stream has {channels}"
            )
            require(
                conv.in_channels == channels + condition_channels, f"{conv.name}: inputs are not stream + condition"
            )
            require(
                not conv.weights[:, :-1, channels:].any(),
                f"{conv.name}: the condition enters on a tap that is not the newest",
            )
        if layer.gate is None:
            require(
                layer.filter.output == residual,
                f"{layer.filter.name}: a plain layer writes at the residual stream's scale",
            )
        else:
            same = (layer.gate.kernel_size, layer.gate.dilation) == (layer.filter.kernel_size, layer.filter.dilation)
            require(same, f"{layer.gate.name}: kernel or dilation differs from {layer.filter.name}'s")
