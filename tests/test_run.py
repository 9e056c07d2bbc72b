# SPDX-License-Identifier: MIT
"""A training run from its plan to its figures: resumable, on the checkpoint's map, and not mixed with another."""

from __future__ import annotations

import io
import json
import math
from dataclasses import replace

import pytest
import torch
from programmes import SMALL
from rich.console import Console

import model.run
import model.train
from model.checkpoint import CheckpointError, load_vae
from model.config import Config
from model.devices import DeviceError
from model.layout import FILE, Layout
from model.run import PlanError, TrainingPlan, train_planned
from model.sources import SourceError

QUIET = Console(file=io.StringIO())
SHORT = {"steps": 3, "rounding_steps": 1, "encoder_steps": 2, "batch_size": 2, "clip_samples": 2_048}


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """A small network; programmes of half a second for learning and measuring."""
    monkeypatch.setattr(model.run, "Config", lambda: replace(Config(), model=SMALL.model, data=SMALL.data))
    monkeypatch.setattr(model.train, "STATISTICS_BATCHES", 2)
    monkeypatch.setattr("model.scores.SECONDS", 0.5)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return tmp_path_factory.mktemp("data")


def plan(folder, data, **wishes):
    first = {"devices": ("soft_clip", "hard_clip"), "procedural": True, "seconds": 0.5}
    return TrainingPlan(folder, data, SHORT, **{**first, **wishes})


def test_a_run_ends_with_rows_in_its_metrics(tmp_path, data):
    rows = train_planned(plan(tmp_path / "run", data), QUIET)
    assert [row["split"] for row in rows] == ["seen", "unseen_settings"]
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["results"] == rows and metrics["git"]
    assert load_vae(tmp_path / "run").config.data.seconds == 0.5
    again = train_planned(plan(tmp_path / "run", data), QUIET)  # nothing is left to do but to measure
    assert again == rows


def test_a_run_is_not_continued_with_other_devices(tmp_path, data):
    train_planned(plan(tmp_path / "run", data), QUIET)
    with pytest.raises(PlanError, match=r"begun with other devices; .*--fresh"):
        train_planned(plan(tmp_path / "run", data, devices=("fuzz",)), QUIET)
    rows = train_planned(plan(tmp_path / "run", data, devices=("fuzz",), fresh=True), QUIET)
    assert list(rows[0]["esr_median_by_device"]) == ["fuzz"]


def test_a_fresh_start_that_fails_costs_nothing(tmp_path, data):
    first = tmp_path / "first"
    train_planned(plan(first, data), QUIET)
    (first / "notes.txt").write_text("kept")
    before = {path.name: path.read_bytes() for path in first.iterdir()}
    with pytest.raises(PlanError, match="--from and --name are both"):
        train_planned(plan(first, data, start=first, fresh=True), QUIET)
    with pytest.raises(DeviceError, match="soft_clp is no device"):
        train_planned(plan(first, data, devices=("soft_clp",), fresh=True), QUIET)
    with pytest.raises(SourceError, match="no audio files"):
        train_planned(plan(first, data, audio=tmp_path / "nothing", procedural=False, fresh=True), QUIET)
    assert {path.name: path.read_bytes() for path in first.iterdir()} == before
    train_planned(plan(first, data, devices=("fuzz",), fresh=True), QUIET)
    assert (first / "notes.txt").exists() and Layout.load(first).devices == ("fuzz",)


def test_devices_are_compared_once_however_often_a_run_is_interrupted(tmp_path, data, monkeypatch):
    compared = []
    real = model.run.compare

    def noted(*arguments):
        compared.append(1)
        return real(*arguments)

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(model.run, "compare", noted)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(model.run, "device_material", interrupted)
        train_planned(plan(tmp_path / "run", data), QUIET)
    train_planned(plan(tmp_path / "run", data), QUIET)
    assert len(compared) == 1


def test_fine_tuning_and_a_new_encoder_stay_on_the_checkpoints_map(tmp_path, data):
    train_planned(plan(tmp_path / "first", data), QUIET)
    first = load_vae(tmp_path / "first")
    part = plan(tmp_path / "part", data, start=tmp_path / "first", devices=("soft_clip",))
    assert list(train_planned(part, QUIET)[0]["esr_median_by_device"]) == ["soft_clip"]
    assert Layout.load(tmp_path / "part") == Layout.load(tmp_path / "first")
    train_planned(plan(tmp_path / "encoder", data, start=tmp_path / "first", encoder_only=True, devices=None), QUIET)
    second = load_vae(tmp_path / "encoder")
    for name, tensor in first.decoder.state_dict().items():
        assert torch.equal(tensor, second.decoder.state_dict()[name]), name
    assert not torch.equal(first.encoder.network[1].weight, second.encoder.network[1].weight)
    other = {"start": tmp_path / "first", "shape": {"encoder": "recurrent"}, "devices": None}
    train_planned(plan(tmp_path / "recurrent", data, encoder_only=True, **other), QUIET)
    assert load_vae(tmp_path / "recurrent").config.model.encoder == "recurrent"
    with pytest.raises(PlanError, match="add --encoder-only"):
        train_planned(plan(tmp_path / "mel", data, **other), QUIET)


def test_a_run_begins_with_the_mean_of_two(tmp_path, data):
    none = {**SHORT, "steps": 0, "rounding_steps": 0, "encoder_steps": 0}
    for seed, name in ((1, "one"), (2, "two")):
        train_planned(replace(plan(tmp_path / name, data), settings={**SHORT, "seed": seed}), QUIET)
    both = {"start": tmp_path / "one", "average": tmp_path / "two", "devices": None}
    train_planned(replace(plan(tmp_path / "mean", data, **both), settings=none), QUIET)
    first, second, mean = (load_vae(tmp_path / name).decoder.state_dict() for name in ("one", "two", "mean"))
    assert all(torch.equal(mean[name], (first[name] + second[name]) / 2) for name in mean)
    assert any(not torch.equal(mean[name], first[name]) for name in mean)
    with pytest.raises(PlanError, match="--steps 0 keeps the decoder of a checkpoint"):
        train_planned(replace(plan(tmp_path / "other", data), settings=none), QUIET)
    with pytest.raises(PlanError, match="--average is of two checkpoints"):
        train_planned(plan(tmp_path / "other", data, average=tmp_path / "two"), QUIET)
    Layout(Layout.load(tmp_path / "two").places[:-1]).save(tmp_path / "two")
    with pytest.raises(PlanError, match="have different maps"):
        train_planned(replace(plan(tmp_path / "other", data, **both), settings=none), QUIET)


def test_fine_tuning_is_short_and_gentle_however_the_checkpoint_came_about(tmp_path, data):
    train_planned(plan(tmp_path / "first", data), QUIET)
    train = TrainingPlan(tmp_path / "second", data, {"seed": 7}, start=tmp_path / "first").configuration().train
    assert train == replace(model.run.FINE_TUNING, seed=7)
    assert train.steps < Config().train.steps / 2 and train.learning_rate < Config().train.learning_rate / 2


def test_a_map_of_captures_is_measured_on_their_ends(tmp_path, data):
    from test_material import captures, pedal

    folder = captures(tmp_path, [("p", 0.0, 0.5, pedal(2)), ("p", 1.0, 0.5, pedal(8))])
    (row,) = train_planned(plan(tmp_path / "run", data, captures=folder, devices=None), QUIET)
    assert (row["split"], list(row["esr_median_by_device"])) == ("held_back", ["p"])
    assert row["clips"] == 2 * (2 * 48_000 // 5 // SHORT["clip_samples"])


def test_one_capture_is_a_map_too(tmp_path, data):
    from test_material import captures, pedal

    folder = captures(tmp_path, [("p", 0.5, 0.5, pedal(4))])
    (row,) = train_planned(plan(tmp_path / "run", data, captures=folder, devices=None), QUIET)
    assert list(row["esr_median_by_device"]) == ["p"] and math.isfinite(row["esr_median"])


def test_a_decoder_may_have_another_shape(tmp_path, data):
    shape = {"channels": 2, "dilations": (1, 3), "condition_channels": 3}
    train_planned(plan(tmp_path / "run", data, shape=shape), QUIET)
    network = load_vae(tmp_path / "run").config.model
    assert (network.channels, network.dilations, network.condition_channels) == (2, (1, 3), 3)
    with pytest.raises(PlanError, match="another network than that of --from"):
        train_planned(plan(tmp_path / "other", data, shape={"channels": 4}, start=tmp_path / "run"), QUIET)


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        ({"encoder_only": True}, "--from"),
        ({"torch_device": "cuda"}, "PyTorch has no device cuda here"),
        ({"torch_device": "abacus"}, "PyTorch has no device abacus here"),
        ({"seconds": 0.01}, "give --seconds 0.043 or more"),
        ({"shape": {"dilations": (1, 1_000)}}, "depends on 2002 samples before it, .* room for 959; choose shorter"),
        ({"captures": "somewhere"}, "--captures and --devices make different maps"),
    ],
)
def test_wishes_that_do_not_go_together_are_refused(tmp_path, data, wishes, said):
    with pytest.raises(PlanError, match=said):
        train_planned(plan(tmp_path / "run", data, **wishes), QUIET)
    assert not (tmp_path / "run").exists()


def test_a_checkpoint_without_its_map_is_refused(tmp_path, data):
    train_planned(plan(tmp_path / "first", data), QUIET)
    (tmp_path / "first" / FILE).unlink()
    with pytest.raises(CheckpointError, match=r"no usable map\.json"):
        train_planned(plan(tmp_path / "second", data, start=tmp_path / "first"), QUIET)


def test_without_a_soundfont_it_goes_on_and_says_so(tmp_path, data, monkeypatch):
    def cannot(*_):
        raise SourceError("the program fluidsynth is not here; install the Debian package fluidsynth")

    monkeypatch.setattr(model.run, "render_soundfont", cannot)
    said = io.StringIO()
    train_planned(plan(tmp_path / "run", data, procedural=False), Console(file=said, width=200))
    assert "learning without sampled instruments: the program fluidsynth is not here" in said.getvalue()
