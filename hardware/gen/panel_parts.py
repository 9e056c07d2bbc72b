# SPDX-License-Identifier: MIT
"""Draws the Seed, the knobs, the LEDs and the button. Depends on `sheet`, `seed`, `pins` and `parts`."""

from __future__ import annotations

from hardware.gen import parts, seed
from hardware.gen.pins import Pin
from hardware.gen.sheet import Note, Point, Sheet

# Reference, its capacitor, the pin it turns, the name on the panel.
POTS = (
    ("RV1", "C20", "x", "X"),
    ("RV2", "C21", "y", "Y"),
    ("RV3", "C22", "att_x", "ATT X"),
    ("RV4", "C23", "att_y", "ATT Y"),
    ("RV5", "C24", "level", "LEVEL"),
    ("RV6", "C25", "mix", "MIX"),
)
# Reference, its resistor, the pin that lights it, colour. 1k makes 1 mA, far below what the pins can give.
LEDS = (
    ("D10", "R20", "led_x", "green"),
    ("D11", "R21", "led_y", "green"),
    ("D12", "R22", "led_clip", "red"),
    ("D13", "R23", "led_on", "yellow"),
)


def draw_seed(sheet: Sheet, pins: dict[str, Pin], corner: Point) -> None:
    """The Daisy Seed: every used pin by the table, both grounds tied, the unused audio input quiet, the rest open."""
    sheet.frame("DAISY SEED   AGND and DGND must both reach GND on this board, or the Seed dies", corner, (92, 88))
    x, y = corner[0] + 46, corner[1] + 45
    chip = sheet.place(seed.SYMBOL, "A1", parts.SEED, (x, y), notes=((12, -32), (12, -30)))
    nets = {pin.place: pin.net for pin in pins.values()}
    for number in chip.pin_numbers:
        pin, place = chip.pin(number), int(number)
        if place in nets:
            sheet.lead_out(pin, "left" if pin[0] < x else "right", 4, nets[place])
        elif place == seed.AUDIO_PLACES["IN_R"]:
            sheet.wire(pin, (pin[0] - 14, pin[1]))
            sheet.supply("GND", (pin[0] - 14, pin[1]), 270)
        elif place == seed.VIN:
            sheet.wire(pin, (pin[0], pin[1] - 3))
            sheet.lead_out((pin[0], pin[1] - 3), "left", 6, "VIN_SEED")
        elif place == seed.DIGITAL_3V3:
            sheet.wire(pin, (pin[0], pin[1] - 5))
            sheet.supply("+3V3", (pin[0], pin[1] - 5))
        elif place == seed.ANALOG_3V3:
            sheet.wire(pin, (pin[0], pin[1] - 2), (pin[0] + 5, pin[1] - 2))
            sheet.supply("+3.3VA", (pin[0] + 5, pin[1] - 2))
        elif place in (seed.AGND, seed.DGND):
            sheet.wire(pin, (pin[0], pin[1] + 2))
            sheet.supply("GND", (pin[0], pin[1] + 2))
        else:
            sheet.unconnected.append(pin)


def draw_knobs(sheet: Sheet, pins: dict[str, Pin], corner: Point) -> None:
    """Six pots across the ADC's own supply, so that its drift cancels; 100n at each wiper."""
    sheet.frame("KNOBS   pin 1 anticlockwise = ground, pin 3 clockwise = 3.3 V analog", corner, (92, 56))
    for index, (reference, capacitor, name, caption) in enumerate(POTS):
        x, y = corner[0] + 10 + index % 3 * 30, corner[1] + 14 + index // 3 * 26
        pot = sheet.place("Device:R_Potentiometer", reference, parts.POT, (x, y), 0, "x", notes=((-6, -1), (-6, 1)))
        sheet.supply("+3.3VA", pot.pin(3))
        sheet.supply("GND", pot.pin(1))
        sheet.wire(pot.pin(2), (x + 11, y))
        sheet.label(pins[name].net, (x + 11, y))
        sheet.place("Device:C", capacitor, parts.C_100N, (x + 7, y + 4))
        sheet.wire((x + 7, y), (x + 7, y + 1))
        sheet.supply("GND", (x + 7, y + 7))
        sheet.notes.append(Note(caption, (x - 8, y - 3), 1.27))


def draw_lights(sheet: Sheet, pins: dict[str, Pin], corner: Point) -> None:
    """Four LEDs on the channels of one timer, and the button, which pulls its pin to ground."""
    sheet.frame("LEDS AND BUTTON   PWM of TIM4; the button's pull-up is the Seed's own", corner, (92, 48))
    for index, (reference, resistor, name, colour) in enumerate(LEDS):
        x, y = corner[0] + 16, corner[1] + 9 + index * 9
        sheet.label(pins[name].net, (x, y), "left")
        sheet.wire((x, y), (x + 3, y))
        sheet.place("Device:R", resistor, parts.resistor("1k"), (x + 6, y), 90)
        sheet.wire((x + 9, y), (x + 13, y))
        lamp = sheet.place("Device:LED", reference, parts.led(colour), (x + 16, y), 180, notes=((0, -2.8), (0, 2.6)))
        sheet.wire((x + 13, y), lamp.pin(2))
        cathode = lamp.pin(1)
        sheet.wire(cathode, (cathode[0] + 3, y))
        sheet.supply("GND", (cathode[0] + 3, y), 90)
    x, y = corner[0] + 66, corner[1] + 20
    key = sheet.place("Switch:SW_Push", "SW1", parts.button("FREEZE"), (x, y), notes=((-2, -4), (-2, 3)))
    sheet.wire((x - 6, y), key.pin(1))
    sheet.label(pins["button"].net, (x - 6, y), "left")
    sheet.wire(key.pin(2), (x + 7, y))
    sheet.supply("GND", (x + 7, y), 90)
