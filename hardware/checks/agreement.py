# SPDX-License-Identifier: MIT
"""What is committed is what the scripts make of it: drawing, panel, order files; and all name the same parts."""

from __future__ import annotations

import csv
import io

from hardware.checks.design import Design, Outcome
from hardware.documents import simulated_text, with_pin_table
from hardware.gen.fabrication import expected_files
from hardware.gen.panel import panel_text
from hardware.gen.s_expression import properties
from hardware.gen.schematic import drawn_sheet
from hardware.gen.sheet_file import schematic_text


def drawing(design: Design) -> Outcome:
    """Schematic and panel, drawn again, give the same bytes."""
    wrong = []
    if design.schematic.read_text(encoding="utf-8") != schematic_text(drawn_sheet(design.pins)):
        wrong.append("kicad/module.kicad_sch is not what hardware/gen draws; run make hardware")
    if design.panel.read_text(encoding="utf-8") != panel_text():
        wrong.append("kicad/panel.kicad_pcb is not what hardware/gen draws; run make hardware")
    return Outcome("2 files", wrong)


def order_files(design: Design) -> Outcome:
    """Everything in fab/, exported again, gives the same bytes."""
    expected = expected_files(design.schematic, design.board, design.panel)
    wrong = [
        f"fab/{name} is not that of the design; run make hardware"
        for name, content in expected.items()
        if not (design.fab / name).is_file() or (design.fab / name).read_bytes() != content
    ]
    return Outcome(f"{len(expected)} files", wrong)


def told_figures(design: Design) -> Outcome:
    """The README's table of pins and the simulated figures in docs/ are those of the design."""
    readme = (design.hardware / "README.md").read_text(encoding="utf-8")
    wrong = []
    if with_pin_table(readme, design) != readme:
        wrong.append("hardware/README.md has another table of pins; run make hardware")
    if (design.hardware / "docs" / "simulated.md").read_text(encoding="utf-8") != simulated_text(design):
        wrong.append("docs/simulated.md tells other figures than the simulation; run make hardware")
    return Outcome("2 documents", wrong)


def bill_of_materials(design: Design) -> Outcome:
    """Every part has a footprint, a maker and a number; schematic, board and fab/bom.csv name the same."""
    wrong = [
        f"{reference} lacks a footprint, a maker or a part number"
        for reference, part in design.netlist.components.items()
        if not (part.footprint and part.maker and part.number)
    ]
    drawn = {reference: (part.value, part.number) for reference, part in design.netlist.components.items()}
    texts = {reference: properties(footprint) for reference, footprint in design.footprints.items()}
    placed = {reference: (text["Value"], text.get("MPN", "")) for reference, text in texts.items()}
    ordered = _ordered((design.fab / "bom.csv").read_text(encoding="utf-8"))
    for name, parts in (("the board", placed), ("fab/bom.csv", ordered)):
        for reference in sorted(drawn.keys() | parts.keys()):
            if drawn.get(reference) != parts.get(reference):
                wrong.append(f"{reference}: {drawn.get(reference)} in the schematic, {parts.get(reference)} in {name}")
    return Outcome(f"{len(drawn)} parts, {len(set(drawn.values()))} articles", wrong)


def _ordered(bom: str) -> dict[str, tuple[str, str]]:
    rows = csv.DictReader(io.StringIO(bom))
    return {ref.strip(): (row["Value"], row["MPN"]) for row in rows for ref in row["Reference"].split(",")}
