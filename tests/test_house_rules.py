# SPDX-License-Identifier: MIT
"""What holds for every file of the repository: licence line, length, and no trace of the machine it was written on."""

import subprocess
from pathlib import Path

import pytest

WRITTEN_BY_HAND = (".py", ".sh", ".h", ".cpp", ".ld", ".ini", ".toml", "Makefile", ".ci/run")
LONGEST = 300  # lines; a file that would be longer is split by idea


def complaints(name: str, text: str) -> list[str]:
    """What is wrong with one file of the repository."""
    found = []
    lines = text.splitlines()
    generated = "/generated/" in name
    if name.endswith(WRITTEN_BY_HAND) and not any("SPDX-License-Identifier: MIT" in line for line in lines[:2]):
        found.append(f"{name}: no SPDX line at the top")
    if name.endswith(WRITTEN_BY_HAND) and not generated and len(lines) > LONGEST:
        found.append(f"{name}: {len(lines)} lines")
    if name != "tests/test_house_rules.py" and any(f"{root}/" in text for root in ("/work", "/home", "/root")):
        found.append(f"{name}: a path of one machine")
    return found


def repository_files(repository: Path) -> list[str]:
    """Tracked files, and those about to be."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True).stdout.splitlines()
    return [name for name in names if (repository / name).is_file()]


def test_every_file_keeps_the_rules(repository: Path) -> None:
    found = []
    for name in repository_files(repository):
        content = (repository / name).read_bytes()
        if b"\0" not in content:
            found += complaints(name, content.decode())
    assert found == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("model/new.py", '"""No licence."""\n'),
        ("firmware/core/long.h", "// SPDX-License-Identifier: MIT\n" + "\n" * 300),
        ("README.md", "Run it in /home/somebody/gritspace.\n"),
    ],
)
def test_a_broken_rule_is_noticed(name: str, text: str) -> None:
    assert len(complaints(name, text)) == 1
