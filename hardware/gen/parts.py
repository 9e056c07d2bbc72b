# SPDX-License-Identifier: MIT
"""What is bought: value, footprint, maker and part number of everything on the board. Depends on nothing.

Numbers are the makers' own, by their catalogues' schemes; whether a shop has them today is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass

R0603 = "Resistor_SMD:R_0603_1608Metric"
C0603 = "Capacitor_SMD:C_0603_1608Metric"


@dataclass(frozen=True)
class Article:
    value: str
    footprint: str
    maker: str
    number: str


def resistor(value: str) -> Article:
    """0603, 1 %, 0.1 W: Yageo's RC0603FR-07 series."""
    return Article(value, R0603, "Yageo", f"RC0603FR-07{value.upper().replace('K0', 'K')}L")


def _capacitor(value: str, number: str, footprint: str = C0603) -> Article:
    return Article(value, footprint, "Samsung", number)


# C0G where a filter's corner or distortion depends on it, X7R to ground.
C_22P, C_150P, C_680P = (
    _capacitor("22p", "CL10C220JB8NNNC"),
    _capacitor("150p", "CL10C151JB8NNNC"),
    _capacitor("680p", "CL10C681JB8NNNC"),
)
C_10N = Article("10n", C0603, "Murata", "GRM1885C1H103JA01D")
C_100N = _capacitor("100n", "CL10B104KB8NNNC")
C_10U = _capacitor("10u", "CL31A106KAHNNNE", "Capacitor_SMD:C_1206_3216Metric")
C_220U = Article("220u", "Capacitor_THT:CP_Radial_D8.0mm_P3.50mm", "Panasonic", "EEU-FR1E221")
# 130 mA through it are 0.17 W, so a 1206 for 0.66 W.
R_SUPPLY = Article("10R", "Resistor_SMD:R_1206_3216Metric", "Panasonic", "ERJ-P08F10R0V")
# 12 V from another output against the op-amp's worst are 22 mA, 0.5 W.
R_OUTPUT = Article("1k", "Resistor_SMD:R_1206_3216Metric", "Panasonic", "ERJ-P08F1001V")
BEAD = Article("600R@100MHz", "Inductor_SMD:L_0805_2012Metric", "Murata", "BLM21AG601SN1D")

_SO8 = "Package_SO:SOIC-8_3.9x4.9mm_P1.27mm"
_SOT23 = "Package_TO_SOT_SMD:SOT-23"
CV_AMPLIFIER = Article("MCP6002", _SO8, "Microchip", "MCP6002-I/SN")
AUDIO_AMPLIFIER = Article("TL072", _SO8, "Texas Instruments", "TL072CDR")  # or OPA1678IDR, same footprint
REFERENCE = Article("LM4040-10", _SOT23, "Texas Instruments", "LM4040C10IDBZR")
TRANSISTOR = Article("MMBT3904", _SOT23, "Diodes Incorporated", "MMBT3904-7-F")
SIGNAL_DIODE = Article("1N4148W", "Diode_SMD:D_SOD-123", "Diodes Incorporated", "1N4148W-7-F")
RAIL_DIODE = Article("SS14", "Diode_SMD:D_SMA", "Vishay", "SS14-E3/61T")

POT = Article(
    "B10K",
    "Potentiometer_THT:Potentiometer_Alpha_RD901F-40-00D_Single_Vertical_CircularHoles",
    "Alpha",
    "RD901F-40-15R1-B10K",
)
SEED = Article("Daisy Seed", "Module:Electrosmith_Daisy_Seed", "Electrosmith", "Daisy Seed (headers soldered below)")
POWER_HEADER = Article("EURORACK", "Connector_IDC:IDC-Header_2x05_P2.54mm_Vertical", "Würth", "61201021621")


# Mono jack with a switch. The maker's number stands for what shops call Thonkiconn.
JACK = Article(
    "PJ398SM", "Connector_Audio:Jack_3.5mm_QingPu_WQP-PJ398SM_Vertical_CircularHoles", "QingPu", "WQP-PJ398SM"
)


def led(colour: str) -> Article:
    """3 mm, low current, so that 1 k on 3.3 V is bright enough."""
    numbers = {"green": "WP710A10LGD", "red": "WP710A10LID", "yellow": "WP710A10LYD"}
    return Article(colour, "LED_THT:LED_D3.0mm", "Kingbright", numbers[colour])


def button(name: str) -> Article:
    """6 x 6 mm, its shaft 13 mm above the board: 1 mm beyond the panel."""
    return Article(name, "Button_Switch_THT:SW_PUSH_6mm_H13mm", "C&K", "PTS645VL13-2LFS")
