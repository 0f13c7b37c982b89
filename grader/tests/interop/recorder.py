"""Records the packets of tun0 as a pcap file, until its standard input ends.

    recorder.py FILE LIMIT

It runs inside the network, and stops early after LIMIT bytes. A packet on a TUN interface is in the
socket's queue when the call that sent it returns. So what was sent before standard input ended is
in the file when this program has ended. (dumpcap takes packets in batches, and drops the last one.)
"""

from __future__ import annotations

import select
import socket
import struct
import sys
import time
from pathlib import Path
from typing import BinaryIO

_ALL_PROTOCOLS = 3
_LINKTYPE_RAW = 101
_QUEUE = 16 << 20


def _add(file: BinaryIO, packet: bytes) -> None:
    """Appends one record."""
    now = time.time_ns() // 1000
    seconds, microseconds = divmod(now, 1_000_000)
    file.write(struct.pack("=IIII", seconds, microseconds, len(packet), len(packet)) + packet)


def _record(source: socket.socket, file: BinaryIO, limit: int) -> None:
    """Copies packets until standard input has ended and the queue is empty, or to the limit."""
    while file.tell() < limit:
        ready, _, _ = select.select([source, sys.stdin], [], [])
        if source in ready:
            _add(file, source.recv(65535))
        elif sys.stdin in ready:
            return


def main(path: Path, limit: int) -> None:
    """Says "recording" on standard error when it has begun."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM) as source, path.open("wb") as file:
        source.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _QUEUE)
        source.bind(("tun0", _ALL_PROTOCOLS))
        file.write(struct.pack("=IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, _LINKTYPE_RAW))
        print("recording", file=sys.stderr, flush=True)
        _record(source, file, limit)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
