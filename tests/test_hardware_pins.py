# SPDX-License-Identifier: MIT
"""The pin table: what it refuses, that the firmware's header says the same, and compiles beside the protocol's."""

import subprocess
from pathlib import Path

import pytest
from compiled import FIRMWARE, STRICT

from hardware.gen.pin_header import HEADER, header_text
from hardware.gen.pins import PinError, read_pins
from hardware.gen.seed import ADC_PORTS, PORT, digital_name, place
from host_tools.packets import ADC_CHANNELS

GOOD = 'x = { seed = "A0", net = "X", kind = "adc", volts = [0.0, 3.3] }\n'


def read(folder: Path, text: str) -> None:
    path = folder / "pins.toml"
    path.write_text(f"[pins]\n{text}")
    read_pins(path)


def test_adc_pins_stand_in_the_order_of_the_protocol() -> None:
    assert tuple(name for name, pin in read_pins().items() if pin.kind == "adc") == ADC_CHANNELS


def test_header_is_that_of_the_table() -> None:
    assert HEADER.read_text() == header_text(read_pins())


def test_header_compiles_and_counts_as_the_protocol_does(tmp_path: Path) -> None:
    source = tmp_path / "pins.cpp"
    source.write_text(
        '#include "core/panel.h"\n#include "generated/pins.h"\n'
        "static_assert(sizeof(gritspace::pins::kAdc) == gritspace::protocol::kAdcChannels);\n"
        "static_assert(sizeof(gritspace::pins::kLeds) == gritspace::kLeds);\n"
        "int main() { return gritspace::pins::kGate + gritspace::pins::kButton; }\n"
    )
    command = ["g++", *STRICT, f"-I{FIRMWARE}", str(source), "-o", str(tmp_path / "pins")]
    subprocess.run(command, check=True)
    pins = read_pins()
    total = sum(int(digital_name(pins[name].seed)[1:]) for name in ("gate", "button"))
    assert subprocess.run([tmp_path / "pins"], check=False).returncode == total


def test_places_on_the_seed() -> None:
    assert [place(pin) for pin in ("D0", "D14", "D15", "A0", "A11", "D30", "IN_L")] == [1, 15, 22, 22, 35, 37, 16]
    assert len(set(PORT.values())) == 31
    assert {PORT[digital_name(f"A{index}")] for index in range(12)} <= ADC_PORTS


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (GOOD.replace("A0", "A12"), "A12, which no Seed has"),
        (GOOD.replace("adc", "dac"), "of kind dac"),
        (GOOD.replace("[0.0, 3.3]", "[3.3, 0.0]"), "the least and the most"),
        (GOOD.replace(', kind = "adc"', ""), "has the fields"),
        (GOOD + GOOD.replace("x =", "y =").replace('"X"', '"Y"').replace("A0", "D15"), "the same place"),
        (GOOD + GOOD.replace("x =", "y =").replace("A0", "A1"), "the same net"),
        ("x = ", "restore it"),
    ],
)
def test_what_no_seed_can_do_is_refused(text: str, complaint: str, tmp_path: Path) -> None:
    read(tmp_path, GOOD)
    with pytest.raises(PinError, match=complaint):
        read(tmp_path, text)
