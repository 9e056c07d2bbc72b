# SPDX-License-Identifier: MIT
"""Firmware without int8, as a Daisy Seed has it: the scheme is not offered, not selected, and not kept as a setting."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from compiled import CORE, FIRMWARE, HOST_BOARD, compile_library

from host_tools.artefacts import released_artefacts
from host_tools.device import Device
from host_tools.errors import LinkError
from host_tools.host_library import HostTransport
from host_tools.module.client import ModuleClient
from host_tools.stimuli import random_stimulus
from quantize.golden import GoldenDecoder


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    engine = [*FIRMWARE.glob("engines/static/*.cpp"), FIRMWARE / "generated/model_int16x8.cpp"]
    target = tmp_path_factory.mktemp("one_scheme") / "firmware.so"
    return compile_library(target, [*CORE, *engine, *HOST_BOARD], ["-DGRITSPACE_WITHOUT_INT8=1"])


def test_the_other_scheme_is_golden(library):
    (artefact,) = released_artefacts(("int16x8",))
    stimulus = random_stimulus(artefact.graph, 40 * artefact.graph.block_size)
    golden = GoldenDecoder(artefact.graph)
    expected = [golden.process(d, z) for d, z in zip(stimulus.dry.reshape(40, -1), stimulus.z, strict=True)]
    with Device(HostTransport(library)) as device:
        assert list(device.hello().schemes) == ["int16x8"]
        device.reset("int16x8")
        assert np.array_equal(device.process(stimulus.dry, stimulus.z), np.concatenate(expected))


def test_int8_is_refused_with_what_there_is(library):
    with Device(HostTransport(library)) as device:
        with pytest.raises(LinkError, match="has no scheme int8, but int16x8; choose that with --scheme"):
            device.reset("int8")
        with pytest.raises(LinkError, match="the device has no such scheme"):
            device.request("RESET", "READY", scheme=0)


def test_settings_of_int8_are_refused_and_the_old_ones_stay(library):
    with Device(HostTransport(library)) as device:
        client = ModuleClient(device)
        settings = client.settings()
        with pytest.raises(LinkError, match="outside its range"):
            client.write_settings(replace(settings, scheme=0))
        assert client.settings() == settings
