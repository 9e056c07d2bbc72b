# SPDX-License-Identifier: MIT
"""Every check of the module's board passes on what is committed: rules, wiring, parts, simulation, order files."""

from pathlib import Path

import pytest
from hardware_tools import needs_kicad_and_ngspice

from hardware.checks.design import Design
from hardware.checks.registry import CHECKS, outcome


@pytest.fixture(scope="module")
def design(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Design:
    return Design(repository, tmp_path_factory.mktemp("hardware"))


@needs_kicad_and_ngspice
@pytest.mark.parametrize("name", CHECKS)
def test_check_passes(name: str, design: Design) -> None:
    assert outcome(name, design).complaints == []
