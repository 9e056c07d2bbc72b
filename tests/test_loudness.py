# SPDX-License-Identifier: MIT
"""What a decoder's loudness table says is so: BS.1770's weighting, the table's measurement, its interpolation in the
firmware, and in the end what is heard."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.interpolate import RegularGridInterpolator
from sounds import (
    BLOCK,
    ENGINE,
    LOUDNESS_MAP,
    RATE,
    SoundLibrary,
    compile_for_cortex_m7,
    compile_sound,
    sounds,
)

from quantize import loudness
from quantize.graph import SCHEMES, Graph
from quantize.loudness import (
    COLUMNS,
    LEVELS,
    ROWS,
    k_weighted,
    mean_square,
    measure_loudness,
    reference_signal,
)
from quantize.synthetic import synthetic_graph

LATENCY = 6  # of the released decoders


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> SoundLibrary:
    return compile_sound(tmp_path_factory.mktemp("loudness") / "sound.so", ENGINE)


def loudness_db(signal: np.ndarray) -> float:
    """Of audio at 48 kHz, less its mean; 0 dB is a mean square of 1 after weighting."""
    return float(10 * np.log10(mean_square(k_weighted(signal - signal.mean(), RATE))))


def random_map(seed: int = 0) -> np.ndarray:
    rng, shape = np.random.default_rng(seed), (LEVELS, ROWS, COLUMNS)
    table = np.zeros((), LOUDNESS_MAP)
    table["low_db"], table["high_db"] = -13, 22
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
    return replace(
        graph,
        input=replace(graph.input, weights=one, weight_scales=np.full(1, 1 / 64, np.float32), bias=np.zeros(1, int)),
        layers=(replace(graph.layers[0], filter=still[0], gate=still[1]),),
        output=replace(graph.output, weights=one, weight_scales=scales, bias=np.full(1, 500)),
        latency_samples=latency,
    )


@pytest.fixture
def few_places(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two a side: for decoders that do not care."""
    monkeypatch.setattr(loudness, "COLUMNS", 2)
    monkeypatch.setattr(loudness, "ROWS", 2)


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


def test_the_firmware_interpolates_in_decibels(engine: SoundLibrary) -> None:
    """Against SciPy; beyond the edges it is as at the edge."""
    table, rng = random_map(), np.random.default_rng(1)
    at = np.concatenate(
        [rng.uniform(-1.2, 1.2, (500, 3)), np.array(np.meshgrid(*[[-1.0, 0.0, 1.0]] * 3)).reshape(3, -1).T]
    )
    at[:, 2] = (at[:, 2] + 1) / 2  # the knob goes from 0
    found = engine.loudness_at(table, at)
    axes = [np.linspace(-1, 1, lines) for lines in (ROWS, COLUMNS)]
    inside = np.clip(at, (-1, -1, 0), (1, 1, 1)).astype(np.float32)[:, ::-1]  # level, y, x
    grid = (np.linspace(0, 1, LEVELS), *axes)
    makeup_db = RegularGridInterpolator(grid, table["makeup"] / 4)(inside)
    correlation = RegularGridInterpolator(grid, table["correlation"] / 256)(inside)
    assert np.abs(20 * np.log10(found[:, 0]) - makeup_db).max() < 1e-3  # float32 on 64 dB, steps of up to 64 dB a cell
    assert np.abs(found[:, 1] - correlation).max() < 1e-5
    level_db = table["low_db"] + (table["high_db"] - table["low_db"]) * inside[:, 0]
    assert np.abs(20 * np.log10(found[:, 2]) - level_db).max() < 1e-4


def test_the_cortex_m7_interpolates_to_the_same_bits(engine: SoundLibrary, tmp_path: Path) -> None:
    machine = compile_for_cortex_m7(tmp_path / "sound.elf", ENGINE)
    table, at = random_map(2), np.random.default_rng(3).uniform(-1.1, 1.1, (300, 3)).astype(np.float32)
    target = machine.put(np.zeros(at.shape, np.float32))
    machine.call("loudness_at", machine.put(table), machine.put(at), target, len(at))
    expected = engine.loudness_at(table, at).view(np.uint32)
    assert np.array_equal(machine.get(target, at.size, np.uint32), expected.reshape(-1))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_noon_is_no_gain(scheme: str, engine: SoundLibrary) -> None:
    assert engine.loudness_at(engine.loudness_map(scheme), np.array([[0.0, 0.0, 0.5]]))[0, 2] == 1


def heard_db(engine: SoundLibrary, scheme: str, **values: np.ndarray | float) -> np.ndarray:
    """The reference again and again, once a value: how much louder than itself it comes out each time."""
    dry = reference_signal(RATE)
    blocks = -(-(dry.size + LATENCY) // BLOCK)
    audio = np.zeros(blocks * BLOCK)
    audio[: dry.size] = dry
    times = max(np.size(value) for value in values.values())
    every = {name: np.repeat(np.broadcast_to(value, times), blocks) for name, value in values.items()}
    out = engine.play_settled(scheme, sounds(blocks * times, **every), np.tile(audio, times)).out.astype(np.float64)
    heard = out.reshape(times, -1)[:, LATENCY : LATENCY + dry.size]
    return np.array([loudness_db(row) for row in heard]) - loudness_db(dry)


TOLERANCE_DB = 2.0  # on the table's places it is the rounding to a quarter; between them, how the map bends


@pytest.mark.parametrize("scheme", SCHEMES)
def test_everywhere_on_the_map_wet_is_as_loud_as_dry(scheme: str, engine: SoundLibrary) -> None:
    """On the table's places and between them, at the table's levels and between them."""
    rng = np.random.default_rng(4)
    steps = np.array([COLUMNS - 1, ROWS - 1])
    on_grid = rng.integers(0, steps + 1, (20, 2)) / steps * 2 - 1
    between = (rng.integers(0, steps, (20, 2)) + 0.5) / steps * 2 - 1
    x, y = np.concatenate([on_grid, between]).T
    level = rng.integers(0, 2 * LEVELS - 1, x.size) / (2 * LEVELS - 2)
    off = np.abs(heard_db(engine, scheme, x=x, y=y, level=level))
    assert off[level * (LEVELS - 1) % 1 == 0][:10].max() < TOLERANCE_DB
    # Between them, where a device begins is a bend that the table does not see: a few places are further off.
    assert np.mean(off < TOLERANCE_DB) >= 0.85 and off.max() < 3 * TOLERANCE_DB


@pytest.mark.parametrize("scheme", SCHEMES)
def test_turning_the_level_does_not_turn_the_volume(scheme: str, engine: SoundLibrary) -> None:
    level = np.linspace(0, 1, 17)
    for x, y in ((0.1, -0.9), (0.0, 0.0), (-0.6, 0.8)):
        assert np.abs(heard_db(engine, scheme, x=x, y=y, level=level)).max() < TOLERANCE_DB


def test_without_the_table_it_would_not_be_even(tmp_path: Path) -> None:
    fault = ("even * loudness.makeup", "even")
    faulty = compile_sound(tmp_path / "sound.so", ENGINE, fault)
    assert np.abs(heard_db(faulty, "int16x8", y=-0.9, level=np.array([0.0, 1.0]))).max() > 5


def test_mixing_keeps_the_loudness(engine: SoundLibrary) -> None:
    """Places where wet resembles dry, half and hardly; knob positions all over."""
    mix = np.linspace(0, 1, 9)
    for x, y, level in ((0.0, 0.0, 0.5), (1.0, 0.0, 0.5), (0.75, 1.0, 1.0)):
        assert np.ptp(heard_db(engine, "int16x8", x=x, y=y, level=level, mix=mix)) < 0.5


def test_a_plain_crossfade_would_not_keep_the_loudness(tmp_path: Path) -> None:
    fault = ("root *= 1.5F - 0.5F * x * root * root;", "root = 1;")
    faulty = compile_sound(tmp_path / "sound.so", ENGINE, fault)
    assert np.ptp(heard_db(faulty, "int16x8", x=0.75, y=1.0, level=1.0, mix=np.linspace(0, 1, 9))) > 2
