# SPDX-License-Identifier: MIT
"""A training run from what was asked for to its figures: material, layout, training, rows of evaluation.

Depends on the rest of `model`. Writes into the run's folder, and programmes into another that runs share.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from model.checkpoint import FILES as CHECKPOINT_FILES
from model.checkpoint import CheckpointError, load_config, load_decoder, load_mean, load_vae, write_whole
from model.config import SETTLING_SECONDS, Config, TrainConfig
from model.devices import SEEN
from model.evaluate import split_errors
from model.layout import FILE as LAYOUT_FILE
from model.layout import Layout
from model.material import Material, capture_material, compare, device_material, require
from model.scores import pair_rows
from model.soundfont import SOUNDFONT, render_soundfont
from model.sources import SourceError
from model.train import RESUME_FILE, train
from model.vae import Decoder, DistortionVae

FINE_TUNING = TrainConfig(steps=5_000, learning_rate=1e-3)
INSTRUMENT_SECONDS = 60.0  # of each instrument of the soundfont: half an hour in all, 0.7 GB when loaded


def chosen(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a configuration without those that are None, which keep their default."""
    return {key: value for key, value in settings.items() if value is not None}


class PlanError(ValueError):
    """Wishes that do not go together; the message names them and the remedy."""


@dataclass(frozen=True)
class TrainingPlan:
    """What `gritspace train` is asked for; `settings` are fields of TrainConfig, `shape` of ModelConfig."""

    folder: Path
    data: Path  # where programmes are kept
    settings: Mapping[str, Any] = field(default_factory=dict)
    shape: Mapping[str, Any] = field(default_factory=dict)
    seconds: float | None = None  # of audio for each setting
    devices: Sequence[str] | None = None
    captures: Path | None = None  # a folder of recorded pairs, instead of devices
    audio: Path | None = None  # a folder of recordings, instead of the soundfont
    procedural: bool = False  # no recordings at all
    start: Path | None = None  # a checkpoint
    average: Path | None = None  # another one: begin with the mean of both
    encoder_only: bool = False
    fresh: bool = False
    torch_device: str = "cpu"

    def configuration(self) -> Config:
        """The defaults, or the network and data of `start` and a short, gentle training; with what was asked for."""
        config = replace(load_config(self.start), train=FINE_TUNING) if self.start else Config()
        settings = chosen(self.settings) | ({"steps": 0, "rounding_steps": 0} if self.encoder_only else {})
        data = replace(config.data, **chosen({"seconds": self.seconds}))
        network = replace(config.model, **chosen(self.shape))
        return replace(config, model=network, data=data, train=replace(config.train, **settings))

    def first_weights(self, config: Config) -> DistortionVae | Decoder | None:
        if self.start is None:
            return None
        if self.encoder_only:
            return load_decoder(self.start, config)
        return load_vae(self.start) if self.average is None else load_mean(self.start, self.average)


def train_planned(plan: TrainingPlan, console: Console) -> list[dict[str, Any]]:
    """Trains into the plan's folder, measures, adds the rows to its metrics and returns them.

    From a checkpoint, devices keep their places on its map. Interrupted at any stage, it resumes.
    """
    config = _checked(plan)
    first = plan.first_weights(config)
    material = _material(plan, config, console)
    if plan.fresh:  # not before all else is there: what goes wrong until here costs nothing
        for name in (RESUME_FILE, LAYOUT_FILE, *CHECKPOINT_FILES):
            (plan.folder / name).unlink(missing_ok=True)
    _keep_layout(plan.folder, material.layout)
    given = (config, plan.folder, material.programmes, material.layout)
    vae = train(*given, start=first, console=console, device=plan.torch_device)
    if plan.captures:
        rows = [split_errors(vae, material.held_back, material.layout).row("held_back")]
    else:
        names = list(dict.fromkeys(programme.setting.device for programme in material.programmes))
        rows = pair_rows(vae, material.layout, names, plan.data, console)
    metrics = plan.folder / "metrics.json"
    text = json.dumps({**json.loads(metrics.read_text()), "results": rows}, indent=2) + "\n"
    write_whole(metrics, lambda path: path.write_text(text))
    return rows


def _checked(plan: TrainingPlan) -> Config:
    """The plan's configuration. Raises PlanError for wishes that do not go together."""
    shaped = chosen(plan.shape).keys()
    if plan.start:
        if plan.start.resolve() == plan.folder.resolve():
            raise PlanError(f"--from and --name are both {plan.folder}; choose another name")
        if shaped - {"encoder"}:
            raise PlanError(
                "--channels, --dilations and --condition-channels make another network than that of --from; leave them "
                "out"
            )
        if "encoder" in shaped and not plan.encoder_only:
            raise PlanError(
                "--encoder makes another encoder than that of --from, and it has to learn; add --encoder-only"
            )
    elif plan.encoder_only:
        raise PlanError("--encoder-only learns an encoder for the decoder of a checkpoint; name it with --from")
    elif plan.settings.get("steps") == 0:
        raise PlanError("--steps 0 keeps the decoder of a checkpoint; name it with --from, or give some steps")
    if plan.average:
        if plan.encoder_only or not plan.start:
            raise PlanError("--average is of two checkpoints; give --from as well, and leave out --encoder-only")
        if load_layout(plan.average) != load_layout(plan.start):
            raise PlanError(f"{plan.average} and {plan.start} have different maps; choose checkpoints that share one")
    if plan.captures and plan.devices:
        raise PlanError("--captures and --devices make different maps; give one of them")
    try:
        torch.zeros(1, device=plan.torch_device)
    except (RuntimeError, AssertionError) as error:
        raise PlanError(
            f"PyTorch has no device {plan.torch_device} here ({str(error).splitlines()[0]}); leave out --torch-device, "
            "or install a PyTorch that has it"
        ) from error
    config = plan.configuration()
    shortest = math.ceil(1e3 * config.train.clip_samples / config.audio.sample_rate) / 1e3
    if config.data.seconds < shortest:
        raise PlanError(
            f"{config.data.seconds:g} s of audio a setting are too few; give --seconds {shortest:g} or more"
        )
    settled = round(SETTLING_SECONDS * config.audio.sample_rate) - 1
    longest = min(settled, config.train.clip_samples - config.train.decoded_samples)
    if config.model.past > longest:
        raise PlanError(
            f"with these dilations wet depends on {config.model.past} samples before it, and modules and training have "
            f"room for {longest}; choose shorter ones"
        )
    return config


def _material(plan: TrainingPlan, config: Config, console: Console) -> Material:
    if plan.captures:
        return capture_material(config, plan.captures, console)
    kept = None if plan.fresh else _kept_layout(plan.folder)
    layout = load_layout(plan.start) if plan.start else kept
    names = plan.devices or (layout.devices if layout else SEEN)
    if layout and not plan.start and set(names) != set(layout.devices):
        raise PlanError(
            f"{plan.folder} was begun with other devices; choose another name, or start afresh with --fresh"
        )
    require(names, layout, config.audio)
    layout = layout or compare(config, names, console)
    if not plan.fresh:  # before the programmes, which take minutes
        _keep_layout(plan.folder, layout)
    recordings = None if plan.procedural else plan.audio or sampled_instruments(plan.data, config, console)
    return device_material(config, names, layout, recordings, plan.data, console)


def _kept_layout(folder: Path) -> Layout | None:
    return load_layout(folder) if (folder / LAYOUT_FILE).exists() else None


def _keep_layout(folder: Path, layout: Layout) -> None:
    """Comparing the devices takes a while; an interrupted run need not do it again."""
    if _kept_layout(folder) not in (None, layout):
        raise PlanError(f"{folder} was begun with another map; choose another name, or start afresh with --fresh")
    layout.save(folder)


def sampled_instruments(data: Path, config: Config, console: Console) -> Path | None:
    """The folder of rendered instruments; None where they cannot be rendered."""
    folder = data / "soundfont"
    console.print(f"sampled instruments: {folder}; rendering them takes half a minute, once")
    try:
        render_soundfont(SOUNDFONT, folder, config.data.seed, INSTRUMENT_SECONDS)
    except SourceError as error:
        console.print(f"learning without sampled instruments: {error}")
        return None
    return folder


def load_layout(folder: Path) -> Layout:
    """The layout beside a checkpoint's weights; raises CheckpointError."""
    try:
        return Layout.load(folder)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"{folder}: no usable {LAYOUT_FILE} ({error}); train one with `gritspace train`"
        ) from error
