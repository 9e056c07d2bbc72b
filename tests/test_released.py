# SPDX-License-Identifier: MIT
"""The tree agrees with itself: checkpoint, QAT weights, `.tflite`, ONNX, and the engines that run them, bit for bit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console

from host_tools.artefacts import CHECKPOINT, CHECKPOINT_LITE, FLOAT_MODEL_NAME, LITE, RELEASED, released_artefacts
from host_tools.audio import recorded_audio
from host_tools.float_reference import FloatReference
from host_tools.learning import loudest_clips, qat_witness
from host_tools.parity import verify
from host_tools.witness import witness
from model.checkpoint import load_vae
from model.data import Recipe, build, grid
from model.effects import EFFECTS
from model.evaluate import place_errors
from model.run import load_layout
from quantize.export import check_onnx, load_quantized, with_card
from quantize.finetune import snr_to_float
from quantize.graph import SCHEMES
from quantize.lower import lower
from quantize.tflite import card_of, write_tflite

SAMPLES = 1_000_000


@pytest.fixture(params=[(CHECKPOINT, RELEASED), (CHECKPOINT_LITE, LITE)], ids=["released", "lite"])
def release(request) -> tuple[Path, Path]:
    """The folders of a checkpoint and of what was quantised from it."""
    return request.param


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_tflite_is_what_the_quantised_weights_lower_to(release, scheme):
    _, models = release
    content = (models / scheme / "decoder.tflite").read_bytes()
    assert write_tflite(lower(load_quantized(models, scheme)), card_of(content)) == content


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_model_card_holds_what_is_measured(release, scheme):
    """All of what `gritspace quantize` writes into the file, anew: 40 seconds each."""
    artefact = released_artefacts([scheme], release[1])[0]
    assert with_card(artefact.graph) == artefact.content


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_onnx_is_the_same_network(release, scheme):
    checkpoint, models = release
    vae = load_vae(checkpoint)
    assert check_onnx(models / scheme / "decoder.onnx", load_quantized(models, scheme), vae.decoder) > 0


def test_the_float_reference_is_the_checkpoint(release):
    checkpoint, models = release
    vae, (artefact, _) = load_vae(checkpoint), released_artefacts(directory=models)
    rng = np.random.default_rng(0)
    audio, z = rng.uniform(-0.9, 0.9, 20_000), np.array([1.5, -2.0])
    with torch.no_grad():
        expected = vae.decoder(torch.from_numpy(audio[None, None]).float(), torch.from_numpy(z[None, :, None]).float())
    wet = FloatReference(artefact.graph, models / FLOAT_MODEL_NAME).process(audio, z)
    assert np.abs(wet - expected[0, 0].numpy()).max() < 1e-4  # float32, other orders of sums, over six layers


def test_metrics_name_the_files_beside_them(release):
    for artefact in released_artefacts(directory=release[1]):
        metrics = json.loads((release[1] / artefact.scheme / "metrics.json").read_text())
        assert metrics["result"]["model_id"] == artefact.model_id


@pytest.mark.parametrize("scheme", SCHEMES)
def test_golden_is_tflite_micro(release, scheme):
    result = witness(released_artefacts([scheme], release[1]), SAMPLES, recorded_audio(1))
    assert result.verdict == "PASS"
    assert {row.engine: row.mismatches for row in result.rows if row.engine != "litert_default"} == {
        "tflm": 0,
        "litert_reference": 0,
    }


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_trained_network_is_tflite_micros(scheme):
    (row,) = qat_witness(RELEASED, [scheme], SAMPLES)
    assert row.samples >= SAMPLES and row.mismatches == 0


@pytest.mark.parametrize("board", ["host", "qemu_m7"])
def test_the_boards_are_golden(board):
    result = verify(board, released_artefacts(), recorded_audio(1), SAMPLES, seconds_per_recording=0.5)
    assert result.verdict == "PASS", result
    assert {(row.scheme, row.source == "random") for row in result.rows} == {(s, r) for s in SCHEMES for r in (0, 1)}
    assert all(row.mismatches == 0 for row in result.rows)


@pytest.mark.parametrize(("scheme", "least_db"), [("int8", 20.0), ("int16x8", 50.0)])
def test_the_integers_are_close_to_the_float_model(scheme, least_db):
    """Median over recorded clips and the map. For int16x8 the target; eight bits are too few for this map (README)."""
    vae = load_vae()
    clips = [clip[:9_600] for clip in loudest_clips(vae.config.audio.sample_rate)]
    assert np.median(snr_to_float(vae.decoder, load_quantized(RELEASED, scheme), clips, grid=3)) >= least_db


def test_the_float_model_keeps_its_figures(release, tmp_path):
    """The effects of the catalogue, which need no plug-in, on a second of new audio for each drive."""
    checkpoint, _ = release
    vae, layout = load_vae(checkpoint), load_layout(checkpoint)
    effects = [name for name in layout.devices if name in EFFECTS]
    audio, recipe = vae.config.audio, Recipe("seen", 1.0, 0)
    programmes = build(tmp_path, grid(effects, vae.config.data.drives), recipe, audio, Console(quiet=True))
    errors = place_errors(vae.decoder, vae.config, programmes, layout)
    (stated,) = [row for row in stated_rows(checkpoint) if row["split"] == "seen"]
    assert float(errors.median()) <= 1.5 * stated["esr_median"]  # other clips than those of the stated figure


def stated_rows(checkpoint):
    return json.loads((checkpoint / "metrics.json").read_text())["results"]
