# SPDX-License-Identifier: MIT
"""`gritspace compare` and `search` on a small network: rows for scripts, tables, a picture, and what a shape costs."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import pytest
import torch
from programmes import SMALL

from host_tools import cli, cycle_model, studies
from host_tools.artefacts import released_artefacts
from host_tools.bench_decoder import measure
from model.checkpoint import RELEASED, load_config, save_weights
from model.config import TrainConfig
from model.layout import Layout, Place
from model.vae import DistortionVae

SHAPE = replace(SMALL.model, channels=6, dilations=(1, 3, 7, 20), condition_hidden=16, condition_channels=4)
CONFIG = replace(SMALL, model=SHAPE, train=replace(SMALL.train, clip_samples=3_000))
COMPARE = ("compare", "--steps", 2)
SEARCH = ("search", "--steps", 2, "--trials", 2)


@pytest.fixture(autouse=True)
def small(monkeypatch, tmp_path):
    """A checkpoint of two devices whose programmes are made in no time, no soundfont, costs that nobody counts."""
    torch.manual_seed(0)
    save_weights(tmp_path / "weights", DistortionVae(CONFIG).state_dict(), CONFIG, {})
    places = [
        Place(name, "soft", drive, x, 6 * drive - 3)
        for name, x in (("soft_clip", -3.0), ("fuzz", 3.0))
        for drive in CONFIG.data.drives
    ]
    Layout(tuple(places)).save(tmp_path / "weights")
    for name in ("baseline", "search"):
        monkeypatch.setattr(f"model.{name}.SECONDS", 0.3)
    monkeypatch.setattr("model.baseline.sampled_instruments", lambda *_: None)
    monkeypatch.setattr(studies, "decoder_cycles", lambda model: 100.0 * model.channels)


def run(monkeypatch, tmp_path, *words):
    folders = ("--weights", tmp_path / "weights", "--data", tmp_path / "data", "--json", tmp_path / "rows.json")
    monkeypatch.setattr(sys, "argv", ["gritspace", *map(str, (*words, *folders))])
    return cli.main()


def results(tmp_path):
    return json.loads((tmp_path / "rows.json").read_text())["results"]


def test_compare_tells_every_network_and_its_cost_where_it_is_known(monkeypatch, capsys, tmp_path):
    assert run(monkeypatch, tmp_path, *COMPARE, "--alone", "fuzz") == 0
    said = capsys.readouterr().out
    assert "fuzz, of all" in said and "fuzz alone" in said and "6,106" in said
    costs = {row["network"]: row["model_cycles_per_sample"] for row in results(tmp_path)}
    assert costs == {"decoder": 600.0, "GRU-8": 6_106.0, "GRU-16": None}
    figures = [f"{split}_{figure}" for split in ("seen", "unseen_settings") for figure in ("median", "mean")]
    assert len(results(tmp_path)) == 5 and all(row[key] > 0 for row in results(tmp_path) for key in figures)


def test_an_interrupted_comparison_keeps_the_networks_that_are_done(monkeypatch, capsys, tmp_path):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("model.baseline.GruDecoder", interrupt)
    assert run(monkeypatch, tmp_path, *COMPARE) == 130
    assert [row["network"] for row in results(tmp_path)] == ["decoder"]


def test_shapes_start_at_a_starts_rate_though_the_checkpoint_was_fine_tuned(monkeypatch, tmp_path):
    tuned = replace(CONFIG, train=replace(CONFIG.train, learning_rate=1e-4))
    save_weights(tmp_path / "weights", DistortionVae(tuned).state_dict(), tuned, {})
    words = ("search", "--steps", 2, "--trials", 1, "--devices", "soft_clip", "--study", tmp_path / "one.db")
    assert run(monkeypatch, tmp_path, *words) == 0
    assert results(tmp_path)[0]["learning_rate"] == TrainConfig.learning_rate


def test_a_search_is_resumed_drawn_and_told(monkeypatch, capsys, tmp_path):
    plot = tmp_path / "new" / "front.svg"
    words = (*SEARCH, "--devices", "soft_clip", "--study", tmp_path / "studies" / "one.db", "--plot", plot)
    assert run(monkeypatch, tmp_path, *words) == 0
    assert run(monkeypatch, tmp_path, *words) == 0
    said = capsys.readouterr().out
    assert "Of 4 trials" in said
    rows = results(tmp_path)
    assert len(rows) == 4 and any(row["front"] for row in rows)
    assert all(row["model_cycles_per_sample"] == 100 * row["channels"] for row in rows)
    assert not list((tmp_path / "data").glob("seen*"))  # what is reported is not what shapes are chosen by
    assert plot.read_text().startswith("<?xml")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            (*COMPARE, "--alone", "tuba"),
            "tuba is not among the devices of this comparison; name one of soft_clip, fuzz",
        ),
        ((*COMPARE, "--devices", "hard_clip"), "not on the checkpoint's map: hard_clip"),
        ((*SEARCH, "--study", "oddsql://host/study"), "cannot use the study oddsql://host/study"),
        ((*SEARCH, "--plot", "front.txt"), "front.txt is no picture"),
    ],
)
def test_what_a_study_cannot_use_is_one_sentence(monkeypatch, capsys, tmp_path, words, said):
    assert run(monkeypatch, tmp_path, *words) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
    assert not (tmp_path / "rows.json").exists()


def test_a_search_without_a_model_of_cycles_is_refused_before_training(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(studies, "decoder_cycles", lambda model: None)
    monkeypatch.setattr("model.search.train_peer", None)
    assert run(monkeypatch, tmp_path, *SEARCH, "--study", tmp_path / "one.db") == 2
    assert "llvm-mca is not installed" in capsys.readouterr().err


@pytest.mark.skipif(cycle_model.find_model() is None, reason="llvm-mca is not installed")
def test_a_shape_costs_what_the_bench_says_of_the_released_decoder(monkeypatch):
    monkeypatch.undo()
    (artefact,) = released_artefacts([studies.SCHEME])
    row, _ = measure(artefact.graph, studies.FLAVOUR)
    shape = load_config(RELEASED).model
    costs = [studies.decoder_cycles(replace(shape, channels=shape.channels - less)) for less in (0, 2)]
    # Weights decide which requantisations may take the short path: that is all that may differ.
    same, narrower = (cost == pytest.approx(row.model_cycles_per_sample, rel=0.01) for cost in costs)
    assert same and not narrower
