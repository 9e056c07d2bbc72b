# SPDX-License-Identifier: MIT
"""The network being trained is the network on the chip: QAT's exact forward pass, the lowered graph, ONNX."""

from __future__ import annotations

import io
import warnings

import numpy as np
import pytest
import torch
from rich.console import Console

from model.config import Config, ModelConfig
from model.vae import Decoder
from quantize.export import ExportError, check_onnx
from quantize.finetune import FinetuneConfig, dry_batch, finetune, snr_to_float
from quantize.golden import GoldenDecoder
from quantize.graph import SCHEMES
from quantize.lower import lower
from quantize.onnx_export import export_float, export_quantized
from quantize.qat import QuantizedDecoder

CONFIG = Config(model=ModelConfig(channels=4, dilations=(1, 4), condition_hidden=4, condition_channels=2))
QUIET = Console(file=io.StringIO())

pytestmark = pytest.mark.filterwarnings(
    # Brevitas and torch's exporters speak of their own future.
    "ignore::DeprecationWarning",
    "ignore::UserWarning",
)


def decoders(scheme: str) -> tuple[Decoder, QuantizedDecoder]:
    torch.manual_seed(1)
    teacher = Decoder(CONFIG).eval()
    student = QuantizedDecoder(CONFIG, scheme)
    student.load_float(teacher)
    student.exact = True
    return teacher, student.eval()


def batch(samples: int = 1_000) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(0)
    return torch.from_numpy(rng.uniform(-1, 1, (3, 1, samples))).float(), torch.from_numpy(
        rng.normal(size=(3, 2, 1))
    ).float()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("training", [False, True])
def test_the_exact_forward_pass_is_golden(scheme, training):
    _, student = decoders(scheme)
    student.train(training)
    dry, z = batch()
    graph = lower(student)
    output = np.rint(student(dry, z).detach().numpy()[:, 0].astype(np.float64) / graph.output.output.scale)
    for clip, place, wet in zip(dry[:, 0].numpy(), z[:, :, 0].numpy(), output, strict=True):
        integers = graph.audio.quantize(clip, graph.scheme)
        condition = graph.condition[0].input.quantize(place, graph.scheme)
        assert np.array_equal(GoldenDecoder(graph).process(integers, condition), wet)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_gradients_are_those_of_fake_quantisation(scheme):
    """Same direction for every weight; the values differ because each is taken at its own forward pass."""
    gradients = []
    for exact in (False, True):
        teacher, student = decoders(scheme)
        student.train()
        student.exact = exact
        dry, z = batch()
        (student(dry, z) - teacher(dry, z)).pow(2).mean().backward()
        weights = [p.grad for n, p in student.named_parameters() if n.endswith("weight")]
        assert all(w is not None and torch.isfinite(w).all() for w in weights)
        fake = (student(dry, z) * torch.linspace(-1, 1, dry.shape[2])).sum()
        gradients.append(torch.cat([g.flatten() for g in torch.autograd.grad(fake, [student.gain.conv.weight])]))
    assert float(torch.cosine_similarity(*gradients, dim=0)) > 0.95


@pytest.mark.parametrize(("scheme", "least_db"), [("int8", 12.0), ("int16x8", 30.0)])
def test_quantisation_stays_close_to_the_float_decoder(scheme, least_db):
    teacher, student = decoders(scheme)
    clips = [0.5 * np.sin(np.arange(2_000) / 15), dry_batch(CONFIG, 1, 2_000, np.random.default_rng(4))[0, 0].numpy()]
    assert np.median(snr_to_float(teacher, student, clips, grid=3)) > least_db


def test_finetuning_comes_closer_to_the_teacher():
    teacher, student = decoders("int16x8")
    clips = [0.5 * np.sin(np.arange(4_000) / 15), *dry_batch(CONFIG, 3, 4_000, np.random.default_rng(4))[:, 0].numpy()]
    before = np.median(snr_to_float(teacher, student, clips))
    finetune(teacher, student, FinetuneConfig(steps=60, exact_steps=5, clip_samples=512, learning_rate=1e-4), QUIET)
    assert np.median(snr_to_float(teacher, student, clips)) > before + 1.0
    assert student.exact and not student.training


@pytest.mark.parametrize("keep_start", [True, False])
def test_finetuning_that_only_harms_can_keep_its_start(keep_start):
    teacher, student = decoders("int16x8")
    before = {name: value.clone() for name, value in student.state_dict().items()}
    harmful = FinetuneConfig(steps=3, exact_steps=1, clip_samples=512, learning_rate=0.3)
    result = finetune(teacher, student, harmful, QUIET, keep_start=keep_start)
    kept = all(torch.equal(value, before[name]) for name, value in student.state_dict().items())
    assert kept == keep_start == (result["best_step"] == 0)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_onnx_holds_the_same_network(scheme, tmp_path):
    teacher, student = decoders(scheme)
    path = tmp_path / "decoder.onnx"
    export_quantized(student, path)
    assert check_onnx(path, student, teacher) > {"int8": 25.0, "int16x8": 65.0}[scheme]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_file_of_another_network_is_refused(scheme, tmp_path):
    teacher, student = decoders(scheme)
    _, other = decoders(scheme)
    with torch.no_grad():
        other.output.conv.weight *= 1.2
    path = tmp_path / "decoder.onnx"
    export_quantized(other, path)
    with pytest.raises(ExportError, match="not the network that was exported"):
        check_onnx(path, student, teacher)


def test_the_float_decoder_in_onnx_is_torchs(tmp_path):
    import onnxruntime

    teacher, _ = decoders("int8")
    export_float(teacher, tmp_path / "decoder.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "decoder.onnx"))
    dry, z = batch()
    for moments in (1, dry.shape[2]):
        inputs = {"audio": dry[:1].numpy(), "z": z[:1].expand(-1, -1, moments).numpy()}
        with torch.no_grad():
            expected = teacher(dry[:1], z[:1])
        assert np.abs(session.run(None, inputs)[0] - expected.numpy()).max() < 1e-5  # float32, another order of sums


def test_a_dead_channel_still_fits_its_bias():
    _, student = decoders("int8")
    with torch.no_grad():
        student.layers[0].filter.conv.weight[0] = 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        graph = lower(student)
    assert np.abs(graph.layers[0].filter.bias).max() < 2**31
