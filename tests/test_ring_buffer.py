# SPDX-License-Identifier: MIT
"""The queue between main loop and audio thread: order, full and empty, counters that wrap, and two real threads."""

import ctypes
import subprocess
from pathlib import Path

import pytest
from compiled import FIRMWARE, STRICT, TEST_SOURCES, compile_library
from hypothesis import given
from hypothesis import strategies as st

ROOM = 4
NEAR_THE_WRAP = 2**32 - 3


class Queue:
    """core/ring_buffer.h, compiled for the host with room for four numbers."""

    def __init__(self, path: Path) -> None:
        self._library = ctypes.CDLL(str(path))
        for name in ("write_value", "read_value", "is_empty"):
            getattr(self._library, name).restype = ctypes.c_bool

    def start_at(self, count: int) -> None:
        """Empty, as after `count` values have gone through."""
        self._library.start_at(ctypes.c_uint32(count))

    def write(self, value: int) -> bool:
        return bool(self._library.write_value(ctypes.c_uint32(value)))

    def read(self) -> int | None:
        value = ctypes.c_uint32()
        return value.value if self._library.read_value(ctypes.byref(value)) else None

    def is_empty(self) -> bool:
        return bool(self._library.is_empty())


@pytest.fixture(scope="module")
def queue(tmp_path_factory: pytest.TempPathFactory) -> Queue:
    target = tmp_path_factory.mktemp("ring_buffer") / "ring_buffer.so"
    return Queue(compile_library(target, [TEST_SOURCES / "ring_buffer_library.cpp"]))


def test_nothing_is_read_from_an_empty_queue(queue: Queue) -> None:
    queue.start_at(0)
    assert queue.is_empty() and queue.read() is None
    assert queue.write(7) and not queue.is_empty()
    assert queue.read() == 7
    assert queue.is_empty() and queue.read() is None


def test_a_full_queue_takes_nothing_and_keeps_what_it_has(queue: Queue) -> None:
    queue.start_at(0)
    assert [queue.write(value) for value in range(ROOM + 2)] == [True] * ROOM + [False] * 2
    assert queue.read() == 0
    assert queue.write(9) and not queue.write(10)
    assert [queue.read() for _ in range(ROOM + 1)] == [1, 2, 3, 9, None]


@given(start=st.sampled_from([0, 1, NEAR_THE_WRAP]), writes=st.lists(st.booleans(), max_size=60))
def test_values_come_out_as_they_went_in_wherever_the_counters_are(
    queue: Queue, start: int, writes: list[bool]
) -> None:
    queue.start_at(start)
    expected: list[int] = []
    for value, is_write in enumerate(writes):
        if is_write:
            assert queue.write(value) == (len(expected) < ROOM)
            expected += [value] if len(expected) < ROOM else []
        else:
            assert queue.read() == (expected.pop(0) if expected else None)
        assert queue.is_empty() == (not expected)


def run_threads(folder: Path, values: int, *flags: str) -> subprocess.CompletedProcess[str]:
    """Compiles the two threads with these flags before all others, and lets them move so many values."""
    program = folder / "threads"
    source = TEST_SOURCES / "ring_buffer_threads.cpp"
    subprocess.run(["g++", *flags, *STRICT, "-pthread", str(source), "-o", str(program)], check=True)
    return subprocess.run([str(program), str(values)], capture_output=True, text=True, timeout=60)


def test_two_threads_move_a_million_values_whole_and_in_order(tmp_path: Path) -> None:
    finished = run_threads(tmp_path, 1_000_000)
    assert (finished.returncode, finished.stdout) == (0, "0 wrong, empty\n")


def test_the_thread_sanitizer_finds_no_race(tmp_path: Path) -> None:
    finished = run_threads(tmp_path, 100_000, "-fsanitize=thread")
    assert (finished.returncode, finished.stdout, finished.stderr) == (0, "0 wrong, empty\n", "")


@pytest.mark.parametrize("order", ["acquire", "release"])
def test_a_queue_that_does_not_order_its_memory_is_a_race(tmp_path: Path, order: str) -> None:
    right = (FIRMWARE / "core/ring_buffer.h").read_text()
    wrong = right.replace(f"memory_order_{order}", "memory_order_relaxed")
    assert wrong != right
    (tmp_path / "core").mkdir()
    (tmp_path / "core/ring_buffer.h").write_text(wrong)
    finished = run_threads(tmp_path, 100_000, "-fsanitize=thread", f"-I{tmp_path}")
    assert finished.returncode != 0
    assert "data race" in finished.stderr
