# SPDX-License-Identifier: MIT
"""The distortions with memory: filters around a clipper, circuits solved sample by sample, tape, sample and hold.

Depends on NumPy, SciPy and, for loops over samples, Numba, which is imported on first use (0.3 s). Signature, bounds
and knobs are those of `effects`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from scipy import signal

from model.waveshapers import drive_gain


def one_pole(x: np.ndarray, rate: int, cutoff_hz: float) -> np.ndarray:
    """First-order low-pass along the last axis; its output never leaves the range of its input."""
    coefficient = float(np.exp(-2 * np.pi * cutoff_hz / rate))
    return signal.lfilter([1 - coefficient], [1, -coefficient], x)


@lru_cache
def _compiled(loop: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    import numba

    return numba.njit(cache=True)(loop)


def _run(loop: Callable[..., np.ndarray], x: np.ndarray, *parameters: float | np.ndarray) -> np.ndarray:
    """Runs a loop over rows of samples, compiled, on x (..., samples)."""
    rows = np.ascontiguousarray(x, np.float64).reshape(-1, x.shape[-1])
    return _compiled(loop)(rows, *parameters).reshape(x.shape)


def screamer(x: np.ndarray, rate: int, drive: float, tone: float) -> np.ndarray:
    """The Tube Screamer's plan: clip what lies above 720 Hz, add the clean signal, low-pass with the tone knob
    (723 Hz to 5.8 kHz).
    """
    upper = x - one_pole(x, rate, 720.0)
    clipped = np.tanh(drive_gain(drive, 3, 28) * upper)
    return one_pole(0.6 * clipped + 0.4 * x, rate, 723.0 * 2.0 ** (3.0 * tone))


SATURATION_CURRENT_A, THERMAL_V = 2.52e-9, 45.3e-3  # of a 1N4148, emission coefficient included
CLIPPER_OHM, CLIPPER_FARAD = 2.2e3, 10e-9


def _diode_pair(volts: np.ndarray, charge: float, leak: float, thermal: float) -> np.ndarray:
    """Backward Euler of C dv/dt = (u - v) / R - 2 I sinh(v / V); charge is step / (R C), leak 2 I R.

    Newton starts where the diodes alone would hold the voltage. The true one lies between that and zero, on the convex
    side, so every step shrinks towards it and none overshoots.
    """
    wet = np.empty_like(volts)
    for row in range(volts.shape[0]):
        v = 0.0
        for n in range(volts.shape[1]):
            target = v + charge * volts[row, n]
            size = abs(target)
            v = min(size / (1 + charge), thermal * np.arcsinh(size / (charge * leak)))
            for _ in range(20):
                rise, fall = np.exp(v / thermal), np.exp(-v / thermal)
                excess = v * (1 + charge) + 0.5 * charge * leak * (rise - fall) - size
                step = excess / (1 + charge + 0.5 * charge * leak * (rise + fall) / thermal)
                v -= step
                if abs(step) < 1e-9:
                    break
            if target < 0:
                v = -v
            wet[row, n] = v
    return wet


def diode_clipper(x: np.ndarray, rate: int, drive: float, tone: float) -> np.ndarray:
    """A resistor into two diodes and a capacitor, solved for 0.4 to 14 V at full scale; tone sets the capacitor, 40 to
    2.5 nF (1.8 to 29 kHz).

    Backward Euler and not the trapezoidal rule: at 14 V the diodes are far faster than a sample, and the latter rings.
    """
    peak = drive_gain(drive, -8, 23)
    farad = CLIPPER_FARAD * 4.0 ** (1 - 2 * tone)
    leak = 2 * SATURATION_CURRENT_A * CLIPPER_OHM
    charge = 1 / (rate * CLIPPER_OHM * farad)
    highest = _run(_diode_pair, np.array([peak]), 1e12, leak, THERMAL_V)  # a capacitor of next to nothing: steady state
    return _run(_diode_pair, peak * x, charge, leak, THERMAL_V) / highest


def rat(x: np.ndarray, rate: int, drive: float, tone: float) -> np.ndarray:
    """The Rat's plan: a slow op-amp whose bandwidth falls as its gain rises, two diodes with a sharp knee, a low-pass
    (475 Hz to 15 kHz).

    Its two feedback legs are 560 ohm (flat: their corner of 60 Hz lies below what a decoder can hear) and 47 ohm above
    1.54 kHz; the LM308 has 1 MHz of gain times bandwidth, which leaves 290 Hz at full drive. Full scale is 0.3 V.
    """
    ohm = 150e3 * 1000.0 ** (drive - 1)
    amplified = (1 + ohm / 560 + ohm / 47) * x - ohm / 47 * one_pole(x, rate, 1540.0)
    slow = one_pole(amplified, rate, min(1e6 / (1 + ohm * (1 / 560 + 1 / 47)), 0.45 * rate))
    diodes = 0.3 * slow / 0.6  # in forward voltages of 0.6 V
    square = diodes * diodes
    clipped = diodes / np.sqrt(np.sqrt(1 + square * square))
    return one_pole(clipped, rate, 475.0 * 32.0**tone)


def big_muff(x: np.ndarray, rate: int, drive: float, tone: float) -> np.ndarray:
    """The Big Muff's plan: two clipping stages in a row, then tone from a low-pass at 408 Hz to a high-pass at 1.8 kHz.

    Each stage has a coupling capacitor (150 Hz, high enough for a decoder to follow) and a low-pass of 2 kHz.
    """
    sound = x
    for highest_db in (34.0, 24.0):
        coupled = sound - one_pole(sound, rate, 150.0)
        sound = one_pole(np.tanh(drive_gain(drive, 3, highest_db) * coupled), rate, 2000.0)
    treble = sound - one_pole(sound, rate, 1800.0)
    return ((1 - tone) * one_pole(sound, rate, 408.0) + tone * treble) / (1 + tone)


def _base_voltage(volts: np.ndarray, attack: float, release: float, threshold: float) -> np.ndarray:
    """A capacitor into a diode that conducts above the threshold; attack and release are the shares of a sample."""
    base = np.empty_like(volts)
    for row in range(volts.shape[0]):
        charge = 0.0
        for n in range(volts.shape[1]):
            v = volts[row, n] - charge
            charge += attack * (v - threshold) if v > threshold else -release * charge
            base[row, n] = volts[row, n] - charge
    return base


def starved_fuzz(x: np.ndarray, rate: int, drive: float, tone: float) -> np.ndarray:
    """One transistor with too little bias: loud notes charge its input capacitor (0.5 ms) and push it into cut-off,
    from where it recovers in 2 ms, so that tails gate and sputter. Tone is a low-pass (1 to 8 kHz). Gives DC.
    """
    attack, release = (1 - np.exp(-1 / (rate * seconds)) for seconds in (0.5e-3, 2e-3))
    base = _run(_base_voltage, drive_gain(drive, 0, 32) * x, attack, release, 0.5)
    bias = -0.3 - 0.9 * drive
    current = np.tanh(1.5 * base + bias) - np.tanh(bias)
    return one_pole(current / (1 - np.tanh(bias)), rate, 1000.0 * 8.0**tone)


def _play(field: np.ndarray, widths: np.ndarray, decay: float) -> np.ndarray:
    """The mean of play operators: each follows the field only once it is pushed by more than its width."""
    mean = np.zeros_like(field)
    for row in range(field.shape[0]):
        for width in widths:
            state = 0.0
            for n in range(field.shape[1]):
                h = field[row, n]
                state = max(h - width, min(h + width, decay * state))
                mean[row, n] += state / len(widths)
    return mean


def tape(x: np.ndarray, rate: int, drive: float, tone: float) -> np.ndarray:
    """Hysteresis of play operators inside a tanh, recorded at -6 to 24 dB; tone is the head's loss (3 to 18 kHz).

    What stays magnetised fades in 1 ms (160 Hz), as a playback head does not see it: silence follows sound.
    """
    field = drive_gain(drive, -6, 24) * x
    widths = 0.03 * drive_gain(drive, 0, 20) * np.arange(1, 5)
    share = 0.1 + 0.5 * drive
    magnetised = (1 - share) * field + share * _run(_play, field, widths, float(np.exp(-1 / (rate * 1e-3))))
    return one_pole(np.tanh(magnetised), rate, 3000.0 * 6.0**tone)


def amplifier(x: np.ndarray, rate: int, drive: float, tone: float) -> np.ndarray:
    """A guitar amplifier without its speaker: treble lifted by 8 dB above 1.2 kHz, an asymmetric stage, a coupling
    capacitor (160 Hz), a symmetric stage, two low-passes set by tone (2.5 to 10 kHz).
    """
    bright = 2.5 * x - 1.5 * one_pole(x, rate, 1200.0)
    bias = 0.3 + 0.3 * drive
    first = np.tanh(drive_gain(drive, -6, 26) * bright + bias) - np.tanh(bias)
    coupled = first - one_pole(first, rate, 160.0)
    second = np.tanh(drive_gain(drive, 0, 10) * coupled)
    cutoff_hz = 2500.0 * 4.0**tone
    return one_pole(one_pole(second, rate, cutoff_hz), rate, cutoff_hz)


def rate_reduction(x: np.ndarray, rate: int, drive: float, tone: float) -> np.ndarray:
    """Sample and hold at 22 kHz down to 2 kHz, without a filter on either side: all of its sound is aliases.

    It counts samples from the start of the clip, so it is not time invariant: a convolution cannot learn it.
    """
    hold = max(1.0, rate / (22_000 * 11.0**-drive))
    number = np.arange(x.shape[-1])
    return x[..., (np.floor(number / hold) * hold).astype(int)]
