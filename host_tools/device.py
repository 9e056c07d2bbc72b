# SPDX-License-Identifier: MIT
"""A device that plays the decoder, at the other end of a transport: greeting, reset, audio through it.

Depends on `framing`, `protocol` and `transport`, and on NumPy. What goes wrong is one LinkError that names the remedy.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

import numpy as np

from host_tools import protocol
from host_tools.errors import LinkError
from host_tools.framing import DELIMITER, PacketReader, frame
from host_tools.protocol import Packet, ProtocolError
from host_tools.transport import Transport
from quantize.graph import SCHEMES

HELLO_ATTEMPTS = 5
HELLO_TIMEOUT_S = 1.0  # of one attempt
REPLY_TIMEOUT_S = 5.0  # QEMU on a busy machine may need a second for its first block
# Requests that may wait for their replies, in bytes: enough to keep the line busy, and so few that both sides' buffers
# hold them and nobody waits for the other.
WINDOW_BYTES = 1024

Progress = Callable[[int, int], None]  # blocks done, blocks in all


@dataclass(frozen=True)
class SchemeInfo:
    """What a device plays in one scheme. `model_id`: first 4 bytes of the .tflite's SHA-256 as hex."""

    model_id: str
    sample_rate: int  # Hz
    block_size: int  # samples
    latency_samples: int


@dataclass(frozen=True)
class Greeting:
    """Who a device is."""

    protocol_version: int
    firmware_version: str
    board: str
    schemes: dict[str, SchemeInfo]


class Device:
    """One device; greets it when opened. Use as a context manager."""

    def __init__(self, transport: Transport) -> None:
        self.name = transport.name
        self._transport = transport
        self._reader = PacketReader()
        self._sequence = 0
        self._scheme = ""
        self._received: list[Packet] = []
        try:
            self._greeting = self._greet()
        except BaseException:
            transport.close()
            raise

    def __enter__(self) -> Device:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Gives the port back, and ends what was started for this device."""
        self._transport.close()

    def hello(self) -> Greeting:
        """The device's greeting."""
        return self._greeting

    def require_model(self, scheme: str, model_id: str) -> SchemeInfo:
        """What the device plays in this scheme; LinkError unless it is this very model."""
        if scheme not in self._greeting.schemes:
            raise LinkError(f"{self.name} has no scheme {scheme}; build and load firmware that has")
        info = self._greeting.schemes[scheme]
        if info.model_id != model_id:
            raise LinkError(
                f"{self.name} runs {scheme} model {info.model_id}, but model {model_id} is asked for; "
                "emit that model's C++ (gritspace emit), rebuild the firmware and load it"
            )
        return info

    def reset(self, scheme: str) -> SchemeInfo:
        """Selects a scheme and silences its state."""
        if scheme not in self._greeting.schemes:
            raise LinkError(f"{self.name} has no scheme {scheme}; build and load firmware that has")
        self._send(protocol.pack("RESET", self._next_sequence(), scheme=SCHEMES[scheme].code))
        self._reply("READY", self._sequence)
        self._scheme = scheme
        return self._greeting.schemes[scheme]

    def process(self, dry: np.ndarray, z: np.ndarray, progress: Progress | None = None) -> np.ndarray:
        """Plays integers `dry` (T,) with integers `z`, (2,) or one row a block (blocks, 2). Returns wet (T,).

        Continues where the last call ended, after whole blocks: a last block that is not full is filled with zeros.
        Call `reset` first. An integer outside the scheme's range is the device's to refuse.
        """
        if not self._scheme:
            raise ValueError("reset() selects a scheme first")
        size = self._greeting.schemes[self._scheme].block_size
        blocks = -(-len(dry) // size)
        padded = np.zeros(blocks * size, np.int64)
        padded[: len(dry)] = dry
        dry_blocks = as_int16(padded).reshape(blocks, size)
        z_blocks = as_int16(np.broadcast_to(z, (blocks, protocol.LATENT_SIZE)))
        wet = np.empty((blocks, size), np.int16)
        window = max(1, WINDOW_BYTES // (2 * size))
        first = self._sequence + 1
        sent = 0
        for done in range(blocks):
            while sent < min(blocks, done + window):
                block = {"z": z_blocks[sent].tolist(), "dry": dry_blocks[sent].tolist()}
                self._send(protocol.pack("PROCESS", self._next_sequence(), **block))
                sent += 1
            wet[done] = self._reply("WET", (first + done) & 0xFFFF).values["wet"]
            if progress:
                progress(done + 1, blocks)
        return wet.reshape(-1)[: len(dry)].astype(SCHEMES[self._scheme].dtype)

    def _greet(self) -> Greeting:
        """Asks until somebody answers: a board that has just been reset may miss the first HELLO."""
        heard = 0
        for _ in range(HELLO_ATTEMPTS):
            self._transport.write(DELIMITER + frame(protocol.pack("HELLO", self._next_sequence())))
            deadline = time.monotonic() + HELLO_TIMEOUT_S
            while data := self._transport.read(max(0.0, deadline - time.monotonic())):
                heard += len(data)
                for packet in self._reader.feed(data):
                    if (greeting := self._understand_greeting(packet)) is not None:
                        return greeting
        wait_s = HELLO_ATTEMPTS * HELLO_TIMEOUT_S
        if heard == 0:
            raise LinkError(
                f"{self.name} said nothing for {wait_s:g} s; load the gritspace firmware, or choose another port"
            )
        raise LinkError(
            f"{self.name} answers, but not in gritspace packets; load the gritspace firmware, or choose another port"
        )

    def _understand_greeting(self, packet: bytes) -> Greeting | None:
        """The greeting, if the packet is one; LinkError when it is of another version, or our own echo."""
        if packet == protocol.pack("HELLO", self._sequence):
            raise LinkError(f"{self.name} echoes what is sent to it; choose a port with the gritspace firmware")
        identity = protocol.greeting_identity(packet)
        if identity is None:
            return None
        if identity.protocol_version != protocol.VERSION:
            raise LinkError(
                f"{self.name} (firmware {identity.firmware_version}, {identity.board}) speaks protocol "
                f"{identity.protocol_version:08x}, these tools speak {protocol.VERSION:08x}; rebuild the firmware from "
                "the same revision as the tools and load it"
            )
        try:
            values = protocol.unpack(packet).values
        except ProtocolError:
            return None
        names = {scheme.code: scheme.name for scheme in SCHEMES.values()}
        schemes = {
            str(names[info["scheme"]]): SchemeInfo(
                f"{info['model_id']:08x}", info["sample_rate_hz"], info["block_size"], info["latency_samples"]
            )
            for info in values["schemes"]
            if info["scheme"] in names
        }
        return Greeting(identity.protocol_version, identity.firmware_version, identity.board, schemes)

    def _next_sequence(self) -> int:
        self._sequence = (self._sequence + 1) & 0xFFFF
        return self._sequence

    def _send(self, packet: bytes) -> None:
        self._transport.write(frame(packet))

    def _reply(self, name: str, sequence: int) -> Packet:
        """The reply to one request. LinkError when it is a refusal, is not the next one, or does not come."""
        deadline = time.monotonic() + REPLY_TIMEOUT_S
        while not self._received:
            data = self._transport.read(max(0.0, deadline - time.monotonic()))
            if not data:
                damage = f" ({self._reader.damaged} damaged packets)" if self._reader.damaged else ""
                raise LinkError(
                    f"{self.name} stopped answering for {REPLY_TIMEOUT_S:g} s{damage}; reset it and try again"
                )
            self._understand(self._reader.feed(data))
        reply = self._received.pop(0)
        if reply.name == "ERROR":
            _, meaning = protocol.ERRORS.get(reply.values["code"], ("", f"error {reply.values['code']}"))
            raise LinkError(f"{self.name} refuses packet {reply.sequence}: {meaning}; reset it and try again")
        if (reply.name, reply.sequence) != (name, sequence):
            raise LinkError(
                f"{self.name} answers {reply.name} {reply.sequence} where {name} {sequence} was due: "
                "a packet was lost; try again"
            )
        return reply

    def _understand(self, packets: list[bytes]) -> None:
        for packet in packets:
            try:
                reply = protocol.unpack(packet)
            except ProtocolError as error:
                raise LinkError(f"{self.name} sent nonsense ({error}); rebuild and reload its firmware") from error
            if reply.name != "GREETING":  # late answers to the first HELLOs
                self._received.append(reply)


def as_int16(values: np.ndarray) -> np.ndarray:
    """Integers in the link's containers; ValueError when one does not fit."""
    values = np.asarray(values)
    narrow = values.astype(np.int16)
    if not np.array_equal(narrow, values):
        raise ValueError("an integer does not fit 16 bits")
    return narrow
