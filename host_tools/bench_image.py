# SPDX-License-Identifier: MIT
"""Any graph's decoder by itself, compiled as the firmware is: for the Cortex-M7 in both flavours, or for this machine.

Depends on the two g++ and on firmware/engines/static. Its functions are those of core/decoder.h, of one scheme only.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

from elftools.elf.elffile import ELFFile

from host_tools.cortex_m7 import symbols_of
from host_tools.errors import UserError
from host_tools.firmware import SOURCES
from quantize.emit import CLASSES, emit_model
from quantize.graph import Graph

FLAVOURS = {"fast": (), "compact": ("-DGRITSPACE_COMPACT=1",)}
# Those of firmware/platformio/builder: tests/test_bench.py compares what they make with the firmware.
LANGUAGE = ("-std=c++17", "-O2", "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics", "-ffp-contract=off")
CORTEX_M7 = ("-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-d16", "-mfloat-abi=hard", "--specs=nano.specs", "-nostartfiles")
LINKING = ("-Wl,-Ttext=0", "-Wl,-Tdata=0x20000000", "-Wl,--no-warn-rwx-segments", "-Wl,-e,0")

# C++'s names as the linker knows them.
DECODER = "_ZN9gritspace7decoder"
INFO, RESET = f"{DECODER}4InfoENS_6SchemeE", f"{DECODER}5ResetENS_6SchemeE"
PROCESS, PREVIEW = (f"{DECODER}{name}ENS_6SchemeEPKsS3_Ps" for name in ("7Process", "7Preview"))
OURS = "9gritspace"  # in every name that is not the C library's, which the firmware has anyway

PROGRAM = """
#include "core/decoder.h"
#include "engines/static/network.h"
#include "generated/model_{scheme}.h"

namespace gritspace::decoder {{
namespace {{
Network<{model}> network;
}}

const ModelInfo& Info(Scheme) {{ return {model}::kInfo; }}
void Reset(Scheme) {{ network.Reset(); }}
void Process(Scheme, const int16_t* dry, const int16_t* z, int16_t* wet) {{ network.Process(dry, z, wet); }}
void Preview(Scheme, const int16_t* dry, const int16_t* z, int16_t* wet) {{ network.Preview(dry, z, wet); }}
}}
"""


def compile_for_cortex_m7(graph: Graph, flavour: str, folder: Path) -> Path:
    """An ELF file in the folder. GraphError when the engine could not be exact, UserError when it does not compile."""
    return _compile("arm-none-eabi-g++", (*CORTEX_M7, *LINKING, *FLAVOURS[flavour]), graph, folder / f"{flavour}.elf")


def compile_for_host(graph: Graph, folder: Path) -> Path:
    """A shared library of the fast flavour in the folder; raises as `compile_for_cortex_m7` does."""
    return _compile("g++", ("-fPIC", "-shared", "-fno-gnu-unique"), graph, folder / "host.so")


def _compile(compiler: str, flags: tuple[str, ...], graph: Graph, target: Path) -> Path:
    scheme, folder = graph.scheme.name, target.parent
    header, source = emit_model(graph, "00000000")
    texts = {
        folder / "generated" / f"model_{scheme}.h": header,
        folder / "generated" / f"model_{scheme}.cpp": source,
        folder / "decoder.cpp": PROGRAM.format(scheme=scheme, model=CLASSES[scheme]),
    }
    (folder / "generated").mkdir(exist_ok=True)
    for path, text in texts.items():
        path.write_text(text)
    sources = [path for path in texts if path.suffix == ".cpp"]
    command = [compiler, *LANGUAGE, *flags, f"-I{folder}", f"-I{SOURCES}", "-o", str(target), *map(str, sources)]
    finished = subprocess.run(command, capture_output=True, text=True)
    if finished.returncode != 0:
        lines = finished.stderr.splitlines() or ["no message"]
        raise UserError(f"the {scheme} decoder does not compile: {next((s for s in lines if 'error' in s), lines[0])}")
    return target


def memory(elf_path: Path) -> tuple[int, int]:
    """Bytes of (flash, RAM) of a decoder's engine, weights and state."""
    flash = ram = 0
    with open(elf_path, "rb") as file:
        elf = ELFFile(file)
        for symbol in symbols_of(elf):
            if symbol["st_info"]["type"] in ("STT_FUNC", "STT_OBJECT") and OURS in symbol.name:
                writable = elf.get_section(symbol["st_shndx"]).name in (".bss", ".data")
                flash, ram = (flash, ram + symbol["st_size"]) if writable else (flash + symbol["st_size"], ram)
    return flash, ram


def functions(elf_path: Path) -> Iterator[tuple[int, str]]:
    """Where each function begins, and its name."""
    with open(elf_path, "rb") as file:
        for symbol in symbols_of(ELFFile(file)):
            if symbol["st_info"]["type"] == "STT_FUNC":
                yield symbol["st_value"] & ~1, symbol.name
