# SPDX-License-Identifier: MIT
"""The figures of a checkpoint: errors on pairs that it never met, the map as one plays it, and aliasing.

Depends on the measures of `evaluate`, `matching`, `map_measures` and `aliasing`. Says which pairs are measured on; a
split shares no audio with training.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.progress import track

from model.aliasing import AUDIBLE_HZ, Render, measure_aliasing
from model.config import AudioConfig
from model.data import Programme, Recipe, Setting, build, grid, make_programme
from model.devices import device
from model.evaluate import between, split_errors
from model.layout import Layout
from model.map_measures import MapMeasures, measure_map
from model.matching import Match, match
from model.material import WORKERS
from model.spectral import mr_stft_distance
from model.vae import DistortionVae

SECONDS, SEED = 2.0, 0  # of each setting's programme
MATCHED_SECONDS = 3.0
MATCHED_DRIVES = (0.2, 0.5, 0.8)


def pair_rows(
    vae: DistortionVae,
    layout: Layout,
    devices: Sequence[str],
    data: Path,
    console: Console,
    instruments: Path | None = None,
) -> list[dict[str, Any]]:
    """A row of `SplitErrors.row` for each split: learned settings with new audio, drives halfway between those, and
    learned settings with the recordings of a folder, when there is one. Programmes are kept in the folder `data`.
    """
    drives, audio = vae.config.data.drives, vae.config.audio
    splits = [
        ("seen", drives, Recipe("seen", SECONDS, SEED)),
        ("unseen_settings", between(drives), Recipe("gap", SECONDS, SEED)),
    ]
    if instruments:
        splits.append(("unseen_instruments", drives, Recipe("instruments", SECONDS, SEED, str(instruments), 1.0)))
    rows = []
    for name, settings, recipe in splits:
        programmes = build(data, grid(devices, settings), recipe, audio, console, WORKERS)
        rows.append(split_errors(vae, programmes, layout).row(name))
    return rows


def matched_row(vae: DistortionVae, devices: Sequence[str], console: Console) -> dict[str, Any]:
    """Devices that are not on the map, by the spot and levels that `match` finds for each at a few drives."""
    audio, recipe = vae.config.audio, Recipe("devices", MATCHED_SECONDS, SEED)
    names, errors, distances = [], [], []
    settings = [Setting(name, drive) for name in devices for drive in MATCHED_DRIVES]
    for setting in track(settings, "matching devices it never met", console=console):
        programme, found = make_programme(setting, recipe, audio)
        if found:
            console.print(f"left out {setting.device} at {setting.drive:g}: {found}")
            continue
        wet = programme.wet[audio.latency_samples :].astype(float)
        names.append(setting.device)
        matched = match(vae, programme.dry[: len(wet)].astype(float), wet)
        errors.append(matched.esr)
        distances.append(_matched_distance(vae, programme, matched))
    by_device = {name: float(np.median([e for n, e in zip(names, errors, strict=True) if n == name])) for name in names}
    return {
        "split": "unseen_devices",
        "clips": len(errors),
        "esr_median": float(np.median(errors)),
        "esr_mean": float(np.mean(errors)),
        "esr_p95": float(np.percentile(errors, 95)),
        "mr_stft_median": float(np.median(distances)),
        "esr_median_by_device": by_device,
    }


def _matched_distance(vae: DistortionVae, programme: Programme, found: Match) -> float:
    """MR-STFT distance of what a match plays, over the whole programme."""
    dry = 10 ** (found.input_level_db / 20) * programme.dry
    wet = 10 ** (found.output_level_db / 20) * decoder_render(vae)(dry, np.array([found.z]))
    target = np.roll(programme.wet, -found.lag_samples)
    return float(mr_stft_distance(torch.from_numpy(wet).float(), torch.from_numpy(target)[None].float())[0])


def decoder_render(vae: DistortionVae) -> Render:
    """The float decoder as the measures want it: dry (samples,) and z (N, 2) to wet (N, samples)."""

    @torch.no_grad()
    def render(dry: np.ndarray, z: np.ndarray) -> np.ndarray:
        sound = torch.from_numpy(np.asarray(dry, np.float32)).expand(len(z), 1, -1)
        return vae.decoder(sound, torch.from_numpy(np.asarray(z, np.float32))[:, :, None])[:, 0].numpy()

    return render


def map_scores(vae: DistortionVae, places: int = 33) -> MapMeasures:
    """Of the float decoder alone: the module adds a table for loudness and a block for DC."""
    return measure_map(decoder_render(vae), vae.decoder.latent_limit, places)


def aliasing_scores(vae: DistortionVae, layout: Layout, devices: Sequence[str]) -> list[dict[str, float]]:
    """Rows of `Aliasing.to_dict`, up to 20 kHz and up to Nyquist: each device at full drive, at its place."""
    z = np.array([layout.at(name, 1.0) for name in devices])
    targets = _remembered(lambda dry: np.stack([_full_drive(name, dry, vae.config.audio) for name in devices]))
    rate = vae.config.audio.sample_rate
    limits = (AUDIBLE_HZ, rate / 2)
    return [row for hz in limits for row in measure_aliasing(decoder_render(vae), z, targets, rate, hz).to_dict()]


def _full_drive(name: str, dry: np.ndarray, audio: AudioConfig) -> np.ndarray:
    return device(name, audio).render(dry, 1.0)


def _remembered(play: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    """Plays each sound once: plug-ins are slow to start."""
    played: dict[bytes, np.ndarray] = {}

    def once(dry: np.ndarray) -> np.ndarray:
        key = dry.tobytes()
        if key not in played:
            played[key] = play(dry)
        return played[key]

    return once
