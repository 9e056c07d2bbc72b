# SPDX-License-Identifier: MIT
"""Where everything is: the panel's table, the board's back, the widths of its tracks; and of which revision. Depends
on nothing.

Millimetres from the panel's upper left corner, looking at its front; the board's back is seen through it, as in KiCad.
"""

from __future__ import annotations

from typing import NamedTuple

REVISION = "A"
HP = 12
# Doepfer A-100: 128.5 high, n x 5.08 less a few tenths wide, holes 3.2 mm, 7.5 mm from the left edge and 3 mm from the
# rails' edges; a board of 108 mm clears the rails.
PANEL_WIDTH, PANEL_HEIGHT = 60.6, 128.5
MOUNTING_HOLES = tuple((x, y) for x in (7.5, 7.5 + 5.08 * (HP - 3)) for y in (3.0, PANEL_HEIGHT - 3.0))
LEFT, TOP, RIGHT, BOTTOM = 1.3, 10.25, 59.3, 118.25  # the board's outline
CENTRE = PANEL_WIDTH / 2

# Knobs X and Y where a hand rests, their amounts below, jacks at the bottom; lights above what they belong to, where
# a hand that comes from below does not hide them.
FRONT = {
    "D10": (14.5, 12.3),
    "D11": (46.1, 12.3),
    "RV1": (14.5, 29.0),
    "RV2": (46.1, 29.0),
    "D13": (CENTRE, 45.0),
    "RV3": (14.5, 53.4),
    "RV4": (46.1, 53.4),
    "SW1": (CENTRE, 54.6),
    "D12": (CENTRE, 70.0),
    "RV5": (14.5, 75.0),
    "RV6": (46.1, 75.0),
    "J3": (11.0, 96.0),
    "J5": (CENTRE, 96.0),
    "J4": (49.6, 96.0),
    "J1": (11.0, 111.0),
    "J2": (49.6, 111.0),
}


def kind(reference: str) -> str:
    """RV for RV1."""
    return reference.rstrip("0123456789")


def turned(x: float, y: float, degrees: float = 0.0) -> tuple[float, float]:
    """A point around the origin, by quarters: KiCad turns anticlockwise with y down."""
    for _ in range(round(degrees / 90) % 4):
        x, y = y, -x
    return x, y


class Spot(NamedTuple):
    """The middle of a part's pads, and on which side of it its reference is printed."""

    x: float
    y: float
    rotation: int = 0
    reference: str = "right"


# On the back, stage by stage. The Seed's USB end is at the top edge; its pin 1 is on the right, seen from the front.
BACK = {
    "A1": Spot(CENTRE, 39.5, 180, "centre"),
    "J6": Spot(CENTRE, 82.0, 90, "left"),
    # The Seed's supply, at its VIN.
    "C8": Spot(8.2, 18.6, 0, "left"),
    "R18": Spot(16.6, 17.9, 0, "below"),
    # The rails, +12 V left of the plug, -12 V right of it.
    "FB1": Spot(22.2, 89.0, 0),
    "D1": Spot(16.6, 89.0, 180, "above"),
    "C6": Spot(16.4, 92.7, 0, "below"),
    "C7": Spot(21.4, 92.7, 0),
    "FB2": Spot(38.4, 89.0, 180, "left"),
    "D2": Spot(44.0, 89.0, 180, "above"),
    "C9": Spot(44.2, 92.7, 180, "below"),
    "C10": Spot(39.2, 92.7, 180, "left"),
    # CV: X above its op-amp, Y below it.
    "U1": Spot(20.0, 104.2, 270, "centre"),
    "R1": Spot(21.3, 98.9, 90, "above"),
    "R2": Spot(23.9, 98.9, 90, "above"),
    "C1": Spot(18.7, 98.9, 90, "above"),
    "R3": Spot(16.1, 98.9, 90, "above"),
    "C12": Spot(14.8, 105.8, 90, "above"),
    "R4": Spot(21.9, 109.6, 90, "below"),
    "R5": Spot(24.5, 109.6, 90, "below"),
    "C2": Spot(19.3, 109.6, 90, "below"),
    "R6": Spot(16.7, 109.6, 90, "below"),
    # The reference below them.
    "U3": Spot(16.4, 115.6, 0, "left"),
    "R19": Spot(21.0, 114.7, 0),
    "C11": Spot(21.0, 116.7, 0),
    # The gate, below its jack.
    "R14": Spot(29.3, 105.2, 0),
    "R15": Spot(29.3, 107.1, 0),
    "D3": Spot(30.0, 109.4, 0),
    "Q1": Spot(30.0, 112.4, 0),
    "R16": Spot(29.3, 115.1, 0),
    "R17": Spot(29.3, 117.0, 0),
    # Audio: in above its op-amp, out below it.
    "U2": Spot(40.6, 104.2, 270, "centre"),
    "R7": Spot(43.8, 98.9, 90, "above"),
    "R8": Spot(38.6, 98.9, 90, "above"),
    "C3": Spot(41.2, 98.9, 90, "above"),
    "R9": Spot(36.0, 98.9, 90, "above"),
    "C14": Spot(45.8, 102.6, 90, "above"),
    "C13": Spot(35.4, 105.8, 90, "above"),
    "R10": Spot(47.0, 109.6, 90, "below"),
    "C4": Spot(44.4, 109.6, 90, "below"),
    "R11": Spot(41.8, 109.6, 90, "below"),
    "C5": Spot(39.2, 109.6, 90, "below"),
    "R12": Spot(36.6, 109.6, 90, "below"),
    "R13": Spot(44.2, 115.4, 0, "left"),
    # What smooths the wipers, at the wipers.
    "C20": Spot(14.5, 38.8, 0),
    "C21": Spot(46.1, 38.8, 0),
    "C22": Spot(14.5, 63.2, 0),
    "C23": Spot(46.1, 63.2, 0),
    "C24": Spot(14.5, 84.9, 0),
    "C25": Spot(46.1, 84.9, 0),
    # The lights' resistors, beside the Seed's PWM pins.
    "R20": Spot(42.4, 42.0, 0),
    "R21": Spot(42.4, 44.0, 0),
    "R22": Spot(42.4, 46.0, 0),
    "R23": Spot(42.4, 48.0, 0),
}

# Track widths. What the rack's current flows through is wide; ground is both planes.
SIGNAL_MM = 0.3
WIDTHS_MM = {
    **dict.fromkeys(("+12V_RACK", "+12V_BEAD", "+12V", "-12V_RACK", "-12V_BEAD", "-12V", "VIN_SEED"), 0.8),
    **dict.fromkeys(("+3.3VA", "GND"), 0.5),
}

# What is written on the back beside the references: text, x, y, height, and whether the text is centred.
BACK_NOTES = (
    ("RED STRIPE", 48.0, 78.4, 1.0),
    ("-12 V", 48.0, 80.3, 1.0),
    ("+12 V", 16.4, 80.3, 1.0),
    ("USB", CENTRE, 12.0, 1.2),
    (f"gritspace revision {REVISION}", CENTRE, 73.4, 1.1),
    ("CERN-OHL-S-2.0", CENTRE, 75.4, 0.9),
    ("SEED SUPPLY", 12.5, 24.6, 1.0),
    ("CV X", 20.0, 95.3, 1.0),
    ("CV Y", 20.0, 113.2, 1.0),
    ("-10 V", 25.4, 113.2, 1.0),
    ("GATE", 30.3, 103.1, 1.0),
    ("AUDIO IN", 40.0, 95.3, 1.0),
    ("AUDIO OUT", 41.0, 113.2, 1.0),
)
