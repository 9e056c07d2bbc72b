# SPDX-License-Identifier: MIT
"""The panels of the boards that a Daisy sits on, with the stand-in for libDaisy of test_daisy_seed.py: which pins,
which way round, and what core makes of Electrosmith's with the factory's settings.
"""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
import pytest
from compiled_panel import PANEL_INPUT, Panel
from stand_ins import factory_values
from test_daisy_seed import PATCH, PATCH_INIT, compile_board, start

from hardware.gen.pins import read_pins

ADC, INPUT, PWM, PWM_CHANNEL = range(4)  # kinds of pins
NOON, MOST = 32_768, 65_535
B7, B10 = 16 * 1 + 8, 16 * 6 + 13  # of the Patch SM: PB8 and PG13


@pytest.fixture
def seed(tmp_path):
    return start(compile_board(tmp_path), tmp_path)


@pytest.fixture(scope="module")
def built_init(tmp_path_factory) -> Path:
    return compile_board(tmp_path_factory.mktemp("init"), PATCH_INIT)


@pytest.fixture
def init(built_init, tmp_path):
    """A patch.init() that has just started, nothing patched."""
    board = start(built_init, tmp_path)
    for pin in (B7, B10):
        board.set_level(pin, True)
    return board


def pins_of(seed: ctypes.CDLL, kind: int) -> list[int]:
    pins = (ctypes.c_uint8 * 16)()
    count = seed.pins_of(kind, pins)
    return list(pins[:count])


def number(seed_pin: str) -> int:
    """n of Dn; A0 is D15."""
    return int(seed_pin[1:]) + (15 if seed_pin[0] == "A" else 0)


def read(board: ctypes.CDLL) -> tuple[list[int], bool, bool]:
    """The codes, whether the button is down, whether the gate is high."""
    codes, switches = (ctypes.c_uint16 * 8)(), (ctypes.c_bool * 2)()
    board.read_panel(codes, switches)
    return list(codes), *switches


def test_pins_are_those_of_the_drawing(seed):
    drawn = list(read_pins().values())
    assert pins_of(seed, ADC) == [number(pin.seed) for pin in drawn if pin.kind == "adc"]
    assert pins_of(seed, PWM) == [number(pin.seed) for pin in drawn if pin.kind == "pwm"]
    assert pins_of(seed, INPUT) == [number(pin.seed) for pin in drawn if pin.kind == "digital_in"]
    # TIM4's channels 1 to 4 are PB6 to PB9, on the Seed D13, D14, D11, D12.
    assert dict(zip(pins_of(seed, PWM), pins_of(seed, PWM_CHANNEL), strict=True)) == {13: 1, 14: 2, 11: 3, 12: 4}


def test_knobs_and_switches_arrive_in_order(seed):
    for channel in range(8):
        seed.set_code(channel, 1000 * channel + 7)
    button, gate = (number(pin.seed) for pin in read_pins().values() if pin.kind == "digital_in")
    for levels in ((True, True), (False, True), (True, False)):
        seed.set_level(button, levels[0])
        seed.set_level(gate, levels[1])
        # Both are low when active.
        assert read(seed) == ([1000 * channel + 7 for channel in range(8)], *(not level for level in levels))


def test_each_light_has_its_own_channel_from_dark_to_full(seed):
    for light in range(4):
        assert seed.brightness_of(light, 0) == 0
        assert seed.brightness_of(light, 255) == pytest.approx(1.0, abs=1e-6)
        assert seed.brightness_of(light, 51) == pytest.approx(0.2, abs=1e-6)


def test_on_a_patch_knobs_are_upside_down_and_what_it_lacks_is_at_rest(tmp_path):
    """Pins are those of libDaisy's daisy_patch.cpp: CTRL 1 to 4, the encoder's switch, gate in 1."""
    patch = start(compile_board(tmp_path, PATCH), tmp_path)
    assert [pins_of(patch, kind) for kind in (ADC, INPUT, PWM)] == [[15, 16, 21, 18], [0, 20], []]
    for channel, code in enumerate((0, 1000, 65_535, 30_000)):
        patch.set_code(channel, code)
    assert read(patch)[0] == [65_535, 64_535, NOON, NOON, 0, 35_535, *factory_values()["cv_zero"]]


def init_code(volts: float, zero: float = 33_280) -> int:
    """What the Patch SM's ADC gives for a voltage at an input, whose 0 V may be off."""
    return min(MOST, max(0, round(zero - 6553.6 * volts)))


def turn(init: ctypes.CDLL, codes: list[int]) -> None:
    for channel, code in enumerate(codes):
        init.set_code(channel, code)


def gestures_of(init: ctypes.CDLL, folder: Path) -> np.ndarray:
    """What core makes of the panel, with the factory's calibration."""
    panel = np.zeros(1, PANEL_INPUT)
    panel["adc"], panel["button"], panel["gate"] = read(init)
    fields = ("pot_low", "pot_high", "cv_zero", "cv_per_volt")
    return Panel(folder).controls(panel, **{name: factory_values()[name] for name in fields})[0]


def test_patch_inits_button_and_gate_are_low_when_active(init):
    """Pins are those of libDaisy's daisy_patch_sm.h, and Electrosmith's own examples take B7 for the button."""
    assert [pins_of(init, kind) for kind in (ADC, INPUT, PWM)] == [[], [B7, B10], []]
    assert read(init)[1:] == (False, False)
    init.set_level(B7, False)
    assert read(init)[1:] == (True, False)
    init.set_level(B10, False)
    assert read(init)[1:] == (True, True)


def test_patch_inits_knobs_and_jacks_are_libdaisys_cv_1_to_6(init):
    quiet = [init_code(0)] * 12
    turn(init, quiet)
    silent = read(init)[0]
    for channel, place in enumerate((0, 1, 4, 5, 6, 7)):  # x, y, level, mix, cv_x, cv_y
        turn(init, [*quiet[:channel], init_code(2.5), *quiet[channel + 1 :]])
        moved = np.flatnonzero(np.array(read(init)[0]) - silent)
        assert moved.tolist() == [place]


def test_patch_inits_codes_are_what_our_circuits_give(init):
    """Pots to a code, CV within 1.5 mV; attenuverters, which it lacks, are fully open."""
    zero, slope = (factory_values()[name][0] for name in ("cv_zero", "cv_per_volt"))
    for volts in (-4.9, -2.5, -0.01, 0, 1, 4.9):
        turn(init, [init_code(2.5)] * 4 + [init_code(volts), init_code(-volts)])
        codes = read(init)[0]
        assert codes[:6] == pytest.approx([NOON, NOON, MOST, MOST, NOON, NOON], abs=2)
        assert codes[6:] == pytest.approx([zero + slope * volts, zero - slope * volts], abs=9)


@pytest.mark.parametrize("zero", [32_768, 33_181, 33_404, 33_800])  # nominal; the measured ones; and beyond
def test_patch_inits_knobs_reach_both_ends_uncalibrated(init, tmp_path, zero):
    for volts, x, level in ((0, -1, 0), (5, 1, 1)):
        turn(init, [init_code(volts, zero)] * 4 + [init_code(0, zero)] * 2)
        found = gestures_of(init, tmp_path)
        assert [float(found[name]) for name in ("x", "y", "level", "mix")] == [x, x, level, level]


def test_patch_inits_cv_plays_the_map_uncalibrated(init, tmp_path):
    for volts, moved in ((0, 0), (5, 1), (-4.9, -0.98), (2, 0.4)):
        turn(init, [init_code(2.5)] * 4 + [init_code(volts), init_code(0)])
        found = gestures_of(init, tmp_path)
        assert found["cv_x"] == pytest.approx(moved, abs=0.002) and found["cv_y"] == 0


def test_patch_inits_light_is_a_voltage_and_dark_only_in_bypass(init):
    assert init.cv_out_of(3, 0) == 0
    assert init.cv_out_of(3, 64) > 1.6  # of a breath the lowest
    assert init.cv_out_of(3, 255) == pytest.approx(2.8)
    init.cv_out_of(3, 255)
    assert init.cv_out_of(2, 255) == 0  # the other lights it has not
