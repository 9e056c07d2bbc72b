# SPDX-License-Identifier: MIT
"""The firmware's link, compiled for the host around a stub decoder: replies, refusals, and what bad lines do to it."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from compiled import CORE, FIRMWARE, LOADING_DECODER, STUB_DECODER, TEST_SOURCES, compile_sanitized, compile_stub_device
from hypothesis import given
from hypothesis import strategies as st
from line import Line

from host_tools import protocol
from host_tools.framing import frame
from host_tools.packets import ERRORS, MAX_BLOCK_SIZE

FRAMING = FIRMWARE / "core/framing.cpp"
INT8, INT16X8 = 0, 1
BLOCK = [1] * 48


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_stub_device(tmp_path_factory.mktemp("link"))


@pytest.fixture
def line(library: Path) -> Iterator[Line]:
    line = Line(library)
    yield line
    line.close()


@pytest.fixture(scope="module")
def long_lived_line(library: Path) -> Iterator[Line]:
    """Hypothesis wants one that outlives its examples."""
    line = Line(library)
    yield line
    line.close()


def test_hello_tells_version_board_and_models(line: Line) -> None:
    greeting = line.send("HELLO", 9)
    assert greeting.name == "GREETING"
    assert greeting.values["protocol_version"] == protocol.VERSION
    assert (greeting.values["firmware_version"], greeting.values["board"]) == ("1.2.3", "host")
    assert [info["model_id"] for info in greeting.values["schemes"]] == [0x01234567, 0x89ABCDEF]
    assert {info["block_size"] for info in greeting.values["schemes"]} == {48}


def test_blocks_follow_each_other(line: Line) -> None:
    assert line.send("RESET", 65535, scheme=INT16X8).values == {"scheme": INT16X8, "model_id": 0x89ABCDEF}
    dry = np.arange(96) * 300 - 9000
    wet = [line.send("PROCESS", i, z=[160, 0], dry=dry[48 * i : 48 * i + 48].tolist()).values["wet"] for i in (0, 1)]
    assert np.array_equal(np.concatenate(wet), np.concatenate([[0], dry[:-1]]) + 10)


def test_reset_silences_the_state(line: Line) -> None:
    line.send("RESET", 0, scheme=INT8)
    line.send("PROCESS", 1, z=[0, 0], dry=[100] * 48)
    assert line.send("PROCESS", 2, z=[0, 0], dry=BLOCK).values["wet"][0] == 100
    line.send("RESET", 0, scheme=INT8)
    assert line.send("PROCESS", 1, z=[0, 0], dry=BLOCK).values["wet"][0] == 0


def test_refusals(line: Line) -> None:
    assert line.error_of("PROCESS", 1, z=[0, 0], dry=BLOCK) == "NOT_RESET"
    assert line.error_of("RESET", 0, scheme=2) == "UNKNOWN_SCHEME"
    line.send("RESET", 0, scheme=INT8)
    assert line.error_of("PROCESS", 1, z=[0, 0], dry=BLOCK[1:]) == "WRONG_SIZE"
    assert line.error_of("PROCESS", 1, z=[0, 0], dry=[*BLOCK, 0]) == "WRONG_SIZE"
    assert line.error_of("PROCESS", 2, z=[0, 0], dry=BLOCK) == "WRONG_SEQUENCE"
    assert line.error_of("PROCESS", 1, z=[0, 128], dry=BLOCK) == "OUT_OF_RANGE"
    assert line.error_of("PROCESS", 1, z=[-129, 0], dry=BLOCK) == "OUT_OF_RANGE"
    assert line.error_of("PROCESS", 1, z=[0, 0], dry=[*BLOCK[1:], 128]) == "OUT_OF_RANGE"
    (reply,) = line.send_bytes(frame(bytes([0x7E, 5, 0])))
    assert ERRORS[reply.values["code"]][0] == "UNKNOWN_PACKET"
    assert line.send("PROCESS", 1, z=[127, -128], dry=[127] * 48).name == "WET"  # none of these moved the stream


def test_what_a_new_module_has_is_told_beside_the_settings_in_use(line: Line) -> None:
    factory = line.send("READ_SETTINGS", 1, factory=1).values["settings"]
    changed = {**factory, "gate_mode": 1}
    line.send("WRITE_SETTINGS", 2, settings=changed)
    assert line.send("READ_SETTINGS", 3, factory=1).values["settings"] == factory
    assert line.send("READ_SETTINGS", 4, factory=0).values["settings"] == changed
    assert line.error_of("READ_SETTINGS", 5, factory=2) == "OUT_OF_RANGE"
    (reply,) = line.send_bytes(frame(bytes([0x05, 6, 0])))
    assert ERRORS[reply.values["code"]][0] == "WRONG_SIZE"


def test_a_lost_block_stops_the_stream(line: Line) -> None:
    line.send("RESET", 0, scheme=INT8)
    damaged = bytearray(frame(protocol.pack("PROCESS", 1, z=[0, 0], dry=BLOCK)))
    damaged[20] ^= 4
    assert line.send_bytes(bytes(damaged)) == []
    assert line.error_of("PROCESS", 2, z=[0, 0], dry=BLOCK) == "WRONG_SEQUENCE"


def test_replies_are_not_answered(line: Line) -> None:
    """Two devices on one line, or an echo, would otherwise talk for ever."""
    assert line.send_bytes(frame(protocol.pack("ERROR", 0, code=1))) == []


def test_a_packet_too_long_is_dropped_and_the_next_understood(line: Line) -> None:
    assert line.send_bytes(frame(b"\x03" * 20_000)) == []
    # Within the line's buffer, for zeros stuff to little, but longer than any packet.
    assert line.send_bytes(frame(b"\x03\x00\x00" + bytes(MAX_BLOCK_SIZE * 4 + 40))) == []
    assert line.send("HELLO", 1).name == "GREETING"


@given(garbage=st.binary(max_size=300), sequence=st.integers(0, 65535))
def test_garbage_costs_one_packet_at_most(long_lived_line: Line, garbage: bytes, sequence: int) -> None:
    long_lived_line.send_bytes(garbage)
    long_lived_line.send_bytes(frame(b"may be lost"))
    assert long_lived_line.send("HELLO", sequence).name == "GREETING"


@given(data=st.data())
def test_a_damaged_block_is_never_played(long_lived_line: Line, data: st.DataObject) -> None:
    long_lived_line.send("RESET", 0, scheme=INT16X8)
    packet = bytearray(frame(protocol.pack("PROCESS", 1, z=[5, 6], dry=list(range(48)))))
    where = data.draw(st.lists(st.integers(0, len(packet) - 2), min_size=1, max_size=3, unique=True))
    for position in where:
        packet[position] ^= data.draw(st.integers(1, 255))
    assert not any(
        reply.name == "WET"
        for reply in long_lived_line.send_bytes(bytes(packet[: data.draw(st.integers(0, len(packet)))]))
    )
    long_lived_line.send_bytes(b"\0")


@pytest.mark.parametrize("engine", [STUB_DECODER, LOADING_DECODER], ids=lambda engine: engine.stem)
def test_two_hundred_thousand_bad_packets_under_the_sanitizers(tmp_path: Path, engine: Path) -> None:
    loads = engine == LOADING_DECODER
    flags = ["-DGRITSPACE_LOADS_MODELS=1"] if loads else []
    fuzz = compile_sanitized(tmp_path / "fuzz_link", [*CORE, engine, TEST_SOURCES / "fuzz_link.cpp"], flags)
    finished = subprocess.run([fuzz, "200000", "1"], capture_output=True, text=True)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    played, refused, model = (int(part.strip("model ").split()[0]) for part in finished.stdout.split(", "))
    assert played > 10_000 and refused > 10_000  # the mutations reached the decoder and every refusal's way
    assert (model < 65_536) == loads  # the last of many that were sent plays


def test_the_sanitizers_see_framing_without_its_check(tmp_path: Path) -> None:
    text = FRAMING.read_text()
    careless = text.replace("code == 0 || code - 1 > size - i", "code == 0")
    assert careless != text
    (tmp_path / "framing.cpp").write_text(careless)
    others = [path for path in CORE if path != FRAMING]
    sources = [*others, tmp_path / "framing.cpp", STUB_DECODER, TEST_SOURCES / "fuzz_link.cpp"]
    finished = subprocess.run(
        [compile_sanitized(tmp_path / "fuzz", sources), "20000", "1"], capture_output=True, text=True
    )
    assert "heap-buffer-overflow" in finished.stderr
