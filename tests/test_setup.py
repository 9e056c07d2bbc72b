# SPDX-License-Identifier: MIT
"""The set-up script: what it says where it may not install, and that a finished set-up is left alone.

Commands that would change the computer are replaced by stand-ins at the head of PATH.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

NOTHING_MISSING = "echo installed"
QEMU_MISSING = '[[ "$*" == *qemu-system-arm* ]] || echo installed'


class Computer:
    """A copy of what set-up reads, with stand-ins for the commands it runs; `log` holds what was asked of them."""

    def __init__(self, repository: Path, folder: Path):
        self.checkout, self.commands = folder / "checkout", folder / "commands"
        self.log = folder / "log"
        self.log.touch()
        self.commands.mkdir()
        (self.checkout / "host_tools").mkdir(parents=True)
        for name in ("requirements.lock", "pyproject.toml", "host_tools/setup.sh"):
            shutil.copy(repository / name, self.checkout / name)
        self.stand_in("apt-get", f'echo "apt-get $*" >>{self.log}')

    def stand_in(self, name: str, script: str) -> None:
        command = self.commands / name
        command.write_text(f"#!/usr/bin/env bash\n{script}\n")
        command.chmod(0o755)

    def stand_in_environment(self, python_script: str) -> None:
        """A .venv that looks finished, but for its Python."""
        venv = self.checkout / ".venv"
        (venv / "bin").mkdir(parents=True)
        (venv / "pyvenv.cfg").write_text(f"command = python3 -m venv {venv}\n")
        self.stand_in("python", python_script)
        (self.commands / "python").rename(venv / "bin/python")

    def set_up(self) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"PATH": f"{self.commands}:{os.environ['PATH']}"}
        return subprocess.run(
            [self.checkout / "host_tools/setup.sh"],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def computer(repository: Path, tmp_path: Path) -> Computer:
    return Computer(repository, tmp_path)


def test_user_without_root_gets_the_one_line(computer: Computer) -> None:
    computer.stand_in("dpkg-query", QEMU_MISSING)
    computer.stand_in("id", "echo 1000")
    computer.stand_in("sudo", "exit 1")
    result = computer.set_up()
    assert result.returncode == 1
    assert result.stderr.splitlines()[1:] == [
        "  apt-get update && apt-get install -y --no-install-recommends qemu-system-arm"
    ]
    assert computer.log.read_text() == ""
    assert not (computer.checkout / ".venv").exists()


def test_root_installs_only_what_is_missing(computer: Computer) -> None:
    computer.stand_in("dpkg-query", QEMU_MISSING)
    computer.stand_in("id", "echo 0")
    for python in ("python3.11", "python3.12", "python3.13", "python3"):
        # Finds itself new enough, and then makes no environment: the test ends there.
        computer.stand_in(python, '[[ "$1" == -c ]]')
    assert computer.set_up().returncode == 1
    assert computer.log.read_text().splitlines() == [
        "apt-get -qq update",
        "apt-get -qq install -y --no-install-recommends qemu-system-arm",
    ]


def test_an_old_python_is_refused(computer: Computer) -> None:
    computer.stand_in("dpkg-query", NOTHING_MISSING)
    for python in ("python3.11", "python3.12", "python3.13", "python3"):
        computer.stand_in(python, "exit 1")
    result = computer.set_up()
    assert result.returncode == 1
    assert "Python 3.11" in result.stderr


def test_finished_set_up_is_left_alone(computer: Computer) -> None:
    computer.stand_in("dpkg-query", NOTHING_MISSING)
    computer.stand_in_environment(f'[[ "$1" == -c ]] || echo "$*" >>{computer.log}')

    first = computer.set_up()
    assert first.returncode == 0, first.stderr
    assert "install torch==" in computer.log.read_text()

    computer.log.write_text("")
    second = computer.set_up()
    assert (second.returncode, second.stdout, computer.log.read_text()) == (0, "", "")

    with (computer.checkout / "requirements.lock").open("a") as lock:
        lock.write("# changed\n")
    assert computer.set_up().returncode == 0
    assert "install" in computer.log.read_text()


def test_cuda_packages_are_refused(computer: Computer) -> None:
    computer.stand_in("dpkg-query", NOTHING_MISSING)
    computer.stand_in_environment('[[ "$*" != *list* ]] || echo nvidia-cublas==13.1')
    for _ in range(2):  # a set-up that failed is not taken for a finished one
        result = computer.set_up()
        assert result.returncode == 1
        assert "nvidia-cublas" in result.stderr


KICAD_MISSING = '[[ "$*" == *kicad* ]] || echo installed'
FINISHED = '[[ "$*" != *list* ]] || true'


def test_without_kicad_set_up_goes_on_and_says_so(computer: Computer) -> None:
    computer.stand_in("dpkg-query", KICAD_MISSING)
    computer.stand_in_environment(FINISHED)
    computer.stand_in("id", "echo 1000")
    computer.stand_in("sudo", "exit 1")
    result = computer.set_up()
    assert result.returncode == 0, result.stderr
    assert "KiCad 9 is missing and this user cannot install it; the tests of hardware/ will be skipped" in result.stdout
    assert "apt-get" not in computer.log.read_text()


@pytest.mark.parametrize(
    ("apt_get", "told"),
    [
        ("true", "this is not Debian 12"),
        ('[[ "$1" != indextargets ]] && exit 100; echo http://debian.example/debian', "could not be installed from"),
        ('[[ "$1" != indextargets ]] || echo http://debian.example/debian', "KiCad is installed"),
    ],
)
def test_kicad_comes_from_backports_or_not_at_all(computer: Computer, apt_get: str, told: str) -> None:
    computer.stand_in("dpkg-query", KICAD_MISSING)
    computer.stand_in_environment(FINISHED)
    computer.stand_in("id", "echo 0")
    computer.stand_in("apt-get", f'echo "apt-get $*" >>{computer.log}\n{apt_get}')
    result = computer.set_up()
    assert result.returncode == 0, result.stderr
    assert told in result.stdout
    assert ("-t bookworm-backports" in computer.log.read_text()) == (told == "KiCad is installed")
