# SPDX-License-Identifier: MIT
"""The golden model streams: any cut of the audio gives the same integers, and so does a moving latent."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantize.golden import GoldenDecoder
from quantize.graph import SCHEMES, Graph, GraphError
from quantize.synthetic import synthetic_graph

BLOCKS = 12


def stimulus(graph: Graph, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    low, high = graph.scheme.integer_min, graph.scheme.integer_max + 1
    return rng.integers(low, high, BLOCKS * graph.block_size), rng.integers(low, high, (BLOCKS, 2))


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("gated", [True, False])
def test_blocks_one_by_one_equal_the_whole(scheme, gated):
    graph = synthetic_graph(scheme, gated=gated, dilations=(1, 3))
    audio, z = stimulus(graph)
    whole = GoldenDecoder(graph).process(audio, z)
    streamed = GoldenDecoder(graph)
    pieces = [streamed.process(a, b) for a, b in zip(audio.reshape(BLOCKS, -1), z, strict=True)]
    assert np.array_equal(whole, np.concatenate(pieces))


@settings(max_examples=20)
@given(st.lists(st.integers(0, 100), min_size=1, max_size=8), st.sampled_from(list(SCHEMES)))
def test_any_cut_gives_the_same_integers(lengths, scheme):
    graph = synthetic_graph(scheme, channels=4, dilations=(1, 5), block_size=8)
    audio, z = stimulus(graph)
    audio = np.resize(audio, sum(lengths))
    whole = GoldenDecoder(graph).process(audio, z[0])
    streamed = GoldenDecoder(graph)
    pieces = [streamed.process(piece, z[0]) for piece in np.split(audio, np.cumsum(lengths)[:-1])]
    assert np.array_equal(whole, np.concatenate(pieces))


def test_long_audio_is_cut_inside_without_a_seam():
    graph = synthetic_graph("int16x8", channels=4, dilations=(1, 2))
    audio = np.random.default_rng(0).integers(-32768, 32768, 5_000)
    whole = GoldenDecoder(graph).process(audio, np.array([3, -4]), taps=True)
    streamed = GoldenDecoder(graph)
    pieces = [streamed.process(piece, np.array([3, -4])) for piece in np.split(audio, [1, 1000, 4999])]
    assert np.array_equal(whole, np.concatenate(pieces))


def test_taps_name_every_layer():
    graph = synthetic_graph("int8", dilations=(1, 2))
    audio, z = stimulus(graph)
    decoder = GoldenDecoder(graph)
    wet = decoder.process(audio, z, taps=True)
    assert set(decoder.layer_outputs) == {"condition", "input", "layer0", "layer1", "output"}
    assert decoder.layer_outputs["layer1"].shape == (len(audio), graph.channels)
    assert np.array_equal(decoder.layer_outputs["output"][:, 0], wet)


def test_reset_is_silence():
    graph = synthetic_graph("int8")
    audio, z = stimulus(graph)
    decoder = GoldenDecoder(graph)
    first = decoder.process(audio, z)
    assert not np.array_equal(first, decoder.process(audio, z))
    decoder.reset()
    assert np.array_equal(first, decoder.process(audio, z))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_preview_is_the_coming_block_and_leaves_no_trace(scheme):
    graph = synthetic_graph(scheme, dilations=(1, 3))
    audio, z = stimulus(graph)
    previewing, plain = GoldenDecoder(graph), GoldenDecoder(graph)
    for block, place in zip(audio.reshape(BLOCKS, -1), z, strict=True):
        elsewhere, here = previewing.preview(block, place[::-1]), previewing.preview(block, place)
        wet = plain.process(block, place)
        assert np.array_equal(here, wet)
        assert np.array_equal(previewing.process(block, place), wet)
        assert not np.array_equal(elsewhere, wet)


def test_a_refused_preview_leaves_no_trace():
    graph = synthetic_graph("int8")
    audio, z = stimulus(graph)
    decoder = GoldenDecoder(graph)
    with pytest.raises(ValueError, match="outside int8"):
        decoder.preview(np.array([*audio, 200]), z[0])
    assert np.array_equal(decoder.process(audio, z), GoldenDecoder(graph).process(audio, z))


def test_integers_outside_the_scheme_are_refused():
    with pytest.raises(ValueError, match="outside int8"):
        GoldenDecoder(synthetic_graph("int8")).process(np.array([200]), np.zeros(2, int))


def test_stretches_must_divide_the_audio():
    with pytest.raises(ValueError, match="equal stretches"):
        GoldenDecoder(synthetic_graph("int8")).process(np.zeros(10, int), np.zeros((3, 2), int))


def test_a_graph_that_breaks_the_contract_is_refused():
    graph = synthetic_graph("int8")
    broken = replace(graph.layers[0].filter, weights=np.ones_like(graph.layers[0].filter.weights))
    with pytest.raises(GraphError, match="not the newest"):
        replace(graph, layers=(replace(graph.layers[0], filter=broken), *graph.layers[1:]))


def test_macs_count_the_latent_once_a_block():
    graph = synthetic_graph("int8", channels=8, dilations=(1, 2, 4, 8, 16, 32), condition_channels=4, hidden_channels=8)
    per_block = 2 * 8 + 8 * 4 + 4 * 8 + 6 * 2 * 8 * 4
    assert graph.macs_per_sample == 8 + 6 * 2 * 8 * 8 * 3 + 8 + per_block / 48
