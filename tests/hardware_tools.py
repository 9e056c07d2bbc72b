# SPDX-License-Identifier: MIT
"""For tests of hardware/: skip them, with the reason, where KiCad 9 or ngspice is not installed."""

import pytest

from hardware.tools import missing

WHY_NOT = missing()
needs_kicad_and_ngspice = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)
