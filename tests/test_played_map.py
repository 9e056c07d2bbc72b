# SPDX-License-Identifier: MIT
"""The map as the module plays it: knobs lead where they should, and a fault of the firmware is found by the measures
that are there for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from compiled import CORE, HOST_BOARD, STUB_DECODER, compile_library, compile_stub_device, with_faults

from host_tools.errors import LinkError
from host_tools.played_map import played_render
from host_tools.tables import map_table
from model.aliasing import Render, sine
from model.map_measures import MapMeasures, measure_map

STUB_MODEL = "89abcdef"
PLACES = 3
TONE = sine(1000.0, 9_600, 0.25)
BLOCKED = 2e-3  # by the blocker at 3.5 Hz the tone is a 300th of a turn early, and of 0.12 of DC 5e-4 are left


def echo(folder: Path, fault: tuple[str, str] | None = None) -> Render:
    """The firmware around the tests' decoder: an echo by one sample, with a DC of z / 16. `fault`: text of the
    core, and what stands there instead.
    """
    core = with_faults(folder, CORE, *filter(None, [fault]))
    sources = [*core, STUB_DECODER, *HOST_BOARD]
    return played_render(STUB_MODEL, compile_library(folder / "module.so", sources))


def measured(folder: Path, fault: tuple[str, str] | None = None) -> MapMeasures:
    return measure_map(echo(folder, fault), 1.0, PLACES)


@pytest.fixture(scope="module")
def render(tmp_path_factory: pytest.TempPathFactory) -> Render:
    return echo(tmp_path_factory.mktemp("echo"))


def test_another_model_than_was_asked_for_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LinkError, match="01234567"):
        played_render("01234567", compile_stub_device(tmp_path))


def test_the_tone_comes_back_at_every_place_as_it_was(render: Render) -> None:
    """Wet alone, at the level it was played, late by the decoder's one sample; any number of places and samples."""
    places = np.random.default_rng(0).uniform(-1, 1, (5, 2))
    wet = render(TONE[:9_590], places)
    assert wet.shape == (5, 9_590)
    assert np.abs(wet[:, 9_001:] - TONE[9_000:9_589]).max() < BLOCKED


def test_a_place_sounds_the_same_after_any_other(render: Render) -> None:
    places = np.array([[0.9, -1.0], [-0.5, 0.25], [-1.0, 1.0], [-0.5, 0.25]])
    wet = render(TONE, places)
    assert np.abs(wet[1] - wet[3])[9_000:].max() < BLOCKED
    assert np.array_equal(wet, render(TONE, places))


def test_a_firmware_without_faults_is_level_and_free_of_dc(tmp_path: Path) -> None:
    found = measured(tmp_path).to_dict()
    assert found["loudness_plus_minus_db"] < 0.05
    assert found["dc_worst_dbfs"] < -60 and found["silence_worst_dbfs"] < -90
    assert found["step_worst_db"] < -50


def test_the_modules_figures_stand_beside_the_decoders(render: Render) -> None:
    played = measure_map(render, 1.0, PLACES).to_dict()
    assert [len(row) for row in map_table(played).rows] == [2] * 10
    table = map_table(dict.fromkeys(played, 3.0), played)
    assert table.headings == ("measure", "decoder", "module") and table.rows[2][1] == "3.00"
    assert table.rows[2][2] == f"{played['dc_worst_dbfs']:.2f}"


def test_knobs_lead_to_their_places(tmp_path: Path) -> None:
    """A gain that depends on the place: 0.1, 0.2, 0.3 and 0.4 in the corners."""
    place = "(0.25F + 0.05F * sound.place.x + 0.1F * sound.place.y)"
    loudness = measured(tmp_path, ("even * loudness.makeup", f"even * loudness.makeup * {place}")).loudness_lkfs
    gains = 10 ** ((loudness - loudness[1, 1]) / 20) * 0.25
    expected = [[0.1, 0.15, 0.2], [0.2, 0.25, 0.3], [0.3, 0.35, 0.4]]  # [y][x]
    assert gains == pytest.approx(np.array(expected), rel=0.005)  # of DC a little is left in the reference


def test_a_firmware_that_keeps_dc_is_found_out(tmp_path: Path) -> None:
    found = measured(tmp_path, ("blocker.Process(Between(from, to, part.Next()) * scale)", "(from + to) / 2 * scale"))
    assert found.dc_db[:, [0, -1]].min() == pytest.approx(20 * np.log10(1 / 16), abs=0.1) and found.dc_db[0, 1] < -60


def test_a_firmware_that_mixes_in_noise_is_found_out(tmp_path: Path) -> None:
    """Of -72 dBFS behind the gate: silence is not, and a quiet tone is gritty."""
    found = measured(tmp_path, ("Clamped(sum, -1, 1)", "Clamped(sum + (i % 2 == 0 ? 1 : -1) / 4096.0F, -1, 1)"))
    assert found.silence_db.min() == pytest.approx(-72.2, abs=0.1)
    assert found.grit_db.min() > -12  # the tone is 9 dB louder
