# SPDX-License-Identifier: MIT
"""The `.tflite` carries a graph whole, and anything that is not such a file is refused in one sentence."""

from __future__ import annotations

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from hypothesis import given, settings
from hypothesis import strategies as st

from quantize.graph import SCHEMES, Graph
from quantize.synthetic import synthetic_graph
from quantize.tflite import TfliteError, model_id, parse_tflite, read_tflite, write_tflite


def assert_same(first: Graph, second: Graph) -> None:
    assert (first.scheme, first.sample_rate) == (second.scheme, second.sample_rate)
    for a, b in zip(first.convolutions, second.convolutions, strict=True):
        assert (a.name, a.input, a.output, a.dilation, a.activation) == (
            b.name,
            b.input,
            b.output,
            b.dilation,
            b.activation,
        )
        for field in ("weights", "weight_scales", "bias"):
            assert np.array_equal(getattr(a, field), getattr(b, field)), field


def repacked(content: bytes, change) -> bytes:
    """The file with one change made through the schema's own classes."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
    change(model)
    builder = flatbuffers.Builder(1 << 16)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


@settings(max_examples=25)
@given(
    scheme=st.sampled_from(list(SCHEMES)),
    channels=st.sampled_from([1, 2, 5, 8]),
    dilations=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    kernel_size=st.integers(1, 4),
    condition_channels=st.integers(1, 5),
    gated=st.booleans(),
    block_size=st.sampled_from([8, 17, 48, 96]),
)
def test_what_is_written_is_read(scheme, dilations, **shape):
    graph = synthetic_graph(scheme, dilations=tuple(dilations), **shape)
    content = write_tflite(graph)
    again = parse_tflite(content)
    assert_same(graph, again)
    assert (again.block_size, again.latency_samples, again.latent) == (graph.block_size, 0, graph.latent)
    assert write_tflite(again) == content


def test_the_id_names_the_content():
    one, two = (write_tflite(synthetic_graph("int8", seed=seed)) for seed in (0, 1))
    assert model_id(one) != model_id(two) and len(model_id(one)) == 8


@pytest.mark.parametrize("keep", [0, 4, 12, 100, 0.5, 0.98])
def test_a_truncated_file_is_refused(keep):
    content = write_tflite(synthetic_graph("int8", dilations=(1,)))
    with pytest.raises(TfliteError, match=r"TFLite file|truncated"):
        parse_tflite(content[: keep if isinstance(keep, int) else int(keep * len(content))])


@settings(max_examples=200)
@given(st.data())
def test_a_damaged_file_is_refused_or_equal(data):
    content = bytearray(write_tflite(synthetic_graph("int8", channels=2, dilations=(1,))))
    position = data.draw(st.integers(8, len(content) - 1))
    content[position] ^= data.draw(st.integers(1, 255))
    try:
        graph = parse_tflite(bytes(content))
    except TfliteError:
        return
    assert write_tflite(graph) == bytes(content)  # the damage made another valid model, such as one other weight


def test_unknown_operators_are_named():
    def change(model):
        model.operatorCodes[0].builtinCode = schema.BuiltinOperator.SOFTMAX
        model.operatorCodes[0].deprecatedBuiltinCode = schema.BuiltinOperator.SOFTMAX

    with pytest.raises(TfliteError, match="SOFTMAX"):
        parse_tflite(repacked(write_tflite(synthetic_graph("int8")), change))


def test_a_model_of_somebody_else_is_refused():
    def change(model):
        model.metadata = []

    with pytest.raises(TfliteError, match="no gritspace metadata"):
        parse_tflite(repacked(write_tflite(synthetic_graph("int8")), change))


def test_rewired_tensors_are_refused():
    def change(model):
        operators = model.subgraphs[0].operators
        operators[-1].inputs, operators[-2].inputs = operators[-2].inputs, operators[-1].inputs

    with pytest.raises(TfliteError):
        parse_tflite(repacked(write_tflite(synthetic_graph("int8")), change))


def test_another_scheme_than_asked_is_refused(tmp_path):
    path = tmp_path / "decoder.tflite"
    path.write_bytes(write_tflite(synthetic_graph("int8")))
    with pytest.raises(TfliteError, match=r"decoder\.tflite.*int8.*int16x8"):
        read_tflite(path, "int16x8")


def test_a_missing_file_names_the_remedy(tmp_path):
    with pytest.raises(TfliteError, match="gritspace quantize"):
        read_tflite(tmp_path / "none.tflite")
