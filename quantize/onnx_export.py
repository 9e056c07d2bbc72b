# SPDX-License-Identifier: MIT
"""ONNX files: the float decoder as the host tools' reference, and the quantised decoder as standard QDQ for other
tools.

Depends on torch, Brevitas, onnx and ONNX Runtime. The quantised file goes through Brevitas' QONNX export (the one
that knows 16 bits and integer biases) and becomes QuantizeLinear / DequantizeLinear of opset 21, which has int16.
"""

from __future__ import annotations

import copy
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import helper, numpy_helper
from torch import nn

from model.vae import Decoder
from quantize.qat import QuantizedConvolution, QuantizedDecoder

with warnings.catch_warnings():  # while it is imported, it speaks of optional packages and of its own future
    warnings.simplefilter("ignore")
    from brevitas.export import export_qonnx

QDQ_OPSET = 21  # first with int16 QuantizeLinear


def export_float(decoder: Decoder, path: Path) -> None:
    """Writes the float decoder: audio (1, 1, T) and z (1, 2, T or 1) → wet (1, 1, T), any T."""
    example = (torch.zeros(1, 1, 480), torch.zeros(1, 2, 480))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own deprecation notes
        torch.onnx.export(
            decoder.eval(),
            example,
            str(path),
            dynamo=False,
            opset_version=17,
            input_names=["audio", "z"],
            output_names=["wet"],
            dynamic_axes={"audio": {2: "samples"}, "z": {2: "moments"}, "wet": {2: "samples"}},
        )


class _PlainBrevitas(nn.Module):
    """The quantised decoder in the layers that Brevitas can export, streaming: states in and out, one block."""

    def __init__(self, decoder: QuantizedDecoder) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(self, audio: torch.Tensor, z: torch.Tensor, *states: torch.Tensor) -> tuple[torch.Tensor, ...]:
        decoder, length = self.decoder, audio.shape[2]
        c = self._convolve(decoder.condition1, self._convolve(decoder.condition0, decoder.latent.quantizer(z)))
        gain = self._convolve(decoder.gain, c)
        h = decoder.residual.quantizer(_value(decoder.audio.quantizer(audio)) * _value(gain))
        following = []
        for layer, state in zip(decoder.layers, states, strict=True):
            past = torch.cat([decoder.residual.quantizer(state), _value(h)], dim=2)
            following.append(past[:, :, length:])
            wide = torch.cat([past, _value(c).expand(-1, -1, length + layer.history)], dim=1)
            x = decoder.residual.quantizer(wide)  # idempotent: gives the convolution its input scale
            product = _value(self._convolve(layer.filter, x)) * _value(self._convolve(layer.gate, x))
            h = decoder.residual.quantizer(_value(h) + _value(decoder.residual.quantizer(product)))
        return (_value(self._convolve(decoder.output, h)), *following)

    @staticmethod
    def _convolve(layer: QuantizedConvolution, x: torch.Tensor) -> torch.Tensor:
        return layer.output.quantizer(layer.conv(x))


def _value(x: Any) -> torch.Tensor:
    return x.value if hasattr(x, "value") else x


def export_quantized(decoder: QuantizedDecoder, path: Path) -> None:
    """Writes the quantised decoder as QDQ: audio (1, 1, N), z (1, 2, 1) and states in, wet and next states out."""
    plain = _PlainBrevitas(copy.deepcopy(decoder)).eval()
    for module in plain.modules():
        if hasattr(module, "return_quant_tensor"):
            module.return_quant_tensor = not hasattr(module, "weight")
    config = decoder.config
    states = [torch.zeros(1, config.model.channels, layer.history) for layer in decoder.layers]
    names = [f"state{i}" for i in range(len(states))]
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        raw = Path(folder) / "qonnx.onnx"
        export_qonnx(
            plain,
            args=(
                torch.zeros(1, 1, config.audio.block_size),
                torch.zeros(1, len(config.model.latent_names), 1),
                *states,
            ),
            export_path=str(raw),
            dynamo=False,
            opset_version=17,
            input_names=["audio", "z", *names],
            output_names=["wet", *(f"next_{name}" for name in names)],
        )
        onnx.save(qonnx_to_qdq(onnx.load(raw)), path)


def qonnx_to_qdq(model: onnx.ModelProto) -> onnx.ModelProto:
    """Replaces QONNX's Quant nodes by QuantizeLinear and DequantizeLinear; weights and biases become integer
    initialisers.
    """
    graph = model.graph
    constants = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    constants |= {n.output[0]: numpy_helper.to_array(n.attribute[0].t) for n in graph.node if n.op_type == "Constant"}
    nodes, initializers, replaced = [], [], set()
    for node in graph.node:
        if node.op_type != "Quant":
            nodes.append(node)
            continue
        source, scale_name, zero_name, bits_name = node.input
        output = node.output[0]
        scale: np.ndarray = constants[scale_name].astype(np.float32).reshape(-1)
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        signed, narrow, bits = bool(attributes["signed"]), bool(attributes["narrow"]), int(constants[bits_name])
        dtype = np.dtype(f"{'int' if signed else 'uint'}{bits}")
        scale = scale if len(scale) > 1 else scale.reshape(())
        zero = np.full(scale.shape, constants[zero_name].reshape(-1)[0] if not scale.shape else 0, dtype)
        initializers += [
            numpy_helper.from_array(scale, f"{output}_scale"),
            numpy_helper.from_array(zero, f"{output}_zero"),
        ]
        quantized = [f"{output}_integers", f"{output}_scale", f"{output}_zero"]
        if source in constants:
            low = np.iinfo(dtype).min + int(narrow and signed)
            integers = np.clip(
                np.rint(constants[source].astype(np.float64) / constants[scale_name]), low, np.iinfo(dtype).max
            )
            initializers.append(numpy_helper.from_array(integers.astype(dtype), quantized[0]))
            replaced.add(source)
            node = helper.make_node("DequantizeLinear", quantized, [output])
            if scale.shape:
                node.attribute.append(helper.make_attribute("axis", 0))
            nodes.append(node)
        else:
            nodes.append(helper.make_node("QuantizeLinear", [source, *quantized[1:]], quantized[:1]))
            nodes.append(helper.make_node("DequantizeLinear", quantized, [output]))
    used = {name for node in nodes for name in node.input}
    nodes = [node for node in nodes if node.op_type != "Constant" or node.output[0] in used]
    kept = [item for item in graph.initializer if item.name in used and item.name not in replaced]
    inputs = [item for item in graph.input if item.name not in constants]
    result = helper.make_model(
        helper.make_graph(nodes, "gritspace decoder", inputs, list(graph.output), kept + initializers),
        opset_imports=[helper.make_opsetid("", QDQ_OPSET)],
        ir_version=10,
        producer_name="gritspace",
    )
    onnx.checker.check_model(result)
    return result


class OnnxDecoder:
    """Runs a quantised ONNX file in ONNX Runtime, block by block; floats in and out."""

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def process(self, audio: np.ndarray, z: np.ndarray) -> np.ndarray:
        """audio (T,) of whole blocks and z (2,), real → wet (T,), from silence."""
        inputs = self.session.get_inputs()
        block = inputs[0].shape[2]
        states = [np.zeros(item.shape, np.float32) for item in inputs[2:]]
        wet = []
        for first in range(0, len(audio), block):
            values = [
                audio[None, None, first : first + block].astype(np.float32),
                z[None, :, None].astype(np.float32),
                *states,
            ]
            out, *states = self.session.run(None, {i.name: v for i, v in zip(inputs, values, strict=True)})
            wet.append(out[0, 0])
        return np.concatenate(wet)
