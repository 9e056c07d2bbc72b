# SPDX-License-Identifier: MIT
"""Makes everything in this folder from pins.toml and the scripts: drawing, board, panel, order files, pictures.

python -m hardware.build
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from hardware import documents
from hardware.checks.design import Design, repository_design
from hardware.gen.canonical import make_canonical
from hardware.gen.fabrication import expected_files, picture, schematic_pdf
from hardware.gen.panel import write_panel
from hardware.gen.pin_header import write_header
from hardware.gen.schematic import write_schematic
from hardware.kicad_cli import REPOSITORY, environment
from hardware.tools import missing

DEBIANS_PYTHON = "/usr/bin/python3"  # the one that has KiCad's pcbnew


def lay_out(design: Design) -> None:
    """Places, routes and fills the board. pcbnew writes the project file anew, so that is put back."""
    project = design.board.with_suffix(".kicad_pro")
    kept = project.read_bytes()
    problem, routes, netlist = (design.work / name for name in ("problem.json", "routes.json", "netlist.xml"))
    assert design.netlist  # exported by now
    draft = design.work / "draft" / design.board.name
    draft.parent.mkdir(exist_ok=True)
    shutil.copy(project, draft.with_suffix(".kicad_pro"))
    _run(DEBIANS_PYTHON, "hardware.gen.board", "place", netlist, draft, problem)
    _run(sys.executable, "hardware.gen.routes", problem, routes)
    _run(DEBIANS_PYTHON, "hardware.gen.board", "route", draft, routes)
    make_canonical(draft)
    shutil.copy(draft, design.board)
    project.write_bytes(kept)


def _run(python: str, module: str, *arguments: str | Path) -> None:
    command = [python, "-m", module, *map(str, arguments)]
    variables = environment() | {"PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": "1"}
    finished = subprocess.run(command, cwd=REPOSITORY, env=variables, capture_output=True, text=True, check=False)
    if finished.returncode:
        said = finished.stderr.strip().splitlines() or ["no reason given"]
        raise SystemExit(f"{module} failed: {said[-1]}")


def order(design: Design) -> None:
    design.fab.mkdir(exist_ok=True)
    for name, content in expected_files(design.schematic, design.board, design.panel).items():
        (design.fab / name).write_bytes(content)


def picture_all(design: Design) -> None:
    docs = design.hardware / "docs"
    (docs / "schematic.pdf").write_bytes(schematic_pdf(design.schematic))
    for board, side, name in (
        (design.board, "top", "front"),
        (design.board, "bottom", "back"),
        (design.panel, "top", "panel"),
    ):
        picture(board, side, docs / f"{name}.png", 700, 1300)


def main() -> int:
    why = missing()
    if why:
        print(f"nothing can be made: {why}", file=sys.stderr)
        return 2
    design = repository_design()
    steps: tuple[tuple[str, Callable[[], object]], ...] = (
        ("draw the schematic", write_schematic),
        ("draw the panel", write_panel),
        ("write the firmware's pins", write_header),
        ("lay out the board", lambda: lay_out(design)),
        ("export what is ordered", lambda: order(design)),
        ("picture it", lambda: picture_all(design)),
        ("simulate what the documents tell", lambda: documents.write(design)),
    )
    for name, step in steps:
        begun = time.monotonic()
        step()
        print(f"{time.monotonic() - begun:6.1f} s  {name}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
