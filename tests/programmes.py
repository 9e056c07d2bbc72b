# SPDX-License-Identifier: MIT
"""Small programmes for tests of training: noise through a tanh at three drives, made in no time; and noise that stands
for playing.
"""

from __future__ import annotations

import numpy as np

from model.config import Config, DataConfig, ModelConfig, TrainConfig
from model.data import Programme, Setting, delayed
from model.layout import Layout, Place

DRIVES = (0.0, 0.5, 1.0)
SMALL = Config(
    model=ModelConfig(channels=4, dilations=(1, 4), condition_hidden=4, condition_channels=2, encoder_hidden=16),
    data=DataConfig(drives=DRIVES, seconds=1.0),
    train=TrainConfig(
        steps=6, rounding_steps=2, encoder_steps=4, batch_size=4, clip_samples=1_024, decoded_samples=256
    ),
)
LAYOUT = Layout(tuple(Place("tanh", "soft", drive, 0.0, 6 * drive - 3) for drive in DRIVES))


def noise_bursts(seed: int = 0) -> np.ndarray:
    """Two seconds of soft-edged noise bursts: below 8 kHz, so that resampling to 44.1 kHz loses nothing."""
    rng, rate = np.random.default_rng(seed), SMALL.audio.sample_rate
    spectrum = np.fft.rfft(rng.normal(size=2 * rate))
    spectrum[np.fft.rfftfreq(2 * rate, 1 / rate) > 8_000] = 0
    noise = np.fft.irfft(spectrum)
    return 0.3 * noise / np.abs(noise).max() * (1.5 + np.sin(2 * np.pi * 3 * np.arange(2 * rate) / rate))


def tanh_programmes(samples: int = 6_000, seed: int = 0) -> list[Programme]:
    """One for each of DRIVES, louder and quieter by turns."""
    rng = np.random.default_rng(seed)
    loudness = np.repeat(rng.uniform(0.1, 1.0, samples // 100), 100)
    dry = loudness * rng.uniform(-1, 1, len(loudness))
    wets = [delayed(0.9 * np.tanh((1 + 8 * drive) * dry), SMALL.audio) for drive in DRIVES]
    pairs = [(dry.astype(np.float32), wet.astype(np.float32)) for wet in wets]
    return [Programme(Setting("tanh", drive), *pair) for drive, pair in zip(DRIVES, pairs, strict=True)]
