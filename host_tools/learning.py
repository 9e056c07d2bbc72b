# SPDX-License-Identifier: MIT
"""The stages that need torch, for the command line: train, match, quantise; `evaluation`, `studies` and `axes_command`
have the rest, and no other module of host_tools loads it.

Depends on `model` and `quantize.export`; turns their errors into UserError, and recordings into what they train and
measure on.
"""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from safetensors import SafetensorError

from host_tools.artefacts import load_artefact, released_artefacts
from host_tools.audio import load_audio, recorded_audio, save_audio
from host_tools.comparison import ErrorEnergy, Tally
from host_tools.errors import UserError
from host_tools.interpreters import open_interpreter
from host_tools.render import run_engine
from host_tools.stimuli import random_stimulus, recorded_stimulus
from host_tools.witness import WitnessRow
from model.captures import CaptureError, PairError, load_pair
from model.checkpoint import CheckpointError, load_config, load_vae
from model.data import DataError, delayed
from model.devices import DeviceError
from model.matching import match
from model.plugins import PluginError
from model.run import PlanError, TrainingPlan, chosen, train_planned
from model.scores import decoder_render
from model.sources import SourceError
from quantize.export import ExportError, export, load_quantized
from quantize.finetune import FinetuneConfig
from quantize.graph import GraphError

# On a busy machine threads wait for each other: 3.5 s a step where one takes 0.13 s. An idle one may be given two.
if "OMP_NUM_THREADS" not in os.environ:
    torch.set_num_threads(1)

USER_CAUSES = (
    *(PlanError, CheckpointError, SourceError, DeviceError, PluginError, DataError, CaptureError, PairError),
    *(GraphError, ExportError),
)
MATCH_SECONDS = 20.0  # of a pair; golden plays about as fast as one listens
CLIP_SECONDS = 0.5  # of each recording that quantisation is measured on, from where it is loudest


Settings = Mapping[str, Any]  # fields of a configuration; None keeps the default


@contextmanager
def user_errors() -> Iterator[None]:
    """What a user can cause becomes a UserError; third-party notes about their own future are not for users."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", UserWarning)
        try:
            yield
        except USER_CAUSES as error:
            raise UserError(str(error)) from error
        except BrokenProcessPool as error:
            raise UserError(
                "a process that makes pairs was ended from outside; free some memory, then resume"
            ) from error
        except (OSError, SafetensorError) as error:
            raise UserError(f"{error}; make room or choose another folder, then the same command resumes") from error


def train_run(plan: TrainingPlan, console: Console) -> list[dict[str, Any]]:
    """The rows of `model.run.train_planned`."""
    with user_errors():
        return train_planned(plan, console)


def match_recordings(
    dry_path: Path, wet_path: Path, weights: Path, models: Path | None, output: Path | None
) -> dict[str, Any]:
    """The spot and levels at which the decoder is most like the wet recording, for scripts; writes the match.

    `models` holds the checkpoint's `.tflite`; without it there is no figure of the integers, and the float decoder
    plays `output`. Errors are over the first MATCH_SECONDS of what the two have in common.
    """
    with user_errors():
        vae = load_vae(weights)
        audio, limit = vae.config.audio, vae.decoder.latent_limit
        pair = load_pair(dry_path, wet_path, audio.sample_rate)
        found = match(vae, pair.dry, pair.wet)
        shown = slice(0, round(MATCH_SECONDS * audio.sample_rate))
        dry = 10 ** (found.input_level_db / 20) * pair.dry[shown]
        gain, z = 10 ** (found.output_level_db / 20), np.array(found.z)
        target = np.roll(delayed(pair.wet[shown], audio), -found.lag_samples)
        wet = gain * decoder_render(vae)(dry, z[None])[0]
        result = {
            "model_id": identity(weights),
            "z": list(found.z),
            "knobs": [(value + limit) / (2 * limit) for value in found.z],
            "input_level_db": found.input_level_db,
            "output_level_db": found.output_level_db,
            "latency_samples": pair.lag_samples + found.lag_samples,
            "esr_float": _esr(target, wet),
            "esr_int": None,
        }
        if models:
            artefact = load_artefact(models / "int16x8" / "decoder.tflite", "int16x8")
            stimulus = recorded_stimulus(artefact.graph, dry_path.name, dry, z)
            wet = gain * run_engine("golden", artefact, stimulus)[: len(dry)]
            result |= {"model_id": artefact.model_id, "esr_int": _esr(target, wet)}
        if output:
            save_audio(output, wet, audio.sample_rate)
        return result


def _esr(target: np.ndarray, wet: np.ndarray) -> float | None:
    energy = ErrorEnergy()
    energy.add(target, wet)
    return energy.esr


def identity(weights: Path) -> str:
    return hashlib.sha256((weights / "weights.safetensors").read_bytes()).hexdigest()[:8]


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
    with user_errors():
        tuning = replace(FinetuneConfig(), **chosen(settings))
        clips = loudest_clips(load_config(weights).audio.sample_rate, instruments)
        return export(weights, out, schemes, tuning, clips, start=start, console=console)


QAT_CLIP_BLOCKS = 512  # the latent rests over a clip; each clip starts from silence


def qat_witness(models: Path, schemes: Sequence[str], samples: int) -> list[WitnessRow]:
    """QAT's exact forward pass against TFLite Micro's interpreter on random integers, clip by clip."""
    rows = []
    with user_errors(), torch.no_grad():
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
