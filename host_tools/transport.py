# SPDX-License-Identifier: MIT
"""Bytes to and from a device through any port pyserial can open: a serial device, a pty, `socket://host:port`.

Depends on pyserial. Every wait has an end, and everything that a port can do wrong is one LinkError.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import serial
from serial.tools import list_ports

from host_tools.errors import LinkError

BAUD_RATE = 115_200  # of real serial lines; USB and sockets take no notice
WRITE_TIMEOUT_S = 5.0


class Transport(Protocol):
    """A byte line to one device. `name` is what the user calls it."""

    name: str

    def write(self, data: bytes) -> None:
        """Sends all bytes, or raises LinkError."""

    def read(self, timeout_s: float) -> bytes:
        """At least one byte, as soon as there is one; empty when the time is over. Raises LinkError."""

    def close(self) -> None:
        """Gives the line back; more than once does no harm."""


class SerialTransport:
    """A port of pyserial's."""

    def __init__(self, url: str) -> None:
        self.name = url
        try:
            self._port = serial.serial_for_url(
                url, baudrate=BAUD_RATE, timeout=0.0, write_timeout=WRITE_TIMEOUT_S, exclusive=True
            )
        except (serial.SerialException, OSError, ValueError) as error:
            raise LinkError(f"cannot open {url} ({_reason(error)}); {_what_there_is()}") from error

    def write(self, data: bytes) -> None:
        with self._errors():
            self._port.write(data)

    def read(self, timeout_s: float) -> bytes:
        with self._errors():
            self._port.timeout = timeout_s
            first = self._port.read(1)
            if not first:
                return b""
            self._port.timeout = 0.0
            return bytes(first + self._port.read(4096))

    def close(self) -> None:
        connection = getattr(self._port, "_socket", None)  # pyserial forgets to close it when the other side went first
        self._port.close()
        if connection is not None:
            connection.close()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except serial.SerialTimeoutException as error:
            message = f"{self.name} took no bytes for {WRITE_TIMEOUT_S:g} s; reset the device and try again"
            raise LinkError(message) from error
        except (serial.SerialException, OSError) as error:
            raise LinkError(f"{self.name} closed the connection; check cable and device, then try again") from error


def _reason(error: Exception) -> str:
    """The operating system's words where there are some: pyserial's repeat the port's name."""
    number = getattr(error, "errno", None) or getattr(error.__context__, "errno", None)
    return os.strerror(number) if number else str(error)


def _what_there_is() -> str:
    ports = sorted(port.device for port in list_ports.comports())
    known = f"ports on this machine: {', '.join(ports)}" if ports else "this machine has no serial ports"
    return f"{known}; without hardware, use the boards host or qemu_m7"
