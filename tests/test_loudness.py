# SPDX-License-Identifier: MIT
"""A decoder's loudness table: BS.1770's weighting, how it is measured, and how the firmware interpolates in it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.interpolate import RegularGridInterpolator
from sounds import ENGINE, LOUDNESS_MAP, RATE, SoundLibrary, columns_on_map, compile_sound, compile_sound_for_cortex_m7

from quantize import loudness
from quantize.graph import SCHEMES, Graph
from quantize.loudness import (
    COLUMNS,
    LEVELS,
    PLACES,
    ROWS,
    columns_of,
    k_weighted,
    mean_square,
    measure_loudness,
    reference_signal,
)
from quantize.synthetic import synthetic_graph


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> SoundLibrary:
    return compile_sound(tmp_path_factory.mktemp("loudness") / "sound.so", ENGINE)


def random_map(seed: int = 0) -> np.ndarray:
    rng, shape = np.random.default_rng(seed), (LEVELS, ROWS, COLUMNS)
    table = np.zeros((), LOUDNESS_MAP)
    table["low_db"], table["high_db"] = -13, 22
    table["column"] = [0, *np.sort(rng.choice(np.arange(1, PLACES - 1), COLUMNS - 2, replace=False)), PLACES - 1]
    table["makeup"], table["correlation"] = rng.integers(-128, 128, shape), rng.integers(0, 256, shape)
    return table


def test_the_weighting_is_the_recommendations_table() -> None:
    """BS.1770-5, annex 1, tables 1 and 2: coefficients for 48 kHz."""
    shelf, high_pass = loudness._shelf(RATE), loudness._high_pass(RATE)
    assert np.allclose(shelf[0], [1.53512485958697, -2.69169618940638, 1.19839281085285], rtol=1e-10)
    assert np.allclose(shelf[1], [1, -1.69065929318241, 0.73248077421585], rtol=1e-10)
    assert np.allclose(high_pass[0], [1, -2, 1])
    assert np.allclose(high_pass[1], [1, -1.99004745483398, 0.99007225036621], rtol=1e-10)


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_a_sine_of_full_scale_at_1_khz_is_as_loud_at_every_rate(rate: int) -> None:
    """-3.01 LKFS by the recommendation, which adds -0.691 to what is measured here."""
    sine = np.sin(2 * np.pi * 997 * np.arange(rate) / rate)
    assert 10 * np.log10(mean_square(k_weighted(sine, rate))) - 0.691 == pytest.approx(-3.01, abs=0.02)


def test_the_reference_is_at_the_level_it_names() -> None:
    signal = reference_signal(RATE)
    assert 10 * np.log10(mean_square(signal)) == pytest.approx(loudness.REFERENCE_RMS_DB, abs=0.01)
    assert np.array_equal(signal, np.rint(signal * 32768) / 32768)
    assert 0.5 < np.abs(signal).max() < 1


def straight(gain: float, latency: int) -> Graph:
    """A decoder that passes its input times a gain, whatever z."""
    graph = synthetic_graph("int16x8", channels=1, dilations=(1,), condition_channels=1, hidden_channels=1)
    one = np.full((1, 1, 1), 64, np.int8)
    still = [
        replace(conv, weights=np.zeros_like(conv.weights), bias=np.zeros_like(conv.bias))
        for conv in (graph.layers[0].filter, graph.layers[0].gate)
        if conv
    ]
    scales = np.full(1, gain / 64, np.float32)
    accumulator = graph.residual.scale * graph.gain.weight_scales.astype(float)
    return replace(
        graph,
        gain=replace(graph.gain, weights=0 * one, bias=np.rint(1 / accumulator).astype(int)),
        layers=(replace(graph.layers[0], filter=still[0], gate=still[1]),),
        output=replace(graph.output, weights=one, weight_scales=scales, bias=np.full(1, 500)),
        latency_samples=latency,
    )


@pytest.fixture
def few_places(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two a side: for decoders that do not care."""
    for name in ("COLUMNS", "ROWS", "PLACES"):
        monkeypatch.setattr(loudness, name, 2)


@pytest.mark.usefixtures("few_places")
def test_a_straight_wire_is_made_up_by_its_gain_and_the_knobs() -> None:
    table = measure_loudness(straight(0.5, latency=0))
    # Up to where the decoder's input clips, and no louder than it can be made.
    assert np.array_equal(table.makeup_quarter_db[:3, 0, 0] / 4, [26, 16, 6])
    assert (table.correlation_256th[:3] == 255).all()
    assert (measure_loudness(straight(0.01, latency=0)).makeup_quarter_db[0] == 30 * 4).all()


@pytest.mark.usefixtures("few_places")
def test_latency_counts() -> None:
    """A wire with no delay that claims to have some resembles its input less."""
    late = measure_loudness(straight(0.5, latency=20)).correlation_256th
    assert (late[:3] < 200).all()


@pytest.mark.usefixtures("few_places")
def test_silence_is_no_number_out_of_range() -> None:
    silent = straight(0.5, latency=0)
    silent = replace(silent, output=replace(silent.output, weights=np.zeros((1, 1, 1), np.int8)))
    table = measure_loudness(silent)
    assert (table.makeup_quarter_db == 30 * 4).all() and (table.correlation_256th == 0).all()


def deaf(graph: Graph, dry: np.ndarray, columns: np.ndarray, level_db: float, row: float) -> np.ndarray:
    """At module level, for processes to find."""
    makeup_db = loudness.MAKEUP_LIMIT_DB if level_db < 5 else 2.0
    return np.stack([np.full(len(columns), value) for value in (makeup_db, 0.0)])


@pytest.mark.usefixtures("few_places")
def test_where_eight_bits_hear_nothing_wet_is_made_up_as_if_they_did(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten decibels for each step of the level, up to the limit."""
    monkeypatch.setattr(loudness, "_row_against_dry", deaf)
    table = measure_loudness(straight(0.5, latency=0))
    assert np.array_equal(table.makeup_quarter_db[:, 1, 1] / 4, [30, 22, 12, 2, 2])


@pytest.mark.usefixtures("few_places")
def test_a_decoder_that_inverts_resembles_nothing() -> None:
    wire = straight(0.5, latency=0)
    inverted = replace(wire, output=replace(wire.output, weights=-wire.output.weights))
    table = measure_loudness(inverted)
    assert (table.correlation_256th == 0).all()
    assert np.array_equal(table.makeup_quarter_db, measure_loudness(wire).makeup_quarter_db)


def test_more_axes_than_two_are_refused() -> None:
    graph = synthetic_graph("int8", dilations=(1,))
    weights = np.zeros((8, 1, 3), np.int8)
    deep = replace(
        graph,
        latent=(*graph.latent, graph.latent[0]),
        condition=(replace(graph.condition[0], weights=weights), graph.condition[1]),
    )
    with pytest.raises(ValueError, match="two axes, the decoder 3"):
        measure_loudness(deep)


def test_columns_go_where_the_sound_bends() -> None:
    """Two profiles of straight lines but for a jump each: there are columns on both sides of both jumps."""
    every = np.arange(PLACES)
    columns = columns_of(np.stack([np.where(every > 100, 9.0, 0.1 * every), np.where(every > 200, -3.0, 0.0)]))
    assert {0, 100, 101, 200, 201, PLACES - 1} <= set(columns.tolist())
    assert columns.shape == (COLUMNS,) and (np.diff(columns) > 0).all()


def test_a_map_without_bends_has_columns_all_the_same() -> None:
    columns = columns_of(np.zeros((1, PLACES)))
    assert (np.diff(columns) > 0).all() and columns[[0, -1]].tolist() == [0, PLACES - 1]


def test_the_firmware_interpolates_in_decibels(engine: SoundLibrary) -> None:
    """Against SciPy; beyond the edges it is as at the edge."""
    table, rng = random_map(), np.random.default_rng(1)
    at = np.concatenate(
        [rng.uniform(-1.2, 1.2, (500, 3)), np.array(np.meshgrid(*[[-1.0, 0.0, 1.0]] * 3)).reshape(3, -1).T]
    )
    at[:, 2] = (at[:, 2] + 1) / 2  # the knob goes from 0
    found = engine.loudness_at(table, at)
    inside = np.clip(at, (-1, -1, 0), (1, 1, 1)).astype(np.float32)[:, ::-1]  # level, y, x
    grid = (np.linspace(0, 1, LEVELS), np.linspace(-1, 1, ROWS), columns_on_map(table))
    makeup_db = RegularGridInterpolator(grid, table["makeup"] / 4)(inside)
    correlation = RegularGridInterpolator(grid, table["correlation"] / 256)(inside)
    assert np.abs(20 * np.log10(found[:, 0]) - makeup_db).max() < 1e-3  # float32 on 64 dB, steps of up to 64 dB a cell
    assert np.abs(found[:, 1] - correlation).max() < 1e-5
    level_db = table["low_db"] + (table["high_db"] - table["low_db"]) * inside[:, 0]
    assert np.abs(20 * np.log10(found[:, 2]) - level_db).max() < 1e-4


def test_the_cortex_m7_interpolates_to_the_same_bits(engine: SoundLibrary, tmp_path: Path) -> None:
    machine = compile_sound_for_cortex_m7(tmp_path / "sound.elf", ENGINE)
    table, at = random_map(2), np.random.default_rng(3).uniform(-1.1, 1.1, (300, 3)).astype(np.float32)
    target = machine.put(np.zeros(at.shape, np.float32))
    machine.call("loudness_at", machine.put(table), machine.put(at), target, len(at))
    expected = engine.loudness_at(table, at).view(np.uint32)
    assert np.array_equal(machine.get(target, at.size, np.uint32), expected.reshape(-1))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_noon_is_no_gain(scheme: str, engine: SoundLibrary) -> None:
    assert engine.loudness_at(engine.loudness_map(scheme), np.array([[0.0, 0.0, 0.5]]))[0, 2] == 1
