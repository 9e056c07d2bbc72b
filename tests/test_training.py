# SPDX-License-Identifier: MIT
"""Training learns, is the same for the same seed, resumes to the same weights, and refuses what it cannot continue."""

from __future__ import annotations

import io
import json
import os
import signal
from dataclasses import replace

import pytest
import torch
from programmes import LAYOUT, SMALL, tanh_programmes
from rich.console import Console

import model.lessons
import model.train
from model.checkpoint import CheckpointError, load_decoder, load_vae, save_weights
from model.config import Config
from model.evaluate import split_errors
from model.layout import Layout
from model.train import train
from model.vae import DistortionVae

QUIET = Console(file=io.StringIO())
PROGRAMMES = tanh_programmes()


@pytest.fixture(autouse=True)
def few_batches_of_statistics(monkeypatch):
    monkeypatch.setattr(model.train, "STATISTICS_BATCHES", 3)


def run(folder, config=SMALL, start=None):
    return train(config, folder, PROGRAMMES, LAYOUT, start=start, console=QUIET)


def with_training(**changes):
    return replace(SMALL, train=replace(SMALL.train, **changes))


def same(first, second):
    return all(torch.equal(tensor, second.state_dict()[name]) for name, tensor in first.state_dict().items())


def test_a_run_writes_weights_config_map_and_metrics(tmp_path):
    vae = run(tmp_path / "run")
    assert Config.load(tmp_path / "run" / "config.json") == SMALL
    assert Layout.load(tmp_path / "run") == LAYOUT
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["seed"] == SMALL.train.seed and metrics["git"]
    assert same(vae, load_vae(tmp_path / "run"))


@pytest.mark.parametrize("steps", [2, 7, 10])
def test_a_run_interrupted_in_any_phase_resumes_to_the_same_weights(tmp_path, monkeypatch, steps):
    whole = run(tmp_path / "whole")
    real, calls = model.lessons.reconstruction, []

    def interrupt(*arguments):
        calls.append(1)
        if len(calls) == steps:
            os.kill(os.getpid(), signal.SIGINT)
        return real(*arguments)

    monkeypatch.setattr(model.lessons, "reconstruction", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut")
    assert not (tmp_path / "cut" / "weights.safetensors").exists()
    assert same(whole, run(tmp_path / "cut"))


def test_another_seed_gives_other_weights(tmp_path):
    assert not same(run(tmp_path / "one"), run(tmp_path / "two", with_training(seed=5)))


def test_training_learns(tmp_path):
    fresh = tanh_programmes(seed=1)
    torch.manual_seed(0)
    before = split_errors(DistortionVae(SMALL), fresh, LAYOUT).row("before")
    config = with_training(steps=120, rounding_steps=10, encoder_steps=120, batch_size=16, place_spread=0.05)
    after = split_errors(run(tmp_path, config), fresh, LAYOUT).row("after")
    # The steps are few: what counts is that either network left its start far behind.
    assert after["esr_median"] < 0.3 * before["esr_median"]
    assert after["encoder_median"] < 0.5 * before["encoder_median"]


def test_the_trained_decoder_has_weights_of_8_bits(tmp_path):
    weight = run(tmp_path).decoder.output.weight.detach()
    steps = 127 * weight / weight.abs().amax(dim=(1, 2), keepdim=True)
    assert torch.allclose(steps, steps.round(), atol=1e-4)  # float32 division


def test_another_configuration_is_not_continued(tmp_path, monkeypatch):
    monkeypatch.setattr(model.train, "SAVE_EVERY", 2)
    run(tmp_path)
    with pytest.raises(CheckpointError, match="another configuration"):
        run(tmp_path, with_training(seed=5))


def test_other_audio_or_another_start_is_not_continued(tmp_path, monkeypatch):
    monkeypatch.setattr(model.train, "SAVE_EVERY", 2)
    first, second = run(tmp_path / "first"), run(tmp_path / "second", with_training(seed=5))
    run(tmp_path / "run", start=first)
    assert same(run(tmp_path / "run", start=first), load_vae(tmp_path / "run"))
    with pytest.raises(CheckpointError, match="other audio or other first weights"):
        run(tmp_path / "run", start=second)
    with pytest.raises(CheckpointError, match="other audio or other first weights"):
        train(SMALL, tmp_path / "run", tanh_programmes(seed=1), LAYOUT, start=first, console=QUIET)


def test_a_full_disk_leaves_the_last_state_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(model.train, "SAVE_EVERY", 2)
    real, calls = model.train.write_whole, []

    def until_full(path, write):
        calls.append(path.name)
        if len(calls) == 2:
            raise OSError(28, "No space left on device", str(path))
        real(path, write)

    whole = run(tmp_path / "whole")
    monkeypatch.setattr(model.train, "write_whole", until_full)
    with pytest.raises(OSError, match="No space"):
        run(tmp_path / "cut")
    monkeypatch.setattr(model.train, "write_whole", real)
    assert same(whole, run(tmp_path / "cut"))


@pytest.mark.parametrize("damage", ["missing", "truncated", "other shape", "bad config", "older config"])
def test_a_checkpoint_that_does_not_fit_is_refused(tmp_path, damage):
    save_weights(tmp_path, DistortionVae(SMALL).state_dict(), SMALL, {})
    weights, config = tmp_path / "weights.safetensors", tmp_path / "config.json"
    if damage == "missing":
        weights.unlink()
    elif damage == "truncated":
        weights.write_bytes(weights.read_bytes()[:50])
    elif damage == "other shape":
        config.write_text(replace(SMALL, model=replace(SMALL.model, channels=8)).to_json())
    elif damage == "bad config":
        config.write_text("{}")
    else:
        older = json.loads(config.read_text())
        del older["audio"]["latency_samples"]
        config.write_text(json.dumps(older))
    with pytest.raises(CheckpointError, match=str(tmp_path)):
        load_vae(tmp_path)


def test_an_encoder_can_be_learned_for_a_decoder_that_stays(tmp_path):
    first = run(tmp_path / "first")
    other = replace(with_training(steps=0, rounding_steps=0), model=replace(SMALL.model, encoder_hidden=8))
    second = run(tmp_path / "second", other, load_decoder(tmp_path / "first", other))
    assert same(first.decoder, second.decoder) and second.encoder.network[1].out_features == 8


def test_a_fine_tuned_checkpoint_starts_from_its_weights(tmp_path):
    first = run(tmp_path / "first")
    config = with_training(steps=1, rounding_steps=0, encoder_steps=0, learning_rate=1e-9)
    second = run(tmp_path / "second", config, first)
    moved = [
        float((a - b).detach().abs().max())
        for a, b in zip(first.decoder.parameters(), second.decoder.parameters(), strict=True)
    ]
    assert 0 <= max(moved) < 1e-6  # one step of Adam is as long as its learning rate
