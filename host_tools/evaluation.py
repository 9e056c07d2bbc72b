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
from model.map_measures import MapMeasures, measure_map
from model.material import CAPTURED, installed
from model.run import load_layout
from model.scores import aliasing_scores, map_scores, matched_row, pair_rows
from model.vae import DistortionVae

PHRASES = slice(0, 3, 2)  # of the recordings, to listen to: a guitar's chord and a drum loop
MATCHED_AFTER = 5  # times half a second of sound; the module then has had two for the loudness
DRAWN_SECONDS = 2.0  # of procedural audio, to listen to where nothing is recorded


@dataclass(frozen=True)
class Evaluation:
    """What was measured of a checkpoint: rows of the splits, of the whole map, of aliasing."""

    model_id: str
    rows: list[dict[str, Any]]
    measures: MapMeasures
    aliasing: list[dict[str, float]]
    played: dict[str, float] | None = None  # of the whole map by the module; only of the checkpoint that it has

    @property
    def tables(self) -> dict[str, Table]:
        """By the chapters of the page."""
        return {
            "errors": evaluate_table(self.rows),
            "map": map_table(self.measures.to_dict(), self.played),
            "aliasing": aliasing_table(self.aliasing),
        }


def evaluate(
    weights: Path, data: Path, console: Console, held_out: bool = False, report: Path | None = None
) -> Evaluation:
    """Everything there is to measure of a checkpoint, and its page with pictures and sounds in the folder `report`.

    `held_out` adds the devices that it never met, matched by example. What is not installed is left out and said.
    """
    with user_errors():
        if report:
            report.mkdir(parents=True, exist_ok=True)  # before minutes of work, not after
        vae, layout = load_vae(weights), load_layout(weights)
        names = installed(_playable(layout), vae.config.audio, console)
        rows = _rows(vae, layout, names, data, console)
        if held_out and (others := installed(HELD_OUT, vae.config.audio, console)):
            rows.append(matched_row(vae, others, console))
        played = _played_map() if weights.resolve() == CHECKPOINT.resolve() else None
        aliasing = aliasing_scores(vae, layout, names) if names else []
        found = Evaluation(identity(weights), rows, map_scores(vae), aliasing, played)
        if report:
            pictures = draw(vae, layout, names, rows, found.measures, data, report, console)
            sounds = play(vae, layout, names, _recordings(vae.config.audio), console)
            rate = vae.config.audio.sample_rate
            page = write_page(report, found.model_id, found.tables, pictures, sounds, rate)
            console.print(f"look and listen: {page}")
    return found


def evaluate_pairs(
    weights: Path, data: Path, console: Console, devices: Sequence[str]
) -> tuple[str, list[dict[str, Any]]]:
    """The checkpoint's id and a row for each split of these devices; those that are not installed are left out."""
    with user_errors():
        vae, layout = load_vae(weights), load_layout(weights)
        return identity(weights), _rows(vae, layout, installed(devices, vae.config.audio, console), data, console)


def _rows(
    vae: DistortionVae, layout: Layout, names: Sequence[str], data: Path, console: Console
) -> list[dict[str, Any]]:
    if not names:
        return []
    instruments = RECORDED_FOLDER if RECORDED_FOLDER.is_dir() else None
    if not instruments:
        console.print(f"no recorded instruments; install the Debian package {RECORDED_PACKAGE}")
    return pair_rows(vae, layout, names, data, console, instruments)


def _played_map() -> dict[str, float]:
    """The measures of the whole map of the released model, as the firmware plays it; four minutes on two cores."""
    (artefact,) = released_artefacts((SCHEME,))
    return measure_map(played_render(artefact.model_id), limit=1.0, repetitions=MATCHED_AFTER).to_dict()


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
