# SPDX-License-Identifier: MIT
"""The study of axes: each objective does what it is for, and `gritspace axes` reports every score."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
import torch
from programmes import SMALL
from rich.console import Console
from scipy.stats import spearmanr

import model.axes
from host_tools import cli
from model.axes import OBJECTIVES, RELEASED, FeatureVae, Objective, axis_scores, compare_axes, train_features
from model.checkpoint import save_weights
from model.config import ModelConfig
from model.features import mel_filterbank, pair_features
from model.labelled import DRAWN, DRY, MEASURED, LabelledPairs
from model.latent import attribute_loss, sampled
from model.losses import kl_divergence
from model.vae import DistortionVae

TOY = ModelConfig(mel_bands=2, curve_levels=1)  # 24 features, of them 6..14 of dry
CLIPS = 600
rng = np.random.default_rng(0)


@pytest.fixture
def toy() -> tuple[torch.Tensor, torch.Tensor]:
    """Features (N, 24) that are sums and differences of two attributes, and the attributes (N, 2)."""
    generator = torch.Generator().manual_seed(0)
    attributes = torch.rand(CLIPS, 2, generator=generator)
    turned = (attributes - 0.5) @ torch.tensor([[1.0, 1.0], [1.0, -1.0]])
    seen = 3 * turned @ torch.randn(2, 24, generator=generator).sign()
    seen[:, 6:15] = torch.randn(CLIPS, 9, generator=generator)
    return seen + 0.1 * torch.randn(seen.shape, generator=generator), attributes


def learned(toy, objective: Objective, steps: int = 400) -> tuple[FeatureVae, torch.Tensor, torch.Tensor]:
    """The VAE, and mean and log-variance of what it learned from."""
    torch.manual_seed(0)
    seen, attributes = toy
    vae = train_features(seen, attributes, TOY, objective, steps)
    with torch.no_grad():
        return vae, *vae.encode(seen)


def order(mean: torch.Tensor, attributes: torch.Tensor) -> list[float]:
    """Rank correlation of each axis with its attribute."""
    return [float(spearmanr(a, b).statistic) for a, b in zip(mean.T, attributes.T, strict=True)]


def test_draws_have_the_posteriors_mean_and_deviation_and_pass_gradients():
    torch.manual_seed(0)
    mean = torch.tensor([[1.0, -2.0]], requires_grad=True)
    z = sampled(mean.expand(100_000, -1), torch.tensor([0.25, 9.0]).log().expand(100_000, -1))
    assert z.mean(dim=0).tolist() == pytest.approx([1.0, -2.0], abs=0.05)  # five standard errors of the wider axis
    assert z.std(dim=0).tolist() == pytest.approx([0.5, 3.0], rel=0.02)
    z.sum().backward()
    assert mean.grad is not None and mean.grad.tolist() == [[100_000, 100_000]]


def test_attributes_are_tied_as_in_the_paper():
    z, attributes = rng.normal(size=(2, 20, 2))
    found, wanted = (values[:, None] - values for values in (z, attributes))  # every clip with every other
    expected = np.abs(np.tanh(found) - np.sign(wanted)).mean(axis=(0, 1)).sum()
    assert float(attribute_loss(torch.from_numpy(z), torch.from_numpy(attributes))) == pytest.approx(expected)
    sorted_far_apart = 20 * torch.arange(10.0)[:, None].expand(-1, 2)
    assert float(attribute_loss(sorted_far_apart, sorted_far_apart)) == pytest.approx(0, abs=1e-6)
    assert float(attribute_loss(-sorted_far_apart, sorted_far_apart)) == pytest.approx(2 * 2 * 0.9)  # 90 of 100 pairs


def test_the_decoder_is_given_what_is_of_dry_audio_only():
    vae = FeatureVae(SMALL.model)
    dry, wet = torch.from_numpy(rng.uniform(-1, 1, (2, 1, 4_000))).float()
    bank = mel_filterbank(SMALL.model.mel_bands, SMALL.audio.sample_rate)
    one, other = (pair_features(dry, sound, bank, SMALL.model, SMALL.audio) for sound in (wet, 0.1 * wet**2))
    changed = (one != other)[0]
    assert not changed[vae.dry].any()
    assert changed[: vae.dry.start].any() and changed[vae.dry.stop :].all()


def test_attributes_lie_along_the_axes_when_they_are_tied_and_only_then(toy):
    tied = next(objective for objective in OBJECTIVES if objective.attributes)
    assert min(order(learned(toy, tied)[1], toy[1])) > 0.95
    loose = Objective("beta-VAE", beta=tied.beta)
    assert min(map(abs, order(learned(toy, loose)[1], toy[1]))) < 0.85


def test_a_capacity_is_what_the_kl_term_settles_at(toy):
    def nats(objective: Objective) -> float:
        _, mean, log_variance = learned(toy, objective)
        return float(kl_divergence(mean, log_variance, torch.zeros(2), 1.0).mean())

    assert nats(Objective("capacity", beta=30.0, capacity_nats=2.0)) == pytest.approx(2.0, abs=0.3)  # batches differ
    assert nats(Objective("beta-VAE", beta=1.0)) > 3
    assert nats(Objective("beta-VAE", beta=100.0)) < 0.5


@pytest.fixture
def pairs() -> LabelledPairs:
    labels = {name: rng.uniform(size=CLIPS) for name in ("drive", *MEASURED, *DRY)}
    dry, wet = rng.uniform(-1, 1, (2, CLIPS, 1_024)).astype(np.float32)
    return LabelledPairs(dry, wet, {**labels, "device": rng.integers(0, 5, CLIPS).astype(float)})


def test_scores_tell_what_a_code_knows(pairs):
    every = np.arange(CLIPS)
    drawn, measured, dry = (axis_scores(pairs.columns(n), pairs, every, 0) for n in (DRAWN, MEASURED, DRY[:2]))
    assert min(f for (factors, _), f in drawn.items() if factors == "drawn") > 0.85
    assert min(f for (factors, _), f in measured.items() if factors == "measured") > 0.8  # 300 clips in 20 x 20 bins
    assert drawn["dry", "dci_informativeness"] == pytest.approx(0, abs=0.02)
    assert dry["dry", "dci_informativeness"] > 0.6  # two of three factors
    assert ("drawn", "interpretability") not in drawn


def test_every_latent_gets_every_score_with_its_spread(monkeypatch, pairs):
    monkeypatch.setattr(model.axes, "labelled_pairs", lambda config: pairs)
    vae = DistortionVae(SMALL).eval()
    before = torch.random.get_rng_state()
    rows = compare_axes(vae, 2, Console(quiet=True), steps=2)
    names = {RELEASED, *(objective.name for objective in OBJECTIVES)}
    assert {row["model"] for row in rows} == names and len(rows) == 16 * len(names)
    assert all(np.isfinite(row["mean"]) and row["spread"] >= 0 and row["seeds"] == 2 for row in rows)
    assert torch.equal(before, torch.random.get_rng_state())  # a study leaves the generator as it was


ROWS = [
    {"model": name, "factors": factors, "score": score, "mean": 0.5, "spread": 0.125, "seeds": 2}
    for name in (*(objective.name for objective in OBJECTIVES), RELEASED)
    for factors, score in (("drawn", "mig"), ("measured", "sap"), ("dry", "dci_informativeness"))
]


def run(monkeypatch, tmp_path, *words):
    monkeypatch.setattr("model.axes.compare_axes", lambda vae, seeds, console: ROWS)
    save_weights(tmp_path, DistortionVae(SMALL).state_dict(), SMALL, {})
    monkeypatch.setattr(sys, "argv", ["gritspace", "axes", "--weights", str(tmp_path), *map(str, words)])
    return cli.main()


def test_the_command_prints_a_line_a_score_and_writes_the_rows(monkeypatch, capsys, tmp_path):
    assert run(monkeypatch, tmp_path, "--json", tmp_path / "axes.json") == 0
    said = capsys.readouterr().out.splitlines()
    lines = [line for line in said if "±" in line and "Mean" not in line]
    assert [line.split()[0] for line in lines] == ["MIG", "SAP", "DCI"]
    assert all(line.count("0.50 ± 0.12") == len(OBJECTIVES) + 1 for line in lines)
    assert max(map(len, said)) <= 80
    document = json.loads((tmp_path / "axes.json").read_text())
    assert document["results"] == ROWS and document["digits"] == [] and len(document["model_id"]) == 8


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--mnist", "."), "give --digits too"),
        (("--digits", "--manifold", "picture.txt"), "picture.txt is no picture"),
        (("--digits", "--mnist", "nowhere"), "nowhere: no train-images-idx3-ubyte"),
        (("--weights", "nowhere"), "no usable config.json"),
        (("--seeds", "0"), "0 is not at least 1"),
    ],
)
def test_what_the_command_cannot_use_is_one_sentence(monkeypatch, capsys, tmp_path, words, said):
    try:
        status = run(monkeypatch, tmp_path, *words)
    except SystemExit as refused:  # argparse
        status = refused.code
    assert status == 2 and said in capsys.readouterr().err
