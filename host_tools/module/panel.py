# SPDX-License-Identifier: MIT
"""The panel as people speak of it, knob travel and volts, and as the ADC reads it. Depends on `packets` and NumPy.

Knows no device: what lies between the two is a Circuit, and the module's settings remember one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from host_tools.packets import INPUT_BUTTON, INPUT_GATE, POTS

HIGHEST_CODE = 65_535  # of a 16-bit ADC
CV_SPAN_VOLTS = 5.0  # a CV goes from minus this to this, and moves from the map's middle to its edge


@dataclass(frozen=True)
class Panel:
    """Where hands and cables are. Knobs: travel 0..1. A CV that is not plugged in is 0 V."""

    x: float = 0.5
    y: float = 0.5
    att_x: float = 1.0
    att_y: float = 1.0
    level: float = 0.5
    mix: float = 1.0
    cv_x: float = 0.0  # volts
    cv_y: float = 0.0
    gate: bool = False
    button: bool = False

    @property
    def travel(self) -> tuple[float, ...]:
        """Of all knobs, in the order of POTS."""
        return tuple(getattr(self, name) for name in POTS)

    @property
    def inputs(self) -> int:
        """Gate and button as packets have them."""
        return (INPUT_GATE if self.gate else 0) | (INPUT_BUTTON if self.button else 0)


@dataclass(frozen=True)
class Circuit:
    """From pots and jacks to ADC codes, both ways: what calibration measures. In the order of POTS, and X before Y."""

    pot_low: Sequence[int]  # fully anticlockwise
    pot_high: Sequence[int]
    cv_zero: Sequence[float]  # at 0 V
    cv_per_volt: Sequence[float]

    def pot_codes(self, travel: ArrayLike) -> np.ndarray:
        """Codes (..., 6) for travel 0..1 (..., 6)."""
        low, high = np.asarray(self.pot_low), np.asarray(self.pot_high)
        return _nearest(low + np.asarray(travel) * (high - low))

    def cv_codes(self, volts: ArrayLike) -> np.ndarray:
        """Codes (..., 2) for volts (..., 2); the ADC reads no further than its ends."""
        return _nearest(np.asarray(self.cv_zero) + np.asarray(volts) * np.asarray(self.cv_per_volt))

    def travel(self, codes: ArrayLike) -> np.ndarray:
        """Of the pots, 0..1, from all the channels' codes (..., 8)."""
        low, high = np.asarray(self.pot_low), np.asarray(self.pot_high)
        return np.clip((np.asarray(codes)[..., : len(POTS)] - low) / (high - low), 0.0, 1.0)

    def volts(self, codes: ArrayLike) -> np.ndarray:
        """At the CV jacks, from all the channels' codes (..., 8)."""
        return (np.asarray(codes)[..., len(POTS) :] - np.asarray(self.cv_zero)) / np.asarray(self.cv_per_volt)

    def codes(self, panel: Panel) -> list[int]:
        """What the ADC reads from this panel, in the order of ADC_CHANNELS."""
        cvs = self.cv_codes((panel.cv_x, panel.cv_y))
        return [*self.pot_codes(panel.travel).tolist(), *cvs.tolist()]


def _nearest(codes: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(codes), 0, HIGHEST_CODE).astype(np.uint16)
