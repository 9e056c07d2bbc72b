# SPDX-License-Identifier: MIT
"""A device behind a port, from the bench's side: audio through sockets and ptys, one clear error for each failure."""

import os
import pty
import struct
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from compiled import compile_stub_device
from ports import Behaviour, Send, answer, port, well_behaved

from host_tools import device, protocol
from host_tools.boards import HostTransport, open_board
from host_tools.device import Device, RefusalError
from host_tools.errors import LinkError
from host_tools.framing import PacketReader, frame
from host_tools.module.client import ModuleClient
from host_tools.packets import ERRORS


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_stub_device(tmp_path_factory.mktemp("device"))


@pytest.fixture
def stub(library: Path) -> Iterator[HostTransport]:
    with closing(HostTransport(library)) as transport:
        yield transport


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "HELLO_TIMEOUT_S", 0.1)
    monkeypatch.setattr(device, "REPLY_TIMEOUT_S", 0.3)


def stub_wet(dry: np.ndarray, z: int) -> np.ndarray:
    return np.clip(np.concatenate([[0], dry[:-1]]) + z // 16, -128, 127)


@pytest.mark.parametrize("samples", [0, 1, 48, 1000])
def test_audio_through_a_socket(stub: HostTransport, samples: int) -> None:
    dry = np.random.default_rng(samples).integers(-128, 128, samples)
    with port(well_behaved(stub)) as url, open_board(url) as opened:
        assert opened.require_model("int8", "01234567").block_size == 48
        opened.reset("int8")
        seen: list[tuple[int, int]] = []
        wet = opened.process(dry, np.array([32, 0]), lambda done, total: seen.append((done, total)))
    assert wet.dtype == np.int8
    assert np.array_equal(wet, stub_wet(dry, 32)[:samples])
    assert len(seen) == -(-samples // 48) and all(done <= total for done, total in seen)


def test_audio_through_a_pty(stub: HostTransport) -> None:
    controller, terminal = pty.openpty()
    tty.setraw(terminal)

    def serve() -> None:
        try:
            while True:
                os.write(controller, answer(stub, os.read(controller, 4096)))
        except OSError:
            pass  # closed

    thread = threading.Thread(target=serve)
    thread.start()
    dry = np.arange(480) % 100
    with open_board(os.ttyname(terminal)) as opened:
        opened.reset("int8")
        assert np.array_equal(opened.process(dry, np.array([0, 0])), stub_wet(dry, 0))
    os.close(terminal)
    thread.join(10)
    os.close(controller)


def test_a_stream_longer_than_the_sequence_counts(stub: HostTransport) -> None:
    opened = Device(stub)
    opened._sequence = 65_500
    opened.reset("int8")
    dry = np.arange(48 * 100) % 100
    wet = np.concatenate([opened.process(dry[:960], np.array([0, 0])), opened.process(dry[960:], np.array([0, 0]))])
    assert np.array_equal(wet, stub_wet(dry, 0))


def test_z_may_change_with_every_block(stub: HostTransport) -> None:
    opened = Device(stub)
    opened.reset("int16x8")
    wet = opened.process(np.zeros(96, int), np.array([[160, 0], [320, 0]]))
    assert wet.dtype == np.int16
    assert wet.tolist() == [10] * 48 + [20] * 48


def fails(url: str) -> str:
    """The one sentence that opening and using this port ends in."""
    with pytest.raises(LinkError) as caught, open_board(url) as opened:
        opened.require_model("int8", "01234567")
        opened.reset("int8")
        opened.process(np.zeros(4800, int), np.array([0, 0]))
    message = str(caught.value)
    assert "\n" not in message and ";" in message  # one line: what is wrong; what to do
    return message


@pytest.mark.parametrize("url", ["socket://127.0.0.1:1", "/dev/no-such-port", "nonsense://port"])
def test_port_absent(url: str) -> None:
    assert fails(url).startswith(f"cannot open {url} (")


def test_port_silent() -> None:
    with port(lambda data, send: True) as url:
        assert "said nothing for" in fails(url)


def test_port_sends_garbage() -> None:
    noise = np.random.default_rng(0)

    def babble(data: bytes, send: Send) -> bool:
        send(noise.bytes(500))
        return True

    with port(babble) as url:
        assert "not in gritspace packets" in fails(url)


def test_a_port_that_talks_without_pause_ends_all_the_same(stub: HostTransport) -> None:
    def flood(data: bytes, send: Send) -> bool:
        while True:  # until the client is gone
            send(b"\1\2\3\0" * 1_000)

    with port(flood) as url:
        assert "not in gritspace packets" in fails(url)
    with port(until_bytes(stub, 3000, flood)) as url:
        assert "stopped answering" in fails(url)


def test_port_echoes() -> None:
    def echo(data: bytes, send: Send) -> bool:
        send(data)
        return True

    with port(echo) as url:
        assert "echoes what is sent" in fails(url)


def test_port_closes_at_once() -> None:
    with port(lambda data, send: False) as url:
        assert "closed the connection" in fails(url)


def until_bytes(stub: HostTransport, limit: int, afterwards: Behaviour) -> Behaviour:
    """Behaves well for so many bytes, then otherwise."""
    received = 0

    def behave(data: bytes, send: Send) -> bool:
        nonlocal received
        received += len(data)
        return (well_behaved(stub) if received < limit else afterwards)(data, send)

    return behave


def test_port_closes_midway(stub: HostTransport) -> None:
    with port(until_bytes(stub, 3000, lambda data, send: False)) as url:
        assert "closed the connection" in fails(url)


def test_port_falls_silent_midway(stub: HostTransport) -> None:
    with port(until_bytes(stub, 3000, lambda data, send: True)) as url:
        assert "stopped answering" in fails(url)


def test_port_turns_to_garbage_midway(stub: HostTransport) -> None:
    def babble(data: bytes, send: Send) -> bool:
        send(b"\1\2\3\0" * 20)
        return True

    with port(until_bytes(stub, 3000, babble)) as url:
        assert "damaged packets" in fails(url)


def test_a_damaged_byte_is_an_error_not_a_wrong_sample(stub: HostTransport) -> None:
    flipped = False

    def flip_once(data: bytes, send: Send) -> bool:
        nonlocal flipped
        reply = bytearray(answer(stub, data))
        if not flipped:
            reply[len(reply) // 2] ^= 8
        flipped = True
        send(bytes(reply))
        return True

    with port(until_bytes(stub, 2000, flip_once)) as url:
        assert "packet was lost" in fails(url)


def change_greeting(stub: HostTransport, change: Callable[[bytearray], None]) -> Behaviour:
    """A device whose packets pass through `change` before they are framed."""
    reader = PacketReader()

    def behave(data: bytes, send: Send) -> bool:
        for packet in reader.feed(answer(stub, data)):
            changed = bytearray(packet)
            change(changed)
            send(frame(bytes(changed)))
        return True

    return behave


def test_another_protocol_is_refused_by_both_names(stub: HostTransport) -> None:
    def set_version(packet: bytearray) -> None:
        packet[3:7] = struct.pack("<I", 0xDECAF000)
        packet += b"fields of the future"

    with port(change_greeting(stub, set_version)) as url:
        message = fails(url)
    assert "decaf000" in message and f"{protocol.VERSION:08x}" in message and "rebuild" in message


def test_a_module_without_a_decoder_is_refused(stub: HostTransport) -> None:
    def no_schemes(packet: bytearray) -> None:
        packet[:] = protocol.pack("GREETING", 0, **{**protocol.unpack(bytes(packet)).values, "schemes": []})

    with port(change_greeting(stub, no_schemes)) as url:
        assert "has no decoder; upload a smaller model" in fails(url)
    refused = pytest.raises(LinkError, match="has no decoder")
    with port(change_greeting(stub, no_schemes)) as url, open_board(url) as opened, refused:
        _ = ModuleClient(opened).model


def test_another_model_is_refused_by_both_names(stub: HostTransport) -> None:
    def set_model(packet: bytearray) -> None:
        if packet[0] == 0x81:
            packet[40:44] = struct.pack("<I", 0xBADC0DE5)

    with port(change_greeting(stub, set_model)) as url:
        message = fails(url)
    assert "badc0de5" in message and "01234567" in message


def test_integers_outside_the_scheme_are_refused_by_the_device(stub: HostTransport) -> None:
    opened = Device(stub)
    opened.reset("int8")
    with pytest.raises(RefusalError, match="refuses PROCESS: a value is outside its range; give one within it"):
        opened.process(np.full(48, 128), np.array([0, 0]))


@pytest.mark.parametrize("code", [*ERRORS, 99])
def test_a_refusal_is_one_sentence_with_its_remedy(code: int) -> None:
    assert str(RefusalError("host", "PLAY", code)).count(";") == 1


def test_what_is_asked_between_blocks_does_not_stop_the_stream(stub: HostTransport) -> None:
    opened = Device(stub)
    opened.reset("int8")
    first = opened.process(np.arange(48), np.array([0, 0]))
    opened.request("READ_STATUS", "STATUS_IS")
    wet = np.concatenate([first, opened.process(np.arange(48), np.array([0, 0]))])
    assert np.array_equal(wet, stub_wet(np.tile(np.arange(48), 2), 0))
