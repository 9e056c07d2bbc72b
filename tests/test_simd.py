# SPDX-License-Identifier: MIT
"""`core/simd.h` and `core/fixed_point.h` over their whole range: the Cortex-M7's instructions, their portable twins and
their definitions in Python agree."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from compiled import CORTEX_M7, compile_for_cortex_m7, compile_library
from hypothesis import example, given
from hypothesis import strategies as st

from host_tools.cortex_m7 import CortexM7
from quantize import fixed_point

# Every function as `int32_t name(int32_t a, int32_t b, int32_t c)`.
PROBE = """
#include "core/fixed_point.h"
#include "core/simd.h"
using namespace gritspace;
#define PROBE(name, expression)                                                            \\
  extern "C" [[gnu::used]] int32_t name([[maybe_unused]] int32_t a, [[maybe_unused]] int32_t b, \\
                                        [[maybe_unused]] int32_t c) {                       \\
    return static_cast<int32_t>(expression);                                               \\
  }
"""
EXPRESSIONS = {
    "smlad": "Smlad(a, b, c)",
    "smmulr": "Smmulr(a, b)",
    "smmlar": "Smmlar(a, b, c)",
    "ssat8": "Ssat<8>(a)",
    "ssat16": "Ssat<16>(a)",
    "ssat8_asr5": "(SsatAsr<8, 5>(a))",
    "ssat16_asr13": "(SsatAsr<16, 13>(a))",
    "usat8": "Usat<8>(a)",
    "usat15": "Usat<15>(a)",
    "pkhbt": "Pkhbt(a, b)",
    "pkhtb": "Pkhtb(a, b)",
    "sadd16": "Sadd16(a, b)",
    "qadd16": "Qadd16(a, b)",
    "ssat16_8": "Ssat16<8>(a)",
    "sign_of": "SignOf(a)",
    "pair": "Pair(Bottom(a), Top(b))",
    "high_mul": "SaturatingRoundingDoublingHighMul(a, b & 0x7FFFFFFF)",
    "divide": "RoundingDivideByPOT(a, b & 31)",
    "scale": "MultiplyByQuantizedMultiplier(a, {b & 0x7FFFFFFF, -(c & 31)})",
    "scale_up": "MultiplyByQuantizedMultiplier(a >> 7, {b & 0x7FFFFFFF, c & 7})",
    "scale64": "MultiplyByQuantizedMultiplier64(a, {b & 0x7FFFFFFF, -(c & 31)})",
    "scale64_wide": "MultiplyByQuantizedMultiplier64(int64_t{a} * 256, {b & 0x7FFFFFFF, -(c & 31)} )",
}


def signed(value: int, bits: int = 32) -> int:
    """The value modulo 2^bits, as two's complement."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def halves(value: int) -> tuple[int, int]:
    return signed(value, 16), signed(value >> 16, 16)


def pair(bottom: int, top: int) -> int:
    return (bottom & 0xFFFF) | ((top & 0xFFFF) << 16)


def clip(value: int, low: int, high: int) -> int:
    return min(max(value, low), high)


def by_halves(operation: Callable[[int, int], int], a: int, b: int) -> int:
    return pair(*(operation(x, y) for x, y in zip(halves(a), halves(b), strict=True)))


def array(value: int) -> np.ndarray:
    return np.asarray(value, np.int64)


def scale(x: int, multiplier: int, shift: int) -> int:
    return int(fixed_point.multiply_by_quantized_multiplier(array(x), multiplier, shift, "double"))


def scale64(x: int, multiplier: int, shift: int) -> int:
    return int(fixed_point.multiply_by_quantized_multiplier_64(array(x), array(multiplier), array(shift)))


# From the Armv7-M Architecture Reference Manual, and the Python twin.
DEFINITIONS: dict[str, Callable[[int, int, int], int]] = {
    "smlad": lambda a, b, c: sum(x * y for x, y in zip(halves(a), halves(b), strict=True)) + c,
    "smmulr": lambda a, b, _: (a * b + (1 << 31)) >> 32,
    "smmlar": lambda a, b, c: (a * b + (c << 32) + (1 << 31)) >> 32,
    "ssat8": lambda a, *_: clip(a, -128, 127),
    "ssat16": lambda a, *_: clip(a, -32768, 32767),
    "ssat8_asr5": lambda a, *_: clip(a >> 5, -128, 127),
    "ssat16_asr13": lambda a, *_: clip(a >> 13, -32768, 32767),
    "usat8": lambda a, *_: clip(a, 0, 255),
    "usat15": lambda a, *_: clip(a, 0, 32767),
    "pkhbt": lambda a, b, _: pair(a, b),
    "pkhtb": lambda a, b, _: pair(a >> 16, b >> 16),
    "sadd16": lambda a, b, _: by_halves(lambda x, y: x + y, a, b),
    "qadd16": lambda a, b, _: by_halves(lambda x, y: clip(x + y, -32768, 32767), a, b),
    "ssat16_8": lambda a, *_: by_halves(lambda x, _: clip(x, -128, 127), a, a),
    "sign_of": lambda a, *_: -1 if a < 0 else 1,
    "pair": lambda a, b, _: pair(a, b >> 16),
    "high_mul": lambda a, b, _: int(fixed_point.saturating_rounding_doubling_high_mul(array(a), b & 0x7FFFFFFF)),
    "divide": lambda a, b, _: int(fixed_point.rounding_divide_by_pot(array(a), b & 31)),
    "scale": lambda a, b, c: scale(a, b & 0x7FFFFFFF, -(c & 31)),
    "scale_up": lambda a, b, c: scale(a >> 7, b & 0x7FFFFFFF, c & 7),
    "scale64": lambda a, b, c: scale64(a, b & 0x7FFFFFFF, -(c & 31)),
    "scale64_wide": lambda a, b, c: scale64(a * 256, b & 0x7FFFFFFF, -(c & 31)),
}

LIMITS = [0, 1, -1, 127, 128, -128, -129, 32767, 32768, -32768, -32769, 0x7FFFFFFF, -0x80000000, 1 << 30, -(1 << 30)]
# Edges, pairs of edges in both halves, and anything.
INTEGERS = (
    st.sampled_from(LIMITS)
    | st.builds(lambda low, high: signed(pair(low, high)), st.sampled_from(LIMITS), st.sampled_from(LIMITS))
    | st.integers(-(1 << 31), (1 << 31) - 1)
)


@pytest.fixture(scope="module")
def probes(tmp_path_factory: pytest.TempPathFactory) -> tuple[ctypes.CDLL, CortexM7]:
    """The functions on this machine (undefined steps trap) and on the Cortex-M7."""
    folder = tmp_path_factory.mktemp("simd")
    source = folder / "probe.cpp"
    source.write_text(PROBE + "\n".join(f"PROBE({n}, {e})" for n, e in EXPRESSIONS.items()))
    trap = ("-fsanitize=undefined", "-fsanitize-undefined-trap-on-error")
    library = compile_library(folder / "probe.so", [source], ["-O2", *trap])
    machine = compile_for_cortex_m7(folder / "probe.elf", [source], "smlad", ["-Wall", "-Wextra", "-Werror"])
    return ctypes.CDLL(str(library)), machine


@pytest.mark.parametrize("name", list(EXPRESSIONS))
def test_instructions_twins_and_definitions_agree(name: str, probes: tuple[ctypes.CDLL, CortexM7]) -> None:
    host, cortex_m7 = probes

    @given(INTEGERS, INTEGERS, INTEGERS)
    @example(-0x80000000, 0x7FFFFFFF, 31)
    @example(-1, 1 << 30, 31)
    def check(a: int, b: int, c: int) -> None:
        want = signed(DEFINITIONS[name](a, b, c))
        assert getattr(host, name)(a, b, c) == want
        assert signed(cortex_m7.call(name, a, b, c)) == want

    check()


def test_the_machine_runs_the_instructions_themselves(repository: Path, tmp_path: Path) -> None:
    """The portable twins are not what the Cortex-M7 gets."""
    source = tmp_path / "probe.cpp"
    source.write_text(PROBE + "\n".join(f"PROBE({n}, {e})" for n, e in EXPRESSIONS.items()))
    command = ["arm-none-eabi-g++", *CORTEX_M7, "-std=c++17", "-O2", "-S", f"-I{repository / 'firmware'}"]
    listing = subprocess.run([*command, str(source), "-o", "-"], capture_output=True, text=True, check=True).stdout
    for mnemonic in ("smlad", "smmulr", "smmlar", "ssat", "usat", "pkhbt", "pkhtb", "sadd16", "qadd16", "ssat16"):
        assert f"\t{mnemonic} " in listing, mnemonic
