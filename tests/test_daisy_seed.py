# SPDX-License-Identifier: MIT
"""The Daisy Seed's board file with a stand-in for libDaisy: audio by halves, the USB line under suspend and without a
reader, the flash behind its cache; all of it once more for patch.init(), whose computer is another. Nothing here ran on
a Seed; tests/hil does. The panel has test_daisy_seed_panel.py.
"""

from __future__ import annotations

import ctypes
import re
from pathlib import Path

import numpy as np
import pytest
from compiled import CORE, FIRMWARE, STUB_DECODER, TEST_SOURCES, compile_library

from host_tools import protocol
from host_tools.framing import frame

BLOCK = 48
SOURCES = [
    *CORE,
    STUB_DECODER,
    FIRMWARE / "boards/double_buffer.cpp",
    *(
        path
        for path in sorted((FIRMWARE / "boards/daisy_seed").glob("*.cpp"))
        if path.name not in ("memory.cpp", "unused.cpp")
    ),
    TEST_SOURCES / "daisy_seed_library.cpp",
]
WATCHDOG_RESET, SOFTWARE_RESET, PIN_RESET = 1 << 26, 1 << 24, 1 << 22
CONFIGURED, SUSPENDED = 3, 4
END_OF_FLASH = 8 << 20
PATCH, PATCH_INIT = "-DGRITSPACE_PATCH=1", "-DGRITSPACE_PATCH_INIT=1"


def compile_board(folder: Path, *flags: str) -> Path:
    return compile_library(folder / "board.so", SOURCES, [f"-I{TEST_SOURCES / 'libdaisy_stand_in'}", *flags])


@pytest.fixture(scope="module", params=[(), (PATCH_INIT,)], ids=["daisy_seed", "patch_init"])
def built(request, tmp_path_factory) -> Path:
    return compile_board(tmp_path_factory.mktemp("daisy"), *request.param)


@pytest.fixture
def seed(built, tmp_path):
    """A board that has just started; its own copy, for it has one state."""
    return start(built, tmp_path)


def start(built: Path, folder: Path, reset_flags: int = PIN_RESET, configured: bool = True) -> ctypes.CDLL:
    copy = folder / f"copy_{reset_flags}_{configured}.so"
    copy.write_bytes(built.read_bytes())
    library = ctypes.CDLL(str(copy))
    for name in (
        "erase_sector",
        "program_sector",
        "read_sector",
        "usb_gated",
        "enter_bootloader",
        "is_boosted",
        "leaves_after",
    ):
        getattr(library, name).restype = ctypes.c_bool
    library.flushes_denormals.restype = ctypes.c_bool
    library.brightness_of.restype = library.cv_out_of.restype = ctypes.c_float
    library.start(reset_flags, configured)
    return library


class Codec:
    """DMA's side: mono blocks go to the left input, other things to the right one."""

    def __init__(self, seed: ctypes.CDLL) -> None:
        self.seed = seed
        seed.start_audio(BLOCK)

    def period(self, block: np.ndarray, in_time: bool = True) -> np.ndarray:
        """A period in which the block is captured; returns both sides of what the coming one sends, (BLOCK, 2)."""
        words = np.empty((BLOCK, 2), np.int32)
        words[:, 0] = np.asarray(block) & 0xFFFFFF  # the codec's 24 bits, no sign above them
        words[:, 1] = 0x555555
        self.seed.end_period(words.ctypes.data_as(ctypes.c_void_p), in_time)
        sent = np.empty((BLOCK, 2), np.int32)
        self.seed.read_sent(sent.ctypes.data_as(ctypes.c_void_p))
        return sent


def test_the_clock_is_boosted_and_denormals_are_flushed(seed):
    assert seed.is_boosted() and seed.flushes_denormals()


@pytest.mark.parametrize(
    ("flags", "fault"), [(PIN_RESET, 0), (WATCHDOG_RESET | PIN_RESET, 3), (SOFTWARE_RESET | PIN_RESET, 0)]
)
def test_the_reset_flags_tell_the_last_fault(built, tmp_path, flags, fault):
    assert start(built, tmp_path, flags).last_fault() == fault


def test_a_block_is_heard_on_both_sides_two_periods_after_it_was_captured(seed):
    codec, rng = Codec(seed), np.random.default_rng(0)
    blocks = rng.integers(-(1 << 23), 1 << 23, (40, BLOCK))
    blocks[5] = [-(1 << 23), (1 << 23) - 1] * (BLOCK // 2)  # the ends of 24 bits
    sent = [codec.period(block) for block in blocks]
    for index in range(2, 40):
        assert (sent[index][:, 0] == sent[index][:, 1]).all()
        halves = blocks[index - 1] * 0.5
        assert (sent[index][:, 0] == np.trunc(halves + np.copysign(0.5, halves))).all()
    assert seed.lost_blocks() == 0


def test_a_block_that_is_late_is_heard_dry_and_counted(seed):
    codec = Codec(seed)
    steady = np.full(BLOCK, 400_000)
    for _ in range(6):
        heard = codec.period(steady)
    assert (heard == 200_000).all()
    codec.period(steady, in_time=False)
    late = codec.period(steady)[:, 0]
    assert abs(late[0] - 200_000) < 20_000 and late[-1] == 400_000  # without a step, then the input
    assert seed.lost_blocks() == 1


def test_the_audio_threads_priority_is_below_usb_and_dma(seed):
    Codec(seed)
    pend_sv, usb = seed.priority_of(-2), seed.priority_of(101)
    assert 0 < usb < pend_sv < 14  # DMA has libDaisy's 0, SysTick 14


def test_bytes_of_usb_are_read_in_order(seed):
    sent = bytes(range(64))
    for start_ in range(0, 64, 16):
        seed.usb_arrive(sent[start_ : start_ + 16], 16)
    assert [seed.read_byte() for _ in range(65)] == [*sent, -1]


def test_more_bytes_than_fit_are_dropped_and_the_rest_is_whole(seed):
    for _ in range(100):
        seed.usb_arrive(bytes(64), 64)
    read = 0
    while seed.read_byte() == 0:
        read += 1
    assert read == 4096
    seed.usb_arrive(b"\x07", 1)
    assert seed.read_byte() == 7


def take(seed) -> bytes:
    buffer = (ctypes.c_uint8 * 4096)()
    count = seed.usb_take(buffer)
    return bytes(buffer[:count])


def test_what_is_sent_stays_as_it_was_until_the_host_has_taken_it(seed):
    first, second = b"\x01" * 100, b"\x02" * 50
    seed.write_bytes(first, len(first))
    assert seed.write_bytes(second, len(second)) > 100  # nobody takes the first: given up
    assert take(seed) == first and take(seed) == b""
    seed.write_bytes(second, len(second))
    assert take(seed) == second


def test_a_long_reply_goes_in_chunks(seed):
    """Each must be taken before the next fits; here the host takes only the first."""
    reply = bytes(i % 251 for i in range(700))
    seed.write_bytes(reply, len(reply))
    assert take(seed) == reply[:512]


@pytest.mark.parametrize("state", [1, SUSPENDED])
def test_without_a_configured_host_nothing_is_sent_and_nothing_waits(seed, state):
    seed.usb_state(state, False)
    assert seed.write_bytes(b"reply", 5) == 0 and take(seed) == b""
    seed.usb_state(CONFIGURED, False)
    seed.write_bytes(b"reply", 5)
    assert take(seed) == b"reply"


def test_a_suspended_bus_does_not_stay_gated(seed):
    """libDaisy's issue 716: it gates the PHY's clock at each suspend, and nothing lets it go on."""
    seed.usb_state(SUSPENDED, True)
    assert seed.usb_gated()
    seed.read_byte()  # the next turn of the main loop
    assert not seed.usb_gated()
    seed.usb_state(CONFIGURED, False)
    seed.usb_arrive(b"a", 1)
    assert seed.read_byte() == ord("a")


def test_sectors_are_counted_from_the_flashs_end_and_survive_the_cache(seed):
    assert seed.erase_sector(0) and seed.program_sector(0, 4090, b"\x12\x34", 2)
    assert (seed.chip_byte(END_OF_FLASH - 6), seed.chip_byte(END_OF_FLASH - 5)) == (0x12, 0x34)
    read = (ctypes.c_uint8 * 2)()
    assert seed.read_sector(0, 4090, read, 2) and bytes(read) == b"\x12\x34"
    assert seed.erase_sector(0) and seed.read_sector(0, 4090, read, 2) and bytes(read) == b"\xff\xff"
    assert seed.program_sector(1, 0, b"\x55", 1) and seed.chip_byte(END_OF_FLASH - 8192) == 0x55


def test_a_flash_that_refuses_is_told(seed):
    seed.flash_refuses(True)
    assert not seed.erase_sector(0) and not seed.program_sector(0, 0, b"\x00", 1)


def test_the_bootloader_is_entered_in_silence(seed):
    codec = Codec(seed)
    for _ in range(4):
        codec.period(np.full(BLOCK, 1 << 20))
    assert seed.enter_bootloader()
    sent = np.empty((BLOCK, 2), np.int32)
    seed.read_sent(sent.ctypes.data_as(ctypes.c_void_p))
    assert not sent.any()
    for _ in range(4):  # libDaisy waits for 10 ms before the reset
        assert not codec.period(np.full(BLOCK, 1 << 20)).any()


def test_the_link_leaves_for_the_bootloader_when_asked_and_only_then(seed):
    for request, leaves in ((protocol.pack("READ_STATUS", 1), False), (protocol.pack("ENTER_BOOTLOADER", 2), True)):
        line = frame(request)
        assert seed.leaves_after(line, len(line)) is leaves


def test_the_stand_in_says_what_it_is():
    for path in (TEST_SOURCES / "libdaisy_stand_in").iterdir():
        assert re.search(r"STAND-IN", path.read_text().splitlines()[1])
