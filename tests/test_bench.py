# SPDX-License-Identifier: MIT
"""The bench counts what runs: exact on code counted by hand, within the issue's bounds on the shipped decoders."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from host_tools import cycle_model
from host_tools.artefacts import Artefact, released_artefacts
from host_tools.bench import NOTE_NO_MODEL, BenchResult, bench, plucked_strings
from host_tools.cortex_m7 import CortexM7
from host_tools.errors import UserError

# Instructions for each multiply-accumulate of the graph: the project's promise, not today's figure.
LARGEST_COST = {"int8": 1.5, "int16x8": 1.35}
LIVE_CYCLES = 600  # of a sample: controls, map, levels, mix, meters, lights and the link together
CYCLES_AT_480_MHZ = 10_000  # of one sample at 48 kHz

COUNTED = """
.syntax unified
.thumb
.global loop, skip, chain
.thumb_func
loop:  subs r0, #1   @ r0 rounds of two, and the return
       bne loop
       bx lr
.thumb_func
skip:  cmp r0, #0    @ a predicated instruction that does nothing counts
       it eq
       moveq r0, #7
       bx lr
.thumb_func
chain: .rept 1000    @ each needs the one before: one a cycle
       smlad r0, r1, r2, r0
       .endr
       bx lr
"""


@pytest.fixture(scope="module")
def artefacts() -> list[Artefact]:
    return released_artefacts()


@pytest.fixture(scope="module")
def result(artefacts: list[Artefact]) -> BenchResult:
    return bench(artefacts)


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("counted")
    (folder / "counted.s").write_text(COUNTED)
    command = ["arm-none-eabi-gcc", "-mcpu=cortex-m7", "-nostdlib", "-Wl,-e,loop", "counted.s", "-o", "counted.elf"]
    subprocess.run(command, cwd=folder, check=True)
    return folder / "counted.elf"


def test_counts_are_those_counted_by_hand(counted: Path) -> None:
    machine = CortexM7(counted)
    assert len(machine.trace("loop", 1000)) == 2001
    machine.call("skip", 0)  # what has run untraced before is traced, too
    assert len(machine.trace("skip", 0)) == len(machine.trace("skip", 1)) == 4
    assert machine.call("skip", 0) == 7
    assert machine.call("skip", 5) == 5


@pytest.mark.skipif(cycle_model.find_model() is None, reason="llvm-mca is not installed")
def test_cycle_model_knows_the_pipeline(counted: Path) -> None:
    machine = CortexM7(counted)
    chain = cycle_model.cycles(counted, machine.trace("chain"))
    assert chain is not None and 1000 <= chain <= 1020  # accumulators are forwarded: one SMLAD a cycle
    loop = cycle_model.cycles(counted, machine.trace("loop", 5000))  # several windows
    assert loop is not None and 5000 <= loop <= 10_100


@pytest.mark.parametrize("index", [0, 1], ids=["int8", "int16x8"])
def test_cost_is_within_bounds(index: int, result: BenchResult, artefacts: list[Artefact]) -> None:
    row = result.rows[index]
    graph = artefacts[index].graph
    assert row.scheme == graph.scheme.name and row.board == "qemu_m7"
    assert row.macs_per_sample == pytest.approx(graph.macs_per_sample, abs=0.1)
    cost = row.instructions_per_sample / row.macs_per_sample
    assert 0.7 < cost <= LARGEST_COST[row.scheme]  # half of the MACs are one instruction, and each is fed
    weights = sum(conv.weights.size for conv in graph.convolutions)
    assert weights < row.flash_bytes < 32_000
    state = sum(layer.history for layer in graph.layers) * graph.channels
    assert state < row.ram_bytes < 16_000
    if row.model_cycles_per_sample is not None:
        assert 0.5 * row.instructions_per_sample < row.model_cycles_per_sample < CYCLES_AT_480_MHZ


def test_the_live_path_is_within_its_bound(result: BenchResult) -> None:
    still, moving, two_passes, link = result.live_rows
    for row in (still, moving):
        assert 20 < row.instructions_per_sample + link.instructions_per_sample < LIVE_CYCLES
        if row.model_cycles_per_sample is not None and link.model_cycles_per_sample is not None:
            assert row.model_cycles_per_sample + link.model_cycles_per_sample <= LIVE_CYCLES
    # A moving spot costs a second pass of the decoder that plays, int16x8, and its idle sample; nothing else.
    one_pass = result.rows[1].instructions_per_sample
    assert 2 * one_pass < two_passes.instructions_per_sample < 2.2 * one_pass
    assert moving.instructions_per_sample == pytest.approx(still.instructions_per_sample, rel=0.05)


def test_rows_are_the_json_scripts_read(result: BenchResult) -> None:
    keys = ["scheme", "board", "macs_per_sample", "instructions_per_sample", "model_cycles_per_sample"]
    rows = json.loads(json.dumps(result.json_rows(), allow_nan=False))
    assert [list(row) for row in rows] == [[*keys, "flash_bytes", "ram_bytes"]] * 2


def test_without_llvm_mca_cycles_are_null_and_said_so(
    artefacts: list[Artefact], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cycle_model, "find_model", lambda: None)
    result = bench(artefacts[:1])
    assert result.rows[0].model_cycles_per_sample is None
    assert result.notes == (NOTE_NO_MODEL,)


def test_other_models_firmware_is_refused(artefacts: list[Artefact]) -> None:
    stranger = replace(artefacts[0], model_id="00000000")
    with pytest.raises(UserError, match=r"firmware's int8 model is [0-9a-f]{8}, .* is 00000000; run"):
        bench([stranger])


def test_audio_is_loud() -> None:
    audio = plucked_strings(288, 48_000)
    assert 0.1 < np.sqrt(np.mean(audio**2)) < 0.9
