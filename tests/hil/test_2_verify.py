# SPDX-License-Identifier: MIT
"""The module is golden, bit for bit, on recorded and random audio."""

from __future__ import annotations

from host_tools.artefacts import LITE, released_artefacts
from host_tools.audio import recorded_audio
from host_tools.boards import open_board
from host_tools.parity import verify


def test_the_module_is_golden(port):
    with open_board(port) as device:
        there = device.hello().schemes
    known = [*released_artefacts(), *released_artefacts(directory=LITE)]
    artefacts = [artefact for artefact in known if artefact.model_id in {info.model_id for info in there.values()}]
    assert {artefact.scheme for artefact in artefacts} == set(there), "it plays other models than the released ones"
    result = verify(port, artefacts, recorded_audio(1), 48_000, seconds_per_recording=1.0)
    assert result.verdict == "PASS", result.reasons
