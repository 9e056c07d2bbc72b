# SPDX-License-Identifier: MIT
"""What the encoder sees of a pair: log-mel statistics, the transfer curve, waveform statistics. Depends on torch
only.
"""

from __future__ import annotations

import torch

from model.config import AudioConfig, ModelConfig

FFT_SIZE = 512
LEVEL_STEP_DB = 3.0  # of the transfer curve
FLOOR = 1e-7  # -70 dB power: below the noise of the quietest clips


def mel_filterbank(bands: int, sample_rate: int) -> torch.Tensor:
    """Triangular filters (bands, FFT_SIZE // 2 + 1) on the HTK mel scale, 40 Hz to 20 kHz."""

    def mel(hz: torch.Tensor) -> torch.Tensor:
        return 2595.0 * torch.log10(1 + hz / 700.0)

    low, high = mel(torch.tensor([40.0, 20_000.0], device="cpu"))
    edges = 700.0 * (10 ** (torch.linspace(float(low), float(high), bands + 2) / 2595.0) - 1)
    bins = torch.linspace(0, sample_rate / 2, FFT_SIZE // 2 + 1)
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    return torch.minimum(rising, falling).clamp(min=0)


def log_mel(sound: torch.Tensor, filterbank: torch.Tensor) -> torch.Tensor:
    """(B, T) → log10 mel power (B, bands, frames)."""
    window = torch.hann_window(FFT_SIZE, dtype=sound.dtype, device=sound.device)
    spectrum = torch.stft(sound, FFT_SIZE, FFT_SIZE // 2, window=window, return_complex=True)  # (B, bins, frames)
    power = spectrum.real**2 + spectrum.imag**2
    return torch.log10(filterbank @ power + FLOOR)


def transfer_curve(dry: torch.Tensor, wet: torch.Tensor, levels: int) -> torch.Tensor:
    """Mean and spread of the wet sample around each of `levels` dry ones, 3 dB apart up to full scale, for either sign.

    (B, T) twice → (B, 6 * levels): mean, spread, and the share of samples there, without which an empty level looks
    like a silent one. Absolute levels, so that a drive has the same curve however loud the clip; memory in the effect
    (filters) shows as spread.
    """
    position = levels - 1 + 20 * torch.log10(dry.abs() + 1e-6) / LEVEL_STEP_DB  # (B, T), full scale at the last level
    centres = torch.arange(levels, dtype=dry.dtype, device=dry.device)
    near = (1 - (position[:, None] - centres[:, None]).abs()).clamp(min=0)  # (B, levels, T)
    parts = []
    for sign in (dry >= 0, dry < 0):
        weights = near * sign[:, None]
        count = weights.sum(dim=2)
        mean = (weights * wet[:, None]).sum(dim=2) / (count + 1e-3)
        power = (weights * wet[:, None] ** 2).sum(dim=2) / (count + 1e-3)
        parts += [mean, (power - mean**2).clamp(min=0).sqrt(), (count / dry.shape[1]).sqrt()]
    return torch.cat(parts, dim=1)


def waveform_statistics(sound: torch.Tensor) -> torch.Tensor:
    """Log peak, log RMS, crest, mean, skewness: (B, 5)."""
    peak = sound.abs().amax(dim=1) + 1e-6
    mean = sound.mean(dim=1)
    rms = sound.pow(2).mean(dim=1).sqrt() + 1e-6
    skewness = ((sound - mean[:, None]) ** 3).mean(dim=1) / rms**3
    return torch.stack([peak.log10(), rms.log10(), rms / peak, mean, skewness.clamp(-3, 3)], dim=1)


def pair_features(
    dry: torch.Tensor, wet: torch.Tensor, filterbank: torch.Tensor, model: ModelConfig, audio: AudioConfig
) -> torch.Tensor:
    """Features of a batch of pairs, both (B, T): (B, feature_count(model))."""
    dry = torch.nn.functional.pad(dry, (audio.latency_samples, 0))[:, : dry.shape[1]]
    parts = [transfer_curve(dry, wet, model.curve_levels)]
    for sound in (dry, wet):
        mel = log_mel(sound, filterbank)
        parts += [mel.mean(dim=2), mel.std(dim=2), waveform_statistics(sound)]
    return torch.cat(parts, dim=1)


def feature_count(model: ModelConfig) -> int:
    return 6 * model.curve_levels + 2 * (2 * model.mel_bands + 5)
