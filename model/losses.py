# SPDX-License-Identifier: MIT
"""Losses of waveforms and of the latent, and the schedule of the KL term. Depends on torch only."""

from __future__ import annotations

import math

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


def reconstruction(output: torch.Tensor, target: torch.Tensor, coefficient: float) -> tuple[torch.Tensor, torch.Tensor]:
    """ESR, and what decoders are trained by: the same plus that after pre-emphasis; (B, T) and (B, T or more), of which
    the end counts → (B,) each.
    """
    target = target[:, -output.shape[1] :]
    error = esr(output, target)
    return error, error + pre_emphasised_esr(output, target, coefficient)


def kl_divergence(
    mean: torch.Tensor, log_variance: torch.Tensor, prior_mean: torch.Tensor, prior_variance: float
) -> torch.Tensor:
    """KL of N(mean, exp(log_variance)) from N(prior_mean, prior_variance), summed over the latent, (B, Z) → (B,), nats.

    Kingma and Welling, "Auto-Encoding Variational Bayes", 2014, appendix B, for any diagonal prior.
    """
    ratio = log_variance.exp() / prior_variance
    return 0.5 * ((mean - prior_mean).pow(2) / prior_variance + ratio - 1 - ratio.log()).sum(dim=1)


def cyclical(step: int, steps: int, cycles: int) -> float:
    """0..1: in each of `cycles` a cosine rise over the first half, then 1.

    Fu et al., "Cyclical Annealing Schedule: A Simple Approach to Mitigating KL Vanishing", NAACL 2019.
    """
    position = (step * cycles / max(steps, 1)) % 1.0
    return 0.5 * (1 - math.cos(math.pi * min(1.0, 2 * position)))
