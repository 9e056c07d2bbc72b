# SPDX-License-Identifier: MIT
"""Ten minutes of playing, watched: no block is lost, and the load stays what it was."""

from __future__ import annotations

import time

MINUTES = 10


def test_ten_minutes_lose_nothing(module):
    first = module.next_status()
    for _ in range(6 * MINUTES):
        time.sleep(10)
        status = module.next_status()
        assert status.lost_blocks == first.lost_blocks
        assert status.overloads == first.overloads
