# SPDX-License-Identifier: MIT
"""`gritspace evaluate`: what a checkpoint is worth, on pairs, over its map and as the module plays it; and its page.

Depends on `model`, `learning` and `played_map`. What is not installed is left out and said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from host_tools.artefacts import CHECKPOINT, released_artefacts
from host_tools.audio import RECORDED_FOLDER, RECORDED_PACKAGE, load_audio, recorded_audio
from host_tools.errors import UserError
from host_tools.evaluation_page import write_page
from host_tools.learning import identity, user_errors
from host_tools.played_map import SCHEME, played_render
from host_tools.tables import Table, aliasing_table, evaluate_table, map_table
from model.checkpoint import load_vae
from model.config import AudioConfig
from model.data import draw_dry
from model.devices import HELD_OUT
from model.exhibition import draw, play
from model.layout import Layout
from model.map_measures import measure_map
from model.material import CAPTURED, absent
from model.run import load_layout
from model.scores import aliasing_scores, map_scores, matched_row, pair_rows
from model.vae import DistortionVae

PHRASES = slice(0, 3, 2)  # of the recordings, to listen to: a guitar's chord and a drum loop
DRAWN_SECONDS = 2.0  # of procedural audio, to listen to where nothing is recorded


@dataclass(frozen=True)
class Evaluation:
    """What was measured of a checkpoint: rows of the splits, of the whole map, of aliasing."""

    model_id: str
    rows: list[dict[str, Any]]
    measures: dict[str, float]
    aliasing: list[dict[str, float]]
    played: dict[str, float] | None = None  # of the whole map by the module; only of the checkpoint that it has

    @property
    def tables(self) -> dict[str, Table]:
        """By the chapters of the page."""
        return {
            "errors": evaluate_table(self.rows),
            "map": map_table(self.measures, self.played),
            "aliasing": aliasing_table(self.aliasing),
        }


def evaluate(
    weights: Path, data: Path, console: Console, held_out: bool = False, report: Path | None = None
) -> Evaluation:
    """What `evaluate_pairs` and `evaluate_map` say, and its page with pictures and sounds in the folder `report`."""
    with user_errors():
        if report:
            report.mkdir(parents=True, exist_ok=True)  # before minutes of work, not after
    errors = evaluate_pairs(weights, data, console, held_out=held_out)
    played = evaluate_played_map() if weights == CHECKPOINT else None
    found = Evaluation(*errors, *evaluate_map(weights, console), played)
    if report:
        page = _write_report(found, weights, data, report, console)
        console.print(f"look and listen: {page}")
    return found


def evaluate_pairs(
    weights: Path, data: Path, console: Console, devices: Sequence[str] | None = None, held_out: bool = False
) -> tuple[str, list[dict[str, Any]]]:
    """The checkpoint's id and a row for each split; `held_out` adds the devices that it never met, matched by example.

    Devices that are not installed are left out, and so are recorded instruments where there are none.
    """
    with user_errors():
        vae, layout = load_vae(weights), load_layout(weights)
        rows = []
        if names := _here(devices or _playable(layout), vae, console):
            instruments = RECORDED_FOLDER if RECORDED_FOLDER.is_dir() else None
            if not instruments:
                console.print(f"no recorded instruments; install the Debian package {RECORDED_PACKAGE}")
            rows = pair_rows(vae, layout, names, data, console, instruments)
        if held_out and (names := _here(HELD_OUT, vae, console)):
            rows.append(matched_row(vae, names, console))
        return identity(weights), rows


def evaluate_map(weights: Path, console: Console) -> tuple[dict[str, float], list[dict[str, float]]]:
    """The measures of the whole map, and the rows of aliasing of the devices on it."""
    with user_errors():
        vae, layout = load_vae(weights), load_layout(weights)
        names = _here(_playable(layout), vae, console)
        return map_scores(vae), aliasing_scores(vae, layout, names) if names else []


def evaluate_played_map() -> dict[str, float]:
    """The measures of the whole map of the released model, as the firmware plays it; two minutes on two cores."""
    with user_errors():
        (artefact,) = released_artefacts((SCHEME,))
        return measure_map(played_render(artefact.model_id), limit=1.0).to_dict()


def _write_report(found: Evaluation, weights: Path, data: Path, folder: Path, console: Console) -> Path:
    with user_errors():
        vae, layout = load_vae(weights), load_layout(weights)
        audio, names = vae.config.audio, _here(_playable(layout), vae, console)
        pictures = draw(vae, layout, names, found.rows, data, folder, console)
        sounds = play(vae, layout, names, _recordings(audio), console)
        return write_page(folder, found.model_id, found.tables, pictures, sounds, audio.sample_rate)


def _recordings(audio: AudioConfig) -> dict[str, np.ndarray]:
    """Something to listen to, by name."""
    try:
        return {path.stem: load_audio(path, audio.sample_rate).samples for path in recorded_audio()[PHRASES]}
    except UserError:
        drawn = draw_dry(np.random.default_rng(0), round(DRAWN_SECONDS * audio.sample_rate), audio)
        return {"procedural": drawn}


def _playable(layout: Layout) -> list[str]:
    """The devices that can play new audio; captured ones cannot."""
    return [name for name in layout.devices if layout.family(name) != CAPTURED]


def _here(names: Sequence[str], vae: DistortionVae, console: Console) -> list[str]:
    missing, packages = absent(names, vae.config.audio)
    if missing:
        console.print(f"left out, not here: {', '.join(missing)}; install the Debian packages {packages}")
    return [name for name in names if name not in missing]
