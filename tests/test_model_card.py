# SPDX-License-Identifier: MIT
"""The model card says of a decoder what the generated header says, byte by byte where a module looks for it, and a card
that is another decoder's or damaged is refused in one sentence."""

from __future__ import annotations

import struct
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from quantize.emit import emit
from quantize.golden import GoldenDecoder
from quantize.graph import SCHEMES, GraphError, LatentAxis
from quantize.loudness_table import COLUMNS, LEVELS, ROWS, LoudnessTable, flat_table
from quantize.model_card import (
    HEAD_SIZE,
    LOUDNESS_SIZE,
    TEST_BLOCKS,
    CardError,
    loudness_of,
    make_card,
    replay,
    require,
    vectors_of,
)
from quantize.synthetic import synthetic_graph
from quantize.tflite import TfliteError, card_of, parse_tflite, write_tflite

small_graph = partial(synthetic_graph, channels=4, dilations=(1, 4), silent=True)
HEAD = "<IBBHIHHH2h2h"


def random_table() -> LoudnessTable:
    rng, shape = np.random.default_rng(0), (LEVELS, ROWS, COLUMNS)
    columns = np.sort(rng.permutation(254)[:COLUMNS] + 1).astype(np.uint8)
    columns[[0, -1]] = 0, 255
    makeup, correlation = rng.integers(-128, 128, shape).astype(np.int8), rng.integers(0, 256, shape).astype(np.uint8)
    return LoudnessTable(columns, makeup, correlation)


def edited(card: bytes, offset: int, form: str, value: float) -> bytes:
    changed = bytearray(card)
    struct.pack_into(form, changed, offset, value)
    assert bytes(changed) != card
    return bytes(changed)


@pytest.mark.parametrize(("scheme", "code", "low"), [("int8", 0, -128), ("int16x8", 1, -32768)])
def test_every_field_is_where_a_module_looks_for_it(scheme, code, low):
    graph = synthetic_graph(scheme, channels=6, dilations=(1, 2, 4), block_size=32)
    graph = replace(graph, latency_samples=7, latent=(LatentAxis("x", -1.5, 0.75), graph.latent[1]))
    table = random_table()
    card = make_card(graph, table)
    assert struct.calcsize(HEAD) == HEAD_SIZE and card[:4] == b"GRC1"
    edges = (low // 2, low, -low // 4, -low - 1)
    assert struct.unpack_from(HEAD, card) == (0x31435247, code, 8, 32, 48_000, 7, 6, 3, *edges)
    assert struct.unpack_from("<2f", card, HEAD_SIZE) == (-20.0, 20.0)
    offset, cells = HEAD_SIZE + 8, LEVELS * ROWS * COLUMNS
    assert bytes(card[offset : offset + 49]) == table.column_255th.tobytes()
    assert struct.unpack_from(f"<{cells}b", card, offset + 49) == tuple(table.makeup_quarter_db.ravel())
    assert card[offset + 49 + cells : offset + 49 + 2 * cells] == table.correlation_256th.tobytes()
    tests = HEAD_SIZE + LOUDNESS_SIZE
    assert offset + 49 + 2 * cells + 1 == tests and card[tests - 1] == 0
    assert len(card) == tests + TEST_BLOCKS * 2 * (2 + 32 + 32)
    z, dry, wet = vectors_of(card)
    for block in range(TEST_BLOCKS):
        numbers = struct.unpack_from("<66h", card, tests + block * 132)
        assert numbers == (*z[block], *dry[block], *wet[block])


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_vectors_are_goldens_from_reset_over_the_whole_range(scheme):
    graph = small_graph(scheme)
    z, dry, wet = vectors_of(make_card(graph, flat_table()))
    decoder = GoldenDecoder(graph)
    assert all(np.array_equal(decoder.process(block, spot), out) for block, spot, out in zip(dry, z, wet, strict=True))
    assert dry.min() < 0.95 * graph.scheme.integer_min and dry.max() > 0.95 * graph.scheme.integer_max
    assert len(np.unique(z, axis=0)) == TEST_BLOCKS
    assert len(np.unique(wet)) > 50


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_file_carries_its_card(scheme):
    graph, table = small_graph(scheme), random_table()
    card = make_card(graph, table)
    content = write_tflite(graph, card)
    assert card in content and card_of(content) == card
    assert write_tflite(parse_tflite(content), card_of(content)) == content
    found = loudness_of(card_of(content))
    for name in LoudnessTable.__annotations__:
        assert np.array_equal(getattr(found, name), getattr(table, name)), name
    replay(card, graph)


def test_without_a_card_there_is_a_graph_and_no_module(tmp_path):
    content = write_tflite(small_graph("int8"))
    parse_tflite(content)
    with pytest.raises(TfliteError, match=r"carries no model card.*gritspace quantize"):
        card_of(content)
    path = tmp_path / "bare.tflite"
    path.write_bytes(content)
    with pytest.raises(TfliteError, match=r"bare\.tflite: carries no model card"):
        emit(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


FIELDS = [
    *((4, "<B", 1, "scheme"), (5, "<B", 9, "test_blocks"), (8, "<I", 44_100, "sample_rate_hz")),
    *((12, "<H", 3, "latency_samples"), (14, "<H", 5, "channels"), (16, "<H", 9, "layers")),
    *((18, "<h", -99, "latent_min"), (24, "<h", 99, "latent_max")),
    *((0, "<I", 0x32435247, "GRC1"), (6, "<H", 47, "bytes where its head speaks of")),
    *((26, "<f", -30.0, "loudness"), (34, "<B", 1, "loudness"), (4_493, "<B", 1, "loudness")),
    *((4_494, "<h", 128, "range"), (4_498, "<h", 128, "range"), (4_498 + 2 * 48, "<h", -129, "range")),
]


@pytest.mark.parametrize(("offset", "form", "value", "complaint"), FIELDS)
def test_an_edited_card_is_refused(offset, form, value, complaint):
    graph = small_graph("int8")
    card = edited(make_card(graph, flat_table()), offset, form, value)
    with pytest.raises(CardError, match=complaint):
        require(card, graph)
    with pytest.raises(TfliteError, match=rf"the model card .*{complaint}.*gritspace quantize"):
        parse_tflite(write_tflite(graph, card))


@pytest.mark.parametrize("keep", [1, 3, 10, 26, 4_494, -2, -1])
def test_a_truncated_card_is_refused(keep):
    graph = small_graph("int8")
    for card in (make_card(graph, flat_table())[:keep], make_card(graph, flat_table()) + b"\0"):
        with pytest.raises(TfliteError, match=r"the model card .*gritspace quantize"):
            card_of(write_tflite(graph, card))


@pytest.mark.parametrize("offset", [0, 2, 2 + 48])  # of z, dry and wet in the first vector, as words
def test_a_vector_that_golden_does_not_give_is_found_when_played(offset, tmp_path):
    graph = small_graph("int16x8")
    card = make_card(graph, flat_table())
    at = HEAD_SIZE + LOUDNESS_SIZE + 2 * offset
    (word,) = struct.unpack_from("<h", card, at)
    wrong = edited(card, at, "<h", -word)
    require(wrong, graph)
    with pytest.raises(CardError, match="golden does not give"):
        replay(wrong, graph)
    path = tmp_path / "wrong.tflite"
    path.write_bytes(write_tflite(graph, wrong))
    with pytest.raises(TfliteError, match=r"wrong\.tflite: the model card .* golden does not give.*gritspace quantize"):
        emit(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_another_decoders_card_is_refused():
    """By its numbers where they differ, by its vectors where only the weights do."""
    graph = small_graph("int8")
    for other in (small_graph("int16x8"), small_graph("int8", channels=6)):
        with pytest.raises(TfliteError, match="the model card says"):
            parse_tflite(write_tflite(graph, make_card(other, flat_table())))
    twin = make_card(small_graph("int8", seed=1), flat_table())
    require(twin, graph)
    with pytest.raises(CardError, match="golden does not give"):
        replay(twin, graph)


def test_what_no_card_can_hold_is_refused():
    graph = small_graph("int8")
    with pytest.raises(GraphError, match="no room for latency_samples 70000"):
        make_card(replace(graph, latency_samples=70_000), flat_table())
    falling = replace(flat_table(), column_255th=flat_table().column_255th[::-1])
    with pytest.raises(GraphError, match="loudness table"):
        make_card(graph, falling)
    first = graph.condition[0]
    one = replace(first, weights=first.weights[:, :, :1])
    with pytest.raises(GraphError, match="for 2 latent axes, the decoder has 1"):
        make_card(replace(graph, latent=graph.latent[:1], condition=(one, *graph.condition[1:])), flat_table())
