# SPDX-License-Identifier: MIT
"""Documents that follow from the design: the table of pins, the specification's simulated figures, the analog curves.

Depends on the simulation and matplotlib. README.md, build.md, test.md and calibration.md are written by hand.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

from hardware.checks.design import Design
from hardware.gen.placement import REVISION
from hardware.spice.circuit import Conditions
from hardware.spice.measures import FULL_SCALE_VOLTS, Response

BEGIN, END = "<!-- pins: written by make hardware from pins.toml -->", "<!-- end of pins -->"
_KINDS = {"adc": "ADC", "pwm": "PWM", "digital_in": "input", "audio_in": "audio in", "audio_out": "audio out"}


def write(design: Design) -> None:
    docs = design.hardware / "docs"
    (docs / "simulated.md").write_text(simulated_text(design), encoding="utf-8")
    readme = design.hardware / "README.md"
    readme.write_text(with_pin_table(readme.read_text(encoding="utf-8"), design), encoding="utf-8")
    _curves(design, docs)


def with_pin_table(readme: str, design: Design) -> str:
    """The text with its table of pins replaced. Raises ValueError when the marks around it are gone."""
    if readme.count(BEGIN) != 1 or readme.count(END) != 1:
        raise ValueError(f"hardware/README.md needs one line {BEGIN!r} and one {END!r} after it; put them back")
    before, rest = readme.split(BEGIN)
    rows = ["| what | Seed | place | net | kind | volts |", "|---|---|---|---|---|---|"]
    for pin in design.pins.values():
        least, most = pin.volts
        rows.append(
            f"| {pin.name} | {pin.seed} | {pin.place} | {pin.net} | {_KINDS[pin.kind]} | {least:g} to {most:g} |"
        )
    return before + BEGIN + "\n" + "\n".join(rows) + "\n" + END + rest.split(END)[1]


def simulated_text(design: Design) -> str:
    """Figures of the analog stages, as simulated."""
    board = design.simulated
    rows = []
    corners = board.cv_extremes()
    for name, jack in (("cv_x", "CV X"), ("cv_y", "CV Y")):
        line, ends = board.cv_transfer(name), corners[name]
        rows += [
            (f"{jack}: volts at the ADC", f"{line.offset:.3f} V {line.slope:+.4f} V for each volt"),
            (f"{jack}: ±5 V at the worst corner", f"{ends[0]:.3f} to {ends[1]:.3f} V"),
            (f"{jack}: impedance, -3 dB", f"{line.ohms / 1e3:.0f} kohm, {line.corner_hz:.0f} Hz"),
        ]
    for op_amp in ("TL072", "OPA1678"):
        full, offset = board.tone_out(op_amp, FULL_SCALE_VOLTS), board.output_offset(op_amp)
        rows += [
            (f"IN to the Seed, {op_amp}", _told(board.audio_in(op_amp))),
            (f"the Seed to OUT, {op_amp}", _told(board.audio_out(op_amp))),
            (
                f"converter's full scale at OUT, {op_amp}",
                f"{full.peak:.2f} V peak, {full.distortion:.4%} from clipping",
            ),
            (f"DC at OUT, worst op-amp, {op_amp}", f"{offset * 1e3:.0f} mV"),
        ]
    threshold, base, _, _ = board.gate()
    positive, negative = board.supply_current()
    ripple, vin = board.seed_step()
    volts, amperes = board.reversed_plug()
    rows += [
        ("±12 V at IN, at the Seed's pin", f"{board.tone_in('TL072', 12.0).peak:.2f} V peak"),
        ("GATE: threshold; transistor's base at -12 V", f"{threshold:.2f} V; {base:.2f} V"),
        ("current without the Seed", f"+12 V {positive * 1e3:.1f} mA, -12 V {negative * 1e3:.1f} mA"),
        ("the Seed's ripple of 1 kHz that reaches the rack", f"{ripple:.1%}; VIN at 120 mA {vin:.1f} V"),
        ("power plug reversed", f"{volts * 1e3:.1f} mV on the board, {amperes * 1e6:.1f} uA"),
        ("12 V from another output into OUT", f"{board.dissipation('J2', -12.0, 'R13'):.2f} W in R13"),
    ]
    lines = [
        f"# Simulated figures, revision {REVISION}",
        "",
        "Written by `make hardware` from ngspice on KiCad's netlist. Nothing here was measured. The op-amps' models",
        "know gain-bandwidth, slew rate, swing and offset: distortion is that of clipping, noise is not modelled.",
        "",
        "| what | figure |",
        "|---|---|",
        *(f"| {name} | {figure} |" for name, figure in rows),
        "",
    ]
    return "\n".join(lines)


def _told(response: Response) -> str:
    return f"x {response.gain:.4g}, 20 Hz {response.low_db:+.2f} dB, 20 kHz {response.high_db:+.2f} dB"


def _curves(design: Design, docs: Path) -> None:
    """CV and gate over ±12 V, and both audio paths over frequency."""
    board = design.simulated
    plt.rcParams["svg.hashsalt"] = "gritspace"
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6))
    for jack, name in (("J3", "cv_x"), ("J5", "gate")):
        table = board.run([board.source(jack)], "dc Vjack -12 12 0.05", f"v({board.seed_node(name)})")
        left.plot(table[:, 0], table[:, 1], label={"cv_x": "CV X, CV Y", "gate": "GATE"}[name])
    left.axvspan(-5, 5, alpha=0.08)
    left.set(xlabel="jack, V", ylabel="Seed's pin, V", title="CV and gate (simulated)", ylim=(0, 3.4))
    for label, lines, vector in (
        ("IN to the Seed", [board.source("J1", "dc 0 ac 1")], board.seed_node("audio_in")),
        ("the Seed to OUT", [f"Rload {board.circuit.node('J2', 'T')} 0 100k"], board.circuit.node("J2", "T")),
    ):
        conditions = Conditions(converter="dc 0 ac 1" if "OUT" in label else "dc 0")
        table = board.run(lines, "ac dec 40 1 1Meg", f"vm({vector})", conditions=conditions)
        right.semilogx(table[:, 0], 20 * np.log10(table[:, 1]), label=label)
    right.set(xlabel="Hz", ylabel="dB", title="audio (simulated)", ylim=(-50, 22))
    for axes in (left, right):
        axes.legend()
        axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(docs / "analog.svg", metadata={"Date": None})
    plt.close(figure)
