"""A server with one thread, non-blocking sockets and epoll: it sends back what it gets.

Usage: epoll_echo.py PORT CONNECTIONS; it ends when so many have come and gone.
"""

from __future__ import annotations

import select
import socket
import sys

_CHUNK = 30_000


def main() -> None:
    port, expected = map(int, sys.argv[1:])
    listener = socket.create_server(("0.0.0.0", port), backlog=100)
    listener.setblocking(False)
    poll = select.epoll()
    poll.register(listener, select.EPOLLIN)
    connections: dict[int, tuple[socket.socket, bytearray]] = {}
    while expected:
        for number, events in poll.poll():
            if number == listener.fileno():
                connection, _ = listener.accept()
                connection.setblocking(False)
                poll.register(connection, select.EPOLLIN)
                connections[connection.fileno()] = connection, bytearray()
            elif not serve(poll, *connections[number], events):
                poll.unregister(number)
                connections.pop(number)[0].close()
                expected -= 1


def serve(poll: select.epoll, connection: socket.socket, waiting: bytearray, events: int) -> bool:
    """Reads when nothing waits to be written, and writes what does. False at the end."""
    if events & select.EPOLLIN and not waiting:
        waiting += connection.recv(_CHUNK)
        if not waiting:
            return False
    try:
        del waiting[: connection.send(waiting)]
    except BlockingIOError:
        pass
    poll.modify(connection, select.EPOLLOUT if waiting else select.EPOLLIN)
    return True


if __name__ == "__main__":
    main()
