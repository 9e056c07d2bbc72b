# SPDX-License-Identifier: MIT
"""Cycles of an instruction trace by llvm-mca's Cortex-M7: a model of the pipeline, not a measurement.

Depends on arm-none-eabi-objdump and llvm-mca. Memory is perfect (as in tightly coupled memory) and every branch is
foreseen: what comes out is a lower bound. Checked against hardware nowhere yet.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from host_tools.errors import UserError

WINDOW = 4_000  # instructions given to the model at once; the pipeline is empty between windows, 1 in 1,000 cycles
MODELS = ("llvm-mca", "llvm-mca-19", "llvm-mca-16", "llvm-mca-14")  # Debian's package llvm, or one of a version
CONDITIONS = ("eq", "ne", "cs", "cc", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le")
INSTRUCTION = re.compile(r"\s*([0-9a-f]+):\t(\S+)\s*([^@;<]*)")


def find_model() -> str | None:
    """The llvm-mca to run, if there is one."""
    return next((path for name in MODELS if (path := shutil.which(name))), None)


def cycles(elf_path: Path, *traces: Sequence[int]) -> list[int] | None:
    """Modelled cycles of each whole trace; None without llvm-mca."""
    model = find_model()
    if model is None:
        return None
    code = _code(elf_path)
    different = list(dict.fromkeys(map(tuple, traces)))  # most blocks go the same way, and each way is modelled once
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        modelled = pool.map(
            lambda trace: _trace_cycles(model, list(_straightened(code[at] for at in trace))), different
        )
        known = dict(zip(different, modelled, strict=True))
    return [known[tuple(trace)] for trace in traces]


def _trace_cycles(model: str, lines: Sequence[str]) -> int:
    return sum(_window_cycles(model, lines[first : first + WINDOW]) for first in range(0, len(lines), WINDOW))


def _code(elf_path: Path) -> dict[int, tuple[str, str]]:
    """Mnemonic and operands of the instruction at each address."""
    command = ["arm-none-eabi-objdump", "-d", "--no-show-raw-insn", str(elf_path)]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {int(m[1], 16): (m[2], m[3].strip()) for m in map(INSTRUCTION.match, listing.splitlines()) if m}


def _straightened(instructions: Iterator[tuple[str, str]]) -> Iterator[str]:
    """Conditional instructions made unconditional, branches without targets: what has run is known, and the model of
    LLVM knows no IT blocks. Widths are dropped, for it takes none on loads that move their pointer."""
    conditional = 0
    for mnemonic, operands in instructions:
        name, _, types = mnemonic.partition(".")  # of a float instruction; of others a width
        if re.fullmatch(r"it[te]{0,3}", name):
            conditional = len(name) - 1
            yield "nop"
            continue
        if conditional:
            conditional -= 1
            name = name[:-2] if name[-2:] in CONDITIONS else name
        if name in ("b", "bl", "blx", "bx", "cbz", "cbnz") or (name[0] == "b" and name[1:] in CONDITIONS):
            yield "b target"
        elif name in ("tbb", "tbh", "vcmp", "vcmpe"):  # LLVM's model lacks them
            yield "nop"
        else:
            operands = operands.replace("[pc", "[sp")  # a load of a constant beside the code
            name = f"{name}.{types}" if name.startswith("v") and types else name
            if name.startswith("vmov.f"):  # objdump writes a constant as its code
                operands = re.sub(r"#\d+", "#1.0", operands)
            yield f"{name} {operands.replace(', pc}', '}')}"


def _window_cycles(model: str, lines: Sequence[str]) -> int:
    source = "\n".join([".syntax unified", ".thumb", "target:", *lines, ""])
    command = [model, "-mtriple=thumbv7em-none-eabihf", "-mcpu=cortex-m7", "-iterations=1"]
    options = ["-instruction-info=false", "-resource-pressure=false"]
    finished = subprocess.run([*command, *options], input=source, capture_output=True, text=True)
    found = re.search(r"Total Cycles:\s+(\d+)", finished.stdout)
    if found is None:
        first = (finished.stderr.strip().splitlines() or ["no message"])[0]
        raise UserError(
            f"llvm-mca cannot model the firmware's code ({first}); bench without it by taking it off the PATH"
        )
    return int(found[1])
