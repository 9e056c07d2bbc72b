# SPDX-License-Identifier: MIT
"""The serial line: opened and left many times, and fed with damaged packets; the module goes on playing."""

from __future__ import annotations

import pytest
from hostile_line import answers, hostile_line

from host_tools.boards import open_board
from host_tools.framing import PacketReader
from host_tools.transport import SerialTransport

OPENINGS, PACKETS, CHUNK_BYTES = 20, 2_000, 512


@pytest.fixture(autouse=True)
def lost_no_block(port):
    def status():
        with open_board(port) as device:
            return device.request("READ_STATUS", "STATUS_IS")["status"]

    before = status()
    yield
    after = status()
    assert after["lost_blocks"] == before["lost_blocks"] and after["blocks"] > before["blocks"]


def test_the_port_may_be_opened_and_left(port):
    for _ in range(OPENINGS):
        with open_board(port) as device:
            assert device.hello().board


def test_every_question_between_damaged_packets_is_answered(port):
    line, questions = hostile_line(PACKETS, seed=1)
    transport, reader, packets = SerialTransport(port), PacketReader(), []
    try:
        for start in range(0, len(line), CHUNK_BYTES):
            transport.write(line[start : start + CHUNK_BYTES])
            while data := transport.read(0.05):
                packets += reader.feed(data)
        while data := transport.read(1.0):
            packets += reader.feed(data)
    finally:
        transport.close()
    assert [reply.sequence for reply in answers(packets)] == questions
