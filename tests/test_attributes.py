# SPDX-License-Identifier: MIT
"""Measured attributes agree with what can be worked out on paper: Fourier series of clipped and rectified sines."""

from __future__ import annotations

import numpy as np
import pytest

from model.attributes import Attributes, Render, measure


def of(render: Render, level_db: float = -12.0) -> Attributes:
    return measure(render, level_db)


def test_a_wire_has_no_distortion_and_changes_nothing():
    wire = of(lambda x: x)
    assert wire.distortion_db < -110  # rounding of a float64 spectrum lies below
    assert wire.odd_share == 0.5 and wire.brightness_octaves == pytest.approx(0.0, abs=1e-12)
    assert wire.dc == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("gain", [0.1, 3.0])
def test_gain_alone_changes_no_attribute(gain):
    def curve(x: np.ndarray) -> np.ndarray:
        return np.tanh(4 * x + 0.5)

    once, louder = of(curve), of(lambda x: gain * curve(x))
    assert louder.dc == pytest.approx(gain * once.dc)
    for name in ("distortion", "odd_share", "brightness_octaves", "crest_factor_db"):
        assert getattr(louder, name) == pytest.approx(getattr(once, name))


def test_a_square_wave_has_the_distortion_of_its_fourier_series():
    """The fundamental holds 8 / pi squared of a square's power; 1 % is left for jumps that fall between samples."""
    square = of(np.sign)
    assert square.distortion == pytest.approx(np.sqrt(1 - 8 / np.pi**2), rel=0.01)
    assert square.distortion_db == pytest.approx(20 * np.log10(square.distortion))
    assert square.odd_share > 0.99 and abs(square.dc) < 1e-3 and square.crest_factor_db < 0.1


def test_a_half_wave_rectifier_is_all_even_and_has_dc():
    """A half-wave of peak A has a mean of A / pi, a mean square of A squared / 4, half of it in the fundamental."""
    half = of(lambda x: np.maximum(x, 0.0), -6.0)
    peak = 10 ** (-6 / 20)
    assert half.dc == pytest.approx(peak / np.pi, rel=1e-3)
    assert half.distortion == pytest.approx(np.sqrt((1 / 8 - 1 / np.pi**2) / (1 / 4 - 1 / np.pi**2)), rel=1e-3)
    assert half.odd_share < 1e-3


def test_a_full_wave_rectifier_leaves_no_fundamental():
    assert of(np.abs).distortion == pytest.approx(1.0, abs=1e-6)


def test_two_harmonics_weigh_as_their_power():
    """x + a x^2 + b x^3 on a sine of peak 1 gives harmonics of a / 2 and b / 4."""
    curve = of(lambda x: x + 0.4 * x**2 + 0.4 * x**3, 0.0)
    assert curve.odd_share == pytest.approx(0.1**2 / (0.1**2 + 0.2**2), rel=1e-6)


def test_filters_darken_and_clipping_brightens():
    assert of(lambda x: np.convolve(x, np.ones(60) / 60)[: len(x)]).brightness_octaves < -0.3
    assert of(lambda x: np.clip(20 * x, -1, 1)).brightness_octaves > 0.5
    assert of(lambda x: np.clip(20 * x, -1, 1)).crest_factor_db < of(lambda x: x).crest_factor_db - 3


def test_level_matters_to_a_clipper():
    assert of(np.tanh, -30.0).distortion_db < of(np.tanh, 0.0).distortion_db - 30


def test_silence_has_no_attributes():
    silent = of(np.zeros_like)
    assert silent == Attributes(0.0, -120.0, 0.5, 0.0, 0.0, 0.0)


@pytest.mark.parametrize("render", [lambda x: x[1:], lambda x: x * np.nan])
def test_a_render_that_loses_samples_or_gives_nan_is_refused(render):
    with pytest.raises(ValueError, match="must keep"):
        of(render)
