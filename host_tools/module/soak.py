# SPDX-License-Identifier: MIT
"""The whole module played for long at random, and every block proved: golden must give what its decoder gave.

Depends on the host library, on golden and on `random_player`. Also looks for an output that stands still, as it would
for ever after one NaN. Faster than real time.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import Progress

from host_tools import protocol
from host_tools.artefacts import Artefact
from host_tools.boards import HostTransport
from host_tools.comparison import Tally
from host_tools.device import Device
from host_tools.firmware import build_firmware
from host_tools.framing import PacketReader, frame
from host_tools.host_library import HostLibrary
from host_tools.module.random_player import RandomPlayer
from host_tools.packets import FLAGS
from quantize.golden import GoldenDecoder

STRETCH_BLOCKS = 1_000  # played at once: a second
PREVIEWS = 10  # of a stretch, proved too: of blocks in which the spot moves
GATED = 4  # of the decoder's integers: an input that spreads no further may be taken for silence
POWER_UP_BLOCKS = 250  # until the module is heard
# For which an output may stand still though dry and wet move: a full-scale step of DC drives it to its rail until the
# DC blocker has taken that out.
STILL_BLOCKS = 250


@dataclass(frozen=True)
class SoakRow:
    """What one scheme played. Passed when the last three are zero."""

    scheme: str
    samples: int
    crossfaded_blocks: int
    rested_blocks: int
    proved_previews: int  # crossfades of which the old spot's half was proved as well
    clipped_blocks: int
    seconds: float  # that it took
    mismatches: int  # samples of the decoder that golden does not give
    preview_mismatches: int
    stuck: int  # times the output stood still while dry and wet moved

    @property
    def passed(self) -> bool:
        return self.mismatches == self.preview_mismatches == self.stuck == 0

    def json_row(self) -> dict:
        return asdict(self)


class Proof:
    """Golden beside the module's decoder, fed stretch by stretch in order."""

    def __init__(self, artefact: Artefact, seed: int = 0) -> None:
        self.wet, self.previews = Tally(), Tally()
        self._golden = GoldenDecoder(artefact.graph)
        self._rng = np.random.default_rng(seed)
        self._z = np.zeros(2, np.int64)  # of the block before
        self._rested = False

    def add(self, outputs: np.ndarray, taps: np.ndarray) -> None:
        """Records PLAY_OUTPUT (blocks,) and the decoder's integers (blocks, 3, block_size); see `HostLibrary.play`."""
        crossfaded = np.flatnonzero(outputs["crossfaded"] & ~outputs["rested"])
        chosen = set(self._rng.choice(crossfaded, min(PREVIEWS, crossfaded.size), replace=False))
        edges = np.flatnonzero(np.diff(outputs["rested"], prepend=outputs["rested"][:1] ^ 1))
        cuts = sorted({*edges.tolist(), *chosen, len(outputs)} - {0})
        for first, end in zip([0, *cuts], cuts, strict=False):
            self._add_piece(outputs[first:end], taps[first:end], first in chosen)

    def _add_piece(self, outputs: np.ndarray, taps: np.ndarray, prove_preview: bool) -> None:
        """Blocks of which none rested or all; the first one's preview is proved if that is wished."""
        if outputs["rested"][0]:
            self._rested = True
        else:
            if self._rested:  # the module forgets what is of long ago
                self._golden.reset()
            self._rested = False
            if prove_preview:
                self.previews.add(self._golden.preview(taps[0, 0], self._z), taps[0, 2])
            self.wet.add(self._golden.process(taps[:, 0].reshape(-1), outputs["z"]), taps[:, 1].reshape(-1))
        self._z = outputs["z"][-1].astype(np.int64)


def soak(
    artefacts: Sequence[Artefact],
    minutes: float,
    recordings: Sequence[np.ndarray],
    seed: int = 0,
    *,
    library: Path | None = None,
    console: Console | None = None,
) -> list[SoakRow]:
    """Plays each artefact's scheme for `minutes` of audio on the host library, or on another one.

    LinkError when the library has other models.

    The music is made of `recordings` (T,) in [-1, 1] at the model's rate, noise and silence.
    """
    path = library or build_firmware("host")
    with Device(HostTransport(path)) as device:
        for artefact in artefacts:
            device.require_model(artefact.scheme, artefact.model_id)
    rows = []
    with Progress(console=console, transient=True) as progress:
        for artefact in artefacts:
            block_rate = artefact.graph.sample_rate / artefact.graph.block_size
            stretches = max(1, round(minutes * 60 * block_rate / STRETCH_BLOCKS))
            task = progress.add_task(f"{artefact.scheme}, seconds", total=stretches)
            player = RandomPlayer(recordings, seed)
            rows.append(_soak(artefact, path, player, stretches, partial(progress.advance, task)))
    return rows


def _soak(
    artefact: Artefact, path: Path, player: RandomPlayer, stretches: int, advance: Callable[[], object]
) -> SoakRow:
    started = time.monotonic()
    proof, counts = Proof(artefact), Counter[str]()
    library = HostLibrary(path)
    try:
        settings = _choose_scheme(library, artefact)
        for stretch in range(stretches):
            library.receive(player.requests(settings))
            inputs, dry = player.stretch(STRETCH_BLOCKS, library.block_size)
            taps = np.empty((STRETCH_BLOCKS, 3, library.block_size), np.int16)
            wet, outputs = library.play(inputs, dry, taps)
            proof.add(outputs, taps)
            heard = slice(POWER_UP_BLOCKS if stretch == 0 else 0, None)
            counts["crossfaded"] += int(outputs["crossfaded"].sum())
            counts["rested"] += int(outputs["rested"].sum())
            counts["clipped"] += int(np.count_nonzero(outputs["flags"] & FLAGS["CLIP"]))
            counts["stuck"] += times_stuck(dry[heard], taps[heard, 0], taps[heard, 1], wet[heard])
            advance()
    finally:
        library.close()
    return SoakRow(
        scheme=artefact.scheme,
        samples=proof.wet.samples,
        crossfaded_blocks=counts["crossfaded"],
        rested_blocks=counts["rested"],
        proved_previews=proof.previews.samples // artefact.graph.block_size,
        clipped_blocks=counts["clipped"],
        seconds=round(time.monotonic() - started, 1),
        mismatches=proof.wet.mismatches,
        preview_mismatches=proof.previews.mismatches,
        stuck=counts["stuck"],
    )


def times_stuck(dry: np.ndarray, driven: np.ndarray, decoded: np.ndarray, wet: np.ndarray) -> int:
    """Stretches of STILL_BLOCKS in which the output stands still, though what it is mixed of moves.

    All (blocks, block_size): what came in, the decoder's input and output, integers of the scheme, and what went out.
    """

    def spread(samples: np.ndarray) -> np.ndarray:
        whole = samples[: len(samples) // STILL_BLOCKS * STILL_BLOCKS].reshape(-1, STILL_BLOCKS * samples.shape[1])
        return np.ptp(whole.astype(np.int64), axis=1)

    moves = (spread(dry) > 0) & (spread(driven) > GATED) & (spread(decoded) > 0)
    return int(np.count_nonzero(moves & (spread(wet) == 0)))


def _choose_scheme(library: HostLibrary, artefact: Artefact) -> dict[str, Any]:
    """Powers the module up in this scheme, and returns its settings as packets have them."""
    reader = PacketReader()
    (reply,) = reader.feed(library.receive(frame(protocol.pack("READ_SETTINGS", 0, factory=0))))
    settings = {**protocol.unpack(reply).values["settings"], "scheme": artefact.graph.scheme.code}
    library.receive(frame(protocol.pack("WRITE_SETTINGS", 1, settings=settings)))
    library.power_up(factory=False)
    return settings
