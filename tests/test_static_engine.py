# SPDX-License-Identifier: MIT
"""The ahead-of-time engine gives golden's integers, layer by layer, for decoders of many shapes: on the host under the
sanitizers, and on the Cortex-M7's own instructions."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from decoder_shapes import GRAPHS

from host_tools.cortex_m7 import CortexM7
from host_tools.stimuli import Stimulus, random_stimulus
from quantize.emit import CLASSES, emit_model
from quantize.golden import GoldenDecoder
from quantize.graph import Graph
from quantize.static_tables import LayerTables

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
// Blocks of (z of a preview, z, dry) on stdin; blocks of (preview, wet, every layer's stream) on stdout.
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
    got = {"preview": blocks[:, :size].reshape(-1, 1), "output": blocks[:, size : 2 * size].reshape(-1, 1)}
    layers = blocks[:, 2 * size :].reshape(stimulus.blocks, streams, size, graph.channels)
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
        inputs = (stimulus.dry[part], preview_places(stimulus)[block], stimulus.z[block])
        dry, elsewhere, z = (cortex_m7.put(values.astype(np.int16)) for values in inputs)
        target = cortex_m7.put(np.zeros(size * graph.channels, np.int16))
        got = {}
        for name, function, place in (("preview", "engine_preview", elsewhere), ("output", "engine_process", z)):
            cortex_m7.call(function, index, dry, place, target)
            got[name] = cortex_m7.get(target, size).reshape(-1, 1)
        for layer, name in enumerate(["input", *(f"layer{i}" for i in range(len(graph.layers)))]):
            cortex_m7.call("engine_read", index, layer, target)
            got[name] = cortex_m7.get(target, size * graph.channels).reshape(size, -1)
        assert_equal(got, {name: values[part] for name, values in want.items()})


def test_a_preview_that_leaves_a_trace_is_noticed(tmp_path: Path, repository: Path) -> None:
    network = (repository / "firmware/engines/static/network.h").read_text()
    last_step = "OutputKernel<Model>::Process(last_.block(), wet);"
    assert network.count(last_step) == 1
    faulty = tmp_path / "engines/static/network.h"
    faulty.parent.mkdir(parents=True)
    faulty.write_text(network.replace(last_step, f"{last_step} std::get<1>(streams_).Advance();"))
    graph = GRAPHS["odd everything, int8"]
    source = tmp_path / "engine.cpp"
    source.write_text(program([graph]))
    path = compile_program("g++", ("-O1", f"-I{tmp_path}"), source, tmp_path / "engine", repository)
    stimulus = random_stimulus(graph, 3 * graph.block_size)
    with pytest.raises(AssertionError, match="first at"):
        assert_equal(run_on_host(path, 0, graph, stimulus), expected(graph, stimulus))


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
