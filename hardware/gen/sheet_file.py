# SPDX-License-Identifier: MIT
"""A sheet as the text of a KiCad 9 schematic. The same sheet gives the same bytes: identifiers are hashes of names.

Depends on `sheet`, `symbols` and `s_expression`.
"""

from __future__ import annotations

import uuid

from hardware.gen import symbols
from hardware.gen.s_expression import number, quoted, text_of
from hardware.gen.sheet import GRID_MM, Part, Point, Sheet

PROJECT = "module"  # the name of the KiCad project, and of its files
_NAMES = uuid.UUID("b6f9d7c2-5b0e-4a57-9d0c-7a3c9f2f4f11")
_TEXT_MM = 1.27
_JUSTIFY = {0: "left", 90: "left", 180: "right", 270: "right"}


def identifier(*name: object) -> str:
    """The UUID of a thing, from its name."""
    return str(uuid.uuid5(_NAMES, "/".join(map(str, (PROJECT, *name)))))


ROOT = identifier("root")


def schematic_text(sheet: Sheet) -> str:
    """The whole file."""
    libraries = sorted({part.library_id for part in sheet.parts})
    lines = [
        '(kicad_sch\n\t(version 20250114)\n\t(generator "eeschema")\n\t(generator_version "9.0")',
        f'\t(uuid "{ROOT}")\n\t(paper "A3")',
        f"\t(title_block (title {quoted(sheet.title)}) (rev {quoted(sheet.revision)})",
        '\t\t(company "CERN-OHL-S-2.0") (comment 1 "Checked by ERC, DRC and simulation; never built or measured"))',
        "\t(lib_symbols",
        *(f"\t\t{text_of(symbols.symbol(library_id), 2)}" for library_id in libraries),
        "\t)",
        *_drawing(sheet),
        *(_symbol(part) for part in sheet.parts),
        '\t(sheet_instances (path "/" (page "1")))\n\t(embedded_fonts no)\n)\n',
    ]
    return "\n".join(lines)


def _drawing(sheet: Sheet) -> list[str]:
    """Everything but symbols."""
    lines = []
    for note in sheet.notes:
        size = f"(effects (font (size {note.size_mm} {note.size_mm})) (justify left bottom))"
        name = f'(uuid "{identifier("note", note.text, note.at)}")'
        lines.append(f"\t(text {quoted(note.text)} (exclude_from_sim no) (at {_mm(note.at)} 0) {size} {name})")
    for start, end in sheet.frames:
        shape = f"(start {_mm(start)}) (end {_mm(end)}) (stroke (width 0.15) (type dash)) (fill (type none))"
        lines.append(f'\t(rectangle {shape} (uuid "{identifier("frame", start, end)}"))')
    for point in sheet.junctions():
        name = identifier("junction", point)
        lines.append(f'\t(junction (at {_mm(point)}) (diameter 0) (color 0 0 0 0) (uuid "{name}"))')
    for point in sheet.unconnected:
        lines.append(f'\t(no_connect (at {_mm(point)}) (uuid "{identifier("unconnected", point)}"))')
    for start, end in sheet.cut_wires():
        name = identifier("wire", start, end)
        points = f"(pts (xy {_mm(start)}) (xy {_mm(end)}))"
        lines.append(f'\t(wire {points} (stroke (width 0) (type default)) (uuid "{name}"))')
    for label in sheet.labels:
        effects = f"(effects (font (size {_TEXT_MM} {_TEXT_MM})) (justify {_JUSTIFY[label.rotation]} bottom))"
        name = f'(uuid "{identifier("label", label.net, label.at)}")'
        lines.append(f"\t(label {quoted(label.net)} (at {_mm(label.at)} {label.rotation}) {effects} {name})")
    return lines


def _symbol(part: Part) -> str:
    """A placed symbol with its texts."""
    mirror = f" (mirror {part.mirror})" if part.mirror else ""
    bought = "yes" if part.article else "no"
    lines = [
        f"\t(symbol (lib_id {quoted(part.library_id)}) (at {_mm(part.at)} {part.rotation}){mirror} (unit {part.unit})"
        f" (exclude_from_sim no) (in_bom {bought}) (on_board yes) (dnp no)",
        f'\t\t(uuid "{identifier("symbol", part.reference, part.unit)}")',
        *_properties(part),
    ]
    for pin in part.pin_numbers:
        lines.append(f'\t\t(pin {quoted(pin)} (uuid "{identifier("pin", part.reference, part.unit, pin)}"))')
    instance = f'(path "/{ROOT}" (reference {quoted(part.reference)}) (unit {part.unit}))'
    lines += [f"\t\t(instances (project {quoted(PROJECT)} {instance}))", "\t)"]
    return "\n".join(lines)


def _properties(part: Part) -> list[str]:
    """Reference and value where they can be read, and what only the bill of materials and the board need."""
    if part.article is None:
        beyond = 2.6 if part.library_id == "power:GND" else -2.6
        beyond = -beyond if part.rotation == 180 else beyond
        visible = part.library_id not in ("power:PWR_FLAG", "power:GND")
        at = (part.at[0], part.at[1] + beyond)
        return [
            _property(part, "Reference", part.reference, part.at, False),
            _property(part, "Value", part.value, at, visible),
        ]
    pair = len(part.pin_numbers) == 2
    flat = pair and part.is_horizontal
    default = ((0, -2), (0, 2)) if flat else ((1.6, -0.9), (1.6, 0.9)) if pair else ((1, -4), (1, 4))
    reference, value = part.notes or default
    justify = "" if flat else "left"
    shown = [
        _property(part, name, text, (part.at[0] + where[0], part.at[1] + where[1]), True, justify)
        for name, text, where in (("Reference", part.reference, reference), ("Value", part.value, value))
    ]
    article = part.article
    hidden = {"Footprint": article.footprint, "Manufacturer": article.maker, "MPN": article.number}
    return shown + [_property(part, name, text, part.at, False) for name, text in hidden.items()]


def _property(part: Part, name: str, text: str, at: Point, shown: bool, justify: str = "") -> str:
    """A text of a symbol. KiCad turns it with the symbol, so it is turned back."""
    effects = f"(font (size {_TEXT_MM} {_TEXT_MM}))" + (f" (justify {justify})" if justify else "")
    hidden = "" if shown else " (hide yes)"
    place = f"(at {_mm(at)} {part.rotation % 180})"
    return f"\t\t(property {quoted(name)} {quoted(text)} {place} (effects {effects}{hidden}))"


def _mm(point: Point) -> str:
    return f"{number(point[0] * GRID_MM)} {number(point[1] * GRID_MM)}"
