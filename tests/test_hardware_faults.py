# SPDX-License-Identifier: MIT
"""Every planted fault is noticed by the check that is there for it, and no check is there for nothing."""

from pathlib import Path

import pytest
from hardware_tools import needs_kicad_and_ngspice

from hardware.checks.design import Design
from hardware.checks.fault_list import FAULTS
from hardware.checks.faults import Fault
from hardware.checks.registry import CHECKS, outcome


def test_every_check_has_a_fault_to_catch() -> None:
    assert {fault.catcher for fault in FAULTS} == set(CHECKS)
    assert all(fault.catcher in fault.readers for fault in FAULTS)
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)


@needs_kicad_and_ngspice
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_fault_is_noticed(fault: Fault, repository: Path, tmp_path: Path) -> None:
    copy = Design(repository, tmp_path / "work").copy(tmp_path / "copy")
    fault.plant(copy)
    assert outcome(fault.catcher, copy).complaints
