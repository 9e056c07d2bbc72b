# SPDX-License-Identifier: MIT
"""The planted faults: in the drawing, the pin table, the board, the panel, the order files and the firmware."""

from __future__ import annotations

import re
from dataclasses import replace

from hardware.checks.design import Design
from hardware.checks.faults import (
    READS_BOARD,
    READS_DOCUMENTS,
    READS_DRAWING,
    READS_FIRMWARE,
    READS_ORDER,
    READS_PANEL,
    READS_PINS,
    Fault,
    drawn,
    edited,
    exchanged,
    forgotten_wire,
    moved_tables,
    no_number,
    open_ground,
    other_supply,
    relabelled,
    replace_text,
    small_output_resistor,
    turned,
    upside_down,
    value,
)

_BOARD = "hardware/kicad/module.kicad_pcb"
_PANEL = "hardware/kicad/panel.kicad_pcb"
_FILLED = '(filled_polygon\n\t\t\t(layer "{}.Cu")'


def _track_removed(design: Design) -> None:
    """The widest piece of the Seed's supply."""
    text = design.board.read_text(encoding="utf-8")
    pieces = re.findall(r"\n\t\(segment\n(?:\t\t.*\n)+\t\)", text)
    supply = [piece for piece in pieces if f"(net {_net_number(text, '/VIN_SEED')})" in piece]
    longest = max(supply, key=lambda piece: _length(piece))
    replace_text(design.board, longest, "")


def _net_number(board: str, name: str) -> str:
    match = re.search(rf'\(net (\d+) "{re.escape(name)}"\)', board)
    assert match is not None
    return match[1]


def _length(segment: str) -> float:
    ends = re.findall(r"\((?:start|end) ([\d.]+) ([\d.]+)\)", segment)
    (x0, y0), (x1, y1) = ((float(x), float(y)) for x, y in ends)
    return abs(x1 - x0) + abs(y1 - y0)


def _other_net(design: Design) -> None:
    """A pad of the reference on the board goes where the schematic has not put it."""
    text = design.board.read_text(encoding="utf-8")
    number = _net_number(text, "/-10V_REF")
    other = _net_number(text, "/CV_X")
    pad, moved = (f'(net {net} "/{name}")\n\t\t\t(uuid' for net, name in ((number, "-10V_REF"), (other, "CV_X")))
    replace_text(design.board, pad, moved)


def _stale_archive(design: Design) -> None:
    """The panel's Gerbers under the module's name."""
    archives = sorted(design.fab.glob("*-gerbers.zip"))
    archives[0].write_bytes(archives[1].read_bytes())


FAULTS = (
    drawn("-10 V reference the wrong way round", "CV transfer", turned("U3")),
    drawn("CV feedback 33k for 30k", "CV transfer", value("R3", "33k")),
    drawn("CV input 10k for 100k", "CV transfer", value("R1", "10k")),
    drawn("CV filter 1u for 10n", "CV transfer", value("C2", "1u")),
    drawn("CV offset 150k for 180k", "CV corners", value("R5", "150k")),
    drawn("CV op-amp, plus and minus exchanged", "CV transfer", upside_down("U1", 1)),
    drawn("CV op-amp on 12 V", "Seed pin limits", other_supply),
    drawn("audio in, 20k for 15k", "Seed pin limits", value("R8", "20k")),
    drawn("audio in, plus and minus exchanged", "audio in", upside_down("U2", 1)),
    drawn("audio in, 15n for 150p", "audio in", value("C3", "15n")),
    drawn("audio out, 22n for 22p", "audio out", value("C5", "22n")),
    drawn("audio out, 200k for 100k", "audio out", value("R12", "200k")),
    drawn("audio out, plus and minus exchanged", "audio out", upside_down("U2", 2)),
    drawn("output resistor in 0603", "jack abuse", small_output_resistor),
    drawn("gate's clamp the wrong way round", "gate", turned("D3")),
    drawn("gate, 1M for 100k", "gate", value("R14", "1M")),
    drawn("diode of +12 V the wrong way round", "reversed plug", turned("D1")),
    drawn("diode of -12 V the wrong way round", "contract", turned("D2")),
    drawn("header turned round", "contract", turned("J6")),
    drawn("reference fed through 200R", "supply current", value("R19", "200R")),
    drawn("Seed fed through 1k", "Seed supply", value("R18", "1k")),
    drawn("the Seed's AGND left open", "contract", open_ground),
    drawn("knob X, ends exchanged", "contract", upside_down("RV1", 1)),
    drawn("two pins of the Seed exchanged", "pin map", exchanged("POT_X", "CV_Y")),
    drawn("a wire forgotten", "ERC", forgotten_wire),
    drawn("a label misspelt", "ERC", relabelled("AUDIO_OUT", "AUDIO_OTU")),
    replace(drawn("a part without a number", "parts", no_number), readers=(*READS_DRAWING, "parts")),
    Fault("an LED on a pin without PWM", "pin kinds", moved_tables('"D11"', '"D10"'), READS_DRAWING),
    Fault("a knob on a pin without ADC", "pin kinds", moved_tables('"A5"', '"D7"'), READS_DRAWING),
    edited("pins.toml changed, nothing redrawn", "drawing", READS_PINS, "hardware/pins.toml", '"D6"', '"D7"'),
    Fault("a track removed", "DRC", _track_removed, READS_BOARD),
    edited("a track 3 mm wide", "DRC", READS_BOARD, _BOARD, "(width 0.3)", "(width 3)"),
    edited("a power track as narrow as a signal", "copper", READS_BOARD, _BOARD, "(width 0.8)", "(width 0.3)"),
    edited("no ground on the front", "copper", READS_BOARD, _BOARD, _FILLED.format("F"), _FILLED.format("B"), count=-1),
    Fault("a pad on another net", "parity", _other_net, READS_BOARD),
    edited("another value on the board", "parts", READS_BOARD, _BOARD, '"Value" "180k"', '"Value" "150k"'),
    edited(
        *("a hole of the panel 1 mm off", "panel holes", READS_PANEL, _PANEL),
        *("(center 14.5 29) (end 18.1 29)", "(center 15.5 29) (end 19.1 29)"),
    ),
    edited("the panel's edge through a hole", "panel DRC", READS_PANEL, _PANEL, "(start 0 0)", "(start 8 0)"),
    edited("a wrong number ordered", "parts", READS_ORDER, "hardware/fab/bom.csv", "TL072CDR", "TL074CDR"),
    Fault("the wrong Gerbers in the archive", "order files", _stale_archive, READS_ORDER),
    edited(
        *("another figure in the documents", "documents", READS_DOCUMENTS),
        *("hardware/docs/simulated.md", "1.41 V", "1.31 V"),
    ),
    edited(
        *("firmware: CV zero 0.1 V off", "calibration", READS_FIRMWARE),
        *("firmware/core/settings.cpp", "CodeOf(1667)", "CodeOf(1767)"),
    ),
    edited(
        *("firmware: CV slope 3 % off", "calibration", READS_FIRMWARE),
        *("firmware/core/settings.cpp", "CodeOf(300)", "CodeOf(309)"),
    ),
    edited(
        *("firmware: another pin in the header", "pin header", READS_FIRMWARE),
        *("firmware/generated/pins.h", "kGate = 6", "kGate = 7"),
    ),
)
