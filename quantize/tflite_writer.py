# SPDX-License-Identifier: MIT
"""Graph → the bytes of a `.tflite` file, operator by operator. Reading and refusing are in `tflite`.

Depends on `graph`, flatbuffers and LiteRT's schema classes. Every integer and scale is written as given; nothing is
recalibrated.
"""

from __future__ import annotations

import json
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from quantize.graph import Activation, Convolution, Graph, Layer, Quantization

METADATA, CARD = "gritspace", "gritspace_card"  # for whoever has JSON, and for a module (see model_card)
FORMAT = 2  # of the metadata; a reader refuses another one
ACTIVATIONS: dict[Activation, int] = {
    "none": schema.ActivationFunctionType.NONE,
    "relu": schema.ActivationFunctionType.RELU,
}
TYPES = {
    np.dtype(np.int8): schema.TensorType.INT8,
    np.dtype(np.int16): schema.TensorType.INT16,
    np.dtype(np.int32): schema.TensorType.INT32,
    np.dtype(np.int64): schema.TensorType.INT64,
}
# Operator versions that first took these types; LiteRT checks them, TFLite Micro does not: (int8, int16).
VERSIONS = {
    "CONV_2D": (3, 4),
    "ADD": (2, 3),
    "MUL": (2, 4),
    "CONCATENATION": (2, 3),
    "STRIDED_SLICE": (2, 4),
    "BROADCAST_TO": (2, 3),
}


class _Writer:
    """Collects tensors, buffers and operators of one subgraph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.wide = graph.scheme.activation_bits == 16
        self.subgraph = schema.SubGraphT()
        self.subgraph.name = "decoder"
        self.subgraph.tensors, self.subgraph.operators = [], []
        self.buffers = [schema.BufferT()]
        self.codes: dict[str, int] = {}

    def buffer(self, content: bytes) -> int:
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(content, np.uint8)
        self.buffers.append(buffer)
        return len(self.buffers) - 1

    def tensor(self, name: str, shape: tuple[int, ...], quantization: Quantization) -> int:
        scales = np.array([quantization.scale], np.float32)
        return self._add(name, shape, self.graph.scheme.dtype, scales, quantization.zero_point, 0)

    def constant(self, name: str, values: np.ndarray, scales: np.ndarray | None = None) -> int:
        return self._add(
            name, values.shape, values.dtype, scales, 0, self.buffer(np.ascontiguousarray(values).tobytes())
        )

    def _add(
        self,
        name: str,
        shape: tuple[int, ...],
        dtype: np.dtype,
        scales: np.ndarray | None,
        zero_point: int,
        buffer: int,
    ) -> int:
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.type, tensor.buffer = name, list(shape), TYPES[np.dtype(dtype)], buffer
        if scales is not None:
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale = scales
            tensor.quantization.zeroPoint = np.full(len(scales), zero_point, np.int64)
        self.subgraph.tensors.append(tensor)
        return len(self.subgraph.tensors) - 1

    def operator(self, kind: str, inputs: list[int], output: int, options_name: str = "", **options: Any) -> int:
        operator = schema.OperatorT()
        operator.opcodeIndex = self.codes.setdefault(kind, len(self.codes))
        operator.inputs, operator.outputs = inputs, [output]
        if options_name:
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, options_name)
            operator.builtinOptions = getattr(schema, options_name + "T")()
            for key, value in options.items():
                setattr(operator.builtinOptions, key, value)
        self.subgraph.operators.append(operator)
        return output

    def convolution(self, conv: Convolution, source: int, length: int) -> int:
        bias_type = self.graph.scheme.bias_dtype
        weights = self.constant(f"{conv.name}/weights", conv.weights[:, None], conv.weight_scales)
        bias_scales = (np.float32(conv.input.scale) * conv.weight_scales).astype(np.float32)
        bias = self.constant(f"{conv.name}/bias", conv.bias.astype(bias_type), bias_scales)
        target = self.tensor(conv.name, (1, 1, length, conv.out_channels), conv.output)
        options: dict[str, Any] = dict(padding=schema.Padding.VALID, strideW=1, strideH=1)
        options |= dict(dilationWFactor=conv.dilation, dilationHFactor=1)
        options |= dict(fusedActivationFunction=ACTIVATIONS[conv.activation])
        if self.wide:
            options |= dict(quantizedBiasType=TYPES[bias_type])
        return self.operator("CONV_2D", [source, weights, bias], target, "Conv2DOptions", **options)

    def concatenation(self, name: str, inputs: list[int], shape: tuple[int, ...], axis: int) -> int:
        target = self.tensor(name, shape, self.graph.residual)
        return self.operator("CONCATENATION", inputs, target, "ConcatenationOptions", axis=axis)

    def product(self, name: str, a: int, b: int) -> int:
        """Onto the residual stream; shapes broadcast."""
        target = self.tensor(name, (1, 1, self.graph.block_size, self.graph.channels), self.graph.residual)
        return self.operator("MUL", [a, b], target, "MulOptions")

    def layer(self, index: int, layer: Layer, h: int, c: int, state: int) -> tuple[int, int]:
        """Adds one layer; returns the tensors of the new h and of the next state."""
        graph, length = self.graph, self.graph.block_size
        total, channels, conditions = length + layer.history, graph.channels, graph.condition_channels
        past = self.concatenation(f"past{index}", [state, h], (1, 1, total, channels), axis=2)
        shape = self.constant(f"shape{index}", np.array([1, 1, total, conditions], np.int32))
        wide_c = self.tensor(f"condition_wide{index}", (1, 1, total, conditions), graph.residual)
        self.operator("BROADCAST_TO", [c, shape], wide_c, "BroadcastToOptions")
        x = self.concatenation(f"x{index}", [past, wide_c], (1, 1, total, channels + conditions), axis=3)
        update = self.convolution(layer.filter, x, length)
        if layer.gate is not None:
            gate = self.convolution(layer.gate, x, length)
            update = self.product(f"product{index}", update, gate)
        stream = self.tensor(f"h{index + 1}", (1, 1, length, channels), graph.residual)
        self.operator("ADD", [h, update], stream, "AddOptions", potScaleInt16=False)
        begin, end, step = ([0, 0, length, 0], [1, 1, total, channels], [1, 1, 1, 1])
        corners = [
            self.constant(f"{n}{index}", np.array(v, np.int32))
            for n, v in (("begin", begin), ("end", end), ("step", step))
        ]
        following = self.tensor(f"next_state{index}", (1, 1, layer.history, channels), graph.residual)
        self.operator("STRIDED_SLICE", [past, *corners], following, "StridedSliceOptions")
        return stream, following


def _metadata(graph: Graph) -> bytes:
    content = {
        "format": FORMAT,
        "scheme": graph.scheme.name,
        "sample_rate": graph.sample_rate,
        "block_size": graph.block_size,
        "latency_samples": graph.latency_samples,
        "latent": [[axis.name, axis.low, axis.high] for axis in graph.latent],
        "conditions": len(graph.condition),
        "gated": [layer.gate is not None for layer in graph.layers],
    }
    return json.dumps(content, separators=(",", ":")).encode()


def write_tflite(graph: Graph, card: bytes = b"") -> bytes:
    """The graph as a `.tflite` file's content, with its model card when there is one; the same bytes for the same."""
    writer = _Writer(graph)
    length = graph.block_size
    audio = writer.tensor("audio", (1, 1, length, 1), graph.audio)
    z = writer.tensor("z", (1, 1, 1, len(graph.latent)), graph.condition[0].input)
    states = [
        writer.tensor(f"state{i}", (1, 1, layer.history, graph.channels), graph.residual)
        for i, layer in enumerate(graph.layers)
    ]
    c = z
    for conv in graph.condition:
        c = writer.convolution(conv, c, 1)
    h = writer.product("input", audio, writer.convolution(graph.gain, c, 1))
    following = []
    for index, layer in enumerate(graph.layers):
        h, next_state = writer.layer(index, layer, h, c, states[index])
        following.append(next_state)
    wet = writer.convolution(graph.output, h, length)
    writer.subgraph.inputs, writer.subgraph.outputs = [audio, z, *states], [wet, *following]

    model = schema.ModelT()
    model.version, model.description = 3, "gritspace decoder"
    model.subgraphs = [writer.subgraph]
    model.operatorCodes = []
    for kind in writer.codes:
        code = schema.OperatorCodeT()
        code.builtinCode = getattr(schema.BuiltinOperator, kind)
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)
        code.version = VERSIONS[kind][writer.wide]
        model.operatorCodes.append(code)
    model.metadata, model.buffers = [], writer.buffers
    for name, content in ((METADATA, _metadata(graph)), *([(CARD, card)] if card else [])):
        entry = schema.MetadataT()
        entry.name, entry.buffer = name, writer.buffer(content)
        model.metadata.append(entry)
    builder = flatbuffers.Builder(1 << 16)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
