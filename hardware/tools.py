# SPDX-License-Identifier: MIT
"""Whether the programs that board and checks need are there. Depends on `kicad_cli` and `spice.ngspice`."""

from __future__ import annotations

from hardware import kicad_cli
from hardware.spice import ngspice


def missing() -> str:
    """Why nothing can be made or checked, or an empty string."""
    return kicad_cli.missing() or ngspice.missing()
