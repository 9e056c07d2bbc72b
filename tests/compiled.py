# SPDX-License-Identifier: MIT
"""Compiles pieces of the firmware for tests, for the host and for the Cortex-M7. Depends on both g++ and on ccache."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from host_tools.cortex_m7 import CortexM7

FIRMWARE = Path(__file__).resolve().parents[1] / "firmware"
TEST_SOURCES = Path(__file__).resolve().parent / "firmware"
CACHE = FIRMWARE.parent / "build" / "ccache"
STRICT = ["-std=c++17", "-O1", "-Wall", "-Wextra", "-Werror", "-fno-rtti", f"-I{FIRMWARE}"]
LANGUAGE = ("-std=c++17", "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics", "-ffp-contract=off")
CORTEX_M7 = ("-mcpu=cortex-m7", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv5-d16")
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g"]
CORE = sorted((FIRMWARE / "core").glob("*.cpp"))
HOST_BOARD = [FIRMWARE / "boards/host/library.cpp", FIRMWARE / "boards/playback.cpp"]
STUB_DECODER, LOADING_DECODER = TEST_SOURCES / "stub_decoder.cpp", TEST_SOURCES / "loading_decoder.cpp"
VERSION = '-DGRITSPACE_VERSION="1.2.3"'


def compile_library(target: Path, sources: Sequence[Path], flags: Sequence[str] = ()) -> Path:
    """A shared library of these sources. Many may live in one process, each with its own constants."""
    return build_program("g++", ["-shared", "-fPIC", "-fno-gnu-unique", *STRICT, VERSION, *flags], sources, target)


def with_faults(folder: Path, sources: Sequence[Path], *faults: tuple[str, str]) -> list[Path]:
    """The sources; those with the text of a fault as copies in `folder`, in which something else stands instead."""
    found = list(sources)
    for text, instead in faults:
        (index,) = [index for index, source in enumerate(found) if text in source.read_text()]
        whole = found[index].read_text()
        assert whole.count(text) == 1, text
        folder.mkdir(exist_ok=True)
        found[index] = folder / found[index].name
        found[index].write_text(whole.replace(text, instead))
    return found


def compile_stub_device(folder: Path) -> Path:
    """The host library around the stub decoder: int8 model 01234567, int16x8 model 89abcdef, blocks of 48."""
    return compile_library(folder / "stub.so", [*CORE, STUB_DECODER, *HOST_BOARD])


def compile_loading_device(folder: Path) -> Path:
    """The same around loading_decoder.cpp, which takes models over the link."""
    sources = [*CORE, LOADING_DECODER, *HOST_BOARD]
    return compile_library(folder / "loading.so", sources, ["-DGRITSPACE_LOADS_MODELS=1"])


def compile_sanitized(target: Path, sources: Sequence[Path], flags: Sequence[str] = ()) -> Path:
    """A program that ends with an error on any memory error or undefined behaviour."""
    return build_program("g++", [*SANITIZERS, *STRICT, *flags], sources, target)


def compile_sanitized_device(target: Path) -> Path:
    """The host library with its real engine; a program that loads it needs the address sanitizer loaded first."""
    engine = [*FIRMWARE.glob("engines/static/*.cpp"), *FIRMWARE.glob("generated/*.cpp")]
    flags = ["-shared", "-fPIC", *SANITIZERS, *STRICT, VERSION]
    return build_program("g++", flags, [*CORE, *engine, *HOST_BOARD], target)


def compile_for_cortex_m7(target: Path, sources: Sequence[Path], entry: str, flags: Sequence[str] = ()) -> CortexM7:
    """Optimised as the firmware is. `entry` is one of the functions to call, for the linker wants one."""
    linking = ("--specs=nano.specs", "-nostartfiles", f"-Wl,-e,{entry}", "-Wl,-Tdata=0x20000000")
    options = ("-O2", *LANGUAGE, *CORTEX_M7, *linking, "-Wl,--no-warn-rwx-segments", *flags, f"-I{FIRMWARE}")
    return CortexM7(build_program("arm-none-eabi-g++", options, sources, target))


def build_program(compiler: str, flags: Sequence[str], sources: Sequence[Path], target: Path) -> Path:
    """Source by source through ccache, for the tests' libraries differ in few of theirs; then linked."""
    folder = target.with_suffix(".objects")
    folder.mkdir(exist_ok=True)
    compiling = [flag for flag in flags if flag != "-shared" and not flag.startswith("-Wl,")]
    objects = []
    for index, source in enumerate(sources):
        objects.append(str(folder / f"{index}_{source.stem}.o"))
        _run(["ccache", compiler, *compiling, "-c", str(source), "-o", objects[-1]])
    _run([compiler, *flags, *objects, "-o", str(target)])
    return target


def _run(command: Sequence[str]) -> None:
    finished = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"CCACHE_DIR": str(CACHE)})
    assert finished.returncode == 0, finished.stderr[:4000]
