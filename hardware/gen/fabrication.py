# SPDX-License-Identifier: MIT
"""What a maker orders from: Gerbers and drill files as one archive a board, bill of materials, positions.

Depends on `kicad_cli` and `placement`. Dates and the last digit of KiCad's version are taken out: the same board
gives the same bytes.
"""

from __future__ import annotations

import re
import tempfile
import zipfile
from pathlib import Path

from hardware.gen.placement import REVISION
from hardware.kicad_cli import kicad

BOM_FIELDS = "Reference,Value,Footprint,${QUANTITY},Manufacturer,MPN"
LAYERS = "F.Cu,B.Cu,F.Mask,B.Mask,F.Paste,B.Paste,F.SilkS,B.SilkS,Edge.Cuts"
_DATE = re.compile(rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[+-]\d\d:?\d\d)?")
_VERSION = re.compile(rb"9\.0\.\d+(?:[-+~][\w.+~-]*)?")  # of KiCad: a corrected release draws the same board
_NO_DATE = b"1980-01-01T00:00:00+00:00"
_PDF_DATE = re.compile(rb"(/(?:Creation|Mod)Date ?\(D:)\d+")


def gerber_archive(board: Path) -> bytes:
    """A zip of Gerbers and drill files."""
    with tempfile.TemporaryDirectory() as name:
        folder, archive = Path(name), Path(name) / "archive.zip"
        plots = folder / "plots"
        plots.mkdir()
        kicad("pcb", "export", "gerbers", board, "--output", f"{plots}/", "--layers", LAYERS, "--subtract-soldermask")
        kicad("pcb", "export", "drill", board, "--output", f"{plots}/", "--excellon-separate-th")
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
            for path in sorted(plots.iterdir()):
                entry = zipfile.ZipInfo(path.name, (1980, 1, 1, 0, 0, 0))
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                file.writestr(entry, _VERSION.sub(b"9.0", _DATE.sub(_NO_DATE, path.read_bytes())))
        return archive.read_bytes()


def bill_of_materials(schematic: Path) -> str:
    """One line an article, with its maker and number."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "bom.csv"
        kicad(
            *("sch", "export", "bom", schematic, "--output", target, "--fields", BOM_FIELDS),
            *("--group-by", "Value,Footprint,MPN", "--ref-range-delimiter", ""),
            *("--labels", "Reference,Value,Footprint,Quantity,Manufacturer,MPN"),
        )
        return target.read_text(encoding="utf-8")


def positions(board: Path) -> str:
    """Middle and rotation of every part, for a machine that places them."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "positions.csv"
        kicad("pcb", "export", "pos", board, "--output", target, "--format", "csv", "--units", "mm", "--side", "both")
        return target.read_text(encoding="utf-8")


def expected_files(schematic: Path, board: Path, panel: Path) -> dict[str, bytes]:
    """What belongs into fab/, by name."""
    return {
        f"module-{REVISION}-gerbers.zip": gerber_archive(board),
        f"panel-{REVISION}-gerbers.zip": gerber_archive(panel),
        "bom.csv": bill_of_materials(schematic).encode(),
        "positions.csv": positions(board).encode(),
    }


def schematic_pdf(schematic: Path) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "schematic.pdf"
        kicad("sch", "export", "pdf", schematic, "--output", target)
        # The same number of digits, or the file's table of offsets would be wrong.
        return _PDF_DATE.sub(lambda match: match[1] + b"0" * (len(match[0]) - len(match[1])), target.read_bytes())


def picture(board: Path, side: str, target: Path, width: int, height: int) -> None:
    """KiCad's rendering of a board; parts are not drawn, for their 3-D models are not installed."""
    sizes = ("--width", str(width), "--height", str(height))
    kicad("pcb", "render", board, "--output", target, "--side", side, *sizes, "--background", "opaque")
