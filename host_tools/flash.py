# SPDX-License-Identifier: MIT
"""Writes an image into a Daisy Seed's internal flash, reads it back and starts it: by dfu-util over USB, or by an
ST-Link with st-flash.

Depends on `boards` for asking a module that runs, and on those two programs. Whatever goes wrong is one UserError that
names the thing and the remedy.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from host_tools.boards import open_board
from host_tools.errors import UserError

FLASH_ADDRESS, FLASH_BYTES = 0x08000000, 128 << 10  # STM32H750, RM0433
BOOTLOADER = "0483:df11"  # USB ids of the microcontroller's own bootloader (ST's AN2606)
APPEARS_S = 10.0  # after a module was asked, until its bootloader is there
PRESS = "hold BOOT, press and release RESET, release BOOT"
RULE = 'SUBSYSTEM=="usb", ATTR{idVendor}=="0483", ATTR{idProduct}=="df11", MODE="0666"'


@dataclass(frozen=True)
class Bootloader:
    """A device that waits for an image."""

    serial: str
    path: str


def flash(
    image: Path, console: Console, *, port: str | None = None, serial: str | None = None, st_link: bool = False
) -> None:
    """Writes the image, a .bin or an ELF. `port`: asks the module there to enter its bootloader first."""
    content = image_bytes(image)
    with tempfile.TemporaryDirectory() as folder:
        binary = Path(folder) / "firmware.bin"
        binary.write_bytes(content)
        if st_link:
            _flash_by_st_link(binary, console, serial)
        else:
            _flash_by_dfu(binary, console, port, serial)
    console.print(f"wrote {len(content):,} bytes of {FLASH_BYTES:,}, read back the same; the module starts")


def image_bytes(image: Path) -> bytes:
    """What goes into the flash. UserError for a file that is no image of a Daisy Seed's."""
    if not image.is_file():
        raise UserError(f"no image at {image}; make it with gritspace build --board daisy_seed")
    content = image.read_bytes()
    if content.startswith(b"\x7fELF"):
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / "image.bin"
            _run(["arm-none-eabi-objcopy", "-O", "binary", str(image), str(target)], "gcc-arm-none-eabi")
            content = target.read_bytes() if target.exists() else b""
    if len(content) > FLASH_BYTES:
        raise UserError(f"{image} has {len(content):,} bytes, the flash {FLASH_BYTES:,}; build it smaller")
    # The vector table begins with the stack's top, in RAM, and the reset handler, in the flash.
    stack, reset = (int.from_bytes(content[at : at + 4], "little") for at in (0, 4))
    if stack >> 24 not in (0x20, 0x24) or not FLASH_ADDRESS < reset < FLASH_ADDRESS + FLASH_BYTES:
        raise UserError(f"{image} is no image for a Daisy Seed's internal flash; build one for daisy_seed")
    return content


def _flash_by_dfu(binary: Path, console: Console, port: str | None, serial: str | None) -> None:
    others: set[str] = set()
    if port:
        others = {device.path for device in bootloaders()}  # wait already, and are not the module that is asked
        with open_board(port) as device:
            device.enter_bootloader()
        console.print(f"{port} enters its bootloader")
    found = _find(serial, APPEARS_S if port else 0.0, others)
    console.print(f"writing to {found.serial or found.path}")
    target = ["dfu-util", "-a", "0", "-d", f",{BOOTLOADER}", "-p", found.path]
    _dfu([*target, "-s", f"{FLASH_ADDRESS:#010x}", "-D", str(binary)], "writing")
    size, back = binary.stat().st_size, binary.with_name("back.bin")
    _dfu([*target, "-s", f"{FLASH_ADDRESS:#010x}:{size}:leave", "-U", str(back)], "reading back")
    if not _is_same(binary, back):
        raise UserError(f"what was read back is not what was written; {PRESS}, and try again with another cable")


def _is_same(written: Path, back: Path) -> bool:
    return back.exists() and back.read_bytes() == written.read_bytes()


def _find(serial: str | None, patience_s: float, others: Collection[str]) -> Bootloader:
    """The one device that waits for an image, besides those at the paths `others`; the named one of several."""

    def waiting() -> list[Bootloader]:
        return [d for d in bootloaders() if d.path not in others and serial in (None, d.serial)]

    deadline = time.monotonic() + patience_s
    while not (found := waiting()) and time.monotonic() < deadline:
        time.sleep(0.2)
    if not found:
        if serial:
            raise UserError(f"no module with the serial number {serial} waits for an image: {PRESS}")
        raise UserError(f"no module waits for an image: {PRESS}; or let a module that runs do it, with --port")
    if len(found) > 1:
        serials = ", ".join(device.serial for device in found)
        raise UserError(f"{len(found)} modules wait for an image; choose one with --serial: {serials}")
    return found[0]


def bootloaders() -> list[Bootloader]:
    """What dfu-util lists of alternative 0, the internal flash."""
    listed = _run(["dfu-util", "-l"], "dfu-util")
    if "LIBUSB_ERROR_ACCESS" in listed.stdout + listed.stderr:
        raise UserError(
            f"a module waits for an image, but this user may not open it; put {RULE} into "
            "/etc/udev/rules.d/70-gritspace.rules, run udevadm control --reload, and plug it in again"
        )
    devices = []
    for line in listed.stdout.splitlines():
        if BOOTLOADER in line and re.search(r"\balt=0\b", line):
            found = {key: value for key, value in re.findall(r'(\w+)="([^"]*)"', line)}
            devices.append(Bootloader(found.get("serial", ""), found.get("path", "")))
    return devices


def _dfu(command: Sequence[str], doing: str) -> None:
    done = _run(command, "dfu-util")
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no message"]
        raise UserError(
            f"{doing} ended early: {lines[-1].strip()}; the bootloader cannot be overwritten, so {PRESS}, and try again"
        )


def _flash_by_st_link(binary: Path, console: Console, serial: str | None) -> None:
    console.print("writing by ST-Link")
    program, address = ["st-flash", *(["--serial", serial] if serial else [])], f"{FLASH_ADDRESS:#010x}"
    size, back = binary.stat().st_size, binary.with_name("back.bin")
    _st_link([*program, "write", str(binary), address])
    _st_link([*program, "--reset", "read", str(back), address, str(size)])
    if not _is_same(binary, back):
        raise UserError("what was read back is not what was written; check the ST-Link's wires and try again")


def _st_link(command: Sequence[str]) -> None:
    done = _run(command, "stlink-tools")
    if done.returncode != 0:
        lines = (done.stderr + done.stdout).strip().splitlines() or ["no message"]
        raise UserError(f"st-flash: {lines[-1].strip()}; check that the ST-Link is plugged in at both ends")


def _run(command: Sequence[str], package: str) -> subprocess.CompletedProcess[str]:
    if not shutil.which(command[0]):
        raise UserError(f"{command[0]} is not installed; install the Debian package {package}")
    return subprocess.run(command, capture_output=True, text=True)
