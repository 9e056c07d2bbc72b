# SPDX-License-Identifier: MIT
"""The third-party circuits of Debian's packages that can be learned, with knobs set to the range in which they distort.

Depends on `plugins`. Ranges and exclusions were measured with `python -m model.plugin_measures`.
"""

from __future__ import annotations

from model.effects import Family
from model.plugins import Knob, Plugin

# Tried and left out. A bias that shifts for longer than a decoder hears: gx_fuzzface, gx_cstb, gx_fumaster,
# gx_fuzzfacefm, gx_studiopre, mda Combo. Crossovers that ring as long: gx_mbdistortion. Latency unclear behind its
# noise: gxmetal_head. All but linear: gx_hfb, gx_hogsfoot, gx_mole, gx_rangem, gxbooster, gx_jcm800pre. Running away:
# swh chebstortion. Silent as far as tried: mda Degrade, gx_redeye.

# Stands for the next device's input where a circuit's own capacitors are so large that its DC wanders with the sound.
# CAPS has its corner at 41 Hz. It takes 3 to 14 dB from what a decoder with 15 ms of memory must miss of ds1, gx_rat,
# mxr, sustainer and valve, and 28 dB of tube_warmth.
COUPLING_HZ = 40.0

_GUITARIX = "http://guitarix.sourceforge.net/plugins/"
_TONE = Knob("TONE", 0.0, 1.0)


def _guitarix(name: str, path: str, family: Family, model: str, drive: Knob, tone: Knob | None = None) -> Plugin:
    address, source = _GUITARIX + path, f"guitarix: {model}"
    return Plugin(name, "lv2", address, "guitarix-lv2", family, source, drive, tone, coupling_hz=COUPLING_HZ)


def _swh(
    name: str,
    address: str,
    family: Family,
    what: str,
    drive: Knob,
    tone: Knob | None = None,
    controls: tuple[tuple[str, float], ...] = (),
) -> Plugin:
    source = f"Steve Harris, swh-plugins: {what}"
    return Plugin(name, "ladspa", address, "swh-plugins", family, source, drive, tone, controls)


def _saturate(shape: str, mode: int, family: Family, lowest_db: float) -> Plugin:
    return Plugin(
        f"caps_{shape}",
        "ladspa",
        "caps.so:Saturate",
        "caps",
        family,
        f"Tim Goetze, CAPS Saturate: {shape}, 8x oversampled",
        Knob("gain (dB)", lowest_db, 36.0),
        Knob("bias", 0.0, 1.0),
        (("mode", float(mode)),),
    )


_TABLE = [
    _guitarix("ds1", "gx_bossds1_#_bossds1_", "hard", "Boss DS-1", Knob("DRIVE", 0.0, 1.0), _TONE),
    _guitarix("big_muff_pi", "gx_bmp_#_bmp_", "fuzz", "Big Muff Pi", Knob("SUSTAIN", 0.0, 1.0), _TONE),
    _guitarix("gx_rat", "gx_aclipper_#_aclipper_", "hard", "ProCo Rat", Knob("DRIVE", 0.0, 0.4), _TONE),
    _guitarix("muff", "gx_muff_#_muff_", "fuzz", "Muff Fuzz, which has no drive knob", Knob(None, -30.0, 0.0), _TONE),
    _guitarix(
        "tube_screamer",
        "gxts9#ts9sim",
        "soft",
        "Ibanez TS9",
        Knob(None, -30.0, -6.0),
        Knob("fslider1_", 100.0, 1000.0, logarithmic=True),
    ),
    _guitarix("hornet", "gx_hornet_#_hornet_", "fuzz", "Hornet fuzz", Knob("FUZZ", 0.54, 1.0)),
    _guitarix("mxr", "gx_mxrdist_#_mxrdist_", "hard", "MXR Distortion+", Knob("DRIVE", 0.5, 1.0)),
    _guitarix("sustainer", "gx_susta_#_susta_", "fuzz", "Sustainer", Knob("SUSTAIN", 0.0, 1.0)),
    _guitarix("w20", "gx_w20#w20", "amp", "W20 amplifier", Knob("gain", 0.05, 1.0)),
    _guitarix("gx_fuzz", "gx_fuzz_#fuzz_", "fuzz", "fuzz with two stages", Knob(None, -4.0, 5.0), _TONE),
    _guitarix("screaming_bird", "gx_scream_#_scream_", "hard", "Screaming Bird", Knob(None, 11.0, 30.0)),
    _guitarix("metal_amp", "gxmetal_amp#metal_amp", "amp", "metal amplifier", Knob("DRIVE", 1.0, 20.0), _TONE),
    Plugin(
        "amp_vts",
        "ladspa",
        "caps.so:AmpVTS",
        "caps",
        "amp",
        "Tim Goetze and David Yeh, CAPS AmpVTS: tube amplifier with tone stack",
        Knob("gain", 0.0, 1.0),
        Knob("treble", 0.0, 1.0),
        # Power stage without its sag, which is a slow envelope; tone stack of a Fender '59 Bassman.
        (
            ("over", 1.0),
            ("bright", 0.5),
            ("power", 0.5),
            ("tonestack", 1.0),
            ("bass", 0.25),
            ("mid", 0.75),
            ("attack", 0.25),
            ("squash", 0.0),
            ("lowcut", 0.75),
        ),
    ),
    _saturate("atan", 1, "soft", -12.0),
    _saturate("clip", 3, "hard", 3.0),
    _saturate("one5", 4, "soft", -12.0),
    _saturate("sin1", 8, "fold", -12.0),
    _saturate("tanh", 10, "soft", -12.0),
    Plugin(
        "valve",
        "ladspa",
        "valve_1209.so:valve",
        "swh-plugins",
        "asymmetric",
        "Steve Harris, swh-plugins: valve saturation",
        Knob("Distortion level", 0.4, 1.0),
        Knob("Distortion character", 0.0, 1.0),
        coupling_hz=COUPLING_HZ,
    ),
    _swh(
        "fast_overdrive",
        "foverdrive_1196.so:foverdrive",
        "soft",
        "fast overdrive",
        Knob(None, -12.0, 12.0),
        None,
        (("Drive level", 3.0),),
    ),
    _swh(
        "diode",
        "diode_1185.so:diode",
        "rectify",
        "diode, from none over half wave to full wave",
        Knob("Mode (0 for none, 1 for half wave, 2 for full wave)", 0.05, 1.9),
    ),
    _swh(
        "sinus_wrapper",
        "sinus_wavewrapper_1198.so:sinusWavewrapper",
        "fold",
        "sine wave wrapper",
        Knob("Wrap degree", 0.1, 3.0),
    ),
    _swh("shaper", "shaper_1187.so:shaper", "hard", "power waveshaper", Knob("Waveshape", 1.02, 3.0, logarithmic=True)),
    _swh(
        "crossover_distortion",
        "crossover_dist_1404.so:crossoverDist",
        "hard",
        "crossover distortion of class B",
        Knob("Crossover amplitude", 0.002, 0.1, logarithmic=True),
        Knob("Smoothing", 0.0, 1.0),
    ),
    _swh(
        "foldover",
        "foldover_1213.so:foldover",
        "asymmetric",
        "foldover",
        Knob(None, -24.0, 0.0),
        Knob("Skew", 0.0, 1.0),
        (("Drive", 0.7),),
    ),
    Plugin(
        "tube_warmth",
        "ladspa",
        "tap_tubewarmth.so:tap_tubewarmth",
        "tap-plugins",
        "tape",
        "Tom Szilagyi, TAP TubeWarmth: between tape and tube",
        Knob("Drive", 0.1, 10.0),
        Knob("Tape--Tube Blend", -10.0, 10.0),
        coupling_hz=COUPLING_HZ,
    ),
    Plugin(
        "sigmoid",
        "ladspa",
        "tap_sigmoid.so:tap_sigmoid",
        "tap-plugins",
        "soft",
        "Tom Szilagyi, TAP Sigmoid Booster",
        Knob("Pre Gain [dB]", -10.0, 20.0),
        None,
        (("Post Gain [dB]", 0.0),),
    ),
    Plugin(
        "mda_overdrive",
        "lv2",
        "http://drobilla.net/plugins/mda/Overdrive",
        "mda-lv2",
        "soft",
        "Paul Kellett, mda Overdrive",
        Knob("drive", 0.01, 1.0, logarithmic=True),
        Knob("muffle", 0.6, 0.0),
    ),
]

PLUGINS: dict[str, Plugin] = {plugin.name: plugin for plugin in _TABLE}
