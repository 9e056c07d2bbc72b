# SPDX-License-Identifier: MIT
"""How loud a decoder is over its map and over the level knob, next to its own dry input, and how much the two resemble
each other.

Depends on `golden` and SciPy. The table goes into the generated model (see `emit`), where firmware/core/loudness.h
reads it. Loudness is that of ITU-R BS.1770-5, annex 1, without the gate: the test signal has no pauses.

The sums are float64, and their last bits differ from machine to machine. That moves an entry by some 1e-12 of a step:
two machines round one of a table's entries apart once in a billion models.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from quantize.golden import GoldenDecoder
from quantize.graph import Graph

COLUMNS, ROWS = 33, 9  # places along x and along y, from edge to edge: x goes through all devices
LEVELS = 5  # of the level knob, from left to right
LEVEL_RANGE_DB = (-20.0, 20.0)
MAKEUP_LIMIT_DB = 30.0  # the knob's 20 and what a clean corner of the map takes away; fits int8
STEPS_PER_DB = 4
CORRELATION_STEPS = 256

REFERENCE_SECONDS = 0.25
REFERENCE_RMS_DB = -12.0  # below full scale
SILENCE = 1e-12  # mean square: nothing is made up further than MAKEUP_LIMIT_DB, so it only spares the logarithm


@dataclass(frozen=True, eq=False)
class LoudnessTable:
    """Both indexed [level][y][x]."""

    makeup_quarter_db: np.ndarray  # (LEVELS, ROWS, COLUMNS) int8: what makes wet as loud as dry
    correlation_256th: np.ndarray  # (LEVELS, ROWS, COLUMNS) uint8: of wet with dry, 0 for none or opposite


def flat_table() -> LoudnessTable:
    """Of a decoder that is everywhere as loud as its input and much like it."""
    shape = (LEVELS, ROWS, COLUMNS)
    return LoudnessTable(np.zeros(shape, np.int8), np.full(shape, CORRELATION_STEPS - 1, np.uint8))


def measure_loudness(graph: Graph) -> LoudnessTable:
    """Plays the reference at every place and level on golden; some ten seconds for the shipped decoder.

    The first latent axis is X, the second Y; raises ValueError when there are others.
    """
    if len(graph.latent) != 2:
        raise ValueError(f"a loudness table has two axes, the decoder {len(graph.latent)}")
    dry = reference_signal(graph.sample_rate)
    weighted_dry = k_weighted(dry, graph.sample_rate)
    wanted = mean_square(weighted_dry)
    makeup_db = np.zeros((LEVELS, ROWS, COLUMNS))
    correlation = np.zeros_like(makeup_db)
    for level, level_db in enumerate(np.linspace(*LEVEL_RANGE_DB, LEVELS)):
        wet = _played_everywhere(graph, 10 ** (level_db / 20) * dry)
        weighted_wet = k_weighted(wet, graph.sample_rate)
        got = np.maximum(mean_square(weighted_wet), SILENCE)
        makeup_db[level] = 10 * np.log10(wanted / got)
        correlation[level] = np.mean(weighted_wet * weighted_dry, axis=-1) / np.sqrt(wanted * got)
    makeup_steps = np.rint(np.clip(makeup_db, -MAKEUP_LIMIT_DB, MAKEUP_LIMIT_DB) * STEPS_PER_DB)
    correlation_steps = np.clip(np.rint(correlation * CORRELATION_STEPS), 0, CORRELATION_STEPS - 1)
    return LoudnessTable(makeup_steps.astype(np.int8), correlation_steps.astype(np.uint8))


def reference_signal(sample_rate: int) -> np.ndarray:
    """A bass note, a plucked chord and a drum, (T,) float64 within [-1, 1), in whole steps of 16 bits."""
    time = np.arange(round(REFERENCE_SECONDS * sample_rate)) / sample_rate
    signal = 0.9 * _plucked(time, 55.0, start=0.0, decay_per_second=4.0)
    for index, frequency in enumerate((164.8, 246.9, 415.3)):
        signal += 0.5 * _plucked(time, frequency, start=0.03 * index, decay_per_second=8.0)
    since_drum = time - 0.5 * REFERENCE_SECONDS
    noise = np.random.default_rng(0).uniform(-1.0, 1.0, time.size)
    signal += np.where(since_drum >= 0, noise * np.exp(-60.0 * np.maximum(since_drum, 0)), 0)
    signal *= 10 ** (REFERENCE_RMS_DB / 20) / math.sqrt(mean_square(signal))
    return np.clip(np.rint(signal * 32768), -32768, 32767) / 32768


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


def _played_everywhere(graph: Graph, dry: np.ndarray) -> np.ndarray:
    """dry (T,), full scale is 1 → wet (y, x, T) of every place, in time with dry, its mean taken out."""
    lead = graph.receptive_field  # silence first: from its reset, the decoder needs that long to settle
    codes = graph.input.input.quantize(np.pad(dry, (lead, graph.latency_samples)), graph.scheme)
    decoder = GoldenDecoder(graph)
    wet = np.zeros((ROWS, COLUMNS, dry.size))
    for y, x in np.ndindex(ROWS, COLUMNS):
        shares = (x / (COLUMNS - 1), y / (ROWS - 1))
        real = [axis.low + (axis.high - axis.low) * share for axis, share in zip(graph.latent, shares, strict=True)]
        decoder.reset()
        played = decoder.process(codes, graph.condition[0].input.quantize(np.array(real), graph.scheme))
        wet[y, x] = graph.output.output.dequantize(played[lead + graph.latency_samples :])
    return wet - wet.mean(axis=-1, keepdims=True)
