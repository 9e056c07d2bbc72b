# SPDX-License-Identifier: MIT
"""The packets' one definition: packing and unpacking, its version, and the C++ header made from it."""

import dataclasses
import subprocess
from pathlib import Path
from typing import Any

import pytest
from compiled import FIRMWARE, STRICT
from hypothesis import given
from hypothesis import strategies as st

from host_tools import packets, protocol, protocol_header
from host_tools.packets import PACKETS, REPLY_BIT, STRUCTS, Field, Struct
from host_tools.protocol import ProtocolError

ELEMENTS: dict[str, st.SearchStrategy[Any]] = {
    "u8": st.integers(0, 0xFF),
    "u16": st.integers(0, 0xFFFF),
    "u32": st.integers(0, 0xFFFFFFFF),
    "i16": st.integers(-0x8000, 0x7FFF),
    "i32": st.integers(-0x80000000, 0x7FFFFFFF),
    "text16": st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=16),
}


def values_of(part: Struct) -> st.SearchStrategy[dict[str, Any]]:
    """Values for every field of a struct or packet."""

    def values(field: Field) -> st.SearchStrategy[Any]:
        structs = {struct.name: struct for struct in STRUCTS}
        element = values_of(structs[field.type]) if field.type in structs else ELEMENTS[field.type]
        if field.count == 1:
            return element
        return st.lists(element, min_size=field.count or 0, max_size=field.count or 5)

    return st.fixed_dictionaries({field.name: values(field) for field in part.fields})


@pytest.mark.parametrize("packet", PACKETS, ids=lambda packet: packet.name)
@given(data=st.data(), sequence=st.integers(0, 0xFFFF))
def test_what_is_packed_is_unpacked(packet: Struct, data: st.DataObject, sequence: int) -> None:
    values = data.draw(values_of(packet))
    unpacked = protocol.unpack(protocol.pack(packet.name, sequence, **values))
    assert (unpacked.name, unpacked.sequence, unpacked.values) == (packet.name, sequence, values)


@given(data=st.binary(max_size=80))
def test_any_bytes_are_a_packet_or_a_protocol_error(data: bytes) -> None:
    try:
        packet = protocol.unpack(data)
    except ProtocolError:
        return
    assert protocol.pack(packet.name, packet.sequence, **packet.values)[:3] == data[:3]


def test_a_packet_of_the_wrong_size_is_refused() -> None:
    ready = protocol.pack("READY", 7, scheme=1, model_id=2)
    for wrong in (ready[:-1], ready + b"\0", ready[:2]):
        with pytest.raises(ProtocolError):
            protocol.unpack(wrong)


def test_fields_must_be_complete() -> None:
    with pytest.raises(ProtocolError, match="takes the fields"):
        protocol.pack("READY", 0, scheme=1)
    with pytest.raises(ProtocolError, match="takes 2 elements"):
        protocol.pack("PROCESS", 0, z=[1], dry=[])


def test_the_frozen_part_has_not_moved() -> None:
    """Tools and firmware of all versions must be able to read this, or they cannot say which versions they are."""
    assert protocol.pack("HELLO", 0x0201) == bytes([0x01, 0x01, 0x02])
    greeting = bytes([0x81, 0x01, 0x02]) + b"\x44\x33\x22\x11" + b"9.8".ljust(16, b"\0") + b"board".ljust(16, b"\0")
    for of_another_version in (greeting, greeting + b"whatever comes later"):
        identity = protocol.greeting_identity(of_another_version)
        assert identity == protocol.Identity(0x11223344, "9.8", "board")
    assert protocol.greeting_identity(greeting[:-1]) is None


def test_version_follows_the_definition_but_not_the_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    hello, *others = PACKETS
    monkeypatch.setattr(protocol, "PACKETS", (dataclasses.replace(hello, note="Reworded."), *others))
    assert protocol.version() == protocol.VERSION
    monkeypatch.setattr(protocol, "PACKETS", (dataclasses.replace(hello, fields=(Field("new", "u8"),)), *others))
    assert protocol.version() != protocol.VERSION


def test_codes_are_distinct_and_replies_are_marked() -> None:
    codes = [packet.code for packet in PACKETS]
    assert len(set(codes)) == len(codes)
    replies = {packet.name for packet in PACKETS if (packet.code or 0) & REPLY_BIT}
    assert replies == {"GREETING", "READY", "WET", "STATUS_IS", "SETTINGS_ARE", "MODEL_IS", "PLAYED", "ERROR"}


def test_committed_header_is_up_to_date() -> None:
    assert protocol_header.HEADER_PATH.read_text() == protocol_header.header_text(), (
        "run python -m host_tools.protocol_header"
    )


def test_a_changed_definition_makes_the_header_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packets, "MAX_BLOCK_SIZE", 64)
    assert protocol_header.HEADER_PATH.read_text() != protocol_header.header_text()


@pytest.mark.parametrize("compiler", ["g++", "arm-none-eabi-g++"])
def test_header_compiles_alone_with_the_sizes_python_has(compiler: str, tmp_path: Path) -> None:
    source = tmp_path / "header.cpp"
    names = [part.name for part in (*STRUCTS, *PACKETS) if protocol.size_of(part)]
    checks = [
        f"static_assert(sizeof(gritspace::protocol::{''.join(map(str.capitalize, name.split('_')))}) == {size});"
        for name, size in ((part.name, protocol.size_of(part)) for part in (*STRUCTS, *PACKETS))
        if name in names
    ]
    source.write_text('#include "generated/protocol.h"\n' + "\n".join(checks) + "\n")
    command = [compiler, *STRICT, f"-I{FIRMWARE}", "-fsyntax-only", str(source)]
    assert subprocess.run(command, capture_output=True, text=True).stderr == ""
