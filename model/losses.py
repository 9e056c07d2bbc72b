# SPDX-License-Identifier: MIT
"""Losses of waveforms and of the latent. Depends on torch only."""

from __future__ import annotations

import torch

# Keeps the ratio finite for near-silent clips; -50 dB below full-scale power.
ENERGY_FLOOR = 1e-5


def esr(output: torch.Tensor, target: torch.Tensor, floor: float = ENERGY_FLOOR) -> torch.Tensor:
    """Error-to-signal ratio of each clip, (B, T) → (B,); `floor` is added to the target's power.

    Damskägg et al., "Deep Learning for Tube Amplifier Emulation", ICASSP 2019; the floor is ours.
    """
    energy = target.pow(2).mean(dim=-1) + floor
    return (output - target).pow(2).mean(dim=-1) / energy


def pre_emphasised(sound: torch.Tensor, coefficient: float) -> torch.Tensor:
    """First-order high-pass 1 - coefficient * z^-1, (B, T) → (B, T - 1)."""
    return sound[..., 1:] - coefficient * sound[..., :-1]


def pre_emphasised_esr(output: torch.Tensor, target: torch.Tensor, coefficient: float) -> torch.Tensor:
    """ESR after pre-emphasis (Wright and Välimäki, "Perceptual Loss Function for Neural Modeling of Audio Systems",
    2020).
    """
    energy = pre_emphasised(target, coefficient).pow(2).mean(dim=-1) + 0.1 * ENERGY_FLOOR
    return pre_emphasised(output - target, coefficient).pow(2).mean(dim=-1) / energy


def kl_divergence(mean: torch.Tensor, log_variance: torch.Tensor) -> torch.Tensor:
    """KL of N(mean, exp(log_variance)) from N(0, 1), summed over the latent, (B, Z) → (B,), nats."""
    return 0.5 * (mean.pow(2) + log_variance.exp() - 1 - log_variance).sum(dim=1)
