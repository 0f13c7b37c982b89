"""The other end of socket_calls.py: echoes on port 7, resets on port 9.

Usage: peers.py ADDRESS [CONNECTIONS]. It says on standard output how each connection to port 7
ended, and ends after so many of them, or never.
"""

from __future__ import annotations

import socket
import struct
import sys
import threading
from collections.abc import Callable

ECHO, RESETS = 7, 9


def main() -> None:
    resetting = socket.create_server((sys.argv[1], RESETS))
    echoing = socket.create_server((sys.argv[1], ECHO))
    threading.Thread(target=serve, args=(resetting, reset), daemon=True).start()
    serve(echoing, echo, int(sys.argv[2]) if len(sys.argv) > 2 else -1)


def serve(
    listener: socket.socket, converse: Callable[[socket.socket], None], connections: int = -1
) -> None:
    while connections != 0:
        connection, _ = listener.accept()
        with connection:
            converse(connection)
        connections -= 1


def echo(connection: socket.socket) -> None:
    try:
        while data := connection.recv(10_000):
            connection.sendall(data)
        print("end", flush=True)
    except ConnectionResetError:
        print("reset", flush=True)


def reset(connection: socket.socket) -> None:
    connection.recv(10)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


if __name__ == "__main__":
    main()
