# SPDX-License-Identifier: MIT
"""Knobs are found from values alone: in bowls, at the edges, under noise; and a plug-in's from a target's sound."""

from __future__ import annotations

import numpy as np
import pytest

from model.effects import EffectSetting, render_chain
from model.spsa import minimise, scaled_esr, tune_plugin

RATE = 48_000


def bowl(centre, scale=1.0):
    return lambda point: scale * float(np.sum((point - np.asarray(centre)) ** 2))


@pytest.mark.parametrize("centre", [(0.3, 0.7), (0.9, 0.1), (0.0, 1.0)])
@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
def test_a_bowl_of_any_steepness_is_found_inside_and_in_a_corner(centre, scale):
    best, value = minimise(bowl(centre, scale), np.array([0.5, 0.5]), 150, np.random.default_rng(0))
    # A knob cannot be set closer by hand than a hundredth of its travel; twice that, since the last moves are random.
    np.testing.assert_allclose(best, centre, atol=0.02)
    assert value == bowl(centre, scale)(best)


def test_many_knobs_need_no_more_values_a_step():
    calls = []
    target = np.linspace(0.2, 0.8, 6)

    def counted(point):
        calls.append(point)
        return bowl(target)(point)

    best, _ = minimise(counted, np.full(6, 0.5), 300, np.random.default_rng(1))
    assert len(calls) == 2 * (300 + 4) + 2
    assert np.abs(best - target).max() < 0.05  # from 0.3 at the start
    assert all(((p >= 0) & (p <= 1)).all() for p in calls)


def test_the_same_generator_takes_the_same_way():
    ways = [minimise(bowl((0.2, 0.6)), np.zeros(2), 20, np.random.default_rng(5))[0] for _ in range(2)]
    assert (ways[0] == ways[1]).all()
    assert (ways[0] != minimise(bowl((0.2, 0.6)), np.zeros(2), 20, np.random.default_rng(6))[0]).any()


def test_values_that_are_not_finite_are_never_the_best():
    def torn(point):
        return np.nan if point[0] > 0.6 else np.inf if point[1] > 0.9 else bowl((0.55, 0.5))(point)

    best, value = minimise(torn, np.array([0.1, 0.8]), 150, np.random.default_rng(2))
    assert np.isfinite(value) and np.abs(best - (0.55, 0.5)).max() < 0.05  # next to the tear


def test_a_flat_function_leaves_the_knobs_alone():
    best, value = minimise(lambda point: 3.0, np.array([0.4, 0.6]), 10, np.random.default_rng(3))
    assert (best == (0.4, 0.6)).all() and value == 3.0


def test_level_is_no_distance_and_polarity_is():
    rng = np.random.default_rng(4)
    target, other = rng.normal(size=(2, 5_000))
    assert scaled_esr(0.01 * target, target) < 1e-12
    assert scaled_esr(-target, target) == scaled_esr(np.zeros(5_000), target) == 1.0
    assert scaled_esr(target, np.zeros(5_000)) == 1.0
    assert scaled_esr(target + 0.1 * other, target) == pytest.approx(0.01, rel=0.1)


def test_the_knobs_that_made_a_sound_are_found_again():
    rng = np.random.default_rng(8)
    dry = np.exp(-np.arange(9_600) / 4_000) * rng.normal(size=9_600) * 0.2

    def render(sound, drive, tone):
        return render_chain(sound, [EffectSetting("screamer", drive, tone)], RATE, 2)

    drive, tone, esr = tune_plugin(render, dry, 0.3 * render(dry, 0.65, 0.2), rng)
    assert abs(drive - 0.65) < 0.05 and abs(tone - 0.2) < 0.05  # half a mark on a knob of ten
    assert esr < 1e-3
    assert esr == pytest.approx(scaled_esr(render(dry, drive, tone), render(dry, 0.65, 0.2)), abs=1e-9)
