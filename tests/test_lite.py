# SPDX-License-Identifier: MIT
"""The lite decoder: small enough to upload, and fit for a spot that moves by steps. That its files are one, exact and
good is with the released ones' in test_released.py, its cycles in test_tflm_engine.py."""

from __future__ import annotations

import copy

import numpy as np

from host_tools.artefacts import LITE, released_artefacts
from host_tools.audio import load_audio, recorded_audio
from host_tools.packets import MAX_MODEL_BYTES
from quantize.golden import GoldenDecoder
from quantize.graph import Graph

STEPS_DB = -40.0  # to the sound, for a turn around the whole map in two seconds


def test_two_of_it_would_fit_where_a_module_has_room_for_one():
    assert all(len(artefact.content) < MAX_MODEL_BYTES / 2 for artefact in released_artefacts(directory=LITE))


def moved(graph: Graph, dry: np.ndarray, z: np.ndarray, *, crossfades: bool) -> np.ndarray:
    """Wet of dry integers with a z (blocks, 2), as core/processor.h plays it with and without time for crossfades."""
    decoder, old, size = GoldenDecoder(graph), z[:1], graph.block_size
    part = np.arange(1, size + 1) / size
    wet = []
    for block in range(len(z)):
        codes = dry[block * size : (block + 1) * size]
        before = copy.deepcopy(decoder).process(codes, old).astype(float) if crossfades else 0.0
        after = decoder.process(codes, z[block : block + 1]).astype(float)
        wet.append(before + (after - before) * part if crossfades else after)
        old = z[block : block + 1]
    return np.concatenate(wet)


def test_a_spot_that_moves_by_steps_is_hardly_heard():
    graph = released_artefacts(["int16x8"], LITE)[0].graph
    sound = load_audio(recorded_audio(1)[0], graph.sample_rate).samples[: graph.sample_rate]
    blocks = sound.size // graph.block_size
    dry = graph.audio.quantize(0.5 * sound / np.abs(sound).max(), graph.scheme)
    turn = np.pi * np.arange(blocks) * graph.block_size / graph.sample_rate
    z = graph.condition[0].input.quantize(3.0 * np.stack([np.sin(turn), np.cos(turn)], axis=1), graph.scheme)
    faded, stepped = (moved(graph, dry, z, crossfades=crossfades) for crossfades in (True, False))
    assert 10 * np.log10(np.sum((stepped - faded) ** 2) / np.sum(faded**2)) < STEPS_DB
