# SPDX-License-Identifier: MIT
"""Where the encoder puts each effect and drive on the map. Depends on `data`, `effects` and `vae`; draws nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from model.data import render_wet
from model.effects import LEARNED, EffectSetting
from model.signals import SignalFactors, render_signal
from model.vae import DistortionVae


@dataclass(frozen=True)
class LatentPoint:
    """The mean of one clip's latent."""

    x: float
    y: float
    effect: str
    drive: float


@torch.no_grad()
def latent_points(vae: DistortionVae, clips_per_effect: int = 60, seed: int = 0) -> list[LatentPoint]:
    """Encodes procedural clips through every effect, drives spread evenly over 0..1."""
    vae.eval()
    audio, samples = vae.config.audio, vae.config.train.clip_samples
    rng = np.random.default_rng(seed)
    points = []
    for effect in LEARNED:
        drives = np.linspace(0, 1, clips_per_effect)
        dry, wet = [], []
        for drive in drives:
            sound = render_signal(SignalFactors.draw(rng), samples, audio.sample_rate, rng)
            dry.append(sound)
            wet.append(render_wet(sound, EffectSetting(effect, float(drive)), audio))
        mean, _ = vae.encoder(torch.from_numpy(np.array(dry)).float(), torch.from_numpy(np.array(wet)).float())
        points += [LatentPoint(float(x), float(y), effect, float(d)) for (x, y), d in zip(mean, drives, strict=True)]
    return points
