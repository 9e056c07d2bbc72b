# SPDX-License-Identifier: MIT
"""Programmes: for each setting some seconds of dry audio and what the setting makes of them, made once, kept on disk.

Depends on `devices`, `signals`, `sources` and `checks`; knows nothing of networks. A programme is drawn from its own
name and seed, so that a folder is the same whoever makes it, in whatever order, interrupted or not.
"""

from __future__ import annotations

import functools
import hashlib
import json
import signal
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from model.checkpoint import write_whole
from model.checks import complaint
from model.config import AudioConfig, Config
from model.devices import device
from model.signals import SignalFactors, render_signal
from model.sources import Recording, load_folder

SHORTEST_CLIP_S, LONGEST_CLIP_S = 0.1, 0.4
# The modules that make sound.
MAKERS = (
    *("alignment", "circuits", "data", "devices", "effects", "eurorack", "ladspa", "oscillators"),
    *("plugin_table", "plugins", "signals", "sources", "stretching", "waveshapers"),
)


class DataError(ValueError):
    """A folder of programmes that cannot be used; the message names it and the remedy."""


@dataclass(frozen=True)
class Setting:
    """A device and its drive, 0..1."""

    device: str
    drive: float


@dataclass(frozen=True)
class Recipe:
    """All that decides what a programme sounds like, but its setting."""

    split: str  # programmes of different splits share no audio
    seconds: float
    seed: int
    recordings: str | None = None  # a folder of recorded audio
    recording_share: float = 0.0

    def file_name(self, setting: Setting, audio: AudioConfig) -> str:
        """Programmes of the same name are the same, wherever the recordings lie: all that makes their sound is in it,
        also how it is made.
        """
        values = [asdict(self) | {"recordings": contents(self.recordings)}, asdict(setting), asdict(audio), made_by()]
        return self._name(setting, json.dumps(values))

    def seed_of(self, setting: Setting) -> list[int]:
        """Of what is drawn for a programme, whatever becomes of it; from a name, so that it depends on all of these."""
        sizes = [(name, size) for name, size, _ in contents(self.recordings)] or None
        name = self._name(setting, json.dumps([asdict(self) | {"recordings": sizes}, asdict(setting)]))
        return list(hashlib.sha256(name.encode()).digest()[:8])

    def _name(self, setting: Setting, text: str) -> str:
        return f"{self.split}_{setting.device}_{setting.drive:.3f}_{hashlib.sha256(text.encode()).hexdigest()[:8]}.npy"


@functools.cache
def contents(folder: str | None) -> list[tuple[str, int, str]]:
    """Name, size and digest of every file below a folder, sorted."""
    if folder is None:
        return []
    return sorted(
        (str(path.relative_to(folder)), path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in Path(folder).rglob("*")
        if path.is_file()
    )


@functools.cache
def made_by() -> str:
    """Digest of the sources that make sound: whoever changes an effect learns from what it is now."""
    digest = hashlib.sha256()
    for name in MAKERS:
        digest.update((Path(__file__).parent / f"{name}.py").read_bytes())
    return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class Programme:
    """Dry audio (samples,) and its wet twin, late by the configured latency, both float32."""

    setting: Setting
    dry: np.ndarray
    wet: np.ndarray


def delayed(wet: np.ndarray, audio: AudioConfig) -> np.ndarray:
    """Wet as a decoder should give it: late by the configured latency, as long as before."""
    return np.concatenate([np.zeros(audio.latency_samples), wet])[: len(wet)]


def draw_dry(
    rng: np.random.Generator, samples: int, audio: AudioConfig, recordings: Sequence[Recording] = (), share: float = 0.0
) -> np.ndarray:
    """One sound after the other, each of random kind, pitch, level and length, (samples,) float64."""
    clips: list[np.ndarray] = []
    while sum(map(len, clips)) < samples:
        length = int(rng.uniform(SHORTEST_CLIP_S, LONGEST_CLIP_S) * audio.sample_rate)
        if recordings and rng.uniform() < share:
            clips.append(recordings[int(rng.integers(len(recordings)))].varied_excerpt(length, rng))
        else:
            clips.append(render_signal(SignalFactors.draw_any(rng), length, audio.sample_rate, rng))
    return np.concatenate(clips)[:samples]


def make_programme(
    setting: Setting, recipe: Recipe, audio: AudioConfig, recordings: Sequence[Recording] = ()
) -> tuple[Programme, str | None]:
    """A programme, and what is wrong with it, if anything."""
    rng = np.random.default_rng(recipe.seed_of(setting))
    dry = draw_dry(rng, round(recipe.seconds * audio.sample_rate), audio, recordings, recipe.recording_share)
    wet = device(setting.device, audio).render(dry, setting.drive)
    found = complaint(dry, wet, audio)
    return Programme(setting, dry.astype(np.float32), delayed(wet, audio).astype(np.float32)), found


@functools.lru_cache(maxsize=1)
def _recordings(folder: str | None, sample_rate: int) -> list[Recording]:
    return load_folder(Path(folder), sample_rate) if folder else []


def _begin_worker() -> None:
    """Ctrl-C reaches every process of the terminal, and each would print where it was; and the parent's threads of
    PyTorch are not in a process that was forked, which would wait for them for ever.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)


def _make_file(folder: Path, setting: Setting, recipe: Recipe, audio: AudioConfig) -> str | None:
    """In a worker: writes the programme, or returns why not."""
    recordings = _recordings(recipe.recordings, audio.sample_rate)
    programme, found = make_programme(setting, recipe, audio, recordings)
    if found is None:
        both = np.stack([programme.dry, programme.wet])

        def write(path: Path) -> None:
            with path.open("wb") as file:
                np.save(file, both)

        write_whole(folder / recipe.file_name(setting, audio), write)
    return found


def build(
    folder: Path,
    settings: Sequence[Setting],
    recipe: Recipe,
    audio: AudioConfig,
    console: Console | None = None,
    workers: int = 2,
) -> list[Programme]:
    """The programmes of all settings, those that are there already read from the folder, in the order of `settings`.

    Settings whose programme fails a check are left out, counted by reason on the console. Raises DataError when none
    is left, and what a device raises. Interrupted, it goes on where it was.
    """
    files = {setting: folder / recipe.file_name(setting, audio) for setting in settings}
    missing = [setting for setting, file in files.items() if not file.exists()]
    rejected: Counter[str] = Counter()
    title = TextColumn(f"making {recipe.split} pairs")
    bars = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    if missing:
        _recordings(recipe.recordings, audio.sample_rate)  # processes that are forked share them
        with (
            Progress(title, *bars, console=console or Console()) as progress,
            ProcessPoolExecutor(min(workers, len(missing)), initializer=_begin_worker) as pool,
        ):
            bar, started = progress.add_task("", total=len(missing)), time.perf_counter()
            futures = {pool.submit(_make_file, folder, s, recipe, audio): s for s in missing}
            try:
                for future, setting in futures.items():
                    found = future.result()
                    if found is not None:
                        rejected[found] += 1
                        progress.console.print(f"left out {setting.device} at {setting.drive:g}: {found}")
                    progress.update(bar, advance=1, description=setting.device)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
            taken = max(time.perf_counter() - started, 1e-3)
            made = (len(missing) - sum(rejected.values())) * recipe.seconds
            progress.console.print(f"{made:.0f} s of pairs in {taken:.0f} s, {made / taken:.1f} s a second")
    programmes = [
        Programme(setting, *np.load(files[setting], mmap_mode="r")) for setting in settings if files[setting].exists()
    ]
    if not programmes:
        raise DataError(f"{folder}: no usable pair of {len(settings)} ({dict(rejected)}); choose other devices")
    return programmes


class Windows:
    """Random windows of programmes, of each as many as of any other but for one: what a step does not hear it forgets a
    little.
    """

    def __init__(self, programmes: Sequence[Programme]) -> None:
        self.programmes = programmes

    def draw(self, batch: int, samples: int, generator: torch.Generator) -> tuple[torch.Tensor, ...]:
        """dry and wet (B, samples) float32, and the index of each window's programme (B,), where the generator is."""
        count = len(self.programmes)
        rounds = -(-batch // count)
        which = torch.cat([torch.randperm(count, generator=generator, device=generator.device) for _ in range(rounds)])[
            :batch
        ]
        share = torch.rand(batch, generator=generator, device=generator.device)
        pieces = []
        for index, place in zip(which.tolist(), share.tolist(), strict=True):
            programme = self.programmes[index]
            first = int(place * (len(programme.dry) - samples + 1))
            pieces.append(np.stack([programme.dry[first : first + samples], programme.wet[first : first + samples]]))
        both = torch.from_numpy(np.stack(pieces)).to(generator.device)
        return both[:, 0], both[:, 1], which


def grid(devices: Sequence[str], drives: Sequence[float]) -> list[Setting]:
    """Every device at every drive."""
    return [Setting(name, drive) for name in devices for drive in drives]


def training_recipe(config: Config, recordings: Path | None = None) -> Recipe:
    data = config.data
    share = data.recording_share if recordings else 0.0
    return Recipe("training", data.seconds, data.seed, str(recordings) if recordings else None, share)
