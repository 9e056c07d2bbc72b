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


def _relative(output: torch.Tensor, target: torch.Tensor, clip: torch.Tensor, floor: float) -> torch.Tensor:
    """Power of the error over the mean of the target's and that of the clip around it."""
    power = 0.5 * (target.pow(2).mean(dim=-1) + clip.pow(2).mean(dim=-1)) + floor
    return (output - target).pow(2).mean(dim=-1) / power


def reconstruction(
    output: torch.Tensor, target: torch.Tensor, clip: torch.Tensor, coefficient: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """ESR, and what decoders are trained by: error over the mean power of target and clip, plus the same after
    pre-emphasis; output and target (B, T), the clip (B, any) that the target was cut from → (B,) each.

    Pre-emphasis is Wright and Välimäki's ("Perceptual Loss Function for Neural Modeling of Audio Systems", 2020). A
    window of some milliseconds may hold the last of a note's decay: against that power alone, the step would be about
    an error that nobody hears beside the note.
    """
    error, plain = esr(output, target), _relative(output, target, clip, ENERGY_FLOOR)
    output, target, clip = (pre_emphasised(sound, coefficient) for sound in (output, target, clip))
    return error, plain + _relative(output, target, clip, 0.1 * ENERGY_FLOOR)


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
