# SPDX-License-Identifier: MIT
"""Pairs of recordings, one into a device and one out of it, brought to one rate, in time and of one polarity; and
folders of such pairs with the device's knobs.

Depends on soundfile, SciPy and `alignment`. It changes no levels and draws no clips.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile
from scipy import signal

from model.alignment import aligned, find_lag
from model.sources import PLAUSIBLE_RATES_HZ

TABLE = "captures.csv"
REQUIRED_COLUMNS = ("device", "dry", "wet")
LARGEST_LAG_S = 1.0
SHORTEST_S = 0.5
QUIETEST_PEAK = 1e-4  # -80 dBFS: below it a recording is the noise of its converter
KNOB_AT_NOON = 0.5


class PairError(ValueError):
    """A pair of recordings that cannot be used; `reason` is the kind of fault in a few words, the same for every such
    pair.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class CaptureError(ValueError):
    """A folder of captures of which nothing can be used; the message names it and the remedy."""


@dataclass(frozen=True, eq=False)
class RecordedPair:
    """Dry and wet in time and of equal length, at the levels of their files."""

    dry: np.ndarray  # (samples,) float64
    wet: np.ndarray  # (samples,) float64
    lag_samples: int  # how much later wet was; already taken out
    inverted: bool  # whether wet was upside down; already turned

    def turned(self) -> RecordedPair:
        return replace(self, wet=-self.wet, inverted=not self.inverted)


@dataclass(frozen=True, eq=False)
class Capture:
    """One setting of a device, recorded: a row of the table."""

    device: str
    drive: float  # 0..1
    tone: float  # 0..1
    pair: RecordedPair


def _read_mono(path: Path, rate: int) -> np.ndarray:
    try:
        sound, file_rate = soundfile.read(path, always_2d=True)
    except (soundfile.LibsndfileError, OSError, TypeError) as error:  # TypeError: a .raw file says no rate
        raise PairError("unreadable", f"{path}: cannot be read as audio ({error}); save it as WAV or FLAC") from error
    mono = sound.mean(axis=1)
    if not PLAUSIBLE_RATES_HZ[0] <= file_rate <= PLAUSIBLE_RATES_HZ[1]:
        raise PairError("unreadable", f"{path}: a sample rate of {file_rate} Hz; save it again at {rate} Hz")
    if not np.isfinite(mono).all():
        raise PairError("not finite", f"{path}: holds values that are not finite; export the file again")
    if len(mono) < SHORTEST_S * file_rate:
        raise PairError("too short", f"{path}: lasts {len(mono) / file_rate:.2f} s; record at least {SHORTEST_S} s")
    if np.ptp(mono) < 2 * QUIETEST_PEAK:
        raise PairError("silent", f"{path}: silent, below -80 dBFS; check the cable and record again")
    return signal.resample_poly(mono, rate, file_rate)


def load_pair(dry_path: Path, wet_path: Path, rate: int) -> RecordedPair:
    """Two audio files of any rates, lengths and channel counts as a pair at `rate` (Hz), in time within a sample.

    Wet may be up to a second late or early, and upside down: a device that inverts is turned, since the map has one
    polarity. Raises PairError for a file that is unreadable, silent, not finite or too short, and for two that have no
    sound in common.
    """
    dry, wet = _read_mono(dry_path, rate), _read_mono(wet_path, rate)
    try:
        lag = find_lag(dry, wet, round(LARGEST_LAG_S * rate))
        dry, wet = aligned(dry, wet, lag)
    except ValueError as error:
        raise PairError("no common sound", f"{wet_path} is not {dry_path} through a device: {error}") from error
    if len(dry) < SHORTEST_S * rate:
        raise PairError("too short", f"{dry_path} and {wet_path} overlap by less than {SHORTEST_S} s; record longer")
    # By their differences: a circuit's filters turn the phase of its low notes, and those are the loudest.
    upright = np.dot(np.diff(dry), np.diff(wet)) >= 0
    pair = RecordedPair(dry, wet, lag, inverted=False)
    return pair if upright else pair.turned()


def _knob(row: dict[str, str], name: str) -> float:
    text = (row.get(name) or "").strip()
    try:
        value = float(text) if text else KNOB_AT_NOON
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise PairError("knob outside 0..1", f"{name} is {text!r}; write the knob's position as a number from 0 to 1")
    return value


def _load_row(folder: Path, row: dict[str, str], rate: int) -> Capture:
    device, dry, wet = ((row.get(name) or "").strip() for name in REQUIRED_COLUMNS)
    if not (device and dry and wet):
        raise PairError("incomplete row", f"a row needs {', '.join(REQUIRED_COLUMNS)}")
    drive, tone = _knob(row, "drive"), _knob(row, "tone")
    return Capture(device, drive, tone, load_pair(folder / dry, folder / wet, rate))


def _of_one_polarity(captures: list[Capture]) -> list[Capture]:
    """A device is turned as its lowest drive says: a folder or a rectifier at full drive has no polarity of its own,
    and a turn between two settings would be a leap on the map.
    """
    by_falling_drive = sorted(captures, key=lambda capture: -capture.drive)
    inverted = {capture.device: capture.pair.inverted for capture in by_falling_drive}  # the last one stays
    return [replace(c, pair=c.pair if c.pair.inverted == inverted[c.device] else c.pair.turned()) for c in captures]


def load_captures(folder: Path, rate: int) -> tuple[list[Capture], dict[str, list[str]]]:
    """Every usable row of `captures.csv` in a folder, at `rate` (Hz), and the others by reason: one message for each,
    beginning with its line number.

    Columns: device, dry, wet (files, relative to the folder), drive and tone (0..1; noon where empty). Raises
    CaptureError when the table is missing or misses a column, or when no row can be used.
    """
    table = folder / TABLE
    captures: list[Capture] = []
    rejected: defaultdict[str, list[str]] = defaultdict(list)
    try:
        with table.open(newline="", encoding="utf-8-sig") as lines:
            reader = csv.DictReader(lines)
            if missing := [name for name in REQUIRED_COLUMNS if name not in (reader.fieldnames or ())]:
                raise CaptureError(
                    f"{table}: no column {', '.join(missing)}; its first line should be device,dry,wet,drive,tone"
                )
            for row in reader:
                try:
                    captures.append(_load_row(folder, row, rate))
                except PairError as error:
                    rejected[error.reason].append(f"line {reader.line_num}: {error}")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CaptureError(
            f"{table}: cannot be read ({error}); write one with the columns device,dry,wet,drive,tone"
        ) from error
    if not captures:
        reasons = ", ".join(f"{len(rows)} {reason}" for reason, rows in rejected.items()) or "the table has no rows"
        first = next((rows[0] for rows in rejected.values()), "")
        raise CaptureError(f"{table}: no usable pair ({reasons}). {first}".rstrip())
    return _of_one_polarity(captures), dict(rejected)
