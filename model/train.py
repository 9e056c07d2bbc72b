# SPDX-License-Identifier: MIT
"""Trains the VAE in three phases, seeded, with a progress bar; can be interrupted and resumed at any moment.

Depends on the rest of `model` and rich. Run it as `gritspace train`; hyper-parameters are in `config.TrainConfig`.
First the decoder learns what each place of the layout sounds like, with latents drawn from the prior around the place;
then it goes on with weights of 8 bits; then the encoder learns, through that decoder, to find the place of a pair.
Writes `weights.safetensors`, `config.json`, `map.json` and `metrics.json` into the run's folder, and `resume.pt` on the
way there.
"""

from __future__ import annotations

import hashlib
import io
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from itertools import accumulate
from pathlib import Path
from types import FrameType

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from model.checkpoint import CheckpointError, save_weights, write_whole
from model.config import Config
from model.data import Programme, Windows
from model.latent import sampled
from model.layout import Layout
from model.lessons import clip_lesson, place_lesson
from model.losses import cyclical, kl_divergence
from model.map_terms import MapTerms
from model.rounding import round_weights, rounded
from model.vae import Decoder, DistortionVae

RESUME_FILE = "resume.pt"
SAVE_EVERY = 500  # steps between resumable states
LARGEST_GRADIENT = 1.0
RISING = 0.2  # share of the steps over which the learning rate rises
SHORTEST_SCHEDULE = 10  # steps: PyTorch's divides by the length of its rise less one step
BETAS = (0.9, 0.99)  # the first is cycled with the rate; squares forgotten sooner than Adam's 0.999 learn faster here
DIGESTED = 997  # one sample in so many says whether audio is the same
STATISTICS_BATCHES = 100  # whose mean the encoder's normalisation keeps


class _Run:
    """Everything that a resumed run must find as it was."""

    def __init__(
        self,
        config: Config,
        folder: Path,
        programmes: Sequence[Programme],
        layout: Layout,
        start: DistortionVae | Decoder | None,
    ) -> None:
        torch.manual_seed(config.train.seed)
        self.config, self.path = config, folder / RESUME_FILE
        self.windows = Windows(programmes)
        self.places = torch.tensor([layout.at(p.setting.device, p.setting.drive) for p in programmes])  # (S, Z)
        self.generator = torch.Generator(self.places.device).manual_seed(config.train.seed)
        self.map_terms = MapTerms(config, layout, self.places, self.generator)
        self.vae = DistortionVae(config)
        if isinstance(start, Decoder):
            self.vae.decoder.load_state_dict(start.state_dict())
        elif start is not None:
            self.vae.load_state_dict(start.state_dict())
        train, decoder, encoder = config.train, self.vae.decoder, self.vae.encoder
        self.phases = (
            Phase("decoder", decoder, self._decoder_step, train.learning_rate, train.steps),
            Phase("rounding", decoder, self._rounding_step, train.rounding_learning_rate, train.rounding_steps),
            Phase("encoder", encoder, self._encoder_step, train.encoder_learning_rate, train.encoder_steps),
        )
        self.step, self.seconds = 0, 0.0
        self.origin = _digest(programmes, start)
        if self.path.exists():
            self._load()

    @property
    def steps(self) -> int:
        return sum(phase.steps for phase in self.phases)

    @property
    def phase(self) -> Phase:
        """The one that the next step belongs to."""
        ends = accumulate(phase.steps for phase in self.phases)
        return next(phase for phase, end in zip(self.phases, ends, strict=True) if self.step < end)

    def _load(self) -> None:
        state = torch.load(self.path, weights_only=True, map_location="cpu")
        if state["config"] != self.config.to_json():
            raise CheckpointError(
                f"{self.path} was made with another configuration; choose another name, or start afresh with --fresh"
            )
        if state.get("origin") != self.origin:
            raise CheckpointError(
                f"{self.path} was begun with other audio or other first weights; go on with those, choose another "
                "name, or start afresh with --fresh"
            )
        if state["device"] != self.places.device.type:
            raise CheckpointError(
                f"{self.path} was begun on torch's {state['device']}; go on there, or start afresh with --fresh"
            )
        self.vae.load_state_dict(state["vae"])
        for phase, (optimiser, schedule) in zip(self.phases, state["phases"], strict=True):
            phase.optimiser.load_state_dict(optimiser)
            phase.schedule.load_state_dict(schedule)
        self.generator.set_state(state["generator"])
        self.step, self.seconds = state["step"], state["seconds"]

    def save(self) -> None:
        state = {
            "config": self.config.to_json(),
            "origin": self.origin,
            "device": self.places.device.type,
            "vae": self.vae.state_dict(),
            "phases": [(phase.optimiser.state_dict(), phase.schedule.state_dict()) for phase in self.phases],
            "generator": self.generator.get_state(),
            "step": self.step,
            "seconds": self.seconds,
        }
        content = io.BytesIO()  # in memory: on a full disk torch.save gives no OSError
        torch.save(state, content)
        write_whole(self.path, lambda path: path.write_bytes(content.getbuffer()))

    def advance(self) -> float:
        """One step; returns the batch's ESR."""
        phase = self.phase
        error = phase.take_step()
        phase.descend()
        self.step += 1
        if phase.name == "rounding" and (self.step == self.steps or self.phase is not phase):
            round_weights(self.vae.decoder)
        return error

    def _decoder_step(self) -> float:
        decoder = self.vae.decoder
        error, loss, dry = place_lesson(decoder, self.windows, self.places, self.config.train, self.generator)
        (loss.mean() + self.map_terms.weighted(decoder, dry)).backward()
        return float(error.detach().mean())

    def _rounding_step(self) -> float:
        with rounded(self.vae.decoder):
            return self._decoder_step()

    def _encoder_step(self) -> float:
        train = self.config.train
        dry, wet, which = self.windows.draw(train.batch_size, train.clip_samples, self.generator)
        mean, log_variance = self.vae.encoder(dry, wet)
        z = sampled(mean, log_variance, self.generator)
        error, loss, _ = clip_lesson(self.vae.decoder, dry, wet, z, train)
        kl = kl_divergence(mean, log_variance, self.places[which], train.place_spread**2)
        first = self.steps - train.encoder_steps
        weight = train.beta * cyclical(self.step - first, train.encoder_steps, train.beta_cycles)
        (loss + weight * kl).mean().backward(inputs=list(self.vae.encoder.parameters()))
        return float(error.detach().mean())

    @torch.no_grad()
    def settle_statistics(self) -> None:
        """Replaces the normalisation's running statistics by means over many clips: the running ones follow the last
        few batches.
        """
        norms = [m for m in self.vae.encoder.modules() if isinstance(m, torch.nn.BatchNorm1d)]
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None
        generator = torch.Generator(self.places.device).manual_seed(self.config.train.seed)
        for _ in range(STATISTICS_BATCHES):
            dry, wet, _ = self.windows.draw(self.config.train.batch_size, self.config.train.clip_samples, generator)
            self.vae.encoder(dry, wet)


def _digest(programmes: Sequence[Programme], start: torch.nn.Module | None) -> str:
    """Of what a run learns from, sampled, and of the weights that it was given."""
    digest = hashlib.sha256()
    for programme in programmes:
        digest.update(repr((programme.setting, len(programme.dry))).encode())
        digest.update(programme.dry[::DIGESTED].tobytes() + programme.wet[::DIGESTED].tobytes())
    for name, tensor in start.state_dict().items() if start is not None else ():
        digest.update(name.encode() + tensor.cpu().numpy().tobytes())
    return digest.hexdigest()


class Phase:
    """What one network learns by, for a number of steps; `take_step` leaves gradients behind and returns the ESR."""

    def __init__(
        self, name: str, network: torch.nn.Module, take_step: Callable[[], float], learning_rate: float, steps: int
    ) -> None:
        self.name, self.network, self.take_step, self.steps = name, network, take_step, steps
        self.optimiser = torch.optim.Adam(network.parameters(), lr=learning_rate, betas=BETAS)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimiser, learning_rate, total_steps=max(steps, SHORTEST_SCHEDULE), pct_start=RISING
        )

    def descend(self) -> None:
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), LARGEST_GRADIENT)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self.schedule.step()


@contextmanager
def denormals_flushed() -> Iterator[None]:
    """Decaying notes end in denormals, which cost ten times the time."""
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


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
    programmes: Sequence[Programme],
    layout: Layout,
    *,
    start: DistortionVae | Decoder | None = None,
    console: Console | None = None,
    device: str = "cpu",
) -> DistortionVae:
    """Trains to the configured steps and returns the model; continues `folder/resume.pt` if that has the same config.

    `start` gives the first weights of a fresh run: a VAE to fine-tune, or a decoder. No steps of the decoder keep it as
    it is. `device` is PyTorch's. Raises CheckpointError when the folder holds the state of another configuration or
    device, and KeyboardInterrupt after Ctrl-C, with a resumable state left behind.
    """
    # What is made in here, is made there; for CPUs it is so anyway, and the context costs each call a little.
    with torch.device(device) if device != "cpu" else nullcontext():
        return _train(config, folder, programmes, layout, start, console or Console())


def _train(
    config: Config,
    folder: Path,
    programmes: Sequence[Programme],
    layout: Layout,
    start: DistortionVae | Decoder | None,
    console: Console,
) -> DistortionVae:
    run = _Run(config, folder, programmes, layout, start)
    if run.step:
        console.print(f"resuming {folder} at step {run.step}")
    bars = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    run.vae.train()
    last, mean_error = time.perf_counter(), 0.0
    progress = Progress(TextColumn("training"), *bars, console=console)
    with denormals_flushed(), _interrupts_noted() as interrupted, progress:
        bar = progress.add_task("", total=run.steps, completed=run.step)
        while run.step < run.steps and not interrupted:
            name, error = run.phase.name, run.advance()
            mean_error = 0.99 * mean_error + 0.01 * error if mean_error else error
            progress.update(bar, completed=run.step, description=f"{name} ESR {mean_error:.4f}")
            now = time.perf_counter()
            run.seconds, last = run.seconds + now - last, now
            if run.step % SAVE_EVERY == 0 or interrupted:
                run.save()
    if interrupted:
        console.print(f"interrupted at step {run.step}; the same command resumes")
        raise KeyboardInterrupt
    run.settle_statistics()
    metrics = {"seconds": round(run.seconds), "seed": config.train.seed}
    layout.save(folder)
    save_weights(folder, run.vae.state_dict(), config, metrics)
    return run.vae.cpu().eval()
