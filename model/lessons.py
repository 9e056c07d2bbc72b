# SPDX-License-Identifier: MIT
"""What a decoder, or a peer of it, is taught in a step: to play windows of clips as their settings do.

Depends on torch, `config`, `data` and `losses`; knows no optimiser.
"""

from __future__ import annotations

import torch

from model.config import TrainConfig
from model.data import Windows
from model.losses import reconstruction


def clip_lesson(
    network: torch.nn.Module, dry: torch.Tensor, wet: torch.Tensor, z: torch.Tensor, train: TrainConfig
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """ESR and loss of a decoder, or of a peer of it, in the middle of clips: dry and wet (B, T), z (B, 2) → (B,), (B,),
    and what was heard of dry.
    """
    samples = network.past + train.decoded_samples
    first = (dry.shape[1] - samples) // 2
    heard, expected = (sound[:, first : first + samples] for sound in (dry, wet))
    output = network.settled(heard[:, None], z[:, :, None])[:, 0]
    return *reconstruction(output, expected[:, network.past :], wet, train.pre_emphasis), heard


def place_lesson(
    network: torch.nn.Module, windows: Windows, places: torch.Tensor, train: TrainConfig, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The same for clips that are drawn, each with a latent from the prior around its setting's place, (S, 2)."""
    samples = max(train.clip_samples, network.past + train.decoded_samples)
    dry, wet, which = windows.draw(train.batch_size, samples, generator)
    z = places[which] + train.place_spread * torch.randn(len(which), places.shape[1], generator=generator)
    return clip_lesson(network, dry, wet, z, train)
