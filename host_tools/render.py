# SPDX-License-Identifier: MIT
"""A recording through the decoder, to a WAV: by the float model, by golden, or by the host board over its packets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from host_tools import boards
from host_tools.artefacts import Artefact
from host_tools.audio import load_audio, save_audio
from host_tools.float_reference import FloatReference
from host_tools.interpreters import detect_rounding
from host_tools.parity import OpenDevice
from host_tools.stimuli import Stimulus, place_on_map, recorded_stimulus
from quantize.golden import GoldenDecoder

RenderEngine = Literal["float", "golden", "host"]


def render(
    dry_path: Path | str, wet_path: Path | str, z: Sequence[float], artefact: Artefact, engine: RenderEngine = "golden"
) -> str:
    """Writes `dry_path` at the place z (real) of the map to `wet_path`, a 24-bit WAV, whole or not at all.

    Returns what was done to the recording, or nothing. Raises UserError for a bad file or a z outside the map.
    """
    graph = artefact.graph
    place = place_on_map(graph, z)
    audio = load_audio(dry_path, graph.sample_rate, allow_silence=True)
    wet = run_engine(engine, artefact, recorded_stimulus(graph, Path(dry_path).name, audio.samples, place))
    save_audio(wet_path, wet[: audio.samples.size], graph.sample_rate)
    return audio.note


def run_engine(
    engine: RenderEngine,
    artefact: Artefact,
    stimulus: Stimulus,
    open_device: OpenDevice = boards.open_board,
) -> np.ndarray:
    """The wet of one engine from silence on, as real values."""
    graph = artefact.graph
    if engine == "float":
        return FloatReference.beside(artefact).process(stimulus.dry_real, stimulus.z_real)
    if engine == "golden":
        golden = GoldenDecoder(graph, rounding=detect_rounding())
        return graph.output.output.dequantize(golden.process(stimulus.dry, stimulus.z))
    with open_device(engine) as device:
        device.require_model(artefact.scheme, artefact.model_id)
        device.reset(artefact.scheme)
        return graph.output.output.dequantize(device.process(stimulus.dry, stimulus.z))
