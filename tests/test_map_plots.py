# SPDX-License-Identifier: MIT
"""Pictures of the map name everything they were given, also where there is little to draw."""

from __future__ import annotations

import numpy as np
import pytest

from model import plots

rng = np.random.default_rng(0)
DEVICES = [f"device {i}" for i in range(20)]
NAMES = [DEVICES[i % 20] for i in range(60)]
Z = rng.uniform(-1, 1, (60, 2))
DRIVE = np.where(np.arange(60) == 3, np.nan, rng.uniform(size=60))
SOUNDS = {"decoder": rng.normal(size=9000), "silence": np.zeros(9000)}
FIELDS = {"flat": np.zeros((5, 5)), "slope": np.arange(25.0).reshape(5, 5)}

PICTURES = {
    "latent maps": (lambda path: plots.latent_maps(Z, {"kind": NAMES, "drive": DRIVE}, 3.0, path), [*DEVICES, "drive"]),
    "device maps": (lambda path: plots.device_maps(Z, NAMES, DRIVE, 3.0, path), DEVICES),
    "one device": (lambda path: plots.device_maps(Z[:2], NAMES[:1] * 2, DRIVE[:2], 3.0, path), DEVICES[:1]),
    "grid maps": (lambda path: plots.grid_maps(FIELDS, 3.0, path), list(FIELDS)),
    "spectrograms": (lambda path: plots.spectrograms(SOUNDS, 48_000, path), list(SOUNDS)),
    "features": (lambda path: plots.feature_map(rng.normal(size=(60, 9)), NAMES, path), DEVICES),
    "strips": (
        lambda path: plots.esr_by_device({d: np.array([0.0, 0.002, 0.4]) for d in DEVICES}, path, goal=0.02),
        [*DEVICES, "0.1 %", "10 %"],
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
    plots.esr_by_device(ratios, tmp_path / "strips.svg")
    drawn = (tmp_path / "strips.svg").read_text()
    assert sorted(ratios, key=lambda name: drawn.index(f">{name}<")) == ["worst", "middle", "best"]  # from the bottom


def test_every_device_looks_different():
    styles = [plots.category_style(i) for i in range(63)]
    assert len(set(styles)) == 63
