# SPDX-License-Identifier: MIT
"""The float decoder that the integer models are measured against, run by ONNX Runtime. No torch, no training."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from host_tools.artefacts import FLOAT_MODEL_NAME, Artefact
from host_tools.errors import UserError
from quantize.graph import Graph

# Long clips go through in pieces; each piece is preceded by what the network remembers, so nothing changes.
PIECE_SAMPLES = 1 << 17


class FloatReference:
    """A streaming view of the float model: `process` carries its memory (one receptive field) until `reset`."""

    @classmethod
    def beside(cls, artefact: Artefact) -> FloatReference:
        """The float model of the export that the artefact is part of."""
        return cls(artefact.graph, artefact.path.parents[1] / FLOAT_MODEL_NAME)

    def __init__(self, graph: Graph, path: Path | str) -> None:
        import onnxruntime

        path = Path(path)
        if not path.is_file():
            raise UserError(f"{path}: no such model; make it with: gritspace quantize")
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's exceptions share no base class of their own
            raise UserError(
                f"{path}: not an ONNX model that can be run; make it again with: gritspace quantize"
            ) from error
        self._memory = graph.receptive_field - 1
        self._axes = len(graph.latent)
        self.reset()

    def reset(self) -> None:
        """Silence, as if nothing had ever been heard."""
        self._past_audio = np.zeros(0, np.float32)
        self._past_z = np.zeros((self._axes, 0), np.float32)

    def process(self, audio: np.ndarray, z: np.ndarray) -> np.ndarray:
        """audio (T,) real; z (Z,) for all of it or (blocks, Z) with T a multiple of blocks; gives wet (T,) float64."""
        places = np.atleast_2d(np.asarray(z, np.float32))
        per_sample = np.repeat(places, audio.size // places.shape[0], axis=0).T  # (Z, T)
        wet = np.empty(audio.size)
        for start in range(0, audio.size, PIECE_SAMPLES):
            piece = slice(start, start + PIECE_SAMPLES)
            wet[piece] = self._process_piece(audio[piece].astype(np.float32), per_sample[:, piece])
        return wet

    def _process_piece(self, audio: np.ndarray, z: np.ndarray) -> np.ndarray:
        heard = np.concatenate([self._past_audio, audio])
        places = np.concatenate([self._past_z, z], axis=1)
        (wet,) = self._session.run(None, {"audio": heard[None, None], "z": places[None]})
        keep = max(heard.size - self._memory, 0)
        self._past_audio, self._past_z = heard[keep:], places[:, keep:]
        return wet.reshape(-1)[heard.size - audio.size :]
