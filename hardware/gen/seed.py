# SPDX-License-Identifier: MIT
"""Facts about the Daisy Seed's pins, and what KiCad's symbol says of them as a second witness.

Sources: libDaisy `src/daisy_seed.h`, namespace seed (ports), `src/per/adc.cpp` (ADC channels), `src/per/pwm.h` (TIM4);
the Seed's data sheet and pin-out (places on the module). Depends on `symbols`.
"""

from __future__ import annotations

import re

from hardware.gen import symbols

SYMBOL = "MCU_Module:Electrosmith_Daisy_Seed_Rev4"

# The port of D0, D1, ... D30.
_PORTS = [
    "PB12",
    "PC11",
    "PC10",
    "PC9",
    "PC8",
    "PD2",
    "PC12",
    "PG10",
    "PG11",
    "PB4",
    "PB5",
    "PB8",
    "PB9",
    "PB6",
    "PB7",
    "PC0",
    "PA3",
    "PB1",
    "PA7",
    "PA6",
    "PC1",
    "PC4",
    "PA5",
    "PA4",
    "PA1",
    "PA0",
    "PD11",
    "PG9",
    "PA2",
    "PB14",
    "PB15",
]
PORT = {f"D{index}": port for index, port in enumerate(_PORTS)}
ANALOG = {f"A{index}": f"D{15 + index}" for index in range(11)} | {"A11": "D28"}
ADC_PORTS = frozenset(
    ["PA6", "PC4", "PB1", "PA7", "PC5", "PB0", "PC0", "PC1", "PC2", "PC3", "PA2", "PA3", "PA0", "PA1", "PA4", "PA5"]
)
TIM4_PORTS = frozenset(["PB6", "PB7", "PB8", "PB9"])

AUDIO_PLACES = {"IN_L": 16, "IN_R": 17, "OUT_L": 18, "OUT_R": 19}
AGND, ANALOG_3V3, DIGITAL_3V3, VIN, DGND = 20, 21, 38, 39, 40
PLACES = 40


def digital_name(pin: str) -> str:
    """D15 for A0; a digital name stays."""
    return ANALOG.get(pin, pin)


def place(pin: str) -> int:
    """Where a pin is on the module: 1 to 40."""
    if pin in AUDIO_PLACES:
        return AUDIO_PLACES[pin]
    index = int(digital_name(pin)[1:])
    return index + 1 if index < 15 else index + 7


def kicads_places() -> dict[str, int]:
    """The place of D0..D30 as KiCad's symbol has them: its notes "GPIO15" stand beside the pins."""
    pins = symbols.pins(SYMBOL, 1).values()
    found = {}
    for text, x, y in symbols.texts(SYMBOL):
        match = re.fullmatch(r"GPIO(\d+)", text)
        beside = [pin for pin in pins if pin.y == y and (pin.x < 0) == (x < 0)]
        if match and len(beside) == 1:
            found[f"D{match[1]}"] = int(beside[0].number)
    return found
