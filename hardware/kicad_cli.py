# SPDX-License-Identifier: MIT
"""Runs kicad-cli with the libraries of Debian's packages, whatever the user's own settings are. Depends on KiCad 9."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
TEMPLATES = Path("/usr/share/kicad/template")
_TABLES = ("sym-lib-table", "fp-lib-table")


class KicadError(RuntimeError):
    """KiCad is absent, another version, or refused its input: one sentence with the remedy."""


def missing() -> str:
    """Why nothing here can run, or an empty string."""
    if (found := shutil.which("kicad-cli")) is None:
        return "kicad-cli is not installed (KiCad 9; Debian 12 has it in bookworm-backports, see hardware/README.md)"
    version = _version(found)
    if not version.startswith("9."):
        return f"kicad-cli is version {version}, and these files are KiCad 9's (see hardware/README.md)"
    if not all((TEMPLATES / table).is_file() for table in _TABLES):
        return "KiCad's libraries are not installed (packages kicad-symbols and kicad-footprints)"
    return ""


@functools.cache
def _version(program: str) -> str:
    """Asked once: it takes KiCad half a second."""
    return subprocess.run([program, "version"], capture_output=True, text=True, check=False).stdout.strip()


def environment() -> dict[str, str]:
    """With a settings folder of our own that knows the stock libraries; without it ERC warns of every symbol."""
    settings = REPOSITORY / "build" / "kicad_settings"
    folder = settings / "9.0"
    folder.mkdir(parents=True, exist_ok=True)
    for table in _TABLES:
        if not (folder / table).is_file():
            partial = folder / f"{table}.{os.getpid()}"
            shutil.copy(TEMPLATES / table, partial)
            partial.rename(folder / table)
    return os.environ | {"KICAD_CONFIG_HOME": str(settings)}


def kicad(*arguments: str | Path) -> str:
    """Runs kicad-cli and returns what it printed; raises KicadError when it fails."""
    why = missing()
    if why:
        raise KicadError(why)
    command = ["kicad-cli", *map(str, arguments)]
    finished = subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=120, check=False)
    if finished.returncode:
        said = (finished.stderr or finished.stdout).strip().splitlines() or ["no reason given"]
        raise KicadError(f"`{' '.join(command[:4])}` failed: {said[-1]}")
    return finished.stdout
