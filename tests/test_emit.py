# SPDX-License-Identifier: MIT
"""What is generated from a `.tflite`: the same each time, not stale in the repository, and refused where it could not
be exact."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from compiled import FIRMWARE
from sounds import ENGINE, compile_sound
from stand_ins import with_flat_card

from host_tools.boards import HostLibrary
from host_tools.firmware import build_firmware
from model.config import SETTLING_SECONDS as MODELS_SETTLING_SECONDS
from quantize.emit import CLASSES, emit, emit_model
from quantize.golden import GoldenDecoder
from quantize.golden_vectors import emit_golden
from quantize.graph import SETTLING_SECONDS, Graph, GraphError, LatentAxis, Layer, Quantization
from quantize.loudness_table import COLUMNS, LEVEL_RANGE_DB, LEVELS, ROWS, LoudnessTable
from quantize.static_tables import LayerTables, Requantization, padded_channels
from quantize.synthetic import synthetic_graph
from quantize.tflite import TfliteError, model_id, read_tflite, write_tflite

SCHEMES = list(CLASSES)


def released(repository: Path, scheme: str) -> Path:
    return repository / "quantize" / "released" / scheme / "decoder.tflite"


def with_filter(graph: Graph, **changes: object) -> Graph:
    """The graph with other numbers in its first layer's filter."""
    first = graph.layers[0]
    return replace(graph, layers=(Layer(replace(first.filter, **changes), first.gate), *graph.layers[1:]))  # type: ignore[arg-type]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_generated_sources_are_not_stale(scheme: str, repository: Path, tmp_path: Path) -> None:
    for path in emit(released(repository, scheme), tmp_path):
        committed = repository / "firmware" / "generated" / path.name
        assert committed.read_text() == path.read_text(), "run `gritspace emit`"


def test_golden_vectors_are_not_stale(repository: Path, tmp_path: Path) -> None:
    paths = emit_golden([released(repository, scheme) for scheme in SCHEMES], tmp_path)
    assert {path.name for path in paths} == {"int8.npz", "int16x8.npz", "manifest.json"}
    for path in paths:
        committed = repository / "tests" / "golden" / path.name
        assert committed.read_bytes() == path.read_bytes(), "run `gritspace emit`"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_golden_vectors_hold(scheme: str, repository: Path) -> None:
    """Golden still makes the committed integers, and so does the host library."""
    folder = repository / "tests" / "golden"
    about = json.loads((folder / "manifest.json").read_text())["models"][scheme]
    content = released(repository, scheme).read_bytes()
    assert about["model_id"] == model_id(content)
    graph = read_tflite(released(repository, scheme))
    with np.load(folder / about["file"]) as vectors:
        decoder = GoldenDecoder(graph)
        decoder.process(vectors["dry"], vectors["z"], taps=True)
        for name, values in decoder.layer_outputs.items():
            np.testing.assert_array_equal(values, vectors[name], name)
        blocks = vectors["dry"].astype(np.int16).reshape(len(vectors["z"]), -1)
        wet = HostLibrary(build_firmware("host")).process_bulk(scheme, blocks, vectors["z"].astype(np.int16))
        np.testing.assert_array_equal(wet.reshape(-1), vectors["output"][:, 0])


@pytest.mark.parametrize("scheme", SCHEMES)
def test_emission_says_where_it_comes_from(scheme: str, tmp_path: Path) -> None:
    content = with_flat_card(synthetic_graph(scheme, silent=True))
    source = tmp_path / "some decoder.tflite"
    source.write_bytes(content)
    first, second = (emit(source, tmp_path / name) for name in ("first", "second"))
    for a, b in zip(first, second, strict=True):
        assert a.read_text() == b.read_text()
        provenance = a.read_text().splitlines()[0]
        assert source.name in provenance and "SHA-256" in provenance and "gritspace emit" in provenance
    header = first[0].read_text()
    assert f"0x{model_id(content)},  // model_id" in header
    assert sorted(path.name for path in (tmp_path / "first").iterdir()) == sorted(path.name for path in first)


@pytest.mark.parametrize(("scheme", "low"), [("int8", -128), ("int16x8", -32768)])
def test_the_maps_edges_are_integers_of_the_latent(scheme: str, low: int) -> None:
    """The synthetic latent goes from -3 to 3, and its integers just so far."""
    graph = synthetic_graph(scheme)
    graph = replace(graph, latent=(LatentAxis("x", -1.5, 0.75), graph.latent[1]))
    edges = f"{{{low // 2}, {low}}}, {{{-low // 4}, {-low - 1}}},  // latent_min, latent_max"
    assert edges in emit_model(graph, "12345678")[0]


def test_the_loudness_table_arrives_in_the_firmware(tmp_path: Path) -> None:
    """In its order, [level][y][x], and to the last entry."""
    rng, shape = np.random.default_rng(0), (LEVELS, ROWS, COLUMNS)
    makeup, correlation = rng.integers(-128, 128, shape).astype(np.int8), rng.integers(0, 256, shape).astype(np.uint8)
    table = LoudnessTable(rng.permutation(256)[:COLUMNS].astype(np.uint8), makeup, correlation)
    # An include in quotes is looked for beside the file first: these find each other, not the shipped models.
    decoder = [tmp_path / "decoder.cpp", *(tmp_path / f"model_{scheme}.cpp" for scheme in SCHEMES)]
    decoder[0].write_text(ENGINE[0].read_text())
    (tmp_path / "generated").mkdir()
    for scheme in SCHEMES:
        header, source = emit_model(synthetic_graph(scheme, dilations=(1,)), "12345678", loudness=table)
        (tmp_path / f"generated/model_{scheme}.h").write_text(header)
        (tmp_path / f"model_{scheme}.cpp").write_text(source)
    library = compile_sound(tmp_path / "sound.so", decoder)
    for scheme in SCHEMES:
        found = library.loudness_map(scheme)
        assert np.array_equal([found["low_db"], found["high_db"]], LEVEL_RANGE_DB)
        assert np.array_equal(found["column"], table.column_255th)
        assert np.array_equal(found["makeup"], table.makeup_quarter_db)
        assert np.array_equal(found["correlation"], table.correlation_256th)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_generated_lines_fit(scheme: str) -> None:
    for text in emit_model(synthetic_graph(scheme), "12345678"):
        too_long = [line for line in text.splitlines()[1:] if len(line) > 100]
        assert not too_long


def test_accumulator_that_may_overflow_is_refused() -> None:
    graph = synthetic_graph("int16x8")
    bias = graph.layers[0].filter.bias.copy()
    bias[3] = 2**31 - 100
    with pytest.raises(GraphError, match=r"filter0: an accumulator may reach .* more than 32 bits"):
        emit_model(with_filter(graph, bias=bias), "12345678")


def test_bound_of_the_short_way_is_tight() -> None:
    """int8's short way doubles the accumulator: it is taken up to 2^30, not beyond."""
    graph = synthetic_graph("int8")
    room = 2**30 - 1 - int(Requantization(graph.output, graph).bounds[0] - abs(graph.output.bias[0]))
    for bias, fast in ((room, True), (room + 1, False)):
        conv = replace(graph.output, bias=np.array([bias]))
        assert Requantization(conv, graph).fast is fast


def test_absurd_scales_are_refused() -> None:
    graph = synthetic_graph("int16x8")
    coarse = with_filter(graph, output=Quantization(float(np.float32(2.0**20))))
    with pytest.raises(GraphError, match="the product's scale is coarser"):
        emit_model(coarse, "12345678")
    fine = replace(graph.output, output=Quantization(float(np.float32(2.0**-60))))
    with pytest.raises(GraphError, match=r"output: a requantisation of 2\^14 or more"):
        emit_model(replace(graph, output=fine), "12345678")


def test_padding_fills_whole_groups() -> None:
    for gated, channels, padded in ((True, 5, 6), (True, 8, 8), (False, 6, 8), (False, 3, 4)):
        graph = synthetic_graph(channels=channels, gated=gated, dilations=(1,))
        assert padded_channels(graph) == padded
        assert len(LayerTables(graph.layers[0], graph).columns()) == padded * (2 if gated else 1)


@pytest.mark.parametrize("write", [lambda path, out: emit(path, out), lambda path, out: emit_golden([path], out)])
def test_a_bad_file_writes_nothing(write, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.tflite"
    damaged.write_bytes(with_flat_card(synthetic_graph())[:-100])
    with pytest.raises(TfliteError, match=r"damaged\.tflite: truncated"):
        write(damaged, tmp_path / "out")
    assert not list((tmp_path / "out").glob("*"))


def test_a_decoder_that_settles_too_late_for_a_module_is_refused(tmp_path: Path) -> None:
    assert MODELS_SETTLING_SECONDS == SETTLING_SECONDS
    header = (FIRMWARE / "core/decoder.h").read_text()
    assert f"constexpr float kSettlingSeconds = {SETTLING_SECONDS}F;" in header
    path = tmp_path / "long.tflite"
    for last, complaint in ((477, "carries no model card"), (478, "depends on 961 samples, and modules wait for 960")):
        graph = synthetic_graph(dilations=(1, 1, last), silent=True)
        assert graph.receptive_field == 2 * last + 5
        path.write_bytes(write_tflite(graph))
        with pytest.raises(TfliteError, match=complaint):
            emit(path, tmp_path / "out")


def test_a_decoder_that_sounds_in_silence_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sounding.tflite"
    path.write_bytes(with_flat_card(synthetic_graph()))
    with pytest.raises(GraphError, match="gives sound for silence"):
        emit(path, tmp_path / "out")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_is_called_silent_gives_zeros_for_zeros_wherever_z_goes(scheme: str) -> None:
    graph = synthetic_graph(scheme, silent=True)
    z = np.random.default_rng(0).integers(graph.scheme.integer_min, graph.scheme.integer_max + 1, (50, 2))
    silence = np.zeros(50 * graph.block_size, np.int64)
    assert graph.silent and not GoldenDecoder(graph).process(silence, z).any()
    assert GoldenDecoder(synthetic_graph(scheme)).process(silence, z).any()
