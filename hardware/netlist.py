# SPDX-License-Identifier: MIT
"""The netlist that KiCad exports from the schematic: which pin is on which net, and what each part is."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

from hardware.kicad_cli import kicad


@dataclass(frozen=True)
class Component:
    value: str
    footprint: str
    maker: str
    number: str


class Netlist:
    """`nets[part, pin]` is the name of a net, without the slash that KiCad puts before labels."""

    def __init__(self, path: Path):
        root = ElementTree.parse(path).getroot()
        self.components: dict[str, Component] = {}
        for node in root.iter("comp"):
            fields = {field.get("name"): field.text or "" for field in node.iter("field")}
            self.components[node.get("ref", "")] = Component(
                node.findtext("value", ""),
                node.findtext("footprint", ""),
                fields.get("Manufacturer", ""),
                fields.get("MPN", ""),
            )
        self.nets: dict[tuple[str, str], str] = {}
        for net in root.iter("net"):
            for pin in net.iter("node"):
                self.nets[pin.get("ref", ""), pin.get("pin", "")] = net.get("name", "").removeprefix("/")

    def net(self, part: str, pin: str | int) -> str:
        """Of a pin; what is not connected has a name of its own."""
        return self.nets.get((part, str(pin)), f"unconnected-{part}-{pin}")


def exported_netlist(schematic: Path, target: Path) -> Netlist:
    kicad("sch", "export", "netlist", "--format", "kicadxml", schematic, "--output", target)
    return Netlist(target)
