# SPDX-License-Identifier: MIT
"""KiCad's own rules, at every severity: electrical, of the layout, and that both say the same."""

from __future__ import annotations

import json
from collections import Counter

from hardware.checks.design import Design, Outcome
from hardware.kicad_cli import kicad


def electrical_rules(design: Design) -> Outcome:
    """ERC without an exception."""
    report = design.work / "erc.json"
    kicad("sch", "erc", design.schematic, "--severity-all", "--format", "json", "--output", report)
    found = [item for sheet in json.loads(report.read_text())["sheets"] for item in sheet["violations"]]
    return Outcome(f"{len(found)} violations", _told(found))


def layout_rules(design: Design) -> Outcome:
    """DRC of the board without an exception, silkscreen included, and nothing left unconnected."""
    found = design.rules_broken["violations"] + design.rules_broken["unconnected_items"]
    return Outcome(f"{len(found)} violations", _told(found))


def panel_rules(design: Design) -> Outcome:
    found = design.drc(design.panel)
    broken = found["violations"] + found["unconnected_items"]
    return Outcome(f"{len(broken)} violations", _told(broken))


def parity(design: Design) -> Outcome:
    """The board has the schematic's parts and nets. KiCad grades the worst of these as warnings."""
    found = design.rules_broken["schematic_parity"]
    return Outcome(f"{len(found)} differences", _told(found))


def _told(found: list[dict]) -> list[str]:
    counts = Counter(f"{item['type']}: {item['items'][0]['description'] if item['items'] else ''}" for item in found)
    return [f"{text} ({count} x)" for text, count in sorted(counts.items())]
