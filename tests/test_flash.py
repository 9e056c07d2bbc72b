# SPDX-License-Identifier: MIT
"""`gritspace flash` against stand-ins for dfu-util and st-flash: what is written, and one clear error for each thing
that is missing or refused; and the build's errors about libDaisy.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from host_tools import flash
from host_tools.errors import UserError

QUIET = Console(file=io.StringIO())
# A stack in RAM, a reset handler in the flash, and some code.
IMAGE = (0x20020000).to_bytes(4, "little") + (0x08000299).to_bytes(4, "little") + bytes(range(200))
DEVICE = (
    'Found DFU: [0483:df11] ver=0200, devnum=9, cfg=1, intf=0, path="1-{n}", alt={alt}, '
    'name="@Internal Flash  /0x08000000/16*128Kg", serial="20000000000{n}"'
)
# Its flash is a file beside it; ends as a variable of the environment says.
DFU_UTIL = """#!{python}
import os, sys
from pathlib import Path

chip = Path(__file__).with_name("chip.bin")
with open(Path(__file__).with_name("calls"), "a") as calls:
    calls.write(" ".join(sys.argv[1:]) + "\\n")
arguments = sys.argv[1:]
if arguments == ["-l"]:
    print(os.environ.get("DFU_LIST", ""))
    sys.exit(0)
if os.environ.get("DFU_FAILS") in arguments:
    print("dfu-util: Error during download get_status", file=sys.stderr)
    sys.exit(74)
if "-D" in arguments:
    chip.write_bytes(Path(arguments[-1]).read_bytes())
else:
    content = chip.read_bytes()
    Path(arguments[-1]).write_bytes(content[:-1] + b"?" if os.environ.get("DFU_DAMAGES") else content)
"""
ST_FLASH = """#!/bin/sh
folder="$(dirname "$0")"
echo "$@" >> "$folder/calls"
[ -z "$ST_STATUS" ] || { echo "Couldn't find any ST-Link devices" >&2; exit "$ST_STATUS"; }
while [ "$1" != write ] && [ "$1" != read ]; do shift; done
if [ "$1" = write ]; then cp "$2" "$folder/chip.bin"; else head -c "${ST_READS:-$4}" "$folder/chip.bin" > "$2"; fi
"""


@pytest.fixture
def programs(tmp_path, monkeypatch) -> Path:
    """The folder of the stand-ins, at the head of PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, text in (("dfu-util", DFU_UTIL.format(python=sys.executable)), ("st-flash", ST_FLASH)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("DFU_LIST", "\n".join(DEVICE.format(n=1, alt=alt) for alt in (0, 1)))
    return folder


@pytest.fixture
def image(tmp_path) -> Path:
    path = tmp_path / "firmware.bin"
    path.write_bytes(IMAGE)
    return path


def calls(programs: Path) -> list[str]:
    path = programs / "calls"
    return path.read_text().splitlines() if path.exists() else []


def test_an_image_is_written_read_back_and_started(programs, image):
    flash.flash(image, QUIET)
    assert (programs / "chip.bin").read_bytes() == IMAGE
    listed, written, read = calls(programs)
    assert listed == "-l"
    assert written.startswith("-a 0 -d ,0483:df11 -p 1-1 -s 0x08000000 -D ")
    assert f" -s 0x08000000:{len(IMAGE)}:leave -U " in read


def test_what_reads_back_otherwise_is_told(programs, image, monkeypatch):
    monkeypatch.setenv("DFU_DAMAGES", "1")
    with pytest.raises(UserError, match=r"not what was written; hold BOOT"):
        flash.flash(image, QUIET)


@pytest.mark.parametrize(("fails", "doing"), [("-D", "writing"), ("-U", "reading back")])
def test_an_interrupted_transfer_says_how_to_go_on(programs, image, monkeypatch, fails, doing):
    monkeypatch.setenv("DFU_FAILS", fails)
    with pytest.raises(UserError, match=rf"{doing} ended early: .*get_status.*hold BOOT.*try again"):
        flash.flash(image, QUIET)


def test_without_a_device_it_says_what_to_press(programs, image, monkeypatch):
    monkeypatch.setenv("DFU_LIST", "")
    with pytest.raises(UserError, match=r"no module waits for an image: hold BOOT, press and release RESET.*--port"):
        flash.flash(image, QUIET)
    assert calls(programs) == ["-l"]


def test_of_two_devices_one_must_be_chosen(programs, image, monkeypatch):
    monkeypatch.setenv("DFU_LIST", "\n".join(DEVICE.format(n=n, alt=0) for n in (1, 2)))
    with pytest.raises(UserError, match=r"2 modules wait.*--serial: 200000000001, 200000000002"):
        flash.flash(image, QUIET)
    flash.flash(image, QUIET, serial="200000000002")
    assert "-p 1-2" in calls(programs)[-1]
    with pytest.raises(UserError, match="no module with the serial number 7"):
        flash.flash(image, QUIET, serial="7")


def test_permission_denied_brings_the_rule(programs, image, monkeypatch):
    monkeypatch.setenv("DFU_LIST", "Cannot open DFU device 0483:df11 found on devnum 9 (LIBUSB_ERROR_ACCESS)")
    with pytest.raises(UserError, match=r"idProduct.*df11.*/etc/udev/rules\.d"):
        flash.flash(image, QUIET)


def test_a_missing_program_names_its_package(image, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="dfu-util is not installed; install the Debian package dfu-util"):
        flash.flash(image, QUIET)
    with pytest.raises(UserError, match="st-flash is not installed; install the Debian package stlink-tools"):
        flash.flash(image, QUIET, st_link=True)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "no image for a Daisy Seed"),
        (b"#!/bin/sh\n" * 20, "no image for a Daisy Seed"),
        (IMAGE + bytes(128 << 10), "131,280 bytes, the flash 131,072"),
        ((0x20020000).to_bytes(4, "little") + (0x90040299).to_bytes(4, "little") + bytes(9), "no image"),
    ],
    ids=["empty", "a script", "too large", "of the Daisy bootloader"],
)
def test_what_is_no_image_never_reaches_the_device(programs, tmp_path, content, complaint):
    path = tmp_path / "other.bin"
    path.write_bytes(content)
    with pytest.raises(UserError, match=complaint):
        flash.flash(path, QUIET)
    assert calls(programs) == []


def test_an_absent_image_says_how_to_make_one(tmp_path):
    with pytest.raises(UserError, match="make it with gritspace build --board daisy_seed"):
        flash.flash(tmp_path / "none.elf", QUIET)


def test_a_st_link_writes_the_same(programs, image, monkeypatch):
    flash.flash(image, QUIET, st_link=True, serial="066EFF")
    assert (programs / "chip.bin").read_bytes() == IMAGE
    written, read = calls(programs)
    assert written.startswith("--serial 066EFF write ") and written.endswith(" 0x08000000")
    assert read.startswith("--serial 066EFF --reset read ") and read.endswith(f" 0x08000000 {len(IMAGE)}")
    monkeypatch.setenv("ST_READS", "100")
    with pytest.raises(UserError, match="not what was written; check the ST-Link's wires"):
        flash.flash(image, QUIET, st_link=True)
    monkeypatch.setenv("ST_STATUS", "1")
    with pytest.raises(UserError, match="Couldn't find any ST-Link devices; check that the ST-Link is plugged in"):
        flash.flash(image, QUIET, st_link=True)


def test_a_module_that_runs_is_asked_first(programs, image, monkeypatch):
    """Its bootloader appears a moment after it has left the line."""
    asked = []

    class Running:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            os.environ["DFU_LIST"] = DEVICE.format(n=3, alt=0)

        def enter_bootloader(self):
            asked.append(True)

    monkeypatch.setenv("DFU_LIST", "")
    monkeypatch.setattr(flash, "open_board", lambda port: Running())
    flash.flash(image, QUIET, port="/dev/ttyACM0")
    assert asked and "-p 1-3" in calls(programs)[-1]


def test_what_waited_before_is_not_the_module_that_was_asked(programs, image, monkeypatch):
    stranger, module = DEVICE.format(n=1, alt=0), DEVICE.format(n=3, alt=0)

    class Running:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            os.environ["DFU_LIST"] = f"{stranger}\n{module}" if appears else stranger

        def enter_bootloader(self):
            pass

    monkeypatch.setenv("DFU_LIST", stranger)
    monkeypatch.setattr(flash, "open_board", lambda port: Running())
    monkeypatch.setattr(flash, "APPEARS_S", 0.3)
    for appears in (True, False):
        monkeypatch.setenv("DFU_LIST", stranger)
        if appears:
            flash.flash(image, QUIET, port="/dev/ttyACM0")
            assert "-p 1-3" in calls(programs)[-1]
        else:
            (programs / "chip.bin").unlink()
            with pytest.raises(UserError, match="no module waits for an image"):
                flash.flash(image, QUIET, port="/dev/ttyACM0")
            assert not (programs / "chip.bin").exists()


def test_a_board_without_a_bootloader_refuses(programs, image):
    with pytest.raises(UserError, match="host refuses ENTER_BOOTLOADER: the board has no bootloader"):
        flash.flash(image, QUIET, port="host")
    assert calls(programs) == ["-l"]


@pytest.mark.parametrize(
    ("state", "complaint"),
    [
        ("unset", "needs libDaisy v8.1.0.*then set LIBDAISY_DIR"),
        ("elsewhere", "is no libDaisy; set it to the folder that has src/"),
        ("other commit", "was tested: check that out"),
        ("no git", "of no known commit"),
    ],
)
def test_without_the_tested_libdaisy_the_build_stops_with_one_sentence(tmp_path, state, complaint):
    folder = tmp_path / "libDaisy"
    (folder / "src").mkdir(parents=True)
    if state != "elsewhere":
        (folder / "src" / "daisy_seed.h").touch()
    if state == "other commit":
        git = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run([*git, "init", "-q"], check=True)
        subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "other"], check=True)
    environment = {key: value for key, value in os.environ.items() if key != "LIBDAISY_DIR"}
    if state != "unset":
        environment["LIBDAISY_DIR"] = str(folder)
    environment |= {"PLATFORMIO_BUILD_DIR": str(tmp_path / "build"), "PLATFORMIO_SETTING_ENABLE_TELEMETRY": "No"}
    command = [sys.executable, "-m", "platformio", "run", "--silent", "-e", "daisy_seed"]
    project = Path(__file__).resolve().parents[1]
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)
    told = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("error: ")]
    assert done.returncode != 0 and len(told) == 1
    assert re.search(complaint, told[0])
