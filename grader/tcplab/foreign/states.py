"""The states of all TCP connections of this network namespace, as the kernel tells them."""

from __future__ import annotations

import socket
import struct
from pathlib import Path

from tcplab.packet import FlowKey

_NAMES = {
    1: "ESTABLISHED",
    2: "SYN-SENT",
    3: "SYN-RECEIVED",
    4: "FIN-WAIT-1",
    5: "FIN-WAIT-2",
    6: "TIME-WAIT",
    7: "CLOSED",
    8: "CLOSE-WAIT",
    9: "LAST-ACK",
    10: "LISTEN",
    11: "CLOSING",
    12: "SYN-RECEIVED",
}


def state_of(flow: FlowKey) -> str:
    """By RFC 9293's names; CLOSED is where there is none."""
    table = Path("/proc/thread-self/net/tcp").read_text(encoding="ascii")
    for line in table.splitlines()[1:]:
        words = line.split()
        if _end(words[1]) == flow[:2] and _end(words[2]) == flow[2:]:
            return _NAMES.get(int(words[3], 16), words[3])
    return "CLOSED"


def _end(text: str) -> tuple[str, int]:
    """`0200000A:0050`: the address as a number of this machine, the port."""
    address, port = text.split(":")
    return socket.inet_ntoa(struct.pack("=I", int(address, 16))), int(port, 16)
