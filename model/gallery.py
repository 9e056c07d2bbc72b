# SPDX-License-Identifier: MIT
"""Pictures of a decoder: how close it comes, what its map is like, aliasing, dying notes.

Depends on the measures of `evaluate`, `map_measures`, `aliasing` and `decay`, and draws with `plots` and
`measure_plots`. Says in captions what one sees; knows no page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from model import measure_plots, plots
from model.aliasing import swept_sine
from model.config import AudioConfig
from model.data import Programme, delayed
from model.decay import measure_decay
from model.devices import device
from model.evaluate import place_errors
from model.layout import Layout
from model.map_measures import MapMeasures
from model.scores import decoder_render
from model.vae import DistortionVae

GOAL = 0.01  # of the median ESR on seen devices
AMOUNT_GOAL = 0.95  # of Spearman's correlation of y and distortion
SWEEP_SECONDS = 3.0
SWEPT = ("hard_clip", "wavefolder", "tube_screamer", "big_muff_pi")  # those of them that are there
TAIL_DRIVE = 0.5


class Picture(NamedTuple):
    """The chapter that it belongs to, the name of its file, and what one sees."""

    chapter: str
    file: str
    caption: str


def effect(name: str, dry: np.ndarray, drive: float, audio: AudioConfig) -> np.ndarray:
    """What a device makes of dry (samples,), as late as the decoder is."""
    return delayed(device(name, audio).render(dry, drive), audio)


def some(names: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """Those of the names that are wanted; where there are none, as many others."""
    return [name for name in wanted if name in names] or list(names[: len(wanted)])


def map_pictures(layout: Layout, found: MapMeasures, folder: Path) -> Iterator[Picture]:
    """Where settings are learned, measures all over the square, and the amount up its columns."""
    limit, spots, places = found.limit, layout.places, len(found.dc_db)
    columns = [[getattr(spot, key) for spot in spots] for key in ("device", "family")]
    z, drive = np.array([(spot.x, spot.y) for spot in spots]), np.array([spot.drive for spot in spots])
    plots.places(z, columns[0], columns[1], drive, limit, folder / "places.png")
    yield Picture(
        "map",
        "places.png",
        "Every dot is a setting that the map has learned: a device to each column, its drive rising with y. Devices "
        "that sound alike are neighbours; dull ones are on the left, bright ones on the right.",
    )
    plots.grid_maps(_fields(found), limit, folder / "grids.png")
    yield Picture(
        "map",
        "grids.png",
        f"Measured at {places} × {places} spots of the decoder alone: the module levels the loudness with a table and "
        "blocks DC. Distortion is the share of overtones in a sine of -12 dBFS; the centroid is of a chord with bass "
        "and drum; a step is how far that sound changes from a spot to its neighbour, 3 dB being another sound.",
    )
    measure_plots.amount_curves(
        found.distortion_db, found.amount_correlation, limit, folder / "amount.png", AMOUNT_GOAL
    )
    yield Picture(
        "map",
        "amount.png",
        "Does turning y up always distort more? Left, the distortion up each column; right, how well their orders "
        "agree, 1 being always.",
    )


def _fields(found: MapMeasures) -> dict[str, np.ndarray]:
    return {
        "loudness, LKFS": found.loudness_lkfs,
        "distortion, dB": found.distortion_db,
        "brightness: centroid, kHz": found.centroid_hz / 1e3,
        "DC, dBFS": found.dc_db,
        "step to the next x, dB": found.step_x_db,
        "step to the next y, dB": found.step_y_db,
    }


def error_pictures(
    vae: DistortionVae,
    layout: Layout,
    programmes: Sequence[Programme],
    rows: Sequence[Mapping[str, Any]],
    folder: Path,
) -> Iterator[Picture]:
    """Medians of all splits (rows of `SplitErrors.row`) by device, and each clip of the programmes."""
    medians = {str(row["split"]).replace("_", " "): row["esr_median_by_device"] for row in rows}
    measure_plots.medians_by_device(medians, folder / "medians.png", GOAL)
    yield Picture(
        "errors",
        "medians.png",
        "The median error of each device on everything that it was measured on: a device is learned well where all "
        "its dots are far to the left, and generalises where they are close together.",
    )
    strips = {}
    for name in dict.fromkeys(programme.setting.device for programme in programmes):
        own = [programme for programme in programmes if programme.setting.device == name]
        strips[name] = place_errors(vae.decoder, vae.config, own, layout).numpy()
    measure_plots.esr_by_device(strips, folder / "strips.png", GOAL)
    yield Picture(
        "errors",
        "strips.png",
        "Seen settings, new audio: every dot is an eighth of a second. Errors of 0.01 % and less are drawn as 0.01 %.",
    )


def aliasing_pictures(vae: DistortionVae, layout: Layout, devices: Sequence[str], folder: Path) -> Iterator[Picture]:
    """A swept sine through a few effects at full drive, and through the decoder at their places."""
    audio, names = vae.config.audio, some(devices, SWEPT)
    sweep = swept_sine(SWEEP_SECONDS, sample_rate=audio.sample_rate)
    decoded = decoder_render(vae)(sweep, np.array([layout.at(name, 1.0) for name in names]))
    clips: dict[str, np.ndarray] = {}
    for name, wet in zip(names, decoded, strict=True):
        clips |= {f"{name}, effect": effect(name, sweep, 1.0, audio), f"{name}, decoder": wet}
    measure_plots.spectrograms(clips, audio.sample_rate, folder / "sweeps.png")
    yield Picture(
        "aliasing",
        "sweeps.png",
        "A sine sweeps from 20 Hz to 20 kHz through effects at full drive. Harmonics rise with it; lines that fall "
        "again have met the end of the spectrum and come back as aliases. The catalogue's effects run at eight times "
        "the rate, plug-ins as their makers made them, the decoder at 48 kHz.",
    )


def tail_pictures(vae: DistortionVae, layout: Layout, devices: Sequence[str], folder: Path) -> Iterator[Picture]:
    """The error as a note dies away, over all devices at half drive."""
    audio = vae.config.audio
    z = np.array([layout.at(name, TAIL_DRIVE) for name in devices])
    found = measure_decay(
        decoder_render(vae), z, lambda dry: np.stack([effect(name, dry, TAIL_DRIVE, audio) for name in devices])
    )
    measure_plots.dying_notes(found.note_db, found.target_db, found.error_db, folder / "tails.png")
    yield Picture(
        "tails",
        "tails.png",
        "A low note dies away within 0.8 s, through every device at half drive. Line: the median device; shade: half "
        "of all. Where the error comes near the effect, the tail is grit and no longer the effect's.",
    )
