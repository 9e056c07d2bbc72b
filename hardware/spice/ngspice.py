# SPDX-License-Identifier: MIT
"""Runs ngspice in batch and reads what it wrote. Knows nothing of the circuit."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

MODELS = Path(__file__).resolve().parent / "models.lib"
# ngspice goes on after a failed operating point, prints numbers of no meaning and exits with 0.
_FAILED = re.compile(r".*(singular matrix|transient op started|aborted|timestep too small).*", re.IGNORECASE)


class SimulationError(RuntimeError):
    """ngspice is absent, or found no solution: the circuit cannot be as it is drawn."""


def missing() -> str:
    """Why nothing can be simulated, or an empty string."""
    return "" if shutil.which("ngspice") else "ngspice is not installed (Debian package ngspice)"


def simulate(lines: Sequence[str], analysis: str, *vectors: str) -> np.ndarray:
    """The table (points, 1 + vectors) of one analysis: its sweep, then each vector. Raises SimulationError."""
    why = missing()
    if why:
        raise SimulationError(why)
    deck = [
        "* a board, from KiCad's netlist",
        f".include {MODELS}",
        ".options reltol=1e-4 abstol=1e-10 vntol=1e-6 gmin=1e-12",
        *lines,
        ".control",
        "set wr_singlescale",
        "set numdgt=8",
        analysis,
        f"wrdata table.txt {' '.join(vectors)}",
        "quit",
        ".endc",
        ".end",
    ]
    return _table("\n".join(deck) + "\n")


@cache
def _table(deck: str) -> np.ndarray:
    """What a deck writes to table.txt. Several checks ask the same of one board: ngspice is asked once."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "deck.cir").write_text(deck)
        command = ["ngspice", "-b", "deck.cir"]
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
        failed = _FAILED.search(run.stdout + run.stderr)
        table = Path(folder, "table.txt")
        if failed or not table.is_file():
            reason = failed.group(0).strip() if failed else "it wrote nothing"
            raise SimulationError(f"ngspice found no solution ({reason})")
        read = np.loadtxt(table, ndmin=2)
        read.setflags(write=False)  # for it is shared
        return read
