# SPDX-License-Identifier: MIT
"""The board's circuit in ngspice: taken from KiCad's netlist, never typed again."""
