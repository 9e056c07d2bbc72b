# SPDX-License-Identifier: MIT
"""How loud a decoder is over its map and over the level knob, next to its own dry input, and how much the two resemble
each other.

Depends on `golden`, `loudness_table` and SciPy. The table goes into the `.tflite` (see `model_card`) and is read by
firmware/core/loudness.h. Loudness is that of ITU-R BS.1770-5, annex 1, without the gate: the test signal has no pauses.

The sums are float64, and their last bits differ from machine to machine. That moves an entry by some 1e-12 of a step:
two machines round one of a table's entries apart once in a billion models.
"""

from __future__ import annotations

import math
import signal
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import partial

import numpy as np
from numpy.typing import ArrayLike
from scipy.signal import lfilter

from quantize.golden import GoldenDecoder
from quantize.graph import Graph
from quantize.loudness_table import (
    COLUMNS,
    CORRELATION_STEPS,
    LEVEL_RANGE_DB,
    LEVELS,
    PLACES,
    ROWS,
    STEPS_PER_DB,
    LoudnessTable,
)

MAKEUP_LIMIT_DB = 30.0  # the knob's 20 and what a clean corner of the map takes away; fits int8

# Loudness bends where a device begins, sometimes within a hundredth of the map, and columns go where it bends. To find
# that, all PLACES are played, at a few rows and levels.
OUTLINE_ROWS = (0.0, 0.5, 1.0)
OUTLINE_LEVELS_DB = (-20.0, 0.0)

REFERENCE_SECONDS = 0.1  # with 0.25 the table suits other sounds no better
REFERENCE_RMS_DB = -16.0  # below full scale: recordings whose peaks just fit have about that
SILENCE = 1e-12  # mean square: nothing is made up further than MAKEUP_LIMIT_DB, so it only spares the logarithm


def measure_loudness(graph: Graph) -> LoudnessTable:
    """Plays the reference at every place and level on golden; half a minute for the shipped decoder.

    The first latent axis is X, the second Y; raises ValueError when there are others.
    """
    if len(graph.latent) != 2:
        raise ValueError(f"a loudness table has two axes, the decoder {len(graph.latent)}")
    levels_db = np.linspace(*LEVEL_RANGE_DB, LEVELS)
    # Ctrl-C reaches every process of the terminal; the parent's word on it is enough.
    with ProcessPoolExecutor(initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN)) as pool:
        outline, _ = _against_dry(pool, graph, OUTLINE_LEVELS_DB, OUTLINE_ROWS, np.arange(PLACES))
        columns = columns_of(outline.reshape(-1, PLACES))
        makeup_db, correlation = _against_dry(pool, graph, levels_db, np.linspace(0, 1, ROWS), columns)
    for louder in range(LEVELS - 1, 0, -1):  # where 8 bits round to silence, as much as a straight decoder would take
        straight_db = np.minimum(makeup_db[louder] + levels_db[louder] - levels_db[louder - 1], MAKEUP_LIMIT_DB)
        makeup_db[louder - 1] = np.where(makeup_db[louder - 1] < MAKEUP_LIMIT_DB, makeup_db[louder - 1], straight_db)
    makeup_steps = np.rint(makeup_db * STEPS_PER_DB).astype(np.int8)
    correlation_steps = np.clip(np.rint(correlation * CORRELATION_STEPS), 0, CORRELATION_STEPS - 1)
    return LoudnessTable(columns.astype(np.uint8), makeup_steps, correlation_steps.astype(np.uint8))


def columns_of(profiles: np.ndarray) -> np.ndarray:
    """profiles (N, PLACES) → the COLUMNS places, in order, between which straight lines follow all of them.

    From both edges on, the next one is always where the lines are furthest off (Douglas and Peucker, 1973).
    """
    columns = [0, PLACES - 1]
    while len(columns) < COLUMNS:
        lines = [np.interp(np.arange(PLACES), columns, profile[columns]) for profile in profiles]
        off = np.abs(lines - profiles).max(axis=0)
        off[columns] = -1
        columns = sorted([*columns, int(off.argmax())])
    return np.array(columns)


def _against_dry(
    pool: Executor, graph: Graph, levels_db: ArrayLike, rows: ArrayLike, columns: np.ndarray
) -> np.ndarray:
    """Makeup in dB and correlation (2, levels, rows, columns) of the reference; a row is work for one process."""
    dry = reference_signal(graph.sample_rate)
    levels, shares = np.meshgrid(levels_db, rows, indexing="ij")
    found = pool.map(partial(_row_against_dry, graph, dry, columns), levels.flat, shares.flat)
    return np.stack(list(found), axis=1).reshape(2, *levels.shape, len(columns))


def _row_against_dry(graph: Graph, dry: np.ndarray, columns: np.ndarray, level_db: float, row: float) -> np.ndarray:
    """Makeup in dB and correlation (2, columns) of dry (T,) at a level; columns are places of PLACES, the row a
    share of the way.
    """
    wet = _played(graph, 10 ** (level_db / 20) * dry, columns / (PLACES - 1), row)
    weighted_dry, weighted_wet = k_weighted(dry, graph.sample_rate), k_weighted(wet, graph.sample_rate)
    wanted, got = mean_square(weighted_dry), np.maximum(mean_square(weighted_wet), SILENCE)
    makeup_db = np.clip(10 * np.log10(wanted / got), -MAKEUP_LIMIT_DB, MAKEUP_LIMIT_DB)
    return np.stack([makeup_db, np.mean(weighted_wet * weighted_dry, axis=-1) / np.sqrt(wanted * got)])


def reference_signal(sample_rate: int) -> np.ndarray:
    """A bass note, a plucked chord and a drum, (T,) float64 within [-1, 1), in whole steps of 16 bits."""
    time = np.arange(round(REFERENCE_SECONDS * sample_rate)) / sample_rate
    sound = 0.5 * _plucked(time, 55.0, start=0.0, decay_per_second=4.0)
    for index, frequency in enumerate((164.8, 246.9, 415.3)):
        sound += 0.5 * _plucked(time, frequency, start=0.02 * index, decay_per_second=8.0)
    since_drum = time - 0.5 * REFERENCE_SECONDS
    noise = np.random.default_rng(0).uniform(-1.0, 1.0, time.size)
    sound += np.where(since_drum >= 0, 2.0 * noise * np.exp(-60.0 * np.maximum(since_drum, 0)), 0)
    sound *= 10 ** (REFERENCE_RMS_DB / 20) / math.sqrt(mean_square(sound))
    return np.clip(np.rint(sound * 32768), -32768, 32767) / 32768


def _plucked(time: np.ndarray, frequency_hz: float, start: float, decay_per_second: float) -> np.ndarray:
    """A string: overtones up to 8 kHz, the higher ones weaker and shorter."""
    since = np.maximum(time - start, 0)
    parts = []
    for n in range(1, int(8_000 / frequency_hz)):
        envelope = np.exp(-decay_per_second * math.sqrt(n) * since) / n
        parts.append(envelope * np.sin(2 * np.pi * frequency_hz * n * since))
    return np.sum(parts, axis=0)


def mean_square(signal: np.ndarray) -> np.ndarray:
    """(..., T) → (...)."""
    return np.mean(np.square(signal), axis=-1)


def k_weighted(signal: np.ndarray, sample_rate: int) -> np.ndarray:
    """(..., T) as the ear weighs it, by BS.1770-5: the head lifts the treble by 4 dB, the bass counts little.

    The recommendation tabulates its two filters for 48 kHz; these are the analogue ones behind the table (found by
    libebur128's authors), so that any rate will do.
    """
    for numerator, denominator in (_shelf(sample_rate), _high_pass(sample_rate)):
        signal = lfilter(numerator, denominator, signal, axis=-1)
    return signal


def _shelf(sample_rate: int) -> tuple[list[float], list[float]]:
    frequency_hz, gain_db, q = 1681.974450955533, 3.999843853973347, 0.7071752369554196
    k = math.tan(math.pi * frequency_hz / sample_rate)
    high = 10 ** (gain_db / 20)
    middle = high**0.4996667741545416
    scale = 1 + k / q + k * k
    numerator = [(high + middle * k / q + k * k), 2 * (k * k - high), (high - middle * k / q + k * k)]
    return [b / scale for b in numerator], [1.0, 2 * (k * k - 1) / scale, (1 - k / q + k * k) / scale]


def _high_pass(sample_rate: int) -> tuple[list[float], list[float]]:
    frequency_hz, q = 38.13547087602444, 0.5003270373238773
    k = math.tan(math.pi * frequency_hz / sample_rate)
    scale = 1 + k / q + k * k
    return [1.0, -2.0, 1.0], [1.0, 2 * (k * k - 1) / scale, (1 - k / q + k * k) / scale]


def _played(graph: Graph, dry: np.ndarray, columns: np.ndarray, row: float) -> np.ndarray:
    """dry (T,), full scale is 1 → wet (columns, T) at shares of the way along either axis, in time with dry, its mean
    taken out.
    """
    lead = graph.receptive_field  # silence first: from its reset, the decoder needs that long to settle
    codes = graph.audio.quantize(np.pad(dry, (lead, graph.latency_samples)), graph.scheme)
    decoder = GoldenDecoder(graph)
    wet = np.zeros((len(columns), dry.size))
    for x, column in enumerate(columns):
        shares = (column, row)
        real = [axis.low + (axis.high - axis.low) * share for axis, share in zip(graph.latent, shares, strict=True)]
        decoder.reset()
        played = decoder.process(codes, graph.condition[0].input.quantize(np.array(real), graph.scheme))
        wet[x] = graph.output.output.dequantize(played[lead + graph.latency_samples :])
    return wet - wet.mean(axis=-1, keepdims=True)
