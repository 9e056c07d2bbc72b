# SPDX-License-Identifier: MIT
"""Pictures of how well a checkpoint does: errors, aliasing, amount of distortion, dying notes. From arrays to a file
whose ending says the format, in the style of `plots`; measures nothing and knows no network.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator
from scipy.signal import ShortTimeFFT
from scipy.signal.windows import hann

from model.plots import AMOUNTS, COLOURS, GREY, STYLE, category_style, filled

SPECTROGRAM_WINDOW, SPECTROGRAM_FLOOR_DB = 2048, -90.0
LEAST_RATIO = 1e-4  # ESR that stands for any below it: a log axis has no room for a perfect clip
TICKS_PERCENT = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000)


def esr_by_device(ratios: Mapping[str, np.ndarray], path: Path, goal: float = 0.01) -> None:
    """ESR of each clip, (clips,) as a ratio, in a strip a device, best median on top; a dashed line at the goal."""
    order = sorted(ratios, key=lambda name: float(np.median(ratios[name])), reverse=True)
    rng = np.random.default_rng(0)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(9.6, 0.9 + 0.24 * len(order)), layout="constrained")
        panel = figure.subplots()
        for row, name in enumerate(order):
            percent = 100 * np.maximum(ratios[name], LEAST_RATIO)
            panel.scatter(
                percent, row + rng.uniform(-0.22, 0.22, len(percent)), s=7, color=COLOURS[5], alpha=0.45, lw=0
            )
            panel.plot([np.median(percent)] * 2, [row - 0.36, row + 0.36], color=COLOURS[0], linewidth=2.2)
        _frame_ratios(panel, np.concatenate([np.ravel(r) for r in ratios.values()]), order, goal)
        panel.set_xlabel("ESR of each clip; bar: median, dashed: goal")
        figure.savefig(path)


def medians_by_device(splits: Mapping[str, Mapping[str, float]], path: Path, goal: float = 0.01) -> None:
    """Median ESR of each device, as a ratio, a row a device, a dot a split; best on top; a dashed line at the goal."""
    names = {name for medians in splits.values() for name in medians}
    order = sorted(names, key=lambda name: max(m[name] for m in splits.values() if name in m), reverse=True)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(9.6, 0.9 + 0.24 * len(order)), layout="constrained")
        panel = figure.subplots()
        for name in order:
            ends = [100 * max(m[name], LEAST_RATIO) for m in splits.values() if name in m]
            panel.plot([min(ends), max(ends)], [order.index(name)] * 2, color=GREY, linewidth=1.0, zorder=1)
        for index, (split, medians) in enumerate(splits.items()):
            colour, marker = category_style(index)
            rows = [order.index(name) for name in medians]
            percent = 100 * np.maximum(list(medians.values()), LEAST_RATIO)
            panel.scatter(percent, rows, s=26, color=colour, marker=marker, linewidths=0, zorder=2, label=split)
        figure.legend(loc="outside lower center", ncols=len(splits))
        _frame_ratios(panel, np.array([v for m in splits.values() for v in m.values()]), order, goal)
        panel.set_xlabel("median ESR; dashed: goal")
        figure.savefig(path)


def spectrograms(clips: Mapping[str, np.ndarray], sample_rate: int, path: Path) -> None:
    """Sounds of one length, (samples,), two a row, in dB below the loudest point of all: for swept sines."""
    transform = ShortTimeFFT(hann(SPECTROGRAM_WINDOW), SPECTROGRAM_WINDOW // 8, sample_rate)
    powers = {name: transform.spectrogram(np.asarray(clip, np.float64)) for name, clip in clips.items()}
    top = max(float(power.max()) for power in powers.values())
    with matplotlib.rc_context(STYLE):
        rows = math.ceil(len(clips) / 2)
        figure = Figure(figsize=(9.8, 2.3 * rows + 0.3), layout="constrained")
        panels = figure.subplots(rows, 2, sharex=True, sharey=True, squeeze=False)
        for panel, (name, power) in filled(panels, powers):
            level = np.maximum(10 * np.log10(np.maximum(power / top, 1e-20)), SPECTROGRAM_FLOOR_DB)
            low, high, *_ = transform.extent(len(clips[name]))
            image = panel.imshow(
                level, "magma", aspect="auto", origin="lower", extent=(low, high, 0, sample_rate / 2e3),
                vmin=SPECTROGRAM_FLOOR_DB, vmax=0,
            )  # fmt: skip
            panel.set(title=name, xlim=(0, len(clips[name]) / sample_rate))
        for panel in panels[-1]:
            panel.set_xlabel("s")
        for panel in panels[:, 0]:
            panel.set_ylabel("kHz")
        figure.colorbar(image, ax=panels, label="dB", fraction=0.03, pad=0.01)
        figure.savefig(path)


def amount_curves(distortion_db: np.ndarray, correlation: np.ndarray, limit: float, path: Path, goal: float) -> None:
    """Distortion up each column of the map, (places, places) indexed [y][x], and Spearman's correlation of y and
    distortion at each x, (places,), with a dashed line at the goal.
    """
    y, x = (np.linspace(-limit, limit, size) for size in distortion_db.shape)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(9.6, 3.3), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        scale = ScalarMappable(Normalize(-limit, limit), AMOUNTS)
        for place, column in zip(x, distortion_db.T, strict=True):
            left.plot(y, column, color=scale.to_rgba(place), linewidth=1.1)
        left.set(xlabel="y: drive", ylabel="distortion, dB", title="Each line is one x")
        figure.colorbar(scale, ax=left, label="x", fraction=0.05, pad=0.02)
        right.plot(x, correlation, "o-", color=COLOURS[0], markersize=4, linewidth=1.1)
        right.axhline(goal, color=COLOURS[3], linewidth=0.9, linestyle=(0, (4, 3)))
        right.set(xlabel="x: character", ylabel="Spearman of y and distortion", title="Dashed: goal")
        right.set_ylim(min(0.8, float(correlation.min())) - 0.02, 1.005)
        figure.savefig(path)


def dying_notes(note_db: np.ndarray, target_db: np.ndarray, error_db: np.ndarray, path: Path) -> None:
    """Levels in dBFS of effects and of the decoder's error, both (devices, bands), as a note dies through note_db
    (bands,): the median, and the half of all devices around it.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(9.6, 3.9), layout="constrained")
        panel = figure.subplots()
        for levels, colour, label in ((target_db, COLOURS[0], "effect"), (error_db, COLOURS[3], "decoder's error")):
            low, middle, high = np.percentile(levels, (25, 50, 75), axis=0)
            panel.fill_between(note_db, low, high, color=colour, alpha=0.2, linewidth=0)
            panel.plot(note_db, middle, "o-", color=colour, markersize=4, linewidth=1.3, label=label)
        panel.plot(note_db, note_db, color=GREY, linewidth=1.0, linestyle=(0, (1, 1.5)), label="the dry note")
        panel.set(xlabel="level of the dry note, dBFS", ylabel="dBFS")
        panel.invert_xaxis()  # time runs to the right
        panel.grid(axis="y", color=GREY, alpha=0.4, linewidth=0.5)
        panel.legend(loc="lower left")
        figure.savefig(path)


def _frame_ratios(panel: Axes, ratios: np.ndarray, names: list[str], goal: float) -> None:
    """A log axis of percent that holds all ratios, with a dashed line at the goal, and a row a name."""
    percent = 100 * np.maximum(ratios, LEAST_RATIO)
    panel.axvline(100 * goal, color=COLOURS[3], linewidth=0.9, linestyle=(0, (4, 3)))
    low, high = percent.min() / 1.3, percent.max() * 1.3
    ticks = [tick for tick in TICKS_PERCENT if low <= tick <= high]
    panel.set(xscale="log", xlim=(low, high), ylim=(-0.7, len(names) - 0.3))
    panel.set_xticks(ticks, [f"{tick:g} %" for tick in ticks])
    panel.xaxis.set_minor_locator(NullLocator())
    panel.set_yticks(range(len(names)), names)
    panel.tick_params(axis="y", length=0)
    panel.grid(axis="x", color=GREY, alpha=0.4, linewidth=0.5)
    panel.set_axisbelow(True)
