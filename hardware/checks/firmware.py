# SPDX-License-Identifier: MIT
"""The firmware knows this board: its pin header is the table's, its factory calibration the simulated circuits'.

Depends on g++, which asks the firmware's own code, and on the simulation.
"""

from __future__ import annotations

import shutil
import subprocess

from hardware.checks.design import Design, Outcome
from hardware.gen.pin_header import header_text
from hardware.spice.measures import CV_JACKS

CODES_PER_VOLT = 65535 / 3.3  # of the Seed's ADC, 16 bits over its reference
# In codes. 60 are 3 mV: parts of 1 % are ten times that, so a constant that is further off is another circuit's.
ZERO_TOLERANCE, SLOPE_TOLERANCE = 60, 20
_ASKING = """
#include <cstdio>
#include "core/settings.h"
int main() {
  const auto settings = gritspace::FactorySettings();
  for (int axis = 0; axis < 2; ++axis) {
    std::printf("%d %d\\n", static_cast<int>(settings.cv_zero[axis]), static_cast<int>(settings.cv_per_volt[axis]));
  }
}
"""


def pin_header(design: Design) -> Outcome:
    header = design.firmware / "generated" / "pins.h"
    same = header.is_file() and header.read_text(encoding="utf-8") == header_text(design.pins)
    return Outcome(f"{len(design.pins)} pins", [] if same else ["firmware/generated/pins.h is not that of pins.toml"])


def calibration(design: Design) -> Outcome:
    """The factory's zero and slope of each CV input, as codes of the ADC."""
    wrong, figures = [], []
    for name, (zero, slope) in zip(CV_JACKS, factory_calibration(design), strict=True):
        measured = design.simulated.cv_transfer(name)
        right_zero, right_slope = measured.offset * CODES_PER_VOLT, measured.slope * CODES_PER_VOLT
        figures.append(f"{name} {zero} {slope:+d} a volt, simulated {right_zero:.0f} {right_slope:+.0f}")
        if abs(zero - right_zero) > ZERO_TOLERANCE or abs(slope - right_slope) > SLOPE_TOLERANCE:
            wrong.append(f"the firmware has {figures[-1]}")
    return Outcome("; ".join(figures), wrong)


def factory_calibration(design: Design) -> list[tuple[int, int]]:
    """What the firmware answers when it is asked: zero and slope, X and Y, in codes."""
    if shutil.which("g++") is None:
        raise RuntimeError("g++ is not installed (Debian package g++), and it asks the firmware for its calibration")
    program, source = design.work / "ask_settings", design.work / "ask_settings.cpp"
    source.write_text(_ASKING)
    settings = design.firmware / "core" / "settings.cpp"
    command = ["g++", "-std=c++17", f"-I{design.firmware}", str(source), str(settings), "-o", str(program)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    told = subprocess.run([program], check=True, capture_output=True, text=True, timeout=20).stdout
    return [(int(zero), int(slope)) for zero, slope in (line.split() for line in told.splitlines())]
