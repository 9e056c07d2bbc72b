# SPDX-License-Identifier: MIT
"""What engines are compared on: integers for audio and z, block by block. Depends on quantize.graph; reads no files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from host_tools.errors import UserError
from quantize.graph import Graph

RANDOM = "random"  # the source of a random stimulus; recordings carry their file name

# Places on the map, as fractions of each axis from its middle: near the four corners, the middle, and one edge.
MAP_POINTS = ((0.0, 0.0), (-0.8, -0.8), (0.8, -0.7), (0.7, 0.8), (-0.7, 0.8), (1.0, 0.1))


@dataclass(frozen=True, eq=False)
class Stimulus:
    """Whole blocks of input. The real values are what a float model hears: full precision where there was any."""

    source: str
    dry: np.ndarray  # (blocks * block_size,) integers of the scheme
    z: np.ndarray  # (blocks, Z) integers of the scheme
    dry_real: np.ndarray  # (blocks * block_size,) float64
    z_real: np.ndarray  # (blocks, Z) float64

    @property
    def blocks(self) -> int:
        return int(self.z.shape[0])

    @property
    def block_size(self) -> int:
        return self.dry.size // self.blocks

    def chunks(self, blocks: int) -> Iterator[slice]:
        """The stimulus in order, as slices of at most `blocks` blocks."""
        return (slice(start, min(start + blocks, self.blocks)) for start in range(0, self.blocks, blocks))


def random_stimulus(graph: Graph, samples: int, seed: int = 0) -> Stimulus:
    """White integers over the whole range, z new in every block; every other block is quieter, to meet small values."""
    scheme, rng = graph.scheme, np.random.default_rng(seed)
    blocks = -(-samples // graph.block_size)
    loud = rng.integers(scheme.integer_min, scheme.integer_max + 1, (blocks, graph.block_size), dtype=np.int32)
    shift = rng.integers(0, scheme.activation_bits, (blocks, 1)) * (np.arange(blocks)[:, None] % 2)
    dry = (loud >> shift).astype(scheme.dtype).reshape(-1)
    z = rng.integers(scheme.integer_min, scheme.integer_max + 1, (blocks, len(graph.latent))).astype(scheme.dtype)
    dry_real = graph.audio.dequantize(dry)
    return Stimulus(RANDOM, dry, z, dry_real, graph.condition[0].input.dequantize(z))


def recorded_stimulus(graph: Graph, source: str, samples: np.ndarray, z_real: np.ndarray | None = None) -> Stimulus:
    """A recording (T,) in [-1, 1]; z is one place (Z,) when given, else visits MAP_POINTS for equal times."""
    blocks = -(-samples.size // graph.block_size)
    padded = np.zeros(blocks * graph.block_size)
    padded[: samples.size] = samples
    low = np.array([axis.low for axis in graph.latent])
    high = np.array([axis.high for axis in graph.latent])
    if z_real is None:
        turns = np.arange(blocks) * len(MAP_POINTS) // max(blocks, 1)
        places = np.resize(np.array(MAP_POINTS), (len(MAP_POINTS), low.size))
        z_real = (low + high) / 2 + places[turns] * (high - low) / 2
    z_real = np.broadcast_to(np.asarray(z_real, np.float64), (blocks, low.size))
    dry = graph.audio.quantize(padded, graph.scheme)
    z = graph.condition[0].input.quantize(z_real, graph.scheme)
    return Stimulus(source, dry, z, padded, z_real)


def place_on_map(graph: Graph, z: Sequence[float]) -> np.ndarray:
    """z as an array (Z,), or UserError naming the axis it leaves and its range."""
    if len(z) != len(graph.latent):
        raise UserError(f"z has {len(z)} values; the map has {len(graph.latent)} axes")
    for value, axis in zip(z, graph.latent, strict=True):
        if not axis.low <= value <= axis.high:  # also refuses NaN
            raise UserError(f"z {value:g} is outside the map; {axis.name} goes from {axis.low:g} to {axis.high:g}")
    return np.asarray(z, np.float64)
