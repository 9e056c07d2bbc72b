# SPDX-License-Identifier: MIT
"""The compiled gated layer is PyTorch's, forwards and backwards; without a compiler PyTorch's own takes its place."""

from __future__ import annotations

import shutil

import pytest
import torch

from model import gated_layer as module
from model.gated_layer import gated_layer

LIMIT = 2.0
# float32 sums of some forty terms, in the order of -ffast-math
TOLERANCE = {"rtol": 1e-4, "atol": 1e-5}
COMPILED = pytest.mark.skipif(shutil.which("g++") is None, reason="no g++ here to compile the layer")
# batch, channels, kernel_size, dilation, samples: tiles that do not come out even, a history longer than the clip
SHAPES = [
    (1, 1, 1, 1, 1),
    (3, 4, 3, 1, 63),
    (2, 12, 3, 10, 200),
    (2, 7, 2, 70, 65),
    (1, 12, 3, 70, 100),
    (2, 5, 4, 3, 129),
]


@pytest.fixture
def by_torch(monkeypatch):
    monkeypatch.setattr(module, "_library", lambda: None)


def arguments(shape, seed=0):
    batch, channels, kernel_size, dilation, samples = shape
    generator = torch.Generator().manual_seed(seed)
    h = torch.randn(batch, channels, samples, generator=generator)
    weights = torch.randn(2 * channels, channels, kernel_size, generator=generator) / (channels * kernel_size) ** 0.5
    gate_bias = 0.5 + torch.randn(batch, channels, 1, generator=generator)
    return (h.requires_grad_(), weights.requires_grad_(), gate_bias.requires_grad_()), dilation


def outputs_and_gradients(shape, settled=False):
    (h, weights, gate_bias), dilation = arguments(shape)
    out = gated_layer(h, weights, gate_bias, dilation, LIMIT, settled)
    towards = torch.randn(out.shape, generator=torch.Generator().manual_seed(1))
    return [out.detach(), *torch.autograd.grad(out, (h, weights, gate_bias), towards)]


WITH_PAST = [shape for shape in SHAPES if shape[4] > (shape[2] - 1) * shape[3]]  # as long as their history and more


@COMPILED
@pytest.mark.parametrize(
    ("shape", "settled"), [(shape, False) for shape in SHAPES] + [(shape, True) for shape in WITH_PAST]
)
def test_both_ways_give_the_same_numbers_and_gradients(shape, settled, monkeypatch):
    compiled = outputs_and_gradients(shape, settled)
    monkeypatch.setattr(module, "_library", lambda: None)
    for ours, theirs in zip(compiled, outputs_and_gradients(shape, settled), strict=True):
        torch.testing.assert_close(ours, theirs, **TOLERANCE)


@pytest.mark.parametrize("way", ["compiled", "torch"])
@pytest.mark.parametrize("shape", WITH_PAST)
def test_settled_are_the_samples_after_the_first_past(shape, way, request):
    if way == "torch":
        request.getfixturevalue("by_torch")
    (h, weights, gate_bias), dilation = arguments(shape)
    whole = gated_layer(h, weights, gate_bias, dilation, LIMIT)
    settled = gated_layer(h, weights, gate_bias, dilation, LIMIT, settled=True)
    torch.testing.assert_close(settled, whole[:, :, (shape[2] - 1) * dilation :])


@COMPILED
def test_the_comparison_notices_a_dilation_that_is_off_by_one(monkeypatch):
    (h, weights, gate_bias), dilation = arguments(SHAPES[2])
    compiled = gated_layer(h, weights, gate_bias, dilation, LIMIT)
    monkeypatch.setattr(module, "_library", lambda: None)
    other = gated_layer(h, weights, gate_bias, dilation + 1, LIMIT)
    assert not torch.allclose(compiled, other, **TOLERANCE)


@COMPILED
def test_the_compiled_way_is_the_one_taken(monkeypatch):
    called = []
    real = module._call

    def noted(name, *rest):
        called.append(name)
        real(name, *rest)

    monkeypatch.setattr(module, "_call", noted)
    outputs_and_gradients(SHAPES[1])
    assert called == ["gated_layer_forward", "gated_layer_backward"]


@pytest.mark.parametrize("way", ["compiled", "torch"])
def test_zeros_give_zeros_whatever_the_gates_do(way, request):
    if way == "torch":
        request.getfixturevalue("by_torch")
    (_, weights, gate_bias), dilation = arguments(SHAPES[2])
    assert not gated_layer(torch.zeros(2, 12, 200), weights, 10 * gate_bias, dilation, LIMIT).any()


def test_one_bias_serves_all_clips_of_a_batch():
    (h, weights, gate_bias), dilation = arguments(SHAPES[1])
    shared = gated_layer(h, weights, gate_bias[:1], dilation, LIMIT)
    each = gated_layer(h, weights, gate_bias[:1].expand(len(h), -1, -1), dilation, LIMIT)
    torch.testing.assert_close(shared, each)


def test_a_latent_that_moves_is_played_by_torch_and_equals_one_that_rests():
    (h, weights, gate_bias), dilation = arguments(SHAPES[2])
    resting = gated_layer(h, weights, gate_bias, dilation, LIMIT)
    moving = gated_layer(h, weights, gate_bias.expand(-1, -1, h.shape[2]), dilation, LIMIT)
    torch.testing.assert_close(resting, moving, **TOLERANCE)


def test_computers_that_share_a_folder_compile_each_their_own(tmp_path, monkeypatch):
    def made(processor):
        monkeypatch.setattr(module, "_processor", lambda: processor)
        module._library.cache_clear()
        assert module._library() is not None
        return len(list(tmp_path.glob("*.so")))

    monkeypatch.setattr(module, "BUILD", tmp_path)
    try:
        assert [made("flags: avx2"), made("flags: sse2"), made("flags: avx2")] == [1, 2, 2]
    finally:
        module._library.cache_clear()
    assert module._processor()


@pytest.mark.parametrize("compiler", [None, "/bin/false"])
def test_without_a_compiler_that_can_torch_takes_over(tmp_path, monkeypatch, compiler):
    monkeypatch.setattr(module, "BUILD", tmp_path)
    monkeypatch.setattr(module.shutil, "which", lambda name: compiler)
    module._library.cache_clear()
    try:
        assert module._library() is None and not list(tmp_path.glob("*.so"))
        assert len(outputs_and_gradients(SHAPES[1])) == 4
    finally:
        module._library.cache_clear()
