# SPDX-License-Identifier: MIT
"""The decoder beside float peers, GRUs that take the place as two more inputs, and beside itself trained on one device.

Depends on `train`, `evaluate`, `material` and `vae`. All networks learn from scratch, from the same programmes, by the
decoder's reconstruction loss alone: no weights of 8 bits, and none of the terms that are about the map.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import track
from torch import nn
from torch.nn import functional

from model.checkpoint import load_config
from model.config import Config, TrainConfig
from model.data import Programme, Recipe, Windows, build, grid
from model.evaluate import between, place_errors
from model.layout import Layout
from model.lessons import place_lesson
from model.material import WORKERS, device_material, require
from model.run import PlanError, load_layout, sampled_instruments
from model.scores import SECONDS, SEED
from model.train import Phase, denormals_flushed
from model.vae import Decoder

UNITS = (8, 16)  # of the GRUs; 8 is the most that NeuralSeed plays on a Daisy Seed with two knobs


class GruDecoder(nn.Module):
    """Dry audio and the place into a GRU, its state and dry to wet: Wright, Damskägg, Juvela and Välimäki, "Real-Time
    Guitar Amplifier Emulation with Deep Learning", Applied Sciences 10(3), 2020, with conditioning inputs.

    It hears dry as late as wet is, as its authors' recordings are aligned: else its few units would be busy with
    remembering that long (model/LOG.md).
    """

    def __init__(self, config: Config, units: int) -> None:
        super().__init__()
        self.limit, self.latency = config.model.latent_limit, config.audio.latency_samples
        # In which its state fills: as many samples as the decoder gets. It may remember longer.
        self.past = config.model.past
        self.gru = nn.GRU(1 + len(config.model.latent_names), units, batch_first=True)
        self.output = nn.Linear(units, 1)

    def forward(self, dry: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        """dry (B, 1, T) in [-1, 1], z (B, 2, 1 or T) within the latent limit → wet (B, 1, T)."""
        place = (z / self.limit).expand(-1, -1, dry.shape[2]).transpose(1, 2)
        late = functional.pad(dry, (self.latency, 0))[:, :, : dry.shape[2]].transpose(1, 2)  # (B, T, 1)
        state, _ = self.gru(torch.cat([late, place], dim=2))  # (B, T, units)
        return (self.output(state) + late).transpose(1, 2)

    def settled(self, dry: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        """The samples of `forward` before which the state has filled → wet (B, 1, T - past)."""
        return self(dry, z)[:, :, self.past :]


@dataclass(frozen=True, eq=False)
class Course:
    """What every network of a comparison learns and is measured on."""

    config: Config
    layout: Layout
    programmes: Sequence[Programme]
    splits: Mapping[str, Sequence[Programme]]  # programmes to measure on; they share no audio with the others

    def of(self, device: str) -> Course:
        """The same, of one device alone; raises PlanError when it is not among them."""

        def own(programmes: Sequence[Programme]) -> list[Programme]:
            return [programme for programme in programmes if programme.setting.device == device]

        if not own(self.programmes):
            names = dict.fromkeys(programme.setting.device for programme in self.programmes)
            raise PlanError(f"{device} is not among the devices of this comparison; name one of {', '.join(names)}")
        splits = {name: own(programmes) for name, programmes in self.splits.items()}
        return Course(self.config, self.layout, own(self.programmes), splits)


Splits = dict[str, tuple[Recipe, Sequence[float]]]  # recipes of programmes to measure on, with their drives


def reported(config: Config) -> Splits:
    """The splits that `gritspace evaluate` measures on without recordings."""
    drives = config.data.drives
    return {
        "seen": (Recipe("seen", SECONDS, SEED), drives),
        "unseen_settings": (Recipe("gap", SECONDS, SEED), between(drives)),
    }


def course(
    weights: Path,
    data: Path,
    devices: Sequence[str] | None,
    console: Console,
    splits: Callable[[Config], Splits] = reported,
) -> Course:
    """The programmes that a checkpoint was trained on, or those of some of its devices, and others to measure on.

    With the learning rate of a start: a checkpoint that was fine-tuned names a slower one. Raises what `load_config`,
    `load_layout`, `require` and `build` raise.
    """
    config, layout = load_config(weights), load_layout(weights)
    config = replace(config, train=replace(config.train, learning_rate=TrainConfig.learning_rate))
    names = devices or layout.devices
    require(names, layout, config.audio)
    learned = device_material(
        config, names, layout, sampled_instruments(data, config, console), data, console
    ).programmes
    measured = {
        name: build(data, grid(names, drives), recipe, config.audio, console, WORKERS)
        for name, (recipe, drives) in splits(config).items()
    }
    return Course(config, layout, learned, measured)


def train_peer(network: nn.Module, course: Course, steps: int, name: str, console: Console) -> None:
    """The decoder's own loss, windows and schedule for any network with its signature; in place.

    Networks with an equal past see the very same windows and places.
    """
    train = course.config.train
    generator = torch.Generator().manual_seed(train.seed)
    windows = Windows(course.programmes)
    places = torch.tensor([course.layout.at(p.setting.device, p.setting.drive) for p in course.programmes])  # (S, Z)

    def take_step() -> float:
        error, loss, _ = place_lesson(network, windows, places, train, generator)
        loss.mean().backward()
        return float(error.detach().mean())

    phase = Phase(name, network, take_step, train.learning_rate, steps)
    with denormals_flushed():
        for _ in track(range(steps), name, console=console):
            phase.take_step()
            phase.descend()


def errors(network: nn.Module, course: Course) -> dict[str, float]:
    """{SPLIT_median, SPLIT_mean}: ESR over the clips of each split, at the places of their settings."""
    row: dict[str, float] = {}
    for split, programmes in course.splits.items():
        found = place_errors(network, course.config, programmes, course.layout)
        row |= {f"{split}_median": float(found.median()), f"{split}_mean": float(found.mean())}
    return row


def compare(
    course: Course, steps: int, alone: Sequence[str], console: Console, units: Sequence[int] = UNITS
) -> Iterator[dict[str, Any]]:
    """Trains each network in turn, the decoder first, and gives its row: {network, trained_on, measured_on, parameters,
    steps, seconds} and `errors`; None stands for all devices.

    For each device in `alone` there are two rows, of the decoder that learned all devices and of one that learned this
    device alone: the ceiling. Raises PlanError before any training when one of them is not in the course.
    """
    singles = {device: course.of(device) for device in alone}

    def trained(network: nn.Module, name: str, lesson: Course, on: str | None = None) -> dict[str, Any]:
        started = time.perf_counter()
        train_peer(network, lesson, steps, f"{name} on {on}" if on else name, console)
        parameters = sum(tensor.numel() for tensor in network.parameters())
        seconds = round(time.perf_counter() - started)
        return {"network": name, "trained_on": on, "parameters": parameters, "steps": steps, "seconds": seconds}

    def fresh_decoder() -> Decoder:
        torch.manual_seed(course.config.train.seed)
        return Decoder(course.config)

    decoder = fresh_decoder()
    row = trained(decoder, "decoder", course)
    yield row | {"measured_on": None} | errors(decoder, course)
    for count in units:
        torch.manual_seed(course.config.train.seed)
        gru = GruDecoder(course.config, count)
        yield trained(gru, f"GRU-{count}", course) | {"measured_on": None} | errors(gru, course)
    for device, own in singles.items():
        single = fresh_decoder()
        yield row | {"measured_on": device} | errors(decoder, own)
        yield trained(single, "decoder", own, device) | {"measured_on": device} | errors(single, own)
