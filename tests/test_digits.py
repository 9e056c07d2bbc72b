# SPDX-License-Identifier: MIT
"""The VAE code on images: the bound is exact where theory says so, wrong terms are noticed, MNIST's files are read."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from rich.console import Console
from sklearn.datasets import load_digits

from model import digits
from model.digits import (
    DigitsError,
    Images,
    ImageVae,
    digit_rows,
    independent_pixels,
    linear_gaussian,
    lower_bound,
    manifold,
    mnist,
    scikit_digits,
    train_images,
    weighted_likelihood,
)
from model.latent import sampled
from model.losses import kl_divergence

GREY = load_digits().data
REAL: dict[str, Callable[..., torch.Tensor]] = {"kl_divergence": kl_divergence, "sampled": sampled}
EXACT_NATS = 0.02  # 20 draws of 1,797 images: five standard errors


@pytest.fixture
def trained() -> tuple[ImageVae, torch.Tensor]:
    """A VAE after 500 steps, and test images."""
    torch.manual_seed(0)
    images = replace(scikit_digits(), steps=500)
    return train_images(images, axes=2), torch.bernoulli(images.test)


def gap(axes: int) -> float:
    """By how many nats the linear bound misses what it must be."""
    torch.manual_seed(0)
    bound, exact = linear_gaussian(GREY, axes, draws=20)
    return abs(bound - exact)


@pytest.mark.parametrize("axes", [1, 2, 10])
def test_a_linear_vae_has_the_exact_likelihood(axes):
    assert gap(axes) < EXACT_NATS


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("kl_divergence", lambda *given: 2 * REAL["kl_divergence"](*given)),
        ("kl_divergence", lambda mean, log_variance, *prior: REAL["kl_divergence"](mean, 0.5 * log_variance, *prior)),
        ("sampled", lambda mean, log_variance: mean),
        ("sampled", lambda mean, log_variance: REAL["sampled"](mean, 2 * log_variance)),
    ],
    ids=["KL without its half", "KL of deviations", "no noise", "variance for deviation"],
)
def test_a_wrong_term_shows_in_the_linear_bound(monkeypatch, name, fault):
    monkeypatch.setattr(digits, name, fault)
    assert gap(2) > 10 * EXACT_NATS


def test_a_decoder_that_ignores_its_latent_loses_exactly_the_kl_term():
    torch.manual_seed(0)
    vae, images = ImageVae(6, 2, hidden=4), torch.bernoulli(torch.full((50, 6), 0.3))
    torch.nn.init.zeros_(vae.decoder[0].weight)
    mean, log_variance = vae.encode(images)
    known = vae.log_likelihood(images, mean)  # of the pixels, whatever z
    kl = kl_divergence(mean, log_variance, torch.zeros(2), 1.0)
    torch.testing.assert_close(lower_bound(vae, images), known - kl)
    # The posterior is near the prior here, so few draws will do: five standard errors.
    torch.testing.assert_close(weighted_likelihood(vae, images, draws=4_000), known, rtol=0, atol=0.05)


def test_training_beats_independent_pixels_and_the_estimate_the_bound(trained):
    vae, test = trained
    with torch.no_grad():
        bound, estimate = float(lower_bound(vae, test).mean()), float(weighted_likelihood(vae, test).mean())
        untrained = float(lower_bound(ImageVae(64, 2), test).mean())
    assert untrained < independent_pixels(scikit_digits()) < bound - 0.5
    assert bound < estimate < bound + 3


def test_independent_pixels_are_counted_with_one_image_of_each_kind_more():
    images = Images("two", torch.tensor([[1.0, 0.0], [1.0, 0.0]]), torch.tensor([[1.0, 1.0]]), axes=(2,), steps=1)
    assert independent_pixels(images) == pytest.approx(np.log(3 / 4) + np.log(1 / 4))


def test_the_digits_are_divided_once_and_for_all():
    images = scikit_digits()
    assert images.train.shape == (1_438, 64) and images.test.shape == (359, 64)
    assert float(images.train.min()) >= 0 and float(images.train.max()) == 1
    every = torch.cat([images.train, images.test]).numpy()
    np.testing.assert_array_equal(np.sort(every.sum(axis=1)), np.sort((GREY / 16).astype(np.float32).sum(axis=1)))
    assert torch.equal(images.test, scikit_digits().test)


def test_a_manifold_has_x_to_the_right_and_y_upwards():
    vae = ImageVae(4, 2)
    linear = torch.nn.Linear(2, 4)
    with torch.no_grad():
        linear.weight.copy_(torch.tensor([[1.0, 0], [1, 0], [0, 1], [0, 1]]))  # x above y
        linear.bias.zero_()
    vae.decoder = torch.nn.Sequential(linear)
    picture = manifold(vae, places=5).reshape(5, 3, 5, 3)[:, 1:, :, 1:]  # without the lines between
    x, y = picture[:, 0, :, 0], picture[:, 1, :, 0]
    assert (np.diff(x, axis=1) > 0).all() and np.ptp(x, axis=0).max() < 1e-6
    assert (np.diff(y, axis=0) < 0).all() and np.ptp(y, axis=1).max() < 1e-6
    assert x[0, 2] == pytest.approx(0.5)  # the median of the prior is in the middle


def test_rows_of_all_sets_and_a_picture(tmp_path):
    small = replace(scikit_digits(), steps=20)
    before = torch.random.get_rng_state()
    rows = digit_rows(
        [small, replace(small, name="MNIST", axes=(20,))], Console(quiet=True), tmp_path / "new" / "m.png"
    )
    assert [(row["data"], row["model"], row["axes"]) for row in rows] == [
        ("digits", "linear", 2),
        ("digits", "VAE", 2),
        ("digits", "VAE", 10),
        ("MNIST", "VAE", 20),
    ]
    assert rows[0]["bound"] == pytest.approx(rows[0]["reference"], abs=EXACT_NATS)
    assert all(row["bound"] > row["likelihood"] > 0 for row in rows[1:])
    assert rows[-1]["reference"] == digits.PUBLISHED_NATS
    assert (tmp_path / "new" / "m.png").read_bytes().startswith(b"\x89PNG")
    assert torch.equal(before, torch.random.get_rng_state())


def idx(images: np.ndarray, kind: int = 8) -> bytes:
    return struct.pack(">BBBB3I", 0, 0, kind, 3, *images.shape) + images.astype(np.uint8).tobytes()


@pytest.mark.parametrize("zipped", [False, True])
def test_mnist_is_read_as_published(tmp_path, zipped):
    pixels = np.random.default_rng(0).integers(0, 256, (3, 4, 5))
    for name in ("train", "t10k"):
        content = idx(pixels[: 2 if name == "t10k" else 3])
        path = tmp_path / f"{name}-images-idx3-ubyte{'.gz' if zipped else ''}"
        path.write_bytes(gzip.compress(content) if zipped else content)
    images = mnist(tmp_path)
    assert images.train.shape == (3, 20) and images.test.shape == (2, 20)
    np.testing.assert_allclose(images.train.numpy(), pixels.reshape(3, 20) / 255, rtol=1e-6)  # float32


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("train-images-idx3-ubyte", None, "no train-images-idx3-ubyte or"),
        ("train-images-idx3-ubyte", idx(np.ones((2, 4, 4)))[:-1], "damaged"),
        ("train-images-idx3-ubyte", b"", "damaged"),
        ("train-images-idx3-ubyte", idx(np.ones((2, 4, 4)), kind=9), "not an idx file of images"),
        ("train-images-idx3-ubyte.gz", b"<html>", "damaged"),
        ("train-images-idx3-ubyte.gz", gzip.compress(idx(np.ones((2, 4, 4))))[:-9], "damaged"),
        ("train-images-idx3-ubyte.gz", gzip.compress(bytes(9))[:10] + bytes([0xFF] * 20), "damaged"),
    ],
)
def test_files_that_are_not_mnists_are_named(tmp_path, name, content, said):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DigitsError, match=said):
        mnist(tmp_path)
