# SPDX-License-Identifier: MIT
"""What one decoder costs on the Cortex-M7, whole and by its parts, and how fast it is on this machine.

Depends on `bench_image`, `cortex_m7` and `cycle_model`. Instructions are counted exactly; cycles are those of a model.
"""

from __future__ import annotations

import bisect
import ctypes
import re
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from host_tools import cycle_model
from host_tools.bench_image import PROCESS, RESET, compile_for_cortex_m7, compile_for_host, functions, memory
from host_tools.cortex_m7 import CortexM7
from host_tools.stimuli import Stimulus, random_stimulus, recorded_stimulus
from quantize.graph import Graph

BLOCKS = 4  # of each stimulus
HOST_SECONDS = 0.5  # of audio, played three times

# Functions by their linker's names. What others call them, such as a rounding, belongs to the part that called it.
PARTS = (
    (re.compile("InputKernel.*7Process"), "input"),
    (re.compile("Layer(Kernel|Arithmetic).*Process"), "layer"),
    (re.compile("OutputKernel.*7Process"), "output"),
    (re.compile("Network.*7Preview"), "z into the biases"),
    (re.compile("Network.*7Process"), "history"),
)


@dataclass(frozen=True)
class BenchRow:
    """One decoder. MACs are the graph's with z folded once a block; flash and RAM hold engine, weights and state.

    Instructions are those of the dearest block; `spread_instructions` is how much less the cheapest takes.
    """

    scheme: str
    flavour: str
    channels: int
    layers: int
    macs_per_sample: float
    instructions_per_sample: float
    model_cycles_per_sample: float | None
    macs_per_cycle: float | None
    flash_bytes: int
    ram_bytes: int
    stack_bytes: int
    spread_instructions: int


@dataclass(frozen=True)
class PartRow:
    """One part of a decoder's block."""

    scheme: str
    flavour: str
    part: str
    instructions_per_sample: float
    model_cycles_per_sample: float | None


def measure(graph: Graph, flavour: str) -> tuple[BenchRow, tuple[PartRow, ...]]:
    """The decoder of this graph and its parts, in the order in which they run.

    Raises GraphError when the engine could not be exact.
    """
    with tempfile.TemporaryDirectory() as folder:
        elf_path = compile_for_cortex_m7(graph, flavour, Path(folder))
        machine = CortexM7(elf_path)
        blocks = [trace for stimulus in stimuli(graph) for trace in traces(machine, graph, stimulus)]
        dearest = max(blocks, key=len)
        parts = split(elf_path, dearest)
        cycles = cycle_model.cycles(elf_path, *parts.values())
        flash, ram = memory(elf_path)
        stack = stack_bytes(machine, graph)
    per_sample = [None if cycles is None else count / graph.block_size for count in cycles or [0] * len(parts)]
    whole = None if cycles is None else sum(cycles) / graph.block_size
    row = bench_row(graph, flavour, blocks, whole, flash_bytes=flash, ram_bytes=ram, stack_bytes=stack)
    part_rows = tuple(
        PartRow(row.scheme, flavour, part, round(len(trace) / graph.block_size, 1), count and round(count, 1))
        for (part, trace), count in zip(parts.items(), per_sample, strict=True)
    )
    return row, part_rows


def bench_row(
    graph: Graph, flavour: str, blocks: Sequence[Sequence[int]], cycles_per_sample: float | None, **memory_bytes: int
) -> BenchRow:
    """`blocks` are the traces of all that were played, `memory_bytes` the row's fields of that name."""
    lengths = [len(trace) for trace in blocks]
    return BenchRow(
        scheme=graph.scheme.name,
        flavour=flavour,
        channels=graph.channels,
        layers=len(graph.layers),
        macs_per_sample=round(graph.macs_per_sample, 1),
        instructions_per_sample=round(max(lengths) / graph.block_size, 1),
        model_cycles_per_sample=None if cycles_per_sample is None else round(cycles_per_sample, 1),
        macs_per_cycle=None if cycles_per_sample is None else round(graph.macs_per_sample / cycles_per_sample, 3),
        spread_instructions=max(lengths) - min(lengths),
        **memory_bytes,
    )


def stimuli(graph: Graph) -> tuple[Stimulus, ...]:
    """Silence, integers anywhere in their range, something like a recording, and full scale at the map's corners."""
    samples = BLOCKS * graph.block_size
    square = np.where(np.arange(samples) // 5 % 2 == 0, 1.0, -1.0)
    corner = np.array([axis.low for axis in graph.latent])
    return (
        recorded_stimulus(graph, "silence", np.zeros(samples)),
        random_stimulus(graph, samples),
        recorded_stimulus(graph, "plucked strings", plucked_strings(samples, graph.sample_rate)),
        recorded_stimulus(graph, "square wave in a corner of the map", square, corner),
    )


def plucked_strings(samples: int, sample_rate: int) -> np.ndarray:
    """Two decaying tones with overtones and a little noise, in [-1, 1]: loud enough to meet every clamp."""
    time_s = np.arange(samples) / sample_rate
    tones = sum(np.sin(2 * np.pi * f * k * time_s) / k for f in (110.0, 164.8) for k in range(1, 8))
    noise = np.random.default_rng(0).normal(0.0, 0.02, samples)
    return np.clip(0.5 * tones * np.exp(-3.0 * time_s) + noise, -1.0, 1.0)


def traces(machine: CortexM7, graph: Graph, stimulus: Stimulus) -> list[list[int]]:
    """A trace of each block of the stimulus, played from silence."""
    machine.call(RESET, graph.scheme.code)
    blocks = []
    for dry, z in zip(stimulus.dry.reshape(stimulus.blocks, -1), stimulus.z, strict=True):
        addresses = [machine.put(values.astype(np.int16)) for values in (dry, z, dry)]
        blocks.append(machine.trace(PROCESS, graph.scheme.code, *addresses))
        machine.forget()
    return blocks


def stack_bytes(machine: CortexM7, graph: Graph) -> int:
    """The deepest of the functions that play; Process calls Preview."""
    arguments = [machine.put(np.zeros(length, np.int16)) for length in (graph.block_size, 2, graph.block_size)]
    scheme = graph.scheme.code
    return machine.stack_bytes(PROCESS, scheme, *arguments)


def split(elf_path: Path, trace: Sequence[int]) -> dict[str, list[int]]:
    """A block's trace by parts: each layer, and what is before, between and behind them."""
    starts, names = zip(*sorted(functions(elf_path)), strict=True)
    kinds: dict[int, str | None] = {}
    parts: dict[str, list[int]] = {}
    part, layers = "history", 0
    for address in trace:
        if address not in kinds:
            name = names[bisect.bisect_right(starts, address) - 1]
            kinds[address] = next((kind for pattern, kind in PARTS if pattern.search(name)), None)
        kind = kinds[address]
        if kind == "layer" and not part.startswith("layer"):
            part, layers = f"layer {layers}", layers + 1
        elif kind is not None and kind != "layer":
            part = kind
        parts.setdefault(part, []).append(address)
    parts["history"] = parts.pop("history")  # the last thing a block does, but for the way into it
    return parts


def real_time_factor(graph: Graph) -> float:
    """Seconds of audio that the fast flavour decodes in a second on one thread of this machine: the best of three."""
    audio = plucked_strings(round(HOST_SECONDS * graph.sample_rate), graph.sample_rate)
    stimulus = recorded_stimulus(graph, "plucked strings", audio)
    dry, z = (np.ascontiguousarray(values, np.int16) for values in (stimulus.dry, stimulus.z))
    wet = np.empty_like(dry)
    with tempfile.TemporaryDirectory() as folder:
        library = ctypes.CDLL(str(compile_for_host(graph, Path(folder))))
        process, scheme = library[PROCESS], ctypes.c_uint8(graph.scheme.code)
        calls = [
            tuple(ctypes.c_void_p(values[block:].ctypes.data) for values, block in ((dry, at), (z, i), (wet, at)))
            for i, at in enumerate(range(0, dry.size, graph.block_size))
        ]
        times_s = []
        for _ in range(3):
            started = time.perf_counter()
            for addresses in calls:
                process(scheme, *addresses)
            times_s.append(time.perf_counter() - started)
    return dry.size / graph.sample_rate / min(times_s)
