# SPDX-License-Identifier: MIT
"""The table of a decoder's loudness over its map and over the level knob. Depends on NumPy; measured by `loudness`,
carried by `model_card`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

COLUMNS, ROWS = 49, 9  # along x, which goes through all devices, and along y, from edge to edge
LEVELS = 5  # of the level knob, from left to right
LEVEL_RANGE_DB = (-20.0, 20.0)
PLACES = 256  # where a column can be along x: as many as eight bits tell apart
STEPS_PER_DB = 4
CORRELATION_STEPS = 256


@dataclass(frozen=True, eq=False)
class LoudnessTable:
    """At rows and levels that are evenly spread, and at columns that are not. Both tables are indexed [level][y][x]."""

    column_255th: np.ndarray  # (COLUMNS,) uint8, rising from 0 to 255: of the way along x
    makeup_quarter_db: np.ndarray  # (LEVELS, ROWS, COLUMNS) int8: what makes wet as loud as dry
    correlation_256th: np.ndarray  # (LEVELS, ROWS, COLUMNS) uint8: of wet with dry, 0 for none or opposite


def flat_table() -> LoudnessTable:
    """Of a decoder that is everywhere as loud as its input and much like it."""
    shape = (LEVELS, ROWS, COLUMNS)
    columns = np.linspace(0, PLACES - 1, COLUMNS).astype(np.uint8)
    return LoudnessTable(columns, np.zeros(shape, np.int8), np.full(shape, CORRELATION_STEPS - 1, np.uint8))
