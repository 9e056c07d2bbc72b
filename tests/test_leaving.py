# SPDX-License-Identifier: MIT
"""How a device is left: live, whatever was under way when somebody stopped, and soon."""

import re
import time
from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest
from ports import Send, answer, port
from stand_ins import StandInModule

from host_tools import device, protocol
from host_tools.boards import HostTransport, open_board
from host_tools.device import Device
from host_tools.errors import LinkError
from host_tools.firmware import build_firmware
from host_tools.framing import PacketReader, frame
from host_tools.packets import FLAGS


@pytest.fixture
def host() -> Iterator[HostTransport]:
    with closing(HostTransport(build_firmware("host"))) as transport:
        yield transport


def taken_and_dropped(url: str) -> None:
    """Somebody plays blocks, and stops by hand while most of the replies are still on their way."""

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), open_board(url) as opened:
        opened.reset("int8")
        opened.process(np.zeros(48 * 40, int), np.array([0, 0]), stop)


def is_live(host: HostTransport) -> bool:
    (packet,) = PacketReader().feed(answer(host, frame(protocol.pack("READ_STATUS", 0))))
    return bool(protocol.unpack(packet).values["status"]["flags"] & FLAGS["LIVE"])


@pytest.mark.parametrize(("waits_s", "live"), [(device.LEAVE_TIMEOUT_S, True), (0.0, False)])
def test_a_device_that_is_dropped_midway_is_left_live(
    host: HostTransport, monkeypatch: pytest.MonkeyPatch, waits_s: float, live: bool
) -> None:
    """If nobody waited, the line would be gone before the device has come to the good-bye behind its replies."""
    monkeypatch.setattr(device, "LEAVE_TIMEOUT_S", waits_s)

    def one_by_one(data: bytes, send: Send) -> bool:
        for request in re.findall(rb"[^\0]*\0?", data):
            send(answer(host, request))
            time.sleep(0.01)
        return True

    with port(one_by_one) as url:
        taken_and_dropped(url)
    assert is_live(host) == live


@pytest.mark.parametrize("babbles", [False, True])
def test_a_device_that_does_not_answer_the_good_bye_is_not_waited_for_long(
    host: HostTransport, monkeypatch: pytest.MonkeyPatch, babbles: bool
) -> None:
    monkeypatch.setattr(device, "LEAVE_TIMEOUT_S", 0.2)
    opened = Device(host)
    opened.reset("int8")

    def read(timeout_s: float) -> bytes:
        time.sleep(0 if babbles else timeout_s)
        return b"\1\2\0" if babbles else b""

    monkeypatch.setattr(host, "write", lambda data: None)
    monkeypatch.setattr(host, "read", read)
    started_s = time.monotonic()
    opened.close()
    assert 0.1 < time.monotonic() - started_s < 2


@pytest.mark.parametrize("taken", [False, True])
def test_a_module_that_was_taken_to_the_bench_is_left_live(taken: bool) -> None:
    module = StandInModule()
    with Device(module) as opened:
        if taken:
            opened.request("POWER_UP", "STATUS_IS", factory=1)
    assert module.closed and (module.requests[-1] == "GO_LIVE") == taken


def test_closing_a_dead_line_is_quiet() -> None:
    class Dying(StandInModule):
        def write(self, data: bytes) -> None:
            if "POWER_UP" in self.requests:
                raise LinkError("it is gone; find it")
            super().write(data)

    module = Dying()
    with Device(module) as opened:
        opened.request("POWER_UP", "STATUS_IS", factory=1)
    assert module.closed
