"""The kernel's side of a conversation, as a program that runs inside the network.

    kernel_peer.py connect HOST PORT            connects; prints ok, or the name of the error
    kernel_peer.py visit HOST PORT COUNT SIZE   COUNT connections at once to an echo server
    kernel_peer.py receive PORT COUNT SIZE      takes COUNT connections from clients that echo
    kernel_peer.py echo-all PORT                takes one, reads to the end, then sends it all back
    kernel_peer.py hold PORT                    takes one, says so, and reads until it breaks

Those that listen say "listening" on standard error when they are ready. Exit status 1 if a byte is
missing or wrong.
"""

from __future__ import annotations

import errno
import random
import socket
import sys
import threading

_HOST = "10.0.0.1"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _listen(port: int) -> socket.socket:
    listener = socket.create_server((_HOST, port), backlog=100)
    _say("listening")
    return listener


def _read_to_end(connection: socket.socket) -> bytes:
    data = bytearray()
    while chunk := connection.recv(1 << 16):
        data += chunk
    return bytes(data)


def _exchange(connection: socket.socket, seed: int, size: int, failures: list[str]) -> None:
    """Sends random bytes and the end, while a second thread reads what comes back."""
    data = random.Random(seed).randbytes(size)

    def send() -> None:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        if _read_to_end(connection) != data:
            failures.append(f"connection {seed}: what came back is not what was sent")
    except OSError as error:
        failures.append(f"connection {seed}: {error}")
    sender.join()
    connection.close()


def _exchange_on_all(connections: list[socket.socket], size: int) -> int:
    failures: list[str] = []
    threads = [
        threading.Thread(target=_exchange, args=(connection, number, size, failures))
        for number, connection in enumerate(connections)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for failure in failures:
        _say(failure)
    return 1 if failures else 0


def connect(host: str, port: int) -> int:
    """Connects, and says what came of it."""
    try:
        socket.create_connection((host, port)).close()
        print("ok")
    except OSError as error:
        print(errno.errorcode[error.errno or 0])
    return 0


def visit(host: str, port: int, count: int, size: int) -> int:
    """Opens all connections before anything is sent on one of them."""
    return _exchange_on_all([socket.create_connection((host, port)) for _ in range(count)], size)


def receive(port: int, count: int, size: int) -> int:
    """Accepts all connections before anything is sent on one of them."""
    with _listen(port) as listener:
        return _exchange_on_all([listener.accept()[0] for _ in range(count)], size)


def echo_all(port: int) -> int:
    """Sends nothing before the peer has ended its side."""
    with _listen(port) as listener:
        connection = listener.accept()[0]
    with connection:
        connection.sendall(_read_to_end(connection))
    return 0


def hold(port: int) -> int:
    """Keeps a connection open."""
    with _listen(port) as listener:
        connection = listener.accept()[0]
    _say("connected")
    with connection:
        _read_to_end(connection)
    return 0


def main(arguments: list[str]) -> int:
    """Runs one of the above."""
    match arguments:
        case ["connect", host, port]:
            return connect(host, int(port))
        case ["visit", host, port, count, size]:
            return visit(host, int(port), int(count), int(size))
        case ["receive", port, count, size]:
            return receive(int(port), int(count), int(size))
        case ["echo-all", port]:
            return echo_all(int(port))
        case ["hold", port]:
            return hold(int(port))
    _say(__doc__ or "")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
