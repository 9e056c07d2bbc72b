# SPDX-License-Identifier: MIT
"""Decibels become gains without libm: as exact as promised, and the same bits on the Cortex-M7."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sounds import ENGINE, STUB, SoundLibrary, compile_sound, compile_sound_for_cortex_m7

PROMISED = 2e-6  # relative, core/decibels.h
DB = np.concatenate([np.linspace(-150, 150, 60_001), np.arange(-24, 25) * 20 * np.log10(2), [0.0, -0.0, 1e-30]])


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> SoundLibrary:
    return compile_sound(tmp_path_factory.mktemp("decibels") / "sound.so", STUB)


def test_gains_are_those_of_a_double(library: SoundLibrary) -> None:
    db = DB.astype(np.float32)
    expected = 10 ** (db.astype(np.float64) / 20)
    assert np.abs(library.gains_of_decibels(db) / expected - 1).max() < PROMISED


def test_gains_rise_with_every_step_of_a_knob(library: SoundLibrary) -> None:
    assert (np.diff(library.gains_of_decibels(np.linspace(-20, 20, 65_536))) >= 0).all()


def test_no_decibels_is_no_change(library: SoundLibrary) -> None:
    assert library.gains_of_decibels(np.zeros(1))[0] == 1


def test_beyond_the_range_it_stays_as_at_its_end(library: SoundLibrary) -> None:
    ends = library.gains_of_decibels(np.array([-150.0, -151, -1e30, -np.inf, 150, 151, 1e30, np.inf]))
    assert len(set(ends[:4])) == len(set(ends[4:])) == 1


def test_the_cortex_m7_gives_the_same_bits(library: SoundLibrary, tmp_path: Path) -> None:
    machine = compile_sound_for_cortex_m7(tmp_path / "sound.elf", ENGINE)
    db = DB[::37].astype(np.float32)
    target = machine.put(np.zeros(db.size, np.float32))
    machine.call("gains_of_decibels", machine.put(db), target, db.size)
    got = machine.get(target, db.size, np.uint32)
    assert np.array_equal(got, library.gains_of_decibels(db).view(np.uint32))
