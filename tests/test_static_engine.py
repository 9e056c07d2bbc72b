# SPDX-License-Identifier: MIT
"""The ahead-of-time engine gives golden's integers, layer by layer, for decoders of many shapes: on the host under the
sanitizers, and on the Cortex-M7's own instructions."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from compiled import LANGUAGE
from decoder_shapes import GRAPHS
from engine_programs import (
    FLAVOURS,
    SANITIZERS,
    assert_equal,
    check_on_cortex_m7,
    compile_engines,
    compile_engines_for_cortex_m7,
    expected,
    program,
    run_on_host,
)

from host_tools.cortex_m7 import CortexM7
from host_tools.stimuli import random_stimulus
from quantize.static_tables import LayerTables

HOST_BLOCKS, M7_BLOCKS = 24, 4


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("engine") / "engines.cpp"
    path.write_text(program(list(GRAPHS.values())))
    return path


@pytest.fixture(scope="module", params=list(FLAVOURS))
def flavour(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def host_program(source: Path, flavour: str) -> Path:
    flags = ("-g1", *SANITIZERS, *FLAVOURS[flavour])
    return compile_engines(source, source.with_suffix(f".{flavour}.host"), flags)


@pytest.fixture(scope="module")
def cortex_m7(source: Path, flavour: str) -> CortexM7:
    return compile_engines_for_cortex_m7(source, source.with_suffix(f".{flavour}.elf"), FLAVOURS[flavour])


@pytest.mark.parametrize("index", range(len(GRAPHS)), ids=list(GRAPHS))
def test_host_equals_golden(index: int, host_program: Path) -> None:
    graph = list(GRAPHS.values())[index]
    stimulus = random_stimulus(graph, HOST_BLOCKS * graph.block_size, seed=index)
    assert_equal(run_on_host(host_program, index, graph, stimulus), expected(graph, stimulus))


@pytest.mark.parametrize("index", range(len(GRAPHS)), ids=list(GRAPHS))
def test_cortex_m7_equals_golden(index: int, cortex_m7: CortexM7) -> None:
    graph = list(GRAPHS.values())[index]
    check_on_cortex_m7(cortex_m7, index, graph, random_stimulus(graph, M7_BLOCKS * graph.block_size, seed=index))


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
    path = compile_engines(source, tmp_path / "engine", (f"-I{tmp_path}",))
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
