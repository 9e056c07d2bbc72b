# SPDX-License-Identifier: MIT
"""The report card of a calibration, for scripts and for people: what was stored, or why nothing was.

Depends on `calibrate` and `calibration_checks`.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from host_tools.files import git_revision, write_atomically
from host_tools.module import calibration_audio as audio
from host_tools.module import calibration_checks as checks
from host_tools.module.calibrate import Calibration, Refusal
from host_tools.module.client import ModuleClient


def write_card(client: ModuleClient, outcome: Calibration | Refusal, folder: Path) -> tuple[Path, Path]:
    """Writes calibration_STAMP.json and the same for people, .md; the stamp is UTC. Returns both paths."""
    now, greeting = datetime.datetime.now(datetime.UTC), client.device.hello()
    facts = {
        "board": greeting.board,
        "port": client.device.name,
        "firmware": greeting.firmware_version,
        "tools": git_revision(),
        "made": now.strftime("%Y-%m-%d %H:%M:%S UTC"),
        "verdict": "PASS" if isinstance(outcome, Calibration) else "REFUSED",
    }
    rows = list(outcome.rows())
    path = folder / f"calibration_{now:%Y%m%d-%H%M%S}.json"
    return (
        write_atomically(path, json.dumps({**facts, "limits": _limits(), "results": rows}, indent=2) + "\n"),
        write_atomically(path.with_suffix(".md"), _markdown(facts, rows)),
    )


def _limits() -> dict[str, float]:
    """What every step was held to."""
    return {
        "zero_tolerance_codes": checks.ZERO_TOLERANCE,
        "slope_tolerance": checks.SLOPE_TOLERANCE,
        "straightness": checks.STRAIGHTNESS,
        "noise_codes": checks.NOISE_LIMIT,
        "pot_travel_codes": checks.POT_TRAVEL,
        "audio_least_dbfs": audio.LEAST_DBFS,
        "audio_most_dbfs": audio.MOST_DBFS,
        "audio_steadiness_db": audio.STEADINESS_DB,
    }


def _markdown(facts: dict[str, str], rows: Sequence[dict[str, Any]]) -> str:
    """Facts as a list, rows as a table."""
    headings = list(rows[0])
    lines = [f"# Calibration of {facts['board']}: {facts['verdict']}", ""]
    lines += [f"- {name}: {value}" for name, value in facts.items()]
    lines += ["", _row(headings), "|---" * len(headings) + "|", *(_row(row.values()) for row in rows)]
    return "\n".join([*lines, ""])


def _row(cells: Iterable[Any]) -> str:
    return f"| {' | '.join(map(_cell, cells))} |"


def _cell(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else "" if value is None else str(value)
