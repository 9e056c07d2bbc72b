# SPDX-License-Identifier: MIT
"""The distortions without memory: each wet sample depends on one dry sample.

Depends on NumPy only. Signature, bounds and knobs are those of `effects`. None has a tone stage: `tone` does nothing.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

CHEBYSHEV_NUMBER = np.arange(1, 9)  # of the harmonics


def drive_gain(drive: float, low_db: float, high_db: float) -> float:
    """The gain factor at drive 0..1, even in dB between the two ends."""
    return float(10 ** ((low_db + drive * (high_db - low_db)) / 20))


def soft_clip(x: np.ndarray, rate: int, drive: float, tone: float) -> np.ndarray:
    """tanh, 0 to 30 dB of gain: a saturating amplifier."""
    gain = drive_gain(drive, 0, 30)
    return np.tanh(gain * x) / np.tanh(gain)


def hard_clip(x: np.ndarray, rate: int, drive: float, tone: float) -> np.ndarray:
    """A limit on each side, 0 to 30 dB of gain: an op-amp at its rails."""
    return np.clip(drive_gain(drive, 0, 30) * x, -1.0, 1.0)


def asymmetric(x: np.ndarray, rate: int, drive: float, tone: float) -> np.ndarray:
    """tanh around a bias that grows with drive: the even harmonics of a single-ended tube stage. Gives DC."""
    gain, bias = drive_gain(drive, 0, 26), 0.2 + 0.6 * drive
    return (np.tanh(gain * x + bias) - np.tanh(bias)) / (1 + np.tanh(bias))


def fuzz(x: np.ndarray, rate: int, drive: float, tone: float) -> np.ndarray:
    """Exponential saturation after 12 to 36 dB, the lower half smaller, quiet parts choked: a starved two-transistor
    fuzz. Gives DC.
    """
    choked = x * np.abs(x) / (np.abs(x) + 0.01)
    saturated = 1 - np.exp(-drive_gain(drive, 12, 36) * np.abs(choked))
    return np.where(x >= 0, saturated, -0.7 * saturated)


def wavefolder(x: np.ndarray, rate: int, drive: float, tone: float) -> np.ndarray:
    """Sine folding, up to two and a half folds a side: the west-coast wavefolder."""
    return np.sin(0.5 * np.pi * (1 + 4 * drive) * x)


# Esqueda, Pöntynen, Parker and Bilbao, DAFx-17, table 1: per folding cell its slope, the volts it takes away, the volts
# at which it starts to conduct, and its weight in the sum.
BUCHLA_CELLS = np.array(
    [
        (0.8333, 0.5000, 0.6000, -12.000),
        (0.3768, 1.1281, 2.9940, -27.777),
        (0.2829, 1.5446, 5.4600, -21.428),
        (0.5743, 1.0338, 1.8000, 17.647),
        (0.2673, 1.0907, 4.0800, 36.363),
    ]
)


def buchla_folder(x: np.ndarray, rate: int, drive: float, tone: float) -> np.ndarray:
    """Five folding cells in parallel, for 1.8 to 5.3 V at full scale: the timbre circuit of the Buchla 259.

    Its first fold is at 0.6 V. Beyond 5.3 V a sine at -12 dBFS would lose harmonics again.
    """
    volts = drive_gain(drive, 5, 14.5) * np.abs(x)
    folded = 5.0 * volts
    for slope, offset, threshold, weight in BUCHLA_CELLS:
        folded += weight * np.where(volts > threshold, slope * volts - offset, 0.0)
    return np.sign(x) * np.clip(folded / 3.131, -1.0, 1.0)  # 3.131 V is the highest fold


def triode_current(plate: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Plate current of a 12AX7, A, from the voltages of plate and grid, V, by N. Koren's equation and parameters
    ("Improved vacuum tube models for SPICE simulations", Glass Audio 8(5), 1996).
    """
    mu, exponent, kg1, kp, kvb = 100.0, 1.4, 1060.0, 600.0, 300.0
    space = plate / kp * np.logaddexp(0.0, kp * (1 / mu + grid / np.sqrt(kvb + plate**2)))
    return 2 * space**exponent / kg1


@lru_cache(maxsize=1)
def triode_table() -> tuple[np.ndarray, np.ndarray]:
    """Voltages in front of the grid stopper, V, and the plate's voltage at each, V, with 100 kohm to 250 V.

    Above 0 V the grid conducts through 2 kohm, so that the stopper's 68 kohm takes nearly all of the swing (Cohen and
    Hélie, "Measures and parameter estimation of triodes", AES 129, 2010).
    """
    source = np.linspace(-8.0, 64.0, 24_577)  # 3 mV a step: linear interpolation then errs by less than -120 dB
    knee = 0.1  # V over which the grid begins to conduct
    grid = source - 68 / 70 * knee * np.logaddexp(0.0, source / knee)
    low, high = np.zeros_like(grid), np.full_like(grid, 250.0)
    for _ in range(40):  # bisection: to a part in 2**40
        plate = 0.5 * (low + high)
        too_high = (250.0 - plate) / 100e3 < triode_current(plate, grid)
        low, high = np.where(too_high, low, plate), np.where(too_high, plate, high)
    return source, plate


def triode(x: np.ndarray, rate: int, drive: float, tone: float) -> np.ndarray:
    """A common-cathode 12AX7 stage, 0.5 to 32 V at the grid, biased colder as drive rises. Gives DC.

    The bias is a function of drive, not of the signal: real blocking lasts longer than the decoder remembers.
    """
    source, plate = triode_table()
    swing, bias = drive_gain(drive, -6, 30), -1.2 - 0.6 * drive
    quiescent, lowest, highest = np.interp([bias, bias + swing, bias - swing], source, plate)
    return (quiescent - np.interp(bias + swing * x, source, plate)) / max(quiescent - lowest, highest - quiescent)


def crossover(x: np.ndarray, rate: int, drive: float, tone: float) -> np.ndarray:
    """A soft dead zone of 0.3 to 30 % of full scale around zero: a push-pull stage without bias, or a diode bridge."""
    zone = drive_gain(drive, -50, -10.5)
    return (x - zone * np.tanh(x / zone)) / (1 - zone * np.tanh(1 / zone))


def half_wave(x: np.ndarray, rate: int, drive: float, tone: float) -> np.ndarray:
    """The negative half fades with drive until nothing of it is left. Gives DC."""
    return np.where(x >= 0, x, (1 - drive) * x)


def full_wave(x: np.ndarray, rate: int, drive: float, tone: float) -> np.ndarray:
    """Saturation of 0 to 15 dB, then its absolute value blended in with drive: the octave-up fuzz. Gives DC."""
    saturated = soft_clip(x, rate, 0.5 * drive, tone)
    return (1 - drive) * saturated + drive * np.abs(saturated)


def chebyshev(x: np.ndarray, rate: int, drive: float, tone: float) -> np.ndarray:
    """A sum of Chebyshev polynomials of order 1 to 8, each for one harmonic; drive sets how slowly they fall, from the
    first alone to 2 dB from one to the next.

    A tanh lifts quiet sounds first, since a polynomial makes its harmonic at full amplitude only. Gives DC.
    """
    # With these signs the odd polynomials all rise through zero.
    weights = np.where(CHEBYSHEV_NUMBER % 4 < 2, 1.0, -1.0) * (0.8 * drive) ** (CHEBYSHEV_NUMBER - 1)
    series = np.polynomial.Chebyshev(np.concatenate([[0.0], weights]))
    highest = np.abs(series(np.linspace(-1, 1, 513)) - series(0.0)).max()
    lifted = np.clip(np.tanh(1.5 * x) / np.tanh(1.5), -1.0, 1.0)
    return np.clip((series(lifted) - series(0.0)) / highest, -1.0, 1.0)


def bit_reduction(x: np.ndarray, rate: int, drive: float, tone: float) -> np.ndarray:
    """Rounds to 10 bits down to seven levels; half a step around zero is silent, as in any converter with a zero."""
    step = 2.0 ** -(9 - 7.3 * drive)
    return np.clip(step * np.round(x / step), -1.0, 1.0)
