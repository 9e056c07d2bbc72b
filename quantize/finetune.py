# SPDX-License-Identifier: MIT
"""Fine-tunes the quantised decoder to its float teacher; the last phase runs the chip's own integers forward.

Depends on torch, `qat` and `model`. The teacher's output is the target, so no wet audio is needed: any dry clip at
any spot of the map teaches. The loss is the logarithm of the error-to-signal ratio, i.e. decibels, so that quiet
clips count like loud ones.
"""

from __future__ import annotations

import copy
import math
import time
from dataclasses import dataclass

import numpy as np
import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from model.config import Config
from model.losses import esr
from model.signals import SignalFactors, render_signal
from model.vae import Decoder
from quantize.qat import QuantizedDecoder

EXAM_EVERY, EXAM_LESSONS = 10, 3  # steps; batches
QUIETEST_POWER = 1e-7  # -70 dBFS: a quieter target is not chased
SMALLEST_RATIO = 1e-7  # -70 dB: keeps the logarithm finite


@dataclass(frozen=True)
class FinetuneConfig:
    steps: int = 300
    exact_steps: int = 60  # of those, the last ones, with TFLite Micro's integers in the forward pass
    batch_size: int = 16
    clip_samples: int = 2_048
    learning_rate: float = 1e-5  # at 1e-3 a decoder that began at 40 dB fell to 15 and stayed there
    seed: int = 1


def dry_batch(config: Config, size: int, samples: int, rng: np.random.Generator) -> torch.Tensor:
    """Procedural dry clips (B, 1, T)."""
    rate = config.audio.sample_rate
    clips = [render_signal(SignalFactors.draw(rng), samples, rate, rng) for _ in range(size)]
    return torch.from_numpy(np.stack(clips)[:, None]).float()


@dataclass(frozen=True, eq=False)
class _Lesson:
    """Dry clips, spots of the map, and what the teacher makes of them."""

    dry: torch.Tensor  # (B, 1, T)
    z: torch.Tensor  # (B, 2, 1)
    target: torch.Tensor  # (B, 1, T - past)

    @staticmethod
    def draw(teacher: Decoder, config: Config, tuning: FinetuneConfig, rng: np.random.Generator) -> _Lesson:
        size, limit, past = tuning.batch_size, config.model.latent_limit, teacher.past
        dry = dry_batch(config, size, tuning.clip_samples + past, rng)
        z = torch.from_numpy(rng.uniform(-limit, limit, (size, len(config.model.latent_names), 1))).float()
        with torch.no_grad():
            return _Lesson(dry, z, teacher.settled(dry, z))

    def loss(self, student: QuantizedDecoder) -> torch.Tensor:
        """Mean logarithm of the error-to-signal ratio: minus a tenth of the SNR in dB."""
        output = student(self.dry, self.z)[:, :, -self.target.shape[2] :]
        return (esr(output, self.target, QUIETEST_POWER) + SMALLEST_RATIO).log10().mean()


@torch.no_grad()
def _exam(student: QuantizedDecoder, lessons: list[_Lesson]) -> float:
    """SNR in dB on the chip's integers."""
    exact, student.exact = student.exact, True
    decibels = -10 * float(np.mean([float(lesson.loss(student)) for lesson in lessons]))
    student.exact = exact
    return decibels


def finetune(
    teacher: Decoder,
    student: QuantizedDecoder,
    tuning: FinetuneConfig,
    console: Console | None = None,
    *,
    keep_start: bool = False,
) -> dict[str, float]:
    """Trains `student` in place, and leaves it as it was at its best, exact and in evaluation mode.

    Weights near a rounding threshold keep stepping over it, so the last step is not the best one: every EXAM_EVERY
    steps the integers are measured on clips that are not trained on. With `keep_start` the start is a candidate, too: a
    teacher whose weights are rounded already leaves little to learn. Without it what comes out is new.
    Returns {seconds, best_step, snr_db of that measure}.
    """
    rng = np.random.default_rng(tuning.seed)
    torch.manual_seed(tuning.seed)
    teacher.eval()
    student.train()
    exam_rng = np.random.default_rng((tuning.seed, EXAM_LESSONS))
    lessons = [_Lesson.draw(teacher, student.config, tuning, exam_rng) for _ in range(EXAM_LESSONS)]
    optimiser = torch.optim.Adam(student.parameters(), lr=tuning.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, tuning.steps, eta_min=0.01 * tuning.learning_rate)
    started, best_step, best, best_state = time.perf_counter(), 0, -math.inf, copy.deepcopy(student.state_dict())
    if keep_start:
        best = _exam(student, lessons)
    bars = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    title = TextColumn(f"quantising {student.scheme.name}")
    with Progress(title, *bars, console=console or Console()) as progress:
        bar = progress.add_task("", total=tuning.steps)
        for step in range(1, tuning.steps + 1):
            student.exact = step > tuning.steps - tuning.exact_steps
            loss = _Lesson.draw(teacher, student.config, tuning, rng).loss(student)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            schedule.step()
            if step % EXAM_EVERY == 0 or step == tuning.steps:
                decibels = _exam(student, lessons)
                if decibels > best:
                    best_step, best, best_state = step, decibels, copy.deepcopy(student.state_dict())
            progress.update(bar, completed=step, description=f"SNR to float {best:.1f} dB" if best > -math.inf else "")
    student.load_state_dict(best_state)
    student.eval()
    student.exact = True
    return {"seconds": time.perf_counter() - started, "best_step": best_step, "snr_db": best}


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
        table.append(-10 * esr(student(dry, spots), teacher(dry, spots), floor=0.0)[:, 0].log10().numpy())
    return np.array(table)
