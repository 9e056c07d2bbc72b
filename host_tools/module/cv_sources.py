# SPDX-License-Identifier: MIT
"""What is plugged into CV and gate jacks when a module is played offline: files, LFOs, clocks, steady volts.

Depends on `audio` for files. A source is sampled at the times of the blocks, as the module samples its jacks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from host_tools.audio import load_audio
from host_tools.errors import UserError
from host_tools.module.panel import CV_SPAN_VOLTS

GATE_VOLTS = 5.0
GATE_HIGH_VOLTS = 1.0  # well above hum, well below any gate
FASTEST_HZ = 500.0  # of what the module can follow
MOST_VOLTS = 12.0  # what a rack has
CV_FORMS = "a WAV or FLAC file, lfo:HZ[:VOLTS] or dc:VOLTS"
GATE_FORMS = "a WAV or FLAC file, or clock:HZ"


@dataclass(frozen=True)
class Source:
    """What a jack gets. `volts` takes times (T,) in seconds; `note` says what was done to a file, or nothing."""

    volts: Callable[[np.ndarray], np.ndarray]
    note: str = ""


UNPLUGGED = Source(lambda times_s: np.zeros(times_s.size))


def cv_source(text: str, sample_rate: int) -> Source:
    """The source that a player names: see CV_FORMS. UserError when it is none. `sample_rate`: Hz, for files."""
    kind, numbers = _split(text, "lfo", "dc")
    if not kind:
        return _file(text, sample_rate)
    if kind == "lfo" and len(numbers) in (1, 2):
        hz, volts = (*numbers, CV_SPAN_VOLTS)[:2]
        source = Source(lambda times_s: volts * np.sin(2 * math.pi * hz * times_s))
    elif kind == "dc" and len(numbers) == 1:
        hz, volts = 0.0, numbers[0]
        source = Source(lambda times_s: np.full(times_s.size, volts))
    else:
        raise UserError(f"{text} is no CV; give {CV_FORMS}")
    _require_slow(text, hz)
    if hz < 0 or abs(volts) > MOST_VOLTS:
        raise UserError(
            f"{text} is more than a rack gives; choose 0 Hz or more, and -{MOST_VOLTS:g} to {MOST_VOLTS:g} V"
        )
    return source


def gate_source(text: str, sample_rate: int) -> Source:
    """The same for the gate jack, 0 or 5 V: see GATE_FORMS. A clock is high in the first half of its period."""
    kind, numbers = _split(text, "clock")
    if not kind:
        file = _file(text, sample_rate)
        return Source(lambda times_s: GATE_VOLTS * (file.volts(times_s) > GATE_HIGH_VOLTS))
    if len(numbers) != 1 or numbers[0] <= 0:
        raise UserError(f"{text} is no gate; give {GATE_FORMS}")
    _require_slow(text, numbers[0])
    return Source(lambda times_s: GATE_VOLTS * (times_s * numbers[0] % 1 < 0.5))


def _require_slow(text: str, hz: float) -> None:
    if hz > FASTEST_HZ:
        raise UserError(
            f"{text} is too fast: the module reads its jacks once a millisecond; give {FASTEST_HZ:g} Hz at most"
        )


def _split(text: str, *kinds: str) -> tuple[str, list[float]]:
    """`kind:number:number`. No kind: it is none of these, so it is a file. No numbers: one of them is none."""
    kind, *words = text.split(":")
    if kind not in kinds or not words:
        return "", []
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        return kind, []
    return kind, numbers if all(map(math.isfinite, numbers)) else []


def _file(path: str, sample_rate: int) -> Source:
    """A file's full scale is ±5 V; after its end the jack is at 0 V."""
    audio = load_audio(Path(path), sample_rate, allow_silence=True)

    def volts(times_s: np.ndarray) -> np.ndarray:
        sample = np.rint(times_s * sample_rate).astype(np.int64)
        last = audio.samples.size - 1
        return CV_SPAN_VOLTS * np.where(sample <= last, audio.samples[np.minimum(sample, last)], 0.0)

    return Source(volts, audio.note)
