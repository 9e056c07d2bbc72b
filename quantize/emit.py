# SPDX-License-Identifier: MIT
"""`.tflite` → `firmware/generated/model_SCHEME.{h,cpp}`: a decoder's shapes as C++ types, its weights as constants.

Depends on `tflite`, `model_card` and `static_tables`. The same file gives the same text; what the types mean is told in
firmware/engines/static/.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from quantize.graph import Convolution, Graph
from quantize.loudness_table import LEVEL_RANGE_DB, LoudnessTable, flat_table
from quantize.model_card import latent_edges, loudness_of
from quantize.static_tables import (
    LayerTables,
    Requantization,
    condition_pairs,
    output_weights,
    padded_channels,
    product,
)
from quantize.tflite import TfliteError, model_id, read_tflite, require_playable

GENERATED = Path(__file__).resolve().parents[1] / "firmware" / "generated"
CLASSES = {"int8": "ModelInt8", "int16x8": "ModelInt16x8"}
ENUMERATORS = {"int8": "Scheme::kInt8", "int16x8": "Scheme::kInt16x8"}
WIDTH = 100  # columns of the generated text


class _Struct:
    """Collects the members of one nested C++ type, and the definitions of its tables."""

    def __init__(self, model: str, name: str, comment: str) -> None:
        self.path = f"{model}::{name}"
        self.lines = [f"  // {comment}", f"  struct {name} {{"]
        self.definitions: list[str] = []

    def constant(self, kind: str, name: str, value: str) -> None:
        self.lines.append(f"    static constexpr {kind} {name} = {value};")

    def range(self, requantization: Requantization) -> None:
        low, high = requantization.range
        self.lines.append(f"    static constexpr Range kRange{{{low}, {high}}};")

    def activation(self, name: str, requantization: Requantization) -> None:
        low, high = requantization.range
        self.lines += [f"    struct {name} {{", f"      static constexpr Range kRange{{{low}, {high}}};", "    };"]

    def table(self, kind: str, name: str, values: Sequence[object]) -> None:
        self.lines.append(f"    static const {kind} {name}[{len(values)}];")
        self.definitions += [f"const {kind} {self.path}::{name}[{len(values)}] = {{", *_wrapped(values), "};", ""]

    def words(self, name: str, values: Sequence[int]) -> None:
        self.table("uint32_t", name, [f"0x{int(value):08x}" for value in values])

    def closed(self) -> list[str]:
        return [*self.lines, "  };"]


def _wrapped(values: Sequence[object]) -> list[str]:
    """Values as indented lines of at most WIDTH columns."""
    lines, line = [], "   "
    for value in values:
        if len(line) + len(f" {value},") > WIDTH:
            lines.append(line)
            line = "   "
        line += f" {value},"
    return [*lines, line]


def _block_struct(model: str, name: str, conv: Convolution, graph: Graph) -> _Struct:
    requantization = Requantization(conv, graph)
    requantization.check(accumulator_bits=32 if graph.scheme.bias_bits == 32 else 48)
    struct = _Struct(model, name, f"{conv.name}: {conv.in_channels} to {conv.out_channels}, once a block.")
    struct.constant("int", "kInputs", str(conv.in_channels))
    struct.constant("int", "kOutputs", str(conv.out_channels))
    struct.range(requantization)
    struct.table("int8_t", "kWeights", conv.weights.ravel().tolist())
    struct.table("int64_t", "kBiases", [f"{bias}LL" for bias in conv.bias.tolist()])
    struct.table("Multiplier", "kMultipliers", [f"{{{m}, {s}}}" for m, s in requantization.multipliers])
    return struct


def _gain_struct(model: str, graph: Graph) -> _Struct:
    struct = _block_struct(model, "Gain", graph.gain, graph)
    multiplier, shift = product(graph.gain.name, graph.audio, graph.gain.output, graph)
    struct.constant("Multiplier", "kProduct", f"{{{multiplier}, {shift}}}")
    return struct


def _layer_struct(model: str, name: str, tables: LayerTables) -> _Struct:
    for requantization in tables.requantizations:
        requantization.check()
    filter_ = tables.layer.filter
    kind = "Plain" if tables.layer.gate is None else "Gated"
    struct = _Struct(model, name, f"{kind}, {filter_.kernel_size} taps {filter_.dilation} apart.")
    struct.constant("int", "kKernelSize", str(filter_.kernel_size))
    struct.constant("int", "kDilation", str(filter_.dilation))
    struct.constant("bool", "kFast", _boolean(tables.fast))
    struct.activation("Filter", tables.requantizations[0])
    if tables.layer.gate is None:
        struct.lines.append("    using Gate = void;")
    else:
        struct.activation("Gate", tables.requantizations[1])
        multiplier, shift = tables.product
        struct.lines.append(f"    static constexpr Multiplier kProduct{{{multiplier}, {shift}}};")
    struct.table("int32_t", "kBiases", tables.biases())
    struct.words("kConditionWeights", tables.condition_weights().tolist())
    struct.words("kStream", tables.stream())
    return struct


def _output_struct(model: str, graph: Graph) -> _Struct:
    requantization = Requantization(graph.output, graph)
    requantization.check()
    fast = requantization.fast
    struct = _Struct(model, "Output", "The residual stream to audio.")
    struct.constant("bool", "kFast", _boolean(fast))
    struct.range(requantization)
    struct.constant("int32_t", "kZeroPoint", str(graph.output.output.zero_point))
    struct.constant("int32_t", "kBias", str(int(graph.output.bias[0]) * requantization.weight_factor(fast)))
    struct.table("int32_t", "kScale", requantization.parameters(0, fast))
    struct.words("kWeights", output_weights(requantization))
    return struct


def _boolean(value: bool) -> str:
    return "true" if value else "false"


def _loudness(model: str, table: LoudnessTable) -> list[str]:
    nested = [
        str(values.tolist()).translate(str.maketrans("[]", "{}")).split(", ")
        for values in (table.column_255th, table.makeup_quarter_db, table.correlation_256th)
    ]
    return [
        f"const LoudnessMap {model}::kLoudness = {{",
        *_wrapped([f"{db}F" for db in LEVEL_RANGE_DB]),
        *(line for values in nested for line in _wrapped(values)),
        "};",
        "",
    ]


def _info(graph: Graph, identifier: str) -> list[str]:
    scheme = graph.scheme
    lows, highs = (", ".join(map(str, edges)) for edges in latent_edges(graph))
    width = max([2 * condition_pairs(graph), *(max(c.in_channels, c.out_channels) for c in graph.condition)])
    return [
        "  static const LoudnessMap kLoudness;",
        f"  static constexpr ModelInfo kInfo{{{ENUMERATORS[scheme.name]},",
        f"                                   0x{identifier},  // model_id",
        f"                                   {graph.sample_rate},  // sample_rate_hz",
        f"                                   {graph.block_size},  // block_size",
        f"                                   {graph.latency_samples},  // latency_samples",
        f"                                   {scheme.integer_min}, {scheme.integer_max},  // sample_min, sample_max",
        f"                                   {graph.channels}, {len(graph.layers)},  // channels, layers",
        f"                                   {{{lows}}}, {{{highs}}},  // latent_min, latent_max",
        "                                   &kLoudness};",
        f"  static constexpr int kChannels = {padded_channels(graph)};  // with those that fill the last group",
        f"  static constexpr int kLatentAxes = {len(graph.latent)};",
        f"  static constexpr int kLatentZeroPoint = {graph.condition[0].input.zero_point};",
        f"  static constexpr int kAudioZeroPoint = {graph.audio.zero_point};",
        f"  static constexpr int kConditionWidth = {width};  // of the widest condition convolution",
        f"  static constexpr int kConditionPairs = {condition_pairs(graph)};",
    ]


def emit_model(
    graph: Graph, model_id: str, provenance: str = "a graph", loudness: LoudnessTable | None = None
) -> tuple[str, str]:
    """The generated header and source; `model_id` is eight hex digits. Without a loudness table, it is flat.

    Raises GraphError when the engine could not be exact.
    """
    model, stem = CLASSES[graph.scheme.name], f"model_{graph.scheme.name}"
    conditions = [f"Condition{i}" for i in range(len(graph.condition))]
    layers = [f"Layer{i}" for i in range(len(graph.layers))]
    structs = [
        *(_block_struct(model, n, c, graph) for n, c in zip(conditions, graph.condition, strict=True)),
        _gain_struct(model, graph),
        *(_layer_struct(model, n, LayerTables(layer, graph)) for n, layer in zip(layers, graph.layers, strict=True)),
        _output_struct(model, graph),
    ]
    first = [
        f"// Generated by `gritspace emit` {version('gritspace')} from {provenance}; never edited.",
        "// SPDX-License-Identifier: MIT",
    ]
    header = [
        *first,
        f"// The {graph.scheme.name} decoder {model_id} as the types that firmware/engines/static/ is compiled with.",
        "#pragma once",
        "",
        "#include <cstdint>",
        "#include <tuple>",
        "",
        '#include "core/decoder.h"',
        '#include "core/fixed_point.h"',
        "",
        "namespace gritspace {",
        "",
        f"struct {model} {{",
        *_info(graph, model_id),
        "",
        *(line for struct in structs for line in [*struct.closed(), ""]),
        f"  using Condition = std::tuple<{', '.join(conditions)}>;",
        f"  using Layers = std::tuple<{', '.join(layers)}>;",
        "};",
        "",
        "}  // namespace gritspace",
    ]
    source = [
        *first,
        f"// The constants of {stem}.h.",
        f'#include "generated/{stem}.h"',
        "",
        "namespace gritspace {",
        "",
        *_loudness(model, loudness or flat_table()),
        *(line for struct in structs for line in struct.definitions),
        "}  // namespace gritspace",
    ]
    return "\n".join(header) + "\n", "\n".join(source) + "\n"


def sources(tflite_path: Path) -> dict[str, str]:
    """The texts of `model_SCHEME.h` and `.cpp`, with the loudness of the model card, by their names.

    Raises TfliteError, also for a card that is missing or whose vectors golden does not give; or GraphError, also for a
    decoder that would sound while nothing is played.
    """
    graph, content = read_tflite(tflite_path), Path(tflite_path).read_bytes()
    try:
        card = require_playable(content, graph)
    except TfliteError as error:
        raise TfliteError(f"{tflite_path}: {error}") from error
    provenance = f"{Path(tflite_path).name}, SHA-256 {hashlib.sha256(content).hexdigest()}"
    texts = emit_model(graph, model_id(content), provenance, loudness_of(card))
    return {f"model_{graph.scheme.name}{suffix}": text for suffix, text in zip((".h", ".cpp"), texts, strict=True)}


def write_sources(texts: Mapping[str, str], directory: Path = GENERATED) -> list[Path]:
    """Writes each whole or not at all; returns their paths."""
    directory.mkdir(parents=True, exist_ok=True)
    return [write_whole(directory / name, text.encode()) for name, text in texts.items()]


def emit(tflite_path: Path, directory: Path = GENERATED) -> list[Path]:
    """Writes the sources of one model into the directory; raises what `sources` does."""
    return write_sources(sources(tflite_path), directory)


def write_whole(path: Path, content: bytes) -> Path:
    """Writes under another name, then renames: nobody ever sees half a file."""
    partial = path.with_suffix(path.suffix + ".partial")
    try:
        partial.write_bytes(content)
        return partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
