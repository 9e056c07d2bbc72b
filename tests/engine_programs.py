# SPDX-License-Identifier: MIT
"""The ahead-of-time engine around any decoders: one program of them, for the host or the Cortex-M7, and its outputs
next to golden's. In two flavours: the fast one, and the compact one, which spends time to save flash."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from compiled import FIRMWARE, LANGUAGE, build_program, compile_for_cortex_m7

from host_tools.cortex_m7 import CortexM7
from host_tools.stimuli import Stimulus
from quantize.emit import CLASSES, emit_model
from quantize.golden import GoldenDecoder
from quantize.graph import Graph

FLAVOURS = {"fast": (), "compact": ("-DGRITSPACE_COMPACT=1",)}
WARNINGS = ("-Wall", "-Wextra", "-Werror", "-Wstack-usage=1024")
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
  void (*preview)(const int16_t*, const int16_t*, int16_t*);
  void (*read)(int, int16_t*);
}};
template <class Model>
constexpr Engine Of() {{
  return {{Model::kInfo, [] {{ network<Model>.Reset(); }},
          [](const int16_t* dry, const int16_t* z, int16_t* wet) {{ network<Model>.Process(dry, z, wet); }},
          [](const int16_t* dry, const int16_t* z, int16_t* wet) {{ network<Model>.Preview(dry, z, wet); }},
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
[[gnu::used]] void engine_preview(int index, const int16_t* dry, const int16_t* z, int16_t* wet) {{
  engines[index].preview(dry, z, wet);
}}
[[gnu::used]] void engine_read(int index, int layer, int16_t* stream) {{ engines[index].read(layer, stream); }}
}}
#ifndef __arm__
// Blocks of (z of a preview, z, dry) on stdin; of (preview, wet, every layer's stream) on stdout.
int main(int, char** arguments) {{
  const Engine& engine = engines[std::atoi(arguments[1])];
  const size_t size = engine.info.block_size;
  std::vector<int16_t> z(2 * {axes}), dry(size), wet(size), stream(size * engine.info.channels);
  engine.reset();
  while (std::fread(z.data(), 2, z.size(), stdin) == z.size() && std::fread(dry.data(), 2, size, stdin) == size) {{
    engine.preview(dry.data(), z.data(), wet.data());
    std::fwrite(wet.data(), 2, size, stdout);
    engine.process(dry.data(), z.data() + {axes}, wet.data());
    std::fwrite(wet.data(), 2, size, stdout);
    for (int layer = 0; layer <= engine.info.layers; ++layer) {{
      engine.read(layer, stream.data());
      std::fwrite(stream.data(), 2, stream.size(), stdout);
    }}
  }}
}}
#endif
"""


def program(graphs: Sequence[Graph]) -> str:
    """One C++ program with the generated model of every graph."""
    models = []
    for index, graph in enumerate(graphs):
        text = "".join(emit_model(graph, "12345678"))
        text = re.sub(r'#pragma once|#include "generated/.*"', "", text)
        models.append(re.sub(rf"\b{CLASSES[graph.scheme.name]}\b", f"Model{index}", text))
    engines = ", ".join(f"Of<Model{index}>()" for index in range(len(graphs)))
    return PROGRAM.format(models="".join(models), engines=engines, axes=len(graphs[0].latent))


def compile_engines(source: Path, target: Path, flags: Sequence[str]) -> Path:
    """For the host."""
    return build_program("g++", ["-O1", *LANGUAGE, *WARNINGS, *flags, f"-I{FIRMWARE}"], [source], target)


def compile_engines_for_cortex_m7(source: Path, target: Path, flags: Sequence[str]) -> CortexM7:
    return compile_for_cortex_m7(target, [source], "engine_process", [*WARNINGS, *flags])


def preview_places(stimulus: Stimulus) -> np.ndarray:
    """(blocks, Z): where each block is previewed before it is played."""
    return stimulus.z[::-1]


def expected(graph: Graph, stimulus: Stimulus) -> dict[str, np.ndarray]:
    """What golden makes of it, previews and every layer: (T, channels). Its previews leave no trace, either."""
    golden = GoldenDecoder(graph)
    blocks = zip(stimulus.dry.reshape(stimulus.blocks, -1), stimulus.z, preview_places(stimulus), strict=True)
    pairs = [(golden.preview(dry, elsewhere), golden.process(dry, z)) for dry, z, elsewhere in blocks]
    golden.reset()
    golden.process(stimulus.dry, stimulus.z, taps=True)
    outputs = {name: values for name, values in golden.layer_outputs.items() if name != "condition"}
    assert np.array_equal(np.concatenate([wet for _, wet in pairs]), outputs["output"][:, 0])
    return {"preview": np.concatenate([preview for preview, _ in pairs])[:, None], **outputs}


def assert_equal(got: dict[str, np.ndarray], want: dict[str, np.ndarray]) -> None:
    """Names the first layer and sample that differ."""
    for name, values in want.items():
        differs = np.argwhere(got[name] != values)
        assert not len(differs), f"{name}: first at (sample, channel) {differs[0]}, {len(differs)} of {values.size}"


def run_on_host(path: Path, index: int, graph: Graph, stimulus: Stimulus) -> dict[str, np.ndarray]:
    size, streams = graph.block_size, len(graph.layers) + 1
    dry = stimulus.dry.astype(np.int16).reshape(stimulus.blocks, size)
    places = np.concatenate([preview_places(stimulus), stimulus.z], axis=1).astype(np.int16)
    content = np.concatenate([places, dry], axis=1).tobytes()
    finished = subprocess.run([path, str(index)], input=content, capture_output=True)
    assert finished.returncode == 0, finished.stderr.decode()[:2000]
    blocks = np.frombuffer(finished.stdout, np.int16).reshape(stimulus.blocks, -1)
    got = {
        "preview": blocks[:, :size].reshape(-1, 1),
        "output": blocks[:, size : 2 * size].reshape(-1, 1),
    }
    layers = blocks[:, 2 * size :].reshape(stimulus.blocks, streams, size, graph.channels)
    for layer, name in enumerate(["input", *(f"layer{i}" for i in range(len(graph.layers)))]):
        got[name] = layers[:, layer].reshape(-1, graph.channels)
    return got


def check_on_cortex_m7(machine: CortexM7, index: int, graph: Graph, stimulus: Stimulus) -> None:
    """Runs the stimulus block by block and compares all there is to see with golden."""
    size = graph.block_size
    want = expected(graph, stimulus)
    machine.call("engine_reset", index)
    for block in range(stimulus.blocks):
        part = slice(block * size, (block + 1) * size)
        machine.forget()
        inputs = (stimulus.dry[part], preview_places(stimulus)[block], stimulus.z[block])
        dry, elsewhere, z = (machine.put(values.astype(np.int16)) for values in inputs)
        target = machine.put(np.zeros(size * graph.channels, np.int16))
        got: dict[str, np.ndarray] = {}
        for name, function, place in (("preview", "engine_preview", elsewhere), ("output", "engine_process", z)):
            machine.call(function, index, dry, place, target)
            got[name] = machine.get(target, size).reshape(-1, 1)
        for layer, name in enumerate(["input", *(f"layer{i}" for i in range(len(graph.layers)))]):
            machine.call("engine_read", index, layer, target)
            got[name] = machine.get(target, size * graph.channels).reshape(size, -1)
        assert_equal(got, {name: values[part] for name, values in want.items()})
