# SPDX-License-Identifier: MIT
"""The model card: what a module has to know of a decoder before it plays it, and vectors that prove it, as bytes.

Depends on `golden`, `graph` and `loudness_table`. It lies in the `.tflite` beside the operators (see `tflite`), so
that firmware/engines/tflm needs no header generated from the file, and no parser but a struct. Little-endian, packed,
nothing aligned:

    head        u32 magic, u8 scheme, u8 test_blocks, u16 block_size, u32 sample_rate_hz, u16 latency_samples,
                u16 channels, u16 layers, i16 latent_min[2], i16 latent_max[2]            26 bytes
    loudness    LoudnessMap of firmware/core/loudness.h, with its one byte of padding     4,468 bytes
    self-test   test_blocks times: i16 z[2], i16 dry[block_size], i16 wet[block_size]     from reset, of int8 as well
"""

from __future__ import annotations

import numpy as np

from quantize.golden import GoldenDecoder
from quantize.graph import Graph, GraphError
from quantize.loudness_table import COLUMNS, LEVEL_RANGE_DB, LEVELS, PLACES, ROWS, LoudnessTable

MAGIC = int.from_bytes(b"GRC1", "little")  # the digit is the layout's version
TEST_BLOCKS = 8  # each tap of the released decoder's layers meets sound in them, and they take 1.6 kB
AXES = 2
HEAD_SIZE, LOUDNESS_SIZE = 26, 4_468  # bytes


class CardError(GraphError):
    """A card that does not belong to its decoder, or a decoder that has no card; the message names the part."""


def _head(graph: Graph) -> dict[str, object]:
    """The fields that follow from the graph, by name, in their order in the file."""
    if len(graph.latent) != AXES:
        raise CardError(f"the model card is for {AXES} latent axes, the decoder has {len(graph.latent)}")
    latent_min, latent_max = latent_edges(graph)
    return {
        "magic": MAGIC,
        "scheme": graph.scheme.code,
        "test_blocks": TEST_BLOCKS,
        "block_size": graph.block_size,
        "sample_rate_hz": graph.sample_rate,
        "latency_samples": graph.latency_samples,
        "channels": graph.channels,
        "layers": len(graph.layers),
        "latent_min": latent_min,
        "latent_max": latent_max,
    }


def latent_edges(graph: Graph) -> tuple[list[int], list[int]]:
    """The map's low and high edges on each axis, as integers of the decoder's z."""
    quantize = graph.condition[0].input.quantize
    lows, highs = np.array([(axis.low, axis.high) for axis in graph.latent]).T
    return quantize(lows, graph.scheme).tolist(), quantize(highs, graph.scheme).tolist()


def _layout(block_size: int) -> np.dtype:
    """A NumPy record that is the card, byte for byte."""
    table = (LEVELS, ROWS, COLUMNS)
    vector = [("z", "<i2", (AXES,)), ("dry", "<i2", (block_size,)), ("wet", "<i2", (block_size,))]
    return np.dtype(
        [
            *(("magic", "<u4"), ("scheme", "u1"), ("test_blocks", "u1"), ("block_size", "<u2")),
            *(("sample_rate_hz", "<u4"), ("latency_samples", "<u2"), ("channels", "<u2"), ("layers", "<u2")),
            *(("latent_min", "<i2", (AXES,)), ("latent_max", "<i2", (AXES,))),
            *(("level_range_db", "<f4", (2,)), ("column_255th", "u1", (COLUMNS,))),
            *(("makeup_quarter_db", "i1", table), ("correlation_256th", "u1", table), ("padding", "u1")),
            ("tests", vector, (TEST_BLOCKS,)),
        ]
    )


def _record(card: bytes) -> np.ndarray:
    """The card by its fields; raises CardError when the size is not what its head says."""
    if len(card) < HEAD_SIZE or int.from_bytes(card[:4], "little") != MAGIC:
        raise CardError("the model card is none of this version (no GRC1 at its beginning)")
    layout = _layout(int.from_bytes(card[6:8], "little"))
    if len(card) != layout.itemsize:
        raise CardError(f"the model card has {len(card)} bytes where its head speaks of {layout.itemsize}")
    return np.frombuffer(card, layout)[0]


def make_card(graph: Graph, loudness: LoudnessTable) -> bytes:
    """The card of a graph with two latent axes; the same bytes for the same graph and table. Raises CardError."""
    head = _head(graph)
    rng, scheme = np.random.default_rng(0), graph.scheme
    # Every code of the range, so that rounding and clamps both show, and a new place in each block.
    dry = rng.integers(scheme.integer_min, scheme.integer_max + 1, (TEST_BLOCKS, graph.block_size))
    latent_min, latent_max = (np.array(edges) for edges in latent_edges(graph))
    z = rng.integers(latent_min, latent_max + 1, (TEST_BLOCKS, AXES))
    record = np.zeros((), _layout(graph.block_size))
    for name, value in head.items():
        try:
            record[name] = value
        except OverflowError as error:
            raise CardError(f"the model card has no room for {name} {value}") from error
    record["level_range_db"] = LEVEL_RANGE_DB
    record["column_255th"] = loudness.column_255th
    record["makeup_quarter_db"] = loudness.makeup_quarter_db
    record["correlation_256th"] = loudness.correlation_256th
    record["tests"]["z"], record["tests"]["dry"] = z, dry
    record["tests"]["wet"] = GoldenDecoder(graph).process(dry.reshape(-1), z).reshape(dry.shape)
    card = record.tobytes()
    require(card, graph)
    return card


def require(card: bytes, graph: Graph) -> None:
    """Raises CardError unless the card can be that of the graph. Does not play the vectors: see `replay`."""
    record = _record(card)
    for name, value in _head(graph).items():
        if record[name].tolist() != value:
            raise CardError(f"the model card says {name} {record[name].tolist()} where the decoder has {value}")
    columns = record["column_255th"].astype(int)
    rising = bool((np.diff(columns) > 0).all()) and (columns[0], columns[-1]) == (0, PLACES - 1)
    if not rising or tuple(record["level_range_db"]) != LEVEL_RANGE_DB or record["padding"] != 0:
        raise CardError("the model card holds a loudness table that was not measured by this version")
    scheme, tests = graph.scheme, record["tests"]
    inside = (tests["z"] >= record["latent_min"]).all() and (tests["z"] <= record["latent_max"]).all()
    for values in (tests["dry"], tests["wet"]):
        inside = inside and values.min() >= scheme.integer_min and values.max() <= scheme.integer_max
    if not inside:
        raise CardError("the model card holds self-test vectors beyond the decoder's range")


def loudness_of(card: bytes) -> LoudnessTable:
    """The table in a card; raises CardError when that is none."""
    record = _record(card)
    return LoudnessTable(*(record[name].copy() for name in LoudnessTable.__annotations__))


def vectors_of(card: bytes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """z (blocks, 2), dry (blocks, block_size) and wet (blocks, block_size), int16; raises CardError."""
    tests = _record(card)["tests"]
    return tests["z"].copy(), tests["dry"].copy(), tests["wet"].copy()


def replay(card: bytes, graph: Graph) -> None:
    """Raises CardError unless the card is the graph's and golden gives its vectors, every sample of them."""
    require(card, graph)
    z, dry, wet = vectors_of(card)
    wrong = np.flatnonzero(GoldenDecoder(graph).process(dry.reshape(-1), z) != wet.reshape(-1))
    if wrong.size:
        raise CardError(f"the model card holds self-test vectors that golden does not give, from sample {wrong[0]} on")
