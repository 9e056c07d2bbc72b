# SPDX-License-Identifier: MIT
"""The released decoders' loudness tables as they are heard at once: wet is as loud as dry everywhere on the map, at
every level and in every mix. What the module does about it later is in test_loudness_match.py."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sounds import BLOCK, ENGINE, RATE, UNMATCHED, SoundLibrary, columns_on_map, compile_sound, loudness_db, sounds

from quantize.graph import SCHEMES
from quantize.loudness import COLUMNS, LEVELS, PLACES, ROWS, reference_signal

LATENCY = 6  # of the released decoders


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> SoundLibrary:
    return compile_sound(tmp_path_factory.mktemp("loudness") / "sound.so", ENGINE, UNMATCHED)


def heard_db(engine: SoundLibrary, scheme: str, **values: np.ndarray | float) -> np.ndarray:
    """The reference again and again, twice a value: how much louder than itself it comes out each second time, when
    what a change leaves in the DC blocker has gone.
    """
    dry = reference_signal(RATE)
    blocks = -(-(dry.size + LATENCY) // BLOCK)
    audio = np.zeros(blocks * BLOCK)
    audio[: dry.size] = dry
    times = max(np.size(value) for value in values.values())
    every = {name: np.repeat(np.broadcast_to(value, times), 2 * blocks) for name, value in values.items()}
    passage = sounds(2 * blocks * times, **every)
    out = engine.play_settled(scheme, passage, np.tile(audio, 2 * times)).out.astype(np.float64)
    heard = out.reshape(times, 2, -1)[:, 1, LATENCY : LATENCY + dry.size]
    return np.array([loudness_db(row) for row in heard]) - loudness_db(dry)


TOLERANCE_DB = 2.0  # on the table's places it is the rounding to a quarter; between them, how the map bends
KNOT_TOLERANCE_DB = 0.25  # half a quarter for rounding, as much for the DC blocker and the sound before
LOWEST_LEVEL = {"int8": 0.25, "int16x8": 0.0}  # below that, 8 bits round the reference to silence


def knots(engine: SoundLibrary, scheme: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The table of a decoder, and where on the map its columns and its rows are."""
    table = engine.loudness_map(scheme)
    return table, columns_on_map(table), np.linspace(-1, 1, ROWS)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_columns_rise_from_edge_to_edge(scheme: str, engine: SoundLibrary) -> None:
    """The firmware divides by how far neighbours are apart."""
    _, x, _ = knots(engine, scheme)
    assert x[[0, -1]].tolist() == [-1, 1] and (np.diff(x) > 0).all()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_on_the_tables_places_wet_is_as_loud_as_dry(scheme: str, engine: SoundLibrary) -> None:
    _, x, y = knots(engine, scheme)
    lowest = round(LOWEST_LEVEL[scheme] * (LEVELS - 1))
    level, row, column = np.random.default_rng(4).integers((lowest, 0, 0), (LEVELS, ROWS, COLUMNS), (40, 3)).T
    off = heard_db(engine, scheme, x=x[column], y=y[row], level=level / (LEVELS - 1))
    assert np.abs(off).max() < KNOT_TOLERANCE_DB


def test_on_33_x_33_turns_of_the_knobs_wet_is_as_loud_as_dry(engine: SoundLibrary) -> None:
    """In the scheme that factory settings play, with the level at noon."""
    x, y = np.random.default_rng(4).integers(0, 33, (2, 100)) / 16 - 1
    assert np.abs(heard_db(engine, "int16x8", x=x, y=y)).max() < TOLERANCE_DB


@pytest.mark.parametrize("scheme", SCHEMES)
def test_everywhere_on_the_map_wet_is_as_loud_as_dry(scheme: str, engine: SoundLibrary) -> None:
    """Between the table's places and levels."""
    rng = np.random.default_rng(4)
    (x, y), level = rng.uniform(-1, 1, (2, 60)), rng.uniform(LOWEST_LEVEL[scheme], 1, 60)
    off = np.abs(heard_db(engine, scheme, x=x, y=y, level=level))
    # Where a device begins is a bend; some fall between columns, and 8 bits bend at each of their steps.
    assert np.mean(off < TOLERANCE_DB) >= 0.95 and off.max() < 2 * TOLERANCE_DB


@pytest.mark.parametrize("scheme", SCHEMES)
def test_turning_the_level_does_not_turn_the_volume(scheme: str, engine: SoundLibrary) -> None:
    """Where the level changes wet's own loudness most, as usual, and least."""
    table, x, y = knots(engine, scheme)
    span = np.ptp(table["makeup"].astype(int), axis=0)
    for place in np.argsort(span, axis=None)[[0, span.size // 2, -1]]:
        row, column = np.unravel_index(place, span.shape)
        off = heard_db(engine, scheme, x=x[column], y=y[row], level=np.linspace(LOWEST_LEVEL[scheme], 1, 17))
        assert np.abs(off).max() < TOLERANCE_DB


def test_without_the_table_it_would_not_be_even(tmp_path: Path) -> None:
    fault = ("even * loudness.makeup", "even")
    faulty = compile_sound(tmp_path / "sound.so", ENGINE, UNMATCHED, fault)
    assert np.abs(heard_db(faulty, "int16x8", y=-0.9, level=np.array([0.0, 1.0]))).max() > 5


def least_alike(engine: SoundLibrary, correlation_256th: int) -> dict[str, float]:
    """The table's place where wet resembles dry least, but by this much at least."""
    table, x, y = knots(engine, "int16x8")
    correlation = table["correlation"].astype(int)  # of eight bits, which PLACES does not fit
    enough = np.where(correlation >= correlation_256th, correlation, PLACES)
    level, row, column = np.unravel_index(enough.argmin(), enough.shape)
    return {"x": x[column], "y": y[row], "level": level / (LEVELS - 1)}


def test_mixing_keeps_the_loudness(engine: SoundLibrary) -> None:
    """Places where wet resembles dry hardly, half and much; knob positions all over."""
    for correlation_256th in (1, 128, 230):
        place = least_alike(engine, correlation_256th)
        assert np.ptp(heard_db(engine, "int16x8", **place, mix=np.linspace(0, 1, 9))) < 0.5


def test_a_plain_crossfade_would_not_keep_the_loudness(engine: SoundLibrary, tmp_path: Path) -> None:
    fault = ("root *= 1.5F - 0.5F * x * root * root;", "root = 1;")
    faulty = compile_sound(tmp_path / "sound.so", ENGINE, UNMATCHED, fault)
    place = least_alike(engine, 1)
    assert np.ptp(heard_db(faulty, "int16x8", **place, mix=np.linspace(0, 1, 9))) > 2
