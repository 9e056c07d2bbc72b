# SPDX-License-Identifier: MIT
"""Measures a VAE on pairs it never trained on: ESR per clip, summarised per split. Depends on `data`, `vae`,
`losses`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from model.data import EVALUATION_SPLIT, PairDataset
from model.losses import esr
from model.sources import Recording
from model.vae import DistortionVae

BATCH = 20
SEED = 0  # of the pairs; the same for every model, whatever it was trained with


@torch.no_grad()
def clip_esr(vae: DistortionVae, dataset: PairDataset) -> tuple[np.ndarray, list[str]]:
    """ESR of each clip at the encoder's mean, after the receptive field has filled, and each clip's effect."""
    vae.eval()
    start = vae.decoder.receptive_field
    ratios, names = [], []
    for first in range(0, len(dataset), BATCH):
        pairs = [dataset.pair(i) for i in range(first, min(first + BATCH, len(dataset)))]
        dry = torch.from_numpy(np.stack([p.dry for p in pairs]))
        wet = torch.from_numpy(np.stack([p.wet for p in pairs]))
        output, _, _ = vae(dry, wet)
        ratios.append(esr(output[:, start:], wet[:, start:]).numpy())
        names += [p.setting.name for p in pairs]
    return np.concatenate(ratios), names


def evaluate(vae: DistortionVae, clips: int = 300, recordings: Sequence[Recording] = ()) -> list[dict[str, Any]]:
    """Rows {split, clips, esr_median, esr_mean, esr_p95, by_effect}: `seen` are unseen clips of the effects and signal
    families of training; `unseen_sources` the same effects on recordings, when given.
    """
    config = vae.config

    def row(split: str, sounds: Sequence[Recording], share: float) -> dict[str, Any]:
        dataset = PairDataset(config.audio, config.train.clip_samples, SEED, clips, EVALUATION_SPLIT, sounds, share)
        ratios, names = clip_esr(vae, dataset)
        effects = {
            e: float(np.median([r for r, n in zip(ratios, names, strict=True) if n == e])) for e in sorted(set(names))
        }
        return {
            "split": split,
            "clips": clips,
            "esr_median": float(np.median(ratios)),
            "esr_mean": float(np.mean(ratios)),
            "esr_p95": float(np.percentile(ratios, 95)),
            "esr_median_by_effect": effects,
        }

    rows = [row("seen", (), 0.0)]
    if recordings:
        rows.append(row("unseen_sources", recordings, 1.0))
    return rows
