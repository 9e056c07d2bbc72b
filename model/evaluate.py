# SPDX-License-Identifier: MIT
"""Measures a VAE on pairs it never trained on: ESR per clip and MR-STFT distance per programme, summarised per split.

Depends on `data`, `layout`, `vae`, `losses` and `spectral`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import nn

from model.config import Config
from model.data import Programme
from model.layout import Layout
from model.losses import esr
from model.spectral import mr_stft_distance
from model.vae import DistortionVae


def between(drives: Sequence[float]) -> tuple[float, ...]:
    """The drives halfway between those of a grid."""
    return tuple((a + b) / 2 for a, b in pairwise(drives))


@dataclass(frozen=True, eq=False)
class SplitErrors:
    """ESR of each clip of one split, by the latent of the setting's place, and by the encoder's mean; and the MR-STFT
    distance of each programme, for its longest FFT wants more than a clip.
    """

    devices: tuple[str, ...]  # of each clip
    place: np.ndarray  # (clips,)
    encoder: np.ndarray  # (clips,)
    distance: np.ndarray  # (programmes,): at the setting's place

    def row(self, split: str) -> dict[str, Any]:
        """{split, clips, esr_median, esr_mean, esr_p95, mr_stft_median, encoder_median, encoder_mean,
        esr_median_by_device}.
        """
        names = np.array(self.devices)
        return {
            "split": split,
            "clips": len(names),
            "esr_median": float(np.median(self.place)),
            "esr_mean": float(np.mean(self.place)),
            "esr_p95": float(np.percentile(self.place, 95)),
            "mr_stft_median": float(np.median(self.distance)),
            "encoder_median": float(np.median(self.encoder)),
            "encoder_mean": float(np.mean(self.encoder)),
            "esr_median_by_device": {n: float(np.median(self.place[names == n])) for n in sorted(set(self.devices))},
        }


def clips(programme: Programme, length: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Dry and wet of a programme, cut into clips (N, length)."""
    count = len(programme.dry) // length
    both = (torch.from_numpy(np.array(sound[: count * length])) for sound in (programme.dry, programme.wet))
    dry, wet = (sound.reshape(count, length) for sound in both)
    return dry, wet


def _place(programme: Programme, layout: Layout, clips: int) -> torch.Tensor:
    return torch.tensor(layout.at(programme.setting.device, programme.setting.drive)).expand(clips, -1)


def _decoded(decoder: nn.Module, dry: torch.Tensor, wet: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    """ESR of each clip (clips,), once the decoder's past has filled."""
    output = decoder.settled(dry[:, None], z[:, :, None])[:, 0]
    return esr(output, wet[:, -output.shape[1] :])


def _distance(decoder: nn.Module, programme: Programme, z: torch.Tensor) -> torch.Tensor:
    """MR-STFT distance of the whole programme at z (2,): (1,), once the decoder's past has filled."""
    dry, wet = (torch.from_numpy(np.array(sound))[None] for sound in (programme.dry, programme.wet))
    output = decoder.settled(dry[:, None], z[None, :, None])[:, 0]
    return mr_stft_distance(output, wet[:, -output.shape[1] :])


@torch.no_grad()
def place_errors(decoder: nn.Module, config: Config, programmes: Sequence[Programme], layout: Layout) -> torch.Tensor:
    """ESR of each clip (clips,) of any network with the decoder's signature, at the places of the settings."""
    errors = []
    for programme in programmes:
        dry, wet = clips(programme, config.train.clip_samples)
        errors.append(_decoded(decoder, dry, wet, _place(programme, layout, len(dry))))
    return torch.cat(errors)


@torch.no_grad()
def split_errors(vae: DistortionVae, programmes: Sequence[Programme], layout: Layout) -> SplitErrors:
    """ESR of each clip, at the place of its setting and where the encoder puts it; MR-STFT distances at the places."""
    vae.eval()
    names: list[str] = []
    place: list[torch.Tensor] = []
    encoder: list[torch.Tensor] = []
    distance: list[torch.Tensor] = []
    for programme in programmes:
        dry, wet = clips(programme, vae.config.train.clip_samples)
        z = _place(programme, layout, len(dry))
        place.append(_decoded(vae.decoder, dry, wet, z))
        distance.append(_distance(vae.decoder, programme, z[0]))
        encoder.append(_decoded(vae.decoder, dry, wet, vae.encoder(dry, wet)[0]))
        names += [programme.setting.device] * len(dry)
    return SplitErrors(tuple(names), *(torch.cat(errors).numpy() for errors in (place, encoder, distance)))
