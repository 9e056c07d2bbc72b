# SPDX-License-Identifier: MIT
"""Two hundred networks of random shapes, scales and weights: golden's integers on the host and on the Cortex-M7."""

from __future__ import annotations

from pathlib import Path

import pytest
from decoder_shapes import random_graph
from engine_programs import (
    FLAVOURS,
    assert_equal,
    check_on_cortex_m7,
    compile_engines,
    compile_engines_for_cortex_m7,
    expected,
    program,
    run_on_host,
)

from host_tools.stimuli import random_stimulus
from quantize.graph import SCHEMES

NETWORKS, AT_ONCE = 200, 10
BLOCKS = 3  # at random z and audio each, history carried


@pytest.mark.parametrize("first", range(0, NETWORKS, AT_ONCE))
def test_any_network_equals_golden(first: int, tmp_path: Path) -> None:
    """Schemes by turns, flavours of the engine from program to program."""
    graphs = [random_graph(list(SCHEMES)[seed % 2], seed) for seed in range(first, first + AT_ONCE)]
    flags = list(FLAVOURS.values())[first // AT_ONCE % 2]
    source = tmp_path / "engines.cpp"
    source.write_text(program(graphs))
    host = compile_engines(source, tmp_path / "host", ("-Wno-stack-usage", *flags))
    machine = compile_engines_for_cortex_m7(source, tmp_path / "engines.elf", flags)
    for index, graph in enumerate(graphs):
        stimulus = random_stimulus(graph, BLOCKS * graph.block_size, seed=first + index)
        assert_equal(run_on_host(host, index, graph, stimulus), expected(graph, stimulus))
        check_on_cortex_m7(machine, index, graph, stimulus)
