# SPDX-License-Identifier: MIT
"""The module plays: a block each millisecond, in time, within its budget."""

from __future__ import annotations

import time

import pytest

SECONDS = 5.0


def test_blocks_come_at_the_codecs_rate(module):
    if module.device.hello().board.startswith("qemu"):
        pytest.skip("an emulated codec waits for the machine it runs on")
    start, first = time.monotonic(), module.next_status()
    time.sleep(SECONDS)
    last = module.next_status()
    seconds = time.monotonic() - start
    expected = seconds * module.model.sample_rate / module.model.block_size
    assert abs(last.blocks - first.blocks - expected) < 0.02 * expected
    assert "OVERLOAD" not in last.flags


def test_the_worst_block_leaves_room(module):
    status = module.next_status()
    assert status.worst_load is None or status.worst_load < 1.0
