# SPDX-License-Identifier: MIT
"""What a hostile sender puts on the line: noise, damaged, cut and overlong packets, requests that nobody knows.

None of it may change the sound: an intact request that does is not hostile. Depends on `protocol` and `framing`.
"""

from __future__ import annotations

import random

from host_tools import protocol
from host_tools.framing import DELIMITER, frame
from host_tools.packets import ADC_CHANNELS, INPUT_BUTTON, MAX_BLOCK_SIZE, PACKETS, REPLY_BIT
from host_tools.protocol import Packet

QUESTION_EVERY = 50  # packets
MAX_PACKET_BYTES = 4 * MAX_BLOCK_SIZE  # of samples alone
UNKNOWN = range(0x40, REPLY_BIT)  # types of no packet
WRONG_SIZE = 3  # bytes that are no packet's payload, but HELLO's and MIDI's, which take any
SIZED = [part.code for part in PACKETS if part.code and part.code < REPLY_BIT and part.name not in ("HELLO", "MIDI")]


def hostile_line(packets: int, seed: int) -> tuple[bytes, list[int]]:
    """`packets` hostile packets, an intact READ_STATUS after every 50; the line and the questions' sequences."""
    source = random.Random(seed)
    targets = [frame(packet) for packet in _requests_that_would_be_heard()]
    pieces: list[bytes] = []
    questions: list[int] = []
    for number in range(1, packets + 1):
        pieces.append(_hostile(source, targets))
        if number % QUESTION_EVERY == 0:
            questions.append(number // QUESTION_EVERY & 0xFFFF)
            pieces.append(DELIMITER + frame(protocol.pack("READ_STATUS", questions[-1])))
    return b"".join(pieces), questions


def answers(packets: list[bytes]) -> list[Packet]:
    """The STATUS_IS among a device's replies; the others are refusals."""
    replies = [protocol.unpack(packet) for packet in packets]
    assert {reply.name for reply in replies} <= {"STATUS_IS", "ERROR"}
    return [reply for reply in replies if reply.name == "STATUS_IS"]


def _requests_that_would_be_heard() -> list[bytes]:
    """Intact, each of them would move the sound, or take the module away from the codec."""
    adc = [0] * len(ADC_CHANNELS)
    return [
        protocol.pack("RESET", 1, scheme=0),
        protocol.pack("PROCESS", 2, z=[1, 2], dry=[3] * 48),
        protocol.pack("RECALL_PRESET", 3, index=5),
        protocol.pack("MIDI", 4, bytes=b"\xb0\x51\x7f"),
        protocol.pack("PANEL", 5, adc=adc, inputs=INPUT_BUTTON),
        protocol.pack("POWER_UP", 6, factory=1),
        protocol.pack("PLAY", 7, adc=adc, inputs=0, dry=[1 << 20] * 48),
    ]


def _hostile(source: random.Random, targets: list[bytes]) -> bytes:
    kind = source.randrange(100)
    if kind < 40:
        return _damaged(source, source.choice(targets))
    if kind < 60:
        target = source.choice(targets)
        return target[: source.randrange(len(target) - 1)] + DELIMITER * source.randrange(2)
    if kind < 80:
        return source.randbytes(source.randrange(1, 60)) + DELIMITER * source.randrange(2)
    if kind < 90:
        return frame(bytes([source.choice(UNKNOWN)]) + source.randbytes(2 + source.randrange(40)))
    if kind < 99:
        return frame(bytes([source.choice(SIZED)]) + source.randbytes(2 + WRONG_SIZE))
    return source.randbytes(2 * MAX_PACKET_BYTES).replace(DELIMITER, b"\1")


def _damaged(source: random.Random, packet: bytes) -> bytes:
    """Up to three bits flipped."""
    damaged = bytearray(packet)
    for bit in source.sample(range(8 * (len(packet) - 1)), source.randrange(1, 4)):
        damaged[bit // 8] ^= 1 << bit % 8
    return bytes(damaged)
