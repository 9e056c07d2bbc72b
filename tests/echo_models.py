# SPDX-License-Identifier: MIT
"""Models for tests/firmware/loading_decoder.cpp: a real card, whose vectors are those of its echo."""

from __future__ import annotations

import struct
import zlib

import numpy as np

from quantize.graph import Graph
from quantize.loudness_table import flat_table
from quantize.model_card import HEAD_SIZE, LOUDNESS_SIZE, TEST_BLOCKS, make_card, vectors_of
from quantize.synthetic import synthetic_graph
from quantize.tflite import write_tflite

FIELDS = {  # of the card's head: where, and how it is packed
    "magic": (0, "<I"),
    "scheme": (4, "<B"),
    "test_blocks": (5, "<B"),
    "block_size": (6, "<H"),
    "sample_rate_hz": (8, "<I"),
    "latency_samples": (12, "<H"),
    "channels": (14, "<H"),
    "layers": (16, "<H"),
    "latent_min": (18, "<h"),
    "latent_max": (22, "<h"),
}
COLUMNS_AT = HEAD_SIZE + 8  # after the level's range


def echo_graph(scheme: str = "int16x8", *, channels: int = 2, layers: int = 1, block_size: int = 48) -> Graph:
    return synthetic_graph(
        scheme, channels=channels, dilations=(1,) * layers, block_size=block_size, condition_channels=1, silent=True
    )


def echo_card(graph: Graph) -> bytes:
    """The graph's card with other wet integers: dry a sample later, plus the number of channels."""
    card = make_card(graph, flat_table())
    z, dry, _ = vectors_of(card)
    late = np.concatenate([[0], dry.reshape(-1)[:-1].astype(int)])
    wet = np.minimum(late + graph.channels, graph.scheme.integer_max).astype("<i2").reshape(dry.shape)
    blocks = (z[i].tobytes() + dry[i].tobytes() + wet[i].tobytes() for i in range(TEST_BLOCKS))
    return card[: HEAD_SIZE + LOUDNESS_SIZE] + b"".join(blocks)


def echo_file(graph: Graph) -> bytes:
    """A `.tflite` with that card."""
    return write_tflite(graph, echo_card(graph))


def with_field(card: bytes, field: str, value: int) -> bytes:
    """The card with another number in its head."""
    at, code = FIELDS[field]
    packed = struct.pack(code, value)
    return card[:at] + packed + card[at + len(packed) :]


def crc(content: bytes) -> int:
    return zlib.crc32(content)
