# SPDX-License-Identifier: MIT
"""A Graph's constants in the order and form in which the ahead-of-time engine reads them; which short ways are exact.

Depends on `graph`, `fixed_point` and `golden`; the twin of `firmware/engines/static/`. Knows nothing of C++
text (see `emit`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from quantize.fixed_point import quantize_multiplier
from quantize.golden import activation_range
from quantize.graph import Convolution, Graph, GraphError, Layer, Quantization

COLUMNS = 4  # output columns whose sums an engine's inner loop keeps in registers


@dataclass(frozen=True, eq=False)
class Requantization:
    """One convolution's way from accumulators to activations, its preconditions checked."""

    conv: Convolution
    graph: Graph

    @cached_property
    def multipliers(self) -> list[tuple[int, int]]:
        """TFLite's (multiplier, shift) of each output channel."""
        factors = self.conv.input.scale * self.conv.weight_scales.astype(np.float64) / self.conv.output.scale
        return [quantize_multiplier(float(factor)) for factor in factors]

    @property
    def range(self) -> tuple[int, int]:
        """Clamp, relative to the output's zero point."""
        low, high = activation_range(self.conv, self.graph.scheme)
        return low - self.conv.output.zero_point, high - self.conv.output.zero_point

    @cached_property
    def bounds(self) -> np.ndarray:
        """The largest |accumulator| of each output channel, whatever the input."""
        scheme, zero_point = self.graph.scheme, self.conv.input.zero_point
        largest = max(scheme.integer_max - zero_point, zero_point - scheme.integer_min)
        return np.abs(self.conv.weights.astype(np.int64)).sum(axis=(1, 2)) * largest + np.abs(self.conv.bias)

    @property
    def is_int8(self) -> bool:
        return self.graph.scheme.activation_bits == 8

    @cached_property
    def fast(self) -> bool:
        """Whether one rounded high multiply is exact for every channel, see requantize.h."""
        lowest_shift, doubled = (-31, 2) if self.is_int8 else (-17, 1)
        shifts_fit = all(multiplier and lowest_shift <= shift <= -1 for multiplier, shift in self.multipliers)
        return shifts_fit and bool((self.bounds * doubled < 2**31).all())

    def check(self, accumulator_bits: int = 32) -> None:
        """Raises GraphError when even the long way would leave the accumulator's or the product's range."""
        left = np.array([max(shift, 0) if self.is_int8 else 0 for _, shift in self.multipliers])
        if (self.bounds << left).max() >= 2 ** (accumulator_bits - 1):
            raise GraphError(
                f"{self.conv.name}: an accumulator may reach {self.bounds.max()}, more than {accumulator_bits} bits "
                "hold; train with smaller biases or fewer channels"
            )
        if max(shift for _, shift in self.multipliers) > 14:
            raise GraphError(f"{self.conv.name}: a requantisation of 2^14 or more; its output scale is far too small")

    def parameters(self, channel: int, fast: bool) -> list[int]:
        """What requantize.h's Requantizer reads for one channel; zeros beyond the convolution's channels."""
        multiplier, shift = self.multipliers[channel] if channel < self.conv.out_channels else (0, -1)
        if not fast:
            return [multiplier, shift]
        if self.is_int8:
            return [multiplier, 1 << (-shift - 1), -shift]
        reduced = (multiplier + (1 << 15)) >> 16 if multiplier < 0x7FFF0000 else 0x7FFF
        return [reduced << (17 + shift)]

    def weight_factor(self, fast: bool) -> int:
        """What the short way wants weights and biases multiplied with."""
        return 2 if fast and self.is_int8 else 1


def padded_channels(graph: Graph) -> int:
    """Channels of the engine's residual stream: whole groups of every layer. The added ones stay 0."""
    group = 2 if all(layer.gate is not None for layer in graph.layers) else COLUMNS
    return -(-graph.channels // group) * group


def pack(bottom: np.ndarray, top: np.ndarray) -> np.ndarray:
    """Two int16 a word, as SMLAD takes them."""
    return (bottom.astype(np.int64) & 0xFFFF) | ((top.astype(np.int64) & 0xFFFF) << 16)


def product(name: str, a: Quantization, b: Quantization, graph: Graph) -> tuple[int, int]:
    """Multiplier and shift of a product onto the residual stream; raises GraphError if it would not fit."""
    multiplier, shift = quantize_multiplier(a.scale * b.scale / graph.residual.scale)
    if shift > 0:
        raise GraphError(f"{name}: the product's scale is coarser than the residual stream's")
    return multiplier, shift


@dataclass(frozen=True, eq=False)
class LayerTables:
    """One layer's constants. A group is filter and gate of two channels, or in a plain layer the filter of four."""

    layer: Layer
    graph: Graph

    @cached_property
    def requantizations(self) -> list[Requantization]:
        convs = [conv for conv in (self.layer.filter, self.layer.gate) if conv is not None]
        return [Requantization(conv, self.graph) for conv in convs]

    @property
    def fast(self) -> bool:
        return all(requantization.fast for requantization in self.requantizations)

    @cached_property
    def product(self) -> tuple[int, int]:
        """Multiplier and shift of filter * gate; zeros without a gate."""
        gate = self.layer.gate
        return (0, 0) if gate is None else product(gate.name, self.layer.filter.output, gate.output, self.graph)

    def columns(self) -> list[tuple[Requantization, int]]:
        """Every column of sums in the engine's order, as a convolution and its channel."""
        width = COLUMNS // len(self.requantizations)
        firsts = range(0, padded_channels(self.graph), width)
        return [(r, first + i) for first in firsts for r in self.requantizations for i in range(width)]

    def _weights(self, requantization: Requantization, channel: int) -> np.ndarray:
        """One column's (tap, in), scaled; the stream's inputs padded, then the condition's, padded to even."""
        graph, conv = self.graph, requantization.conv
        inputs, conditions = padded_channels(graph), 2 * condition_pairs(graph)
        weights = np.zeros((conv.kernel_size, inputs + conditions), np.int64)
        if channel < conv.out_channels:
            weights[:, : graph.channels] = conv.weights[channel, :, : graph.channels]
            weights[:, inputs : inputs + graph.condition_channels] = conv.weights[channel, :, graph.channels :]
        return weights * requantization.weight_factor(self.fast)

    def biases(self) -> list[int]:
        factors = [(r, channel, r.weight_factor(self.fast)) for r, channel in self.columns()]
        return [int(r.conv.bias[c]) * factor if c < r.conv.out_channels else 0 for r, c, factor in factors]

    def condition_weights(self) -> np.ndarray:
        first = padded_channels(self.graph)
        newest = [self._weights(r, channel)[-1, first:] for r, channel in self.columns()]
        return np.concatenate([pack(w[0::2], w[1::2]) for w in newest])

    def stream(self) -> list[int]:
        """Group by group: weights [tap][pair of inputs][column], then each column's requantisation."""
        words: list[int] = []
        columns, inputs = self.columns(), padded_channels(self.graph)
        for first in range(0, len(columns), COLUMNS):
            group = columns[first : first + COLUMNS]
            weights = [self._weights(*column)[:, :inputs] for column in group]
            words.extend(np.stack([pack(w[:, 0::2], w[:, 1::2]) for w in weights], axis=-1).ravel().tolist())
            for requantization, channel in group:
                words.extend(value & 0xFFFFFFFF for value in requantization.parameters(channel, self.fast))
        return words


def condition_pairs(graph: Graph) -> int:
    """Words that hold the condition's channels."""
    return (graph.condition_channels + 1) // 2


def output_weights(requantization: Requantization) -> list[int]:
    """Pairs of input channels."""
    graph = requantization.graph
    weights = np.zeros(padded_channels(graph), np.int64)
    weights[: graph.channels] = requantization.conv.weights[0, 0] * np.int64(
        requantization.weight_factor(requantization.fast)
    )
    return [int(word) for word in pack(weights[0::2], weights[1::2])]
