# SPDX-License-Identifier: MIT
"""Pictures of the map and of how well it does, from arrays to a file whose ending says the format. Depends on
matplotlib and scikit-learn; measures nothing and knows no network.

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
from matplotlib.ticker import NullLocator
from scipy.signal import ShortTimeFFT
from scipy.signal.windows import hann
from sklearn.manifold import TSNE

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#6B6F76")
MARKERS = "osD^vPX*<"
GREY, INK, AMOUNTS = "#B4B8BF", "#20242A", "viridis"
LEGEND_ROWS = 16
COLUMNS = 3  # of small multiples
DEVICE_COLUMNS = 6
SPECTROGRAM_WINDOW, SPECTROGRAM_FLOOR_DB = 2048, -90.0
LEAST_RATIO = 1e-6  # ESR of a perfect clip, which a log axis could not show
TICKS_PERCENT = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000)

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


def latent_maps(z: np.ndarray, values: Mapping[str, np.ndarray | Sequence[str]], limit: float, path: Path) -> None:
    """Clips at z (N, 2), a panel for each entry of `values`: names (N,) get colours and shapes, numbers (N,) a scale.

    A number that is not finite leaves its clip grey. The legend has room for one entry of names.
    """
    with matplotlib.rc_context(STYLE):
        rows = math.ceil(len(values) / COLUMNS)
        figure = Figure(figsize=(3.5 * min(COLUMNS, len(values)) + 1.8, 2.95 * rows), layout="constrained")
        panels = figure.subplots(rows, min(COLUMNS, len(values)), squeeze=False)
        for panel, (title, labels) in _filled(panels, values):
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
        for panel, (title, chosen) in _filled(panels, kinds):
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
        for panel, (title, field) in _filled(figure.subplots(rows, columns, squeeze=False), fields):
            axes = [np.linspace(-limit, limit, size) for size in field.shape[::-1]]
            image = panel.pcolormesh(*axes, field, cmap=AMOUNTS, shading="gouraud", rasterized=True)
            bar = figure.colorbar(image, ax=panel, fraction=0.05, pad=0.02)
            if np.ptp(field) > 0:
                panel.contour(*axes, field, levels=bar.get_ticks(), colors="white", linewidths=0.6, linestyles="solid")
            _frame_map(panel, limit, margin=0)
            panel.set_title(title)
        figure.savefig(path)


def spectrograms(clips: Mapping[str, np.ndarray], sample_rate: int, path: Path) -> None:
    """Sounds of one length, (samples,), side by side, in dB below the loudest point of all: for swept sines."""
    transform = ShortTimeFFT(hann(SPECTROGRAM_WINDOW), SPECTROGRAM_WINDOW // 8, sample_rate)
    powers = {name: transform.spectrogram(np.asarray(clip, np.float64)) for name, clip in clips.items()}
    top = max(float(power.max()) for power in powers.values())
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(3.6 * len(clips) + 0.6, 3.2), layout="constrained")
        panels = figure.subplots(1, len(clips), sharey=True, squeeze=False)[0]
        for panel, (name, power) in zip(panels, powers.items(), strict=True):
            level = np.maximum(10 * np.log10(np.maximum(power / top, 1e-20)), SPECTROGRAM_FLOOR_DB)
            low, high, *_ = transform.extent(len(clips[name]))
            image = panel.imshow(
                level, "magma", aspect="auto", origin="lower", extent=(low, high, 0, sample_rate / 2e3),
                vmin=SPECTROGRAM_FLOOR_DB, vmax=0,
            )  # fmt: skip
            panel.set(title=name, xlabel="s", xlim=(0, len(clips[name]) / sample_rate))
        panels[0].set_ylabel("kHz")
        figure.colorbar(image, ax=panels, label="dB", fraction=0.03, pad=0.01)
        figure.savefig(path)


def feature_map(features: np.ndarray, names: Sequence[str], path: Path, seed: int = 0) -> None:
    """t-SNE of features (N, D), coloured by name: what of it the encoder can tell apart before it squeezes it to 2-D.

    van der Maaten and Hinton, "Visualizing Data using t-SNE", JMLR 2008. Only who is next to whom means something.
    """
    scaled = (features - features.mean(axis=0)) / np.maximum(features.std(axis=0), 1e-9)
    perplexity = min(30.0, (len(features) - 1) / 3)
    points = TSNE(init="pca", perplexity=perplexity, random_state=seed).fit_transform(scaled)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(7.6, 4.8), layout="constrained")
        panel = figure.subplots()
        _scatter_names(figure, panel, points, np.asarray(names))
        panel.set(xticks=(), yticks=())
        panel.spines[:].set_visible(False)
        figure.savefig(path)


def esr_by_device(ratios: Mapping[str, np.ndarray], path: Path, goal: float = 0.01) -> None:
    """ESR of each clip, (clips,) as a ratio, in a strip a device, best median on top; a dashed line at the goal."""
    order = sorted(ratios, key=lambda name: float(np.median(ratios[name])), reverse=True)
    rng = np.random.default_rng(0)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 0.9 + 0.24 * len(order)), layout="constrained")
        panel = figure.subplots()
        for row, name in enumerate(order):
            percent = 100 * np.maximum(ratios[name], LEAST_RATIO)
            panel.scatter(
                percent, row + rng.uniform(-0.22, 0.22, len(percent)), s=7, color=COLOURS[5], alpha=0.45, lw=0
            )
            panel.plot([np.median(percent)] * 2, [row - 0.36, row + 0.36], color=COLOURS[0], linewidth=2.2)
        panel.axvline(100 * goal, color=COLOURS[3], linewidth=0.9, linestyle=(0, (4, 3)))
        everything = 100 * np.maximum(np.concatenate([np.ravel(r) for r in ratios.values()]), LEAST_RATIO)
        low, high = everything.min() / 1.3, everything.max() * 1.3
        panel.set(
            xscale="log", xlim=(low, high), ylim=(-0.7, len(order) - 0.3), xlabel="ESR; bar: median, dashed: goal"
        )
        ticks = [tick for tick in TICKS_PERCENT if low <= tick <= high]
        panel.set_xticks(ticks, [f"{tick:g} %" for tick in ticks])
        panel.xaxis.set_minor_locator(NullLocator())
        panel.set_yticks(range(len(order)), order)
        panel.tick_params(axis="y", length=0)
        panel.grid(axis="x", color=GREY, alpha=0.4, linewidth=0.5)
        panel.set_axisbelow(True)
        figure.savefig(path)


def _filled(panels: np.ndarray, entries: Mapping) -> list[tuple[Axes, tuple]]:
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
