# SPDX-License-Identifier: MIT
"""`gritspace build` and `gritspace flash`: from sources to a module that plays.

`cli` hooks them in and says what exit statuses mean. Each tool is imported inside its subcommand.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from host_tools.firmware import EMULATED, MODULES

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

console = Console(highlight=False)


def build(arguments: argparse.Namespace) -> int:
    from host_tools.firmware import build_firmware

    console.print(f"built {build_firmware(arguments.board)}")
    return 0


def flash(arguments: argparse.Namespace) -> int:
    from host_tools.firmware import build_firmware
    from host_tools.flash import flash as run

    image = arguments.image or build_firmware(arguments.board)
    run(image, console, port=arguments.port, serial=arguments.serial, st_link=arguments.st_link)
    return 0


def add_flash_commands(commands: Subparsers) -> None:
    """Adds them to the command line's."""
    text = f"the firmware of a board; {', '.join(MODULES)} need libDaisy at LIBDAISY_DIR, the last TFLite Micro, too"
    sub = commands.add_parser("build", help=text, description=text)
    sub.set_defaults(function=build)
    sub.add_argument("--board", choices=(*MODULES, *EMULATED), default=MODULES[0])

    text = "write the firmware into a Daisy Seed, read it back, start it"
    sub = commands.add_parser("flash", help=text, description=text)
    sub.set_defaults(function=flash)
    sub.add_argument("--image", type=Path, metavar="FILE", help="an ELF or .bin; built when not given")
    sub.add_argument("--board", choices=MODULES, default=MODULES[0], help="what the Seed sits on, or plays with")
    ways = sub.add_mutually_exclusive_group()
    ways.add_argument("--port", help="of a module that runs: it enters its bootloader by itself")
    ways.add_argument("--st-link", action="store_true", help="by an ST-Link instead of USB")
    sub.add_argument("--serial", help="of the module, or with --st-link of the probe, when there are several")
