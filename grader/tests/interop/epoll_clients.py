"""Many connections at once to a server that echoes, with non-blocking connects and epoll.

Usage: epoll_clients.py ADDRESS PORT CONNECTIONS BYTES; it fails unless every connection gets back
what it has sent, and then the end.
"""

from __future__ import annotations

import errno
import random
import select
import socket
import sys
from dataclasses import dataclass, field


@dataclass
class Client:
    connection: socket.socket
    payload: bytes
    sent: int = 0
    echoed: bytearray = field(default_factory=bytearray)


def main() -> None:
    address, port, count, size = sys.argv[1], *map(int, sys.argv[2:])
    poll = select.epoll()
    clients: dict[int, Client] = {}
    for number in range(count):
        connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        connection.setblocking(False)
        assert connection.connect_ex((address, port)) == errno.EINPROGRESS
        poll.register(connection, select.EPOLLIN | select.EPOLLOUT)
        payload = random.Random(number).randbytes(size)
        clients[connection.fileno()] = Client(connection, payload)
    while clients:
        for descriptor, events in poll.poll():
            if not carry_on(poll, clients[descriptor], events):
                client = clients.pop(descriptor)
                assert client.echoed == client.payload
                poll.unregister(descriptor)
                client.connection.close()


def carry_on(poll: select.epoll, client: Client, events: int) -> bool:
    """Sends and receives what can be; False at the end of what comes back."""
    connection = client.connection
    if events & select.EPOLLOUT and client.sent < len(client.payload):
        if client.sent == 0:
            assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
            assert connection.getpeername()[0] == sys.argv[1]
        try:
            client.sent += connection.send(client.payload[client.sent : client.sent + 50_000])
        except BlockingIOError:
            pass
        if client.sent == len(client.payload):
            connection.shutdown(socket.SHUT_WR)
            poll.modify(connection, select.EPOLLIN)
    if events & select.EPOLLIN:
        data = connection.recv(100_000)
        client.echoed += data
        return bool(data)
    return True


if __name__ == "__main__":
    main()
