# SPDX-License-Identifier: MIT
"""Draws what the jacks meet: CV, audio and gate. Depends on `sheet`, `parts` and `pins`.

The circuits are common practice in Eurorack and were dimensioned for this module; each function says its sums.
"""

from __future__ import annotations

from hardware.gen import parts
from hardware.gen.parts import Article
from hardware.gen.pins import Pin
from hardware.gen.sheet import Part, Point, Sheet

CV_LIBRARY = "Amplifier_Operational:MCP6002-xSN"
AUDIO_LIBRARY = "Amplifier_Operational:TL072"
_OP_AMP_PINS = {1: ("2", "3", "1"), 2: ("6", "5", "7")}  # inverting, not inverting, out


def draw_cv(sheet: Sheet, pins: dict[str, Pin], axis: str, corner: Point) -> None:
    """±5 V to 3.17..0.17 V: V = (30k / 180k) 10 V - (30k / 100k) CV. ±12 V stay within the op-amp's 3.3 V supply.

    30k || 10n is a pole at 530 Hz; the jack sees 100k.
    """
    unit = {"x": 1, "y": 2}[axis]
    jack, into, offset, feedback, filter_ = {
        "x": ("J3", "R1", "R2", "R3", "C1"),
        "y": ("J4", "R4", "R5", "R6", "C2"),
    }[axis]
    sheet.frame(f"CV {axis.upper()}   ±5 V to 3.17..0.17 V, 100k in, 530 Hz", corner, (92, 32))
    x, y = corner[0] + 8, corner[1] + 22
    _input(sheet, jack, into, "100k", (x, y))
    sheet.wire((x + 17, y), (x + 24, y))
    sheet.place("Device:R", offset, parts.resistor("180k"), (x + 21, y - 6))
    sheet.wire((x + 21, y - 3), (x + 21, y))
    sheet.lead_out((x + 21, y - 9), "up", 1, "-10V_REF")
    out = _inverter(
        sheet, CV_LIBRARY, "U1", parts.CV_AMPLIFIER, unit, (x + 24, y), (feedback, "30k"), (filter_, parts.C_10N)
    )
    sheet.wire(out, (out[0] + 6, out[1]))
    sheet.label(pins[f"cv_{axis}"].net, (out[0] + 6, out[1]))


def draw_audio_in(sheet: Sheet, pins: dict[str, Pin], corner: Point) -> None:
    """10 Vpp to 1.5 Vpp, and ±12 V to ±1.8 V, the most that a Seed's audio pin may see: gain -15k / 100k.

    15k || 150p is a pole at 71 kHz.
    """
    sheet.frame("AUDIO IN   gain -0.15; ±12 V reach the Seed as ±1.8 V, its limit", corner, (92, 32))
    x, y = corner[0] + 8, corner[1] + 22
    _input(sheet, "J1", "R7", "100k", (x, y))
    sheet.wire((x + 17, y), (x + 24, y))
    out = _inverter(
        sheet, AUDIO_LIBRARY, "U2", parts.AUDIO_AMPLIFIER, 1, (x + 24, y), ("R8", "15k"), ("C3", parts.C_150P)
    )
    _series(sheet, "R9", parts.resistor("1k"), out)
    sheet.label(pins["audio_in"].net, (out[0] + 12, out[1]))


def draw_audio_out(sheet: Sheet, pins: dict[str, Pin], corner: Point) -> None:
    """Gain -100k / 15k: with the input's 15k / 100k the product is 1, not inverted, from two resistor values.

    7k5, 680p, 7k5 and 100k || 22p are poles at 62 and 72 kHz against the converter's noise beyond the band.
    """
    sheet.frame("AUDIO OUT   gain -6.67, poles at 62 and 72 kHz, 1k out", corner, (92, 32))
    x, y = corner[0] + 8, corner[1] + 22
    sheet.label(pins["audio_out"].net, (x + 2, y), "left")
    sheet.wire((x + 2, y), (x + 3, y))
    sheet.place("Device:R", "R10", parts.resistor("7k5"), (x + 6, y), 90)
    sheet.wire((x + 9, y), (x + 15, y))
    sheet.place("Device:C", "C4", parts.C_680P, (x + 12, y + 4))
    sheet.wire((x + 12, y), (x + 12, y + 1))
    sheet.supply("GND", (x + 12, y + 7))
    sheet.place("Device:R", "R11", parts.resistor("7k5"), (x + 18, y), 90)
    sheet.wire((x + 21, y), (x + 24, y))
    out = _inverter(
        sheet, AUDIO_LIBRARY, "U2", parts.AUDIO_AMPLIFIER, 2, (x + 24, y), ("R12", "100k"), ("C5", parts.C_22P)
    )
    _series(sheet, "R13", parts.R_OUTPUT, out)
    socket = sheet.place(
        "Connector_Audio:AudioJack2_SwitchT",
        "J2",
        parts.JACK,
        (out[0] + 22, out[1]),
        mirror="y",
        notes=((-2, -5), (-2, 5)),
    )
    sheet.wire((out[0] + 8, out[1]), socket.pin("T"))
    sleeve = socket.pin("S")
    sheet.wire(sleeve, (sleeve[0] - 3, sleeve[1]))
    sheet.supply("GND", (sleeve[0] - 3, sleeve[1]), 270)
    sheet.unconnected.append(socket.pin("TN"))


def draw_gate(sheet: Sheet, pins: dict[str, Pin], corner: Point) -> None:
    """High above 1.4 V: half of it turns the transistor on. Inverted; the diode keeps the base above -0.6 V."""
    sheet.frame("GATE   high above 1.4 V, stands ±12 V, inverted at the Seed", corner, (92, 32))
    x, y = corner[0] + 8, corner[1] + 20
    _input(sheet, "J5", "R14", "100k", (x, y))
    sheet.wire((x + 17, y), (x + 36, y))
    sheet.place("Device:R", "R15", parts.resistor("100k"), (x + 22, y + 5))
    sheet.wire((x + 22, y), (x + 22, y + 2))
    sheet.supply("GND", (x + 22, y + 8))
    clamp = sheet.place("Diode:1N4148W", "D3", parts.SIGNAL_DIODE, (x + 30, y + 5), 270, notes=((2, -1), (2, 1)))
    sheet.wire((x + 30, y), clamp.pin("1"))
    sheet.supply("GND", clamp.pin("2"))
    switch = sheet.place("Transistor_BJT:MMBT3904", "Q1", parts.TRANSISTOR, (x + 40, y), notes=((4, 1.5), (4, 3.5)))
    base, emitter, collector = (switch.pin(number) for number in (1, 2, 3))
    sheet.wire((x + 36, y), base)
    sheet.supply("GND", emitter)
    sheet.place("Device:R", "R16", parts.resistor("10k"), (collector[0], collector[1] - 5))
    sheet.wire(collector, (collector[0], collector[1] - 2))
    sheet.supply("+3V3", (collector[0], collector[1] - 8))
    tap = (collector[0], collector[1] - 1)
    sheet.place("Device:R", "R17", parts.resistor("1k"), (tap[0] + 7, tap[1]), 90)
    sheet.wire(tap, (tap[0] + 4, tap[1]))
    sheet.wire((tap[0] + 10, tap[1]), (tap[0] + 13, tap[1]))
    sheet.label(pins["gate"].net, (tap[0] + 13, tap[1]))


def draw_amplifier_supply(
    sheet: Sheet,
    library: str,
    reference: str,
    article: Article,
    rails: tuple[str, str],
    capacitors: tuple[str, ...],
    at: Point,
) -> None:
    """The supply pins of a double op-amp, each rail that is not ground with 100n."""
    chip = sheet.place(library, reference, article, at, unit=3, notes=((1, -1), (1, 1)))
    for number, rail, capacitor, down in ((8, rails[0], capacitors[0], -1), (4, rails[1], capacitors[-1], 1)):
        pin = chip.pin(number)
        end = (pin[0], pin[1] + 2 * down)
        sheet.wire(pin, end)
        sheet.supply(rail, end, 180 if rail.startswith("-") else 0)
        if rail != "GND":
            column = at[0] - (10 if down < 0 else 15)
            sheet.place("Device:C", capacitor, parts.C_100N, (column, pin[1] - 3 * down))
            sheet.wire((column, pin[1]), (pin[0], pin[1]))
            sheet.supply("GND", (column, pin[1] - 6 * down), 0 if down < 0 else 180)


def _input(sheet: Sheet, reference: str, resistor: str, value: str, at: Point) -> Part:
    """A jack whose open switch is ground, and the resistor behind it, which ends at (x + 17, y)."""
    x, y = at
    socket = sheet.place("Connector_Audio:AudioJack2_SwitchT", reference, parts.JACK, at, notes=((-3, -5), (-3, 5)))
    sheet.wire(socket.pin("S"), (x + 7, y - 2))
    sheet.supply("GND", (x + 7, y - 2), 90)
    sheet.wire(socket.pin("TN"), (x + 6, y + 2))
    sheet.supply("GND", (x + 6, y + 2))
    sheet.place("Device:R", resistor, parts.resistor(value), (x + 14, y), 90)
    sheet.wire(socket.pin("T"), (x + 11, y))
    return socket


def _inverter(
    sheet: Sheet,
    library: str,
    reference: str,
    article: Article,
    unit: int,
    node: Point,
    feedback: tuple[str, str],
    filter_: tuple[str, Article],
) -> Point:
    """An inverting amplifier whose minus node begins at `node`; returns its output, 23 steps to the right."""
    x, y = node
    inverting, plus, out = _OP_AMP_PINS[unit]
    chip = sheet.place(library, reference, article, (x + 14, y + 2), 0, "x", unit, ((1, 4), (1, 6)))
    sheet.wire(node, chip.pin(inverting))
    ground = chip.pin(plus)
    sheet.wire(ground, (ground[0] - 2, ground[1]), (ground[0] - 2, ground[1] + 1))
    sheet.supply("GND", (ground[0] - 2, ground[1] + 1))
    left, right = x + 5, x + 23
    sheet.place("Device:R", feedback[0], parts.resistor(feedback[1]), (x + 14, y - 6), 90)
    sheet.place("Device:C", filter_[0], filter_[1], (x + 14, y - 13), 90, notes=((0, -2.6), (0, 2.6)))
    sheet.wire((left, y), (left, y - 13), (x + 11, y - 13))
    sheet.wire((left, y - 6), (x + 11, y - 6))
    sheet.wire(chip.pin(out), (right, y + 2), (right, y - 13), (x + 17, y - 13))
    sheet.wire((right, y - 6), (x + 17, y - 6))
    return (right, y + 2)


def _series(sheet: Sheet, reference: str, article: Article, out: Point) -> None:
    """A resistor from an amplifier's output to 12 steps further right."""
    sheet.wire(out, (out[0] + 2, out[1]))
    sheet.place("Device:R", reference, article, (out[0] + 5, out[1]), 90)
    sheet.wire((out[0] + 8, out[1]), (out[0] + 12, out[1]))
