# SPDX-License-Identifier: MIT
"""Every number that model and quantisation share, as frozen dataclasses; saved as `config.json` beside the weights.

Depends on the standard library only. Shapes travel from here through the artefacts to C++; no number is typed twice.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class AudioConfig:
    sample_rate: int = 48_000  # Hz
    block_size: int = 48  # samples: 1 ms, the audio callback of the module
    oversampling: int = 8  # of the effects that make the training pairs
    latency_samples: int = 6  # how far wet lags behind dry: 0.13 ms, room for the band-limiting of clipped edges


@dataclass(frozen=True)
class ModelConfig:
    channels: int = 8
    kernel_size: int = 3
    dilations: tuple[int, ...] = (1, 2, 4, 8, 16, 32)
    latent_names: tuple[str, ...] = ("x", "y")
    latent_limit: float = 3.0  # the map is the square of +-3, three sigma of the prior
    condition_hidden: int = 24
    condition_channels: int = 8
    hidden_limit: float = 4.0  # clamps of the network are the integer ranges of its quantised twin
    residual_limit: float = 2.0
    mel_bands: int = 32
    curve_levels: int = 20
    encoder_hidden: int = 192


@dataclass(frozen=True)
class TrainConfig:
    seed: int = 1
    steps: int = 10_000
    batch_size: int = 16
    clip_samples: int = 6_000  # what the encoder sees
    decoded_samples: int = 2_048  # of those, what the decoder is trained on: more clips a second beat longer ones
    learning_rate: float = 4e-3  # peak of the one-cycle schedule
    beta: float = 5e-4  # weight of the KL term after warm-up
    beta_warmup: float = 0.1  # share of the steps over which beta rises linearly
    pre_emphasis: float = 0.95  # coefficient of the first-order filter of the second ESR term


@dataclass(frozen=True)
class Config:
    audio: AudioConfig = field(default_factory=AudioConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    train: TrainConfig = field(default_factory=TrainConfig)

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2) + "\n"

    @staticmethod
    def from_dict(data: dict[str, Any]) -> Config:
        """The inverse of `to_json`; unknown or missing keys raise TypeError, so that an old file cannot pass
        silently.
        """
        model = dict(data["model"])
        for key in ("dilations", "latent_names"):
            model[key] = tuple(model[key])
        return Config(AudioConfig(**data["audio"]), ModelConfig(**model), TrainConfig(**data["train"]))

    @staticmethod
    def load(path: Path) -> Config:
        return Config.from_dict(json.loads(path.read_text()))
