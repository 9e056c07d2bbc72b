# SPDX-License-Identifier: MIT
"""Training on another device than the CPU, by PyTorch's meta tensors, which have a device and no numbers: no step mixes
two devices. What a run on a GPU learns is not shown here.
"""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from programmes import LAYOUT, SMALL, tanh_programmes
from rich.console import Console

import model.train
from model.checkpoint import CheckpointError
from model.config import ENCODERS
from model.data import Windows
from model.train import _Run, train

ELSEWHERE = torch.device("meta")


class GeneratorElsewhere(torch.Generator):
    """Says where it is; for tensors without numbers PyTorch has none of its own."""

    def __new__(cls, device: torch.device | str = ELSEWHERE) -> GeneratorElsewhere:
        return super().__new__(cls)

    @property
    def device(self) -> torch.device:
        return ELSEWHERE


def drawn(windows: Windows, batch: int, samples: int, generator: torch.Generator) -> tuple[torch.Tensor, ...]:
    """Which programmes are cut is a matter of numbers."""
    assert generator.device == ELSEWHERE
    dry, wet = torch.rand(2, batch, samples, device=ELSEWHERE)
    return dry, wet, torch.zeros(batch, dtype=torch.long, device=ELSEWHERE)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "Generator", GeneratorElsewhere)
    monkeypatch.setattr(Windows, "draw", drawn)


def take_steps(folder: Path, encoder: str) -> None:
    """One of each phase, up to where its error becomes a number."""
    training = replace(SMALL.train, batch_size=16, amount=0.1, evenness=0.1, faintness=0.1, straightness=0.1)
    config = replace(SMALL, model=replace(SMALL.model, encoder=encoder), train=training)
    with ELSEWHERE:
        run = _Run(config, folder, tanh_programmes(), LAYOUT, None)
        for phase in run.phases:
            with pytest.raises(RuntimeError, match=r"item\(\) cannot be called on meta tensors"):
                phase.take_step()
            assert all(parameter.grad.device == ELSEWHERE for parameter in phase.network.parameters())
            phase.optimiser.step()


@pytest.mark.parametrize("encoder", ENCODERS)
def test_no_step_mixes_devices(elsewhere: None, tmp_path: Path, encoder: str) -> None:
    take_steps(tmp_path, encoder)


def test_a_tensor_that_stays_behind_is_found(elsewhere: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forgotten(*given: object) -> tuple[torch.Tensor, ...]:
        dry, wet, which = drawn(*given)  # type: ignore[arg-type]
        return dry, torch.empty_like(wet, device="cpu"), which

    monkeypatch.setattr(Windows, "draw", forgotten)
    with pytest.raises(AssertionError, match="on device cpu is not on the expected device meta"):
        take_steps(tmp_path, "statistics")


def test_a_run_goes_on_only_where_it_began(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model.train, "STATISTICS_BATCHES", 2)
    monkeypatch.setattr(model.train, "SAVE_EVERY", 2)
    quiet = Console(file=io.StringIO())
    train(SMALL, tmp_path, tanh_programmes(), LAYOUT, console=quiet)
    state = torch.load(tmp_path / "resume.pt", weights_only=True)
    torch.save(state | {"device": "cuda"}, tmp_path / "resume.pt")
    with pytest.raises(CheckpointError, match=r"begun on torch's cuda; go on there, or start afresh with --fresh"):
        train(SMALL, tmp_path, tanh_programmes(), LAYOUT, console=quiet)
