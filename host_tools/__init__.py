# SPDX-License-Identifier: MIT
"""Tools for the bench: the link to a device, parity, reports, the command line. No torch."""
