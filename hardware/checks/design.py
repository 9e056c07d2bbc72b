# SPDX-License-Identifier: MIT
"""The files under check, in the repository or in a copy with a planted fault; and what a check answers."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from hardware.gen.pins import Pin, read_pins
from hardware.gen.s_expression import Node, children, parse, properties
from hardware.kicad_cli import REPOSITORY, kicad
from hardware.netlist import Netlist, exported_netlist
from hardware.spice.circuit import Circuit
from hardware.spice.measures import Board

# What checks read, from the root of the repository.
_COPIED = (
    *("hardware/pins.toml", "hardware/README.md", "hardware/kicad", "hardware/fab", "hardware/docs"),
    *("firmware/core", "firmware/generated"),
)


@dataclass(frozen=True)
class Outcome:
    """One check's answer: a figure worth telling, and complaints, none when all is well."""

    figure: str
    complaints: list[str] = field(default_factory=list)


class Design:
    """The files by their places below a root; what KiCad makes of them goes to `work` and is made once."""

    def __init__(self, root: Path, work: Path):
        self.root, self.work = root, work
        self.hardware = root / "hardware"
        work.mkdir(parents=True, exist_ok=True)

    @property
    def schematic(self) -> Path:
        return self.hardware / "kicad" / "module.kicad_sch"

    @property
    def board(self) -> Path:
        return self.hardware / "kicad" / "module.kicad_pcb"

    @property
    def panel(self) -> Path:
        return self.hardware / "kicad" / "panel.kicad_pcb"

    @property
    def fab(self) -> Path:
        return self.hardware / "fab"

    @property
    def firmware(self) -> Path:
        return self.root / "firmware"

    @cached_property
    def pins(self) -> dict[str, Pin]:
        return read_pins(self.hardware / "pins.toml")

    @cached_property
    def netlist(self) -> Netlist:
        return exported_netlist(self.schematic, self.work / "netlist.xml")

    @cached_property
    def laid_out(self) -> Node:
        """What the board's file says."""
        return parse(self.board.read_text(encoding="utf-8"))

    @cached_property
    def footprints(self) -> dict[str, Node]:
        """Those on the board, by their references."""
        return {properties(node)["Reference"]: node for node in children(self.laid_out, "footprint")}

    @cached_property
    def simulated(self) -> Board:
        return Board(Circuit(self.netlist), self.pins)

    @cached_property
    def rules_broken(self) -> dict[str, list[dict[str, Any]]]:
        """KiCad's design rule checks of the board, at every severity, with the schematic's parity."""
        return self.drc(self.board, "--schematic-parity")

    def drc(self, board: Path, *options: str) -> dict[str, list[dict[str, Any]]]:
        report = self.work / f"{board.stem}_drc.json"
        kicad("pcb", "drc", board, *options, "--severity-all", "--format", "json", "--output", report)
        return json.loads(report.read_text())

    def copy(self, root: Path) -> Design:
        """Another one to plant a fault in."""
        for name in _COPIED:
            source, target = self.root / name, root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target)
            else:
                shutil.copy(source, target)
        return Design(root, root / "work")


def repository_design() -> Design:
    return Design(REPOSITORY, REPOSITORY / "build" / "hardware")
