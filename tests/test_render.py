# SPDX-License-Identifier: MIT
"""Rendering a recording to a file, and the float reference it can be rendered with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import soundfile
from onnx import TensorProto, helper
from stand_ins import StandInDevice, small_artefact

from host_tools.artefacts import Artefact
from host_tools.audio import save_audio
from host_tools.errors import UserError
from host_tools.float_reference import FloatReference
from host_tools.render import render, run_engine
from host_tools.stimuli import place_on_map, recorded_stimulus
from quantize.golden import GoldenDecoder
from quantize.graph import SCHEMES

TONE = 0.5 * np.sin(np.arange(5_000) / 20)


@pytest.fixture(scope="module", params=SCHEMES)
def artefact(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Artefact:
    return small_artefact(request.param, tmp_path_factory.mktemp("models"))


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return save_audio(tmp_path / "dry.wav", TONE, 48_000)


def test_golden_renders_what_golden_computes(artefact, recording, tmp_path):
    note = render(recording, tmp_path / "out" / "wet.wav", (1.0, -1.0), artefact)
    wet, rate = soundfile.read(tmp_path / "out" / "wet.wav")
    graph = artefact.graph
    dry, _ = soundfile.read(recording)
    padded = np.pad(dry, (0, -dry.size % graph.block_size))
    z = graph.condition[0].input.quantize(np.array([1.0, -1.0]), graph.scheme)
    expected = GoldenDecoder(graph).process(graph.audio.quantize(padded, graph.scheme), z)
    assert (rate, wet.size, note) == (48_000, TONE.size, "")
    # A 24-bit step; the file cannot hold the 1.0 that the integers do not reach either.
    assert np.abs(wet - graph.output.output.dequantize(expected)[: wet.size]).max() <= 2.0**-23


def test_a_device_renders_the_same_as_golden(artefact):
    stimulus = recorded_stimulus(artefact.graph, "tone", TONE, np.zeros(2))
    device = StandInDevice(artefact)
    played = run_engine("host", artefact, stimulus, open_device=lambda _: device)
    assert np.array_equal(played, run_engine("golden", artefact, stimulus)) and device.closed


@pytest.mark.parametrize("z", [(3.01, 0.0), (0.0, -4.0), (float("nan"), 0.0), (0.0, float("inf"))])
def test_a_place_outside_the_map_is_refused_and_nothing_is_written(artefact, recording, tmp_path, z):
    with pytest.raises(UserError, match=r"outside the map; . goes from -3 to 3"):
        render(recording, tmp_path / "wet.wav", z, artefact)
    assert [path.name for path in tmp_path.iterdir()] == ["dry.wav"]


def test_the_map_includes_its_edges(artefact):
    assert place_on_map(artefact.graph, (3.0, -3.0)).tolist() == [3.0, -3.0]
    with pytest.raises(UserError, match="2 axes"):
        place_on_map(artefact.graph, (1.0,))


def test_silence_is_rendered_and_said(artefact, tmp_path):
    dry = save_audio(tmp_path / "silent.wav", np.zeros(480), 48_000)
    note = render(dry, tmp_path / "wet.wav", (0.0, 0.0), artefact)
    assert note == "silent.wav: holds only silence"


def write_moving_sum(path: Path, taps: int, memory: int) -> Path:
    """A stand-in for the float decoder: the sum of the last samples, plus the first axis of z."""
    pads = helper.make_node("Pad", ["audio", "pads"], ["padded"])
    conv = helper.make_node("Conv", ["padded", "ones"], ["sum"], dilations=[memory // (taps - 1)])
    pick = helper.make_node("Gather", ["z", "first"], ["z_first"], axis=1)
    add = helper.make_node("Add", ["sum", "z_first"], ["wet"])
    constants = [
        helper.make_tensor("pads", TensorProto.INT64, [6], [0, 0, memory, 0, 0, 0]),
        helper.make_tensor("ones", TensorProto.FLOAT, [1, 1, taps], [1.0] * taps),
        helper.make_tensor("first", TensorProto.INT64, [1], [0]),
    ]
    inputs = [
        helper.make_tensor_value_info("audio", TensorProto.FLOAT, [1, 1, "T"]),
        helper.make_tensor_value_info("z", TensorProto.FLOAT, [1, 2, "T"]),
    ]
    outputs = [helper.make_tensor_value_info("wet", TensorProto.FLOAT, [1, 1, "T"])]
    graph = helper.make_graph([pads, conv, pick, add], "moving_sum", inputs, outputs, constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), str(path))
    return path


def test_the_float_reference_streams_without_seams(artefact, tmp_path, monkeypatch):
    memory = artefact.graph.receptive_field - 1
    path = write_moving_sum(tmp_path / "float.onnx", 3, memory)
    audio, z = np.random.default_rng(0).normal(size=960), np.array([[0.25, 9.0], [0.75, 9.0]])
    history = np.concatenate([np.zeros(memory), audio])
    expected = sum(history[start : start + audio.size] for start in (0, memory // 2, memory)) + np.repeat(z[:, 0], 480)
    assert np.allclose(FloatReference(artefact.graph, path).process(audio, z), expected, atol=1e-5)
    monkeypatch.setattr("host_tools.float_reference.PIECE_SAMPLES", 7)
    streaming = FloatReference(artefact.graph, path)
    streaming.process(audio, z)
    streaming.reset()
    halves = [streaming.process(audio[:480], z[:1]), streaming.process(audio[480:], z[1])]
    assert np.allclose(np.concatenate(halves), expected, atol=1e-5)


def test_an_unusable_float_model_is_refused(artefact, tmp_path):
    with pytest.raises(UserError, match="no such model"):
        FloatReference(artefact.graph, tmp_path / "none.onnx")
    (tmp_path / "bad.onnx").write_bytes(b"nonsense")
    with pytest.raises(UserError, match="not an ONNX model"):
        FloatReference(artefact.graph, tmp_path / "bad.onnx")
