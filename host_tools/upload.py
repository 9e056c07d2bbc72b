# SPDX-License-Identifier: MIT
"""Sends a model to a device while it plays another one, and says what became of it.

Depends on `artefacts` and `device`. The device proves and times the model before it keeps it;
until it has kept it, what it played before goes on, and is there again at the next power-up.
"""

from __future__ import annotations

import zlib
from pathlib import Path

from rich.console import Console

from host_tools.artefacts import Artefact, load_artefact
from host_tools.device import Device
from host_tools.errors import LinkError, UserError
from host_tools.packets import MAX_MODEL_BYTES
from quantize.tflite import TfliteError, require_playable

PIECE_BYTES = 512  # of a packet


def upload(path: Path, device: Device, console: Console) -> None:
    """Sends the `.tflite`; UserError or LinkError, one sentence, when it is not one for this device."""
    artefact = checked(path)
    _check_device(artefact, device)
    console.print(
        f"{path}: {artefact.scheme} model {artefact.model_id}, {len(artefact.content):,} bytes of {MAX_MODEL_BYTES:,}"
    )
    content = artefact.content
    device.request(
        "BEGIN_MODEL",
        "MODEL_IS",
        scheme=artefact.graph.scheme.code,
        model_id=int(artefact.model_id, 16),
        size=len(content),
        crc=zlib.crc32(content),
    )
    for offset in range(0, len(content), PIECE_BYTES):
        piece = list(content[offset : offset + PIECE_BYTES])
        device.request("MODEL_BYTES", "MODEL_IS", offset=offset, bytes=piece)
    tried = device.request("TRY_MODEL", "MODEL_IS")
    took, limit = tried["block_cycles"], tried["limit_cycles"]
    if tried["sectors_left"] == 0:
        raise LinkError(
            f"{device.name} needs {took:,} cycles for a block of model {artefact.model_id} and has {limit:,}; "
            "train a smaller one (--channels, --dilations); what it played before still plays"
        )
    console.print(
        "there it gives golden's integers" + (f"; a block takes {took:,} of {limit:,} cycles" if limit else "")
    )
    for sector in reversed(range(tried["sectors_left"])):
        device.request("KEEP_MODEL", "MODEL_IS", sector=sector)
    console.print(f"kept: {device.name} plays model {artefact.model_id} for {artefact.scheme}, also at its next start")


def checked(path: Path) -> Artefact:
    """The model in a file, its card replayed on golden. UserError when it is none, or too large for any device."""
    artefact = load_artefact(path)
    try:
        require_playable(artefact.content, artefact.graph)
    except TfliteError as error:
        raise UserError(f"{path}: {error}") from error
    if len(artefact.content) > MAX_MODEL_BYTES:
        raise UserError(
            f"{path} has {len(artefact.content):,} bytes, a device has room for {MAX_MODEL_BYTES:,}; train a smaller "
            "one (--channels, --dilations)"
        )
    return artefact


def _check_device(artefact: Artefact, device: Device) -> None:
    schemes, graph = device.hello().schemes, artefact.graph
    if artefact.scheme not in schemes:
        raise UserError(
            f"{artefact.path} is an {artefact.scheme} model, {device.name} runs {' and '.join(schemes) or 'none'}; "
            "give that scheme's file"
        )
    there = schemes[artefact.scheme]
    asked = (graph.sample_rate, graph.block_size, graph.latency_samples)
    has = (there.sample_rate, there.block_size, there.latency_samples)
    if asked != has:
        names = ("Hz", "samples a block", "samples of latency")
        texts = [
            ", ".join(f"{value:,} {name}" for value, name in zip(side, names, strict=True)) for side in (asked, has)
        ]
        raise UserError(
            f"{artefact.path} is for {texts[0]}; {device.name} plays {texts[1]}; train and quantise it for these, or "
            "flash a firmware that was built with it"
        )
