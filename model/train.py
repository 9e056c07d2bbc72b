# SPDX-License-Identifier: MIT
"""Trains the VAE: a plain loop, seeded, with a progress bar, that can be interrupted and resumed at any moment.

Depends on the rest of `model` and rich. Run it as `gritspace train`; hyper-parameters are in `config.TrainConfig`.
Writes `weights.safetensors`, `config.json`, `metrics.json` into the run's folder, and `resume.pt` on the way there.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch.utils.data import DataLoader

from model.checkpoint import CheckpointError, save_weights, write_whole
from model.config import Config
from model.data import PairDataset
from model.evaluate import evaluate
from model.losses import esr, kl_divergence, pre_emphasised_esr
from model.sources import Recording
from model.vae import Decoder, DistortionVae

SAVE_EVERY = 200  # steps between resumable states
LARGEST_GRADIENT = 1.0


class _Run:
    """Everything that a resumed run must find as it was."""

    def __init__(self, config: Config, folder: Path, start: DistortionVae | Decoder | None) -> None:
        torch.manual_seed(config.train.seed)
        self.config, self.path = config, folder / "resume.pt"
        self.vae = DistortionVae(config)
        if isinstance(start, Decoder):
            self.vae.decoder.load_state_dict(start.state_dict())
            self.vae.decoder.requires_grad_(False)
        elif start is not None:
            self.vae.load_state_dict(start.state_dict())
        train = config.train
        self.optimiser = torch.optim.Adam(self.vae.parameters(), lr=train.learning_rate)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimiser, train.learning_rate, total_steps=train.steps, pct_start=0.2
        )
        self.step, self.seconds = 0, 0.0
        if self.path.exists():
            self._load()

    def _load(self) -> None:
        state = torch.load(self.path, weights_only=True)
        if state["config"] != self.config.to_json():
            raise CheckpointError(
                f"{self.path} was made with another configuration; choose another name, or start afresh with --fresh"
            )
        for part in ("vae", "optimiser", "schedule"):
            getattr(self, part).load_state_dict(state[part])
        torch.set_rng_state(state["rng"])
        self.step, self.seconds = state["step"], state["seconds"]

    def save(self) -> None:
        state = {part: getattr(self, part).state_dict() for part in ("vae", "optimiser", "schedule")}
        state |= {"config": self.config.to_json(), "rng": torch.get_rng_state(), "step": self.step}
        state |= {"seconds": self.seconds}
        write_whole(self.path, lambda path: torch.save(state, path))

    def advance(self, dry: torch.Tensor, wet: torch.Tensor) -> float:
        """One step on a batch (B, T); returns its ESR."""
        train, field = self.config.train, self.vae.decoder.receptive_field
        window = _draw_window(self.config, field)
        output, mean, log_variance = self.vae(dry, wet, window)
        output, target = output[:, field:], wet[:, window][:, field:]
        error = esr(output, target).mean()
        warmup = min(1.0, self.step / max(1.0, train.beta_warmup * train.steps))
        loss = error + pre_emphasised_esr(output, target, train.pre_emphasis).mean()
        loss = loss + train.beta * warmup * kl_divergence(mean, log_variance).mean()
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.vae.parameters(), LARGEST_GRADIENT)
        self.optimiser.step()
        self.schedule.step()
        self.step += 1
        return float(error.detach())


def _draw_window(config: Config, field: int) -> slice:
    """Where in the clip the decoder is trained: its receptive field, then `decoded_samples`."""
    length = min(config.train.clip_samples, field + config.train.decoded_samples)
    first = int(torch.randint(config.train.clip_samples - length + 1, ()))
    return slice(first, first + length)


def _ignore_interrupts(worker: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal interrupts the worker too; the main process decides


def _loader(config: Config, first_step: int, recordings: Sequence[Recording]) -> DataLoader:
    train = config.train
    total = train.steps * train.batch_size
    dataset = PairDataset(config.audio, train.clip_samples, train.seed, total, recordings=recordings)
    return DataLoader(
        dataset,
        batch_size=train.batch_size,
        sampler=range(first_step * train.batch_size, total),
        num_workers=1,
        prefetch_factor=4,
        worker_init_fn=_ignore_interrupts,
        generator=torch.Generator(),  # else making a loader would draw from the generator that a resumed run restores
    )


@contextmanager
def _interrupts_noted() -> Iterator[list[bool]]:
    """Ctrl-C fills the list instead of breaking a step in two; a half step could not be resumed exactly."""
    noted: list[bool] = []

    def note(number: int, frame: FrameType | None) -> None:
        noted.append(True)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield noted
    finally:
        signal.signal(signal.SIGINT, before)


def train(
    config: Config,
    folder: Path,
    *,
    start: DistortionVae | Decoder | None = None,
    recordings: Sequence[Recording] = (),
    console: Console | None = None,
    evaluation_clips: int = 300,
) -> DistortionVae:
    """Trains to `config.train.steps` and returns the model; continues `folder/resume.pt` if that has the same config.

    `start` gives the first weights of a fresh run: a VAE to fine-tune, or a decoder to keep as it is and learn an
    encoder for. Raises CheckpointError when the folder holds the state of another configuration, and KeyboardInterrupt
    after Ctrl-C, with a resumable state left behind.
    """
    console = console or Console()
    torch.set_flush_denormal(True)  # decaying notes end in denormals, which cost ten times the time
    run = _Run(config, folder, start)
    if run.step:
        console.print(f"resuming {folder} at step {run.step}")
    bars = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    run.vae.train()
    last, mean_error = time.perf_counter(), 0.0
    with _interrupts_noted() as interrupted, Progress(TextColumn("training"), *bars, console=console) as progress:
        bar = progress.add_task("", total=config.train.steps, completed=run.step)
        for dry, wet in _loader(config, run.step, recordings):
            error = run.advance(dry, wet)
            mean_error = 0.98 * mean_error + 0.02 * error if mean_error else error
            progress.update(bar, completed=run.step, description=f"ESR {mean_error:.4f}")
            now = time.perf_counter()
            run.seconds, last = run.seconds + now - last, now
            if run.step % SAVE_EVERY == 0 or interrupted:
                run.save()
            if interrupted:
                break
    if interrupted:
        console.print(f"interrupted at step {run.step}; the same command resumes")
        raise KeyboardInterrupt
    rows = evaluate(run.vae, evaluation_clips) if evaluation_clips else []
    metrics = {"seconds": round(run.seconds), "seed": config.train.seed, "results": rows}
    save_weights(folder, run.vae.state_dict(), config, metrics)
    return run.vae.eval()
