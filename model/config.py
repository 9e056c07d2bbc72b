# SPDX-License-Identifier: MIT
"""Every number that model and quantisation share, as frozen dataclasses; saved as `config.json` beside the weights.

Depends on the standard library only. Shapes travel from here through the artefacts to C++; no number is typed twice.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

# A module takes a decoder to have forgotten what came longer ago: kSettlingSeconds of firmware/core/decoder.h.
SETTLING_SECONDS = 0.02
# Terms of a decoder's and an encoder's loss besides the error; `TrainConfig` has their weights.
TERMS = ("straightness", "evenness", "faintness", "amount", "aliasing", "beta")
# What an encoder looks at; `encoders` has them.
ENCODERS = ("statistics", "mel", "waveform", "recurrent")


@dataclass(frozen=True)
class AudioConfig:
    sample_rate: int = 48_000  # Hz
    block_size: int = 48  # samples: 1 ms, the audio callback of the module
    oversampling: int = 8  # of the effects that make the training pairs
    latency_samples: int = 6  # how far wet lags behind dry: 0.13 ms, room for the band-limiting of clipped edges


@dataclass(frozen=True)
class ModelConfig:
    channels: int = 12
    kernel_size: int = 3
    dilations: tuple[int, ...] = (1, 2, 6, 14, 34, 81)  # 6 ms of past, for coupling capacitors
    latent_names: tuple[str, ...] = ("x", "y")
    latent_limit: float = 3.0  # the map is the square of +-3, three sigma of the prior
    condition_hidden: int = 32  # more learn worse at this rate
    condition_channels: int = 8
    hidden_limit: float = 4.0  # clamps of the network are the integer ranges of its quantised twin
    residual_limit: float = 2.0
    gain_limit: float = 8.0  # of the loudness at which a channel hears the sound
    encoder: str = "statistics"  # one of ENCODERS
    mel_bands: int = 32
    curve_levels: int = 20
    encoder_hidden: int = 192

    def __post_init__(self) -> None:
        if self.encoder not in ENCODERS:
            raise ValueError(f"encoder {self.encoder} is not one of {', '.join(ENCODERS)}")

    @property
    def past(self) -> int:
        """How many samples before it a sample of wet depends on."""
        return (self.kernel_size - 1) * sum(self.dilations)


@dataclass(frozen=True)
class DataConfig:
    drives: tuple[float, ...] = (0.0, 0.25, 0.5, 0.75, 1.0)  # of the settings that are learned
    seconds: float = 16.0  # of audio for each setting
    recording_share: float = 0.4  # of the clips come from recordings, when there are any
    seed: int = 1


@dataclass(frozen=True)
class TrainConfig:
    seed: int = 1
    steps: int = 62_000  # of the decoder
    rounding_steps: int = 3_000  # of the decoder, with its weights rounded to 8 bits
    encoder_steps: int = 2_000
    batch_size: int = 128
    clip_samples: int = 6_000  # what the encoder sees, and whose power errors are measured against
    decoded_samples: int = 256  # what the decoder is trained on: many settings in a step beat long clips
    learning_rate: float = 1.25e-2  # peak of the decoder's one-cycle schedule
    rounding_learning_rate: float = 5e-4
    encoder_learning_rate: float = 2e-3
    place_spread: float = 0.05  # standard deviation of the prior around a setting's place on the map
    straightness: float = 10.0  # weight of the condition's bends between neighbouring places
    evenness: float = 0.1  # weight of the loudness's bends there
    faintness: float = 0.02  # weight of gains below 1
    amount: float = 0.3  # weight of distortion that falls where y rises
    aliasing: float = 0.02  # weight of high notes' aliases at much drive
    beta: float = 1e-3  # weight of the KL term at the end of each cycle
    beta_cycles: int = 2
    pre_emphasis: float = 0.95  # coefficient of the first-order filter of the second ESR term


@dataclass(frozen=True)
class Config:
    audio: AudioConfig = field(default_factory=AudioConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    data: DataConfig = field(default_factory=DataConfig)
    train: TrainConfig = field(default_factory=TrainConfig)

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2) + "\n"

    @staticmethod
    def from_dict(data: dict[str, Any]) -> Config:
        """The inverse of `to_json`; unknown or missing keys raise TypeError, so that an old file cannot pass
        silently.
        """
        parts = {"audio": AudioConfig, "model": ModelConfig, "data": DataConfig, "train": TrainConfig}
        if set(data) != set(parts):
            raise TypeError(f"a configuration has {', '.join(parts)}, this one {', '.join(data)}")
        made: dict[str, Any] = {}
        for name, part in parts.items():
            known = {known.name for known in fields(part)}
            if set(data[name]) != known:
                raise TypeError(f"{name} has {', '.join(sorted(set(data[name]) ^ known))} too few or too many")
            made[name] = part(**{key: tuple(v) if isinstance(v, list) else v for key, v in data[name].items()})
        return Config(**made)

    @staticmethod
    def load(path: Path) -> Config:
        return Config.from_dict(json.loads(path.read_text()))
