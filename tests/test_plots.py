# SPDX-License-Identifier: MIT
"""Pictures of measures name everything they were given, and put the best on top."""

from __future__ import annotations

import numpy as np
import pytest

from model import measure_plots

rng = np.random.default_rng(0)
DEVICES = [f"device {i}" for i in range(20)]
SOUNDS = {name: rng.normal(size=9000) for name in ("effect", "decoder", "other")} | {"silence": np.zeros(9000)}
SPLITS = {"seen": dict.fromkeys(DEVICES, 0.002), "unseen devices": {"triode": 0.0, "tape": 0.4}}
LEVELS = -10.0 * np.arange(1, 9) + rng.normal(size=(3, 8))

PICTURES = {
    "strips": (
        lambda path: measure_plots.esr_by_device({d: np.array([0.0, 0.002, 0.4]) for d in DEVICES}, path, goal=0.02),
        [*DEVICES, "0.1 %", "10 %"],
    ),
    "medians": (
        lambda path: measure_plots.medians_by_device(SPLITS, path),
        [*DEVICES, "triode", "tape", *SPLITS, "0.01 %", "30 %"],
    ),
    "spectrograms": (lambda path: measure_plots.spectrograms(SOUNDS, 48_000, path), list(SOUNDS)),
    "amounts": (
        lambda path: measure_plots.amount_curves(rng.normal(size=(5, 4)), np.array([1, 0.9, 0, -1]), 3.0, path, 0.95),
        ["y: drive", "x: character", "distortion, dB"],
    ),
    "dying notes": (
        lambda path: measure_plots.dying_notes(LEVELS[0], LEVELS, LEVELS - 30, path),
        ["effect", "decoder's error", "the dry note"],
    ),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_names_what_it_shows(name, tmp_path):
    draw, labels = PICTURES[name]
    draw(tmp_path / "picture.svg")
    drawn = (tmp_path / "picture.svg").read_text()
    assert [label for label in labels if f">{label}<" not in drawn] == []


def test_devices_are_sorted_by_their_median(tmp_path):
    ratios = {"middle": np.array([0.02, 0.03, 9.0]), "worst": np.array([0.5]), "best": np.array([0.001, 0.002])}
    measure_plots.esr_by_device(ratios, tmp_path / "strips.svg")
    drawn = (tmp_path / "strips.svg").read_text()
    assert sorted(ratios, key=lambda name: drawn.index(f">{name}<")) == ["worst", "middle", "best"]  # from the bottom


def test_a_devices_worst_split_decides_its_row(tmp_path):
    splits = {"seen": {"even": 0.01, "uneven": 0.001}, "unseen": {"even": 0.011, "uneven": 0.5}}
    measure_plots.medians_by_device(splits, tmp_path / "medians.svg")
    drawn = (tmp_path / "medians.svg").read_text()
    assert drawn.index(">uneven<") < drawn.index(">even<")  # from the bottom
