# SPDX-License-Identifier: MIT
"""The stages that need torch, for the command line: train, evaluate, quantise. The only module of host_tools that
loads it.

Depends on `model` and `quantize.export`; turns their errors into UserError, and recordings into what they train and
measure on.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console

from host_tools.artefacts import released_artefacts
from host_tools.audio import load_audio, recorded_audio
from host_tools.comparison import Tally
from host_tools.errors import UserError
from host_tools.interpreters import open_interpreter
from host_tools.stimuli import random_stimulus
from host_tools.witness import WitnessRow
from model.checkpoint import CheckpointError, load_config, load_decoder, load_vae
from model.config import Config
from model.evaluate import evaluate
from model.sources import SourceError, load_folder, load_recording
from model.train import train
from model.vae import Decoder, DistortionVae
from quantize.export import ExportError, export, load_quantized
from quantize.finetune import FinetuneConfig
from quantize.graph import GraphError

# The convolutions are small. On two busy cores two threads wait for each other: 3.5 s a step where one takes 0.13 s.
torch.set_num_threads(1)

CLIP_SECONDS = 0.5  # of each recording that quantisation is measured on, from where it is loudest


Settings = Mapping[str, Any]  # fields of a configuration; None keeps the default


def _chosen(settings: Settings) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if value is not None}


@contextmanager
def _user_errors() -> Iterator[None]:
    """What a user can cause becomes a UserError; third-party notes about their own future are not for users."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", UserWarning)
        try:
            yield
        except (CheckpointError, SourceError, GraphError, ExportError) as error:
            raise UserError(str(error)) from error


def train_run(
    folder: Path,
    settings: Settings,
    audio: Path | None,
    start: Path | None,
    fresh: bool,
    console: Console,
    encoder_only: bool = False,
) -> list[dict[str, Any]]:
    """Trains into `folder`, from a checkpoint when `start` is given; returns the evaluation's rows.

    `encoder_only` keeps the checkpoint's decoder as it is and learns a new encoder for it.

    `settings` replace fields of TrainConfig; those that are None keep the default, or what `start` was trained with.
    """
    if encoder_only and not start:
        raise UserError("--encoder-only learns an encoder for the decoder of a checkpoint; name it with --from")
    with _user_errors():
        first: DistortionVae | Decoder | None = load_vae(start) if start and not encoder_only else None
        config = first.config if isinstance(first, DistortionVae) else Config()
        config = replace(config, train=replace(config.train, **_chosen(settings)))
        if start and encoder_only:
            first = load_decoder(start, config)
        recordings = load_folder(audio, config.audio.sample_rate) if audio else []
        if fresh:
            shutil.rmtree(folder, ignore_errors=True)
        train(config, folder, start=first, recordings=recordings, console=console)
        return json.loads((folder / "metrics.json").read_text())["results"]


def evaluate_checkpoint(weights: Path, clips: int) -> tuple[str, list[dict[str, Any]]]:
    """The checkpoint's id and its rows; `unseen_sources` are the recorded instruments, which are never trained on."""
    with _user_errors():
        vae = load_vae(weights)
        recordings = [load_recording(path, vae.config.audio.sample_rate) for path in recorded_audio()]
        identity = hashlib.sha256((weights / "weights.safetensors").read_bytes()).hexdigest()[:8]
        return identity, evaluate(vae, clips, recordings)


def loudest_clips(sample_rate: int, limit: int | None = None) -> list[np.ndarray]:
    """Half a second of each recorded instrument, from where it is loudest; of the first `limit` ones when given."""
    length = round(CLIP_SECONDS * sample_rate)
    clips = []
    for path in recorded_audio(limit):
        samples = load_audio(path, sample_rate).samples
        energy = np.cumsum(np.concatenate([[0.0], samples**2]))
        first = int(np.argmax(energy[length:] - energy[:-length])) if len(samples) > length else 0
        clips.append(samples[first : first + length])
    return clips


def quantize_checkpoint(
    weights: Path,
    out: Path,
    schemes: Sequence[str],
    settings: Settings,
    console: Console,
    *,
    start: Path | None = None,
    instruments: int | None = None,
) -> list[dict[str, Any]]:
    """Quantises a checkpoint into `out`, measures on the first `instruments` recordings; a row for each scheme.

    `settings` replace fields of FinetuneConfig where they are not None; `start` is an earlier `out`.
    """
    with _user_errors():
        tuning = replace(FinetuneConfig(), **_chosen(settings))
        clips = loudest_clips(load_config(weights).audio.sample_rate, instruments)
        return export(weights, out, schemes, tuning, clips, start=start, console=console)


QAT_CLIP_BLOCKS = 512  # the latent rests over a clip; each clip starts from silence


def qat_witness(models: Path, schemes: Sequence[str], samples: int) -> list[WitnessRow]:
    """QAT's exact forward pass against TFLite Micro's interpreter on random integers, clip by clip."""
    rows = []
    with _user_errors(), torch.no_grad():
        for artefact in released_artefacts(schemes, models):
            decoder, tally = load_quantized(models, artefact.scheme), Tally()
            engine = open_interpreter("tflm", artefact.content)
            graph = artefact.graph
            while tally.samples < samples:
                clip = random_stimulus(graph, QAT_CLIP_BLOCKS * graph.block_size, seed=tally.samples)
                z = clip.z[0]
                inputs = (clip.dry_real[None, None], graph.condition[0].input.dequantize(z)[None, :, None])
                wet = decoder(*(torch.from_numpy(values).float() for values in inputs))[0, 0].numpy()
                engine.reset()
                exact = np.rint(wet.astype(np.float64) / graph.output.output.scale) + graph.output.output.zero_point
                tally.add(engine.process(clip.dry, z), exact.astype(np.int64))
            rows.append(WitnessRow(artefact.scheme, "qat", tally.samples, tally.mismatches, tally.max_lsb))
    return rows
