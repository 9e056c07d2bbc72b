# SPDX-License-Identifier: MIT
"""Is the VAE code sound? The same KL term and draws from the posterior on images of digits, where others have figures.

Depends on `latent`, `losses` and scikit-learn, whose digits need no network; MNIST's files may be given. Networks are
those of Kingma and Welling, "Auto-Encoding Variational Bayes", 2014, appendix C: one hidden layer of tanh either side
of the latent, and pixels that are on or off. Figures are nats an image, of images that were not trained on.
"""

from __future__ import annotations

import gzip
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from rich.console import Console
from rich.progress import track
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from model.latent import sampled
from model.losses import kl_divergence

HIDDEN, BATCH, LEARNING_RATE = 500, 100, 1e-3  # the first two as in the paper
DRAWS = 200  # of the importance-weighted estimate
MANIFOLD_PLACES = 20  # a side
UNSIGNED_BYTES = 0x08
# "test elbo: -103.31, test log p(x): -97.10": README of Jaan Altosaar's reference implementation of a VAE with a
# mean-field posterior, on a fixed binarisation of MNIST; ours is drawn anew. The paper has its bounds as curves only.
PUBLISHED_NATS = 103.31


class DigitsError(ValueError):
    """Files of MNIST that cannot be used; the message names them and the remedy."""


@dataclass(frozen=True, eq=False)
class Images:
    """Pixels as probabilities to be on, (N, pixels) float32 in 0..1, and how long it takes to learn them."""

    name: str
    train: torch.Tensor
    test: torch.Tensor
    axes: Sequence[int]
    steps: int


class ImageVae(nn.Module):
    """Pixels on or off (B, pixels) → latent (B, Z) → logits (B, pixels)."""

    def __init__(self, pixels: int, axes: int, hidden: int = HIDDEN) -> None:
        super().__init__()
        self.axes = axes
        self.encoder = nn.Sequential(nn.Linear(pixels, hidden), nn.Tanh(), nn.Linear(hidden, 2 * axes))
        self.decoder = nn.Sequential(nn.Linear(axes, hidden), nn.Tanh(), nn.Linear(hidden, pixels))

    def encode(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and log-variance, (B, Z) each."""
        mean, log_variance = self.encoder(images).chunk(2, dim=1)
        return mean, log_variance

    def log_likelihood(self, images: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        """log p(x | z) of (B, pixels) and (B, Z): (B,) nats."""
        return -binary_cross_entropy_with_logits(self.decoder(z), images, reduction="none").sum(dim=1)


def lower_bound(vae: ImageVae, images: torch.Tensor) -> torch.Tensor:
    """The evidence lower bound with one draw for each image, (B,) nats: the paper's equation 10."""
    mean, log_variance = vae.encode(images)
    kl = kl_divergence(mean, log_variance, torch.zeros(vae.axes), 1.0)
    return vae.log_likelihood(images, sampled(mean, log_variance)) - kl


def weighted_likelihood(vae: ImageVae, images: torch.Tensor, draws: int = DRAWS) -> torch.Tensor:
    """log p(x) by importance sampling, (B,) nats: below the truth on average, above the lower bound.

    Burda, Grosse and Salakhutdinov, "Importance Weighted Autoencoders", ICLR 2016, equation 8.
    """
    mean, log_variance = vae.encode(images)
    posterior, prior = (
        torch.distributions.Normal(mean, (0.5 * log_variance).exp()),
        torch.distributions.Normal(0.0, 1.0),
    )
    weights = []
    for _ in range(draws):
        z = sampled(mean, log_variance)
        weights.append(vae.log_likelihood(images, z) + (prior.log_prob(z) - posterior.log_prob(z)).sum(dim=1))
    return torch.stack(weights).logsumexp(dim=0) - math.log(draws)


def linear_gaussian(images: np.ndarray, axes: int, draws: int = DRAWS) -> tuple[float, float]:
    """The bound of a VAE whose networks are linear and optimal, by our KL term and draws, and what it must be.

    Such a model is probabilistic principal component analysis (Tipping and Bishop, JRSS B 61(3), 1999): the posterior
    is normal, so the bound equals the log-likelihood, which scikit-learn has in closed form. Takes (N, pixels), gives
    nats an image.
    """
    pca = PCA(axes).fit(images)
    noise, pixels = float(pca.noise_variance_), images.shape[1]
    centred = torch.from_numpy(images - pca.mean_).double()
    variance = torch.from_numpy(pca.explained_variance_).double()
    loadings = torch.from_numpy(pca.components_.T).double() * (variance - noise).sqrt()  # (pixels, Z)
    mean = centred @ loadings / variance
    log_variance = (noise / variance).log().expand_as(mean)
    kl = kl_divergence(mean, log_variance, torch.zeros(axes), 1.0)
    errors = [(centred - sampled(mean, log_variance) @ loadings.T).square().sum(dim=1) for _ in range(draws)]
    likelihood = -0.5 * (torch.stack(errors).mean(dim=0) / noise + pixels * math.log(2 * math.pi * noise))
    return float((likelihood - kl).mean()), float(pca.score(images))


def train_images(images: Images, axes: int, console: Console | None = None) -> ImageVae:
    """A VAE of the training images, whose pixels are switched anew at each step. Draws from torch's generator."""
    vae = ImageVae(images.train.shape[1], axes)
    optimiser = torch.optim.Adam(vae.parameters(), LEARNING_RATE)
    for _ in track(range(images.steps), f"{images.name}, {axes} axes", console=console, disable=console is None):
        grey = images.train[torch.randint(len(images.train), (BATCH,))]
        loss = -lower_bound(vae, torch.bernoulli(grey)).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return vae.eval()


def independent_pixels(images: Images) -> float:
    """Mean log-likelihood of test images by each pixel's mean alone: what a VAE that learned nothing has, nats."""
    share = (images.train.sum(dim=0) + 1) / (len(images.train) + 2)  # Laplace: no pixel is impossible
    return float((images.test * share.log() + (1 - images.test) * (1 - share).log()).sum(dim=1).mean())


def scikit_digits() -> Images:
    """1,797 images of 8 × 8 (Alpaydin and Kaynak, UCI, 1998), a fifth of them to test."""
    grey = torch.from_numpy(load_digits().data / 16).float()
    shuffled = grey[torch.randperm(len(grey), generator=torch.Generator().manual_seed(0))]
    return Images("digits", shuffled[len(grey) // 5 :], shuffled[: len(grey) // 5], axes=(2, 10), steps=6_000)


def mnist(folder: Path) -> Images:
    """LeCun's 60,000 and 10,000 images of 28 × 28, idx files as published, gzipped or not; raises DigitsError."""
    train, test = (_read_images(folder, f"{name}-images-idx3-ubyte") for name in ("train", "t10k"))
    return Images("MNIST", train, test, axes=(2, 20), steps=30_000)


def _read_images(folder: Path, name: str) -> torch.Tensor:
    path = next((p for p in (folder / name, folder / f"{name}.gz") if p.is_file()), None)
    if path is None:
        raise DigitsError(f"{folder}: no {name} or {name}.gz; put MNIST's two files of images in there")
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        shape = np.frombuffer(content, ">u4", 3, offset=4)
        pixels = np.frombuffer(content, np.uint8, offset=16).reshape(shape)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise DigitsError(f"{path}: damaged ({error}); fetch it again") from error
    if content[:4] != bytes((0, 0, UNSIGNED_BYTES, 3)):
        raise DigitsError(f"{path}: not an idx file of images; fetch it again")
    return torch.from_numpy(pixels.reshape(len(pixels), -1) / np.float32(255))


@torch.no_grad()
def manifold(vae: ImageVae, places: int = MANIFOLD_PLACES) -> np.ndarray:
    """What the decoder of two axes draws over the square, square images in one, 0..1, as in the paper's figure 4.

    Places are quantiles of the prior, so that equal areas of the picture are equally likely.
    """
    line = torch.special.ndtri((torch.arange(places) + 0.5) / places)
    z = torch.cartesian_prod(-line, line).flip(1)  # rows from the top, y upwards
    drawn = vae.decoder(z).sigmoid().numpy()
    side = math.isqrt(drawn.shape[1]) + 1  # a blank line between images
    framed = np.pad(drawn.reshape(places, places, side - 1, side - 1), ((0, 0), (0, 0), (1, 0), (1, 0)))
    return framed.swapaxes(1, 2).reshape(places * side, places * side)


def draw_manifold(vae: ImageVae, path: Path) -> None:
    """A picture of `manifold`; the path's ending says the format."""
    figure = Figure(figsize=(6.0, 6.0), layout="constrained", dpi=160)
    plot = figure.subplots()
    plot.imshow(manifold(vae), cmap="gray_r", vmin=0, vmax=1, extent=(0, 1, 0, 1))
    plot.set(xlabel="first axis, quantile of the prior", ylabel="second axis, quantile of the prior")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def digit_rows(sets: Sequence[Images], console: Console, picture: Path | None = None) -> list[dict[str, Any]]:
    """Rows {data, model, axes, bound, likelihood, reference, by}, nats an image with the sign turned: less is better.

    The first is the linear check, without an estimate of the likelihood. The picture is the last set's manifold.
    """
    with torch.random.fork_rng():
        torch.manual_seed(0)
        bound, exact = linear_gaussian(load_digits().data, axes=2)
        linear = {"data": "digits", "model": "linear", "axes": 2, "bound": -bound, "likelihood": None}
        rows: list[dict[str, Any]] = [linear | {"reference": -exact, "by": "exact, by PCA"}]
        for images in sets:
            for axes in images.axes:
                vae = train_images(images, axes, console)
                rows.append(_measured(vae, images))
                if picture and axes == 2:
                    draw_manifold(vae, picture)
    return rows


@torch.no_grad()
def _measured(vae: ImageVae, images: Images) -> dict[str, Any]:
    test = torch.bernoulli(images.test)
    reference, by = -independent_pixels(images), "independent pixels"
    if (images.name, vae.axes) == ("MNIST", 20):
        reference, by = PUBLISHED_NATS, "Altosaar's bound"
    return {
        "data": images.name,
        "model": "VAE",
        "axes": vae.axes,
        "bound": -float(lower_bound(vae, test).mean()),
        "likelihood": -float(weighted_likelihood(vae, test).mean()),
        "reference": reference,
        "by": by,
    }
