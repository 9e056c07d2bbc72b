# SPDX-License-Identifier: MIT
"""What a bench would measure of the board, simulated: transfer, corners, bandwidth, distortion, limits, currents.

Depends on `circuit`, `ngspice`, the pin table and `gen.seed`. Measures only; what is right is said in `checks.analog`.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hardware.gen import seed
from hardware.gen.pins import Pin
from hardware.spice.circuit import Circuit, Conditions, magnitude
from hardware.spice.ngspice import simulate

CV_JACKS = {"cv_x": "J3", "cv_y": "J4"}
# Resistors of a CV input in the order Rin, Rref, Rf, and its half of the op-amp.
CV_PARTS = {"cv_x": (("R1", "R2", "R3"), "U1A"), "cv_y": (("R4", "R5", "R6"), "U1B")}
OP_AMPS = ("TL072", "OPA1678")
WORST_OFFSET_VOLTS = {"TL072": 10e-3, "OPA1678": 2e-3, "MCP6002": 4.5e-3}
_TONE = "tran 2u 8m 0 2u"
FULL_SCALE_VOLTS = 1.155  # peak of the AK4556's output: 0.7 x 3.3 V peak to peak


@dataclass(frozen=True)
class Transfer:
    """A CV input as a straight line through ±5 V, and what is beside it."""

    slope: float  # volts at the ADC for one at the jack
    offset: float  # volts at 0 V
    bend: float  # largest distance from the line within ±5 V
    ohms: float  # of the jack
    corner_hz: float


@dataclass(frozen=True)
class Response:
    """An audio path."""

    gain: float  # at 1 kHz
    low_db: float  # at 20 Hz, against 1 kHz
    high_db: float  # at 20 kHz
    far_db: float  # at 1 MHz


@dataclass(frozen=True)
class Tone:
    """A sine of 1 kHz after its way through the board."""

    peak: float
    distortion: float  # harmonics 2 to 10, as a ratio


class Board:
    """A circuit with its pin table: everything can be asked by the names that players and firmware use."""

    def __init__(self, circuit: Circuit, pins: Mapping[str, Pin]):
        self.circuit, self.pins = circuit, pins

    def seed_node(self, name: str) -> str:
        return self.circuit.node("A1", self.pins[name].place)

    def run(self, extra: list[str], analysis: str, *vectors: str, conditions: Conditions | None = None) -> np.ndarray:
        return simulate(self.circuit.lines(conditions) + self.circuit.supplies() + extra, analysis, *vectors)

    def source(self, jack: str, what: str = "0") -> str:
        return f"Vjack {self.circuit.node(jack, 'T')} 0 {what}"

    def cv_transfer(self, name: str) -> Transfer:
        jack, pin = CV_JACKS[name], f"v({self.seed_node(name)})"
        table = self.run([self.source(jack)], "dc Vjack -5 5 0.1", pin, "i(Vjack)")
        volts, adc, amperes = table.T
        slope, offset = np.polyfit(volts, adc, 1)
        sweep = self.run([self.source(jack, "dc 0 ac 1")], "ac dec 50 1 100k", pin.replace("v(", "vdb("))
        hertz, level = sweep.T
        corner = np.interp(3.01, level[0] - level, hertz)
        ohms = -(volts[-1] - volts[0]) / (amperes[-1] - amperes[0])
        bend = np.abs(adc - (slope * volts + offset)).max()
        return Transfer(float(slope), float(offset), float(bend), float(ohms), float(corner))

    def cv_extremes(self) -> dict[str, tuple[float, float]]:
        """The ADC's least and most volts for ±5 V, over all corners: 1 % parts, 0.5 % reference, worst offset."""
        pins = [f"v({self.seed_node(name)})" for name in CV_JACKS]
        second = f"Bboth {self.circuit.node('J4', 'T')} 0 V=V({self.circuit.node('J3', 'T')})"
        ends = []
        for signs in itertools.product((-1, 1), repeat=5):
            factors, offsets = {}, {}
            for resistors, half in CV_PARTS.values():
                factors.update({part: 1 + 0.01 * sign for part, sign in zip(resistors, signs, strict=False)})
                offsets[half] = WORST_OFFSET_VOLTS["MCP6002"] * signs[4]
            conditions = Conditions(factors=factors, offsets=offsets, reference_volts=10 * (1 + 0.005 * signs[3]))
            ends.append(self.run([self.source("J3"), second], "dc Vjack -5 5 10", *pins, conditions=conditions)[:, 1:])
        corners = np.concatenate(ends)
        return {
            name: (float(column.min()), float(column.max())) for name, column in zip(CV_JACKS, corners.T, strict=True)
        }

    def audio_in(self, op_amp: str) -> Response:
        conditions = Conditions(op_amp=op_amp)
        vector = f"vm({self.seed_node('audio_in')})"
        return _response(self.run([self.source("J1", "dc 0 ac 1")], "ac dec 60 1 10Meg", vector, conditions=conditions))

    def audio_out(self, op_amp: str) -> Response:
        conditions = Conditions(op_amp=op_amp, converter="dc 0 ac 1")
        jack = self.circuit.node("J2", "T")
        return _response(self.run([f"Rload {jack} 0 100k"], "ac dec 60 1 10Meg", f"vm({jack})", conditions=conditions))

    def tone_in(self, op_amp: str, peak: float) -> Tone:
        """At the Seed's pin, from a sine at IN. The converter draws nothing, so that the pin sees the most."""
        conditions = Conditions(op_amp=op_amp, codec_ohms=1e6)
        source = self.source("J1", f"sin(0 {peak} 1k)")
        return _tone(self.run([source], _TONE, f"v({self.seed_node('audio_in')})", conditions=conditions))

    def tone_out(self, op_amp: str, peak: float) -> Tone:
        """At OUT with a load of 100 k, from a sine of the converter, on rails that a weak supply gives (±11.4 V)."""
        conditions = Conditions(op_amp=op_amp, converter=f"sin(0 {peak} 1k)")
        jack = self.circuit.node("J2", "T")
        lines = [*self.circuit.lines(conditions), *self.circuit.supplies(11.4, -11.4), f"Rload {jack} 0 100k"]
        return _tone(simulate(lines, _TONE, f"v({jack})"))

    def output_offset(self, op_amp: str) -> float:
        """Volts at OUT in silence with the op-amp's worst offset."""
        conditions = Conditions(op_amp=op_amp, offsets=dict.fromkeys(("U2A", "U2B"), WORST_OFFSET_VOLTS[op_amp]))
        jack = self.circuit.node("J2", "T")
        table = self.run([f"Rload {jack} 0 100k"], "op", f"v({jack})", conditions=conditions)
        return abs(float(table[0, 1]))

    def pin_range(self, name: str, jack: str, volts: float = 12.0) -> tuple[float, float]:
        """What a Seed pin sees while a jack is swept over ± these volts."""
        table = self.run([self.source(jack)], f"dc Vjack {-volts} {volts} 0.1", f"v({self.seed_node(name)})")
        return float(table[:, 1].min()), float(table[:, 1].max())

    def gate(self) -> tuple[float, float, float, float]:
        """Threshold at the jack, the least base voltage at -12 V, and the pin's volts at 0 and at 5 V."""
        base = self.circuit.node("Q1", 1)
        table = self.run([self.source("J5")], "dc Vjack -12 12 0.05", f"v({self.seed_node('gate')})", f"v({base})")
        volts, pin, base_volts = table.T
        positive = volts > 0
        threshold = np.interp(-1.65, -pin[positive], volts[positive])
        low, high = (float(np.interp(at, volts, pin)) for at in (0.0, 5.0))
        return float(threshold), float(base_volts.min()), low, high

    def dissipation(self, jack: str, volts: float, resistor: str) -> float:
        """Watts in a resistor while a jack is held at these volts and the converter stands at the other end."""
        conditions = Conditions(converter="dc 0")
        ends = [f"v({self.circuit.node(resistor, pin)})" for pin in (1, 2)]
        # A voltage in place of the coupling capacitor's far end drives the output stage to its rail.
        drive = f"Vdrive {self.circuit.node('R10', 1)} 0 {np.sign(volts) * 5}"
        table = self.run([self.source(jack, str(volts)), drive], "op", *ends, conditions=conditions)
        ohms = magnitude(self.circuit.netlist.components[resistor].value)
        return float((table[0, 1] - table[0, 2]) ** 2 / ohms)

    def reversed_plug(self) -> tuple[float, float]:
        """A plug the wrong way round: the largest volts at the Seed or the op-amp, and amperes from the rack."""
        nodes = [self.circuit.node("A1", seed.VIN), self.circuit.node("U2", 8), self.circuit.node("U2", 4)]
        lines = self.circuit.lines() + self.circuit.supplies(-12.0, 12.0, seed_runs=False)
        lines += [f"Rseed_load {nodes[0]} 0 150"]
        table = simulate(lines, "op", *(f"v({node})" for node in nodes), "i(Vpositive)", "i(Vnegative)")
        return float(np.abs(table[0, 1:4]).max()), float(np.abs(table[0, 4:6]).max())

    def supply_current(self) -> tuple[float, float]:
        """Amperes from +12 V and from -12 V at rest, without the Seed's own."""
        table = self.run([], "op", "i(Vpositive)", "i(Vnegative)")
        return -float(table[0, 1]), float(table[0, 2])

    def seed_step(self, hertz: float = 1e3, amperes: float = 0.12) -> tuple[float, float]:
        """How much of a ripple of the Seed's current reaches the rack (a ratio), and VIN at this current."""
        vin = self.circuit.node("A1", seed.VIN)
        source = f"Iseed {vin} 0 dc 0 ac 1"
        ripple = self.run([source], f"ac lin 1 {hertz} {hertz}", "mag(i(Vpositive))")
        steady = self.run([f"Iseed {vin} 0 {amperes}"], "op", f"v({vin})")
        return float(ripple[0, 1]), float(steady[0, 1])


def _response(table: np.ndarray) -> Response:
    hertz, gain = table.T
    at = {f: max(1e-9, float(np.interp(f, hertz, gain))) for f in (20.0, 1e3, 20e3, 1e6)}
    decibels = {f: 20 * np.log10(value / at[1e3]) for f, value in at.items()}
    return Response(at[1e3], float(decibels[20.0]), float(decibels[20e3]), float(decibels[1e6]))


def _tone(table: np.ndarray, hertz: float = 1e3, periods: int = 5) -> Tone:
    """From the last whole periods, evenly sampled."""
    seconds, volts = table.T
    times = np.linspace(seconds[-1] - periods / hertz, seconds[-1], 8192, endpoint=False)
    samples = np.interp(times, seconds, volts)
    spectrum = np.abs(np.fft.rfft(samples - samples.mean()))
    harmonics = float(np.sqrt(np.sum(spectrum[2 * periods : 11 * periods : periods] ** 2)))
    fundamental = float(spectrum[periods])
    # Without a tone there is nothing but distortion; a quotient of zeros would be no number, and pass every limit.
    return Tone(float(np.abs(samples).max()), harmonics / fundamental if fundamental > 1e-6 else 1.0)
