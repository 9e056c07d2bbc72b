# SPDX-License-Identifier: MIT
"""Framing: the firmware's COBS and CRC against the `cobs` package and zlib, and packets found again among garbage."""

import ctypes
import zlib
from itertools import pairwise
from pathlib import Path

import pytest
from cobs import cobs
from compiled import FIRMWARE, TEST_SOURCES, compile_library
from hypothesis import given
from hypothesis import strategies as st

from host_tools.framing import CRC_BYTES, DELIMITER, PacketReader, frame, unframe

# Random bytes hold few zeros and short runs; these reach the 254-byte runs and the edges around them.
BYTES = st.one_of(
    st.binary(max_size=80),
    st.lists(st.tuples(st.integers(0, 520), st.sampled_from([0, 1, 255])), max_size=4).map(
        lambda runs: b"".join(bytes([value]) * length for length, value in runs)
    ),
)


class FirmwareFraming:
    """core/framing.h, compiled for the host."""

    def __init__(self, path: Path) -> None:
        self._library = ctypes.CDLL(str(path))
        for name in ("cobs_encoded_size", "cobs_encode", "cobs_decode", "frame", "unframe"):
            getattr(self._library, name).restype = ctypes.c_size_t
        self._library.crc32.restype = ctypes.c_uint32

    def most_encoded(self, size: int) -> int:
        return int(self._library.cobs_encoded_size(ctypes.c_size_t(size)))

    def crc32(self, data: bytes) -> int:
        return int(self._library.crc32(data, ctypes.c_size_t(len(data))))

    def encode(self, data: bytes) -> bytes:
        return self._convert("cobs_encode", data)

    def decode(self, data: bytes) -> bytes:
        return self._convert("cobs_decode", data)

    def frame(self, packet: bytes) -> bytes:
        return self._convert("frame", packet)

    def unframe(self, data: bytes) -> bytes:
        buffer = ctypes.create_string_buffer(data, len(data) + 1)
        size = self._library.unframe(buffer, ctypes.c_size_t(len(data)))
        return buffer.raw[:size]

    def _convert(self, name: str, data: bytes) -> bytes:
        given_data = ctypes.create_string_buffer(data, len(data) + CRC_BYTES)
        result = ctypes.create_string_buffer(2 * len(data) + 16)
        size = getattr(self._library, name)(given_data, ctypes.c_size_t(len(data)), result)
        return result.raw[:size]


@pytest.fixture(scope="module")
def firmware(tmp_path_factory: pytest.TempPathFactory) -> FirmwareFraming:
    target = tmp_path_factory.mktemp("framing") / "framing.so"
    return FirmwareFraming(
        compile_library(target, [FIRMWARE / "core/framing.cpp", TEST_SOURCES / "framing_library.cpp"])
    )


def reference_decode(data: bytes) -> bytes:
    try:
        return cobs.decode(data)
    except cobs.DecodeError:
        return b""


@given(data=BYTES)
def test_firmware_encodes_as_the_cobs_package(firmware: FirmwareFraming, data: bytes) -> None:
    encoded = firmware.encode(data)
    assert encoded == cobs.encode(data)
    assert len(encoded) <= firmware.most_encoded(len(data))
    assert firmware.decode(encoded) == data


@given(data=BYTES)
def test_firmware_decodes_anything_as_the_cobs_package(firmware: FirmwareFraming, data: bytes) -> None:
    assert firmware.decode(data) == reference_decode(data)


@given(data=BYTES)
def test_crc_is_that_of_zip(firmware: FirmwareFraming, data: bytes) -> None:
    assert firmware.crc32(data) == zlib.crc32(data)


def test_crc_check_value(firmware: FirmwareFraming) -> None:
    assert firmware.crc32(b"123456789") == 0xCBF43926  # the catalogues' check value of CRC-32/ISO-HDLC


@given(packet=BYTES)
def test_both_sides_frame_alike(firmware: FirmwareFraming, packet: bytes) -> None:
    line = frame(packet)
    assert firmware.frame(packet) == line
    assert DELIMITER not in line[:-1]
    assert firmware.unframe(line[:-1]) == unframe(line[:-1]) == packet


@given(packet=st.binary(min_size=1, max_size=60), data=st.data())
def test_a_flipped_bit_is_noticed_by_both_sides(firmware: FirmwareFraming, packet: bytes, data: st.DataObject) -> None:
    line = bytearray(frame(packet)[:-1])
    position = data.draw(st.integers(0, len(line) - 1))
    line[position] ^= 1 << data.draw(st.integers(0, 7))
    assert unframe(bytes(line)) is None
    assert firmware.unframe(bytes(line)) == b""


@given(packets=st.lists(st.binary(max_size=40), max_size=5), cuts=st.lists(st.integers(0, 300), max_size=6))
def test_reader_finds_packets_however_the_line_cuts_them(packets: list[bytes], cuts: list[int]) -> None:
    line = b"".join(frame(packet) for packet in packets)
    edges = sorted({0, len(line), *(min(cut, len(line)) for cut in cuts)})
    reader = PacketReader()
    found = [packet for start, end in pairwise(edges) for packet in reader.feed(line[start:end])]
    assert found == packets
    assert reader.damaged == 0


@given(garbage=st.binary(max_size=200), packet=st.binary(max_size=40))
def test_garbage_costs_the_reader_one_packet_at_most(garbage: bytes, packet: bytes) -> None:
    reader = PacketReader()
    reader.feed(garbage)
    reader.feed(frame(b"may be lost"))
    assert reader.feed(frame(packet)) == [packet]


def test_reader_forgets_endless_garbage() -> None:
    reader = PacketReader(max_packet_bytes=1000)
    for _ in range(100):
        reader.feed(b"\xff" * 500)
    assert reader.damaged > 0
    assert len(reader._pending) <= 1500
