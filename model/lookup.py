# SPDX-License-Identifier: MIT
"""What is a sound like: the devices, and their knobs, that come closest to it when they play the same dry audio.

Depends on `devices`, `plugins` and `spsa`; knows no network, so that a spot of the map and a recording are looked up
alike. All devices are asked at a few drives, the best ones then tuned by their values alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from rich.console import Console
from rich.progress import track

from model.config import AudioConfig
from model.devices import TONE, Device, DeviceError, device
from model.plugins import PluginError
from model.spsa import scaled_esr, tune_plugin

DRIVES = (0.0, 0.25, 0.5, 0.75, 1.0)
TUNED = 4  # devices, the best at those drives
STEPS = 20  # of two renders each


@dataclass(frozen=True)
class Likeness:
    """A device's knobs, 0..1, and the ESR between it and the sound at the level that makes it least."""

    device: str
    family: str
    drive: float
    tone: float | None  # None where it has none
    esr: float


def look_up(
    dry: np.ndarray, target: np.ndarray, names: Sequence[str], audio: AudioConfig, console: Console
) -> list[Likeness]:
    """The devices in the order of how close they come to target (samples,), which is in time with dry (samples,).

    Tone is at noon but for the best TUNED. A device that crashes or gives no sound is left out, one that does so at
    other knobs not tuned, and that is said. Raises DeviceError when none is left.
    """
    found: list[Likeness] = []
    for name in track(names, "asking the devices", console=console):
        try:
            found.append(_asked(device(name, audio), dry, target))
        except (DeviceError, PluginError) as error:
            console.print(f"left out: {error}")
    if not found:
        raise DeviceError("no device could be asked; name others with --devices")
    found.sort(key=lambda likeness: likeness.esr)
    best = track(found[:TUNED], "tuning the best", console=console)
    tuned = [_tuned(likeness, device(likeness.device, audio), dry, target, console) for likeness in best]
    return sorted([*tuned, *found[TUNED:]], key=lambda likeness: likeness.esr)


def _asked(asked: Device, dry: np.ndarray, target: np.ndarray) -> Likeness:
    errors = {drive: scaled_esr(asked.play(dry, drive, TONE), target) for drive in DRIVES}
    drive = min(errors, key=errors.__getitem__)
    return Likeness(asked.name, asked.family, drive, TONE if asked.has_tone else None, errors[drive])


def _tuned(likeness: Likeness, asked: Device, dry: np.ndarray, target: np.ndarray, console: Console) -> Likeness:
    try:
        drive, tone, esr = tune_plugin(asked.play, dry, target, np.random.default_rng(0), STEPS)
    except PluginError as error:
        console.print(f"not tuned: {error}")
        return likeness
    if esr >= likeness.esr:
        return likeness
    return replace(likeness, drive=drive, tone=tone if asked.has_tone else None, esr=esr)
