# SPDX-License-Identifier: MIT
"""Whole modules without hardware: recordings through host and QEMU, QEMU's live firmware beside its link, storage."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from live_runs import BLOCK, LOUD, SETTLED, after, noise, panel, turn

from host_tools import boards, host_library, protocol
from host_tools.boards import HostTransport, QemuTransport
from host_tools.errors import LinkError, UserError
from host_tools.firmware import build_firmware
from host_tools.framing import DELIMITER, PacketReader, frame
from host_tools.host_library import HostLibrary
from host_tools.packets import ADC_CHANNELS, FLAGS
from host_tools.playback import BUDGET_CYCLES, PLAY_INPUT, play_inputs
from host_tools.transport import Transport
from quantize.graph import SCHEMES

BOARDS = ("host", "qemu_m7")


def random_inputs(blocks: int) -> np.recarray:
    """Hands that jump every 20 blocks, and a processor that is now and then too slow for a while."""
    source = np.random.default_rng(blocks)
    hands = np.repeat(source.integers(0, 1 << 16, (blocks // 20, len(ADC_CHANNELS))), 20, axis=0)
    inputs = np.repeat(source.integers(0, 4, blocks // 20), 20)
    cycles = np.where(np.arange(blocks) % 200 > 190, 2 * BUDGET_CYCLES, 0)
    return play_inputs(hands, inputs, cycles)


class Line:
    """Requests to a board and their replies, one by one."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._reader = PacketReader()

    def ask(self, name: str, **values: object) -> dict[str, Any]:
        self._transport.write(DELIMITER + frame(protocol.pack(name, 1, **values)))
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            for packet in self._reader.feed(self._transport.read(1)):
                return protocol.unpack(packet).values
        raise AssertionError(f"no reply to {name}")


@contextmanager
def board_line(board: str, storage: Path | None = None) -> Iterator[Line]:
    kinds: dict[str, Any] = {"host": HostTransport, "qemu_m7": QemuTransport}
    transport = kinds[board](build_firmware(board), storage)
    try:
        yield Line(transport)
    finally:
        transport.close()


def store_scheme(board: str, storage: Path, scheme: str) -> None:
    with board_line(board, storage) as line:
        settings = line.ask("READ_SETTINGS", factory=0)["settings"] | {"scheme": SCHEMES[scheme].code}
        assert line.ask("WRITE_SETTINGS", settings=settings)["settings"] == settings


@pytest.mark.parametrize("scheme", list(SCHEMES))
def test_the_module_sounds_the_same_on_both_boards(scheme: str, tmp_path: Path) -> None:
    storage = tmp_path / "flash"
    store_scheme("host", storage, scheme)
    played = [boards.play(board, random_inputs(400), noise(400), factory=False, storage=storage) for board in BOARDS]
    (wet, outputs), (other_wet, other_outputs) = played
    assert np.array_equal(wet, other_wet) and np.array_equal(outputs, other_outputs)
    assert np.abs(wet[SETTLED:]).max() > LOUD // 4
    assert np.any(outputs["crossfaded"]) and np.any(outputs["rested"])
    assert np.any(outputs["flags"] & FLAGS["OVERLOAD"])
    assert (np.abs(outputs["z"]).max() > 128) == (scheme == "int16x8")


@pytest.mark.parametrize("board", BOARDS)
def test_factory_settings_leave_the_stored_ones_alone(board: str, tmp_path: Path) -> None:
    storage = tmp_path / "flash"
    store_scheme("host", storage, "int8")
    before = storage.read_bytes()
    inputs, dry = play_inputs(np.array([panel(x=65535)] * 4)), noise(4)
    stored, factory = (boards.play(board, inputs, dry, factory=choice, storage=storage)[1] for choice in (False, True))
    assert np.abs(stored["z"]).max() <= 128 < np.abs(factory["z"]).max()
    assert storage.read_bytes() == before


def test_taps_are_what_the_decoder_played() -> None:
    library = HostLibrary(build_firmware("host"))
    taps = np.zeros((SETTLED, 3, BLOCK), np.int16)
    library.power_up(factory=True)
    inputs = play_inputs(np.array([panel(x=code) for code in range(SETTLED)]))
    inputs.adc[:, 0] = np.linspace(0, 65535, SETTLED)
    _, outputs = library.play(inputs, noise(SETTLED), taps)
    at_new_z = library.process_bulk("int16x8", np.ascontiguousarray(taps[:, 0]), np.ascontiguousarray(outputs["z"]))
    library.close()
    assert np.array_equal(at_new_z, taps[:, 1])
    moved = outputs["crossfaded"] == 1
    assert moved.mean() > 0.9 and np.any(taps[moved, 1] != taps[moved, 2])


def test_a_recording_continues_where_the_last_call_ended() -> None:
    inputs, dry = random_inputs(400), noise(400)
    whole, _ = boards.play("host", inputs, dry)
    library = HostLibrary(build_firmware("host"))
    library.power_up(factory=True)
    pieces = [library.play(inputs[part], dry[part])[0] for part in (slice(0, 7), slice(7, 400))]
    library.close()
    assert np.array_equal(np.vstack(pieces), whole)


@pytest.mark.parametrize("board", BOARDS)
def test_blocks_of_another_size_are_refused(board: str) -> None:
    with pytest.raises(LinkError, match="emit the model again and rebuild"):
        boards.play(board, play_inputs(np.array([panel()])), np.zeros((1, BLOCK + 1), np.int32))


def test_samples_and_codes_beyond_their_range_are_refused() -> None:
    inputs = play_inputs(np.array([panel()]))
    with pytest.raises(ValueError, match="does not fit 24 bits"):
        boards.play("host", inputs, np.full((1, BLOCK), 1 << 23))
    with pytest.raises(ValueError, match="adc goes beyond"):
        play_inputs(np.array([panel(x=65536)]))
    with pytest.raises(UserError, match="no bulk mode"):
        boards.play("/dev/ttyACM0", inputs, noise(1))
    assert PLAY_INPUT.itemsize == 21


@pytest.mark.parametrize("board", BOARDS)
def test_presets_outlive_the_board_in_its_storage(board: str, tmp_path: Path) -> None:
    storage = tmp_path / "folder" / "flash"
    with board_line(board, storage) as line:
        line.ask("PANEL", adc=panel(x=65535, y=0), inputs=0)
        deadline = time.monotonic() + 10
        while line.ask("READ_STATUS")["status"]["spot"]["x"] < 32000 and time.monotonic() < deadline:
            time.sleep(0.01)
        stored = line.ask("STORE_PRESET", index=3)["settings"]["presets"][3]
    assert stored["x"] > 32000 and stored["y"] < -32000
    with board_line(board, storage) as line:
        assert line.ask("READ_SETTINGS", factory=0)["settings"]["presets"][3] == stored
    with board_line(board) as line:
        assert line.ask("READ_SETTINGS", factory=0)["settings"]["presets"][3] != stored


@pytest.mark.parametrize("board", BOARDS)
def test_a_storage_that_is_none_is_one_sentence(board: str, tmp_path: Path) -> None:
    (tmp_path / "flash").write_bytes(b"short")
    with pytest.raises(UserError, match=r"flash holds 5 bytes .* delete it"), board_line(board, tmp_path / "flash"):
        pass


def test_an_unchanged_storage_is_not_written(tmp_path: Path) -> None:
    with board_line("host", tmp_path / "flash") as line:
        line.ask("READ_STATUS")
    assert list(tmp_path.iterdir()) == []


def test_the_hosts_codec_plays_as_time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 100.0
    monkeypatch.setattr(host_library.time, "monotonic", lambda: now_s)
    transport = HostTransport(build_firmware("host"))

    def blocks(name: str = "READ_STATUS", **values: object) -> int:
        transport.write(frame(protocol.pack(name, 1, **values)))
        (packet,) = PacketReader().feed(transport.read(0))
        return int(protocol.unpack(packet).values["status"]["blocks"])

    assert blocks() == 0
    now_s += 0.1005
    assert blocks() == 100
    now_s += 0.0005
    assert blocks() == 101
    now_s += 3600  # a pause at the debugger
    assert blocks() == 101 + host_library.LIVE_BLOCKS_AT_ONCE
    assert blocks("POWER_UP", factory=1) == 0
    now_s += 1
    assert blocks() == 0  # the bench takes its time
    transport.close()


@pytest.mark.parametrize("mix", [0, 65535])
def test_sound_takes_two_blocks_and_the_decoders_latency(mix: int) -> None:
    dry = np.zeros((SETTLED + 20, BLOCK), np.int32)
    dry[SETTLED, 7] = LOUD
    hands = panel(mix=mix)
    run = boards.run_live(dry.reshape(-1), turn(mix=mix))
    offline, _ = boards.play("host", play_inputs(np.array([hands] * len(dry))), dry)
    assert run.status == 0
    with boards.open_board("host") as device:
        latency = device.hello().schemes["int16x8"].latency_samples
    delay = 2 * BLOCK
    heard = run.wet[delay:]
    assert np.array_equal(heard, offline.reshape(-1)[: heard.size])
    arrival = SETTLED * BLOCK + 7 + delay
    peak = int(np.argmax(np.abs(run.wet)))
    if mix == 0:
        assert peak == arrival + latency and run.wet[peak] == LOUD
    else:  # what a decoder makes of a click has its peak about there
        assert not run.wet[SETTLED * BLOCK : arrival].any() and arrival < peak <= arrival + 2 * latency


def test_the_live_firmware_remembers_what_the_line_asks(tmp_path: Path) -> None:
    storage = tmp_path / "flash"
    boards.run_live(
        noise(1).reshape(-1),
        turn(x=65535) + after(100) + frame(protocol.pack("STORE_PRESET", 2, index=0)),
        storage=storage,
    )
    with board_line("host", storage) as line:
        assert line.ask("READ_SETTINGS", factory=0)["settings"]["presets"][0]["x"] > 32000
