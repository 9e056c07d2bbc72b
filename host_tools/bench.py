# SPDX-License-Identifier: MIT
"""What the decoders and the module around them cost: one run of all that `gritspace bench` tells.

Depends on `bench_decoder` for any decoder, on `bench_live` and the firmware's image for the module, and on
`bench_grid` for decoders that nobody has trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from host_tools import cycle_model
from host_tools.artefacts import Artefact, joined_model_id
from host_tools.bench_decoder import BenchRow, PartRow, measure, real_time_factor
from host_tools.bench_image import FLAVOURS
from host_tools.bench_live import LiveRow, bench_live, firmware_models
from host_tools.firmware import build_firmware

NOTE_NO_MODEL = "No model cycles: llvm-mca is not installed (Debian's package llvm has it)."


@dataclass(frozen=True)
class HostRow:
    """How fast a decoder is on one thread of this machine; another machine has other figures."""

    scheme: str
    real_time_factor: float


@dataclass(frozen=True)
class BenchResult:
    """Each decoder in each flavour, its parts, the parts of a block around it; `notes` say what is missing and why."""

    model_id: str
    rows: tuple[BenchRow, ...]
    part_rows: tuple[PartRow, ...]
    live_rows: tuple[LiveRow, ...]
    host_rows: tuple[HostRow, ...]
    notes: tuple[str, ...]

    def json_rows(self) -> list[dict]:
        """Of the decoders."""
        return as_json(self.rows)


def as_json(rows: Sequence[BenchRow | PartRow | LiveRow | HostRow]) -> list[dict]:
    """Rows of any kind for tables and scripts."""
    return [asdict(row) for row in rows]


def bench(artefacts: Sequence[Artefact], elf_path: Path | None = None) -> BenchResult:
    """Counts the decoders, each by itself, and the live path of this firmware image, or of the checkout's.

    Raises GraphError when the engine could not play an artefact exactly.
    """
    elf_path = elf_path or build_firmware("qemu_m7")
    measured = [measure(artefact.graph, flavour) for artefact in artefacts for flavour in FLAVOURS]
    hosts = tuple(HostRow(artefact.scheme, round(real_time_factor(artefact.graph), 1)) for artefact in artefacts)
    return BenchResult(
        model_id=joined_model_id(artefacts),
        rows=tuple(row for row, _ in measured),
        part_rows=tuple(part for _, parts in measured for part in parts),
        live_rows=bench_live(elf_path),
        host_rows=hosts,
        notes=_notes(artefacts, elf_path, hosts),
    )


def _notes(artefacts: Sequence[Artefact], elf_path: Path, hosts: Sequence[HostRow]) -> tuple[str, ...]:
    speeds = ", ".join(f"{host.scheme} {host.real_time_factor:.0f}" for host in hosts)
    notes = [f"On one thread of this machine, times faster than real time: {speeds}."]
    firmware_ids = firmware_models(elf_path)
    strangers = [a for a in artefacts if a.model_id != firmware_ids[a.scheme]]
    notes += [
        f"The live path is that of the firmware with its own {a.scheme} model {firmware_ids[a.scheme]}, "
        f"not with {a.model_id}."
        for a in strangers
    ]
    if cycle_model.find_model() is None:
        notes.append(NOTE_NO_MODEL)
    return tuple(notes)
