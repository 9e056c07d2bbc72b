# SPDX-License-Identifier: MIT
"""What must hold of the board. Each check is a function of a Design that returns what it found and what is wrong."""
