# SPDX-License-Identifier: MIT
"""Multi-resolution STFT distance of two sounds: a measure, and differentiable, so a loss as well. Depends on torch
only.
"""

from __future__ import annotations

import torch

# FFT size, hop, window length; and the least power of a bin: as in auraloss, so that figures can be compared.
RESOLUTIONS = ((1024, 120, 600), (2048, 240, 1200), (512, 50, 240))
LEAST_POWER = 1e-8
SHORTEST = 1025  # samples: the longest FFT reflects half of itself at either end


def magnitudes(sound: torch.Tensor, fft_size: int, hop: int, window_length: int) -> torch.Tensor:
    """(B, T) → (B, bins, frames), Hann window."""
    window = torch.hann_window(window_length, dtype=sound.dtype, device=sound.device)
    spectrum = torch.stft(sound, fft_size, hop, window_length, window, return_complex=True)
    return (spectrum.real**2 + spectrum.imag**2).clamp(min=LEAST_POWER).sqrt()


def mr_stft_distance(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Spectral convergence plus the mean distance of log magnitudes (natural), averaged over three resolutions.

    Both (B, T) → (B,); 0 for equal sounds. Raises ValueError for clips shorter than SHORTEST. Yamamoto et al.,
    "Parallel WaveGAN", ICASSP 2020, with the sizes and the floor of auraloss (Steinmetz and Reiss, 2020).
    """
    if target.shape[-1] < SHORTEST:
        raise ValueError(
            f"clips of {target.shape[-1]} samples are too short for this distance; give {SHORTEST} or more"
        )
    distances = []
    for resolution in RESOLUTIONS:
        ours, theirs = magnitudes(output, *resolution), magnitudes(target, *resolution)
        convergence = (ours - theirs).norm(dim=(1, 2)) / theirs.norm(dim=(1, 2))
        distances.append(convergence + (ours.log() - theirs.log()).abs().mean(dim=(1, 2)))
    return torch.stack(distances).mean(dim=0)
