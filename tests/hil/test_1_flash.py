# SPDX-License-Identifier: MIT
"""The image is written over the module that runs, and the new one answers."""

from __future__ import annotations

import io
import time

import pytest
from rich.console import Console

from host_tools.boards import open_board
from host_tools.errors import LinkError
from host_tools.firmware import build_firmware
from host_tools.flash import flash

RETURNS_S = 10.0


@pytest.fixture(scope="module", autouse=True)
def flashed(request, port) -> None:
    if request.config.getoption("--flash"):
        flash(build_firmware("daisy_seed"), Console(file=io.StringIO()), port=port)


def test_the_firmware_answers(port):
    deadline = time.monotonic() + RETURNS_S
    while True:
        try:
            with open_board(port) as device:
                assert "int16x8" in device.hello().schemes
            return
        except LinkError:
            if time.monotonic() > deadline:
                raise
