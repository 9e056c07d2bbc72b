# SPDX-License-Identifier: MIT
"""What the firmware costs on the Cortex-M7: instructions and modelled cycles a sample, flash and RAM of each decoder.

Depends on `cortex_m7` and `cycle_model`, on `bench_live` for what is around the decoder, and on the firmware image of
PlatformIO's environment `qemu_m7`, the one that is run. Instructions are counted exactly; cycles are those of a model
(see `cycle_model`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from elftools.elf.elffile import ELFFile

from host_tools import cycle_model
from host_tools.artefacts import Artefact, joined_model_id
from host_tools.bench_live import LiveRow, bench_live
from host_tools.cortex_m7 import CortexM7, symbols_of
from host_tools.errors import UserError
from host_tools.firmware import build_firmware
from host_tools.stimuli import recorded_stimulus

BOARD = "qemu_m7"
NAMESPACE = "_ZN9gritspace7decoder"  # C++'s names as the linker knows them
INFO, RESET = f"{NAMESPACE}4InfoENS_6SchemeE", f"{NAMESPACE}5ResetENS_6SchemeE"
PROCESS = f"{NAMESPACE}7ProcessENS_6SchemeEPKsS3_Ps"
MODEL_TYPES = {"int8": "9ModelInt8", "int16x8": "12ModelInt16x8"}  # part of every symbol made for one scheme
BLOCKS = 6
NOTE_NO_MODEL = "No model cycles: llvm-mca is not installed (Debian's package llvm has it)."


@dataclass(frozen=True)
class BenchRow:
    """One scheme. MACs are the graph's with z folded once a block; flash and RAM hold engine, weights and state."""

    scheme: str
    board: str
    macs_per_sample: float
    instructions_per_sample: float
    model_cycles_per_sample: float | None
    flash_bytes: int
    ram_bytes: int


@dataclass(frozen=True)
class BenchResult:
    """Each decoder, and the parts of a block around it; `notes` say what is missing and why."""

    model_id: str
    rows: tuple[BenchRow, ...]
    live_rows: tuple[LiveRow, ...]
    notes: tuple[str, ...]

    def json_rows(self) -> list[dict]:
        """Of the decoders."""
        return [asdict(row) for row in self.rows]

    def live_json_rows(self) -> list[dict]:
        """Of the parts around them."""
        return [asdict(row) for row in self.live_rows]


def bench(artefacts: Sequence[Artefact], elf_path: Path | None = None) -> BenchResult:
    """Counts on this firmware image, or on that of the checkout, built if need be.

    Raises UserError when the image holds other models than the artefacts.
    """
    elf_path = elf_path or build_firmware(BOARD)
    machine = CortexM7(elf_path)
    rows = tuple(_row(machine, elf_path, artefact) for artefact in artefacts)
    notes = (NOTE_NO_MODEL,) if cycle_model.find_model() is None else ()
    live_rows = bench_live(elf_path, artefacts[0].graph.block_size)
    return BenchResult(joined_model_id(artefacts), rows, live_rows, notes)


def plucked_strings(samples: int, sample_rate: int) -> np.ndarray:
    """Two decaying tones with overtones and a little noise, in [-1, 1]: loud enough to meet every clamp."""
    time = np.arange(samples) / sample_rate
    tones = sum(np.sin(2 * np.pi * f * k * time) / k for f in (110.0, 164.8) for k in range(1, 8))
    noise = np.random.default_rng(0).normal(0.0, 0.02, samples)
    return np.clip(0.5 * tones * np.exp(-3.0 * time) + noise, -1.0, 1.0)


def _row(machine: CortexM7, elf_path: Path, artefact: Artefact) -> BenchRow:
    graph = artefact.graph
    _require_same_model(machine, artefact)
    audio = plucked_strings(BLOCKS * graph.block_size, graph.sample_rate)
    stimulus = recorded_stimulus(graph, "plucked strings", audio)
    machine.call(RESET, graph.scheme.code)
    traces = []
    for block in range(BLOCKS):
        dry = stimulus.dry[block * graph.block_size : (block + 1) * graph.block_size]
        addresses = [machine.put(values.astype(np.int16)) for values in (dry, stimulus.z[block], dry)]
        traces.append(machine.trace(PROCESS, graph.scheme.code, *addresses))
        machine.forget()
    cycles = cycle_model.cycles(elf_path, traces[-1])
    instructions = sum(map(len, traces)) / BLOCKS
    flash, ram = memory(elf_path, artefact.scheme)
    return BenchRow(
        scheme=artefact.scheme,
        board=BOARD,
        macs_per_sample=round(graph.macs_per_sample, 1),
        instructions_per_sample=round(instructions / graph.block_size, 1),
        # The model saw one block; all blocks take nearly the same way.
        model_cycles_per_sample=None
        if cycles is None
        else round(cycles / len(traces[-1]) * instructions / graph.block_size, 1),
        flash_bytes=flash,
        ram_bytes=ram,
    )


def _require_same_model(machine: CortexM7, artefact: Artefact) -> None:
    info = machine.call(INFO, artefact.graph.scheme.code)
    firmware_id = f"{machine.get(info, 2, np.uint32)[1]:08x}"
    if firmware_id != artefact.model_id:
        raise UserError(
            f"the firmware's {artefact.scheme} model is {firmware_id}, {artefact.path} is {artefact.model_id}; "
            "run `python -m quantize.emit` on it and build again"
        )


def memory(elf_path: Path, scheme: str) -> tuple[int, int]:
    """Bytes of (flash, RAM) of everything in an image that was made for one scheme: code, weights, state."""
    part = MODEL_TYPES[scheme]
    flash = ram = 0
    with open(elf_path, "rb") as file:
        elf = ELFFile(file)
        for symbol in symbols_of(elf):
            if symbol["st_info"]["type"] not in ("STT_FUNC", "STT_OBJECT") or not _belongs(symbol.name, scheme, part):
                continue
            writable = elf.get_section(symbol["st_shndx"]).name in (".bss", ".data")
            flash, ram = (flash, ram + symbol["st_size"]) if writable else (flash + symbol["st_size"], ram)
    return flash, ram


def _belongs(symbol: str, scheme: str, part: str) -> bool:
    # The networks themselves are objects of decoder.cpp and called after their scheme.
    return part in symbol or symbol.endswith(f"network_{scheme}E")
