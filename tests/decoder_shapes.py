# SPDX-License-Identifier: MIT
"""Untrained decoders of many shapes, among them every way the ahead-of-time engine can take. Depends on
quantize.synthetic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from quantize.graph import SCHEMES, Graph, Layer, Quantization
from quantize.synthetic import synthetic_graph


def asymmetric(graph: Graph) -> Graph:
    """Zero points off the middle in audio and latent (int8 only), products that are no powers of two."""
    zero = 7 if graph.scheme.activation_bits == 8 else 0
    filter_output = Quantization(float(np.float32(graph.layers[0].filter.output.scale * 0.77)), -zero)
    layers = tuple(Layer(replace(layer.filter, output=filter_output), layer.gate) for layer in graph.layers)
    audio = Quantization(graph.audio.scale, zero)
    gain_output = Quantization(float(np.float32(graph.gain.output.scale * 0.77)))
    condition = replace(graph.condition[0], input=Quantization(graph.condition[0].input.scale, -zero))
    return replace(
        graph,
        audio=audio,
        gain=replace(graph.gain, output=gain_output),
        layers=layers,
        condition=(condition, *graph.condition[1:]),
        output=replace(graph.output, output=audio),
    )


def coarse_weights(graph: Graph) -> Graph:
    """Weight scales so large that requantisation has to go the long way, and every clamp is met."""
    layers = tuple(
        Layer(*(replace(c, weight_scales=c.weight_scales * np.float32(900)) for c in (layer.filter, layer.gate) if c))
        for layer in graph.layers
    )
    return replace(graph, layers=layers)


def signed_gates(graph: Graph) -> Graph:
    """Gates that may be negative."""
    signed = graph.layers[0].filter.output
    return replace(
        graph,
        layers=tuple(
            Layer(layer.filter, layer.gate and replace(layer.gate, activation="none", output=signed))
            for layer in graph.layers
        ),
    )


def coarse_stream(graph: Graph) -> Graph:
    """A residual stream of twice the range: the product's shift goes beyond half a word."""
    stream = Quantization(graph.residual.scale * 2)
    conditions = (*graph.condition[:-1], replace(graph.condition[-1], output=stream))
    layers = tuple(
        Layer(*(replace(c, input=stream) for c in (layer.filter, layer.gate) if c)) for layer in graph.layers
    )
    first, last = replace(graph.gain, input=stream), replace(graph.output, input=stream)
    return replace(graph, condition=conditions, gain=first, layers=layers, output=last)


def half_plain(graph: Graph) -> Graph:
    """Gated and plain layers by turns."""
    plain = synthetic_graph(
        graph.scheme.name,
        channels=graph.channels,
        condition_channels=graph.condition_channels,
        dilations=tuple(layer.filter.dilation for layer in graph.layers),
        kernel_size=graph.layers[0].filter.kernel_size,
        gated=False,
        seed=5,
    )
    return replace(graph, layers=tuple((graph, plain)[i % 2].layers[i] for i in range(len(graph.layers))))


SHAPES: dict[str, Callable[[str], Graph]] = {
    "shipped": lambda scheme: synthetic_graph(scheme),
    "odd everything": lambda scheme: synthetic_graph(
        scheme, channels=5, dilations=(1, 3, 5), kernel_size=4, condition_channels=3, hidden_channels=3, block_size=17
    ),
    "plain": lambda scheme: synthetic_graph(
        scheme, channels=6, dilations=(1, 2), kernel_size=2, condition_channels=1, gated=False, block_size=8
    ),
    "wide": lambda scheme: synthetic_graph(scheme, channels=16, dilations=(70, 1), block_size=96, seed=3),
    "mixed": lambda scheme: half_plain(synthetic_graph(scheme, channels=6, dilations=(2, 9, 4, 1), block_size=9)),
    "asymmetric": lambda scheme: asymmetric(synthetic_graph(scheme, dilations=(1, 2), block_size=11, seed=7)),
    "coarse weights": lambda scheme: coarse_weights(synthetic_graph(scheme, channels=4, dilations=(1, 3), seed=8)),
    "signed gates": lambda scheme: signed_gates(synthetic_graph(scheme, channels=4, dilations=(1, 2), block_size=8)),
    "coarse stream": lambda scheme: coarse_stream(synthetic_graph(scheme, channels=4, dilations=(2, 1), seed=9)),
    "one tap": lambda scheme: synthetic_graph(scheme, channels=2, dilations=(1,), kernel_size=1, block_size=1),
}
GRAPHS = {f"{shape}, {scheme}": build(scheme) for shape, build in SHAPES.items() for scheme in SCHEMES}


def random_graph(scheme: str, seed: int) -> Graph:
    """A decoder of any shape that the engine takes: 2 to 24 channels, 1 to 7 layers, blocks of 8 to 96."""
    rng = np.random.default_rng(seed)
    graph = synthetic_graph(
        scheme,
        channels=int(rng.integers(2, 25)),
        dilations=tuple(int(d) for d in rng.choice([1, 2, 3, 4, 5, 8, 13, 16, 32, 45], rng.integers(1, 8))),
        kernel_size=int(rng.integers(1, 5)),
        condition_channels=int(rng.integers(1, 9)),
        hidden_channels=int(rng.integers(1, 9)),
        gated=bool(rng.random() < 0.7),
        block_size=int(rng.integers(8, 97)),
        seed=seed,
    )
    changes: list[Callable[[Graph], Graph]] = [lambda same: same, coarse_weights]
    if graph.layers[0].gate is not None:
        changes += [asymmetric, coarse_stream, signed_gates, half_plain]
    return changes[rng.integers(len(changes))](graph)
