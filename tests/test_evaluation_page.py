# SPDX-License-Identifier: MIT
"""`gritspace evaluate --report`: a folder that holds all that its page shows, and a page that shows all of it."""

from __future__ import annotations

import sys
from functools import partial
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from programmes import SMALL

from host_tools import cli, evaluation
from host_tools.evaluation_page import CHAPTERS, write_page
from host_tools.tables import evaluate_table
from model.checkpoint import save_weights
from model.layout import Layout, Place
from model.material import CAPTURED
from model.vae import DistortionVae

RATE = 48_000
TONE = 0.5 * np.sin(np.arange(2_000) / 9)
ROW = {"split": "unseen_settings", "clips": 3, "esr_median": 0.0123, "esr_mean": 0.02, "esr_p95": 0.3}
TABLES = {"errors": evaluate_table([ROW | {"mr_stft_median": 0.456}])}
PICTURES = [("map", "one.png", "Where <everything> is.")]
SOUNDS = [("tails", "one.wav", "A & B", TONE)]


class References(HTMLParser):
    """What a page refers to, and the ids that it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.files: set[str] = set()
        self.links: set[str] = set()
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        named = dict(attributes)
        target = named.get("src") or named.get("href")
        if target:
            (self.links if target.startswith("#") else self.files).add(target)
        if tag == "section":
            self.ids.add(named["id"])


def complaints(folder: Path) -> list[str]:
    """What is missing in a folder, on its page, or does not belong."""
    page = References((folder / "index.html").read_text())
    there = {path.name for path in folder.iterdir()} - {"index.html"}
    found = [f"{name}: not in the folder" for name in page.files - there]
    found += [f"{name}: not on the page" for name in there - page.files]
    return found + [f"{link}: no such chapter" for link in page.links if link[1:] not in page.ids]


def written(folder: Path) -> str:
    folder.mkdir()
    (folder / "one.png").write_bytes(b"a picture")
    return write_page(folder, "aabbccdd", TABLES, PICTURES, SOUNDS, RATE).read_text()


def test_a_page_shows_tables_pictures_and_sounds_and_leaves_out_empty_chapters(tmp_path):
    text = written(tmp_path / "page")
    assert complaints(tmp_path / "page") == []
    assert References(text).ids == {"errors", "map", "tails"} and next(iter(CHAPTERS)) == "errors"
    for said in ("aabbccdd", "1.23", "0.46", "Where &lt;everything&gt; is.", "A &amp; B"):
        assert said in text, said
    heard, rate = soundfile.read(tmp_path / "page" / "one.wav")
    assert rate == RATE and heard == pytest.approx(TONE, abs=2.0**-23)  # 24 bits


@pytest.mark.parametrize("fault", ["a picture that was not drawn", "a sound that nobody shows"])
def test_a_folder_that_does_not_fit_its_page_is_noticed(tmp_path, fault):
    written(tmp_path / "page")
    if "picture" in fault:
        (tmp_path / "page" / "one.png").unlink()
    else:
        (tmp_path / "page" / "two.wav").write_bytes(b"")
    assert len(complaints(tmp_path / "page")) == 1


@pytest.fixture(autouse=True)
def small(monkeypatch, tmp_path):
    """Short programmes, a coarse grid, no recordings."""
    for module in ("scores", "exhibition"):
        monkeypatch.setattr(f"model.{module}.SECONDS", 0.3)
    monkeypatch.setattr("model.gallery.SWEEP_SECONDS", 0.5)
    monkeypatch.setattr(evaluation, "RECORDED_FOLDER", tmp_path / "nowhere")
    monkeypatch.setattr("host_tools.audio.RECORDED_FOLDER", tmp_path / "nowhere")
    monkeypatch.setattr(evaluation, "map_scores", partial(evaluation.map_scores, places=3))


def evaluate(monkeypatch, tmp_path, family: str, report: Path) -> int:
    torch.manual_seed(0)
    weights = tmp_path / "weights"
    save_weights(weights, DistortionVae(SMALL).state_dict(), SMALL, {})
    names = (("soft_clip", -3.0), ("fuzz", 3.0))
    Layout(tuple(Place(n, family, drive, x, 6 * drive - 3) for n, x in names for drive in SMALL.data.drives)).save(
        weights
    )
    words = ("evaluate", "--weights", weights, "--data", tmp_path / "data", "--report", report)
    monkeypatch.setattr(sys, "argv", ["gritspace", *map(str, words)])
    return cli.main()


def test_evaluate_writes_a_page_that_is_whole(monkeypatch, capsys, tmp_path):
    report = tmp_path / "new" / "report"
    assert evaluate(monkeypatch, tmp_path, "soft", report) == 0
    assert complaints(report) == []
    assert References((report / "index.html").read_text()).ids == set(CHAPTERS)
    assert str(report / "index.html") in capsys.readouterr().out.replace("\n", "")


def test_a_map_of_captures_has_a_page_without_effects(monkeypatch, tmp_path):
    assert evaluate(monkeypatch, tmp_path, CAPTURED, tmp_path / "report") == 0
    assert complaints(tmp_path / "report") == []
    assert References((tmp_path / "report" / "index.html").read_text()).ids == {"map", "walks"}


def test_a_report_that_cannot_be_written_is_one_sentence(monkeypatch, capsys, tmp_path):
    (tmp_path / "file").write_text("in the way")
    assert evaluate(monkeypatch, tmp_path, "soft", tmp_path / "file" / "report") == 2
    error = capsys.readouterr().err
    assert "file" in error and error.count("\n") == 1
    assert not (tmp_path / "data").exists()  # said before anything is measured
