# SPDX-License-Identifier: MIT
"""The overload guard: when the module goes dry, for how long, and what it says of its cycles."""

import ctypes
from pathlib import Path

import pytest
from compiled import FIRMWARE, TEST_SOURCES, compile_library

BUDGET = 1000  # cycles of a block
RATE = 1000  # blocks a second
GOOD, LATE = 900, 1001  # cycles
HALF_SECOND, SECOND = RATE // 2, RATE
WARM_UP = 20  # blocks after a pause that nobody hears
FOREVER = 100 * RATE


class Guard:
    """core/overload.h, compiled for the host, just initialised."""

    def __init__(self, path: Path) -> None:
        self._library = ctypes.CDLL(str(path))
        for name in ("report", "budget_cycles", "mean_cycles", "worst_cycles", "overloads"):
            getattr(self._library, name).restype = ctypes.c_uint32
        self._library.dry.restype = ctypes.c_bool
        self.init(BUDGET)

    def init(self, budget: int) -> None:
        self._library.init(ctypes.c_uint32(budget), ctypes.c_float(RATE))

    def report(self, *cycles: int) -> None:
        for block in cycles:
            self._library.report(ctypes.c_uint32(block), 1)

    def report_until_it_changes(self, cycles: int, most: int = FOREVER) -> int:
        """Reports the same for up to `most` blocks, until dry begins or ends. Returns for how many."""
        return int(self._library.report(ctypes.c_uint32(cycles), ctypes.c_uint32(most)))

    def pause(self) -> int:
        """Blocks that stay dry from now on."""
        assert self.dry()
        return self.report_until_it_changes(0)

    def dry(self) -> bool:
        return bool(self._library.dry())

    @property
    def cycles(self) -> tuple[int, int]:
        """Mean and worst."""
        return int(self._library.mean_cycles()), int(self._library.worst_cycles())

    @property
    def overloads(self) -> int:
        return int(self._library.overloads())


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("overload") / "overload.so"
    return compile_library(target, [FIRMWARE / "core/overload.cpp", TEST_SOURCES / "overload_library.cpp"])


@pytest.fixture
def guard(library: Path) -> Guard:
    return Guard(library)


def test_blocks_within_the_budget_are_never_dry(guard: Guard) -> None:
    assert guard.report_until_it_changes(BUDGET) == FOREVER
    assert not guard.dry() and guard.overloads == 0


def test_a_single_late_block_is_forgiven_however_often_it_comes(guard: Guard) -> None:
    for _ in range(1000):
        guard.report(LATE, GOOD)
    assert not guard.dry() and guard.overloads == 0


def test_two_late_blocks_in_a_row_make_it_dry_for_half_a_second(guard: Guard) -> None:
    guard.report(GOOD, LATE)
    assert not guard.dry()
    guard.report(LATE)
    assert guard.dry() and guard.overloads == 1
    assert guard.pause() == HALF_SECOND


def test_dry_blocks_that_are_late_do_not_make_it_longer(guard: Guard) -> None:
    guard.report(LATE, LATE)
    assert guard.report_until_it_changes(LATE) == HALF_SECOND
    assert guard.overloads == 1
    guard.report(LATE)
    assert guard.dry() and guard.overloads == 2


def after_a_pause(guard: Guard, good_blocks: int) -> Guard:
    guard.report(LATE, LATE)
    guard.pause()
    guard.report_until_it_changes(GOOD, good_blocks)
    return guard


@pytest.mark.parametrize("good_blocks", [0, 1, WARM_UP - 1])
def test_one_late_block_that_nobody_hears_makes_it_dry_again(guard: Guard, good_blocks: int) -> None:
    after_a_pause(guard, good_blocks).report(LATE)
    assert guard.dry() and guard.overloads == 2
    assert guard.pause() == SECOND


def test_a_late_block_that_is_heard_is_forgiven_after_a_pause_too(guard: Guard) -> None:
    after_a_pause(guard, WARM_UP).report(LATE, GOOD)
    assert not guard.dry()
    guard.report(LATE, LATE)
    assert guard.dry() and guard.overloads == 2


def test_it_is_dry_twice_as_long_each_time_up_to_eight_seconds(guard: Guard) -> None:
    pauses = []
    for late_blocks in (2, 1, 1, 1, 1, 1, 1):
        assert guard.report_until_it_changes(LATE) == late_blocks
        pauses.append(guard.pause() / SECOND)
    assert pauses == [0.5, 1, 2, 4, 8, 8, 8]
    assert guard.overloads == 7


@pytest.mark.parametrize(("good_blocks", "next_pause"), [(4 * SECOND - 2, SECOND), (4 * SECOND - 1, HALF_SECOND)])
def test_four_good_seconds_after_coming_back_begin_anew(guard: Guard, good_blocks: int, next_pause: int) -> None:
    guard.report(LATE, LATE)
    guard.pause()
    assert guard.report_until_it_changes(GOOD, good_blocks) == good_blocks
    guard.report(LATE, LATE)
    assert guard.pause() == next_pause


def test_the_longest_pause_is_forgotten_after_four_good_seconds(guard: Guard) -> None:
    for _ in range(6):
        guard.report_until_it_changes(LATE)
        guard.pause()
    guard.report_until_it_changes(GOOD, 4 * SECOND)
    guard.report(LATE, LATE)
    assert guard.pause() == HALF_SECOND


def test_a_board_without_a_clock_is_never_dry(guard: Guard) -> None:
    guard.init(0)
    assert guard.report_until_it_changes(0xFFFFFFFF, 10 * RATE) == 10 * RATE
    assert not guard.dry() and guard.overloads == 0


def test_mean_and_worst_are_those_of_blocks_that_were_not_dry(guard: Guard) -> None:
    assert guard.cycles == (0, 0)
    guard.report(100, 200, 601)
    assert guard.cycles == (300, 601)
    guard.report(1001, 2001)
    mean = (100 + 200 + 601 + 1001 + 2001) // 5
    assert guard.dry() and guard.cycles == (mean, 2001)
    assert guard.report_until_it_changes(5000) == HALF_SECOND
    assert guard.cycles == (mean, 2001)


def test_the_mean_does_not_overflow(guard: Guard) -> None:
    guard.init(0xFFFFFFFF)
    guard.report_until_it_changes(0xFFFFFFFF, 10 * RATE)
    assert guard.cycles == (0xFFFFFFFF, 0xFFFFFFFF)


def test_initialising_forgets_everything(guard: Guard) -> None:
    guard.report(LATE, LATE)
    guard.init(BUDGET)
    assert not guard.dry() and guard.overloads == 0 and guard.cycles == (0, 0)
    guard.report(LATE, LATE)
    assert guard.pause() == HALF_SECOND
