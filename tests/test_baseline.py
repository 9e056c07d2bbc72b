# SPDX-License-Identifier: MIT
"""Float peers: they have the decoder's interface, learn the decoder's very lesson, and stand in one table with it."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
import torch
from programmes import DRIVES, LAYOUT, SMALL, tanh_programmes
from rich.console import Console

import model.scores
import model.train
from model.baseline import Course, GruDecoder, compare, errors, reported, train_peer
from model.data import Programme, Setting
from model.evaluate import place_errors
from model.layout import Layout, Place
from model.run import PlanError
from model.train import train
from model.vae import Decoder, DistortionVae

QUIET = Console(file=io.StringIO())
PROGRAMMES = tanh_programmes()
COURSE = Course(SMALL, LAYOUT, PROGRAMMES, {"seen": tanh_programmes(seed=1)})


def with_training(**changes):
    return replace(SMALL, train=replace(SMALL.train, **changes))


def two_devices():
    """The tanh, and one that only turns the sound upside down."""
    flipped = [Programme(Setting("flip", p.setting.drive), p.dry, -0.5 * p.dry) for p in PROGRAMMES]
    places = tuple(Place("flip", "soft", drive, 3.0, 6 * drive - 3) for drive in DRIVES)
    programmes = [*PROGRAMMES, *flipped]
    return Course(SMALL, Layout((*LAYOUT.places, *places)), programmes, {"seen": programmes})


def test_a_gru_has_the_decoders_interface():
    torch.manual_seed(0)
    gru = GruDecoder(SMALL, 8)
    assert gru.past == Decoder(SMALL).past
    dry, z = torch.rand(2, 1, 400), torch.rand(2, 2, 1)
    whole = gru(dry, z)
    assert torch.equal(gru.settled(dry, z), whole[:, :, gru.past :])
    # float32 sums in another order, at most
    torch.testing.assert_close(gru(dry, z.expand(-1, -1, 400)), whole)
    assert (gru(dry, -z) - whole).abs().max() > 1e-3  # the place is heard
    impulse = torch.zeros(1, 1, 40)
    impulse[0, 0, 10] = 1.0
    first = (gru(impulse, z[:1]) - gru(0 * impulse, z[:1])).abs()[0, 0].nonzero()[0]
    assert first == 10 + SMALL.audio.latency_samples
    changed = dry.clone()
    changed[:, :, 300:] = 0
    torch.testing.assert_close(gru(changed, z)[:, :, :300], whole[:, :, :300])  # causal


def test_the_gru_is_neuralseeds_largest_with_two_knobs():
    # 3 gates x 8 units x (3 inputs + 8 states + PyTorch's 2 biases), and 8 weights and a bias to the output
    assert sum(tensor.numel() for tensor in GruDecoder(SMALL, 8).parameters()) == 321


@pytest.mark.parametrize("spoilt", [False, True], ids=["as it is", "with another loss"])
def test_the_lesson_is_the_decoders_own_without_what_is_about_the_map(tmp_path, monkeypatch, spoilt):
    monkeypatch.setattr(model.train, "STATISTICS_BATCHES", 1)
    monkeypatch.setattr("model.map_terms.MapTerms.weighted", lambda *_: torch.zeros(()))
    config = with_training(steps=12, rounding_steps=0, encoder_steps=0)
    torch.manual_seed(3)
    start = Decoder(config)
    vae = train(config, tmp_path, PROGRAMMES, LAYOUT, start=start, console=QUIET)
    if spoilt:
        monkeypatch.setattr("model.losses._relative", lambda output, target, *_: (output - target).abs().mean(dim=-1))
    train_peer(start, replace(COURSE, config=config), 12, "peer", QUIET)
    same = [torch.equal(tensor, vae.decoder.state_dict()[name]) for name, tensor in start.state_dict().items()]
    assert all(same) is not spoilt


@pytest.mark.parametrize("kind", [Decoder, lambda config: GruDecoder(config, 8)], ids=["decoder", "GRU-8"])
def test_a_peer_learns(kind):
    config = with_training(batch_size=16)
    course = replace(COURSE, config=config)
    torch.manual_seed(0)
    network = kind(config)
    before = errors(network, course)
    train_peer(network, course, 100, "peer", QUIET)
    # The steps are few, and a GRU begins near, with dry itself: what counts is that it left its start.
    assert errors(network, course)["seen_median"] < 0.7 * before["seen_median"]


def test_errors_are_those_of_evaluate():
    network = GruDecoder(SMALL, 4)
    found = place_errors(network, SMALL, COURSE.splits["seen"], LAYOUT)
    assert errors(network, COURSE) == {"seen_median": float(found.median()), "seen_mean": float(found.mean())}


def test_every_network_has_its_row_and_every_ceiling_two():
    rows = list(compare(two_devices(), 3, ["flip"], QUIET, units=(2,)))
    told = [(row["network"], row["trained_on"], row["measured_on"]) for row in rows]
    assert told == [
        ("decoder", None, None),
        ("GRU-2", None, None),
        ("decoder", None, "flip"),
        ("decoder", "flip", "flip"),
    ]
    assert all(row["steps"] == 3 and row["seen_median"] > 0 for row in rows)
    assert rows[2]["seen_median"] != rows[3]["seen_median"]


def test_alone_among_one_device_is_the_same_network():
    whole, joint, alone = compare(COURSE, 3, ["tanh"], QUIET, units=())
    assert whole["seen_median"] == joint["seen_median"] == alone["seen_median"]


def test_a_stranger_is_refused_before_any_training():
    with pytest.raises(PlanError, match="tuba is not among the devices of this comparison; name one of tanh, flip"):
        next(compare(two_devices(), 1, ["tuba"], QUIET))


def test_the_splits_are_those_that_evaluate_reports(monkeypatch, tmp_path):
    built = {}

    def build(folder, settings, recipe, *_):
        built[recipe] = [setting.drive for setting in settings]
        return PROGRAMMES

    monkeypatch.setattr(model.scores, "build", build)
    model.scores.pair_rows(DistortionVae(SMALL), LAYOUT, ["tanh"], tmp_path, QUIET)
    assert built == {recipe: list(drives) for recipe, drives in reported(SMALL).values()}
