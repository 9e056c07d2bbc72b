# SPDX-License-Identifier: MIT
"""What each room of the firmware may include, and what the compiled core may call: no heap, no I/O, no libm."""

import re
import subprocess
from pathlib import Path

import pytest
from compiled import FIRMWARE
from elftools.elf.elffile import ELFFile

from host_tools.cortex_m7 import symbols_of
from host_tools.firmware import build_firmware

# Headers that need no heap and no operating system.
STANDARD = {
    *("algorithm", "array", "atomic", "cstddef", "cstdint", "cstring"),
    *("iterator", "limits", "tuple", "type_traits", "utility"),
}
# A room's folder: what its files may include from firmware/.
ROOMS = {
    "core": ("core/", "generated/protocol.h"),
    "engines": ("core/", "engines/", "generated/"),
    "generated": ("core/", "engines/", "generated/"),
    "boards": ("core/", "boards/", "generated/protocol.h", "generated/pins.h"),
    "main.cpp": ("core/", "boards/board.h"),
}
LIBDAISY = ("daisy_seed.h", "daisy_patch_sm.h", "usbd_def.h")  # for the board that stands on it
TFLM = re.compile(r".* includes (tensorflow/lite/.*|new)")  # for its engine, which places its parts in memory it has
# Calls that GCC itself makes, and the decoder, which each engine brings.
ALLOWED_SYMBOLS = re.compile(
    r"mem(cpy|move|set|cmp)|__aeabi_(mem(cpy|move|set|clr)[48]?|u?ldivmod|u?l?idivmod|u?idiv|llsl|llsr|lasr|lmul)"
    r"|(typeinfo |vtable |guard )?(for )?gritspace::.*"
)


def include_complaints(room: str, name: str, text: str) -> list[str]:
    """What a file of this room includes and may not."""
    found = []
    for bracket, target in re.findall(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', text, re.MULTILINE):
        allowed = target in STANDARD if bracket == "<" else target.startswith(ROOMS[room])
        if not allowed:
            found.append(f"{name} includes {target}")
    return found


def sources(room: str) -> list[Path]:
    place = FIRMWARE / room
    return [place] if place.is_file() else sorted(path for path in place.rglob("*") if path.suffix in (".h", ".cpp"))


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_include_what_they_may(room: str) -> None:
    files = sources(room)
    assert files
    complaints = [
        complaint
        for path in files
        for complaint in include_complaints(room, path.name, path.read_text())
        if not (path.parent.name == "daisy_seed" and complaint.endswith(LIBDAISY))
        if not (path.parent.name == "tflm" and TFLM.fullmatch(complaint))
    ]
    assert complaints == []


@pytest.mark.parametrize("room", sorted(path.name for path in (FIRMWARE / "boards").iterdir() if path.is_dir()))
def test_boards_do_not_know_each_other(room: str) -> None:
    others = {path.name for path in (FIRMWARE / "boards").iterdir() if path.is_dir()} - {room}
    for path in sources(f"boards/{room}"):
        assert not [name for name in others if f'"boards/{name}/' in path.read_text()]


@pytest.mark.parametrize(
    ("room", "line"),
    [
        ("core", "#include <vector>"),
        ("core", "#include <cmath>"),
        ("core", "  #  include <stdio.h>"),
        ("core", '#include "boards/board.h"'),
        ("core", '#include "generated/model_int8.h"'),
        ("engines", '#include "boards/board.h"'),
        ("main.cpp", '#include "engines/static/network.h"'),
    ],
)
def test_a_forbidden_include_is_noticed(room: str, line: str) -> None:
    assert len(include_complaints(room, "file", f"#pragma once\n{line}\n#include <cstdint>\n")) == 1


def undefined_symbols(objects: list[Path]) -> set[str]:
    """What these objects call and none of them defines, C++ names undone."""
    command = ["arm-none-eabi-nm", "--undefined-only", "--demangle", "--format=just-symbols", *map(str, objects)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return {line.strip() for line in lines if line.strip() and not line.endswith(":")}


def forbidden(symbols: set[str]) -> set[str]:
    return {symbol for symbol in symbols if not ALLOWED_SYMBOLS.fullmatch(symbol)}


def test_core_and_engine_call_nothing_outside_themselves() -> None:
    build = build_firmware("qemu_m7").parent
    objects = [*build.glob("src/core/*.o"), *build.glob("src/engines/**/*.o"), *build.glob("generated/*.o")]
    assert {"link.o", "framing.o"} <= {path.name for path in objects}
    assert forbidden(undefined_symbols(objects)) == set()


def test_what_runs_for_every_sample_can_be_placed_together() -> None:
    """By the linker alone; and it fits the Cortex-M7's tightly coupled memories, 64 kB and 128 kB on the STM32H750."""
    with open(build_firmware("qemu_m7"), "rb") as file:
        elf = ELFFile(file)
        sections = {section.name: index for index, section in enumerate(elf.iter_sections())}
        sizes = {section.name: section["sh_size"] for section in elf.iter_sections()}
        places = {symbol.name: symbol["st_shndx"] for symbol in symbols_of(elf)}
    assert 4_000 < sizes[".hot_code"] <= 64 << 10
    assert 4_000 < sizes[".hot_state"] <= 128 << 10
    hot_code = re.compile(
        r"_ZN9gritspace(11LayerKernel|15LayerArithmetic|7NetworkI|11InputKernel|9Processor|13LoudnessMatch6Listen).*"
    )
    hot_state = re.compile(r"_ZN9gritspace7decoder12_GLOBAL__N_1.*network.*|_ZN12_GLOBAL__N_14liveE")
    for names, section in ((hot_code, ".hot_code"), (hot_state, ".hot_state")):
        found = [name for name in places if names.fullmatch(name)]
        assert len(found) >= 3
        assert {places[name] for name in found} == {sections[section]}, found


def test_the_whole_image_has_no_heap() -> None:
    """What is not linked cannot be called, not even by a board or a library."""
    command = ["arm-none-eabi-nm", "--demangle", "--format=just-symbols", str(build_firmware("qemu_m7"))]
    symbols = set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines())
    assert "main" in symbols
    heap = re.compile(r"_?(m|c|re)alloc(_r)?|_?free(_r)?|_sbrk(_r)?|operator (new|delete).*")
    assert [symbol for symbol in symbols if heap.fullmatch(symbol)] == []
    assert heap.fullmatch("_malloc_r") and heap.fullmatch("operator new[](unsigned int)")


@pytest.mark.parametrize(
    ("headers", "body", "culprit"),
    [
        ("<cstdlib>", "return std::malloc(16);", "malloc"),
        ("<cstdlib>", "std::free(pointer); return nullptr;", "free"),
        ("<new>", "return new int[count];", "operator new[](unsigned int)"),
        ("<cstdio>", 'std::printf("%d", count); return nullptr;', "printf"),
        ("<cmath>", "return reinterpret_cast<void*>(static_cast<int>(std::sin(count)));", "sin"),
    ],
)
def test_a_forbidden_call_is_noticed(headers: str, body: str, culprit: str, tmp_path: Path) -> None:
    source = tmp_path / "culprit.cpp"
    source.write_text(
        f"#include {headers}\nvoid* Function(int count, void* pointer) {{ (void)count; (void)pointer; {body} }}\n"
    )
    command = ["arm-none-eabi-g++", "-std=c++17", "-O2", "-mcpu=cortex-m7", "-mthumb", "-c", str(source)]
    subprocess.run([*command, "-o", str(tmp_path / "culprit.o")], check=True)
    assert culprit in forbidden(undefined_symbols([tmp_path / "culprit.o"]))
