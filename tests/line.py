# SPDX-License-Identifier: MIT
"""The firmware's link as tests talk to it: one packet at a time, and what it says to each."""

from pathlib import Path

from host_tools import protocol
from host_tools.framing import PacketReader, frame
from host_tools.host_library import HostLibrary
from host_tools.packets import ERRORS
from host_tools.protocol import Packet


class Line:
    """A host library's link."""

    def __init__(self, path: Path) -> None:
        self._library = HostLibrary(path)
        self._reader = PacketReader()

    def send_bytes(self, data: bytes) -> list[Packet]:
        return [protocol.unpack(packet) for packet in self._reader.feed(self._library.receive(data))]

    def run_codec(self, blocks: int) -> None:
        """Its codec plays so many blocks; none by itself."""
        self._library.run_codec(blocks)

    def close(self) -> None:
        self._library.close()

    def send(self, name: str, sequence: int, **values: object) -> Packet:
        (reply,) = self.send_bytes(frame(protocol.pack(name, sequence, **values)))
        assert reply.sequence == sequence
        return reply

    def error_of(self, name: str, sequence: int, **values: object) -> str:
        reply = self.send(name, sequence, **values)
        assert reply.name == "ERROR"
        return ERRORS[reply.values["code"]][0]
