# SPDX-License-Identifier: MIT
"""The lite decoder: the same chain as the released one, small enough for TFLite Micro on the chip, good at what its map
holds, and fit for a spot that moves by steps. Its cycles are measured in test_tflm_engine.py."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
import torch
from rich.console import Console

from host_tools.artefacts import CHECKPOINT_LITE, FLOAT_MODEL_NAME, LITE, released_artefacts
from host_tools.audio import load_audio, recorded_audio
from host_tools.float_reference import FloatReference
from host_tools.packets import MAX_MODEL_BYTES
from host_tools.witness import witness
from model.checkpoint import load_vae
from model.data import Recipe, build, grid
from model.effects import EFFECTS
from model.evaluate import place_errors
from model.run import load_layout
from quantize.export import check_onnx, load_quantized, with_card
from quantize.golden import GoldenDecoder
from quantize.graph import SCHEMES, Graph
from quantize.lower import lower
from quantize.tflite import card_of, write_tflite

STEPS_DB = -40.0  # to the sound, for a turn around the whole map in two seconds


@pytest.mark.parametrize("scheme", SCHEMES)
def test_its_files_are_one(scheme):
    artefact = released_artefacts([scheme], LITE)[0]
    quantized = load_quantized(LITE, scheme)
    assert write_tflite(lower(quantized), card_of(artefact.content)) == artefact.content
    assert with_card(artefact.graph) == artefact.content
    assert check_onnx(LITE / scheme / "decoder.onnx", quantized, load_vae(CHECKPOINT_LITE).decoder) > 0
    metrics = json.loads((LITE / scheme / "metrics.json").read_text())
    assert metrics["result"]["model_id"] == artefact.model_id
    assert len(artefact.content) < MAX_MODEL_BYTES / 2


def test_the_float_reference_is_its_checkpoint():
    vae, artefact = load_vae(CHECKPOINT_LITE), released_artefacts(["int8"], LITE)[0]
    rng = np.random.default_rng(0)
    audio, z = rng.uniform(-0.9, 0.9, 20_000), np.array([1.5, -2.0])
    with torch.no_grad():
        expected = vae.decoder(torch.from_numpy(audio[None, None]).float(), torch.from_numpy(z[None, :, None]).float())
    wet = FloatReference(artefact.graph, LITE / FLOAT_MODEL_NAME).process(audio, z)
    assert np.abs(wet - expected[0, 0].numpy()).max() < 1e-4  # float32, other orders of sums


@pytest.mark.parametrize("scheme", SCHEMES)
def test_golden_is_tflite_micro(scheme):
    result = witness(released_artefacts([scheme], LITE), 200_000, recorded_audio(1))
    assert result.verdict == "PASS"
    assert all(row.mismatches == 0 for row in result.rows if row.engine != "litert_default")


def test_it_keeps_its_figures(tmp_path):
    """The effects of the catalogue, which need no plug-in, on a second of new audio for each drive."""
    vae, layout = load_vae(CHECKPOINT_LITE), load_layout(CHECKPOINT_LITE)
    effects = [name for name in layout.devices if name in EFFECTS]
    audio, recipe = vae.config.audio, Recipe("seen", 1.0, 0)
    programmes = build(tmp_path, grid(effects, vae.config.data.drives), recipe, audio, Console(quiet=True))
    errors = place_errors(vae.decoder, vae.config, programmes, layout)
    results = json.loads((CHECKPOINT_LITE / "metrics.json").read_text())["results"]
    (stated,) = [row for row in results if row["split"] == "seen"]
    assert float(errors.median()) <= 1.5 * stated["esr_median"]  # other clips than those of the stated figure


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
