# SPDX-License-Identifier: MIT
"""Third-party circuits come out aligned, upright, bounded and silent for silence; faulty ones are one clear error."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from compiled import TEST_SOURCES, compile_library

from model import plugins
from model.attributes import harmonic_distortion, sine
from model.plugin_measures import measure_plugin
from model.plugin_table import PLUGINS
from model.plugins import RATE, Knob, Plugin, PluginError, calibrate

QUIET_NOISE = 0.01 * np.random.default_rng(3).standard_normal(RATE // 4)
SILENCE = np.zeros(RATE // 4)
PROGRAMME = np.concatenate([SILENCE, QUIET_NOISE, plugins.reference()])
# A few measured in full here; all are by `python -m model.plugin_measures`, which takes a minute.
MEASURED = ["sigmoid", "caps_clip", "valve", "tube_screamer"]


def installed(name: str) -> Plugin:
    plugin = PLUGINS[name]
    if not plugin.installed():
        pytest.skip(f"{plugin.address} is not here; install the Debian package {plugin.package}")
    return plugin


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> Path:
    return compile_library(tmp_path_factory.mktemp("ladspa") / "faulty.so", [TEST_SOURCES / "faulty_plugins.cpp"])


def planted(library: Path, label: str) -> Plugin:
    return Plugin(label, "ladspa", f"{library}:{label}", "none", "soft", "a test", Knob("drive", 0.5, 20.0))


@pytest.mark.parametrize("name", PLUGINS)
def test_wet_is_aligned_upright_bounded_and_silent_for_silence(name):
    plugin = installed(name)
    wet = plugin.render(PROGRAMME, 0.0)
    assert wet.shape == PROGRAMME.shape
    assert np.abs(wet).max() <= 1 and np.abs(wet).max() > 1e-3
    # -80 dBFS: inaudible below a note; the worst, the Big Muff, has a limit cycle at -90.
    assert np.abs(wet[: len(SILENCE) - 100]).max() < 1e-4
    heard = wet[len(SILENCE) :][: len(QUIET_NOISE)]
    fits = {lag: float(QUIET_NOISE[10:-10] @ heard[10 + lag : len(heard) - 10 + lag]) for lag in range(-10, 11)}
    best = max(fits, key=lambda lag: abs(fits[lag]))
    assert abs(best) <= 1 and fits[0] > 0


@pytest.mark.parametrize("name", PLUGINS)
def test_the_reference_stays_below_the_limit_at_full_drive(name):
    """The level was measured on an earlier render of the same sound."""
    wet = installed(name).render(plugins.reference(), 1.0)
    assert 0.001 < np.abs(wet).max() <= plugins.PEAK + 1e-6  # float32 inside the plug-in


@pytest.mark.parametrize("name", PLUGINS)
def test_drive_adds_distortion(name):
    """10 dB between the ends: less would not be worth a knob."""
    plugin = installed(name)
    low, high = (harmonic_distortion(plugin.render(sine(-12.0), drive)) for drive in (0.0, 1.0))
    assert 20 * np.log10(high / low) > 10


@pytest.mark.parametrize("name", MEASURED)
def test_measured_in_full_they_are_accepted(name):
    assert measure_plugin(installed(name)).faults() == []


def test_latency_polarity_and_offset_are_removed(library):
    plugin = planted(library, "well")
    assert (calibrate(plugin).lag, calibrate(plugin).inverted) == (23, True)
    wet = plugin.render(PROGRAMME, 0.7)
    drive = 0.5 + 0.7 * 19.5
    # float32 inside the plug-in: 24 bits on values up to 3.
    np.testing.assert_allclose(wet, calibrate(plugin).level * 3 * np.tanh(drive * PROGRAMME), atol=1e-6)
    assert plugin.offset(0.7) == pytest.approx(0.1 * calibrate(plugin).level, rel=1e-5)


def test_the_coupling_capacitor_takes_a_standing_level_away(library):
    plugin = replace(planted(library, "well"), coupling_hz=40.0)
    step = np.repeat([0.0, 0.5], RATE // 10)
    wet = plugin.render(step, 0.0)
    assert wet[RATE // 10 :].max() > 0.05 and abs(wet[-1]) < 1e-6


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("crash", "crash: crashed with SIGABRT"),
        ("nan", "nan: gave NaN or ran away at drive 0"),
        ("away", "away: gave NaN or ran away at drive 0"),
        ("two_inputs", "has 2 audio inputs and 0 outputs"),
        ("refuse", "does not start at 48000 Hz"),
        ("absent", "holds no plug-in called absent"),
        ("noise", "noise: its latency cannot be measured"),
    ],
)
def test_a_faulty_plugin_is_one_clear_error(library, label, message):
    with pytest.raises(PluginError, match=message):
        planted(library, label).render(PROGRAMME, 0.0)


def test_a_plugin_that_hangs_is_ended(library, monkeypatch):
    monkeypatch.setattr(plugins, "PATIENCE_S", 0.5)
    with pytest.raises(PluginError, match="hang: no answer within 1 s"):
        planted(library, "hang").play(SILENCE, 0.0)


def test_a_slow_envelope_is_noticed(library):
    assert "remembers for longer than a decoder hears" in measure_plugin(planted(library, "slow")).faults()


def test_a_file_that_is_no_library_and_one_that_is_missing_are_errors(library):
    text = library.with_name("text.so")
    text.write_text("not a library")
    with pytest.raises(PluginError, match="not a LADSPA library"):
        planted(text, "well").play(SILENCE, 0.0)
    with pytest.raises(PluginError, match="is not here; install the Debian packages none"):
        planted(library.with_name("missing.so"), "well").play(SILENCE, 0.0)


def test_controls_that_do_not_fit_are_named(library):
    plugin = replace(planted(library, "well"), controls=(("fuzziness", 1.0),))
    with pytest.raises(PluginError, match=r"has the controls \['drive'\], not \['drive', 'fuzziness'\]"):
        plugin.play(SILENCE, 0.0)


def test_a_knob_outside_its_range_is_refused(library):
    with pytest.raises(ValueError, match=r"well: drive 1\.5"):
        planted(library, "well").play(SILENCE, 1.5)


@pytest.fixture
def lv2_host(tmp_path, monkeypatch):
    """Puts an lv2apply of its own, with this body, first on the path, and an lv2ls that knows one plug-in."""

    def install(body: str) -> Plugin:
        for name, line in (("lv2ls", "echo urn:test"), ("lv2apply", body)):
            program = tmp_path / name
            program.write_text(f"#!/bin/sh\n{line}\n")
            program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
        plugins._lv2_addresses.cache_clear()
        return Plugin("stub", "lv2", "urn:test", "stub-lv2", "soft", "a test", Knob("drive", 0.0, 1.0))

    yield install
    plugins._lv2_addresses.cache_clear()


def test_lv2_plugins_get_the_sound_and_their_controls(lv2_host):
    plugin = lv2_host('[ "$5 $6 $7 $8" = "-c drive 0.25 urn:test" ] && cp "$2" "$4"')
    np.testing.assert_array_equal(plugin.play(QUIET_NOISE, 0.25), QUIET_NOISE.astype(np.float32))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("kill -SEGV $$", "stub: crashed with SIGSEGV"),
        ("echo 'no such port' >&2; exit 4", "stub: urn:test cannot be played: no such port"),
        ("true", "stub: urn:test gave no sound"),
        ("head -c 4000 $2 > $4", r"stub: gave \d+ samples for 12000"),
    ],
)
def test_a_faulty_lv2_host_is_one_clear_error(lv2_host, body, message):
    with pytest.raises(PluginError, match=message):
        lv2_host(body).play(SILENCE, 0.0)


def test_an_absent_lv2_plugin_names_the_packages_to_install(lv2_host):
    with pytest.raises(PluginError, match="urn:other is not here; install the Debian packages stub-lv2 lilv-utils"):
        replace(lv2_host("true"), address="urn:other").play(SILENCE, 0.0)
