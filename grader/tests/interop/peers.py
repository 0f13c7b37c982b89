"""The other end of socket_calls.py: port 7 echoes, but resets the connection for "reset".

Usage: peers.py ADDRESS [CONNECTIONS]. It says on standard output how each connection ended, and
ends after so many of them, or never.
"""

from __future__ import annotations

import socket
import struct
import sys


def main() -> None:
    connections = int(sys.argv[2]) if len(sys.argv) > 2 else -1
    listener = socket.create_server((sys.argv[1], 7))
    while connections != 0:
        connection, _ = listener.accept()
        with connection:
            print(converse(connection), flush=True)
        connections -= 1


def converse(connection: socket.socket) -> str:
    try:
        while data := connection.recv(10_000):
            if data == b"reset":
                now = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)
                return "resetting"
            connection.sendall(data)
        return "end"
    except ConnectionResetError:
        return "reset"


if __name__ == "__main__":
    main()
