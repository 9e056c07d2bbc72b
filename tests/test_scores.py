# SPDX-License-Identifier: MIT
"""The figures of a checkpoint are those of its measures, on pairs that share no audio with training."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
import torch
from programmes import SMALL
from rich.console import Console

from model import scores
from model.config import Config
from model.data import training_recipe
from model.layout import Layout, Place
from model.scores import aliasing_scores, decoder_render, map_scores, matched_row, pair_rows
from model.vae import DistortionVae

QUIET = Console(file=io.StringIO())
LAYOUT = Layout(tuple(Place("soft_clip", "soft", drive, 0.5, 6 * drive - 3) for drive in SMALL.data.drives))


@pytest.fixture(scope="module")
def vae():
    torch.manual_seed(0)
    return DistortionVae(SMALL).eval()


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(scores, "SECONDS", 0.2)
    monkeypatch.setattr(scores, "MATCHED_SECONDS", 0.6)
    monkeypatch.setattr(scores, "MATCHED_DRIVES", (0.5,))


def test_there_is_a_row_for_each_split_and_none_is_trainings(vae, short, tmp_path):
    (tmp_path / "recordings").mkdir()
    noise = np.random.default_rng(0).uniform(-1, 1, 48_000)
    soundfile.write(tmp_path / "recordings" / "noise.wav", noise, 48_000)
    rows = pair_rows(vae, LAYOUT, ("soft_clip",), tmp_path / "data", QUIET, tmp_path / "recordings")
    assert [row["split"] for row in rows] == ["seen", "unseen_settings", "unseen_instruments"]
    clips = round(0.2 * 48_000) // SMALL.train.clip_samples
    assert [row["clips"] for row in rows] == [3 * clips, 2 * clips, 3 * clips]
    assert len({row["esr_median"] for row in rows}) == 3
    splits = {path.name.partition("_")[0] for path in (tmp_path / "data").iterdir()}
    assert splits == {"seen", "gap", "instruments"} and training_recipe(Config()).split not in splits


def test_a_device_that_the_decoder_already_is_matches_well_and_another_less(vae, short, monkeypatch):
    """The decoder at a spot of its map stands in for an unseen device; `match` has to find the spot."""
    spot, render = np.array([[0.4, -1.2]]), decoder_render(vae)
    real = scores.make_programme

    def by_decoder(setting, recipe, audio):
        programme, found = real(setting, recipe, audio)
        wet = render(programme.dry, spot)[0]
        return scores_programme(programme, np.concatenate([np.zeros(audio.latency_samples), wet])), found

    def scores_programme(programme, late):
        # `match` delays wet by the latency; the decoder's own sound is late by it already.
        return type(programme)(programme.setting, np.pad(programme.dry, (0, SMALL.audio.latency_samples)), late)

    other = matched_row(vae, ("half_wave",), QUIET)
    monkeypatch.setattr(scores, "make_programme", by_decoder)
    found = matched_row(vae, ("half_wave",), QUIET)
    assert found["split"] == "unseen_devices" and found["clips"] == 1
    assert found["esr_median_by_device"] == {"half_wave": found["esr_median"]}
    assert found["esr_median"] < 0.2 * other["esr_median"]


def test_a_row_of_matches_leaves_out_what_fails_a_check(vae, short, monkeypatch):
    real = scores.make_programme
    monkeypatch.setattr(
        scores,
        "make_programme",
        lambda setting, *rest: (real(setting, *rest)[0], "silent" if setting.device == "triode" else None),
    )
    assert list(matched_row(vae, ("triode", "half_wave"), QUIET)["esr_median_by_device"]) == ["half_wave"]


def test_the_render_is_the_decoder_at_each_place(vae):
    dry, z = np.random.default_rng(0).uniform(-0.5, 0.5, 400), np.array([[0.0, 1.0], [2.0, -3.0]])
    wet = decoder_render(vae)(dry, z)
    with torch.no_grad():
        one = vae.decoder(torch.from_numpy(dry[None, None]).float(), torch.tensor([[[2.0], [-3.0]]]))[0, 0].numpy()
    assert wet.shape == (2, 400) and np.abs(wet[1] - one).max() < 1e-6  # float32 sums


def test_the_map_is_measured_all_over(vae):
    measures = map_scores(vae, places=3).to_dict()
    assert measures["places"] == 3 and measures["silence_worst_dbfs"] == -150  # silence stays silence by construction
    assert all(np.isfinite(value) for value in measures.values())


def test_aliasing_is_measured_at_full_drive_within_hearing_and_up_to_nyquist(vae, monkeypatch):
    played = []
    real = scores._full_drive

    def noted(*arguments):
        played.append(arguments)
        return real(*arguments)

    monkeypatch.setattr(scores, "_full_drive", noted)
    rows = aliasing_scores(vae, LAYOUT, ("soft_clip",))
    assert [row["below_hz"] for row in rows] == [20_000.0] * 4 + [24_000.0] * 4
    assert len(played) == 4  # each sine once, though measured twice
    assert all(row["target_db"] < -50 for row in rows[:4])
