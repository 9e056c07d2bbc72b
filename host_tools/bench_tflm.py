# SPDX-License-Identifier: MIT
"""What decoders cost under TFLite Micro's interpreter, on the firmware's own image of that engine.

`TFLM_DIR=... python -m host_tools.bench_tflm [DIR]` prints a row a scheme, as `gritspace bench` does for engine
`static`, of the decoders in a folder, or of those that GRITSPACE_MODELS names, or of the released ones.
Depends on `bench_decoder` for what is played; cycles are those of a model.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from elftools.elf.elffile import ELFFile
from rich.console import Console

from host_tools import cycle_model
from host_tools.artefacts import RELEASED, Artefact, released_artefacts
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

    Flash is engine and file, RAM is what the image sets aside for arena, states and interpreter of the model that
    plays; the next one has as much, and room for its file.
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
    """Bytes of flash without the file, which has the table of loudness; and of RAM, of one of a scheme's two places."""
    network = re.compile(rf".*decoder.*network_{scheme}E")
    flash = ram = 0
    with open(elf_path, "rb") as file:
        elf = ELFFile(file)
        for symbol in symbols_of(elf):
            if symbol["st_info"]["type"] not in ("STT_FUNC", "STT_OBJECT"):
                continue
            if elf.get_section(symbol["st_shndx"]).name in (".hot_state", ".bss", ".data"):
                ram += symbol["st_size"] // 2 if network.fullmatch(symbol.name) else 0
            elif ENGINE.fullmatch(symbol.name):
                flash += symbol["st_size"]
    return flash, ram


def main(folders: Sequence[str]) -> int:
    console = Console()
    try:
        folder = Path(folders[0] if folders else os.environ.get("GRITSPACE_MODELS", RELEASED)).resolve()
        artefacts = released_artefacts(directory=folder)
        os.environ["GRITSPACE_MODELS"] = str(folder)  # what the image is built with
        elf_path = build_firmware("qemu_m7_tflm")
        measured = [measure_tflm(artefact, elf_path) for artefact in artefacts]
    except UserError as error:
        print(f"bench_tflm: {error}", file=sys.stderr)
        return 2
    console.print(to_rich(bench_table([asdict(row) for row, _ in measured])))
    for row, arena_bytes in measured:
        console.print(f"{row.scheme}: {arena_bytes:,} bytes of its arena are used")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
