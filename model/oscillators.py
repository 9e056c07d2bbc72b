# SPDX-License-Identifier: MIT
"""Oscillators free of aliases: a running phase, one period of a waveform from its harmonics, and a table player.

Depends on NumPy. Knows nothing of factors, envelopes or levels.
"""

from __future__ import annotations

import numpy as np

TABLE_SAMPLES = 8192  # of a period: 15 points in the highest of the 540 harmonics that 40 Hz has below 21.6 kHz
HIGHEST_SHARE = 0.45  # of the sample rate: no partial is generated above


def running_phase(pitch_hz: np.ndarray | float, samples: int, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    """The phase in radians (samples,) of a pitch in Hz, one number or one a sample, from a random start."""
    step = np.broadcast_to(np.asarray(pitch_hz, np.float64) / sample_rate, (samples,))
    return 2 * np.pi * (np.cumsum(step) + rng.uniform())


def saw(number: np.ndarray) -> np.ndarray:
    """Fourier coefficients of a rising saw for harmonics `number` from 1 on."""
    return 1j / number


def pulse(number: np.ndarray, width: float) -> np.ndarray:
    """Fourier coefficients of a pulse that is high for `width`, 0..1, of its period; a square wave at 0.5. No DC."""
    return np.sin(np.pi * number * width) / number


def triangle(number: np.ndarray, symmetry: float) -> np.ndarray:
    """Fourier coefficients of a triangle that rises for `symmetry`, 0..1 without the ends, of its period."""
    return -1j * np.sin(np.pi * number * symmetry) / (number**2 * symmetry * (1 - symmetry))


def harmonics_below(pitch_hz: float, sample_rate: int) -> np.ndarray:
    """The numbers, from 1, of the harmonics of a pitch that the sample rate has room for; at least the first."""
    return np.arange(1, max(1, int(HIGHEST_SHARE * sample_rate / pitch_hz)) + 1)


def play_table(coefficients: np.ndarray, phase: np.ndarray) -> np.ndarray:
    """A waveform with Fourier coefficients (harmonics,), from the first on, at phase (samples,) in radians."""
    spectrum = np.zeros(TABLE_SAMPLES // 2 + 1, complex)
    spectrum[1 : len(coefficients) + 1] = coefficients
    period = np.fft.irfft(spectrum * TABLE_SAMPLES / 2)
    position = (phase / (2 * np.pi) % 1.0) * TABLE_SAMPLES
    index = position.astype(int)
    share = position - index
    return (1 - share) * period[index % TABLE_SAMPLES] + share * period[(index + 1) % TABLE_SAMPLES]
