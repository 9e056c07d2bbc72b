# SPDX-License-Identifier: MIT
"""Packing and unpacking the packets that `packets` defines, and the version of that definition.

Depends on the standard library; knows no framing on the line (see `framing`) and no ports (see `transport`).

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

from host_tools.packets import (
    ADC_CHANNELS,
    BASES,
    ERRORS,
    FAULTS,
    FLAGS,
    FRAMING,
    GATE_MODES,
    INPUT_BUTTON,
    INPUT_GATE,
    MAX_BLOCK_SIZE,
    MAX_MODEL_BYTES,
    PACKETS,
    PRESETS,
    STRUCTS,
    Field,
    Struct,
)

# `struct`'s letters; all little-endian.
CODES = {"u8": "B", "u16": "H", "u32": "I", "i16": "h", "i32": "i", "text16": "16s"}


class ProtocolError(ValueError):
    """A packet that does not follow the definition below."""


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
    numbers = [INPUT_GATE, INPUT_BUTTON, FLAGS, BASES, GATE_MODES, FAULTS, ADC_CHANNELS, PRESETS]
    numbers += [MAX_BLOCK_SIZE, MAX_MODEL_BYTES]
    definition = [FRAMING, numbers, [plain(part) for part in STRUCTS + PACKETS], errors]
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


def answers(packet: bytes, name: str, sequence: int) -> bool:
    """Whether this is the packet called `name` with this sequence, by its header alone."""
    return packet[: _HEADER.size] == _HEADER.pack(_BY_NAME[name].code, sequence)


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
            elements = list(struct.unpack("<" + CODES[field.type] * count, pieces))
        values[field.name] = elements[0] if field.count == 1 else elements
        offset = end
    if offset != len(payload) or len(values) != len(part.fields):
        raise ProtocolError(f"{part.name} with {len(payload)} bytes of payload has the wrong size")
    return values


def _text(padded: bytes) -> str:
    return padded.rstrip(b"\0").decode("ascii", "replace")
