# SPDX-License-Identifier: MIT
"""A TCP port with a device behind it that behaves as a test wants: well, around a host library, or badly."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from host_tools.host_library import HostTransport

Send = Callable[[bytes], None]
Behaviour = Callable[[bytes, Send], bool]  # takes what arrived, answers, and says whether to stay connected


@contextmanager
def port(behave: Behaviour) -> Iterator[str]:
    """A TCP port with one client and this behaviour behind it."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                try:
                    while (data := connection.recv(4096)) and behave(data, connection.sendall):
                        pass
                except OSError:
                    pass  # the client went first

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"socket://127.0.0.1:{server.getsockname()[1]}"
        thread.join(10)
        assert not thread.is_alive()


def answer(transport: HostTransport, data: bytes) -> bytes:
    transport.write(data)
    return transport.read(0)


def well_behaved(transport: HostTransport) -> Behaviour:
    def behave(data: bytes, send: Send) -> bool:
        send(answer(transport, data))
        return True

    return behave
