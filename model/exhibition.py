# SPDX-License-Identifier: MIT
"""All pictures and sounds of a checkpoint, part by part. Depends on the galleries, on `sheets` and on programmes that
`scores` measures as well; some two minutes on one core.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track

from model.data import Recipe, build, grid
from model.encoder_gallery import encoder_pictures
from model.gallery import Picture, aliasing_pictures, error_pictures, map_pictures, tail_pictures
from model.layout import Layout
from model.map_measures import MapMeasures
from model.material import WORKERS
from model.scores import SECONDS, SEED
from model.sheets import Sound, beside_effects, tails, walks
from model.vae import DistortionVae


def draw(
    vae: DistortionVae,
    layout: Layout,
    devices: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
    measures: MapMeasures,
    data: Path,
    folder: Path,
    console: Console,
) -> list[Picture]:
    """Draws into the folder, which must exist. `devices` are those that can be played here, `rows` of
    `SplitErrors.row`, `measures` of the whole map; programmes are kept in the folder `data`. Without devices there is
    the map alone.
    """
    parts = [map_pictures(layout, measures, folder)]
    if devices:
        recipe = Recipe("seen", SECONDS, SEED)
        programmes = build(data, grid(devices, vae.config.data.drives), recipe, vae.config.audio, console, WORKERS)
        parts += [
            error_pictures(vae, layout, programmes, rows, folder),
            encoder_pictures(vae, layout, programmes, folder),
            aliasing_pictures(vae, layout, devices, folder),
            tail_pictures(vae, layout, devices, folder),
        ]
    return list(chain.from_iterable(track(parts, "drawing", console=console)))


def play(
    vae: DistortionVae, layout: Layout, devices: Sequence[str], recordings: Mapping[str, np.ndarray], console: Console
) -> list[Sound]:
    """Plays recordings (samples,) by name: all of them over the map, the first one through each device."""
    name, first = next(iter(recordings.items()))
    parts = [walks(vae, recordings)]
    if devices:
        parts += [beside_effects(vae, layout, devices, name, first), tails(vae, layout, devices)]
    return list(chain.from_iterable(track(parts, "playing", console=console)))
