# SPDX-License-Identifier: MIT
"""What the circuits must do, simulated from the exported netlist. Limits with their reasons; `spice.measures` measures.

Distortion is that of clipping and slewing: the models know no other.
"""

from __future__ import annotations

from hardware.checks.design import Design, Outcome
from hardware.spice.measures import CV_JACKS, FULL_SCALE_VOLTS, OP_AMPS

# What the firmware's factory settings were made for (its own check compares them with the simulation).
CV_SLOPE, CV_OFFSET = -0.300, 1.667
# MCP6002 swings to 25 mV from its rails into 10 k; the model reaches 3.267 V with the 30 k that it sees here.
ADC_LEAST, ADC_MOST = 0.04, 3.26


def cv_transfer(design: Design) -> Outcome:
    """Straight over ±5 V, 100k in, slow enough against the noise of the rack and fast enough for envelopes."""
    wrong, figures = [], []
    for name in CV_JACKS:
        measured = design.simulated.cv_transfer(name)
        figures.append(f"{name} {measured.offset:.3f} V {measured.slope:+.4f} V/V {measured.corner_hz:.0f} Hz")
        if abs(measured.slope - CV_SLOPE) > 0.001 or abs(measured.offset - CV_OFFSET) > 0.003:
            wrong.append(f"{name} is {measured.offset:.3f} V {measured.slope:+.4f} V/V")
        if measured.bend > 1e-4:
            wrong.append(f"{name} bends by {measured.bend * 1e3:.2f} mV")
        if abs(measured.ohms - 100e3) > 1e3:
            wrong.append(f"{name}'s jack has {measured.ohms:,.0f} ohm")
        if not 450 < measured.corner_hz < 600:
            wrong.append(f"{name}'s corner is at {measured.corner_hz:.0f} Hz")
    return Outcome("; ".join(figures), wrong)


def cv_corners(design: Design) -> Outcome:
    """1 % resistors, 0.5 % reference and the op-amp's worst offset, all signs: ±5 V stay within its swing."""
    wrong, figures = [], []
    for name, (least, most) in design.simulated.cv_extremes().items():
        figures.append(f"{name} {least:.3f}..{most:.3f} V")
        if least < ADC_LEAST or most > ADC_MOST:
            wrong.append(f"{name} reaches {least:.3f}..{most:.3f} V at a corner")
    return Outcome("; ".join(figures), wrong)


def audio_in(design: Design) -> Outcome:
    """10 Vpp reach the converter at 1.5 Vpp (less what its 10k take of 1k), flat and clean, with either op-amp."""
    wrong, figures = [], []
    for op_amp in OP_AMPS:
        response, tone = design.simulated.audio_in(op_amp), design.simulated.tone_in(op_amp, 5.0)
        figures.append(f"{op_amp} x{response.gain:.4f}, 20 kHz {response.high_db:.2f} dB")
        if abs(response.gain / (0.15 * 10 / 11) - 1) > 0.02:
            wrong.append(f"gain into the Seed {response.gain:.4f} with {op_amp}")
        if min(response.low_db, response.high_db) < -1.0:
            wrong.append(f"{response.low_db:.2f} dB at 20 Hz, {response.high_db:.2f} dB at 20 kHz with {op_amp}")
        if tone.distortion > 1e-4 or abs(tone.peak - 0.75) > 0.02:
            wrong.append(f"10 Vpp become {tone.peak:.3f} V peak with {tone.distortion:.2%} distortion with {op_amp}")
    return Outcome("; ".join(figures), wrong)


def audio_out(design: Design) -> Outcome:
    """Unity with the input, flat, nothing left at 1 MHz, and the converter's full scale unclipped on weak rails."""
    wrong, figures = [], []
    for op_amp in OP_AMPS:
        response = design.simulated.audio_out(op_amp)
        line, full = (design.simulated.tone_out(op_amp, peak) for peak in (0.75, FULL_SCALE_VOLTS))
        offset = design.simulated.output_offset(op_amp)
        figures.append(f"{op_amp} x{response.gain:.3f}, 20 kHz {response.high_db:.2f} dB, full {full.peak:.2f} V")
        if abs(response.gain / (100 / 15 * 100 / 101) - 1) > 0.02:
            wrong.append(f"gain to the jack {response.gain:.3f} with {op_amp}")
        if min(response.low_db, response.high_db) < -1.0 or response.far_db > -35:
            told = (
                f"{response.low_db:.2f} dB at 20 Hz, {response.high_db:.2f} at 20 kHz, {response.far_db:.0f} at 1 MHz"
            )
            wrong.append(f"{told} with {op_amp}")
        for name, tone, least in (("10 Vpp", line, 4.8), ("full scale", full, 7.4)):
            if tone.distortion > 1e-3 or tone.peak < least:
                wrong.append(f"{name} gives {tone.peak:.2f} V peak, {tone.distortion:.2%} distortion with {op_amp}")
        if offset > 0.05:
            wrong.append(f"{offset * 1e3:.0f} mV of DC at the jack with {op_amp}")
    return Outcome("; ".join(figures), wrong)


def seed_pin_limits(design: Design) -> Outcome:
    """±12 V at any input jack leave the Seed's pins within what pins.toml allows, in rest and for a sine."""
    wrong, figures = [], []
    for name, jack in (*CV_JACKS.items(), ("audio_in", "J1"), ("gate", "J5")):
        least, most = design.simulated.pin_range(name, jack)
        allowed = design.pins[name].volts
        figures.append(f"{name} {least:.2f}..{most:.2f} V")
        if least < allowed[0] - 1e-3 or most > allowed[1] + 1e-3:
            wrong.append(f"{name} sees {least:.2f}..{most:.2f} V, allowed are {allowed[0]:.1f}..{allowed[1]:.1f}")
    for op_amp in OP_AMPS:
        peak = design.simulated.tone_in(op_amp, 12.0).peak
        if peak > design.pins["audio_in"].volts[1] + 1e-3:
            wrong.append(f"a sine of 24 Vpp at IN reaches {peak:.2f} V at the Seed with {op_amp}")
    return Outcome("; ".join(figures), wrong)


def jack_abuse(design: Design) -> Outcome:
    """±12 V at a jack heat no resistor beyond its rating: 0.1 W for 0603, 0.66 W for the output's 1206."""
    wrong, worst = [], 0.0
    for jack, resistor in (("J1", "R7"), ("J2", "R13"), ("J3", "R1"), ("J4", "R4"), ("J5", "R14")):
        rating = 0.66 if "1206" in design.netlist.components[resistor].footprint else 0.1
        for volts in (-12.0, 12.0):
            watts = design.simulated.dissipation(jack, volts, resistor)
            worst = max(worst, watts)
            if watts > rating:
                wrong.append(f"{resistor} takes {watts:.2f} W of its {rating} with {volts:+.0f} V at {jack}")
    return Outcome(f"at most {worst:.2f} W, at the output", wrong)


def gate_threshold(design: Design) -> Outcome:
    """Between 1 and 2 V, so that gates of 3.3 V count; the base stays far from its breakdown at -6 V."""
    threshold, base, low, high = design.simulated.gate()
    wrong = []
    if not 1.0 < threshold < 2.0:
        wrong.append(f"the gate's threshold is {threshold:.2f} V")
    if base < -1.0:
        wrong.append(f"the transistor's base sees {base:.2f} V at -12 V")
    if low < 2.9 or high > 0.4:
        wrong.append(f"the Seed sees {low:.2f} V without and {high:.2f} V with a gate of 5 V")
    return Outcome(f"{threshold:.2f} V, base {base:.2f} V at -12 V", wrong)


def reversed_plug(design: Design) -> Outcome:
    """Nothing is alive, nothing flows: 0.3 V is what any chip stands the wrong way round."""
    volts, amperes = design.simulated.reversed_plug()
    wrong = [f"{volts:.2f} V on the board, {amperes * 1e3:.2f} mA"] if volts > 0.3 or amperes > 1e-3 else []
    return Outcome(f"{volts * 1e3:.1f} mV, {amperes * 1e6:.1f} uA", wrong)


def supply_current(design: Design) -> Outcome:
    """The analog part takes few milliamperes. The Seed's own are not simulated."""
    positive, negative = design.simulated.supply_current()
    figure = f"+12 V {positive * 1e3:.1f} mA, -12 V {negative * 1e3:.1f} mA, without the Seed"
    sane = 1e-3 < positive < 10e-3 and 1e-3 < negative < 10e-3
    return Outcome(figure, [] if sane else [figure])


def seed_supply(design: Design) -> Outcome:
    """The Seed's current steps at the rate of its audio blocks (1 kHz) reach the rack at a tenth or less."""
    ratio, volts = design.simulated.seed_step()
    figure = f"{ratio:.1%} of a ripple of 1 kHz, VIN {volts:.1f} V at 120 mA"
    return Outcome(figure, [figure] if ratio > 0.1 or volts < 9.0 else [])
