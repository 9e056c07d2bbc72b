# SPDX-License-Identifier: MIT
"""Runs the firmware in QEMU's Cortex-M7 machine: as a device with its serial line on a TCP port, or as a batch job.

Depends on qemu-system-arm (Linux). As a program it serves one image until interrupted:

    python -m host_tools.qemu .pio/build/qemu_m7/firmware.elf [PORT]
"""

from __future__ import annotations

import ctypes
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from host_tools.errors import UserError

DEFAULT_PORT = 5555
PR_SET_PDEATHSIG = 1  # linux/prctl.h
# QEMU's clock counts instructions, 1 ns each, however busy this machine is. At 480 MHz a Cortex-M7 takes 1.4 ns for one
# of the decoder's by llvm-mca's model; QEMU knows only powers of two, and with 2 a moving spot would not fit a block.
# While the firmware sleeps it goes with real time.
CLOCK = ("-icount", "shift=0")


def _command(elf: Path, serial_line: str, words: Sequence[str] = ()) -> list[str]:
    """`words` become the semihosting command line; they hold neither spaces nor commas."""
    semihosting = ",".join(["enable=on", "target=native", *(f"arg={word}" for word in words)])
    machine = ["qemu-system-arm", "-machine", "mps2-an500", "-nographic", "-monitor", "none", *CLOCK]
    return [*machine, "-serial", serial_line, "-semihosting-config", semihosting, "-kernel", str(elf)]


def _die_with_parent() -> None:
    """In QEMU's process: the kernel kills it when the thread that started it ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _start(command: Sequence[str], **options: object) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(  # type: ignore[call-overload]
            command, stdin=subprocess.DEVNULL, preexec_fn=_die_with_parent, text=True, **options
        )
    except FileNotFoundError as error:
        raise UserError("qemu-system-arm is not installed; run make setup") from error


class Qemu:
    """A machine with UART0 at `url`; it starts to run when the first client connects. Port 0 is any that is free.

    `storage` is a file that the machine keeps its settings in; without one it forgets them.
    """

    def __init__(self, elf: Path, port: int = 0, storage: Path | None = None) -> None:
        words = [] if storage is None else ["storage", storage.name]
        command = _command(elf, f"tcp:127.0.0.1:{port},server=on,wait=on,nodelay=on", words)
        folder = None if storage is None else storage.parent
        self._process = _start(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=folder)
        try:
            self.url = f"socket://127.0.0.1:{self._listening_port()}"
        except BaseException:
            self.close()
            raise

    def wait(self) -> int:
        """QEMU's exit status, when it has ended by itself."""
        return self._process.wait()

    def close(self) -> None:
        """Ends QEMU; more than once does no harm."""
        self._process.kill()
        self._process.wait()
        if self._process.stderr:
            self._process.stderr.close()

    def _listening_port(self) -> int:
        """QEMU names its port in the line where it says that it waits."""
        assert self._process.stderr
        line = self._process.stderr.readline()
        match = re.search(r"waiting for connection on: .*:(\d+),", line)
        if not match:
            self._process.kill()
            reason = (line + self._process.stderr.read()).strip().splitlines() or ["no message"]
            raise UserError(f"QEMU does not start: {reason[0]}; choose another port, or run make setup")
        return int(match.group(1))


def run_job(elf: Path, words: Sequence[str], folder: Path, timeout_s: float) -> int:
    """Runs the image with this semihosting command line in `folder` and returns its exit status."""
    process = _start(_command(elf, "null", words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)
    try:
        return process.wait(timeout_s)
    except subprocess.TimeoutExpired as error:
        raise UserError(f"QEMU did not finish in {timeout_s:g} s; try again on a machine with less to do") from error
    finally:
        process.kill()
        process.wait()


def serve(elf: Path, port: int = DEFAULT_PORT) -> int:
    """Runs the image with UART0 at this port until it ends or Ctrl-C."""
    machine = Qemu(elf, port)
    print(f"gritspace on an emulated Cortex-M7: {machine.url} (Ctrl-C ends it)", flush=True)
    try:
        return machine.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        machine.close()


if __name__ == "__main__":
    try:
        sys.exit(serve(Path(sys.argv[1]), *map(int, sys.argv[2:3])))
    except UserError as problem:
        sys.exit(f"error: {problem}")
