# SPDX-License-Identifier: MIT
"""From KiCad's netlist to lines of SPICE. Knows which pin is which terminal of a model; values are the drawing's.

Depends on `netlist`, `gen.placement` and `gen.seed`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from hardware.gen import seed
from hardware.gen.placement import kind
from hardware.netlist import Netlist

_FACTORS = {"p": 1e-12, "n": 1e-9, "u": 1e-6, "m": 1e-3, "R": 1.0, "": 1.0, "k": 1e3, "M": 1e6}
# Pins of a double op-amp's halves: out, minus, plus.
_HALVES = {"A": (1, 2, 3), "B": (7, 6, 5)}
_DIODES = {"1N4148W": "D1N4148W", "SS14": "DSS14", "green": "DLED", "red": "DLED", "yellow": "DLED"}
# The Seed's own coupling capacitors, and what its converters load them with: the AK4556's input is 10 k and more.
COUPLING_F, CODEC_OHMS = 10e-6, 10e3
ADC_OHMS = 10e6


@dataclass(frozen=True)
class Conditions:
    """What differs between two runs of the same board."""

    op_amp: str = "TL072"  # in the audio stages
    travel: float = 0.5  # of every pot
    converter: str = "dc 0"  # the Seed's audio output, as a SPICE source
    codec_ohms: float = CODEC_OHMS
    factors: Mapping[str, float] = field(default_factory=dict)  # on the values of parts
    offsets: Mapping[str, float] = field(default_factory=dict)  # volts, by op-amp half: U1A
    reference_volts: float = 10.0


def magnitude(value: str) -> float:
    """7k5 is 7500, 100n is 1e-7, 10R is 10. Raises ValueError for what is no value."""
    match = re.fullmatch(r"(\d*\.?\d+)([pnumRkM]?)(\d*)", value.strip())
    if not match:
        raise ValueError(f"{value!r} is no value of a resistor or capacitor; write it like 7k5 or 100n")
    whole, letter, rest = match.groups()
    return float(f"{whole}.{rest}" if rest else whole) * _FACTORS[letter]


class Circuit:
    """A board's SPICE lines and the names of its nodes."""

    def __init__(self, netlist: Netlist):
        self.netlist = netlist

    def node(self, part: str, pin: str | int) -> str:
        """SPICE's name of the net at a pin. The signs of +12V and -12V must not be lost."""
        net = self.netlist.net(part, pin)
        if net == "GND":
            return "0"
        return "n_" + re.sub(r"[^a-z0-9]", "_", net.lower().replace("+", "p").replace("-", "m"))

    def lines(self, conditions: Conditions | None = None) -> list[str]:
        """Every part of the board and the Seed's side of its pins."""
        conditions = conditions or Conditions()
        lines = []
        for reference, component in sorted(self.netlist.components.items()):
            lines += self._part(reference, component.value, conditions)
        return lines

    def _part(self, reference: str, value: str, conditions: Conditions) -> list[str]:
        letters = kind(reference)
        one, two, three = (self.node(reference, pin) for pin in (1, 2, 3))
        factor = conditions.factors.get(reference, 1.0)
        if letters in ("R", "C"):
            return [f"{reference} {one} {two} {magnitude(value) * factor:.9g}"]
        if letters == "RV":
            upper, lower = (max(1.0, 10e3 * part) for part in (1 - conditions.travel, conditions.travel))
            return [f"R{reference}a {three} {two} {upper}", f"R{reference}b {two} {one} {lower}"]
        if letters == "FB":
            return [f"R{reference} {one} {two} 0.21"]
        if letters == "D" and value in _DIODES:  # pin 1 is the cathode
            return [f"{reference} {two} {one} {_DIODES[value]}"]
        if letters == "Q":  # base, emitter, collector
            return [f"{reference} {three} {one} {two} QMMBT3904"]
        if value.startswith("LM4040"):
            return [f"X{reference} {one} {two} LM4040 VZ={conditions.reference_volts}"]
        if letters == "U":
            return self._op_amp(reference, value, conditions)
        if letters == "A":
            return self._seed(reference, conditions)
        if letters in ("J", "SW"):
            return []  # nothing is plugged in or pressed, unless a source says so
        raise ValueError(f"{reference} ({value}) has no model; give it one in hardware/spice/circuit.py")

    def _op_amp(self, reference: str, value: str, conditions: Conditions) -> list[str]:
        model = "MCP6002" if value.startswith("MCP6002") else conditions.op_amp
        supply = f"{self.node(reference, 8)} {self.node(reference, 4)}"
        lines = []
        for half, (out, minus, plus) in _HALVES.items():
            inputs = f"{self.node(reference, plus)} {self.node(reference, minus)}"
            offset = conditions.offsets.get(reference + half, 0.0)
            lines.append(f"X{reference}{half} {inputs} {supply} {self.node(reference, out)} {model} VOS={offset}")
        return lines

    def _seed(self, reference: str, conditions: Conditions) -> list[str]:
        into, out = (self.node(reference, seed.AUDIO_PLACES[name]) for name in ("IN_L", "OUT_L"))
        lines = [
            f"Cseed_in {into} seed_in {COUPLING_F}",
            f"Rseed_in seed_in 0 {conditions.codec_ohms}",
            f"Vconverter converter 0 {conditions.converter}",
            f"Cseed_out converter {out} {COUPLING_F}",
            f"Rseed_out {out} 0 47k",
        ]
        for place in range(1, seed.PLACES + 1):
            node = self.node(reference, place)
            if node != "0":
                lines.append(f"Rpin{place} {node} 0 {ADC_OHMS}")
        return lines

    def supplies(self, positive: float = 12.0, negative: float = -12.0, seed_runs: bool = True) -> list[str]:
        """The rack at the header's pins; the Seed's own 3.3 V where it runs."""
        lines = [f"Vpositive {self.node('J6', 9)} 0 {positive}", f"Vnegative {self.node('J6', 1)} 0 {negative}"]
        if seed_runs:
            lines += [
                f"Vanalog {self.node('A1', seed.ANALOG_3V3)} 0 3.3",
                f"Vdigital {self.node('A1', seed.DIGITAL_3V3)} 0 3.3",
            ]
        return lines
