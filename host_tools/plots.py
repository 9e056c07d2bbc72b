# SPDX-License-Identifier: MIT
"""Pictures: for the report as inline SVG in the page's own light or dark colours, one of costs as a file. Depends on
matplotlib.

Colours are Okabe and Ito's ("Color Universal Design", 2008), told apart by colour-blind eyes; shapes differ as well.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator
from scipy.signal import stft

from host_tools.files import write_atomically

BLUE, ORANGE, GREEN, VERMILION, PINK, SKY, GREY = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#8A8F98",
)  # fmt: skip
DEVICE_COLOURS, DEVICE_MARKERS = (BLUE, ORANGE, GREEN, VERMILION, PINK, SKY, GREY), "osD^vPX"
INK = "#010203"  # stands for the page's text colour until the SVG is written
INK_ON_PAPER = "#20242A"
ENVELOPE_POINTS = 700
ZOOM_S = 0.012
SPECTROGRAM_FLOOR_DB = -90.0
SPECTROGRAM_WINDOW = 1024  # samples
MACS_PER_CYCLE = 2  # of a Cortex-M7: one SMLAD a cycle
COST_KEYS = ("macs_per_sample", "model_cycles_per_sample")
CYCLE_BUDGETS = ((8_333, "400 MHz"), (10_000, "480 MHz"))  # of one sample at 48 kHz

STYLE = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.sans-serif": ["system-ui", "DejaVu Sans"],
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    **{key: INK for key in ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color")},
}


@dataclass(frozen=True)
class MapPoint:
    """A device's setting on the map."""

    x: float
    y: float
    device: str
    drive: float  # 0..1


def latent_map(points: Sequence[MapPoint], axes: Sequence[tuple[str, float, float]]) -> str:
    """The map: a colour and a shape for each device, larger for more drive. `axes`: (name, low, high) of x and y."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(9.2, 5.6), layout="constrained")
        plot = figure.subplots()
        for index, device in enumerate(dict.fromkeys(p.device for p in points)):
            chosen = [p for p in points if p.device == device]
            colour, marker = DEVICE_COLOURS[index % 7], DEVICE_MARKERS[(index + index // 7) % 7]
            style: dict[str, Any] = dict(color=colour, marker=marker, alpha=0.75, linewidths=0, clip_on=False)
            sizes = [12 + 50 * p.drive for p in chosen]
            plot.scatter([p.x for p in chosen], [p.y for p in chosen], sizes, label=device, **style)
        (x_name, x_low, x_high), (y_name, y_low, y_high) = axes
        plot.set(xlabel=x_name, ylabel=y_name, xlim=(x_low, x_high), ylim=(y_low, y_high), aspect="equal")
        plot.grid(color=GREY, alpha=0.25, linewidth=0.5)
        plot.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), title="larger: more drive", alignment="left")
        return _svg(figure, "map")


def waveforms(dry: np.ndarray, float_wet: np.ndarray, integer_wet: Mapping[str, np.ndarray], sample_rate: int) -> str:
    """Dry, wet (integers over float) and the error of each scheme enlarged: the whole clip and its loudest moment."""
    with matplotlib.rc_context(STYLE):
        count = 2 + len(integer_wet)
        figure = Figure(figsize=(9.2, 1.35 * count), layout="constrained")
        rows = figure.subplots(count, 2, sharex="col", width_ratios=(3, 2), squeeze=False)
        centre = int(np.argmax(np.abs(float_wet)))
        half = round(ZOOM_S * sample_rate / 2)
        zoom = slice(max(centre - half, 0), max(centre - half, 0) + 2 * half)
        _draw_both(rows[0], dry, sample_rate, zoom, GREY, "dry")
        _draw_both(rows[1], float_wet, sample_rate, zoom, BLUE, "wet: float, dotted the integers")
        time_ms = 1e3 * np.arange(float_wet.size)[zoom] / sample_rate
        for (scheme, wet), colour, row in zip(integer_wet.items(), _endless((ORANGE, GREEN)), rows[2:], strict=False):
            rows[1][1].plot(time_ms, wet[zoom], color=colour, linewidth=1.1, linestyle=(0, (1, 1.5)))
            error = wet - float_wet
            gain = _enlargement(float(np.abs(error).max()))
            _draw_both(row, error * gain, sample_rate, zoom, colour, f"error of {scheme} × {gain:,}")
        rows[-1][0].set_xlabel("s")
        rows[-1][1].set_xlabel("ms, around the loudest moment")
        return _svg(figure, "waveforms")


def spectrograms(clips: Mapping[str, np.ndarray], sample_rate: int) -> str:
    """One panel a clip, side by side, in dB below the loudest point of all."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(9.2, 2.9), layout="constrained")
        panels = figure.subplots(1, len(clips), sharey=True, squeeze=False)[0]
        levels = {name: _level_db(clip, sample_rate) for name, clip in clips.items()}
        top = max(float(level.max()) for level in levels.values())
        for panel, (name, level) in zip(panels, levels.items(), strict=True):
            extent = (0.0, clips[name].size / sample_rate, 0.0, sample_rate / 2e3)
            shown = np.maximum(level - top, SPECTROGRAM_FLOOR_DB)
            image = panel.imshow(
                shown, "magma", aspect="auto", origin="lower", extent=extent, vmin=SPECTROGRAM_FLOOR_DB, vmax=0
            )
            panel.set(title=name, xlabel="s")
        panels[0].set_ylabel("kHz")
        figure.colorbar(image, ax=panels, label="dB", fraction=0.03, pad=0.01)
        return _svg(figure, "spectrograms")


def decoder_costs(grid: Sequence[Mapping[str, Any]], trained: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Model cycles against MACs as a picture in the file: rows of `bench_grid` and, starred, of trained decoders; the
    core's limit and the clock's. The path's ending says which format. Every row must have model cycles."""
    ink = {key: INK_ON_PAPER for key, value in STYLE.items() if value == INK}
    paper = {"figure.facecolor": "white", "savefig.facecolor": "white", "font.sans-serif": ["DejaVu Sans"]}
    with matplotlib.rc_context({**STYLE, **ink, **paper}):
        figure = Figure(figsize=(8.0, 5.8), layout="constrained", dpi=160)
        plot = figure.subplots()
        macs, cycles = (np.array([row[key] for row in (*grid, *trained)]) for key in COST_KEYS)
        plot.set(xscale="log", yscale="log", xlabel="MACs a sample", ylabel="model cycles a sample")
        highest = max(cycles.max(), *(budget for budget, _ in CYCLE_BUDGETS))
        plot.set(xlim=(macs.min() * 0.8, macs.max() * 1.4), ylim=(cycles.min() * 0.6, highest * 1.5))
        plot.set_title("What a decoder costs on the Cortex-M7, fast flavour")
        _draw_limits(plot)
        _draw_grid(plot, grid)
        plot.plot(*_costs(trained), "*", color=VERMILION, markersize=14, markeredgecolor="white", label="trained")
        plot.legend(loc="lower right")
        for axis in (plot.xaxis, plot.yaxis):
            axis.set(major_locator=LogLocator(subs=(1, 2, 5)), major_formatter="{x:,.0f}", minor_locator=NullLocator())
        picture = io.BytesIO()
        figure.savefig(picture, format=path.suffix[1:])
    write_atomically(path, picture.getvalue())


def _costs(rows: Sequence[Mapping[str, Any]]) -> list[list[float]]:
    return [[row[key] for row in rows] for key in COST_KEYS]


def _draw_limits(plot: Axes) -> None:
    (left, right), (bottom, _) = plot.get_xlim(), plot.get_ylim()
    limit = (left / MACS_PER_CYCLE, right / MACS_PER_CYCLE)
    plot.fill_between((left, right), (bottom / 2, bottom / 2), limit, color=GREY, alpha=0.15, linewidth=0)
    plot.plot((left, right), limit, color=GREY, linewidth=1.0)
    place = (bottom * 4 * MACS_PER_CYCLE, bottom * 4)
    beside: dict[str, Any] = dict(xytext=(14, -4), textcoords="offset points", va="top", color=GREY)
    plot.annotate(f"{MACS_PER_CYCLE} MACs a cycle, the core's limit", place, **beside)
    for (cycles, clock), side, points in zip(CYCLE_BUDGETS, ("top", "bottom"), (-3, 3), strict=True):
        plot.axhline(cycles, color=VERMILION, linewidth=0.9, linestyle=(0, (4, 3)))
        offset: dict[str, Any] = dict(xytext=(6, points), textcoords="offset points", va=side)
        plot.annotate(f"all there are at {clock}: {cycles:,}", (left, cycles), color=VERMILION, **offset)


def _draw_grid(plot: Axes, grid: Sequence[Mapping[str, Any]]) -> None:
    depths = sorted({row["layers"] for row in grid})
    for scheme, colour in (("int8", ORANGE), ("int16x8", BLUE)):
        for depth, marker in zip(depths, _endless("os^"), strict=False):
            rows = [row for row in grid if (row["scheme"], row["layers"]) == (scheme, depth)]
            style: dict[str, Any] = dict(color=colour, marker=marker, markersize=5, linewidth=0.8)
            plot.plot(*_costs(rows), label=f"{scheme}, {depth} layers", **style)
    highest = [row for row in grid if row["layers"] == depths[-1] and row["scheme"] == grid[0]["scheme"]]
    for row, unit in zip(highest, (" channels", *[""] * (len(highest) - 1)), strict=True):
        offset: dict[str, Any] = dict(xytext=(-5, 5), textcoords="offset points", ha="right")
        plot.annotate(f"{row['channels']}{unit}", (row[COST_KEYS[0]], row[COST_KEYS[1]]), **offset)


def _draw_both(row: Sequence[Axes], signal: np.ndarray, sample_rate: int, zoom: slice, colour: str, title: str) -> None:
    low, high, time_s = _envelope(signal, sample_rate)
    row[0].fill_between(time_s, low, high, color=colour, linewidth=0.4)
    row[1].plot(1e3 * np.arange(signal.size)[zoom] / sample_rate, signal[zoom], color=colour, linewidth=1.0)
    row[0].set_title(title)
    limit = max(float(np.abs(signal).max()) * 1.1, 1e-6)
    for plot in row:
        plot.set_ylim(-limit, limit)
        plot.axhline(0, color=GREY, linewidth=0.4, alpha=0.5)


def _envelope(signal: np.ndarray, sample_rate: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Least and greatest sample in each of at most ENVELOPE_POINTS stretches, and its time in s."""
    stretch = max(1, -(-signal.size // ENVELOPE_POINTS))
    padded = np.pad(signal, (0, -signal.size % stretch), mode="edge").reshape(-1, stretch)
    return padded.min(axis=1), padded.max(axis=1), np.arange(padded.shape[0]) * stretch / sample_rate


def _level_db(clip: np.ndarray, sample_rate: int) -> np.ndarray:
    hop = int(
        np.clip(clip.size // 500, 128, SPECTROGRAM_WINDOW)
    )  # more columns than pixels would only make the page heavy
    padded = np.pad(clip, (0, max(SPECTROGRAM_WINDOW - clip.size, 0)))
    _, _, spectrum = stft(padded, sample_rate, nperseg=SPECTROGRAM_WINDOW, noverlap=SPECTROGRAM_WINDOW - hop)
    return 20 * np.log10(np.abs(spectrum) + 1e-9)


def _enlargement(peak: float) -> int:
    """The power of ten that brings a small error to between 0.1 and 1."""
    return 10 ** max(0, math.ceil(-math.log10(peak)) - 1) if peak > 0 else 1


def _endless(styles: Sequence) -> list:
    return list(styles) * 20


def _svg(figure: Figure, name: str) -> str:
    """The figure as an <svg> element: text stays text, ink follows the page, ids differ between pictures."""
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": name, "svg.id": name}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :].replace(INK, "currentColor").replace("</svg>\n", "</svg>")
    return re.sub(r'(<svg [^>]*?)width="[^"]*" height="[^"]*"|(<svg [^>]*?)height="[^"]*" ', r"\1\2", svg, count=1)
