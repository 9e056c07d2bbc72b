# SPDX-License-Identifier: MIT
"""A Cortex-M7 in Unicorn: calls single functions of an ELF file and counts or traces their instructions exactly.

Depends on unicorn and pyelftools. Only an instruction set: no caches, no buses, no interrupts, no cycles.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import Symbol, SymbolTableSection
from unicorn import arm_const as arm
from unicorn.unicorn_const import UC_ARCH_ARM, UC_HOOK_BLOCK, UC_MODE_THUMB
from unicorn.unicorn_py3.unicorn import Uc

FLASH, FLASH_BYTES = 0x0000_0000, 4 << 20
RAM, RAM_BYTES = 0x2000_0000, 4 << 20
STACK = RAM + RAM_BYTES - 0x1_0000
SCRATCH = STACK - 0x10_0000  # where arguments are put: 1 MiB below the stack's room
RETURN = FLASH + FLASH_BYTES - 16  # calls return here, and stop
PAINT, PAINTED_BYTES = b"\xa5", 16_384  # below the stack's top, to see how much of it a call uses


def symbols_of(elf: ELFFile) -> Iterator[Symbol]:
    """Every symbol of an open ELF file."""
    for section in elf.iter_sections():
        if isinstance(section, SymbolTableSection):
            yield from section.iter_symbols()


class CortexM7:
    """One machine with one program loaded; memory keeps its content from call to call."""

    regions: tuple[tuple[int, int], ...] = ((FLASH, FLASH_BYTES), (RAM, RAM_BYTES))  # of memory: address, bytes
    loads_at = "p_vaddr"  # where a segment goes: to its run-time address, for nobody runs the start-up code

    def __init__(self, elf_path: Path | str) -> None:
        # Not UC_MODE_MCLASS: that mode replaces the model by a Cortex-M33.
        self._uc = Uc(UC_ARCH_ARM, UC_MODE_THUMB)
        self._uc.ctl_set_cpu_model(arm.UC_CPU_ARM_CORTEX_M7)
        for address, size in self.regions:
            self._uc.mem_map(address, size)
        with open(elf_path, "rb") as file:
            elf = ELFFile(file)
            self._symbols = {symbol.name: symbol["st_value"] for symbol in symbols_of(elf)}
            for segment in elf.iter_segments("PT_LOAD"):
                if segment["p_filesz"]:
                    self._uc.mem_write(segment[self.loads_at], segment.data())
        self._free = SCRATCH
        self._code: dict[tuple[int, int], list[int]] = {}

    def address(self, symbol: str) -> int:
        """Where a function or object is."""
        return self._symbols[symbol]

    def start(self) -> None:
        """Runs the constructors of static objects, and lets the FPU run."""
        self._uc.reg_write(arm.UC_ARM_REG_FPEXC, 1 << 30)
        for symbol in sorted(self._symbols):
            if symbol.startswith("_GLOBAL__sub_I_"):
                self.call(symbol)

    def put(self, values: np.ndarray) -> int:
        """Copies an array into the machine's memory; returns its address."""
        address = self._free
        self._free += -(-values.nbytes // 8) * 8
        self._uc.mem_write(address, values.tobytes())
        return address

    def get(self, address: int, count: int, dtype: type = np.int16) -> np.ndarray:
        """An array out of the machine's memory."""
        return np.frombuffer(bytes(self._uc.mem_read(address, count * np.dtype(dtype).itemsize)), dtype)

    def forget(self) -> None:
        """Gives the memory of `put` back."""
        self._free = SCRATCH

    def call(self, symbol: str, *arguments: int) -> int:
        """Runs a function with up to four integers or addresses; returns what it left in r0."""
        for index, value in enumerate(arguments):
            self._uc.reg_write(arm.UC_ARM_REG_R0 + index, value & 0xFFFF_FFFF)
        self._uc.reg_write(arm.UC_ARM_REG_SP, STACK)
        self._uc.reg_write(arm.UC_ARM_REG_LR, RETURN | 1)
        self._uc.emu_start(self._symbols[symbol] | 1, RETURN)
        return int(self._uc.reg_read(arm.UC_ARM_REG_R0))

    def stack_bytes(self, symbol: str, *arguments: int) -> int:
        """Runs a function as `call` does; returns how deep into the stack it has written, 16 kB at most."""
        self._uc.mem_write(STACK - PAINTED_BYTES, PAINT * PAINTED_BYTES)
        self.call(symbol, *arguments)
        return len(bytes(self._uc.mem_read(STACK - PAINTED_BYTES, PAINTED_BYTES)).lstrip(PAINT))

    def trace(self, symbol: str, *arguments: int) -> list[int]:
        """Runs a function as `call` does; returns the address of every instruction in the order they ran.

        An instruction of an IT block whose condition fails is among them: the core spends its time on it.
        """
        addresses: list[int] = []

        # Not a hook on instructions: Unicorn calls it for none whose condition fails.
        def collect(_uc: Uc, address: int, size: int, _data: object) -> None:
            addresses.extend(self._instructions(address, size))

        self._uc.ctl_flush_tb()  # what was translated before the hook came would run without it
        hook = self._uc.hook_add(UC_HOOK_BLOCK, collect)
        try:
            self.call(symbol, *arguments)
        finally:
            self._uc.hook_del(hook)
        return addresses

    def _instructions(self, address: int, size: int) -> list[int]:
        """Where the instructions of a straight piece of Thumb code begin."""
        if (address, size) not in self._code:
            starts, end, at = [], address + size, address
            while at < end:
                starts.append(at)
                at += 4 if self.get(at, 1, np.uint16)[0] >> 11 in (0b11101, 0b11110, 0b11111) else 2
            self._code[address, size] = starts
        return self._code[address, size]
