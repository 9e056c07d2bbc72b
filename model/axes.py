# SPDX-License-Identifier: MIT
"""Do axes mean something? A small beta-VAE and AR-VAE side by side on the labelled pairs, and the released encoder.

Depends on `labelled`, `disentangle`, `latent` and `losses`. The small ones read the released encoder's features and
their decoder gets those of dry audio beside the latent, as the module's gets dry audio: without them all three learned
nothing but the dry sound.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.progress import track
from torch import nn

from model.config import ModelConfig
from model.disentangle import dci, disentanglement_scores
from model.features import feature_count
from model.labelled import BATCH, DRAWN, DRY, MEASURED, NAMES, LabelledPairs, features, labelled_pairs
from model.latent import attribute_loss, sampled
from model.losses import cyclical, kl_divergence
from model.vae import DistortionVae

STEPS, BATCH_SIZE, LEARNING_RATE, HIDDEN = 2_000, 128, 1e-3, 128
RELEASED = "released"


@dataclass(frozen=True)
class Objective:
    """What a small VAE minimises beside half the squared error of its features."""

    name: str
    beta: float
    cycles: int = 1  # of the cosine schedule
    capacity_nats: float = 0.0  # above 0: the schedule raises what the KL term is held to, and not its weight
    attributes: float = 0.0  # weight of the tie between axes and attributes


OBJECTIVES = (
    # Higgins et al., "beta-VAE", ICLR 2017, with the weight that Pati and Lerch gave it.
    Objective("beta-VAE", beta=4.0, cycles=4),
    # Burgess et al., "Understanding Disentangling in beta-VAE", 2018. Theirs rose to 25 nats, for ten axes.
    Objective("beta-VAE, capacity", beta=30.0, capacity_nats=4.0),
    # Pati and Lerch, "Attribute-based Regularization of Latent Spaces for Variational Auto-Encoders", 2020.
    Objective("AR-VAE", beta=1.0, attributes=10.0),
)


class FeatureVae(nn.Module):
    """Features (B, F) → latent (B, Z), and with the features of dry audio back to all of them."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        count, size, curve = feature_count(config), len(config.latent_names), 6 * config.curve_levels
        self.dry = slice(curve, (curve + count) // 2)  # the curve, then as many features of dry as of wet

        def network(inputs: int, outputs: int) -> nn.Sequential:
            first = (nn.Linear(inputs, HIDDEN), nn.GELU(), nn.Linear(HIDDEN, HIDDEN), nn.GELU())
            return nn.Sequential(*first, nn.Linear(HIDDEN, outputs))

        self.encoder = network(count, 2 * size)
        self.decoder = network(size + self.dry.stop - self.dry.start, count)

    def encode(self, seen: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and log-variance, (B, Z) each."""
        mean, log_variance = self.encoder(seen).chunk(2, dim=1)
        return mean, log_variance.clamp(-12, 2)

    def decode(self, z: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
        """Features (B, F) from the latent and the dry part of the features."""
        return self.decoder(torch.cat([z, seen[:, self.dry]], dim=1))


def train_features(
    seen: torch.Tensor, attributes: torch.Tensor, config: ModelConfig, objective: Objective, steps: int
) -> FeatureVae:
    """A VAE of standardised features (N, F); axes are tied to the attributes (N, Z) in order, if the objective says so.

    Draws from torch's global generator.
    """
    vae = FeatureVae(config)
    optimiser = torch.optim.Adam(vae.parameters(), LEARNING_RATE)
    origin = torch.zeros(len(config.latent_names))
    for step in range(steps):
        batch = torch.randint(len(seen), (BATCH_SIZE,))
        mean, log_variance = vae.encode(seen[batch])
        z = sampled(mean, log_variance)
        error = 0.5 * (vae.decode(z, seen[batch]) - seen[batch]).square().sum(dim=1).mean()
        kl, rise = kl_divergence(mean, log_variance, origin, 1.0).mean(), cyclical(step, steps, objective.cycles)
        held = (kl - rise * objective.capacity_nats).abs() if objective.capacity_nats else rise * kl
        loss = error + objective.beta * held + objective.attributes * attribute_loss(z, attributes[batch])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return vae


def axis_scores(codes: np.ndarray, pairs: LabelledPairs, chosen: np.ndarray, seed: int) -> dict[tuple[str, str], float]:
    """(factors, score) → figure for the codes (N, Z) of the chosen pairs.

    Interpretability is left out where a factor's numbers are names. Of the dry clip's factors there is only how much
    the codes know of them, which should be nothing.
    """
    of = {names: pairs.columns(names)[chosen] for names in (DRAWN, MEASURED, DRY)}
    drawn = disentanglement_scores(codes, of[DRAWN], [name in NAMES for name in DRAWN], seed)
    del drawn["interpretability"]
    measured = disentanglement_scores(codes, of[MEASURED], None, seed)
    known = dci(codes, of[DRY], [False] * len(DRY), np.random.default_rng(seed))[2]
    return {
        **{("drawn", score): figure for score, figure in drawn.items()},
        **{("measured", score): figure for score, figure in measured.items()},
        ("dry", "dci_informativeness"): known,
    }


def compare_axes(released: DistortionVae, seeds: int, console: Console, steps: int = STEPS) -> list[dict[str, Any]]:
    """Rows {model, factors, score, mean, spread, seeds}: the standard deviation over seeds of split, training, scores.

    Half of the pairs train the small VAEs, the other half are scored; the released encoder knew none of them. A few
    seconds for each seed and objective, after half a minute for the pairs.
    """
    console.print("making labelled pairs")
    pairs = labelled_pairs(released.config)
    seen = features(pairs, released.config)
    places = _placed(released, pairs)
    attributes = torch.from_numpy(pairs.columns(MEASURED)).float()
    found: dict[tuple[str, str, str], list[float]] = {}
    for seed in track(range(seeds), "learning axes", console=console):
        trained, scored = np.split(np.random.default_rng(seed).permutation(len(seen)), [len(seen) // 2])
        standard = (seen - seen[trained].mean(dim=0)) / (seen[trained].std(dim=0) + 1e-3)
        codes = {}
        for objective in OBJECTIVES:
            with torch.random.fork_rng():
                torch.manual_seed(seed)
                vae = train_features(standard[trained], attributes[trained], released.config.model, objective, steps)
            with torch.no_grad():
                codes[objective.name] = vae.encode(standard[scored])[0].numpy()
        codes[RELEASED] = places[scored]
        for name, z in codes.items():
            for (factors, score), figure in axis_scores(z, pairs, scored, seed).items():
                found.setdefault((name, factors, score), []).append(figure)
    return [
        {
            **dict(zip(("model", "factors", "score"), key, strict=True)),
            "mean": float(np.mean(figures)),
            "spread": float(np.std(figures, ddof=1)) if seeds > 1 else None,
            "seeds": seeds,
        }
        for key, figures in found.items()
    ]


@torch.no_grad()
def _placed(vae: DistortionVae, pairs: LabelledPairs) -> np.ndarray:
    """Where the released encoder puts each pair, (N, Z)."""
    sounds = zip(torch.from_numpy(pairs.dry).split(BATCH), torch.from_numpy(pairs.wet).split(BATCH), strict=True)
    return torch.cat([vae.encoder(dry, wet)[0] for dry, wet in sounds]).numpy()
