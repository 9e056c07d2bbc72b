# SPDX-License-Identifier: MIT
"""Writes whole files or nothing, and the JSON of results that scripts read. Depends on the standard library and git."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from host_tools.errors import UserError

REPOSITORY = Path(__file__).resolve().parent.parent
REPORTS = REPOSITORY / "build" / "reports"


def write_atomically(path: Path | str, content: bytes | str) -> Path:
    """Writes under a temporary name in the same folder, then renames, so that nobody ever sees half a file.

    Makes the folder. Returns the path; raises UserError when it cannot be written.
    """
    path = Path(path)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            partial.write_bytes(content.encode() if isinstance(content, str) else content)
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)  # an interrupt is no reason to leave litter
    except OSError as error:
        raise UserError(
            f"cannot write {path}: {error.strerror or error}; choose a place that can be written"
        ) from error
    return path


def git_revision() -> str:
    """The commit these tools run from, with `-dirty` when tracked files differ; "unknown" outside a repository."""
    command = ["git", "-C", str(REPOSITORY), "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"]
    try:
        finished = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return finished.stdout.strip()


def write_results(path: Path | str, model_id: str, rows: Sequence[Mapping[str, Any]], **more: Any) -> Path:
    """The project's result file: `{"model_id", "git", "results": [rows]}` and what else the command adds."""
    document = {"model_id": model_id, "git": git_revision(), **more, "results": [dict(row) for row in rows]}
    return write_atomically(path, json.dumps(document, indent=2, allow_nan=False) + "\n")
