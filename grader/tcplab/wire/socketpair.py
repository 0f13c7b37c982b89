"""The wire for places without TUN: a SOCK_SEQPACKET pair, one packet a message."""

from __future__ import annotations

import socket

from tcplab.wire import MOST_AT_ONCE, MOST_TO_FORGET, Wire

_BUFFER = 4 << 20


class SocketPairWire(Wire):
    """Two ends of a socket pair; ours never blocks."""

    name = "socketpair"

    def __init__(self) -> None:
        self._ours, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for end in (self._ours, self._theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
        self._ours.setblocking(False)

    @property
    def dut_fd(self) -> int:
        return self._theirs.fileno()

    def inject(self, packet: bytes) -> None:
        self._ours.send(packet)

    def collect(self) -> list[bytes]:
        return _take(self._ours, MOST_AT_ONCE)

    def drain(self) -> None:
        _take(self._ours, MOST_TO_FORGET)
        _take(self._theirs, MOST_TO_FORGET)

    def close(self) -> None:
        self._ours.close()
        self._theirs.close()


def _take(end: socket.socket, most: int) -> list[bytes]:
    packets: list[bytes] = []
    for _ in range(most):
        try:
            packet = end.recv(65536, socket.MSG_DONTWAIT)
        except (BlockingIOError, ConnectionError):
            break
        if not packet:
            break  # it has shut its end down, or sent no bytes, which is no packet
        packets.append(packet)
    return packets
