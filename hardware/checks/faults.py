# SPDX-License-Identifier: MIT
"""Faults that people make, to be planted in a copy of the design, each with the check that must notice it.

Depends on `design` and on the drawing. A check that notices none of these has no reason to be.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from hardware.checks.design import Design
from hardware.checks.registry import AGREEMENT, CHECKS
from hardware.gen import seed
from hardware.gen.parts import resistor
from hardware.gen.schematic import drawn_sheet
from hardware.gen.sheet import Part, Sheet
from hardware.gen.sheet_file import schematic_text

_LAYOUT = ("DRC", "copper", "panel DRC", "panel holes")
# Which checks read what a fault changes; the others would answer as before. A fault in the drawing is judged as if
# board and order files had been made from it, so those that only compare files are left out.
READS_DRAWING = tuple(name for name in CHECKS if name not in (*AGREEMENT, *_LAYOUT, "pin header"))
READS_PINS = ("drawing", "documents", "pin map", "pin kinds", "pin header")
READS_BOARD = ("DRC", "copper", "parity", "parts", "order files", "panel holes")
READS_PANEL = ("drawing", "panel DRC", "order files", "panel holes")
READS_DOCUMENTS = ("documents",)
READS_ORDER = ("parts", "order files")
READS_FIRMWARE = ("pin header", "calibration")


@dataclass(frozen=True)
class Fault:
    """`plant` changes the files of a copy; `catcher` is the check that must complain then."""

    name: str
    catcher: str
    plant: Callable[[Design], None]
    readers: tuple[str, ...]


def drawn(name: str, catcher: str, change: Callable[[Sheet], None]) -> Fault:
    """A fault in the schematic, drawn by the scripts otherwise."""

    def plant(design: Design) -> None:
        sheet = drawn_sheet(design.pins)
        before = repr(sheet)
        change(sheet)
        if repr(sheet) == before:
            raise ValueError(f"the fault {name!r} changes nothing")
        design.schematic.write_text(schematic_text(sheet), encoding="utf-8")

    return Fault(name, catcher, plant, READS_DRAWING)


def edited(
    name: str, catcher: str, readers: tuple[str, ...], file: str, before: str, after: str, count: int = 1
) -> Fault:
    """A fault in a file: the first `before` becomes `after`, or as many as `count` says."""
    return Fault(name, catcher, lambda design: replace_text(design.root / file, before, after, count), readers)


def replace_text(path: Path, before: str, after: str, count: int = 1) -> None:
    """As `str.replace` does (-1: everywhere), but a fault that would change nothing raises ValueError."""
    text = path.read_text(encoding="utf-8")
    if before not in text:
        raise ValueError(f"no fault can be planted in {path.name}, for it has no {before!r}")
    path.write_text(text.replace(before, after, count), encoding="utf-8")


def value(reference: str, text: str) -> Callable[[Sheet], None]:
    def change(sheet: Sheet) -> None:
        sheet.part(reference).value = text

    return change


def turned(reference: str) -> Callable[[Sheet], None]:
    """The wrong way round, its wires as they were."""

    def change(sheet: Sheet) -> None:
        part = sheet.part(reference)
        part.rotation = (part.rotation + 180) % 360

    return change


def upside_down(reference: str, unit: int) -> Callable[[Sheet], None]:
    """An op-amp with plus and minus exchanged, or a pot with its ends."""

    def change(sheet: Sheet) -> None:
        part = sheet.part(reference, unit)
        part.mirror = "" if part.mirror else "x"

    return change


def relabelled(before: str, after: str, everywhere: bool = False) -> Callable[[Sheet], None]:
    """A net's last label, or all of them, with another name."""

    def change(sheet: Sheet) -> None:
        labels = [label for label in sheet.labels if label.net == before]
        for label in labels if everywhere else labels[-1:]:
            label.net = after

    return change


def exchanged(one: str, other: str) -> Callable[[Sheet], None]:
    """Two labels at the Seed's pins."""

    def change(sheet: Sheet) -> None:
        chip = sheet.part("A1")
        ends = {(chip.pin(number)[0] + side, chip.pin(number)[1]) for number in chip.pin_numbers for side in (-4, 4)}
        for label in sheet.labels:
            if label.at in ends and label.net in (one, other):
                label.net = other if label.net == one else one

    return change


def open_ground(sheet: Sheet) -> None:
    """The Seed's analog ground marked as not connected."""
    at = sheet.part("A1").pin(seed.AGND)
    below = (at[0], at[1] + 2)
    sheet.wires = [wire for wire in sheet.wires if at not in wire]
    sheet.parts = [part for part in sheet.parts if not (part.library_id == "power:GND" and part.at == below)]
    sheet.unconnected.append(at)


def other_supply(sheet: Sheet) -> None:
    """The CV op-amp on 12 V."""
    pin = sheet.part("U1", 3).pin(8)
    mark = _supply_at(sheet, "+3.3VA", (pin[0], pin[1] - 2))
    mark.library_id, mark.value = "power:+12V", "+12V"


def _supply_at(sheet: Sheet, net: str, at: tuple[float, float]) -> Part:
    return next(part for part in sheet.parts if part.value == net and part.at == at)


def forgotten_wire(sheet: Sheet) -> None:
    """Nothing leads to the output jack's tip."""
    tip = sheet.part("J2").pin("T")
    sheet.wires = [wire for wire in sheet.wires if tip not in wire]


def small_output_resistor(sheet: Sheet) -> None:
    sheet.part("R13").article = resistor("1k")


def no_number(sheet: Sheet) -> None:
    part = sheet.part("R5")
    assert part.article is not None
    part.article = replace(part.article, number="")


def moved_tables(before: str, after: str) -> Callable[[Design], None]:
    """pins.toml changed, and the schematic drawn from it."""

    def plant(design: Design) -> None:
        replace_text(design.hardware / "pins.toml", before, after)
        design.schematic.write_text(schematic_text(drawn_sheet(design.pins)), encoding="utf-8")

    return plant
