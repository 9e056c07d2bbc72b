# SPDX-License-Identifier: MIT
"""The bench counts what runs: exact on code counted by hand, equal to the firmware's, within what is promised."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from host_tools import bench_image, boards, cycle_model
from host_tools.artefacts import Artefact, released_artefacts
from host_tools.bench import NOTE_NO_MODEL, BenchResult, bench
from host_tools.bench_decoder import BenchRow, measure, plucked_strings
from host_tools.bench_image import FLAVOURS, PROCESS, RESET
from host_tools.cortex_m7 import CortexM7
from host_tools.firmware import build_firmware
from host_tools.stimuli import random_stimulus
from quantize.golden import GoldenDecoder
from quantize.loudness import COLUMNS, LEVELS, ROWS
from quantize.synthetic import synthetic_graph

# What is promised of decoders of six gated layers: at most so many instructions and model cycles a sample.
PROMISED = {
    ("int16x8", 8): (2_900, 2_100),
    ("int8", 8): (3_500, 2_800),
    ("int16x8", 16): (9_700, 6_500),
}
# Of such a decoder of 8 channels in the compact flavour, its loudness table, which has one size for all, aside.
COMPACT_FLASH_BYTES, RAM_BYTES, STACK_BYTES = 12_000, 8_000, 512
# Of the released decoders, in the fast flavour: half of what the Daisy Seed has at its default 400 MHz, for int16x8.
RELEASED_CYCLES = {"int16x8": 4_000, "int8": 4_600}
RELEASED_FLASH_BYTES, RELEASED_RAM_BYTES, RELEASED_STACK_BYTES = 34_000, 20_000, 768
LIVE_CYCLES = 600  # of a sample: controls, map, levels, mix, meters, lights and the link together

needs_model = pytest.mark.skipif(cycle_model.find_model() is None, reason="llvm-mca is not installed")

COUNTED = """
.syntax unified
.thumb
.global loop, skip, chain, deep
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
.thumb_func
deep:  push {r4-r7, lr}   @ 20 bytes, and 100 of which only the lowest word is written
       sub sp, #100
       str r0, [sp]
       add sp, #100
       pop {r4-r7, pc}
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
    assert machine.stack_bytes("deep", 1) == 120
    assert machine.stack_bytes("loop", 1) == 0


@needs_model
def test_cycle_model_knows_the_pipeline(counted: Path) -> None:
    machine = CortexM7(counted)
    cycles = cycle_model.cycles(counted, machine.trace("chain"), machine.trace("loop", 5000))
    assert cycles is not None
    assert 1000 <= cycles[0] <= 1020  # accumulators are forwarded: one SMLAD a cycle
    assert 5000 <= cycles[1] <= 10_100  # several windows


@needs_model
@pytest.mark.parametrize(("scheme", "channels"), PROMISED, ids=str)
def test_a_decoder_costs_no_more_than_promised(scheme: str, channels: int) -> None:
    row, _ = measure(synthetic_graph(scheme, channels=channels), "fast")
    instructions, cycles = PROMISED[scheme, channels]
    assert row.instructions_per_sample <= instructions
    assert row.model_cycles_per_sample is not None and row.model_cycles_per_sample <= cycles
    assert row.macs_per_cycle is not None and 1 < row.macs_per_cycle < 2  # the core's limit


def test_trained_decoders_are_within_bounds(result: BenchResult, artefacts: list[Artefact]) -> None:
    assert [(row.scheme, row.flavour) for row in result.rows] == [(a.scheme, f) for a in artefacts for f in FLAVOURS]
    for row, graph in ((row, a.graph) for row in result.rows for a in artefacts if a.scheme == row.scheme):
        weights = sum(conv.weights.size for conv in graph.convolutions)
        state = sum(layer.history for layer in graph.layers) * graph.channels
        assert weights < row.flash_bytes < RELEASED_FLASH_BYTES
        assert state < row.ram_bytes <= RELEASED_RAM_BYTES
        assert 100 < row.stack_bytes <= RELEASED_STACK_BYTES
        if row.flavour == "fast" and row.model_cycles_per_sample is not None:
            assert row.model_cycles_per_sample <= RELEASED_CYCLES[row.scheme]
    fast, compact = (row for row in result.rows if row.scheme == "int16x8")
    assert compact.flash_bytes < fast.flash_bytes
    assert fast.instructions_per_sample < compact.instructions_per_sample


def test_the_compact_flavour_is_as_small_as_promised() -> None:
    row, _ = measure(synthetic_graph("int16x8"), "compact")
    loudness_bytes = COLUMNS + 2 * LEVELS * ROWS * COLUMNS
    assert row.flash_bytes - loudness_bytes <= COMPACT_FLASH_BYTES
    assert 1_000 < row.ram_bytes <= RAM_BYTES and 100 < row.stack_bytes <= STACK_BYTES


def test_time_does_not_depend_on_audio_or_z(result: BenchResult) -> None:
    assert [row.spread_instructions for row in result.rows] == [0] * len(result.rows)


def test_time_that_depends_on_audio_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    slower = "if (dry[0] > 0) network.Preview(dry, z, wet); network.Process("
    monkeypatch.setattr(bench_image, "PROGRAM", bench_image.PROGRAM.replace("network.Process(", slower))
    monkeypatch.setattr(cycle_model, "find_model", lambda: None)
    row, _ = measure(synthetic_graph(channels=2, dilations=(1,), block_size=8), "fast")
    assert row.spread_instructions > 100


def test_parts_are_all_of_a_decoder_and_nothing_twice(result: BenchResult) -> None:
    layers = [f"layer {layer}" for layer in range(6)]
    for row in result.rows:
        parts = [part for part in result.part_rows if (part.scheme, part.flavour) == (row.scheme, row.flavour)]
        assert [part.part for part in parts] == ["z into the biases", "input", *layers, "output", "history"]
        # Each part is rounded to a tenth.
        assert sum(p.instructions_per_sample for p in parts) == pytest.approx(row.instructions_per_sample, abs=0.6)
        in_layers = [part.instructions_per_sample for part in parts if part.part in layers]
        assert max(in_layers) == pytest.approx(min(in_layers), rel=0.05)  # the longest dilation moves its pointers
        assert sum(in_layers) > 0.9 * row.instructions_per_sample


@pytest.mark.parametrize(("flavour", "env"), [("fast", "qemu_m7"), ("compact", "qemu_m7_compact")])
def test_the_firmware_decodes_in_as_many_instructions(
    flavour: str, env: str, result: BenchResult, artefacts: list[Artefact]
) -> None:
    machine = CortexM7(build_firmware(env))
    for artefact in artefacts:
        graph = artefact.graph
        machine.call(RESET, graph.scheme.code)
        addresses = [machine.put(np.zeros(length, np.int16)) for length in (graph.block_size, 2, graph.block_size)]
        got = len(machine.trace(PROCESS, graph.scheme.code, *addresses)) / graph.block_size
        (row,) = (row for row in result.rows if (row.scheme, row.flavour) == (graph.scheme.name, flavour))
        assert got == pytest.approx(row.instructions_per_sample, abs=0.2)  # the firmware chooses the scheme besides


def test_the_compact_firmware_plays_as_golden_does(artefacts: list[Artefact]) -> None:
    for artefact in artefacts:
        stimulus = random_stimulus(artefact.graph, 2_400)
        wet = boards.run_bulk("qemu_m7_compact", artefact.scheme, stimulus.dry.reshape(stimulus.blocks, -1), stimulus.z)
        assert np.array_equal(wet.reshape(-1), GoldenDecoder(artefact.graph).process(stimulus.dry, stimulus.z))


def test_the_live_path_is_within_its_bound(result: BenchResult) -> None:
    still, moving, two_passes, link = result.live_rows
    for row in (still, moving):
        assert 20 < row.instructions_per_sample + link.instructions_per_sample < LIVE_CYCLES
        if row.model_cycles_per_sample is not None and link.model_cycles_per_sample is not None:
            assert row.model_cycles_per_sample + link.model_cycles_per_sample <= LIVE_CYCLES
    # A moving spot costs a second pass of the decoder that plays, int16x8, which keeps no history; nothing else.
    (one_pass,) = (r.instructions_per_sample for r in result.rows if (r.scheme, r.flavour) == ("int16x8", "fast"))
    assert 1.9 * one_pass < two_passes.instructions_per_sample < 2.2 * one_pass
    assert moving.instructions_per_sample == pytest.approx(still.instructions_per_sample, rel=0.05)


def test_rows_are_the_json_scripts_read(result: BenchResult) -> None:
    rows = json.loads(json.dumps(result.json_rows(), allow_nan=False))
    assert rows == [{key: getattr(row, key) for key in BenchRow.__annotations__} for row in result.rows]
    assert all(row["flavour"] in FLAVOURS and row["macs_per_sample"] > 2_000 for row in rows)


def test_this_machine_is_faster_than_real_time(result: BenchResult) -> None:
    assert [row.scheme for row in result.host_rows] == ["int8", "int16x8"]
    assert all(row.real_time_factor > 1 for row in result.host_rows)
    assert result.notes[0].startswith("On one thread of this machine")


def test_any_model_is_measured_and_missing_figures_are_said(
    artefacts: list[Artefact], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cycle_model, "find_model", lambda: None)
    graph = synthetic_graph("int8", channels=4, dilations=(1, 3), block_size=16)
    result = bench([replace(artefacts[0], graph=graph, model_id="00000000")])
    assert {(row.channels, row.layers, row.model_cycles_per_sample) for row in result.rows} == {(4, 2, None)}
    assert all(row.model_cycles_per_sample is None for row in result.part_rows)
    assert all(row.model_cycles_per_sample is None for row in result.live_rows)
    _, stranger, no_model = result.notes
    assert f"its own int8 model {artefacts[0].model_id}, not with 00000000" in stranger
    assert no_model == NOTE_NO_MODEL


def test_audio_is_loud() -> None:
    audio = plucked_strings(288, 48_000)
    assert 0.1 < np.sqrt(np.mean(audio**2)) < 0.9
