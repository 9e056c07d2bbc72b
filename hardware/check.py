# SPDX-License-Identifier: MIT
"""Runs every check of the board and prints one line each; the exit status says whether all is well.

python -m hardware.check
"""

from __future__ import annotations

import sys
import time

from hardware.checks.design import repository_design
from hardware.checks.registry import CHECKS, outcome
from hardware.tools import missing


def main() -> int:
    why = missing()
    if why:
        print(f"nothing can be checked: {why}", file=sys.stderr)
        return 2
    design, failed, begun = repository_design(), 0, time.monotonic()
    for name in CHECKS:
        result = outcome(name, design)
        failed += bool(result.complaints)
        print(f"{'FAIL' if result.complaints else 'ok  '}  {name:16}  {result.figure}")
        for complaint in result.complaints:
            print(f"        {complaint}")
    print(f"{len(CHECKS) - failed} of {len(CHECKS)} checks pass, {time.monotonic() - begun:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
