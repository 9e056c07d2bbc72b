# SPDX-License-Identifier: MIT
"""Settings go into the flash and come back; afterwards they are what they were."""

from __future__ import annotations

from dataclasses import replace

import pytest


@pytest.fixture
def kept(module):
    """Puts the settings back."""
    settings = module.settings()
    yield settings
    module.write_settings(settings)


def test_settings_survive_a_new_session(port, module, kept):
    changed = replace(kept, morph_time_ms=(kept.morph_time_ms + 1234) % 10_000)
    module.write_settings(changed)
    module.power_up()  # as after power: from the flash
    assert module.settings() == changed
    module.go_live()


def test_the_flash_takes_a_hundred_saves(module, kept):
    for step in range(100):
        module.write_settings(replace(kept, morph_time_ms=step))
        assert module.settings().morph_time_ms == step
