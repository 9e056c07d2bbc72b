# SPDX-License-Identifier: MIT
"""The ahead-of-time engine gives golden's integers, layer by layer, for decoders of many shapes: on the host under the
sanitizers, and on the Cortex-M7's own instructions."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from host_tools.cortex_m7 import CortexM7
from host_tools.stimuli import Stimulus, random_stimulus
from quantize.emit import CLASSES, emit_model
from quantize.golden import GoldenDecoder
from quantize.graph import Graph, Layer, Quantization
from quantize.static_tables import LayerTables
from quantize.synthetic import synthetic_graph

HOST_BLOCKS, M7_BLOCKS = 24, 4
LANGUAGE = ("-std=c++17", "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics", "-ffp-contract=off")
WARNINGS = ("-Wall", "-Wextra", "-Werror", "-Wstack-usage=1024")
CORTEX_M7 = ("-mcpu=cortex-m7", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv5-d16")
SANITIZERS = ("-fsanitize=undefined,address", "-fno-sanitize-recover=all", "-Wno-stack-usage")

# Every decoder under test in one program: they differ by the name of their type.
PROGRAM = """
#include <cstdio>
#include <cstdlib>
#include <vector>
#include "engines/static/network.h"
{models}
namespace gritspace {{
template <class Model> Network<Model> network;
struct Engine {{
  const ModelInfo& info;
  void (*reset)();
  void (*process)(const int16_t*, const int16_t*, int16_t*);
  void (*read)(int, int16_t*);
}};
template <class Model>
constexpr Engine Of() {{
  return {{Model::kInfo, [] {{ network<Model>.Reset(); }},
          [](const int16_t* dry, const int16_t* z, int16_t* wet) {{ network<Model>.Process(dry, z, wet); }},
          [](int layer, int16_t* stream) {{ network<Model>.ReadStream(layer, stream); }}}};
}}
const Engine engines[] = {{{engines}}};
}}
using namespace gritspace;
extern "C" {{
[[gnu::used]] void engine_reset(int index) {{ engines[index].reset(); }}
[[gnu::used]] void engine_process(int index, const int16_t* dry, const int16_t* z, int16_t* wet) {{
  engines[index].process(dry, z, wet);
}}
[[gnu::used]] void engine_read(int index, int layer, int16_t* stream) {{ engines[index].read(layer, stream); }}
}}
#ifndef __arm__
// Blocks of (z, dry) on stdin; blocks of (wet, every layer's stream) on stdout.
int main(int, char** arguments) {{
  const Engine& engine = engines[std::atoi(arguments[1])];
  const size_t size = engine.info.block_size;
  std::vector<int16_t> z({axes}), dry(size), wet(size), stream(size * engine.info.channels);
  engine.reset();
  while (std::fread(z.data(), 2, z.size(), stdin) == z.size() && std::fread(dry.data(), 2, size, stdin) == size) {{
    engine.process(dry.data(), z.data(), wet.data());
    std::fwrite(wet.data(), 2, size, stdout);
    for (int layer = 0; layer <= engine.info.layers; ++layer) {{
      engine.read(layer, stream.data());
      std::fwrite(stream.data(), 2, stream.size(), stdout);
    }}
  }}
}}
#endif
"""


def asymmetric(graph: Graph) -> Graph:
    """Zero points off the middle in audio and latent (int8 only), a product that is no power of two."""
    zero = 7 if graph.scheme.activation_bits == 8 else 0
    filter_output = Quantization(float(np.float32(graph.layers[0].filter.output.scale * 0.77)), -zero)
    layers = tuple(Layer(replace(layer.filter, output=filter_output), layer.gate) for layer in graph.layers)
    audio = Quantization(graph.input.input.scale, zero)
    condition = replace(graph.condition[0], input=Quantization(graph.condition[0].input.scale, -zero))
    return replace(
        graph,
        input=replace(graph.input, input=audio),
        layers=layers,
        condition=(condition, *graph.condition[1:]),
        output=replace(graph.output, output=audio),
    )


def coarse_weights(graph: Graph) -> Graph:
    """Weight scales so large that requantisation has to go the long way, and every clamp is met."""
    layers = tuple(
        Layer(*(replace(c, weight_scales=c.weight_scales * np.float32(900)) for c in (layer.filter, layer.gate) if c))
        for layer in graph.layers
    )
    return replace(graph, layers=layers)


def signed_gates(graph: Graph) -> Graph:
    """Gates that may be negative."""
    signed = graph.layers[0].filter.output
    return replace(
        graph,
        layers=tuple(
            Layer(layer.filter, layer.gate and replace(layer.gate, activation="none", output=signed))
            for layer in graph.layers
        ),
    )


def coarse_stream(graph: Graph) -> Graph:
    """A residual stream of twice the range: the product's shift goes beyond half a word."""
    stream = Quantization(graph.residual.scale * 2)
    conditions = (*graph.condition[:-1], replace(graph.condition[-1], output=stream))
    layers = tuple(
        Layer(*(replace(c, input=stream) for c in (layer.filter, layer.gate) if c)) for layer in graph.layers
    )
    first, last = replace(graph.input, output=stream), replace(graph.output, input=stream)
    return replace(graph, condition=conditions, input=first, layers=layers, output=last)


def half_plain(graph: Graph) -> Graph:
    """Gated and plain layers by turns."""
    plain = synthetic_graph(
        graph.scheme.name,
        channels=graph.channels,
        condition_channels=graph.condition_channels,
        dilations=tuple(layer.filter.dilation for layer in graph.layers),
        kernel_size=graph.layers[0].filter.kernel_size,
        gated=False,
        seed=5,
    )
    return replace(graph, layers=tuple((graph, plain)[i % 2].layers[i] for i in range(len(graph.layers))))


SHAPES: dict[str, Callable[[str], Graph]] = {
    "shipped": lambda scheme: synthetic_graph(scheme),
    "odd everything": lambda scheme: synthetic_graph(
        scheme, channels=5, dilations=(1, 3, 5), kernel_size=4, condition_channels=3, hidden_channels=3, block_size=17
    ),
    "plain": lambda scheme: synthetic_graph(
        scheme, channels=6, dilations=(1, 2), kernel_size=2, condition_channels=1, gated=False, block_size=8
    ),
    "wide": lambda scheme: synthetic_graph(scheme, channels=16, dilations=(70, 1), block_size=96, seed=3),
    "mixed": lambda scheme: half_plain(synthetic_graph(scheme, channels=6, dilations=(2, 9, 4, 1), block_size=9)),
    "asymmetric": lambda scheme: asymmetric(synthetic_graph(scheme, dilations=(1, 2), block_size=11, seed=7)),
    "coarse weights": lambda scheme: coarse_weights(synthetic_graph(scheme, channels=4, dilations=(1, 3), seed=8)),
    "signed gates": lambda scheme: signed_gates(synthetic_graph(scheme, channels=4, dilations=(1, 2), block_size=8)),
    "coarse stream": lambda scheme: coarse_stream(synthetic_graph(scheme, channels=4, dilations=(2, 1), seed=9)),
    "one tap": lambda scheme: synthetic_graph(scheme, channels=2, dilations=(1,), kernel_size=1, block_size=1),
}
GRAPHS = {f"{shape}, {scheme}": build(scheme) for shape, build in SHAPES.items() for scheme in CLASSES}


def program(graphs: Sequence[Graph]) -> str:
    """One C++ program with the generated model of every graph."""
    models = []
    for index, graph in enumerate(graphs):
        text = "".join(emit_model(graph, "12345678"))
        text = re.sub(r'#pragma once|#include "generated/.*"', "", text)
        models.append(re.sub(rf"\b{CLASSES[graph.scheme.name]}\b", f"Model{index}", text))
    engines = ", ".join(f"Of<Model{index}>()" for index in range(len(graphs)))
    return PROGRAM.format(models="".join(models), engines=engines, axes=len(graphs[0].latent))


def compile_program(compiler: str, flags: Sequence[str], source: Path, target: Path, repository: Path) -> Path:
    command = [compiler, *LANGUAGE, *WARNINGS, *flags, f"-I{repository / 'firmware'}", "-o", str(target), str(source)]
    finished = subprocess.run(command, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr[:4000]
    return target


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("engine") / "engines.cpp"
    path.write_text(program(list(GRAPHS.values())))
    return path


@pytest.fixture(scope="module")
def host_program(source: Path, repository: Path) -> Path:
    return compile_program("g++", ("-O1", "-g1", *SANITIZERS), source, source.with_suffix(".host"), repository)


@pytest.fixture(scope="module")
def cortex_m7(source: Path, repository: Path) -> CortexM7:
    linking = ("--specs=nano.specs", "-nostartfiles", "-Wl,-e,engine_process", "-Wl,-Tdata=0x20000000")
    flags = ("-O2", *CORTEX_M7, *linking, "-Wl,--no-warn-rwx-segments")
    return CortexM7(compile_program("arm-none-eabi-g++", flags, source, source.with_suffix(".elf"), repository))


def expected(graph: Graph, stimulus: Stimulus) -> dict[str, np.ndarray]:
    """What golden makes of it, at every layer: (T, channels)."""
    golden = GoldenDecoder(graph)
    golden.process(stimulus.dry, stimulus.z, taps=True)
    return {name: values for name, values in golden.layer_outputs.items() if name != "condition"}


def assert_equal(got: dict[str, np.ndarray], want: dict[str, np.ndarray]) -> None:
    """Names the first layer and sample that differ."""
    for name, values in want.items():
        differs = np.argwhere(got[name] != values)
        assert not len(differs), f"{name}: first at (sample, channel) {differs[0]}, {len(differs)} of {values.size}"


def run_on_host(path: Path, index: int, graph: Graph, stimulus: Stimulus) -> dict[str, np.ndarray]:
    size, streams = graph.block_size, len(graph.layers) + 1
    dry = stimulus.dry.astype(np.int16).reshape(stimulus.blocks, size)
    content = np.concatenate([stimulus.z.astype(np.int16), dry], axis=1).tobytes()
    finished = subprocess.run([path, str(index)], input=content, capture_output=True)
    assert finished.returncode == 0, finished.stderr.decode()[:2000]
    blocks = np.frombuffer(finished.stdout, np.int16).reshape(stimulus.blocks, -1)
    got = {"output": blocks[:, :size].reshape(-1, 1)}
    layers = blocks[:, size:].reshape(stimulus.blocks, streams, size, graph.channels)
    for layer, name in enumerate(["input", *(f"layer{i}" for i in range(len(graph.layers)))]):
        got[name] = layers[:, layer].reshape(-1, graph.channels)
    return got


@pytest.mark.parametrize("index", range(len(GRAPHS)), ids=list(GRAPHS))
def test_host_equals_golden(index: int, host_program: Path) -> None:
    graph = list(GRAPHS.values())[index]
    stimulus = random_stimulus(graph, HOST_BLOCKS * graph.block_size, seed=index)
    assert_equal(run_on_host(host_program, index, graph, stimulus), expected(graph, stimulus))


@pytest.mark.parametrize("index", range(len(GRAPHS)), ids=list(GRAPHS))
def test_cortex_m7_equals_golden(index: int, cortex_m7: CortexM7) -> None:
    graph = list(GRAPHS.values())[index]
    size = graph.block_size
    stimulus = random_stimulus(graph, M7_BLOCKS * size, seed=index)
    want = expected(graph, stimulus)
    cortex_m7.call("engine_reset", index)
    for block in range(M7_BLOCKS):
        part = slice(block * size, (block + 1) * size)
        cortex_m7.forget()
        dry, z = (cortex_m7.put(v.astype(np.int16)) for v in (stimulus.dry[part], stimulus.z[block]))
        target = cortex_m7.put(np.zeros(size * graph.channels, np.int16))
        cortex_m7.call("engine_process", index, dry, z, target)
        got = {"output": cortex_m7.get(target, size).reshape(-1, 1)}
        for layer, name in enumerate(["input", *(f"layer{i}" for i in range(len(graph.layers)))]):
            cortex_m7.call("engine_read", index, layer, target)
            got[name] = cortex_m7.get(target, size * graph.channels).reshape(size, -1)
        assert_equal(got, {name: values[part] for name, values in want.items()})


def test_shapes_meet_the_short_and_the_long_way() -> None:
    ways = {name: LayerTables(graph.layers[0], graph).fast for name, graph in GRAPHS.items()}
    assert all(fast != name.startswith("coarse weights") for name, fast in ways.items()), ways


def test_reset_is_silence(host_program: Path, cortex_m7: CortexM7) -> None:
    """The same block after a reset gives the same as the first time."""
    graph = GRAPHS["shipped, int16x8"]
    index = list(GRAPHS).index("shipped, int16x8")
    stimulus = random_stimulus(graph, graph.block_size)
    dry, z, wet = (cortex_m7.put(v.astype(np.int16)) for v in (stimulus.dry, stimulus.z, stimulus.dry))
    outputs = []
    for reset in (True, False, True):
        if reset:
            cortex_m7.call("engine_reset", index)
        cortex_m7.call("engine_process", index, dry, z, wet)
        outputs.append(cortex_m7.get(wet, graph.block_size))
    assert (outputs[0] == outputs[2]).all()
    assert (outputs[0] != outputs[1]).any(), "the decoder has no memory"


def test_wrong_shape_does_not_compile(tmp_path: Path, repository: Path) -> None:
    text = program([GRAPHS["shipped, int8"]])
    assert "kDilation = 1;" in text and "kKernelSize = 3;" in text
    source = tmp_path / "wrong.cpp"
    source.write_text(text.replace("kKernelSize = 3;", "kKernelSize = 4;", 1))
    command = ["g++", *LANGUAGE, "-fsyntax-only", f"-I{repository / 'firmware'}", str(source)]
    finished = subprocess.run(command, capture_output=True, text=True)
    assert finished.returncode != 0 and "static assertion failed" in finished.stderr
