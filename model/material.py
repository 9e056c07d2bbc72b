# SPDX-License-Identifier: MIT
"""What a run learns from, ready to train on: the programmes and the layout of devices, or of a folder of captures.

Depends on `data`, `layout`, `captures` and `checks`; knows no network.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from model.captures import Capture, CaptureError, load_captures
from model.checks import complaint
from model.config import AudioConfig, Config
from model.data import Programme, Setting, build, delayed, grid, training_recipe
from model.devices import PEAK, DeviceError, device
from model.layout import Layout, lay_out, lay_out_pairs
from model.plugin_table import PLUGINS

WORKERS = os.cpu_count() or 1
CAPTURED = "captured"  # the family of recorded devices
HELD_BACK = 0.2  # of each capture, its end: measured on, never learned from


@dataclass(frozen=True, eq=False)
class Material:
    """Programmes, device by device with drives rising, and where their settings belong."""

    layout: Layout
    programmes: Sequence[Programme]
    held_back: Sequence[Programme] = ()  # of captures, which cannot be played again


def absent(names: Sequence[str], audio: AudioConfig) -> tuple[list[str], str]:
    """Those of the devices that are not installed, and what to install for them; DeviceError for an unknown one."""
    for name in names:
        device(name, audio)
    missing = [PLUGINS[name] for name in names if name in PLUGINS and not PLUGINS[name].installed()]
    packages = {plugin.package for plugin in missing} | {"lilv-utils" for plugin in missing if plugin.host == "lv2"}
    return [plugin.name for plugin in missing], " ".join(sorted(packages))


def installed(names: Sequence[str], audio: AudioConfig, console: Console) -> list[str]:
    """Those of the devices that are; the others are said. DeviceError for an unknown one."""
    missing, packages = absent(names, audio)
    if missing:
        console.print(f"left out, not here: {', '.join(missing)}; install the Debian packages {packages}")
    return [name for name in names if name not in missing]


def require(names: Sequence[str], layout: Layout | None, audio: AudioConfig) -> None:
    """Raises DeviceError for a device that is unknown, not here or not on the layout, if there is one."""
    missing, packages = absent(names, audio)
    if missing:
        raise DeviceError(f"not here: {', '.join(missing)}; install the Debian packages {packages}, or name others")
    if layout and (strange := [name for name in names if name not in layout.devices]):
        raise DeviceError(f"not on the checkpoint's map: {', '.join(strange)}; it has {', '.join(layout.devices)}")


def compare(config: Config, names: Sequence[str], console: Console) -> Layout:
    """A layout of devices at the configured drives, from how they sound; some seconds for each plug-in."""
    console.print(f"comparing {len(names)} devices")
    devices = [device(name, config.audio) for name in names]
    return lay_out(devices, config.data.drives, config.audio, config.model.latent_limit)


def device_material(
    config: Config, names: Sequence[str], layout: Layout, recordings: Path | None, data: Path, console: Console
) -> Material:
    """Programmes of devices on a layout at the configured drives, in the folder `data`.

    Raises what `data.build` raises; `require` says before whether the devices will do.
    """
    settings = grid([name for name in layout.devices if name in names], config.data.drives)
    return Material(layout, build(data, settings, training_recipe(config, recordings), config.audio, console, WORKERS))


def capture_material(config: Config, folder: Path, console: Console) -> Material:
    """Programmes of recorded pairs; those that cannot be used are counted by reason on the console.

    A device recorded at several positions of its tone is several devices, for a map has one axis for drive and one for
    everything else. Raises CaptureError when nothing is left.
    """
    captures, rejected = load_captures(folder, config.audio.sample_rate)
    reasons = Counter({reason: len(rows) for reason, rows in rejected.items()})
    programmes = []
    for capture, name in zip(captures, _names(captures), strict=True):
        programme, found = _programme(capture, name, config)
        if found:
            reasons[found] += 1
        else:
            programmes.append(programme)
    if reasons:
        console.print(f"left out {', '.join(f'{count} {reason}' for reason, count in reasons.items())}")
    if not programmes:
        raise CaptureError(f"{folder}: no usable capture ({', '.join(reasons)}); record pairs of at least two seconds")
    pairs = [(p.setting.device, p.setting.drive, p.dry, p.wet) for p in programmes]
    layout = lay_out_pairs(pairs, CAPTURED, config.audio, config.model.latent_limit)
    order = {name: index for index, name in enumerate(layout.devices)}
    programmes.sort(key=lambda programme: (order[programme.setting.device], programme.setting.drive))
    parts = [_divided(programme) for programme in programmes]
    return Material(layout, [learned for learned, _ in parts], [held for _, held in parts])


def _names(captures: Sequence[Capture]) -> list[str]:
    tones: defaultdict[str, set[float]] = defaultdict(set)
    for capture in captures:
        tones[capture.device].add(capture.tone)
    return [c.device if len(tones[c.device]) == 1 else f"{c.device} tone {c.tone:g}" for c in captures]


def _programme(capture: Capture, name: str, config: Config) -> tuple[Programme, str | None]:
    dry = np.clip(capture.pair.dry, -1.0, 1.0)
    wet = capture.pair.wet * (PEAK / np.abs(capture.pair.wet).max())
    found = complaint(dry, wet, config.audio)
    if min(HELD_BACK, 1 - HELD_BACK) * len(dry) < config.train.clip_samples:
        found = "too short"
    late = delayed(wet, config.audio)
    return Programme(Setting(name, capture.drive), dry.astype(np.float32), late.astype(np.float32)), found


def _divided(programme: Programme) -> tuple[Programme, Programme]:
    cut = round((1 - HELD_BACK) * len(programme.dry))
    first, last = (
        Programme(programme.setting, programme.dry[p], programme.wet[p]) for p in (slice(cut), slice(cut, None))
    )
    return first, last
