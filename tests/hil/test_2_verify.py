# SPDX-License-Identifier: MIT
"""The module is golden, bit for bit, on recorded and random audio."""

from __future__ import annotations

from host_tools.artefacts import released_artefacts
from host_tools.audio import recorded_audio
from host_tools.boards import open_board
from host_tools.parity import verify


def test_the_module_is_golden(port):
    with open_board(port) as device:
        schemes = tuple(device.hello().schemes)
    result = verify(port, released_artefacts(schemes), recorded_audio(1), 48_000, seconds_per_recording=1.0)
    assert result.verdict == "PASS", result.reasons
