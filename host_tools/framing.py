# SPDX-License-Identifier: MIT
"""Packets to bytes on the line and back: COBS, a zero at the end, CRC-32 inside. The twin of `firmware/core/framing.h`.

Depends on the `cobs` package and zlib; knows nothing of what packets mean (see `protocol`).
"""

from __future__ import annotations

import zlib

from cobs import cobs

DELIMITER = b"\0"
CRC_BYTES = 4


def frame(packet: bytes) -> bytes:
    """The packet with its CRC, stuffed, delimiter at the end."""
    return cobs.encode(packet + zlib.crc32(packet).to_bytes(CRC_BYTES, "little")) + DELIMITER


def unframe(stuffed: bytes) -> bytes | None:
    """The packet in what stood between two delimiters; None when it is damaged."""
    try:
        content = cobs.decode(stuffed)
    except cobs.DecodeError:
        return None
    packet, crc = content[:-CRC_BYTES], content[-CRC_BYTES:]
    return packet if len(crc) == CRC_BYTES and zlib.crc32(packet) == int.from_bytes(crc, "little") else None


class PacketReader:
    """Collects bytes from the line and yields the intact packets among them; a damaged one costs itself only."""

    def __init__(self, max_packet_bytes: int = 1 << 16) -> None:
        self.damaged = 0  # packets that were not intact, so far
        self._limit = max_packet_bytes
        self._pending = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The packets that these bytes complete."""
        self._pending += data
        *ended, self._pending = self._pending.split(DELIMITER)
        packets = [unframe(bytes(stuffed)) for stuffed in ended if stuffed]
        self.damaged += packets.count(None)
        if len(self._pending) > self._limit:  # garbage without a delimiter
            self._pending = bytearray()
            self.damaged += 1
        return [packet for packet in packets if packet is not None]
