# SPDX-License-Identifier: MIT
"""Minimises a function of knobs from its values alone, and so finds the knobs of a plug-in that best give a target.

Simultaneous perturbation stochastic approximation: two values a step, however many knobs. Depends on NumPy only.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

# Exponents and stability constant as advised in Spall, "Implementation of the Simultaneous Perturbation Algorithm for
# Stochastic Optimization", IEEE Transactions on Aerospace and Electronic Systems 34(3), 1998, section III.
STEP_DECAY = 0.602
PERTURBATION_DECAY = 0.101
STABILITY_SHARE = 0.1  # of the steps
PERTURBATION = 0.05  # of a knob's travel, at first
FIRST_MOVE = 0.1  # of a knob's travel: the step's size is set so that the first ones move about that far
LARGEST_MOVE = 0.2
TRIAL_GRADIENTS = 4  # averaged to know how steep the function is

START_COLUMNS = 4  # of the grid that tuning starts from


def minimise(
    function: Callable[[np.ndarray], float], start: np.ndarray, steps: int, rng: np.random.Generator
) -> tuple[np.ndarray, float]:
    """The best point of [0, 1]^n (n,) that was met on the way from `start`, and its value.

    Calls `function` 2 * (steps + 4) + 2 times; a value that is not finite counts as infinitely bad and moves nothing.
    J. C. Spall, "Multivariate Stochastic Approximation Using a Simultaneous Perturbation Gradient Approximation", IEEE
    Transactions on Automatic Control 37(3), 1992.
    """
    point = np.clip(np.asarray(start, np.float64), 0.0, 1.0)
    best, value = point, np.inf

    def measured(candidate: np.ndarray) -> float:
        nonlocal best, value
        result = float(function(candidate))
        if result < value:
            best, value = candidate, result
        return result

    def slope(around: np.ndarray, perturbation: float) -> np.ndarray:
        """Moved inwards at the edges, so that both measurements stay on the knobs' travel."""
        centre = np.clip(around, perturbation, 1 - perturbation)
        signs = rng.choice([-1.0, 1.0], size=around.shape)
        difference = measured(centre + perturbation * signs) - measured(centre - perturbation * signs)
        return difference / (2 * perturbation) * signs if np.isfinite(difference) else np.zeros_like(around)

    measured(point)
    steepness = np.mean([np.abs(slope(point, PERTURBATION)).mean() for _ in range(TRIAL_GRADIENTS)])
    stability = STABILITY_SHARE * steps
    scale = FIRST_MOVE * (stability + 1) ** STEP_DECAY / max(float(steepness), 1e-12)
    for step in range(steps):
        perturbation = PERTURBATION / (step + 1) ** PERTURBATION_DECAY
        move = scale / (step + 1 + stability) ** STEP_DECAY * slope(point, perturbation)
        point = np.clip(point - np.clip(move, -LARGEST_MOVE, LARGEST_MOVE), 0.0, 1.0)
    measured(point)
    return best, value


def scaled_esr(output: np.ndarray, target: np.ndarray) -> float:
    """ESR of output (samples,) at the level that makes it least; 1 for silence, or for the opposite polarity."""
    common, energies = float(np.dot(output, target)), float(np.dot(output, output)) * float(np.dot(target, target))
    return 1.0 - max(0.0, common) ** 2 / energies if energies > 0 else 1.0


def tune_plugin(
    render: Callable[[np.ndarray, float, float], np.ndarray],
    dry: np.ndarray,
    target: np.ndarray,
    rng: np.random.Generator,
    steps: int = 40,
) -> tuple[float, float, float]:
    """Drive and tone (0..1) at which `render(dry, drive, tone)` is closest to target (samples,), levels aside, and
    their ESR.

    `render` is a plug-in's method or any effect. Starts from the best of a grid, since ESR has more than one valley.
    """

    def distance(knobs: np.ndarray) -> float:
        return scaled_esr(render(dry, float(knobs[0]), float(knobs[1])), target)

    ruler = (np.arange(START_COLUMNS) + 0.5) / START_COLUMNS
    start = min((np.array([drive, tone]) for drive in ruler for tone in ruler), key=distance)
    (drive, tone), esr = minimise(distance, start, steps, rng)
    return float(drive), float(tone), esr
