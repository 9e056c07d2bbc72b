# SPDX-License-Identifier: MIT
"""Pairs of dry and wet audio, drawn by index: pair i of a seed is always the same, so training resumes without
storing audio.

Depends on `signals`, `sources`, `effects` and torch's Dataset; knows nothing of networks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch.utils.data import Dataset

from model.config import AudioConfig
from model.effects import EffectSetting, render_chain
from model.signals import SignalFactors, render_signal
from model.sources import Recording

# Seeds of the splits; a pair's generator is seeded with (split, seed, index), so splits cannot overlap.
TRAINING_SPLIT, EVALUATION_SPLIT = 0, 1
QUIETEST_PEAK = 1e-3  # -60 dBFS: quieter pairs teach nothing and make ESR meaningless
LARGEST_DRAW = 20


@dataclass(frozen=True, eq=False)
class Pair:
    """A dry clip, what one effect setting makes of it, and how it was drawn."""

    dry: np.ndarray  # (samples,) float32
    wet: np.ndarray  # (samples,) float32, delayed by the configured latency
    setting: EffectSetting
    source: str  # a key of SIGNALS, or "recording"


def render_wet(dry: np.ndarray, setting: EffectSetting, audio: AudioConfig) -> np.ndarray:
    """What a decoder should give for dry (samples,): the effect, late by the configured latency."""
    wet = render_chain(dry, [setting], audio.sample_rate, audio.oversampling)
    return np.concatenate([np.zeros(audio.latency_samples), wet])[: len(dry)]


def draw_pair(
    rng: np.random.Generator, audio: AudioConfig, samples: int, recordings: Sequence[Recording] = (), share: float = 0.5
) -> Pair:
    """Draws a pair; `share` of the clips come from recordings when there are any. Redraws pairs that are all but
    silent.
    """
    for _ in range(LARGEST_DRAW):
        if recordings and rng.uniform() < share:
            dry, source = recordings[int(rng.integers(len(recordings)))].excerpt(samples, rng), "recording"
        else:
            factors = SignalFactors.draw(rng)
            dry, source = render_signal(factors, samples, audio.sample_rate, rng), factors.kind
        setting = EffectSetting.draw(rng)
        wet = render_wet(dry, setting, audio)
        if min(np.abs(dry).max(), np.abs(wet).max()) >= QUIETEST_PEAK and np.isfinite(wet).all():
            return Pair(dry.astype(np.float32), wet.astype(np.float32), setting, source)
    raise ValueError(f"{LARGEST_DRAW} clips in a row were silent: the recordings hold too little sound")


@dataclass
class PairDataset(Dataset):
    """A list of pairs, each made when it is asked for: `dataset[i]` is (dry, wet), float32 tensors (samples,)."""

    audio: AudioConfig
    samples: int
    seed: int
    length: int
    split: int = TRAINING_SPLIT
    recordings: Sequence[Recording] = field(default_factory=list)
    recording_share: float = 0.5

    def __len__(self) -> int:
        return self.length

    def pair(self, index: int) -> Pair:
        rng = np.random.default_rng((self.split, self.seed, index))
        return draw_pair(rng, self.audio, self.samples, self.recordings, self.recording_share)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        pair = self.pair(index)
        return torch.from_numpy(pair.dry), torch.from_numpy(pair.wet)
