# SPDX-License-Identifier: MIT
"""What is done with a whole module from a terminal: play it, watch it, calibrate it, keep its presets, soak it."""
