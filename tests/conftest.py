# SPDX-License-Identifier: MIT
"""What all tests share: where the repository is, Hypothesis with no deadline and the same examples each run, and the
module on the bench.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from host_tools.boards import open_board
from host_tools.module.client import ModuleClient

# The tests run beside each other, one a core; threads of NumPy and PyTorch on top made some five times slower.
os.environ.setdefault("OMP_NUM_THREADS", "1")

settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")


# Files that take minutes come first, or the last of them would keep one core busy while the others wait.
LONGEST = ("any_network", "released", "hostile_line", "static_engine", "sanitized", "bench", "soak", "hardware_faults")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In the order of LONGEST, the rest as they come; for `make test`, which gives files to workers in this order."""
    order = {f"test_{name}": place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path.stem, len(order)))


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout under test."""
    return Path(__file__).resolve().parents[1]


def pytest_addoption(parser: pytest.Parser) -> None:
    """For tests/hil, in whose folder options would be known too late."""
    parser.addoption("--port", help="of the module that tests/hil is to run on")
    parser.addoption("--flash", action="store_true", help="tests/hil first writes the firmware of this checkout")


@pytest.fixture(scope="session")
def port(request: pytest.FixtureRequest) -> str:
    """Of the module on the bench: `pytest tests/hil --port /dev/ttyACM0`. An emulated one will do, too."""
    given = request.config.getoption("--port")
    if not given:
        pytest.skip("needs a module; give its --port")
    return given


@pytest.fixture
def module(port: str) -> Iterator[ModuleClient]:
    """The module, live; afterwards nothing went wrong that was not wrong before."""
    with open_board(port) as device:
        client = ModuleClient(device)
        before = client.status()
        yield client
        after = client.go_live()
    assert (after.lost_blocks, after.fault) == (before.lost_blocks, before.fault)
