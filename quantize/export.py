# SPDX-License-Identifier: MIT
"""The stages from a float checkpoint to artefacts, in order: QAT, lowering, loudness, `.tflite`, ONNX, and what they
measure.

Depends on the torch side of `quantize` and on `model.checkpoint`. Writes into one folder:

    decoder_float32.onnx                the float decoder, the reference of every error figure
    int8/ and int16x8/: decoder.tflite  the contract with everything downstream, model card included
                        decoder.onnx    the same integers as QDQ, for other tools
                        weights.safetensors, config.json, metrics.json   the QAT decoder they were lowered from
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console

from model.checkpoint import CheckpointError, load_config, load_state, load_vae, save_weights, write_whole
from model.config import Config, ModelConfig
from model.vae import Decoder
from quantize.finetune import FinetuneConfig, finetune, snr_to_float
from quantize.golden import GoldenDecoder
from quantize.graph import Graph
from quantize.loudness import measure_loudness
from quantize.lower import lower
from quantize.model_card import make_card
from quantize.onnx_export import OnnxDecoder, export_float, export_quantized
from quantize.qat import QuantizedDecoder
from quantize.tflite import model_id, write_tflite

FLOAT_NAME = "decoder_float32.onnx"
CHECK_BLOCKS = 200
# ONNX Runtime rounds to even where TFLite Micro rounds twice: an LSB here and there, tens of dB below the signal, but
# hardly further than the float decoder is, which does not round at all.
SMALLEST_ONNX_SNR_DB = {"int8": 20.0, "int16x8": 60.0}
LARGEST_SHORTFALL_DB = 6.0


class ExportError(ValueError):
    """An artefact that does not hold what it should; the message says which and by how much."""


def load_quantized(folder: Path, scheme: str) -> QuantizedDecoder:
    """The QAT decoder of an export folder, exact and in evaluation mode; raises CheckpointError."""
    decoder = QuantizedDecoder(load_config(folder / scheme), scheme)
    try:
        decoder.load_state_dict(load_state(folder / scheme))
    except RuntimeError as error:
        raise CheckpointError(
            f"{folder / scheme}: weights do not fit config.json ({str(error).splitlines()[0]})"
        ) from error
    decoder.exact = True
    return decoder.eval()


def export(
    weights: Path,
    folder: Path,
    schemes: Sequence[str],
    tuning: FinetuneConfig,
    clips: Sequence[np.ndarray],
    *,
    start: Path | None = None,
    console: Console | None = None,
) -> list[dict[str, Any]]:
    """Runs every stage for each scheme; returns a row for each.

    A row is {scheme, model_id, snr_db_before, snr_db, onnx_snr_db, seconds, best_step}.

    `clips` are dry recordings (T,) for the SNR to the float decoder: the median over clips and a grid of the map.
    `start` is an earlier export folder whose QAT weights are the first ones; otherwise those of the float decoder are.
    """
    vae = load_vae(weights)
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / FLOAT_NAME, partial(export_float, vae.decoder))
    rows = []
    for scheme in schemes:
        if start is None:
            student = QuantizedDecoder(vae.config, scheme)
            student.load_float(vae.decoder)
            student.exact = True
            student.eval()
        else:
            student = load_quantized(start, scheme)
            if _network(student.config) != _network(vae.config):
                raise ExportError(f"{start / scheme} has a decoder of another shape than {weights}; leave out --from")
        before = float(np.median(snr_to_float(vae.decoder, student, list(clips))))
        result = finetune(vae.decoder, student, tuning, console, keep_start=start is None)
        after = float(np.median(snr_to_float(vae.decoder, student, list(clips))))
        row = {"scheme": scheme, "model_id": "", "snr_db_before": before, "snr_db": after}
        target = folder / scheme
        content = with_card(lower(student), console)
        row["model_id"] = model_id(content)
        write_whole(target / "decoder.tflite", partial(_write_bytes, content))
        write_whole(target / "decoder.onnx", partial(export_quantized, student))
        row["onnx_snr_db"] = check_onnx(target / "decoder.onnx", student, vae.decoder)
        row |= {"seconds": round(result["seconds"]), "best_step": result["best_step"]}
        save_weights(target, student.state_dict(), vae.config, {"finetune": asdict(tuning), "result": row})
        rows.append(row)
    return rows


def _network(config: Config) -> Config:
    """What of a configuration a decoder depends on; the rest as it is by default."""
    defaults = ModelConfig()
    encoder = {name: getattr(defaults, name) for name in ("encoder", "mel_bands", "curve_levels", "encoder_hidden")}
    return Config(audio=config.audio, model=replace(config.model, **encoder))


def with_card(graph: Graph, console: Console | None = None) -> bytes:
    """The content of the graph's `.tflite` with its model card, for which its loudness is measured: 40 seconds for the
    released decoder.
    """
    if not graph.silent:
        raise ExportError(
            "the decoder gives sound for silence, which no module plays; train it anew with `gritspace train`"
        )
    with (console or Console()).status(f"{graph.scheme.name}: how loud it is all over the map"):
        return write_tflite(graph, make_card(graph, measure_loudness(graph)))


def _write_bytes(content: bytes, path: Path) -> None:
    path.write_bytes(content)


def check_onnx(path: Path, decoder: QuantizedDecoder, teacher: Decoder) -> float:
    """SNR in dB of ONNX Runtime's output to golden's on random audio; raises ExportError when it is not the same
    network: further from golden than rounding in another way explains, and than `teacher`, the float decoder, is.
    """
    graph, rng = lower(decoder), np.random.default_rng(0)
    z = rng.uniform(-1, 1, len(graph.latent))
    audio = rng.uniform(-0.9, 0.9, CHECK_BLOCKS * graph.block_size)
    integers = graph.audio.quantize(audio, graph.scheme)
    condition = graph.condition[0].input.quantize(z, graph.scheme)
    golden = graph.output.output.dequantize(GoldenDecoder(graph).process(integers, condition))
    wet = OnnxDecoder(path).process(audio, z)
    with torch.no_grad():
        exact = teacher(torch.tensor(audio[None, None]).float(), torch.tensor(z[None, :, None]).float())[0, 0].numpy()
    snr = _snr_db(golden, wet)
    if snr < min(SMALLEST_ONNX_SNR_DB[graph.scheme.name], _snr_db(golden, exact) - LARGEST_SHORTFALL_DB):
        raise ExportError(
            f"{path}: ONNX Runtime gives {snr:.1f} dB to golden; this is not the network that was exported"
        )
    return snr


def _snr_db(signal: np.ndarray, other: np.ndarray) -> float:
    return float(10 * np.log10(np.sum(signal**2) / max(np.sum((other - signal) ** 2), 1e-12)))
