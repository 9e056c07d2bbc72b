# SPDX-License-Identifier: MIT
"""What tests use in place of released models and devices: small untrained decoders, devices that are golden inside."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import numpy as np

from host_tools.artefacts import Artefact
from host_tools.device import Greeting
from host_tools.errors import LinkError
from quantize.golden import GoldenDecoder
from quantize.synthetic import synthetic_graph
from quantize.tflite import model_id, write_tflite


def small_artefact(scheme: str, folder: Path, seed: int = 0) -> Artefact:
    """An untrained decoder of two small layers, written to a file as the released ones are."""
    graph = synthetic_graph(scheme, channels=4, dilations=(1, 4), condition_channels=2, hidden_channels=2, seed=seed)
    content = write_tflite(graph)
    path = folder / scheme / "decoder.tflite"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return Artefact(path, content, graph, model_id(content))


class StandInDevice:
    """Plays artefacts as a Device would; can be one LSB wrong at a sample, and can die after a number of samples."""

    def __init__(self, *artefacts: Artefact, wrong_at: int | None = None, dies_at: int | None = None) -> None:
        self._artefacts = {artefact.scheme: artefact for artefact in artefacts}
        self._wrong_at, self._dies_at = wrong_at, dies_at
        self.closed = False

    def __enter__(self) -> StandInDevice:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closed = True

    def hello(self) -> Greeting:
        return Greeting(0, "0.0", "stand-in", {})

    def require_model(self, scheme: str, model_id: str) -> None:
        if self._artefacts[scheme].model_id != model_id:
            raise LinkError(f"the device holds {scheme} model {self._artefacts[scheme].model_id}, not {model_id}")

    def reset(self, scheme: str) -> None:
        self._golden = GoldenDecoder(self._artefacts[scheme].graph)
        self._played = 0

    def process(self, dry: np.ndarray, z: np.ndarray) -> np.ndarray:
        start, self._played = self._played, self._played + dry.size
        if self._dies_at is not None and self._played > self._dies_at:
            raise LinkError("the device closed the line")
        wet = self._golden.process(dry, z).astype(np.int16)
        if self._wrong_at is not None and start <= self._wrong_at < self._played:
            wet[self._wrong_at - start] ^= 1
        return wet

    def bulk(self, board: str, scheme: str, dry: np.ndarray, z: np.ndarray) -> np.ndarray:
        self.reset(scheme)
        return self.process(dry.reshape(-1), z)


class StandInReference:
    """A float model of a sort: what golden gives, a little louder."""

    def __init__(self, artefact: Artefact) -> None:
        self._graph = artefact.graph
        self.reset()

    def reset(self) -> None:
        self._golden = GoldenDecoder(self._graph)

    def process(self, audio: np.ndarray, z: np.ndarray) -> np.ndarray:
        graph = self._graph
        dry = graph.input.input.quantize(audio, graph.scheme)
        places = graph.condition[0].input.quantize(z, graph.scheme)
        return 1.01 * graph.output.output.dequantize(self._golden.process(dry, places))
