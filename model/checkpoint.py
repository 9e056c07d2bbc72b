# SPDX-License-Identifier: MIT
"""Checkpoints: `weights.safetensors`, `config.json` and `metrics.json` side by side, each written whole or not at all.

Depends on torch, safetensors and `config`.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from model.config import Config
from model.vae import Decoder, DistortionVae

RELEASED = Path(__file__).parent / "weights"
FILES = ("weights.safetensors", "config.json", "metrics.json")


class CheckpointError(ValueError):
    """A checkpoint that is missing, damaged, or of another shape; the message names it and the remedy."""


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Calls `write` with a temporary name in the same folder, then renames: nobody ever sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def git_revision() -> str:
    """Short hash of the commit, with `+` when the tree differs from it; `unknown` outside a checkout."""
    try:
        command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty=+", "--abbrev=10"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def save_weights(folder: Path, state: dict[str, torch.Tensor], config: Config, metrics: dict[str, Any]) -> None:
    """Writes the three files; `metrics` gains the git revision."""
    tensors = {name: tensor.contiguous() for name, tensor in state.items()}
    text = json.dumps({"git": git_revision(), **metrics}, indent=2) + "\n"
    write_whole(folder / "weights.safetensors", lambda path: save_file(tensors, path))
    write_whole(folder / "config.json", lambda path: path.write_text(config.to_json()))
    write_whole(folder / "metrics.json", lambda path: path.write_text(text))


def load_config(folder: Path) -> Config:
    """The configuration beside a checkpoint's weights; raises CheckpointError."""
    try:
        return Config.load(folder / "config.json")
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{folder}: no usable config.json ({error}); train one with `gritspace train`") from error


def load_state(folder: Path) -> dict[str, torch.Tensor]:
    """The tensors of a checkpoint; raises CheckpointError."""
    try:
        return load_file(folder / "weights.safetensors")
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            f"{folder}: no usable weights.safetensors ({error}); train one with `gritspace train`"
        ) from error


def load_decoder(folder: Path, config: Config) -> Decoder:
    """The decoder alone, from a checkpoint whose encoder may be of another shape; raises CheckpointError."""
    decoder, prefix = Decoder(config), "decoder."
    state = {name.removeprefix(prefix): t for name, t in load_state(folder).items() if name.startswith(prefix)}
    try:
        decoder.load_state_dict(state)
    except RuntimeError as error:
        raise CheckpointError(f"{folder}: no decoder of this shape ({str(error).splitlines()[0]})") from error
    return decoder.eval()


def load_vae(folder: Path = RELEASED) -> DistortionVae:
    """The whole VAE of a checkpoint folder, in evaluation mode; raises CheckpointError."""
    vae = DistortionVae(load_config(folder))
    try:
        vae.load_state_dict(load_state(folder))
    except RuntimeError as error:
        raise CheckpointError(f"{folder}: weights do not fit config.json ({str(error).splitlines()[0]})") from error
    return vae.eval()


def load_mean(first: Path, second: Path) -> DistortionVae:
    """The mean of two checkpoints' weights, with the configuration of the first; raises CheckpointError.

    Of runs that ended near each other it errs less than either (Izmailov et al., "Averaging Weights Leads to Wider
    Optima and Better Generalization", 2018; Wortsman et al., "Model soups", 2022).
    """
    vae, other = load_vae(first), load_vae(second).state_dict()
    if {name: t.shape for name, t in vae.state_dict().items()} != {name: t.shape for name, t in other.items()}:
        raise CheckpointError(f"{first} and {second} hold networks of other shapes; choose two of one shape")
    mean = {name: (t + other[name]) / 2 if t.is_floating_point() else t for name, t in vae.state_dict().items()}
    vae.load_state_dict(mean)
    return vae
