# SPDX-License-Identifier: MIT
"""What the codec of the live firmware in QEMU hears when the processor is too slow, hangs or faults: no sound twice.

The clocks that make it slow are QEMU's; mishaps are those of firmware/boards/qemu_m7/live_job.h.
"""

import numpy as np
import pytest
from live_runs import BLOCK, LOUD, QUESTION, SETTLED, after, live_status, noise, panel, turn

from host_tools import boards, qemu
from host_tools.packets import FAULTS, FLAGS

LATENCY = 6  # samples, of the released decoders
BUDGET_CYCLES = 25_000 * 7 // 8  # of a block on QEMU's clock of 25 MHz
SILENT = 200  # blocks, after power-up
LATE = SETTLED  # a block's number
HEARD = LATE + 1  # where it is heard: two blocks later, and blocks are counted from one


def dry_as_heard(dry: np.ndarray, blocks: int) -> np.ndarray:
    """(blocks, BLOCK): what a module that is dry makes of it, then silence."""
    heard = np.zeros(blocks * BLOCK, np.int32)
    delay = 2 * BLOCK + LATENCY
    samples = dry.reshape(-1)[: max(heard.size - delay, 0)]
    heard[delay : delay + samples.size] = samples
    return heard.reshape(-1, BLOCK)


def repeated(heard: np.ndarray) -> np.ndarray:
    """Numbers of the blocks (blocks, BLOCK) that are heard a second time, as from buffers that nobody fills."""
    return np.flatnonzero(np.all(heard[2:] == heard[:-2], axis=1) & np.any(heard[2:] != 0, axis=1)) + 2


def largest_step(*sounds: np.ndarray) -> int:
    return max(int(np.abs(np.diff(sound.reshape(-1))).max()) for sound in sounds)


def sine(blocks: int) -> np.ndarray:
    """110 Hz, (blocks, BLOCK): long compared with a block, and no whole number of them."""
    return (
        np.rint(LOUD * np.sin(np.arange(blocks * BLOCK) * 2 * np.pi * 110 / 48_000)).astype(np.int32).reshape(-1, BLOCK)
    )


def test_the_live_firmware_has_time_to_spare() -> None:
    run = boards.run_live(noise(50).reshape(-1), QUESTION + after(100))
    first, last = live_status(run, 0), live_status(run)
    assert first["blocks"] < 5 and last["blocks"] >= 100
    for status in (first, last):
        assert status["lost_blocks"] == status["overloads"] == status["fault"] == 0
        assert status["budget_cycles"] == BUDGET_CYCLES and status["flags"] == FLAGS["LIVE"]
        assert status["mean_cycles"] <= status["worst_cycles"] < BUDGET_CYCLES
    assert last["mean_cycles"] > 0 and last["adc"] == panel()


@pytest.mark.parametrize("shift", [3, 4])
def test_a_processor_that_is_too_slow_plays_dry_and_nothing_twice(shift: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A quarter and an eighth of the speed, and a spot that moves. Half a second later, and again, the decoder is
    tried, and is too slow."""
    monkeypatch.setattr(qemu, "CLOCK", ("-icount", f"shift={shift}"))
    dry, moves = noise(2200), b"".join(turn(cv_x=code) for code in range(20_000, 45_000, 25))
    run = boards.run_live(dry.reshape(-1), moves + after(40))
    status, heard = live_status(run), run.wet.reshape(-1, BLOCK)
    assert status["lost_blocks"] > 2 and status["overloads"] >= 2
    assert not np.any(heard[:SILENT])  # no thump while it finds out
    assert np.array_equal(heard[SETTLED:], dry_as_heard(dry, len(heard))[SETTLED:])
    assert repeated(heard).size == 0


def test_a_block_that_is_late_is_heard_dry_and_without_a_step() -> None:
    dry = sine(LATE + 20)
    usual, mishap = (boards.run_live(dry.reshape(-1), after(70), mishap=words) for words in ("", f"late {LATE} 1"))
    wet, heard = (run.wet.reshape(-1, BLOCK)[: len(dry)] for run in (usual, mishap))
    straight = dry_as_heard(dry, len(dry))
    changed = np.flatnonzero(np.any(wet != heard, axis=1))
    assert list(changed) == [HEARD, HEARD + 1]  # the module has played it, too late, and goes on from there
    # The difference between wet and dry fades out over a block, in a straight line, rounded.
    bound = largest_step(wet[SILENT:], straight) + int(np.abs(wet - straight).max()) // BLOCK + 2
    assert largest_step(heard) <= bound
    bend = heard[HEARD] - straight[HEARD]
    assert bend[-1] == 0 and bend[0] != 0 and np.abs(np.diff(bend, 2)).max() <= 2
    assert live_status(mishap)["lost_blocks"] == 1 and live_status(mishap)["overloads"] == 0

    hard, stale = wet.copy(), wet.copy()
    hard[HEARD] = straight[HEARD]
    stale[HEARD] = stale[HEARD - 2]
    assert largest_step(hard) > bound and list(repeated(stale)) == [HEARD] and repeated(heard).size == 0


def test_an_overload_while_wet_is_heard_goes_dry_and_comes_back_without_a_step() -> None:
    blocks = LATE + 800
    dry = sine(blocks)
    usual, mishap = (
        boards.run_live(dry.reshape(-1), line, mishap=words)
        for line, words in ((b"", ""), (after(120), f"late {LATE} 4"))
    )
    wet, heard = (run.wet.reshape(-1, BLOCK)[:blocks] for run in (usual, mishap))
    straight = dry_as_heard(dry, blocks)
    assert live_status(mishap)["lost_blocks"] == 4 and live_status(mishap)["overloads"] == 1
    assert np.array_equal(heard[HEARD + 1 : HEARD + 500], straight[HEARD + 1 : HEARD + 500])
    bound = largest_step(wet[SILENT:], straight) + int(np.abs(wet - straight).max()) // BLOCK + 2
    assert largest_step(heard) <= bound
    assert repeated(heard).size == 0
    # Wet again, but for what the DC blocker remembers.
    assert np.abs(heard[-100:] - wet[-100:]).max() < np.abs(wet - straight).max() / 100


def test_the_watchdog_restarts_a_main_loop_that_hangs() -> None:
    runs = [boards.run_live(noise(40).reshape(-1), QUESTION, mishap=mishap) for mishap in ("hang 10", "")]
    assert [FAULTS[live_status(run)["fault"]] for run in runs] == ["restarted by the watchdog", "none"]


def test_the_watchdog_mutes_an_audio_thread_that_hangs_and_restarts_it() -> None:
    dry = noise(1400)
    run = boards.run_live(dry.reshape(-1), QUESTION, mishap=f"stall {SETTLED}")
    heard = run.wet.reshape(-1, BLOCK)
    first_second = slice(SETTLED + 2, SETTLED + 995)  # the watchdog interrupts after one
    assert np.array_equal(heard[first_second], dry_as_heard(dry, len(heard))[first_second])
    assert repeated(heard).size == 0
    restarted_at = len(heard) - len(dry) - 1
    assert SETTLED + 1990 < restarted_at < SETTLED + 2010
    assert not np.any(heard[SETTLED + 1005 : restarted_at + SILENT])
    again = heard[restarted_at:]
    assert np.array_equal(again[:SETTLED], heard[:SETTLED]) and np.any(again[SETTLED:])
    assert [FAULTS[live_status(run, question)["fault"]] for question in (0, 1)] == ["none", "restarted by the watchdog"]


def test_a_fault_mutes_the_codec_and_restarts_the_board() -> None:
    """In a job the same fault, when it comes again, ends QEMU."""
    run = boards.run_live(noise(SETTLED + 10).reshape(-1), QUESTION, mishap=f"fault {SETTLED}")
    hard_fault = 3
    assert run.status == 128 + hard_fault
    first, again = np.split(run.wet.reshape(-1, BLOCK), 2)
    assert np.array_equal(first, again)
    loudest = np.abs(first).max(axis=1)
    assert len(first) == SETTLED + 2  # two blocks had been played and not yet heard
    assert np.all(loudest[-12:-2] > LOUD // 4) and not np.any(loudest[-2:])
    assert [FAULTS[live_status(run, question)["fault"]] for question in (0, 1)] == ["none", "processor fault"]


def test_a_mishap_that_nobody_knows_is_refused() -> None:
    for words in ("flood 3", "late 3", "hang"):
        with pytest.raises(ValueError, match="does not understand"):
            boards.run_live(noise(1).reshape(-1), b"", mishap=words)
