"""What sockets answer over `./tcplab run`, call by call: each function is one conversation.

Usage: socket_calls.py FUNCTION. The other end, 10.0.0.1, has a server on port 7, which echoes,
but resets the connection for "reset", and nobody on port 11.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import struct
import subprocess
import sys
from collections.abc import Callable

PEER = "10.0.0.1"
ECHO, NOBODY = 7, 11
SO_DOMAIN = 39


def fails(number: int, call: Callable[[], object]) -> None:
    try:
        call()
    except OSError as error:
        assert error.errno == number, error
    else:
        raise AssertionError(f"no {errno.errorcode[number]}")


def wait_for(connection: socket.socket, event: int) -> int:
    poll = select.poll()
    poll.register(connection, event)
    return poll.poll(20_000)[0][1]


def read_all(connection: socket.socket) -> bytes:
    data = b""
    while chunk := connection.recv(10_000):
        data += chunk
    return data


def names() -> None:
    with socket.create_connection((PEER, ECHO)) as connection:
        assert connection.getpeername() == (PEER, ECHO)
        assert connection.getsockname()[0] == "10.0.0.2"
        assert connection.getsockopt(socket.SOL_SOCKET, SO_DOMAIN) == socket.AF_INET
        assert socket.socket(fileno=os.dup(connection.fileno())).family == socket.AF_INET
    with socket.create_server(("", 0)) as server:
        assert server.getsockname()[1] >= 49152
        assert server.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 1
        fails(errno.ENOTCONN, server.getpeername)
        fails(errno.EADDRINUSE, lambda: socket.create_server(server.getsockname()))


def half_close() -> None:
    with socket.create_connection((PEER, ECHO)) as connection:
        connection.sendall(b"one ")
        connection.sendall(b"two")
        connection.shutdown(socket.SHUT_WR)
        assert read_all(connection) == b"one two"


def refused() -> None:
    with socket.socket() as connection:
        fails(errno.ECONNREFUSED, lambda: connection.connect((PEER, NOBODY)))
        connection.connect((PEER, ECHO))  # it may be tried again
        fails(errno.EISCONN, lambda: connection.connect((PEER, ECHO)))


def refused_later() -> None:
    with socket.socket() as connection:
        connection.setblocking(False)
        assert connection.connect_ex((PEER, NOBODY)) == errno.EINPROGRESS
        assert wait_for(connection, select.POLLOUT) & (select.POLLERR | select.POLLHUP)
        failure = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        assert failure == errno.ECONNREFUSED, failure


def reset() -> None:
    with socket.create_connection((PEER, ECHO)) as connection:
        connection.sendall(b"reset")
        fails(errno.ECONNRESET, lambda: connection.recv(1))


def reset_seen_by_poll() -> None:
    with socket.create_connection((PEER, ECHO)) as connection:
        connection.sendall(b"reset")
        assert wait_for(connection, select.POLLIN) & select.POLLERR
        failure = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        assert failure == errno.ECONNRESET, failure


def child() -> None:
    """A program that was started anew, and knows nothing but a descriptor."""
    with socket.create_connection((PEER, ECHO)) as connection:
        script = (
            "import socket; s = socket.socket(fileno=0);"
            f"assert s.getpeername() == ({PEER!r}, {ECHO}); s.sendall(b'from a child')"
        )
        subprocess.run([sys.executable, "-c", script], stdin=connection.fileno(), check=True)
        connection.shutdown(socket.SHUT_WR)
        assert read_all(connection) == b"from a child"


def others() -> None:
    """What is not TCP over IPv4 to another host stays with the kernel."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(server.getsockname()) as client:
            client.sendall(b"loop")
            accepted, address = server.accept()
            with accepted:
                assert address == client.getsockname() and accepted.recv(10) == b"loop"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(("127.0.0.1", 0))
        datagrams.sendto(b"me", datagrams.getsockname())
        assert datagrams.recvfrom(10) == (b"me", datagrams.getsockname())
    one, two = socket.socketpair()
    with one, two:
        one.sendall(b"pair")
        assert two.recv(10) == b"pair" and one.getpeername() == ""


def unsupported() -> None:
    """Each with the errno of the table in the handout."""
    fails(errno.EAFNOSUPPORT, lambda: socket.socket(socket.AF_INET6))
    with socket.socket() as connection:
        fails(errno.ENETUNREACH, lambda: connection.connect(("192.0.2.1", 80)))
        fails(errno.ENETUNREACH, lambda: connection.connect(("10.0.0.2", 80)))
        fails(errno.EADDRNOTAVAIL, lambda: connection.bind(("192.0.2.1", 80)))
        option = socket.TCP_KEEPIDLE
        connection.setsockopt(socket.IPPROTO_TCP, option, 9)
        fails(errno.EINVAL, lambda: connection.setsockopt(socket.IPPROTO_TCP, option, 0))
        option = socket.TCP_MAXSEG
        fails(errno.ENOPROTOOPT, lambda: connection.setsockopt(socket.IPPROTO_TCP, option, 9))
        fails(errno.ENOPROTOOPT, lambda: connection.getsockopt(socket.IPPROTO_TCP, 11))
        fails(errno.ENOPROTOOPT, lambda: connection.setsockopt(socket.IPPROTO_IP, 1, 16))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.connect((PEER, ECHO))
        fails(errno.EOPNOTSUPP, lambda: connection.send(b"x", socket.MSG_OOB))


def linger() -> None:
    """SO_LINGER with 0 s: closing resets; the other end says what it saw."""
    with socket.create_connection((PEER, ECHO)) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


if __name__ == "__main__":
    globals()[sys.argv[1]]()
