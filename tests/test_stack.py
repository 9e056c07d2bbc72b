# SPDX-License-Identifier: MIT
"""The stack of the Cortex-M7's firmware is bounded: the deepest chain of calls, and all interrupts on top of it."""

import subprocess
from pathlib import Path

import pytest
from stack_usage import LIBRARY_BYTES, Graph, StackError, deepest, find, read_call_graph

from host_tools.firmware import build_firmware

# What a board has to set aside, for all interrupts, too. Measured: 2.1 kB.
STACK_BYTES = 3072
# 26 words with the FPU's registers, and one to align the stack (Armv7-M Architecture Reference Manual, B1.5.7).
EXCEPTION_FRAME_BYTES = 108
START = "StartProgram"  # after reset; calls the constructors through a table, then main
AUDIO = "CodecInterrupt"  # plays, by the audio callback that StartAudio was given


def handlers_of(graph: Graph) -> list[str]:
    """Functions with C names that nobody calls, for the vector table does; without reset, which never returns."""
    called = {callee for function in graph.values() for callee in function.calls}
    uncalled = [name for name in graph if name not in called and name.isidentifier() and name[:2] != "_Z"]
    return [name for name in uncalled if name not in (START, "Reset_Handler")]


def test_main_and_all_interrupts_within_each_other_fit_the_stack() -> None:
    graph = read_call_graph(sorted(build_firmware("qemu_m7").parent.rglob("*.ci")))
    constructors = [name for name in graph if "_GLOBAL__sub_I_" in name]
    play_block = find(graph, "{anonymous}::PlayBlock")  # main.cpp's
    play = find(graph, "gritspace::double_buffer::PlayCaptured")
    fill = find(graph, "gritspace::double_buffer::{anonymous}::Fill")  # hands its block to the codec
    deliver = find(graph, "gritspace::codec::{anonymous}::Deliver")
    pointers = {START: constructors, play: [play_block], fill: [deliver]}
    handlers = handlers_of(graph)
    chains = {name: deepest(graph, name, pointers) for name in (START, *handlers)}
    assert "main" in chains[START].names
    assert play_block in chains[AUDIO].names
    total = sum(chain.stack_bytes for chain in chains.values()) + EXCEPTION_FRAME_BYTES * len(handlers)
    assert total <= STACK_BYTES, f"{total} bytes: {chains}"


def graph_of(source: str, folder: Path) -> Graph:
    """The call graph of a small program, compiled as the firmware is."""
    (folder / "small.cpp").write_text(source)
    flags = ["-mcpu=cortex-m7", "-mthumb", "-O2", "-std=c++17", "-fcallgraph-info=su", "-c"]
    subprocess.run(["arm-none-eabi-g++", *flags, "small.cpp", "-o", "small.o"], cwd=folder, check=True)
    return read_call_graph([folder / "small.ci"])


# Frames that GCC has to make, in functions that it must not put into each other.
FRAMES = """
volatile char sink;
template <int kBytes> [[gnu::noinline]] void Leaf() { volatile char bytes[kBytes]; bytes[sink] = 1; sink = bytes[1]; }
[[gnu::noinline]] void Middle() { volatile char bytes[120]; bytes[sink] = 1; Leaf<400>(); sink = bytes[1]; }
"""


def test_frames_add_up_along_the_deepest_chain(tmp_path: Path) -> None:
    graph = graph_of(FRAMES + "int main() { Leaf<80>(); Middle(); Leaf<240>(); return sink; }", tmp_path)
    chain = deepest(graph, "main")
    assert [graph[name].signature for name in chain.names] == [
        "int main()",
        "void Middle()",
        "void Leaf() [with int kBytes = 400]",
    ]
    own = [graph[name].stack_bytes for name in chain.names]
    assert own[1] >= 120 and own[2] >= 400
    assert chain.stack_bytes == sum(own)


def test_a_big_frame_far_below_is_noticed(tmp_path: Path) -> None:
    source = FRAMES.replace("Leaf<400>", f"Leaf<{STACK_BYTES}>") + "int main() { Middle(); return sink; }"
    assert deepest(graph_of(source, tmp_path), "main").stack_bytes > STACK_BYTES


def test_what_the_libraries_need_is_counted(tmp_path: Path) -> None:
    source = "extern unsigned long long a, b; int main() { return static_cast<int>(a / b); }"
    graph = graph_of(source, tmp_path)
    assert deepest(graph, "main").stack_bytes == graph["main"].stack_bytes + LIBRARY_BYTES


def test_a_pointer_that_is_named_is_followed(tmp_path: Path) -> None:
    graph = graph_of(FRAMES + "void (*volatile call)() = Middle; int main() { call(); return sink; }", tmp_path)
    middle = find(graph, "Middle")
    assert deepest(graph, "main", {"main": [middle]}).names[1] == middle


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("int main() { if (sink > 0) main(); return sink + 1; }", "main calls itself, by way of nobody"),
        (
            "void Pong(); [[gnu::noinline]] void Ping() { Pong(); sink = 1; }"
            "[[gnu::noinline]] void Pong() { if (sink > 0) Ping(); sink = 2; } int main() { Ping(); return sink; }",
            "calls itself, by way of _Z4Pongv",
        ),
        ("void (*volatile call)(); int main() { call(); return sink; }", "main calls through a pointer"),
        ("void Elsewhere(); int main() { Elsewhere(); return sink; }", "_Z9Elsewherev, of which nothing is known"),
        ("int main() { volatile char bytes[sink]; bytes[0] = sink; return bytes[0]; }", "without a bound"),
    ],
    ids=["recursion", "recursion of two", "a pointer", "a function from elsewhere", "an array of any length"],
)
def test_what_has_no_bound_is_refused(tmp_path: Path, source: str, complaint: str) -> None:
    with pytest.raises(StackError, match=complaint):
        deepest(graph_of("volatile char sink;\n" + source, tmp_path), "main")
