# SPDX-License-Identifier: MIT
"""The packets between the bench and a device: their one definition, and packing and unpacking them in Python.

`firmware/generated/protocol.h` is written from this file (see `protocol_header`). Depends on the standard library;
knows no bytes on the line (see `framing`) and no ports (see `transport`).

The protocol's version is the first 4 bytes of the definition's SHA-256, so two sides agree exactly when their
definitions do. Frozen for all versions, so that even strangers can tell each other who they are: the framing, HEADER,
the codes of HELLO and GREETING, HELLO without fields, and the first three fields of GREETING.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

FRAMING = "COBS, 0x00 ends a packet, CRC-32/ISO-HDLC of header and payload little-endian at the end"
MAX_BLOCK_SIZE = 4096  # samples; quantize.graph allows no more
LATENT_SIZE = 2  # axes of the map: two knobs, two CVs
REPLY_BIT = 0x80  # set in the type of everything a device sends

CODES = {"u8": "B", "u16": "H", "u32": "I", "i16": "h", "text16": "16s"}  # `struct`'s letters; all little-endian


class ProtocolError(ValueError):
    """A packet that does not follow the definition below."""


@dataclass(frozen=True)
class Field:
    """`count` elements of a type; None means as many as the packet still holds (the last field only)."""

    name: str
    type: str  # a key of CODES or the name of a struct
    count: int | None = 1
    note: str = ""


@dataclass(frozen=True)
class Struct:
    """Fields that stand together on the line, without padding. A packet is a struct with a code, its type."""

    name: str
    fields: tuple[Field, ...]
    note: str = ""
    code: int | None = None


HEADER = Struct(
    "HEADER",
    (Field("type", "u8", note="PacketType"), Field("sequence", "u16", note="a reply carries its request's")),
    "Before every payload.",
)
SCHEME_INFO = Struct(
    "SCHEME_INFO",
    (
        Field("scheme", "u8", note="0: int8, 1: int16x8"),
        Field("model_id", "u32", note="first 4 bytes of the .tflite's SHA-256, read as big-endian"),
        Field("sample_rate_hz", "u32"),
        Field("block_size", "u16", note="samples"),
        Field("latency_samples", "u16"),
    ),
    "What a device plays in one scheme.",
)
STRUCTS = (HEADER, SCHEME_INFO)

PACKETS = (
    Struct("HELLO", (), "Who are you? Answered with GREETING.", code=0x01),
    Struct(
        "RESET", (Field("scheme", "u8"),), "Selects a scheme and silences its state. Answered with READY.", code=0x02
    ),
    Struct(
        "PROCESS",
        (Field("z", "i16", LATENT_SIZE), Field("dry", "i16", None, note="block_size integers of the scheme")),
        "The next block; its sequence is that of the packet before it plus one. Answered with WET.",
        code=0x03,
    ),
    Struct(
        "GREETING",
        (
            Field("protocol_version", "u32"),
            Field("firmware_version", "text16", note="ASCII, padded with NUL"),
            Field("board", "text16"),
            Field("schemes", "SCHEME_INFO", None),
        ),
        "Answers HELLO.",
        code=0x81,
    ),
    Struct("READY", (Field("scheme", "u8"), Field("model_id", "u32")), "Answers RESET.", code=0x82),
    Struct(
        "WET", (Field("wet", "i16", None, note="block_size integers of the scheme"),), "Answers PROCESS.", code=0x83
    ),
    Struct("ERROR", (Field("code", "u8", note="ErrorCode"),), "Answers a request that is refused.", code=0xFF),
)

ERRORS = {
    1: ("UNKNOWN_PACKET", "the packet's type is unknown"),
    2: ("WRONG_SIZE", "the packet's size is wrong"),
    3: ("UNKNOWN_SCHEME", "the device has no such scheme"),
    4: ("NOT_RESET", "PROCESS came before RESET"),
    5: ("WRONG_SEQUENCE", "a packet before this one was lost"),
    6: ("OUT_OF_RANGE", "an integer is outside the scheme's range"),
}

_BY_NAME = {packet.name: packet for packet in PACKETS}
_BY_CODE = {packet.code: packet for packet in PACKETS}
_STRUCTS = {part.name: part for part in STRUCTS}
_HEADER = struct.Struct("<BH")
_GREETING_START = struct.Struct("<I16s16s")


@dataclass(frozen=True)
class Packet:
    """An unpacked packet: its type by name, its sequence and its fields' values."""

    name: str
    sequence: int
    values: dict[str, Any]


@dataclass(frozen=True)
class Identity:
    """The frozen start of a GREETING, readable whatever version the device speaks."""

    protocol_version: int
    firmware_version: str
    board: str


def version() -> int:
    """First 4 bytes, big-endian, of the definition's SHA-256. Notes are prose and do not count."""

    def plain(part: Struct) -> list[Any]:
        return [part.name, part.code, [[field.name, field.type, field.count] for field in part.fields]]

    errors = {str(code): name for code, (name, _) in ERRORS.items()}
    definition = [FRAMING, MAX_BLOCK_SIZE, [plain(part) for part in STRUCTS + PACKETS], errors]
    text = json.dumps(definition, separators=(",", ":"), sort_keys=True)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


VERSION = version()


def size_of(part: Struct) -> int:
    """Bytes of the fixed fields, without an open-ended last one."""
    return sum(element_size(field) * (field.count or 0) for field in part.fields)


def element_size(field: Field) -> int:
    """Bytes of one element of a field."""
    return size_of(_STRUCTS[field.type]) if field.type in _STRUCTS else struct.calcsize("<" + CODES[field.type])


def pack(name: str, sequence: int, **values: Any) -> bytes:
    """Header and payload. Fields with one element take a value, `text16` a string, others a sequence."""
    packet = _BY_NAME[name]
    if set(values) != {field.name for field in packet.fields}:
        raise ProtocolError(f"{name} takes the fields {[field.name for field in packet.fields]}, not {sorted(values)}")
    assert packet.code is not None
    return _HEADER.pack(packet.code, sequence) + _pack_fields(packet, values)


def unpack(packet: bytes) -> Packet:
    """The packet's type and values; ProtocolError when it is unknown or its size is wrong."""
    if len(packet) < _HEADER.size:
        raise ProtocolError(f"a packet of {len(packet)} bytes has no header")
    code, sequence = _HEADER.unpack_from(packet)
    if code not in _BY_CODE:
        raise ProtocolError(f"packet type 0x{code:02x} is unknown")
    part = _BY_CODE[code]
    return Packet(part.name, sequence, _unpack_fields(part, packet[_HEADER.size :]))


def greeting_identity(packet: bytes) -> Identity | None:
    """Who sent this GREETING of any version; None when it is another packet."""
    if len(packet) < _HEADER.size + _GREETING_START.size or packet[0] != _BY_NAME["GREETING"].code:
        return None
    number, firmware, board = _GREETING_START.unpack_from(packet, _HEADER.size)
    return Identity(number, _text(firmware), _text(board))


def _pack_fields(part: Struct, values: dict[str, Any]) -> bytes:
    payload = b""
    for field in part.fields:
        elements = values[field.name] if field.count != 1 else [values[field.name]]
        if field.count is not None and len(elements) != field.count:
            raise ProtocolError(f"{part.name}.{field.name} takes {field.count} elements, not {len(elements)}")
        payload += _pack_elements(field, elements)
    return payload


def _pack_elements(field: Field, elements: Sequence[Any]) -> bytes:
    if field.type in _STRUCTS:
        return b"".join(_pack_fields(_STRUCTS[field.type], element) for element in elements)
    if field.type == "text16":
        elements = [element.encode("ascii") for element in elements]
    return struct.pack("<" + CODES[field.type] * len(elements), *elements)


def _unpack_fields(part: Struct, payload: bytes) -> dict[str, Any]:
    values: dict[str, Any] = {}
    offset = 0
    for field in part.fields:
        step = element_size(field)
        count = field.count if field.count is not None else max(0, len(payload) - offset) // step
        end = offset + count * step
        if end > len(payload):
            break
        pieces = payload[offset:end]
        if field.type in _STRUCTS:
            elements: Sequence[Any] = [
                _unpack_fields(_STRUCTS[field.type], pieces[i : i + step]) for i in range(0, len(pieces), step)
            ]
        elif field.type == "text16":
            elements = [_text(pieces[i : i + step]) for i in range(0, len(pieces), step)]
        else:
            elements = struct.unpack("<" + CODES[field.type] * count, pieces)
        values[field.name] = elements[0] if field.count == 1 else elements
        offset = end
    if offset != len(payload) or len(values) != len(part.fields):
        raise ProtocolError(f"{part.name} with {len(payload)} bytes of payload has the wrong size")
    return values


def _text(padded: bytes) -> str:
    return padded.rstrip(b"\0").decode("ascii", "replace")
