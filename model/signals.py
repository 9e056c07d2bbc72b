# SPDX-License-Identifier: MIT
"""Procedural dry audio with labelled factors: what is played, how high, how loud, with which envelope.

Depends on NumPy, SciPy, `oscillators` and `eurorack`, which holds a modular player's sounds. Files of recorded audio
are in `sources`, with the same interface: a generator and a length.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy import signal

from model.eurorack import EURORACK
from model.oscillators import running_phase

ATTACK_S = 0.002  # shorter attacks would click by themselves


@dataclass(frozen=True)
class SignalFactors:
    """The factors of a procedural clip, drawn before it is rendered, as in dSprites (Matthey et al., 2017).

    All are drawn independently of each other, so that a factor can be read without the rest. Not every kind hears every
    factor: `shape` and `glide_octaves` are for the kinds of `eurorack`, whose drums have their own pitches.
    What is left to the generator is phases, noise, and small details of the kinds in PLAIN.
    """

    kind: str  # a key of SIGNALS
    pitch_hz: float  # 40..2000, of `draw_any` 40..8000
    level_db: float  # peak, dBFS, -30..0
    brightness: float  # 0..1: spectral shape of the source
    decay_s: float  # time constant of the envelope; above 1 s it sounds sustained
    onset: float  # 0..0.5: where in the clip the note starts, as a share of its length
    tremolo_hz: float  # 0: none
    shape: float = 0.5  # 0..1: pulse width, FM ratio, resonance or tuning of a drum
    glide_octaves: float = 0.0  # -2..2: how far pitch or cutoff moves over the clip
    noise: float = 0.0  # 0..0.5: the share of white noise under the same envelope

    @staticmethod
    def draw(rng: np.random.Generator) -> SignalFactors:
        """One of PLAIN, as the released model's clips are drawn."""
        return SignalFactors(
            kind=str(rng.choice(list(PLAIN))),
            pitch_hz=float(np.exp(rng.uniform(np.log(40.0), np.log(2000.0)))),
            level_db=float(rng.uniform(-30.0, 0.0)),
            brightness=float(rng.uniform()),
            decay_s=float(np.exp(rng.uniform(np.log(0.02), np.log(3.0)))),
            onset=float(rng.uniform(0.0, 0.5) * rng.integers(0, 2)),
            tremolo_hz=float(rng.uniform(2.0, 20.0) * (rng.uniform() < 0.25)),
        )

    @staticmethod
    def draw_any(rng: np.random.Generator) -> SignalFactors:
        """One of SIGNALS but `plucked_string`, whose burst leaves a slow DC.

        One in seven has a pitch of 2 to 8 kHz, where aliases are heard first, one in three peaks at full scale, as
        modular signals do; one in two glides, one in four is noisy.
        """
        pitch = (2000.0, 8000.0) if rng.uniform() < 1 / 7 else (40.0, 2000.0)
        return replace(
            SignalFactors.draw(rng),
            kind=str(rng.choice([kind for kind in SIGNALS if kind != "plucked_string"])),
            pitch_hz=float(np.exp(rng.uniform(*np.log(pitch)))),
            level_db=float(min(0.0, rng.uniform(-30.0, 15.0))),
            shape=float(rng.uniform()),
            glide_octaves=float(rng.uniform(-2.0, 2.0) * rng.integers(0, 2)),
            noise=float(rng.uniform(0.0, 0.5) * (rng.uniform() < 0.25)),
        )


def plucked_string(f: SignalFactors, samples: int, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    """Karplus and Strong, "Digital Synthesis of Plucked-String and Drum Timbres", Computer Music Journal 7(2), 1983."""
    period = max(2, round(sample_rate / f.pitch_hz))
    burst = np.zeros(samples)
    length = min(period, samples)
    burst[:length] = rng.uniform(-1, 1, length)
    burst = signal.lfilter([1 - 0.9 * (1 - f.brightness)], [1, -0.9 * (1 - f.brightness)], burst)
    loop = np.zeros(period + 2)
    loop[0], loop[period], loop[period + 1] = 1.0, -0.498, -0.498
    return signal.lfilter([1.0], loop, burst)


def additive(f: SignalFactors, samples: int, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    """Harmonics with a random tilt, odd ones favoured at random, slightly inharmonic: organs, reeds, saws, bells."""
    highest = max(1, min(40, int(0.45 * sample_rate / f.pitch_hz)))
    number = np.arange(1, highest + 1)
    amplitude = number ** -(3.0 - 2.5 * f.brightness) * rng.uniform(0.5, 1.0, highest)
    amplitude[1::2] *= rng.uniform()
    stretch = number * np.sqrt(1 + rng.choice([0.0, 3e-4]) * number**2)
    phases = np.outer(
        stretch[stretch * f.pitch_hz < 0.45 * sample_rate], running_phase(f.pitch_hz, samples, sample_rate, rng)
    )
    return amplitude[: len(phases)] @ np.sin(phases + rng.uniform(0, 2 * np.pi, (len(phases), 1)))


def sweep(f: SignalFactors, samples: int, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    """A sine that glides exponentially over up to three octaves, either way."""
    octaves = rng.uniform(-3, 3) * np.linspace(0, 1, samples)
    return np.sin(running_phase(np.clip(f.pitch_hz * 2.0**octaves, 20.0, 0.4 * sample_rate), samples, sample_rate, rng))


def filtered_noise(f: SignalFactors, samples: int, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    """White noise through a second-order band-pass of random width around the pitch."""
    high = min(f.pitch_hz * 2.0 ** rng.uniform(0.3, 4.0), 0.45 * sample_rate)
    sections = signal.butter(1, [f.pitch_hz, high], "bandpass", fs=sample_rate, output="sos")
    return signal.sosfilt(sections, rng.normal(size=samples))


def drum(f: SignalFactors, samples: int, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    """A falling sine with a noise burst: kicks, toms, and snares as brightness rises."""
    time = np.arange(samples) / sample_rate
    pitch = min(f.pitch_hz, 400.0) * (1 + 4 * np.exp(-time / 0.01))
    tone = np.sin(running_phase(pitch, samples, sample_rate, rng)) * np.exp(-time / 0.08)
    return (1 - f.brightness) * tone + f.brightness * rng.normal(size=samples) * 0.4 * np.exp(-time / 0.04)


# The sounds of the released model's training; their order is that of its draws.
PLAIN: dict[str, Callable[[SignalFactors, int, int, np.random.Generator], np.ndarray]] = {
    "plucked_string": plucked_string,
    "additive": additive,
    "sweep": sweep,
    "filtered_noise": filtered_noise,
    "drum": drum,
}
SIGNALS = PLAIN | EURORACK


def render_signal(f: SignalFactors, samples: int, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    """Renders the factors as float64 (samples,), peak at `level_db`; silent before the onset."""
    start = int(f.onset * samples)
    length = samples - start
    time = np.arange(length) / sample_rate
    envelope = np.minimum(time / ATTACK_S, 1.0) if start else np.ones(length)
    envelope = envelope * np.exp(-time / f.decay_s) * (1 - 0.4 * (1 - np.cos(2 * np.pi * f.tremolo_hz * time)))
    sound = SIGNALS[f.kind](f, length, sample_rate, rng)
    if f.noise:
        sound = (1 - f.noise) * sound / max(np.abs(sound).max(), 1e-9) + f.noise * rng.uniform(-1, 1, length)
    sound = sound * envelope
    peak = np.abs(sound).max()
    scaled = sound * (10 ** (f.level_db / 20) / peak) if peak > 0 else sound
    return np.concatenate([np.zeros(start), scaled])
