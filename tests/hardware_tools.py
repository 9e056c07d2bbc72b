# SPDX-License-Identifier: MIT
"""For tests of hardware/: skip them, with the reason, where KiCad 9 or ngspice is not installed."""

import pytest

from hardware.kicad_cli import missing as kicad_missing
from hardware.spice.ngspice import missing as ngspice_missing

WHY_NOT = kicad_missing() or ngspice_missing()
needs_kicad_and_ngspice = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)
