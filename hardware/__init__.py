# SPDX-License-Identifier: MIT
"""The module's board: drawn, laid out, simulated and checked by scripts. Imports nothing of ours but itself."""
