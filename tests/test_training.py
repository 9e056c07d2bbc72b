# SPDX-License-Identifier: MIT
"""Training learns, is the same for the same seed, resumes to the same weights, and refuses what it cannot continue."""

from __future__ import annotations

import io
import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console

import model.sources
import model.train
import model.vae
from model.checkpoint import CheckpointError, load_decoder, load_vae, save_weights
from model.config import Config, ModelConfig, TrainConfig
from model.evaluate import evaluate
from model.train import train

CONFIG = Config(
    model=ModelConfig(channels=4, dilations=(1, 4), condition_hidden=4),
    train=TrainConfig(steps=6, batch_size=4, clip_samples=1_024, decoded_samples=512),
)
QUIET = Console(file=io.StringIO())


def run(folder, config=CONFIG):
    return train(config, folder, console=QUIET, evaluation_clips=4)


def test_a_run_writes_weights_config_and_metrics(tmp_path):
    vae = run(tmp_path / "run")
    assert Config.load(tmp_path / "run" / "config.json") == CONFIG
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["results"][0]["split"] == "seen" and metrics["seed"] == CONFIG.train.seed and metrics["git"]
    loaded = load_vae(tmp_path / "run")
    assert all(torch.equal(a, b) for a, b in zip(vae.state_dict().values(), loaded.state_dict().values(), strict=True))


def test_an_interrupted_run_resumes_to_the_same_weights(tmp_path, monkeypatch):
    whole = run(tmp_path / "whole")
    real, calls = model.train.esr, []

    def interrupt(*arguments):
        calls.append(1)
        if len(calls) == 4:
            os.kill(os.getpid(), signal.SIGINT)
        return real(*arguments)

    monkeypatch.setattr(model.train, "esr", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut")
    assert not (tmp_path / "cut" / "weights.safetensors").exists()
    resumed = run(tmp_path / "cut")
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, resumed.state_dict()[name]), name


def test_training_learns(tmp_path):
    config = replace(CONFIG, train=replace(CONFIG.train, steps=60, batch_size=8))
    before = evaluate(model.vae.DistortionVae(config), 20)[0]["esr_median"]
    after = evaluate(train(config, tmp_path, console=QUIET, evaluation_clips=0), 20)[0]["esr_median"]
    assert after < 0.7 * before


def test_another_configuration_is_not_continued(tmp_path, monkeypatch):
    monkeypatch.setattr(model.train, "SAVE_EVERY", 2)
    run(tmp_path)
    with pytest.raises(CheckpointError, match="another configuration"):
        run(tmp_path, replace(CONFIG, train=replace(CONFIG.train, seed=5)))


@pytest.mark.parametrize("damage", ["missing", "truncated", "other shape", "bad config"])
def test_a_checkpoint_that_does_not_fit_is_refused(tmp_path, damage):
    save_weights(tmp_path, model.vae.DistortionVae(CONFIG).state_dict(), CONFIG, {})
    weights, config = tmp_path / "weights.safetensors", tmp_path / "config.json"
    if damage == "missing":
        weights.unlink()
    elif damage == "truncated":
        weights.write_bytes(weights.read_bytes()[:50])
    elif damage == "other shape":
        config.write_text(replace(CONFIG, model=replace(CONFIG.model, channels=8)).to_json())
    else:
        config.write_text("{}")
    with pytest.raises(CheckpointError, match=str(tmp_path)):
        load_vae(tmp_path)


def test_an_encoder_can_be_learned_for_a_decoder_that_stays(tmp_path):
    first = run(tmp_path / "first")
    other = replace(CONFIG, model=replace(CONFIG.model, encoder_hidden=16))
    decoder = load_decoder(tmp_path / "first", other)
    second = train(other, tmp_path / "second", start=decoder, console=QUIET, evaluation_clips=0)
    for name, tensor in first.decoder.state_dict().items():
        assert torch.equal(tensor, second.decoder.state_dict()[name]), name
    assert second.encoder.network[1].out_features == 16


def test_evaluation_reports_each_split():
    recordings = [model.sources.Recording(Path("noise"), np.random.default_rng(0).uniform(-1, 1, 9_000))]
    rows = evaluate(model.vae.DistortionVae(CONFIG), 6, recordings)
    assert [row["split"] for row in rows] == ["seen", "unseen_sources"]
    assert all(row["clips"] == 6 and 0 < row["esr_median"] <= row["esr_p95"] for row in rows)
