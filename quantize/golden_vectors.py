# SPDX-License-Identifier: MIT
"""`.tflite` → `tests/golden/SCHEME.npz` and `manifest.json`: a few blocks with golden's integers at every layer.

Depends on `emit`, `golden` and `tflite`. The same files give the same bytes.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from quantize.emit import write_whole
from quantize.golden import GoldenDecoder
from quantize.graph import Graph
from quantize.tflite import model_id, read_tflite

DIRECTORY = Path(__file__).resolve().parents[1] / "tests" / "golden"
BLOCKS = 4  # more samples than the shipped decoder's receptive field


def golden_vectors(graph: Graph) -> dict[str, np.ndarray]:
    """`dry` (T,), `z` (blocks, axes), and golden's outputs of every layer by name; the decoder's is `output` (T, 1)."""
    scheme, rng = graph.scheme, np.random.default_rng(0)
    samples = BLOCKS * graph.block_size
    # From a whisper to full scale, so that rounding shows as well as clamps.
    level = np.logspace(-2, 0, samples) * scheme.integer_max
    dry = np.rint(level * rng.uniform(-1.0, 1.0, samples)).astype(scheme.dtype)
    z = rng.integers(scheme.integer_min, scheme.integer_max + 1, (BLOCKS, len(graph.latent))).astype(scheme.dtype)
    decoder = GoldenDecoder(graph)
    decoder.process(dry, z, taps=True)
    return {"dry": dry, "z": z, **decoder.layer_outputs}


def emit_golden(tflite_paths: Sequence[Path], directory: Path = DIRECTORY) -> list[Path]:
    """Writes one archive for each file, and the manifest that says of which models; returns the paths."""
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    manifest, paths = {}, []
    for tflite_path in tflite_paths:
        graph = read_tflite(Path(tflite_path))
        name = f"{graph.scheme.name}.npz"
        vectors = golden_vectors(graph)
        paths.append(write_whole(directory / name, _archive(vectors)))
        identifier = model_id(Path(tflite_path).read_bytes())
        arrays = {key: list(array.shape) for key, array in vectors.items()}
        manifest[graph.scheme.name] = {"file": name, "model_id": identifier, "arrays": arrays}
    text = json.dumps({"written_by": "gritspace emit", "models": manifest}, indent=2, sort_keys=True) + "\n"
    return [*paths, write_whole(directory / "manifest.json", text.encode())]


def _archive(arrays: dict[str, np.ndarray]) -> bytes:
    """What numpy.savez writes, less the time of day."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.save(member, array)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getvalue())
    return content.getvalue()
