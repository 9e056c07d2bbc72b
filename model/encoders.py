# SPDX-License-Identifier: MIT
"""Encoders that place a pair of dry and wet on the 2-D map; what they look at is the configuration's to say.

Depends on torch, `config` and `features`; no training, no data. A front turns a pair into features, and the same head
of three layers follows each of them.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import nn

from model.config import Config
from model.features import feature_count, log_mel, mel_filterbank, pair_features

# Of the encoder's running statistics. PyTorch's 0.1 averages some ten batches, and that noise alone moved the latent
# enough to triple the error of a fine-tuned checkpoint (model/LOG.md).
BATCH_NORM_MOMENTUM = 0.01
WIDTH = 32  # channels of a convolution's first layer


class Front(nn.Module):
    """dry and wet (B, T) → features (B, count)."""

    count: int


class Statistics(Front):
    """What is known to tell distortions apart: transfer curve, mean and spread of mel bands, peak, crest, skewness."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config, self.count = config, feature_count(config.model)
        bank = mel_filterbank(config.model.mel_bands, config.audio.sample_rate)
        self.register_buffer("filterbank", bank, persistent=False)

    def forward(self, dry: torch.Tensor, wet: torch.Tensor) -> torch.Tensor:
        return pair_features(dry, wet, self.filterbank, self.config.model, self.config.audio)


class MelPair(nn.Module):
    """Log-mel pictures of dry and wet, (B, T) twice → (B, 2, bands, frames), about 1 apart."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        bank = mel_filterbank(config.model.mel_bands, config.audio.sample_rate)
        self.register_buffer("filterbank", bank, persistent=False)

    def forward(self, dry: torch.Tensor, wet: torch.Tensor) -> torch.Tensor:
        return torch.stack([log_mel(sound, self.filterbank) for sound in (dry, wet)], dim=1)


class MelConvolution(Front):
    """The pictures through three layers that halve both sides, then means over time."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        widths = (2, WIDTH, 2 * WIDTH, 4 * WIDTH)
        layers = [layer for a, b in pairwise(widths) for layer in (nn.Conv2d(a, b, 3, stride=2, padding=1), nn.GELU())]
        self.picture, self.layers = MelPair(config), nn.Sequential(*layers)
        self.count = widths[-1] * -(-config.model.mel_bands // 8)

    def forward(self, dry: torch.Tensor, wet: torch.Tensor) -> torch.Tensor:
        return self.layers(self.picture(dry, wet)).mean(dim=3).flatten(1)


class WaveformConvolution(Front):
    """Both waveforms as two channels through three strided layers, then mean and spread over time."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv1d(2, WIDTH, 64, stride=8),
            nn.GELU(),
            nn.Conv1d(WIDTH, 2 * WIDTH, 16, stride=4),
            nn.GELU(),
            nn.Conv1d(2 * WIDTH, 4 * WIDTH, 8, stride=2),
            nn.GELU(),
        )
        self.count = 2 * 4 * WIDTH

    def forward(self, dry: torch.Tensor, wet: torch.Tensor) -> torch.Tensor:
        found = self.layers(torch.stack([dry, wet], dim=1))
        return torch.cat([found.mean(dim=2), found.std(dim=2)], dim=1)


class Recurrent(Front):
    """The pictures frame by frame into a GRU: its last state, and the mean of all."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.picture = MelPair(config)
        self.gru = nn.GRU(2 * config.model.mel_bands, 4 * WIDTH, batch_first=True)
        self.count = 2 * 4 * WIDTH

    def forward(self, dry: torch.Tensor, wet: torch.Tensor) -> torch.Tensor:
        states, last = self.gru(self.picture(dry, wet).flatten(1, 2).transpose(1, 2))  # (B, frames, states)
        return torch.cat([last[0], states.mean(dim=1)], dim=1)


FRONTS: dict[str, Callable[[Config], Front]] = {  # ENCODERS
    "statistics": Statistics,
    "mel": MelConvolution,
    "waveform": WaveformConvolution,
    "recurrent": Recurrent,
}


class Encoder(nn.Module):
    """Mean and log-variance of the latent from a pair; the mean stays within the map by construction."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        model = config.model
        self.limit = model.latent_limit
        self.front = FRONTS[model.encoder](config)
        self.network = nn.Sequential(
            nn.BatchNorm1d(self.front.count, momentum=BATCH_NORM_MOMENTUM),
            nn.Linear(self.front.count, model.encoder_hidden),
            nn.GELU(),
            nn.Linear(model.encoder_hidden, model.encoder_hidden),
            nn.GELU(),
            nn.Linear(model.encoder_hidden, 2 * len(model.latent_names)),
        )

    def hidden(self, dry: torch.Tensor, wet: torch.Tensor) -> torch.Tensor:
        """dry and wet (B, T) → (B, encoder_hidden): the layer before it is squeezed to two numbers."""
        return self.network[:-1](self.front(dry, wet))

    def forward(self, dry: torch.Tensor, wet: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """dry and wet (B, T) → mean (B, Z), log-variance (B, Z)."""
        mean, log_variance = self.network[-1](self.hidden(dry, wet)).chunk(2, dim=1)
        # Not tanh: clips that had reached its flat ends never came back.
        return self.limit * mean / (self.limit + mean.abs()), log_variance.clamp(-12, 2)
