# SPDX-License-Identifier: MIT
"""Draws the supply: the rack's header, the rails, the Seed's own filter and the -10 V reference. Depends on `sheet`.

Net names: *_RACK at the plug, *_BEAD behind the ferrite bead, then the rail itself behind its diode.
"""

from __future__ import annotations

from hardware.gen import parts
from hardware.gen.sheet import Point, Sheet


def draw_power(sheet: Sheet, corner: Point) -> None:
    """Doepfer's 10 pins: 1 and 2 are -12 V (red stripe), 9 and 10 are +12 V. A bead and a diode in each rail.

    A plug the wrong way round leaves everything dead and whole, for both diodes then block.
    """
    sheet.frame("POWER   red stripe = pins 1, 2 = -12 V; a diode in each rail stands a reversed plug", corner, (92, 52))
    x, y = corner[0] + 16, corner[1] + 26
    plug = sheet.place(
        "Connector_Generic:Conn_02x05_Odd_Even", "J6", parts.POWER_HEADER, (x, y), notes=((-1, -6), (-3, 6))
    )
    for odd, even, net, away in ((1, 2, "-12V_RACK", -3), (9, 10, "+12V_RACK", 3)):
        left, right = plug.pin(odd), plug.pin(even)
        sheet.wire(left, (left[0] - 2, left[1]), (left[0] - 2, left[1] + away), (right[0] + 2, left[1] + away))
        sheet.wire((right[0] + 2, left[1] + away), (right[0] + 2, right[1]), right)
        sheet.wire((right[0] + 2, left[1] + away), (right[0] + 10, left[1] + away))
        sheet.label(net, (right[0] + 3, left[1] + away))
    west, east = plug.pin(3)[0] - 5, plug.pin(4)[0] + 4
    for column, numbers in ((west, (3, 5, 7)), (east, (4, 6, 8))):
        for number in numbers:
            sheet.wire(plug.pin(number), (column, plug.pin(number)[1]))
        sheet.wire((column, plug.pin(numbers[0])[1]), (column, plug.pin(numbers[-1])[1]))
    sheet.wire((west, plug.pin(7)[1]), (west, plug.pin(7)[1] + 2))
    sheet.supply("GND", (west, plug.pin(7)[1] + 2))
    sheet.wire((east, plug.pin(6)[1]), (east + 2, plug.pin(6)[1]))
    sheet.supply("GND", (east + 2, plug.pin(6)[1]), 90)
    sheet.wire((west, plug.pin(3)[1]), (west, plug.pin(3)[1] - 2))
    sheet.driven((west, plug.pin(3)[1] - 2))
    start = plug.pin(2)[0] + 10
    _rail(sheet, ("FB2", "D2", "C9", "C10"), "-12V", (start, plug.pin(1)[1] - 3))
    _rail(sheet, ("FB1", "D1", "C6", "C7"), "+12V", (start, plug.pin(9)[1] + 3))
    _seed_supply(sheet, (corner[0] + 12, corner[1] + 43))


def _rail(sheet: Sheet, references: tuple[str, str, str, str], net: str, start: Point) -> None:
    """Bead, diode, 10u and 100n of one rail, the capacitors on the side away from the other rail."""
    bead, diode, large, small = references
    x, y = start
    plus = net.startswith("+")
    away = 1 if plus else -1
    sheet.place("Device:FerriteBead", bead, parts.BEAD, (x + 3, y), 90, notes=((0, -2.6), (0, 2.8)))
    sheet.wire((x + 6, y), (x + 16, y))
    sheet.label(f"{net}_BEAD", (x + 7, y))
    symbol = sheet.place(
        "Device:D_Schottky", diode, parts.RAIL_DIODE, (x + 19, y), 180 if plus else 0, notes=((-1, -2.6), (-1, 2.8))
    )
    assert symbol.pin(2 if plus else 1) == (x + 16, y)
    sheet.wire((x + 22, y), (x + 44, y))
    sheet.supply(net, (x + 25, y), 0 if plus else 180)
    sheet.driven((x + 44, y))
    for reference, article, column in ((large, parts.C_10U, x + 31), (small, parts.C_100N, x + 38)):
        sheet.place("Device:C", reference, article, (column, y + 4 * away))
        sheet.wire((column, y), (column, y + away))
        sheet.supply("GND", (column, y + 7 * away), 0 if plus else 180)


def _seed_supply(sheet: Sheet, at: Point) -> None:
    """10R and 220u keep the Seed's current steps, which come with every audio block, from the analog rail."""
    x, y = at
    sheet.supply("+12V", (x, y))
    sheet.wire((x, y), (x + 2, y))
    sheet.place("Device:R", "R18", parts.R_SUPPLY, (x + 5, y), 90)
    sheet.wire((x + 8, y), (x + 24, y))
    sheet.driven((x + 13, y))
    sheet.place("Device:C_Polarized", "C8", parts.C_220U, (x + 18, y + 4))
    sheet.wire((x + 18, y), (x + 18, y + 1))
    sheet.supply("GND", (x + 18, y + 7))
    sheet.label("VIN_SEED", (x + 24, y))


def draw_reference(sheet: Sheet, corner: Point) -> None:
    """-10 V for the CV inputs' offset: a shunt reference, 1 mA through 2k, of which the inputs take 0.11."""
    sheet.frame("-10 V REFERENCE   for the CV inputs' offset", corner, (44, 32))
    x, y = corner[0] + 10, corner[1] + 10
    sheet.place("Device:R", "R19", parts.resistor("2k"), (x, y))
    sheet.supply("-12V", (x, y - 3))
    shunt = sheet.place(
        "Reference_Voltage:LM4040DBZ-10", "U3", parts.REFERENCE, (x, y + 11), 270, notes=((3, -1), (3, 1))
    )
    anode, cathode = shunt.pin(2), shunt.pin(1)
    sheet.wire((x, y + 3), anode)
    sheet.supply("GND", cathode)
    sheet.wire((x, y + 5), (x + 22, y + 5))
    sheet.label("-10V_REF", (x + 22, y + 5))
    sheet.place("Device:C", "C11", parts.C_100N, (x + 16, y + 9))
    sheet.wire((x + 16, y + 5), (x + 16, y + 6))
    sheet.supply("GND", (x + 16, y + 12))
