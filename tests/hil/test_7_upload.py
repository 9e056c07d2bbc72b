# SPDX-License-Identifier: MIT
"""Firmware with TFLite Micro takes a model while it plays, and is golden with it; what is too slow it refuses."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from host_tools.artefacts import LITE, released_artefacts
from host_tools.audio import recorded_audio
from host_tools.boards import open_board
from host_tools.errors import LinkError
from host_tools.parity import verify
from host_tools.upload import upload

SILENT = Console(file=io.StringIO())


@pytest.fixture(autouse=True)
def takes_models(port) -> None:
    with open_board(port) as device:
        try:
            device.request("TRY_MODEL", "MODEL_IS")
        except LinkError as refusal:
            if "compiled in" in str(refusal):
                pytest.skip("its models are compiled in; flash daisy_seed_tflm")


def test_a_model_is_taken_and_golden(port):
    with open_board(port) as device:
        artefacts = released_artefacts(tuple(device.hello().schemes), LITE)
        for artefact in artefacts:
            upload(artefact.path, device, SILENT)
    result = verify(port, artefacts, recorded_audio(1), 48_000, seconds_per_recording=1.0)
    assert result.verdict == "PASS", result.reasons


def test_one_that_is_too_large_or_too_slow_is_refused_and_the_other_plays_on(port):
    with open_board(port) as device:
        before = device.hello().schemes
        with pytest.raises(LinkError, match=r"train a smaller one|no decoder that it can run"):
            upload(released_artefacts(["int16x8"])[0].path, device, SILENT)
    with open_board(port) as device:
        assert device.hello().schemes == before
