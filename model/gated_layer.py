# SPDX-License-Identifier: MIT
"""The gated layer with gradients: on a CPU by `gated_layer.cpp`, compiled when first needed, elsewhere by PyTorch.

Depends on torch, and on g++ where there is one. Both ways give the same numbers but for the order of float32 sums;
training is some four times faster by the first.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import platform
import shutil
import subprocess
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

SOURCE = Path(__file__).with_name("gated_layer.cpp")
BUILD = SOURCE.parents[1] / "build" / "kernels"
# -march=native makes it fast and this computer's own. Sums may be reordered, so that they can be vectorised; all of
# -ffast-math would switch off denormals in whoever loads the library.
REORDERING = ("-fassociative-math", "-fno-signed-zeros", "-fno-trapping-math", "-fno-math-errno")
FLAGS = ("-std=c++17", "-O3", "-march=native", *REORDERING, "-fopenmp", "-shared", "-fPIC")


def gated_layer(
    h: torch.Tensor,
    weights: torch.Tensor,
    gate_bias: torch.Tensor,
    dilation: int,
    limit: float,
    settled: bool = False,
) -> torch.Tensor:
    """clamp(h + clamp(filter, -1, 1) * clamp(gate, 0, 1), -limit, limit), causal, zeros before the start.

    h (B, C, T); weights (2C, C, K), filters before gates; gate_bias (B, C, 1) or (B, C, T) → (B, C, T). Settled are
    the samples whose whole past is in h, all but the first (K - 1) * dilation, of a gate_bias (B, C, 1). The filters
    have no bias, so that zeros give zeros whatever the gates do.
    """
    if gate_bias.shape[2] == 1 and h.device.type == "cpu" and not torch.jit.is_tracing() and _library() is not None:
        return _GatedLayer.apply(h, weights, gate_bias[:, :, 0].expand(len(h), -1), dilation, limit, settled)
    history = (weights.shape[2] - 1) * dilation
    padded = h if settled else functional.pad(h, (history, 0))
    filtered, gate = functional.conv1d(padded, weights, dilation=dilation).chunk(2, dim=1)
    h = h[:, :, history:] if settled else h
    return (h + filtered.clamp(-1, 1) * (gate + gate_bias).clamp(0, 1)).clamp(-limit, limit)


class _GatedLayer(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        h: torch.Tensor,
        weights: torch.Tensor,
        gate_bias: torch.Tensor,
        dilation: int,
        limit: float,
        settled: bool,
    ) -> torch.Tensor:
        h, gate_bias = h.contiguous(), gate_bias.contiguous()
        flat = weights.permute(0, 2, 1).contiguous()  # (2C, K, C)
        batch, channels, samples = h.shape
        taps = weights.shape[2]
        out = h.new_empty(batch, channels, samples - settled * (taps - 1) * dilation)
        ctx.save_for_backward(h, weights, flat, gate_bias)
        ctx.shape = (batch, channels, taps, dilation, samples, int(settled), ctypes.c_float(limit))
        _call("gated_layer_forward", ctx.shape, h, flat, gate_bias, out)
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        h, weights, flat, gate_bias = ctx.saved_tensors
        transposed = weights.permute(1, 2, 0).contiguous()  # (C, K, 2C)
        to_h, to_flat, to_gate = torch.empty_like(h), torch.empty_like(flat), torch.empty_like(gate_bias)
        arrays = (h, flat, transposed, gate_bias, gradients[0].contiguous(), to_h, to_flat, to_gate)
        _call("gated_layer_backward", ctx.shape, *arrays)
        return to_h, to_flat.permute(0, 2, 1), to_gate, None, None, None


def _call(name: str, shape: tuple[Any, ...], *arrays: torch.Tensor) -> None:
    getattr(_library(), name)(*shape, *(ctypes.c_void_p(array.data_ptr()) for array in arrays))


def _processor() -> str:
    """What this computer's processor can do, in Linux's words: a folder that several share has a library for each."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.lower().startswith(("flags", "features"))), platform.processor())


@functools.cache
def _library() -> ctypes.CDLL | None:
    """The compiled source; None where there is no compiler, or none that can."""
    compiler = shutil.which("g++")
    made_of = SOURCE.read_bytes() + " ".join(FLAGS).encode() + _processor().encode()
    name = hashlib.sha256(made_of).hexdigest()[:16]
    target = BUILD / f"gated_layer_{name}.so"
    if not target.exists():
        if compiler is None:
            return None
        BUILD.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_name(f".{target.name}.{os.getpid()}")
        done = subprocess.run([compiler, *FLAGS, str(SOURCE), "-o", str(unfinished)], capture_output=True, check=False)
        if done.returncode:
            return None
        unfinished.replace(target)
    return ctypes.CDLL(str(target))
