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
FAMILIES = [("soft", "hard")[i % 2] for i in range(60)]
FIELDS = {"flat": np.zeros((5, 5)), "slope": np.arange(25.0).reshape(5, 5)}

PICTURES = {
    "latent maps": (lambda path: plots.latent_maps(Z, {"kind": NAMES, "drive": DRIVE}, 3.0, path), [*DEVICES, "drive"]),
    "device maps": (lambda path: plots.device_maps(Z, NAMES, DRIVE, 3.0, path), DEVICES),
    "one device": (lambda path: plots.device_maps(Z[:2], NAMES[:1] * 2, DRIVE[:2], 3.0, path), DEVICES[:1]),
    "grid maps": (lambda path: plots.grid_maps(FIELDS, 3.0, path), list(FIELDS)),
    "places": (
        lambda path: plots.places(Z, NAMES, FAMILIES, np.nan_to_num(DRIVE), 1.0, path),
        [*DEVICES, "soft", "hard"],
    ),
    "pairs": (
        lambda path: plots.pair_plot({"x": Z[:, 0], "y": Z[:, 1], "drive": DRIVE}, "drive", path),
        ["x", "y", "drive"],
    ),
    "features": (lambda path: plots.feature_map(rng.normal(size=(60, 9)), NAMES, path), DEVICES),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_names_what_it_shows(name, tmp_path):
    draw, labels = PICTURES[name]
    draw(tmp_path / "picture.svg")
    drawn = (tmp_path / "picture.svg").read_text()
    assert [label for label in labels if f">{label}<" not in drawn] == []


def test_every_device_looks_different():
    styles = [plots.category_style(i) for i in range(63)]
    assert len(set(styles)) == 63


def test_a_pair_plot_has_every_pair_once(tmp_path, monkeypatch):
    figures = []
    monkeypatch.setattr(plots.Figure, "savefig", lambda figure, path: figures.append(figure))
    columns = {"a": np.full(3, 1.0), "b": np.full(3, 2.0), "c": np.full(3, 3.0)}
    plots.pair_plot(columns, "a", tmp_path / "pairs.png")
    scattered = [c for panel in figures[0].axes for c in panel.collections if len(c.get_offsets()) == 3]
    assert [tuple(c.get_offsets()[0]) for c in scattered] == [(1, 2), (1, 3), (2, 3)]
