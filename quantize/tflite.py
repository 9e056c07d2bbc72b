# SPDX-License-Identifier: MIT
"""Graph → `.tflite` and back. An ordinary file: CONV_2D, CONCATENATION, BROADCAST_TO, MUL, ADD, STRIDED_SLICE.

Depends on `graph`, `model_card`, `tflite_writer` and LiteRT's schema classes. Inputs: audio (1, 1, N, 1),
z (1, 1, 1, 2), one state a layer (1, 1, history, C); outputs: wet, then the next states. A streaming user feeds each
next state back; all states start at 0. Reading accepts only what writing makes: the parsed graph, with the card that
was found, is written again and must give the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from quantize.graph import SCHEMES, SETTLING_SECONDS, Convolution, Graph, GraphError, LatentAxis, Layer, Quantization
from quantize.model_card import CardError, replay, require
from quantize.tflite_writer import ACTIVATIONS, CARD, FORMAT, METADATA, VERSIONS, write_tflite

__all__ = ["TfliteError", "card_of", "model_id", "parse_tflite", "read_tflite", "require_playable", "write_tflite"]


class TfliteError(GraphError):
    """A file that is not a decoder of ours; the message names it, what is wrong and the remedy."""


def model_id(content: bytes) -> str:
    """Eight hex digits that name a model everywhere: the first four bytes of the file's SHA-256."""
    return hashlib.sha256(content).hexdigest()[:8]


def read_tflite(path: Path, scheme_name: str | None = None) -> Graph:
    """Reads a file that `write_tflite` made; raises TfliteError for any other, or for another scheme than asked."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise TfliteError(f"{path}: cannot be read ({error.strerror}); `gritspace quantize` writes one") from error
    try:
        graph = parse_tflite(content)
    except TfliteError as error:
        raise TfliteError(f"{path}: {error}") from error
    if scheme_name not in (None, graph.scheme.name):
        raise TfliteError(
            f"{path}: holds an {graph.scheme.name} decoder where {scheme_name} was asked for; give the other file"
        )
    return graph


def parse_tflite(content: bytes) -> Graph:
    """The Graph in a `.tflite` file's content; raises TfliteError."""
    return _checked(content)[0]


def card_of(content: bytes) -> bytes:
    """The model card in a `.tflite` file's content; raises TfliteError also when there is none."""
    card = _checked(content)[1]
    if not card:
        raise TfliteError("carries no model card; write it again with `gritspace quantize`")
    return card


def require_playable(content: bytes, graph: Graph) -> bytes:
    """The model card of a file whose graph a module may play: silent for silence, settled in time, and golden gives the
    card's vectors.

    Raises TfliteError.
    """
    if not graph.silent:
        raise TfliteError("gives sound for silence; make it anew with `gritspace quantize`")
    longest = round(SETTLING_SECONDS * graph.sample_rate)
    if graph.receptive_field > longest:
        raise TfliteError(
            f"depends on {graph.receptive_field} samples, and modules wait for {longest}; train one with shorter "
            "--dilations"
        )
    card = card_of(content)
    try:
        replay(card, graph)
    except CardError as error:
        raise TfliteError(f"{error}; make it anew with `gritspace quantize`") from error
    return card


def _checked(content: bytes) -> tuple[Graph, bytes]:
    """The graph and its card, which may be empty: tests and the bench make decoders that no module needs to know."""
    if len(content) < 8 or content[4:8] != b"TFL3":
        raise TfliteError("not a TFLite file (no TFL3 identifier)")
    try:
        model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
        _refuse_unknown_operators(model)
        graph = _parse(model)
        card = _entries(model).get(CARD, b"")
        again = write_tflite(graph, card)
    except TfliteError:
        raise
    except GraphError as error:
        raise TfliteError(f"breaks the decoder's rules: {error}") from error
    except Exception as error:  # the schema classes raise whatever a damaged offset leads to
        raise TfliteError(
            "truncated or damaged, or not a gritspace decoder; write it again with `gritspace quantize`"
        ) from error
    if again != content:
        raise TfliteError("truncated, edited, or written by another version; write it again with `gritspace quantize`")
    if card:
        try:
            require(card, graph)
        except CardError as error:
            raise TfliteError(f"{error}; write the file again with `gritspace quantize`") from error
    return graph, card


def _refuse_unknown_operators(model: Any) -> None:
    known = {getattr(schema.BuiltinOperator, kind) for kind in VERSIONS}
    names = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
    unknown = sorted(names.get(c.builtinCode, "?") for c in model.operatorCodes if c.builtinCode not in known)
    if unknown:
        raise TfliteError(
            f"uses operators the decoder does not have: {', '.join(unknown)}; "
            "only files of `gritspace quantize` run here"
        )


def _entries(model: Any) -> dict[str, bytes]:
    """The metadata by name."""
    return {bytes(m.name).decode(): bytes(model.buffers[m.buffer].data) for m in model.metadata or []}


def _parse(model: Any) -> Graph:
    entries = _entries(model)
    if METADATA not in entries:
        raise TfliteError("carries no gritspace metadata; only files of `gritspace quantize` run here")
    about = json.loads(entries[METADATA])
    if about["format"] != FORMAT:
        raise TfliteError(
            f"metadata format {about['format']}, this version reads {FORMAT}; write it again with `gritspace quantize`"
        )
    scheme = SCHEMES[about["scheme"]]
    tensors = model.subgraphs[0].tensors

    def quantization(tensor: Any) -> Quantization:
        return Quantization(float(tensor.quantization.scale[0]), int(tensor.quantization.zeroPoint[0]))

    def values(tensor: Any, dtype: np.dtype) -> np.ndarray:
        return np.frombuffer(bytes(model.buffers[tensor.buffer].data), dtype).reshape(tensor.shape)

    def convolution(operator: Any) -> Convolution:
        source, weights, bias = (tensors[i] for i in operator.inputs)
        target, options = tensors[operator.outputs[0]], operator.builtinOptions
        return Convolution(
            name=bytes(target.name).decode(),
            weights=values(weights, np.dtype(np.int8))[:, 0],
            weight_scales=np.asarray(weights.quantization.scale, np.float32),
            bias=values(bias, scheme.bias_dtype).astype(np.int64),
            input=quantization(source),
            output=quantization(target),
            dilation=int(options.dilationWFactor),
            activation=next(a for a, code in ACTIVATIONS.items() if code == options.fusedActivationFunction),
        )

    code = [c.builtinCode for c in model.operatorCodes].index(schema.BuiltinOperator.CONV_2D)
    convolutions = iter([convolution(o) for o in model.subgraphs[0].operators if o.opcodeIndex == code])
    return Graph(
        scheme=scheme,
        sample_rate=about["sample_rate"],
        block_size=about["block_size"],
        latency_samples=about["latency_samples"],
        latent=tuple(LatentAxis(*axis) for axis in about["latent"]),
        audio=quantization(tensors[model.subgraphs[0].inputs[0]]),
        condition=tuple(next(convolutions) for _ in range(about["conditions"])),
        gain=next(convolutions),
        layers=tuple(Layer(next(convolutions), next(convolutions) if gated else None) for gated in about["gated"]),
        output=next(convolutions),
    )
