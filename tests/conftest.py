# SPDX-License-Identifier: MIT
"""What all tests share: where the repository is, and Hypothesis with no deadline and the same examples each run."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# The tests run beside each other, one a core; threads of NumPy and PyTorch on top made some five times slower.
os.environ.setdefault("OMP_NUM_THREADS", "1")

settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout under test."""
    return Path(__file__).resolve().parents[1]
