# SPDX-License-Identifier: MIT
"""What a modular player patches into a distortion: oscillators, FM, swept filters, a string, kick, snare and hat.

Depends on NumPy, SciPy and `oscillators`. Only the phase and the noise come from the generator; all else is in the
factors. Levels and envelopes are applied by `signals`, which reads the table EURORACK.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from scipy import signal

from model import oscillators
from model.oscillators import HIGHEST_SHARE, harmonics_below, play_table, running_phase

if TYPE_CHECKING:
    from model.signals import SignalFactors

FM_RATIOS = (0.5, 1.0, 1.41, 2.0, 3.0, 3.5, 5.0, 7.0)  # of modulator to carrier: bells, basses, clangs
LARGEST_FM_INDEX = 8.0
FILTER_CHUNK = 64  # samples: a control rate of 750 Hz at 48 kHz, faster than any sweep here
# Schmitt-trigger oscillators of the TR-808's cymbals and hats, Hz: Werner, Abel and Smith, DAFx-14.
METALLIC_HZ = np.array([205.3, 369.6, 304.4, 522.7, 540.0, 800.0])
LOWEST_HZ = 25.0


def _pitch(f: SignalFactors, samples: int, sample_rate: int) -> np.ndarray:
    """The pitch in Hz (samples,), gliding exponentially."""
    octaves = f.glide_octaves * np.linspace(0, 1, samples)
    return np.clip(f.pitch_hz * 2.0**octaves, LOWEST_HZ, 0.4 * sample_rate)


def _oscillator(
    f: SignalFactors, samples: int, sample_rate: int, rng: np.random.Generator, waveform: Callable
) -> np.ndarray:
    """A waveform through a second-order low-pass, one harmonic wide at brightness 0, 256 at 1."""
    pitch = _pitch(f, samples, sample_rate)
    number = harmonics_below(float(pitch.max()), sample_rate)
    low_pass = 1 / np.sqrt(1 + (number / 2.0 ** (8 * f.brightness)) ** 4)
    return play_table(waveform(number) * low_pass, running_phase(pitch, samples, sample_rate, rng))


def sine(f: SignalFactors, samples: int, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    """A sine at the pitch: what shows aliasing best."""
    return np.sin(running_phase(_pitch(f, samples, sample_rate), samples, sample_rate, rng))


def saw(f: SignalFactors, samples: int, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    """A saw, its steps rising or falling; shape does nothing."""
    return _oscillator(f, samples, sample_rate, rng, oscillators.saw)


def pulse(f: SignalFactors, samples: int, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    """A pulse that is high for 5 % (shape 0) to 95 % (shape 1) of its period."""
    width = 0.05 + 0.9 * f.shape
    return _oscillator(f, samples, sample_rate, rng, lambda number: oscillators.pulse(number, width))


def triangle(f: SignalFactors, samples: int, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    """A triangle that rises for 2 % (shape 0) to 98 % (shape 1) of its period: saw, triangle, saw."""
    symmetry = 0.02 + 0.96 * f.shape
    return _oscillator(f, samples, sample_rate, rng, lambda number: oscillators.triangle(number, symmetry))


def two_operators(f: SignalFactors, samples: int, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    """Chowning, "The Synthesis of Complex Audio Spectra by Means of Frequency Modulation", JAES 21(7), 1973.

    Shape is the ratio of FM_RATIOS, brightness the index, which decays twice as fast as the level. Both operators start
    together, which keeps the sum free of DC. The index is held where Carson's rule has no partial above the band.
    """
    ratio = FM_RATIOS[min(int(f.shape * len(FM_RATIOS)), len(FM_RATIOS) - 1)]
    pitch = _pitch(f, samples, sample_rate)
    room = (HIGHEST_SHARE * sample_rate / float(pitch.max()) - 1) / ratio - 1
    largest = max(0.0, min(LARGEST_FM_INDEX * f.brightness, room))
    index = largest * np.exp(-2 * np.arange(samples) / sample_rate / f.decay_s)
    carrier = running_phase(pitch, samples, sample_rate, rng)
    return np.sin(carrier + index * np.sin(ratio * carrier))


def _swept_filter(f: SignalFactors, source: np.ndarray, sample_rate: int) -> np.ndarray:
    """A low-pass that glides from the pitch, or up to two octaves above it by brightness; shape is a Q of 1 to 50.

    Coefficients: Bristow-Johnson, Cookbook formulae for audio EQ biquad filter coefficients.
    """
    cutoff = _pitch(f, len(source), sample_rate) * 2.0 ** (2 * f.brightness)
    quality = 50.0**f.shape
    state = np.zeros(2)
    sound = np.empty(len(source))
    for first in range(0, len(source), FILTER_CHUNK):
        chunk = slice(first, first + FILTER_CHUNK)
        angle = 2 * np.pi * min(cutoff[first] / sample_rate, HIGHEST_SHARE)
        alpha, cosine = np.sin(angle) / (2 * quality), np.cos(angle)
        numerator = np.array([0.5, 1.0, 0.5]) * (1 - cosine)
        sound[chunk], state = signal.lfilter(numerator, [1 + alpha, -2 * cosine, 1 - alpha], source[chunk], zi=state)
    return sound


def filtered_saw(f: SignalFactors, samples: int, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    """A saw of at most 200 Hz through the swept filter, which sings at high resonance."""
    fundamental = min(f.pitch_hz, 200.0)
    coefficients = oscillators.saw(harmonics_below(fundamental, sample_rate))
    return _swept_filter(
        f, play_table(coefficients, running_phase(fundamental, samples, sample_rate, rng)), sample_rate
    )


def swept_noise(f: SignalFactors, samples: int, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    """White noise through the swept filter: from wind to a whistle. Nothing slow: 6 dB an octave less below 80 Hz."""
    high_passed = signal.lfilter([1, -1], [1, 2 * np.pi * 80 / sample_rate - 1], rng.normal(size=samples))
    return _swept_filter(f, high_passed, sample_rate)


def string(f: SignalFactors, samples: int, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    """Karplus and Strong's string, Computer Music Journal 7(2), 1983, as modules resonate it: free of DC.

    Brightness is the pluck's hardness, shape its position. The pitch does not glide.
    """
    period = max(2, round(sample_rate / f.pitch_hz))
    pole = 0.9 * (1 - f.brightness)
    burst = signal.lfilter([1 - pole], [1, -pole], rng.uniform(-1, 1, period))
    burst = burst - np.roll(burst, 1 + int(f.shape * (period - 2)))
    loop = np.zeros(period + 2)
    loop[0], loop[period], loop[period + 1] = 1.0, -0.498, -0.498
    return signal.lfilter([1.0], loop, np.pad(burst, (0, max(0, samples - period)))[:samples])


def kick(f: SignalFactors, samples: int, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    """A sine of 30 to 120 Hz that falls from up to four octaves above; brightness is the length of its click."""
    time = np.arange(samples) / sample_rate
    body = 30.0 * 4.0**f.shape
    pitch = body * 2.0 ** (4 * f.brightness * np.exp(-time / 0.015))
    click = 0.3 * f.brightness * rng.normal(size=samples) * np.exp(-time / 0.001)
    return np.sin(running_phase(pitch, samples, sample_rate, rng)) * np.exp(-time / 0.25) + click


def snare(f: SignalFactors, samples: int, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    """Two resonators nearly an octave apart, as the TR-808's, and as much high-passed noise as brightness says."""
    time = np.arange(samples) / sample_rate
    body = 120.0 * 2.5**f.shape
    tone = sum(np.sin(running_phase(body * ratio, samples, sample_rate, rng)) for ratio in (1.0, 1.85))
    high_pass = signal.butter(2, 1000.0, "highpass", fs=sample_rate, output="sos")
    noise = signal.sosfilt(high_pass, rng.normal(size=samples)) * np.exp(-time / 0.08)
    return (1 - f.brightness) * tone * np.exp(-time / 0.06) + f.brightness * noise


def hat(f: SignalFactors, samples: int, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    """The TR-808's six square waves through a band-pass between 3 and 10 kHz; shape tunes them over two octaves."""
    time = np.arange(samples) / sample_rate
    squares = np.zeros(samples)
    for pitch_hz in METALLIC_HZ * 2.0 ** (2 * f.shape - 1):
        coefficients = oscillators.pulse(harmonics_below(pitch_hz, sample_rate), 0.5)
        squares += play_table(coefficients, running_phase(pitch_hz, samples, sample_rate, rng))
    centre = 3000.0 * (10 / 3) ** f.brightness
    band = signal.butter(2, [centre / 1.5, centre * 1.5], "bandpass", fs=sample_rate, output="sos")
    return signal.sosfilt(band, squares) * np.exp(-time / 0.15)


EURORACK: dict[str, Callable[[SignalFactors, int, int, np.random.Generator], np.ndarray]] = {
    "sine": sine,
    "saw": saw,
    "pulse": pulse,
    "triangle": triangle,
    "two_operators": two_operators,
    "filtered_saw": filtered_saw,
    "swept_noise": swept_noise,
    "string": string,
    "kick": kick,
    "snare": snare,
    "hat": hat,
}
