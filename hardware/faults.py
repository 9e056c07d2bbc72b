# SPDX-License-Identifier: MIT
"""Plants every fault in a copy of the design and prints which checks noticed it.

python -m hardware.faults [--markdown FILE]
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from hardware.checks.design import repository_design
from hardware.checks.fault_list import FAULTS
from hardware.checks.faults import Fault
from hardware.checks.registry import outcome
from hardware.gen.pins import read_pins
from hardware.gen.schematic import drawn_sheet
from hardware.tools import missing

HEADING = """# Planted faults

Written by `make hardware`: each fault is planted in a copy of the design; in bold the check that must notice it. A
fault in the drawing is judged as if board and order files had been made from it: no comparison of files counts then.
"""


def noticed_by(number: int) -> list[str]:
    """The checks that complain of a copy of the design with this fault."""
    fault, design = FAULTS[number], repository_design()
    with tempfile.TemporaryDirectory() as folder:
        copy = design.copy(Path(folder))
        fault.plant(copy)
        return [name for name in fault.readers if outcome(name, copy).complaints]


def table(rows: list[tuple[Fault, list[str]]]) -> str:
    """As Markdown, the check that must notice a fault first."""
    lines = ["| planted fault | noticed by |", "|---|---|"]
    for fault, noticed in rows:
        first = [f"**{fault.catcher}**"] if fault.catcher in noticed else ["NOT NOTICED BY " + fault.catcher]
        lines.append(f"| {fault.name} | {', '.join(first + [name for name in noticed if name != fault.catcher])} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m hardware.faults", description=__doc__.splitlines()[0])
    parser.add_argument("--markdown", type=Path, help="write the table to this file, too")
    options = parser.parse_args()
    why = missing()
    if why:
        print(f"nothing can be checked: {why}", file=sys.stderr)
        return 2
    begun = time.monotonic()
    drawn_sheet(read_pins())  # reads KiCad's libraries, which the processes then share
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        rows = list(zip(FAULTS, pool.map(noticed_by, range(len(FAULTS))), strict=True))
    text = table(rows)
    print(text, end="")
    if options.markdown:
        options.markdown.write_text(f"{HEADING}\n{text}", encoding="utf-8")
    caught = sum(fault.catcher in noticed for fault, noticed in rows)
    print(f"{caught} of {len(FAULTS)} planted faults are noticed, {time.monotonic() - begun:.0f} s")
    return 0 if caught == len(FAULTS) else 1


if __name__ == "__main__":
    sys.exit(main())
