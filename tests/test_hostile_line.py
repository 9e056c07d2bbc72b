# SPDX-License-Identifier: MIT
"""The whole live firmware on the emulated Cortex-M7 with a million bad packets on its serial line: not one is heard."""

import numpy as np
from hostile_line import answers, hostile_line

from host_tools import boards, protocol
from host_tools.framing import PacketReader, frame
from host_tools.packets import ADC_CHANNELS

PACKETS = 1_000_000
BLOCKS, BLOCK = 26_000, 48  # of sound, as long as the packets take
LOUD = 1 << 21


def noise(blocks: int) -> np.ndarray:
    return np.random.default_rng(1).integers(-LOUD, LOUD, blocks * BLOCK, dtype=np.int32)


def test_a_million_bad_packets_are_not_heard_and_do_not_silence_the_link() -> None:
    line, questions = hostile_line(PACKETS, seed=1)
    dry = noise(BLOCKS)
    quiet, hostile = boards.run_live(dry, b""), boards.run_live(dry, line)
    replies = answers(PacketReader().feed(hostile.replies))
    assert [reply.sequence for reply in replies] == questions  # resynchronised within one packet, every time
    assert replies[-1].values["status"]["lost_blocks"] == 0
    assert np.array_equal(hostile.wet[: quiet.wet.size], quiet.wet)
    assert np.abs(quiet.wet[-BLOCK:]).max() > LOUD // 4


def test_what_a_line_may_do_is_heard_and_answered_otherwise() -> None:
    """The two checks above, where they must fail: a knob that turns, a question without a delimiter before it."""
    dry = noise(350)
    turn = frame(protocol.pack("PANEL", 1, adc=[60_000] * len(ADC_CHANNELS), inputs=0))
    question = frame(protocol.pack("READ_STATUS", 1))
    run, quiet = boards.run_live(dry, turn + b"\x07noise" + question), boards.run_live(dry, b"")
    assert not np.array_equal(run.wet, quiet.wet)
    assert len(answers(PacketReader().feed(run.replies))) == 1  # PANEL's
