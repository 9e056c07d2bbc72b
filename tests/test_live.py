# SPDX-License-Identifier: MIT
"""`core/live.h`: faults that are told, settings that are kept, MIDI and the bench, around a stub decoder."""

import ctypes
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from compiled import CORE, STUB_DECODER, TEST_SOURCES, compile_library
from settings_flash import SIZE, Flash, pack, unpack

from host_tools import protocol
from host_tools.packets import BASES, FAULTS, STATUS

NOON = 0x8000
FAULT_BLOCKS = 10_000  # for which the lights tell one: 10 s
X = 0  # light


class Live(Flash):
    """A module that just got power, with a new flash."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, 2)
        for name in ("change", "store_preset"):
            getattr(self._library, name).restype = ctypes.c_bool
        self.power_up()

    def power_up(self) -> None:
        self._library.power_up()

    def play(self, blocks: int, x: int = NOON, y: int = NOON) -> np.ndarray:
        """Lights, uint8 (blocks, 4)."""
        lights = np.zeros((blocks, 4), np.uint8)
        codes = ctypes.c_uint16(x), ctypes.c_uint16(y), ctypes.c_size_t(blocks)
        self._library.play(*codes, lights.ctypes.data_as(ctypes.c_void_p))
        return lights

    def blocks_that_tell_a_fault(self, blocks: int = FAULT_BLOCKS + 1_000) -> int:
        """Of the next ones: the light X is dark while a fault blinks, and not at noon."""
        return int(np.count_nonzero(self.play(blocks)[:, X] == 0))

    @property
    def status(self) -> dict[str, Any]:
        buffer = ctypes.create_string_buffer(protocol.size_of(STATUS))
        self._library.read_status(buffer)
        values = protocol.unpack(bytes([0x84, 0, 0]) + buffer.raw).values["status"]
        return {**values, "fault": FAULTS[values["fault"]], "base": BASES[values["base"]]}

    @property
    def settings(self) -> dict[str, Any]:
        buffer = ctypes.create_string_buffer(SIZE)
        self._library.read_settings(buffer)
        return unpack(buffer.raw)

    def change(self, **changes: Any) -> bool:
        return bool(self._library.change(pack({**self.settings, **changes})))

    def store_preset(self, index: int) -> bool:
        return bool(self._library.store_preset(index))

    def set_fault(self, fault: str) -> None:
        self._library.set_fault(FAULTS.index(fault))

    def start_bench(self, factory: bool) -> None:
        self._library.start_bench(ctypes.c_bool(factory))

    def go_live(self) -> None:
        self._library.go_live()

    def midi(self, *data: int) -> None:
        self._library.take_midi(bytes(data), ctypes.c_size_t(len(data)))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shims = [TEST_SOURCES / "settings_library.cpp", TEST_SOURCES / "live_library.cpp"]
    return compile_library(tmp_path_factory.mktemp("live") / "live.so", [*CORE, STUB_DECODER, *shims])


@pytest.fixture
def live(library: Path) -> Live:
    return Live(library)


def test_all_is_well_at_first(live: Live) -> None:
    assert live.blocks_that_tell_a_fault() == 0
    assert (live.status["fault"], live.status["base"]) == ("none", "pots")


def test_lost_settings_are_told_at_power_up_and_at_no_other_time(live: Live) -> None:
    live.cells[0] = 0
    live.power_up()
    assert live.blocks_that_tell_a_fault() == FAULT_BLOCKS
    live.start_bench(factory=True)
    assert live.blocks_that_tell_a_fault() == 0
    live.go_live()
    assert live.blocks_that_tell_a_fault() == 0
    assert live.status["fault"] == "settings lost"


def test_the_same_fault_is_told_each_time(live: Live) -> None:
    live.refuse(erase=True)
    for morph_time_ms in (1, 2):
        assert not live.change(morph_time_ms=morph_time_ms)
        assert live.blocks_that_tell_a_fault() == FAULT_BLOCKS
    assert live.status["fault"] == "settings not saved"


def test_a_fault_of_the_stage_does_not_blink_on_the_bench(live: Live) -> None:
    live.set_fault("restarted by the watchdog")
    live.start_bench(factory=True)
    assert live.blocks_that_tell_a_fault() == 0
    assert live.status["fault"] == "restarted by the watchdog"


@pytest.mark.parametrize(
    ("fault", "left"),
    [("settings lost", "none"), ("settings not saved", "none"), *[(fault, fault) for fault in FAULTS[3:]]],
)
def test_a_save_ends_the_faults_of_settings_and_no_others(live: Live, fault: str, left: str) -> None:
    live.set_fault(fault)
    assert live.blocks_that_tell_a_fault(100) == 100
    assert live.change(morph_time_ms=1)
    assert live.blocks_that_tell_a_fault(100) == (0 if left == "none" else 100)
    assert live.status["fault"] == left


def test_the_same_settings_again_do_not_wear_the_flash(live: Live) -> None:
    assert live.change(morph_time_ms=1)
    steps = live.steps()
    assert steps > 0
    for _ in range(100):
        assert live.change()
    assert live.steps() == steps


def test_a_stream_of_stores_of_one_place_writes_the_flash_once(live: Live) -> None:
    live.play(100, x=60_000)
    live.midi(0xB0, 21, 3)
    steps = live.steps()
    live.midi(*[21, 3] * 100)
    assert steps > 0 and live.steps() == steps
    assert live.settings["presets"][3]["x"] > 20_000


def test_settings_that_were_not_saved_are_tried_again(live: Live) -> None:
    live.refuse(erase=True)
    assert not live.change(morph_time_ms=1)
    live.refuse(erase=False)
    assert live.settings["morph_time_ms"] == 1 and live.change()
    live.power_up()
    assert live.settings["morph_time_ms"] == 1


@pytest.mark.parametrize("factory", [False, True])
def test_a_preset_stored_before_the_first_block_is_not_of_the_session_before(live: Live, factory: bool) -> None:
    live.play(100, x=65_535, y=0)
    live.start_bench(factory=factory)
    assert live.store_preset(2)
    assert live.settings["presets"][2] == {"x": 0, "y": 0}


def test_64_bytes_of_midi_fit_between_two_blocks(live: Live) -> None:
    live.midi(0xC0)
    live.midi(*[0] * 63, 5)
    live.play(1)
    assert live.status["preset"] == 5


def test_half_a_message_from_before_the_bench_is_forgotten(live: Live) -> None:
    live.midi(0xB0, 14)
    live.start_bench(factory=True)
    live.midi(127, 14, 127)
    live.play(100)
    assert live.status["base"] == "pots"


def test_a_new_calibration_does_not_let_the_pots_take_over(live: Live) -> None:
    live.play(100)
    live.midi(0xC0, 4)
    live.play(100)
    assert live.change(pot_low=[10_000] * 6)
    live.play(200)
    assert (live.status["base"], live.status["spot"]) == ("preset", live.settings["presets"][4])
    live.play(100, x=NOON + 3_000)
    assert live.status["base"] == "pots"


def test_other_settings_leave_the_pots_their_take_over(live: Live) -> None:
    live.play(100)
    live.midi(0xC0, 4)
    live.play(100)
    assert live.change(morph_time_ms=1)
    live.play(100, x=NOON + 3_000)
    assert live.status["base"] == "pots"
