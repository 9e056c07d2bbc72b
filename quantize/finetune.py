# SPDX-License-Identifier: MIT
"""Fine-tunes the quantised decoder to its float teacher; the last phase runs the chip's own integers forward.

Depends on torch, `qat` and `model`. The teacher's output is the target, so no wet audio is needed: any dry clip at
any spot of the map teaches. The loss is the logarithm of the error-to-signal ratio, i.e. decibels, so that quiet
clips count like loud ones.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from model.config import Config
from model.signals import SignalFactors, render_signal
from model.vae import Decoder
from quantize.qat import QuantizedDecoder

SMALLEST_RATIO = 1e-7  # -70 dB: keeps the logarithm finite


@dataclass(frozen=True)
class FinetuneConfig:
    steps: int = 1_500
    exact_steps: int = 200  # of those, the last ones, with TFLite Micro's integers in the forward pass
    batch_size: int = 16
    clip_samples: int = 2_048
    learning_rate: float = 5e-5  # at 1e-3 a decoder that began at 40 dB fell to 15 and stayed there
    seed: int = 1


def dry_batch(config: Config, size: int, samples: int, rng: np.random.Generator) -> torch.Tensor:
    """Procedural dry clips (B, 1, T)."""
    rate = config.audio.sample_rate
    clips = [render_signal(SignalFactors.draw(rng), samples, rate, rng) for _ in range(size)]
    return torch.from_numpy(np.stack(clips)[:, None]).float()


def ratio(output: torch.Tensor, target: torch.Tensor, floor: float = 1e-7) -> torch.Tensor:
    """Error-to-signal ratio of each clip, (B, 1, T) → (B,); the floor is the power of a signal at -70 dBFS."""
    return (output - target).pow(2).mean(dim=(1, 2)) / (target.pow(2).mean(dim=(1, 2)) + floor)


def finetune(
    teacher: Decoder, student: QuantizedDecoder, tuning: FinetuneConfig, console: Console | None = None
) -> dict[str, float]:
    """Trains `student` in place and leaves it exact and in evaluation mode; returns {seconds, snr_db of the last
    steps}.
    """
    config, rng = student.config, np.random.default_rng(tuning.seed)
    torch.manual_seed(tuning.seed)
    limit = config.model.latent_limit
    optimiser = torch.optim.Adam(student.parameters(), lr=tuning.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, tuning.steps, eta_min=0.01 * tuning.learning_rate)
    started, decibels = time.perf_counter(), 0.0
    title = f"quantising {student.scheme.name}"
    columns = (
        TextColumn(title),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
        TimeRemainingColumn(),
    )
    teacher.eval()
    student.train()
    start = teacher.receptive_field
    with Progress(*columns, console=console or Console()) as progress:
        bar = progress.add_task("", total=tuning.steps)
        for step in range(tuning.steps):
            student.exact = step >= tuning.steps - tuning.exact_steps
            dry = dry_batch(config, tuning.batch_size, tuning.clip_samples + start, rng)
            z = torch.from_numpy(
                rng.uniform(-limit, limit, (tuning.batch_size, len(config.model.latent_names), 1))
            ).float()
            with torch.no_grad():
                target = teacher(dry, z)[:, :, start:]
            loss = (ratio(student(dry, z)[:, :, start:], target) + SMALLEST_RATIO).log10().mean()
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            schedule.step()
            now = -10 * float(loss.detach())
            decibels = now if step == 0 else 0.97 * decibels + 0.03 * now
            progress.update(bar, completed=step + 1, description=f"SNR to float {decibels:.1f} dB")
    student.eval()
    student.exact = True
    return {"seconds": time.perf_counter() - started, "training_snr_db": decibels}


@torch.no_grad()
def snr_to_float(teacher: Decoder, student: QuantizedDecoder, clips: list[np.ndarray], grid: int = 5) -> np.ndarray:
    """SNR in dB of the student to the teacher for each clip and each spot of a grid over the map: (clips, grid *
    grid).
    """
    limit = 0.8 * student.config.model.latent_limit
    axis = np.linspace(-limit, limit, grid)
    spots = torch.tensor([[x, y] for x in axis for y in axis]).float()[:, :, None]
    table = []
    for clip in clips:
        dry = torch.from_numpy(clip[None, None]).float().expand(len(spots), -1, -1)
        table.append(-10 * ratio(student(dry, spots), teacher(dry, spots), floor=0.0).log10().numpy())
    return np.array(table)
