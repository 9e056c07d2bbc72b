# SPDX-License-Identifier: MIT
"""What tests use in place of released models and devices: small untrained decoders, devices that are golden inside,
and the far end of the link with a module that does as a test wants."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from host_tools import protocol
from host_tools.artefacts import Artefact
from host_tools.device import Greeting
from host_tools.errors import LinkError
from host_tools.framing import PacketReader, frame
from host_tools.module.calibrate import Answer
from host_tools.module.calibration_audio import AudioStep
from host_tools.module.calibration_checks import Finding, Step
from host_tools.packets import ERRORS, FLAGS, STATUS
from quantize.golden import GoldenDecoder
from quantize.graph import Graph
from quantize.loudness_table import flat_table
from quantize.model_card import make_card
from quantize.synthetic import synthetic_graph
from quantize.tflite import model_id, write_tflite


@dataclass
class StandInHands:
    """Of a calibration: they wait for nothing, and answer a refusal as told, then give up."""

    answers: list[Answer] = field(default_factory=list, kw_only=True)
    refusals: list[tuple[Step | AudioStep, list[Finding]]] = field(default_factory=list, kw_only=True)
    left: int = field(default=0, kw_only=True)  # times

    def hold(self) -> None:
        pass

    listen = hold

    def refused(self, step: Step | AudioStep, findings: Sequence[Finding]) -> Answer:
        self.refusals.append((step, list(findings)))
        return self.answers.pop(0) if self.answers else Answer.GIVE_UP

    def leave(self) -> None:
        self.left += 1


def with_flat_card(graph: Graph) -> bytes:
    """A `.tflite` as `gritspace quantize` writes it, but for the loudness, which takes long to measure."""
    return write_tflite(graph, make_card(graph, flat_table()))


def small_artefact(scheme: str, folder: Path, seed: int = 0) -> Artefact:
    """An untrained decoder of two small layers, written to a file as the released ones are."""
    graph = synthetic_graph(
        scheme, channels=4, dilations=(1, 4), condition_channels=2, hidden_channels=2, silent=True, seed=seed
    )
    content = with_flat_card(graph)
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
        dry = graph.audio.quantize(audio, graph.scheme)
        places = graph.condition[0].input.quantize(z, graph.scheme)
        return 1.01 * graph.output.output.dequantize(self._golden.process(dry, places))


class StandInModule:
    """A transport with a module at its end that answers as `packets` says. Its panel is `adc`, read anew each time.

    `refusals` names requests that it refuses, and with which of packets.ERRORS; `requests` are those that it got.
    """

    name = "stand-in"

    def __init__(self, adc: Callable[[], list[int]] | None = None, refusals: dict[str, str] | None = None) -> None:
        self.settings = factory_values()
        self.requests: list[str] = []
        self.closed = False
        self._turned = [32_768] * 5 + [65_535, 33_105, 33_105]
        self._read_adc = adc or (lambda: self._turned)
        self._refusals = ({"PANEL": "REAL_PANEL"} if adc else {}) | (refusals or {})
        self._inputs, self._blocks, self._live, self._base, self._preset = 0, 0, True, {"x": 0, "y": 0}, 255
        self._reader, self._replies = PacketReader(), b""

    def write(self, data: bytes) -> None:
        for packet in self._reader.feed(data):
            request = protocol.unpack(packet)
            self.requests.append(request.name)
            answer, values = self._answer(request.name, request.values)
            self._replies += frame(protocol.pack(answer, request.sequence, **values))

    def read(self, timeout_s: float) -> bytes:
        replies, self._replies = self._replies, b""
        return replies

    def close(self) -> None:
        self.closed = True

    def refuse(self, request: str, error: str) -> None:
        """From now on."""
        self._refusals[request] = error

    def _answer(self, name: str, values: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        if name in self._refusals:
            code = next(code for code, (error, _) in ERRORS.items() if error == self._refusals[name])
            return "ERROR", {"code": code}
        if name == "HELLO":
            scheme = dict(scheme=1, model_id=1, sample_rate_hz=48_000, block_size=48, latency_samples=6)
            greeting = dict(protocol_version=protocol.VERSION, firmware_version="1.2.3", board="stand-in")
            return "GREETING", {**greeting, "schemes": [scheme]}
        if name == "PLAY":
            return "PLAYED", {"spot": self._base, "flags": FLAGS["CLIP"], "leds": [0] * 4, "wet": values["dry"]}
        self._carry_out(name, values)
        if name == "READ_SETTINGS" and values["factory"]:
            return "SETTINGS_ARE", {"settings": factory_values()}
        if name in ("READ_SETTINGS", "WRITE_SETTINGS", "STORE_PRESET"):
            return "SETTINGS_ARE", {"settings": self.settings}
        return "STATUS_IS", {"status": self._status()}

    def _carry_out(self, name: str, values: dict[str, Any]) -> None:
        if name == "WRITE_SETTINGS":
            self.settings = values["settings"]
        elif name == "STORE_PRESET":
            self.settings["presets"][values["index"]] = self._base
        elif name == "RECALL_PRESET":
            self._base, self._preset = self.settings["presets"][values["index"]], values["index"]
        elif name == "PANEL":
            self._turned, self._inputs = values["adc"], values["inputs"]
        elif name in ("POWER_UP", "GO_LIVE"):
            self._live = name == "GO_LIVE"

    def _status(self) -> dict[str, Any]:
        self._blocks += 1
        values: dict[str, Any] = {field.name: 0 for field in STATUS.fields}
        values |= {"blocks": self._blocks, "budget_cycles": 1000, "mean_cycles": 450, "worst_cycles": 600}
        values |= {"adc": self._read_adc(), "inputs": self._inputs, "flags": FLAGS["LIVE"] if self._live else 0}
        values |= {"spot": self._base, "preset": self._preset, "base": 2 if self._preset != 255 else 0}
        return values | {"input_peak": 16_384, "output_peak": 8_192, "leds": [0] * 4}


def factory_values() -> dict[str, Any]:
    """SETTINGS as unpacked, of a module that nobody has changed."""
    presets = [{"x": 4096 * index, "y": -4096 * index} for index in range(8)]
    pots = {"pot_low": [0] * 6, "pot_high": [65_535] * 6}
    choices = {"morph_time_ms": 500, "gate_mode": 0, "midi_channel": 0, "scheme": 1}
    spots = {"presets": presets, "second_spot": {"x": 29_491, "y": 29_491}}
    full_scale = {"in_full_scale_mv": 8_500, "out_full_scale_mv": 7_500}
    return {**pots, "cv_zero": [33_105] * 2, "cv_per_volt": [-5_958] * 2, **spots, **choices, **full_scale}
