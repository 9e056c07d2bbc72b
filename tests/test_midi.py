# SPDX-License-Identifier: MIT
"""MIDI: streams of bytes and what the module understands of them, for its own channel only."""

import ctypes
from itertools import pairwise
from pathlib import Path

import pytest
from compiled import FIRMWARE, TEST_SOURCES, compile_library
from hypothesis import given
from hypothesis import strategies as st

KINDS = ("none", "x", "y", "recall", "store", "freeze", "bypass")
PRESETS = 8

Event = tuple[str, int]
ANY_CHANNEL = 0


class Midi:
    """core/midi.h, compiled for the host; each stream meets a receiver that has just got power."""

    def __init__(self, path: Path) -> None:
        self._library = ctypes.CDLL(str(path))

    def read(self, stream: bytes, channel: int = ANY_CHANNEL) -> list[Event]:
        """The events of this stream, in order."""
        return [event for _, event in self.read_with_positions(stream, channel)]

    def read_with_positions(self, stream: bytes, channel: int) -> list[tuple[int, Event]]:
        """The events of this stream, each with the position of the byte that completed it."""
        kinds, values = ctypes.create_string_buffer(len(stream) + 1), ctypes.create_string_buffer(len(stream) + 1)
        self._library.read_midi(stream, ctypes.c_size_t(len(stream)), ctypes.c_uint8(channel), kinds, values)
        return [(i, (KINDS[kinds.raw[i]], values.raw[i])) for i in range(len(stream)) if kinds.raw[i]]


@pytest.fixture(scope="module")
def midi(tmp_path_factory: pytest.TempPathFactory) -> Midi:
    target = tmp_path_factory.mktemp("midi") / "midi.so"
    return Midi(compile_library(target, [FIRMWARE / "core/midi.cpp", TEST_SOURCES / "midi_library.cpp"]))


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        ("B0 0E 00", [("x", 0)]),
        ("B0 0E 7F", [("x", 127)]),
        ("B0 0F 40", [("y", 64)]),
        ("C0 00", [("recall", 0)]),
        ("C0 07", [("recall", 7)]),
        ("B0 14 07", [("recall", 7)]),
        ("B0 15 03", [("store", 3)]),
        ("B0 50 40", [("freeze", 1)]),
        ("B0 50 3F", [("freeze", 0)]),
        ("B0 51 7F", [("bypass", 1)]),
        ("B0 51 00", [("bypass", 0)]),
    ],
)
def test_what_the_module_knows(midi: Midi, stream: str, events: list[Event]) -> None:
    assert midi.read(bytes.fromhex(stream)) == events


@pytest.mark.parametrize("stream", ["C0 08", "C0 7F", "B0 14 08", "B0 14 7F", "B0 15 08", "B0 15 7F"])
def test_presets_beyond_the_last_are_no_event(midi: Midi, stream: str) -> None:
    assert midi.read(bytes.fromhex(stream)) == []


def test_all_other_messages_and_controllers_are_no_event(midi: Midi) -> None:
    for status in (0x80, 0x90, 0xA0, 0xD0, 0xE0):
        assert midi.read(bytes([status, 14, 64, 20, 1])) == []
    for controller in set(range(128)) - {14, 15, 20, 21, 80, 81}:
        assert midi.read(bytes([0xB0, controller, 1])) == []


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        ("B0 0E 01 0E 02 0F 03", [("x", 1), ("x", 2), ("y", 3)]),
        ("C0 01 02 03", [("recall", 1), ("recall", 2), ("recall", 3)]),
        # Another message between takes over, though it means nothing here.
        ("B0 0E 01 90 0E 02 0E 03 B0 0E 04", [("x", 1), ("x", 4)]),
        # A status in the middle of a message ends it.
        ("B0 0E B0 0F 05", [("y", 5)]),
        ("B0 0E C0 05 B0 0E 06", [("recall", 5), ("x", 6)]),
    ],
    ids=["control changes", "program changes", "notes between", "cut short", "cut short by another"],
)
def test_running_status(midi: Midi, stream: str, events: list[Event]) -> None:
    assert midi.read(bytes.fromhex(stream)) == events


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        ("F0 7E 0E 40 14 01 F7", []),
        # What follows has no running status any more.
        ("B0 0E 01 F0 43 10 F7 0E 02", [("x", 1)]),
        # Any status ends it, not only its own end.
        ("F0 43 10 B0 0E 03", [("x", 3)]),
        ("F0 0E 01 F0 0E 02 C0 04", [("recall", 4)]),
        ("B0 0E 01 F0 B0 0E 02", [("x", 1), ("x", 2)]),
        # Time code, song position, song select, tune request.
        ("B0 0E 01 F1 0E 02 0E 03", [("x", 1)]),
        ("B0 0E 01 F2 0E 02 0E 03", [("x", 1)]),
        ("B0 0E 01 F3 0E 0E 03", [("x", 1)]),
        ("B0 0E 01 F6 0E 03", [("x", 1)]),
    ],
)
def test_system_messages_are_skipped_and_end_running_status(midi: Midi, stream: str, events: list[Event]) -> None:
    assert midi.read(bytes.fromhex(stream)) == events


def test_data_without_a_status_is_nothing(midi: Midi) -> None:
    assert midi.read(bytes.fromhex("0E 40 14 01 B0 0E 02")) == [("x", 2)]


def test_a_message_is_understood_with_its_last_byte(midi: Midi) -> None:
    assert midi.read_with_positions(bytes.fromhex("B0 0E 01 F8 0E 02"), ANY_CHANNEL) == [(2, ("x", 1)), (5, ("x", 2))]


@pytest.mark.parametrize("channel", range(1, 17))
def test_each_channel_hears_only_itself_and_zero_hears_all(midi: Midi, channel: int) -> None:
    stream = b"".join(bytes([0xB0 | i, 14, i, 0xC0 | i, i % PRESETS]) for i in range(16))
    own = [("x", channel - 1), ("recall", (channel - 1) % PRESETS)]
    assert midi.read(stream, channel) == own
    assert midi.read(stream, ANY_CHANNEL)[2 * channel - 2 : 2 * channel] == own


# Random bytes hardly ever spell a message; these hold many, and fragments and noise between them.
DATA = st.sampled_from([0, 1, 7, 8, 14, 15, 20, 21, 63, 64, 80, 81, 127])
STREAM = st.lists(st.one_of(DATA, DATA, st.integers(0xB0, 0xCF), st.integers(0, 255)), max_size=60).map(bytes)


def reference(stream: bytes, channel: int) -> list[Event]:
    """The same rules, by way of whole messages: real time taken out, then split where a status begins."""
    plain = bytes(byte for byte in stream if byte < 0xF8)
    starts = [i for i, byte in enumerate(plain) if byte >= 0x80]
    events: list[Event] = []
    for start, end in pairwise([*starts, len(plain)]):
        status, data = plain[start], plain[start + 1 : end]
        if channel not in (ANY_CHANNEL, (status & 15) + 1):
            continue
        if status & 0xF0 == 0xC0:
            events += [("recall", program) for program in data if program < PRESETS]
        if status & 0xF0 == 0xB0:
            pairs = zip(data[0::2], data[1::2], strict=False)  # the last may lack its value
            events += [event for controller, value in pairs for event in control_events(controller, value)]
    return events


def control_events(controller: int, value: int) -> list[Event]:
    """What a control change stands for: one event or none."""
    if controller in (14, 15):
        return [("x" if controller == 14 else "y", value)]
    if controller in (20, 21) and value < PRESETS:
        return [("recall" if controller == 20 else "store", value)]
    if controller in (80, 81):
        return [("freeze" if controller == 80 else "bypass", int(value > 63))]
    return []


@given(stream=STREAM, channel=st.integers(0, 16))
def test_any_stream_is_understood_as_by_the_reference(midi: Midi, stream: bytes, channel: int) -> None:
    assert midi.read(stream, channel) == reference(stream, channel)


@given(stream=STREAM, channel=st.integers(1, 16), other=st.integers(1, 15))
def test_no_stream_for_another_channel_brings_an_event(midi: Midi, stream: bytes, channel: int, other: int) -> None:
    elsewhere = (channel - 1 + other) % 16
    moved = bytes(byte & 0xF0 | elsewhere if 0x80 <= byte < 0xF0 else byte for byte in stream)
    assert midi.read(moved, channel) == []


@given(stream=STREAM, real_time=st.lists(st.tuples(st.integers(0, 60), st.integers(0xF8, 0xFF)), max_size=10))
def test_real_time_bytes_anywhere_change_nothing(midi: Midi, stream: bytes, real_time: list[tuple[int, int]]) -> None:
    with_clock = bytearray(stream)
    for position, byte in real_time:
        with_clock.insert(position, byte)
    assert midi.read(bytes(with_clock)) == midi.read(stream)
