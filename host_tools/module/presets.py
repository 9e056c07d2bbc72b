# SPDX-License-Identifier: MIT
"""Presets as files that people keep: `{"presets": [{"x": 0.5, "y": -0.25}, ...]}`, all of a module's, in their order.

Depends on `module`. A file is read and checked as a whole before anything is written to a module.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from host_tools.errors import UserError
from host_tools.files import write_atomically
from host_tools.module.client import Settings, Spot, preset_index
from host_tools.packets import PRESETS

DECIMALS = 5  # enough for every spot that a module can remember


def with_preset(settings: Settings, preset: int, spot: Spot) -> Settings:
    """The settings with another spot at a preset, 1..8."""
    index = preset_index(preset)
    return replace(settings, presets=(*settings.presets[:index], spot, *settings.presets[index + 1 :]))


def save_presets(path: Path | str, settings: Settings) -> Path:
    """Writes the file, whole or not at all."""
    presets = [{axis: round(value, DECIMALS) for axis, value in spot._asdict().items()} for spot in settings.presets]
    return write_atomically(path, json.dumps({"presets": presets}, indent=2) + "\n")


def load_presets(path: Path | str) -> tuple[Spot, ...]:
    """The spots in a file. UserError names the entry that is wrong and what it should be."""
    path = Path(path)
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); check the name") from error
    except (ValueError, RecursionError) as error:  # not UTF-8, or not JSON, or no end of brackets
        raise UserError(f"{path}: is not JSON ({error}); write one with gritspace presets save") from error
    entries = document.get("presets") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise UserError(f'{path}: has no list "presets"; write one with gritspace presets save')
    if len(entries) != PRESETS:
        raise UserError(f"{path}: has {len(entries)} presets; give {PRESETS}, one for each of the module's")
    return tuple(_spot(path, number, entry) for number, entry in enumerate(entries, start=1))


def _spot(path: Path, number: int, entry: Any) -> Spot:
    values: list[Any] = [entry.get(axis) if isinstance(entry, dict) else None for axis in Spot._fields]
    if not all(isinstance(value, int | float) and not isinstance(value, bool) and -1 <= value <= 1 for value in values):
        shown = json.dumps(entry)
        raise UserError(f'{path}: preset {number} is {shown:.60}; give {{"x": X, "y": Y}} with each from -1 to 1')
    return Spot(*map(float, values))
