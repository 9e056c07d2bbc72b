# SPDX-License-Identifier: MIT
"""What the released decoders cost under TFLite Micro's interpreter, on the firmware's own image of that engine.

`TFLM_DIR=... python -m host_tools.bench_tflm` prints a row a scheme, as `gritspace bench` does for engine `static`.
Depends on `bench_decoder` for what is played; cycles are those of a model.
"""

from __future__ import annotations

import re
import sys
from dataclasses import asdict
from pathlib import Path

from elftools.elf.elffile import ELFFile
from rich.console import Console

from host_tools import cycle_model
from host_tools.artefacts import Artefact, released_artefacts
from host_tools.bench_decoder import BenchRow, bench_row, stack_bytes, stimuli, traces
from host_tools.cortex_m7 import CortexM7, symbols_of
from host_tools.errors import UserError
from host_tools.firmware import build_firmware
from host_tools.tables import bench_table, to_rich

ARENA = "_ZN9gritspace7decoder10ArenaBytesENS_6SchemeE"
# The interpreter, CMSIS-NN, and what of ours drives them; where an image has two schemes, the kernels of both.
ENGINE = re.compile(r"arm_.*|.*(6tflite|11flatbuffers|TfLite|9gritspace6copies|9gritspace7decoder|11Interpreter).*")


def measure_tflm(artefact: Artefact, elf_path: Path) -> tuple[BenchRow, int]:
    """The decoder in an image of the engine `tflm` that was built from this artefact, and what it uses of its arena.

    Flash is engine and file, RAM is what the image sets aside for arena, states and interpreter.
    """
    graph, machine = artefact.graph, CortexM7(elf_path)
    machine.start()
    arena_bytes = machine.call(ARENA, graph.scheme.code)
    if not arena_bytes:
        raise UserError(f"the interpreter in {elf_path} has no {artefact.scheme} decoder; give it a smaller one")
    blocks = [trace for stimulus in stimuli(graph) for trace in traces(machine, graph, stimulus)]
    cycles = cycle_model.cycles(elf_path, max(blocks, key=len))
    whole = None if cycles is None else cycles[0] / graph.block_size
    flash, ram = _memory(elf_path, artefact.scheme)
    flash += len(artefact.content)
    stack = stack_bytes(machine, graph)
    row = bench_row(graph, "tflm", blocks, whole, flash_bytes=flash, ram_bytes=ram, stack_bytes=stack)
    return row, arena_bytes


def _memory(elf_path: Path, scheme: str) -> tuple[int, int]:
    """Bytes of flash without the file but with the table of loudness, as `bench_image.memory` has them; and of RAM."""
    network, table = (
        re.compile(rf".*decoder.*network_{scheme}E"),
        re.compile(rf".*Model{scheme.capitalize()}9kLoudnessE"),
    )
    flash = ram = 0
    with open(elf_path, "rb") as file:
        elf = ELFFile(file)
        for symbol in symbols_of(elf):
            if symbol["st_info"]["type"] not in ("STT_FUNC", "STT_OBJECT"):
                continue
            if elf.get_section(symbol["st_shndx"]).name in (".hot_state", ".bss", ".data"):
                ram += symbol["st_size"] if network.fullmatch(symbol.name) else 0
            elif ENGINE.fullmatch(symbol.name) or table.fullmatch(symbol.name):
                flash += symbol["st_size"]
    return flash, ram


def main() -> int:
    console = Console()
    try:
        elf_path = build_firmware("qemu_m7_tflm")
        measured = [measure_tflm(artefact, elf_path) for artefact in released_artefacts()]
    except UserError as error:
        print(f"bench_tflm: {error}", file=sys.stderr)
        return 2
    console.print(to_rich(bench_table([asdict(row) for row, _ in measured])))
    for row, arena_bytes in measured:
        console.print(f"{row.scheme}: {arena_bytes:,} bytes of its arena are used")
    return 0


if __name__ == "__main__":
    sys.exit(main())
