# SPDX-License-Identifier: MIT
"""The picture of the chain as inline SVG; its colours come from the page's style sheet. Depends on nothing."""

from __future__ import annotations

WIDTH, BOX_WIDTH, BOX_HEIGHT = 960, 132, 48
STEP = (WIDTH - BOX_WIDTH - 4) / 5
ROWS = (6, 124)

# The upper row makes the model; the lower one proves it. The `.tflite` is where both meet.
BOXES = {  # (column, row): heading, line under it
    (0, 0): ("recordings", "and made signals"),
    (1, 0): ("effects", "dry and wet pairs"),
    (2, 0): ("VAE", "float, PyTorch"),
    (3, 0): ("QAT", "integers, Brevitas"),
    (4, 0): (".tflite", "the contract"),
    (5, 0): ("C++", "ahead of time"),
    (2, 1): ("witnesses", "TFLite Micro, LiteRT"),
    (3, 1): ("golden", "NumPy integers"),
    (4, 1): ("parity", "bit for bit"),
    (5, 1): ("devices", "host, Cortex-M7"),
}
FLOWS = (((0, 0), (1, 0)), ((1, 0), (2, 0)), ((2, 0), (3, 0)), ((3, 0), (4, 0)), ((4, 0), (5, 0)))
PROOFS = (((3, 1), (2, 1)), ((3, 1), (4, 1)), ((5, 1), (4, 1)))
SAYING = ("One file is the contract:", "torch before it, integers after it.")


def _left(column: int) -> float:
    return 2 + column * STEP


def _middle(column: int) -> float:
    return _left(column) + BOX_WIDTH / 2


def _box(column: int, row: int, text: str, under: str) -> str:
    x, y = _left(column), ROWS[row]
    return (
        f'<rect x="{x:g}" y="{y}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="9"/>'
        f'<text x="{_middle(column):g}" y="{y + 21}">{text}</text>'
        f'<text class="under" x="{_middle(column):g}" y="{y + 37}">{under}</text>'
    )


def _line(*points: tuple[float, float]) -> str:
    route = " L".join(f"{x:g} {y:g}" for x, y in points)
    return f'<path d="M{route}" marker-end="url(#arrow)"/>'


def _beside(start: tuple[int, int], end: tuple[int, int]) -> str:
    """An arrow between neighbours of a row, either way."""
    y = ROWS[start[1]] + BOX_HEIGHT / 2
    if start[0] < end[0]:
        return _line((_left(start[0]) + BOX_WIDTH, y), (_left(end[0]) - 2, y))
    return _line((_left(start[0]), y), (_left(end[0]) + BOX_WIDTH + 2, y))


def _draw() -> str:
    bottom, top = ROWS[0] + BOX_HEIGHT, ROWS[1] - 2
    between = (bottom + top) / 2
    parts = [_box(column, row, *texts) for (column, row), texts in BOXES.items()]
    parts += [_beside(start, end) for start, end in FLOWS + PROOFS]
    parts += [
        _line((_middle(4), bottom), (_middle(4), between), (_middle(c), between), (_middle(c), top)) for c in (2, 3)
    ]
    parts.append(_line((_middle(5), bottom), (_middle(5), top)))
    parts += [f'<text class="saying" x="4" y="{ROWS[1] + 21 + 18 * i}">{line}</text>' for i, line in enumerate(SAYING)]
    height = ROWS[1] + BOX_HEIGHT + 6
    return (
        f'<svg class="chain" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="The chain of stages">'
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path class="head" d="M0 0 L8 4 L0 8 z"/></marker></defs>' + "".join(parts) + "</svg>"
    )


CHAIN_SVG = _draw()
