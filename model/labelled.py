# SPDX-License-Identifier: MIT
"""A labelled set of pairs for scores of disentanglement: every device at every drive and tone, each with dry clips of
its own, all factors independent and recorded, in the spirit of dSprites (Matthey et al., 2017).

Depends on `devices`, `signals`, `attributes` and `features`. Made in memory and kept nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import torch

from model.attributes import Attributes, measure
from model.config import AudioConfig, Config
from model.data import delayed
from model.devices import SEEN, Device
from model.effects import EFFECTS, EffectSetting, render_chain
from model.features import mel_filterbank, pair_features
from model.signals import SignalFactors, render_signal

# The catalogue's effects of the released map; its plug-ins are not installed everywhere.
DEVICES = tuple(name for name in SEEN if name in EFFECTS)
DRIVES = tuple(np.linspace(0, 1, 7).tolist())
TONES = (0.25, 0.5, 0.75)  # a quarter turn about noon, where the released map was learned
CLIPS = 10  # of each setting: 2,730 pairs
BATCH = 64

NAMES = ("device",)  # labels whose numbers are mere names
DRAWN = ("device", "drive")  # what a map of two axes is meant to carry, as it was drawn
MEASURED = ("odd_share", "distortion")  # the same, as `attributes` measures it: x for character, y for amount
DRY = ("pitch_octaves", "level_db", "brightness")  # of the dry clip, which is none of the latent's business


@dataclass(frozen=True, eq=False)
class LabelledPairs:
    """Pairs and what is known of each; the labels are `tone` and those of DRAWN, MEASURED and DRY."""

    dry: np.ndarray  # (N, T) float32
    wet: np.ndarray  # (N, T) float32, late by the configured latency
    labels: Mapping[str, np.ndarray]  # (N,) each

    def columns(self, names: Sequence[str]) -> np.ndarray:
        """Those labels side by side, (N, F)."""
        return np.stack([self.labels[name] for name in names], axis=1)


def labelled_pairs(
    config: Config,
    devices: Sequence[str] = DEVICES,
    drives: Sequence[float] = DRIVES,
    clips: int = CLIPS,
    seed: int = 0,
) -> LabelledPairs:
    """Every device of EFFECTS at every drive and tone, `clips` pairs each, of the length that encoders are trained on.

    Measured character is the odd harmonics' share, which has nothing to do with how strong harmonics are (rank
    correlation 0.01 over these settings); brightness has (0.82), and could not be an axis of its own beside the amount.
    """
    rng = np.random.default_rng(seed)
    audio, samples = config.audio, config.train.clip_samples
    dry, wet, rows = [], [], []
    for (index, name), drive, tone in product(enumerate(devices), drives, TONES):
        device = _at_tone(name, tone, audio)
        found = _measured(device, drive)
        factors = [SignalFactors.draw_any(rng) for _ in range(clips)]
        played = np.stack([render_signal(f, samples, audio.sample_rate, rng) for f in factors])
        dry.append(played)
        wet += [delayed(sound, audio) for sound in device.render(played, drive)]
        rows += [
            (index, drive, tone, found.odd_share, found.distortion, np.log2(f.pitch_hz), f.level_db, f.brightness)
            for f in factors
        ]
    labels = dict(zip((*DRAWN, "tone", *MEASURED, *DRY), np.array(rows).T, strict=True))
    return LabelledPairs(np.concatenate(dry).astype(np.float32), np.stack(wet).astype(np.float32), labels)


def features(pairs: LabelledPairs, config: Config) -> torch.Tensor:
    """What an encoder sees of each pair, (N, feature_count)."""
    filterbank = mel_filterbank(config.model.mel_bands, config.audio.sample_rate)
    sounds = zip(torch.from_numpy(pairs.dry).split(BATCH), torch.from_numpy(pairs.wet).split(BATCH), strict=True)
    return torch.cat([pair_features(dry, wet, filterbank, config.model, config.audio) for dry, wet in sounds])


def _at_tone(name: str, tone: float, audio: AudioConfig) -> Device:
    def play(dry: np.ndarray, drive: float) -> np.ndarray:
        return render_chain(dry, [EffectSetting(name, drive, tone)], audio.sample_rate, audio.oversampling)

    return Device(name, EFFECTS[name].family, play, audio.sample_rate)


def _measured(device: Device, drive: float) -> Attributes:
    return measure(lambda sound: device.play(sound, drive))
