# SPDX-License-Identifier: MIT
"""All checks by name, in the order in which one would look. Depends on every check."""

from __future__ import annotations

from collections.abc import Callable

from hardware.checks import agreement, analog, copper, firmware, rules, wiring
from hardware.checks.design import Design, Outcome
from hardware.kicad_cli import KicadError
from hardware.spice.ngspice import SimulationError

Check = Callable[[Design], Outcome]

CHECKS: dict[str, Check] = {
    "drawing": agreement.drawing,
    "ERC": rules.electrical_rules,
    "DRC": rules.layout_rules,
    "copper": copper.copper,
    "panel DRC": rules.panel_rules,
    "parity": rules.parity,
    "parts": agreement.bill_of_materials,
    "order files": agreement.order_files,
    "documents": agreement.told_figures,
    "pin map": wiring.pin_map,
    "pin kinds": wiring.pin_kinds,
    "contract": wiring.contract,
    "panel holes": wiring.panel_holes,
    "CV transfer": analog.cv_transfer,
    "CV corners": analog.cv_corners,
    "audio in": analog.audio_in,
    "audio out": analog.audio_out,
    "Seed pin limits": analog.seed_pin_limits,
    "jack abuse": analog.jack_abuse,
    "gate": analog.gate_threshold,
    "reversed plug": analog.reversed_plug,
    "supply current": analog.supply_current,
    "Seed supply": analog.seed_supply,
    "pin header": firmware.pin_header,
    "calibration": firmware.calibration,
}
# These compare files with each other. Someone who makes board and order files from a wrong drawing satisfies them all,
# so they do not count when a fault is planted in the drawing.
AGREEMENT = ("drawing", "parity", "parts", "order files", "documents")


def outcome(name: str, design: Design) -> Outcome:
    """Runs a check. What cannot even be exported, modelled or simulated is a complaint, too."""
    try:
        return CHECKS[name](design)
    except (KicadError, SimulationError, ValueError) as error:
        return Outcome("none", [str(error)])
