# SPDX-License-Identifier: MIT
"""A device at the other end of a transport: greeting, requests and their replies, audio through its decoder.

Depends on `framing`, `protocol` and `transport`, and on NumPy; `module` has what concerns the whole module. What goes
wrong is one LinkError that names the remedy.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import numpy as np

from host_tools import protocol
from host_tools.errors import LinkError
from host_tools.framing import DELIMITER, PacketReader, frame
from host_tools.packets import ERRORS, LATENT_SIZE
from host_tools.protocol import Packet, ProtocolError
from host_tools.transport import Transport
from quantize.graph import SCHEMES

HELLO_ATTEMPTS = 5
HELLO_TIMEOUT_S = 1.0  # of one attempt
LEAVE_TIMEOUT_S = 1.0  # of the good-bye
REPLY_TIMEOUT_S = 5.0  # QEMU on a busy machine may need a second for its first block
# Requests that may wait for their replies, in bytes: enough to keep the line busy, and so few that both sides' buffers
# hold them and nobody waits for the other.
WINDOW_BYTES = 1024

# After these the codec is silent, until GO_LIVE.
BENCH_BEGINS = ("RESET", "POWER_UP")
REMEDIES = {  # of refusals, by their names in ERRORS; those that are not here, a reset mends
    "OUT_OF_RANGE": "give one within it",
    "REAL_PANEL": "",
    "NOT_SAVED": "try again, or they are lost without power",
    "BUSY": "try again",
    "NO_BOOTLOADER": "give the port of a module",
    "MODELS_COMPILED_IN": "flash the board daisy_seed_tflm, or emit this model's C++ (gritspace emit), build and flash",
    "MODEL_TOO_LARGE": "train a smaller one",
    "MODEL_DAMAGED": "try again",
    "FOREIGN_MODEL": "give one of gritspace quantize, of fewer channels or layers",
    "SELF_TEST_FAILED": "flash the firmware again, and if that does not help, report it",
    "TOO_SLOW": "train a smaller one",
    "MODEL_NOT_SAVED": "try again, the one before still plays",
}

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


class RefusalError(LinkError):
    """The device understood a request and will not do it. `name` is a name of packets.ERRORS."""

    def __init__(self, device: str, request: str, code: int) -> None:
        self.name, meaning = ERRORS.get(code, ("", f"error {code}"))
        remedy = REMEDIES.get(self.name, "reset it and try again")
        super().__init__("; ".join(filter(None, (f"{device} refuses {request}: {meaning}", remedy))))


class Device:
    """One device; greets it when opened. Use as a context manager."""

    def __init__(self, transport: Transport) -> None:
        self.name = transport.name
        self._transport = transport
        self._reader = PacketReader()
        self._sequence = 0  # of the last request
        self._block_sequence = 0  # of the last block: they follow each other, whatever is asked between them
        self._scheme = ""
        self._bench = False  # whether it was taken from its codec
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
        """Leaves the module live, as far as it listens; gives the port back, and ends what was started for it."""
        try:
            if self._bench:
                self._leave_bench()
        finally:
            self._transport.close()

    def hello(self) -> Greeting:
        """The device's greeting."""
        return self._greeting

    def schemes(self) -> dict[str, SchemeInfo]:
        """What the device plays in each scheme, one at least. LinkError when it has no decoder."""
        if not self._greeting.schemes:
            raise LinkError(f"{self.name} has no decoder; upload a smaller model, or load other firmware")
        return self._greeting.schemes

    def require_model(self, scheme: str, model_id: str) -> SchemeInfo:
        """What the device plays in this scheme; LinkError unless it is this very model."""
        info = self._played(scheme)
        if info.model_id != model_id:
            raise LinkError(
                f"{self.name} runs {scheme} model {info.model_id}, but model {model_id} is asked for; "
                "emit that model's C++ (gritspace emit), rebuild the firmware and load it"
            )
        return info

    def _played(self, scheme: str) -> SchemeInfo:
        schemes = self.schemes()
        if scheme not in schemes:
            raise LinkError(f"{self.name} has no scheme {scheme}, but {', '.join(schemes)}; choose that with --scheme")
        return schemes[scheme]

    def reset(self, scheme: str) -> SchemeInfo:
        """Selects a scheme and silences its state."""
        info = self._played(scheme)
        self.request("RESET", "READY", scheme=SCHEMES[scheme].code)
        self._scheme = scheme
        return info

    def process(self, dry: np.ndarray, z: np.ndarray, progress: Progress | None = None) -> np.ndarray:
        """Plays integers `dry` (T,) with integers `z`, (2,) or one row a block (blocks, 2). Returns wet (T,).

        Continues where the last call ended, after whole blocks: a last block that is not full is filled with zeros.
        Call `reset` first. An integer outside the scheme's range is the device's to refuse.
        """
        if not self._scheme:
            raise ValueError("reset() selects a scheme first")
        size = self._greeting.schemes[self._scheme].block_size
        blocks = -(-len(dry) // size)
        dry_blocks = as_int16(np.pad(dry, (0, blocks * size - len(dry)))).reshape(blocks, size)
        z_blocks = as_int16(np.broadcast_to(z, (blocks, LATENT_SIZE)))
        wet = np.empty((blocks, size), np.int16)
        requests = ({"z": z.tolist(), "dry": dry.tolist()} for z, dry in zip(z_blocks, dry_blocks, strict=True))
        for block, reply in enumerate(self.stream("PROCESS", "WET", requests)):
            wet[block] = reply["wet"]
            if progress:
                progress(block + 1, blocks)
        return wet.reshape(-1)[: len(dry)].astype(SCHEMES[self._scheme].dtype)

    def request(self, name: str, answer: str, **values: Any) -> dict[str, Any]:
        """Sends one request and returns the values of its reply, a packet called `answer`. RefusalError, LinkError."""
        self._bench = name in BENCH_BEGINS or (self._bench and name != "GO_LIVE")
        sequence = self._next_sequence()
        if name in BENCH_BEGINS:
            self._block_sequence = sequence
        self._transport.write(frame(protocol.pack(name, sequence, **values)))
        return self._reply(name, answer, sequence)

    def enter_bootloader(self) -> None:
        """Asks the board to wait for a new image; it then leaves the line. RefusalError when it cannot."""
        self.request("ENTER_BOOTLOADER", "STATUS_IS")

    def stream(self, name: str, answer: str, blocks: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
        """Sends blocks while earlier ones still wait, so that the line stays busy; yields their replies' values."""
        waiting: deque[int] = deque()
        for values in blocks:
            self._block_sequence = sequence = (self._block_sequence + 1) & 0xFFFF
            packet = protocol.pack(name, sequence, **values)
            if waiting and (len(waiting) + 1) * len(packet) > WINDOW_BYTES:
                yield self._reply(name, answer, waiting.popleft())
            self._transport.write(frame(packet))
            waiting.append(sequence)
        while waiting:
            yield self._reply(name, answer, waiting.popleft())

    def _greet(self) -> Greeting:
        """Asks until somebody answers: a board that has just been reset may miss the first HELLO."""
        heard = 0
        for _ in range(HELLO_ATTEMPTS):
            self._transport.write(DELIMITER + frame(protocol.pack("HELLO", self._next_sequence())))
            deadline = time.monotonic() + HELLO_TIMEOUT_S
            while (left_s := deadline - time.monotonic()) > 0 and (data := self._transport.read(left_s)):
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

    def _leave_bench(self) -> None:
        """Waits until GO_LIVE is answered: a socket that closes over unread replies throws away what it has sent."""
        self._bench = False
        sequence = self._next_sequence()
        deadline = time.monotonic() + LEAVE_TIMEOUT_S
        with suppress(LinkError):
            # The delimiter ends a request of which an interrupt let only half be sent.
            self._transport.write(DELIMITER + frame(protocol.pack("GO_LIVE", sequence)))
            while (left_s := deadline - time.monotonic()) > 0 and (data := self._transport.read(left_s)):
                if any(protocol.answers(packet, "STATUS_IS", sequence) for packet in self._reader.feed(data)):
                    return

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

    def _reply(self, request: str, answer: str, sequence: int) -> dict[str, Any]:
        """The values of one reply. LinkError when it is a refusal, is not the next one, or does not come."""
        deadline = time.monotonic() + REPLY_TIMEOUT_S
        while not self._received:
            left_s = deadline - time.monotonic()
            data = self._transport.read(left_s) if left_s > 0 else b""
            if not data:
                damage = f" ({self._reader.damaged} damaged packets)" if self._reader.damaged else ""
                raise LinkError(
                    f"{self.name} stopped answering for {REPLY_TIMEOUT_S:g} s{damage}; reset it and try again"
                )
            self._understand(self._reader.feed(data))
        reply = self._received.pop(0)
        if reply.name == "ERROR":
            raise RefusalError(self.name, request, reply.values["code"])
        if (reply.name, reply.sequence) != (answer, sequence):
            raise LinkError(
                f"{self.name} answers {reply.name} {reply.sequence} where {answer} {sequence} was due: "
                "a packet was lost; try again"
            )
        return reply.values

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
