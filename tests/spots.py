# SPDX-License-Identifier: MIT
"""Places on the map for tests of `core/spot.h`: those of the settings in compiled_panel.py, and how a glide goes."""

import numpy as np
from compiled_panel import SETTINGS

from host_tools.packets import BASES

POTS, FROZEN, PRESET, MIDI = range(len(BASES))
GLIDE = 20  # blocks of 1 ms
ROUNDING = 1e-6  # some bits of a float near 1


def place_of(spot: dict[str, int]) -> np.ndarray:
    return np.array([spot["x"], spot["y"]], np.float32) / 32768


def preset(index: int) -> np.ndarray:
    return place_of(SETTINGS["presets"][index])


SECOND = place_of(SETTINGS["second_spot"])


def assert_glides(places: np.ndarray, start: int, end: np.ndarray) -> None:
    """From the place before block `start` to `end` along a SmoothStep of 20 ms, which is steepest in its middle: one
    and a half times the way in the time."""
    way = np.abs(end - places[start - 1])
    steps = np.abs(np.diff(places[start - 1 : start + GLIDE + 2], axis=0))
    assert np.all(steps <= 1.5 * way / GLIDE + ROUNDING)
    for block, part in ((5, 5 / 32), (10, 1 / 2), (15, 27 / 32)):
        between = places[start - 1] + part * (end - places[start - 1])
        np.testing.assert_allclose(places[start + block - 1], between, atol=ROUNDING)
    np.testing.assert_allclose(places[start + GLIDE - 1], end, atol=ROUNDING)
    np.testing.assert_array_equal(places[start + GLIDE], end)
