# SPDX-License-Identifier: MIT
"""What a checkpoint sounds like: walks over the map, every device beside its effect, dying notes. Arrays, no files.

Depends on `gallery`'s effects, `map_measures` for loudness and `decay` for its note.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch

from model.decay import dying_note
from model.gallery import TAIL_DRIVE, effect, some
from model.layout import Layout
from model.losses import esr
from model.map_measures import k_weighted_loudness
from model.scores import decoder_render
from model.vae import DistortionVae

SPOTS = 9  # of a walk
SPOT_SECONDS, GAP_SECONDS, FADE_SECONDS = 0.8, 0.08, 0.005
WALK_LKFS = -20.0  # every spot, as the module's table levels them
MOST_GAIN_DB = 30.0
LINES = (-0.5, 0.5)  # of the half width: where the walks go
DRY_PEAK = 0.5
DEVICE_SECONDS, DEVICE_DRIVE = 1.5, 0.75
TAIL_GAIN_DB = 30.0
TAILS = ("soft_clip", "rat", "gx_fuzz")  # those of them that are there


class Sound(NamedTuple):
    """The chapter that it belongs to, the name of its file, what one hears, and its samples in [-1, 1]."""

    chapter: str
    file: str
    title: str
    samples: np.ndarray  # (samples,)


def phrase(recording: np.ndarray, seconds: float, sample_rate: int) -> np.ndarray:
    """The stretch (samples,) of a recording with most energy, at a peak of DRY_PEAK and faded in and out."""
    length = min(round(seconds * sample_rate), len(recording))
    energy = np.cumsum(np.concatenate([[0.0], np.square(recording)]))
    first = int(np.argmax(energy[length:] - energy[:-length]))
    cut = recording[first : first + length] * _fades(length, sample_rate)
    return DRY_PEAK * cut / max(float(np.abs(cut).max()), 1e-6)


def walks(vae: DistortionVae, phrases: Mapping[str, np.ndarray]) -> Iterator[Sound]:
    """Each phrase dry, and then at SPOTS spots one after the other: along x at two heights, along y at two places."""
    rate, limit = vae.config.audio.sample_rate, vae.decoder.latent_limit
    along = np.linspace(-limit, limit, SPOTS)
    for name, recording in phrases.items():
        dry = phrase(recording, SPOT_SECONDS, rate)
        yield Sound("walks", f"walk_{name}_dry.wav", f"{name}, dry", dry)
        for axis, other, turned in (("x", "y", 1), ("y", "x", -1)):
            for line in LINES:
                z = np.stack([along, np.full(SPOTS, line * limit)], axis=1)[:, ::turned]
                title = f"{name} along {axis} from {-limit:+g} to {limit:+g}, {other} {line * limit:+g}"
                yield Sound("walks", f"walk_{name}_{axis}_{line:+g}.wav", title, _walk(vae, dry, z))


def _walk(vae: DistortionVae, dry: np.ndarray, z: np.ndarray) -> np.ndarray:
    rate = vae.config.audio.sample_rate
    wets = decoder_render(vae)(dry, z)
    wets = wets - wets.mean(axis=1, keepdims=True)  # the module blocks DC
    gains_db = np.minimum(WALK_LKFS - k_weighted_loudness(wets), MOST_GAIN_DB)
    levelled = wets * 10 ** (gains_db / 20)[:, None] * _fades(len(dry), rate)
    return np.clip(np.pad(levelled, ((0, 0), (0, round(GAP_SECONDS * rate)))).ravel(), -1, 1)


def beside_effects(
    vae: DistortionVae, layout: Layout, devices: Sequence[str], name: str, recording: np.ndarray
) -> Iterator[Sound]:
    """A recording dry, then through each device at high drive and through the decoder at its place."""
    audio = vae.config.audio
    dry = phrase(recording, DEVICE_SECONDS, audio.sample_rate)
    yield Sound("devices", "device_dry.wav", f"{name}, dry", dry)
    for device in devices:
        target = effect(device, dry, DEVICE_DRIVE, audio)
        wet = decoder_render(vae)(dry, np.array([layout.at(device, DEVICE_DRIVE)]))[0]
        yield Sound("devices", f"device_{device}_effect.wav", f"{device}, the effect", target)
        yield Sound(
            "devices",
            f"device_{device}_decoder.wav",
            f"{device}, the decoder: ESR {100 * _esr(wet, target):.2g} %",
            wet,
        )


def tails(vae: DistortionVae, layout: Layout, devices: Sequence[str]) -> Iterator[Sound]:
    """A dying note through a few devices and the decoder at their places, and its second half once more, louder."""
    audio = vae.config.audio
    note = dying_note(audio.sample_rate)
    for device in some(devices, TAILS):
        decoded = decoder_render(vae)(note, np.array([layout.at(device, TAIL_DRIVE)]))[0]
        for what, wet in (("effect", effect(device, note, TAIL_DRIVE, audio)), ("decoder", decoded)):
            tail = 10 ** (TAIL_GAIN_DB / 20) * wet[len(wet) // 2 :]
            samples = np.clip(np.concatenate([wet, np.zeros(len(wet) // 4), tail]), -1, 1)
            yield Sound("tails", f"tail_{device}_{what}.wav", f"{device}, the {what}", samples)


def _esr(wet: np.ndarray, target: np.ndarray) -> float:
    return float(esr(torch.from_numpy(wet)[None].double(), torch.from_numpy(target)[None])[0])


def _fades(length: int, sample_rate: int) -> np.ndarray:
    """An envelope (length,) that rises and falls within FADE_SECONDS."""
    edge = np.minimum(np.arange(length), np.arange(length)[::-1])
    return np.minimum(edge / (FADE_SECONDS * sample_rate), 1.0)
