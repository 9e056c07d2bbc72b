# SPDX-License-Identifier: MIT
"""The released models, read from disk and checked. Depends on quantize.tflite; writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from host_tools.errors import UserError
from host_tools.files import REPOSITORY
from quantize.graph import SCHEMES, Graph
from quantize.tflite import TfliteError, model_id, read_tflite

CHECKPOINT = REPOSITORY / "model" / "weights"
CHECKPOINT_LITE = REPOSITORY / "model" / "weights_lite"
RELEASED = REPOSITORY / "quantize" / "released"
LITE = REPOSITORY / "quantize" / "released_lite"  # small enough for TFLite Micro on the chip
FLOAT_MODEL_NAME = "decoder_float32.onnx"


@dataclass(frozen=True, eq=False)
class Artefact:
    """One `.tflite` file: its bytes, the Graph in it and the id (8 hex digits) that everything made from it carries."""

    path: Path
    content: bytes
    graph: Graph
    model_id: str

    @property
    def scheme(self) -> str:
        return self.graph.scheme.name


def load_artefact(path: Path | str, scheme: str | None = None) -> Artefact:
    """Reads a `.tflite`; raises UserError when it is missing, damaged, not one of ours, or not of `scheme`."""
    path = Path(path)
    try:
        graph = read_tflite(path, scheme)
        content = path.read_bytes()
    except TfliteError as error:
        raise UserError(str(error)) from error
    return Artefact(path, content, graph, model_id(content))


def released_artefacts(schemes: Sequence[str] = tuple(SCHEMES), directory: Path | str = RELEASED) -> list[Artefact]:
    """The released model of each scheme asked for, in that order."""
    return [load_artefact(Path(directory) / scheme / "decoder.tflite", scheme) for scheme in schemes]


def joined_model_id(artefacts: Sequence[Artefact]) -> str:
    """One string for reports about several schemes, such as `1a2b3c4d+5e6f7a8b`."""
    return "+".join(artefact.model_id for artefact in artefacts)
