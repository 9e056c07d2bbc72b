# SPDX-License-Identifier: MIT
"""The golden model: runs a Graph on NumPy integers, streaming, with TFLite Micro's arithmetic. It defines right.

Depends on `graph` and `fixed_point`. Any block size; state is the history of each layer's input. Not written for
speed, yet a million samples take seconds: accumulators are formed by float64 matrix products, exact since
|accumulator| < 2^53.
"""

from __future__ import annotations

import numpy as np

from quantize.fixed_point import (
    Rounding,
    multiply_by_quantized_multiplier,
    multiply_by_quantized_multiplier_64,
    quantize_multiplier,
)
from quantize.graph import Convolution, Graph, Layer, Quantization, Scheme

CHUNK = 2_048  # samples worked on at once: fits the cache


def activation_range(conv: Convolution, scheme: Scheme) -> tuple[int, int]:
    """Integer clamp of a convolution's output, as TFLite's CalculateActivationRangeQuantized forms it."""
    low = conv.output.zero_point if conv.activation == "relu" else scheme.integer_min
    return low, scheme.integer_max


class Requantizer:
    """A convolution's accumulators to its output integers."""

    def __init__(self, conv: Convolution, scheme: Scheme, rounding: Rounding) -> None:
        # TFLite forms the product in double from float32 scales.
        factors = conv.input.scale * conv.weight_scales.astype(np.float64) / conv.output.scale
        pairs = np.array([quantize_multiplier(float(f)) for f in factors], np.int64)
        self.multiplier, self.shift = pairs[:, 0], pairs[:, 1]
        self.zero_point = conv.output.zero_point
        self.low, self.high = activation_range(conv, scheme)
        self.wide = scheme.bias_bits == 64
        self.rounding: Rounding = rounding

    def __call__(self, accumulators: np.ndarray) -> np.ndarray:
        if self.wide:
            scaled = multiply_by_quantized_multiplier_64(accumulators, self.multiplier, self.shift)
        else:
            scaled = multiply_by_quantized_multiplier(accumulators, self.multiplier, self.shift, self.rounding)
        return np.clip(scaled + self.zero_point, self.low, self.high)


class GoldenDecoder:
    """A streaming decoder over integers.

    After `process(..., taps=True)`, `layer_outputs` maps "condition", "input", "layer0".. and "output" to (T,
    channels) arrays.
    """

    def __init__(self, graph: Graph, rounding: Rounding = "double") -> None:
        self.graph = graph
        self.rounding: Rounding = rounding
        self._requantize = {c.name: Requantizer(c, graph.scheme, rounding) for c in graph.convolutions}
        self.layer_outputs: dict[str, np.ndarray] = {}
        self.reset()

    def reset(self) -> None:
        """Silence: all history at the residual stream's zero."""
        self.history = [np.zeros((layer.history, self.graph.channels), np.int64) for layer in self.graph.layers]

    def process(self, audio: np.ndarray, z: np.ndarray, taps: bool = False) -> np.ndarray:
        """audio (T,) and z (2,), or (B, 2) for B equally long stretches of the audio → wet (T,) in the scheme's type.

        Raises ValueError when B does not divide T or an integer is outside the scheme's range.
        """
        stretches = np.atleast_2d(np.asarray(z, np.int64))
        audio = np.asarray(audio, np.int64)
        if len(audio) % len(stretches):
            raise ValueError(f"{len(audio)} samples cannot be cut into {len(stretches)} equal stretches")
        scheme = self.graph.scheme
        for name, values in (("audio", audio), ("z", stretches)):
            if values.size and (values.min() < scheme.integer_min or values.max() > scheme.integer_max):
                raise ValueError(
                    f"{name} holds integers outside {scheme.name}'s {scheme.integer_min}..{scheme.integer_max}"
                )
        condition, gain = self._condition(stretches)
        length = len(audio) // len(stretches)
        collected: list[dict[str, np.ndarray]] = []
        for first in range(0, len(audio), CHUNK):
            chunk = audio[first : first + CHUNK]
            stretch = np.arange(first, first + len(chunk)) // length
            needed = slice(stretch[0], stretch[-1] + 1)
            collected.append(self._chunk(chunk, condition[needed], gain[needed], stretch - stretch[0]))
        if not collected:
            return np.zeros(0, scheme.dtype)
        if taps:
            self.layer_outputs = {k: np.concatenate([c[k] for c in collected]) for k in collected[0]}
            self.layer_outputs["condition"] = condition.astype(scheme.dtype)
        return np.concatenate([c["output"] for c in collected])[:, 0]

    def preview(self, audio: np.ndarray, z: np.ndarray) -> np.ndarray:
        """What `process` would give now; the history stays as it was. Raises as `process` does."""
        history = list(self.history)
        wet = self.process(audio, z)
        self.history = history
        return wet

    def _condition(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The condition (B, condition_channels) and the gains (B, C)."""
        c = z - self.graph.condition[0].input.zero_point
        for conv in self.graph.condition:
            c = self._convolved(conv, c)
        return c, self._convolved(self.graph.gain, c)

    def _convolved(self, conv: Convolution, x: np.ndarray) -> np.ndarray:
        integers = self._requantize[conv.name](_products(conv, x, slice(None)) + conv.bias)
        return integers - conv.output.zero_point

    def _chunk(
        self, audio: np.ndarray, condition: np.ndarray, gain: np.ndarray, stretch: np.ndarray
    ) -> dict[str, np.ndarray]:
        graph, outputs, dtype = self.graph, {}, self.graph.scheme.dtype
        u = (audio - graph.audio.zero_point)[:, None]
        scales = (graph.audio, graph.gain.output, graph.residual)
        h = multiply(u, gain[stretch], *scales, graph.scheme, self.rounding)  # (T, C)
        outputs["input"] = h.astype(dtype)
        for index, layer in enumerate(graph.layers):
            x = np.concatenate([self.history[index], h])  # (history + T, C)
            self.history[index] = x[len(x) - layer.history :]
            h = np.clip(
                h + self._update(layer, x, condition, stretch), graph.scheme.integer_min, graph.scheme.integer_max
            )
            outputs[f"layer{index}"] = h.astype(dtype)
        wet = self._requantize[graph.output.name](_products(graph.output, h, slice(None)) + graph.output.bias)
        outputs["output"] = wet.astype(dtype)
        return outputs

    def _update(self, layer: Layer, x: np.ndarray, condition: np.ndarray, stretch: np.ndarray) -> np.ndarray:
        channels = self.graph.channels

        def convolve(conv: Convolution) -> np.ndarray:
            folded = _products(conv, condition, slice(channels, None), newest_tap=True) + conv.bias  # (B, out)
            accumulators = _products(conv, x, slice(0, channels)) + folded[stretch]
            return self._requantize[conv.name](accumulators) - conv.output.zero_point

        filtered = convolve(layer.filter)
        if layer.gate is None:
            return filtered
        scales = (layer.filter.output, layer.gate.output, self.graph.residual)
        return multiply(filtered, convolve(layer.gate), *scales, self.graph.scheme, self.rounding)


def multiply(
    a: np.ndarray,
    b: np.ndarray,
    qa: Quantization,
    qb: Quantization,
    output: Quantization,
    scheme: Scheme,
    rounding: Rounding,
) -> np.ndarray:
    """TFLite's MUL of integers less their zero points, onto a quantisation without one, saturated."""
    multiplier, shift = quantize_multiplier(qa.scale * qb.scale / output.scale)
    scaled = multiply_by_quantized_multiplier(a * b, multiplier, shift, rounding)
    return np.clip(scaled, scheme.integer_min, scheme.integer_max)


def _products(conv: Convolution, x: np.ndarray, channels: slice, newest_tap: bool = False) -> np.ndarray:
    """Sum over taps and the given input channels, (history + T, in) → (T, out) int64."""
    taps = range(conv.kernel_size - 1, conv.kernel_size) if newest_tap else range(conv.kernel_size)
    offset = 0 if newest_tap else conv.history
    length = len(x) - offset
    x = x.astype(np.float64)
    total = np.zeros((length, conv.out_channels))
    for tap in taps:
        start = 0 if newest_tap else tap * conv.dilation
        total += x[start : start + length] @ conv.weights[:, tap, channels].T.astype(np.float64)
    return total.astype(np.int64)
