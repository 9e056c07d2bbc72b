# SPDX-License-Identifier: MIT
"""The map as lines of text with marks on it, X to the right and Y upwards. Depends on nothing."""

from __future__ import annotations

from collections.abc import Iterable

WIDTH, HEIGHT = 33, 13  # characters: about square in a terminal, odd so that the middle is one of them
AXIS_X, AXIS_Y, ORIGIN = "┄", "┆", "┼"


def draw_map(marks: Iterable[tuple[float, float, str]]) -> list[str]:
    """HEIGHT lines of WIDTH characters; a mark is x, y in -1..1 and a character. Later marks cover earlier ones."""
    middle_x, middle_y = WIDTH // 2, HEIGHT // 2
    rows = [[AXIS_Y if column == middle_x else " " for column in range(WIDTH)] for _ in range(HEIGHT)]
    rows[middle_y] = [AXIS_X] * WIDTH
    rows[middle_y][middle_x] = ORIGIN
    for x, y, character in marks:
        rows[round(middle_y * (1 - y))][round(middle_x * (1 + x))] = character
    return ["".join(row) for row in rows]
