# SPDX-License-Identifier: MIT
"""The file in which a board without hardware keeps its settings: the bytes of its flash. Depends on nothing."""

from __future__ import annotations

from pathlib import Path

from host_tools.errors import UserError

STORAGE_BYTES = 42 * 4096  # sectors and their size in firmware/core/storage.h


def read_storage(path: Path) -> bytes:
    """What a virtual board finds in its storage: the file's bytes, or those of an empty flash. UserError for others."""
    try:
        flash = path.read_bytes()
    except FileNotFoundError:
        return b"\xff" * STORAGE_BYTES
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}; choose another place") from error
    if len(flash) != STORAGE_BYTES:
        raise UserError(f"{path} holds {len(flash)} bytes and no board's {STORAGE_BYTES}; delete it to begin afresh")
    return flash
