# SPDX-License-Identifier: MIT
"""The loss's terms about the map are nothing where it is as wanted, and keep it so while it is learned."""

from __future__ import annotations

import io
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from programmes import LAYOUT, SMALL, tanh_programmes
from rich.console import Console

import model.train
from model.map_terms import MapTerms
from model.train import train
from model.vae import Decoder

PROGRAMMES = tanh_programmes()
PLACES = torch.tensor([[place.x, place.y] for place in LAYOUT.places])


@pytest.fixture
def terms():
    return MapTerms(SMALL, LAYOUT, PLACES, torch.Generator().manual_seed(0))


class Tanh:
    """Drive in nepers is `slope` * y; without memory."""

    past = 10

    def __init__(self, slope):
        self.slope = slope

    def settled(self, dry, z):
        return torch.tanh(torch.exp(self.slope * z[:, 1:]) * dry[:, :, self.past :])


def learned(folder, monkeypatch, **weights):
    monkeypatch.setattr(model.train, "STATISTICS_BATCHES", 3)
    config = with_terms(steps=120, rounding_steps=0, encoder_steps=0, **weights)
    return train(config, folder, PROGRAMMES, LAYOUT, console=Console(file=io.StringIO())).decoder


def with_terms(**changes):
    return replace(SMALL, train=replace(SMALL.train, **changes))


def test_distortion_that_rises_with_y_costs_nothing_and_that_falls_does(terms):
    assert float(terms.reversals(Tanh(0.5))) == 0
    assert float(terms.reversals(Tanh(-0.5))) > 0.1
    assert float(terms.reversals(Tanh(0.0))) < 1e-6  # the same everywhere


def test_reversals_are_in_bels_of_distortion(terms, monkeypatch):
    """A sine of one level through a waveshaper whose third harmonic is known, at two fixed spots."""
    monkeypatch.setattr("model.map_terms.COLUMNS", 1)
    monkeypatch.setattr(terms, "_spots", lambda count: torch.tensor([[0.0, -1.0], [0.0, 1.0]]))
    monkeypatch.setattr("model.map_terms.TONE_DB", (0.0, 0.0))

    class Third:
        past = 10

        def settled(self, dry, z):
            x = dry[:, :, self.past :]  # cos: 4 x^3 - 3 x is its third harmonic
            return x + torch.where(z[:, 1:] < 0, 0.1, 0.01) * (4 * x**3 - 3 * x)

    share = np.array([0.1, 0.01]) ** 2
    expected = np.log10(share / (1 + share) + 1e-5)
    assert float(terms.reversals(Third())) == pytest.approx(expected[0] - expected[1], abs=1e-3)


def test_aliases_are_in_bels_above_the_cleanest(terms, monkeypatch):
    """A twentieth of the amplitude at a frequency that is no harmonic; and harmonics alone, which cost nothing."""
    monkeypatch.setattr("model.map_terms.HIGH_CYCLES", (8, 9))  # 17 in 512 samples

    class Whistle:
        past = 10

        def __init__(self, amplitude):
            self.amplitude = amplitude

        def settled(self, dry, z):
            x = dry[:, :, self.past :]
            peak = x.abs().amax(dim=2, keepdim=True)
            time = torch.arange(x.shape[2]) / x.shape[2]
            return x + 0.3 * x**2 / peak + self.amplitude * peak * torch.sin(2 * torch.pi * 40 * time)

    assert float(terms.aliases(Whistle(0.0))) < 1e-3
    share = 0.05**2 / (1 + 0.05**2 + 0.15**2)
    assert float(terms.aliases(Whistle(0.05))) == pytest.approx(np.log10(1 + share / 1e-5), abs=0.01)


def test_a_clipper_aliases_and_what_is_above_20_khz_does_not_count(terms):
    assert float(terms.aliases(Tanh(0.0))) < 0.5 * float(terms.aliases(Tanh(1.0)))

    class Above:
        past = 10

        def settled(self, dry, z):
            time = torch.arange(dry.shape[2] - self.past)
            return dry[:, :, self.past :] + 0.1 * torch.sin(2 * torch.pi * 230 / 512 * time)

    assert float(terms.aliases(Above())) < 1e-3


def test_the_penalty_makes_high_notes_alias_less(tmp_path, monkeypatch):
    def aliased(weight):
        decoder = learned(tmp_path / str(weight), monkeypatch, aliasing=weight)
        judge = MapTerms(SMALL, LAYOUT, PLACES, torch.Generator().manual_seed(1))
        with torch.no_grad():
            return np.mean([float(judge.aliases(decoder)) for _ in range(50)])

    assert aliased(0.1) < aliased(0.0) - 0.2


def test_the_penalty_makes_distortion_rise_with_y(tmp_path, monkeypatch):
    def fallen(weight):
        decoder = learned(tmp_path / str(weight), monkeypatch, amount=weight)
        judge = MapTerms(SMALL, LAYOUT, PLACES, torch.Generator().manual_seed(1))
        with torch.no_grad():
            return sum(float(judge.reversals(decoder)) for _ in range(50))

    assert fallen(2.0) < 0.5 * fallen(0.0)


def test_the_penalty_holds_gains_up_all_over_the_map(tmp_path, monkeypatch):
    torch.manual_seed(2)
    spots = 6 * torch.rand(200, 2, 1) - 3

    def faint(weight):
        decoder = learned(tmp_path / str(weight), monkeypatch, faintness=weight)
        with torch.no_grad():
            return float(torch.relu(1 - decoder.gain(decoder.condition(spots)).abs()).pow(2).mean())

    assert faint(5.0) < 0.3 * faint(0.0)


def test_bends_between_neighbouring_drives_are_none_where_the_condition_is_straight(terms):
    torch.manual_seed(0)
    decoder = Decoder(SMALL)
    with torch.no_grad():
        for layer in (decoder.condition.hidden, decoder.condition.output):
            layer.weight.fill_(0.01)
            layer.bias.fill_(0.1)
    assert float(terms.bends(decoder).detach()) < 1e-12
    with torch.no_grad():
        decoder.condition.hidden.weight.fill_(5.0)  # clamps between the neighbours
    assert float(terms.bends(decoder).detach()) > 1e-6
    assert [len(n) for n in terms.neighbours] == [len(list(pairwise(PROGRAMMES)))] * 2
    assert np.allclose(terms.neighbours[0][:, 1], [-3, 0])
