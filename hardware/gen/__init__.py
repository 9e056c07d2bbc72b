# SPDX-License-Identifier: MIT
"""From pins.toml to the schematic, the board, the panel, the firmware's header, and all that a maker orders from."""
