# SPDX-License-Identifier: MIT
"""Pictures of the map, from arrays to a file whose ending says the format. Depends on matplotlib and scikit-learn;
measures nothing and knows no network.

Categories have Okabe and Ito's colours ("Color Universal Design", 2008) and a shape each; amounts have viridis, which
colour-blind eyes and grey printers order alike.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.manifold import TSNE

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#6B6F76")
MARKERS = "osD^vPX*<"
GREY, INK, AMOUNTS = "#B4B8BF", "#20242A", "viridis"
LEGEND_ROWS = 16
COLUMNS = 3  # of small multiples
DEVICE_COLUMNS = 6

STYLE = {
    "figure.facecolor": "white",
    "savefig.dpi": 160,
    "svg.fonttype": "none",
    "font.size": 8.5,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "legend.fontsize": 7.5,
    "legend.handletextpad": 0.2,
    **{key: INK for key in ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color")},
}


def places(
    z: np.ndarray, devices: Sequence[str], families: Sequence[str], drive: np.ndarray, limit: float, path: Path
) -> None:
    """Where settings (N, 2) are learned: a column for each device, named above it, a colour and shape for each family,
    larger dots for more drive (N,) in 0..1.
    """
    names, kinds = np.asarray(devices), np.asarray(families)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(11.4, 5.4), layout="constrained")
        panel = figure.subplots()
        for index, family in enumerate(sorted(set(families))):
            colour, marker = category_style(index)
            x, y = z[kinds == family].T
            sizes = 24 + 60 * drive[kinds == family]
            panel.scatter(x, y, s=sizes, color=colour, marker=marker, lw=0, clip_on=False, zorder=2, label=family)
        for name in dict.fromkeys(devices):
            x, y = z[names == name].T
            panel.plot(x, y, color=GREY, linewidth=0.7, zorder=1)
            panel.annotate(
                name, (x[-1], limit), xytext=(0, 9), textcoords="offset points", rotation=50, rotation_mode="anchor"
            )
        panel.set(xlim=(-limit, limit), ylim=(-limit, limit), xlabel="x: character", ylabel="y: drive")
        figure.legend(loc="outside right upper", title="family", alignment="left")
        figure.savefig(path)


def latent_maps(z: np.ndarray, values: Mapping[str, np.ndarray | Sequence[str]], limit: float, path: Path) -> None:
    """Clips at z (N, 2), a panel for each entry of `values`: names (N,) get colours and shapes, numbers (N,) a scale.

    A number that is not finite leaves its clip grey. The legend has room for one entry of names.
    """
    with matplotlib.rc_context(STYLE):
        rows = math.ceil(len(values) / COLUMNS)
        figure = Figure(figsize=(3.5 * min(COLUMNS, len(values)) + 1.8, 2.95 * rows), layout="constrained")
        panels = figure.subplots(rows, min(COLUMNS, len(values)), squeeze=False)
        for panel, (title, labels) in filled(panels, values):
            array = np.asarray(labels)
            if array.dtype.kind in "US":
                _scatter_names(figure, panel, z, array)
            else:
                _scatter_amounts(figure, panel, z, array.astype(float))
            _frame_map(panel, limit)
            panel.set_title(title)
        figure.savefig(path)


def device_maps(z: np.ndarray, devices: Sequence[str], drive: np.ndarray, limit: float, path: Path) -> None:
    """One small map a device, its clips coloured by drive (N,) in 0..1 before all the others in grey."""
    names = np.asarray(devices)
    kinds = {str(name): names == name for name in sorted(set(devices))}
    with matplotlib.rc_context(STYLE):
        columns = min(DEVICE_COLUMNS, len(kinds))
        rows = math.ceil(len(kinds) / columns)
        figure = Figure(figsize=(1.75 * columns + 0.8, 1.95 * rows), layout="constrained")
        panels = figure.subplots(rows, columns, squeeze=False)
        for panel, (title, chosen) in filled(panels, kinds):
            panel.scatter(z[~chosen, 0], z[~chosen, 1], s=2, color=GREY, alpha=0.35, linewidths=0)
            points = panel.scatter(
                z[chosen, 0], z[chosen, 1], s=9, c=drive[chosen], cmap=AMOUNTS, vmin=0, vmax=1, linewidths=0
            )
            _frame_map(panel, limit)
            panel.set_title(title)
            if panel is not panels[-1, 0]:
                panel.set(xticklabels=[], yticklabels=[], xlabel="", ylabel="")
        figure.colorbar(points, ax=panels, label="drive", fraction=0.03, pad=0.01, aspect=40, shrink=0.6)
        figure.savefig(path)


def grid_maps(fields: Mapping[str, np.ndarray], limit: float, path: Path) -> None:
    """Measures over the square, (places, places) indexed [y][x], a panel each with contours at the scale's ticks."""
    with matplotlib.rc_context(STYLE):
        columns = min(COLUMNS, len(fields))
        rows = math.ceil(len(fields) / columns)
        figure = Figure(figsize=(3.5 * columns, 2.95 * rows), layout="constrained")
        for panel, (title, field) in filled(figure.subplots(rows, columns, squeeze=False), fields):
            axes = [np.linspace(-limit, limit, size) for size in field.shape[::-1]]
            image = panel.pcolormesh(*axes, field, cmap=AMOUNTS, shading="gouraud", rasterized=True)
            bar = figure.colorbar(image, ax=panel, fraction=0.05, pad=0.02)
            if np.ptp(field) > 0:
                panel.contour(*axes, field, levels=bar.get_ticks(), colors="white", linewidths=0.6, linestyles="solid")
            _frame_map(panel, limit, margin=0)
            panel.set_title(title)
        figure.savefig(path)


def pair_plot(columns: Mapping[str, np.ndarray], shade: str, path: Path) -> None:
    """Every two columns (N,) against each other below the diagonal, how each is spread on it; coloured by `shade`, one
    of them.
    """
    names = list(columns)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(1.5 * len(names) + 0.8, 1.4 * len(names)), layout="constrained")
        panels = figure.subplots(len(names), len(names), sharex="col")
        for row, down in enumerate(names):
            for column, across in enumerate(names):
                panel = panels[row, column]
                if column > row:
                    panel.set_visible(False)
                elif column == row:
                    panel.hist(columns[down], bins=24, color=GREY)
                    panel.set(yticks=())
                else:
                    values = (columns[across], columns[down])
                    points = panel.scatter(*values, s=3, c=columns[shade], cmap=AMOUNTS, alpha=0.7, linewidths=0)
                if column == 0:
                    panel.set_ylabel(down)
                elif column < row:
                    panel.tick_params(labelleft=False)
                if row == len(names) - 1:
                    panel.set_xlabel(across)
        figure.colorbar(points, ax=panels, label=shade, fraction=0.02, pad=0.01, aspect=50, shrink=0.5)
        figure.savefig(path)


def feature_map(features: np.ndarray, names: Sequence[str], path: Path, seed: int = 0) -> None:
    """t-SNE of features (N, D), coloured by name: what of it the encoder can tell apart before it squeezes it to 2-D.

    van der Maaten and Hinton, "Visualizing Data using t-SNE", JMLR 2008. Only who is next to whom means something.
    """
    scaled = (features - features.mean(axis=0)) / np.maximum(features.std(axis=0), 1e-9)
    perplexity = min(30.0, (len(features) - 1) / 3)
    points = TSNE(init="pca", perplexity=perplexity, random_state=seed).fit_transform(scaled)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(9.6, 5.2), layout="constrained")
        panel = figure.subplots()
        _scatter_names(figure, panel, points, np.asarray(names))
        panel.set(xticks=(), yticks=())
        panel.spines[:].set_visible(False)
        figure.savefig(path)


def filled(panels: np.ndarray, entries: Mapping) -> list[tuple[Axes, tuple]]:
    """Panels with their entries; those left over are hidden."""
    for spare in panels.ravel()[len(entries) :]:
        spare.set_visible(False)
    return list(zip(panels.ravel(), entries.items(), strict=False))


def _frame_map(panel: Axes, limit: float, margin: float = 0.03) -> None:
    """The square with its ends alone labelled; the names of the axes stand between them."""
    reach, ends = (-limit * (1 + margin), limit * (1 + margin)), (-limit, limit)
    panel.set(aspect="equal", xlim=reach, ylim=reach, xticks=ends, yticks=ends)
    panel.set_xlabel("x", labelpad=-6)
    panel.set_ylabel("y", labelpad=-8, rotation=0)


def category_style(index: int) -> tuple[str, str]:
    """Colour and marker of the index-th of up to 63 categories; neighbours differ in both."""
    return COLOURS[index % len(COLOURS)], MARKERS[(index + index // len(COLOURS)) % len(MARKERS)]


def _scatter_names(figure: Figure, panel: Axes, points: np.ndarray, names: np.ndarray) -> None:
    kinds = sorted(set(names.tolist()))
    for index, name in enumerate(kinds):
        colour, marker = category_style(index)
        x, y = points[names == name].T
        panel.scatter(x, y, s=11, color=colour, marker=marker, alpha=0.75, linewidths=0, label=name)
    columns = math.ceil(len(kinds) / LEGEND_ROWS)
    figure.legend(loc="outside right upper", ncols=columns, markerscale=1.6, columnspacing=0.8)


def _scatter_amounts(figure: Figure, panel: Axes, points: np.ndarray, amounts: np.ndarray) -> None:
    known = np.isfinite(amounts)
    panel.scatter(points[~known, 0], points[~known, 1], s=6, color=GREY, linewidths=0)
    shown = panel.scatter(
        points[known, 0], points[known, 1], s=9, c=amounts[known], cmap=AMOUNTS, alpha=0.85, linewidths=0
    )
    figure.colorbar(shown, ax=panel, fraction=0.05, pad=0.02)
