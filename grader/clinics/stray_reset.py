"""A stranger's reset, for clinic 6: waits for a segment with data on its way to 10.0.0.2, and sends
a reset after it in the name of its sender. It stands in the window, 1,000 numbers past the place
where the next byte is expected; nobody who has sent anything has sent it.

To be run at the other end of the wire: see handouts/docs/clinics/6-reset.md. It returns as soon as
it listens, and goes on in the background. Given a named pipe, it sends when a line comes through;
otherwise after a moment.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
import time

SHIFT = 1000  # from the next number expected; 0 would be a reset that counts
_ETH_P_ALL = 0x0003  # what leaves, too
_RST = 0x04
_PAUSE_S = 0.2  # for the application to read what it was sent: a reset takes away what is unread


def checksum(data: bytes) -> int:
    """RFC 1071, of an even number of bytes."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def wait_for_the_reader() -> None:
    """Until the application has read what it was sent."""
    if len(sys.argv) > 1:
        with open(sys.argv[1], encoding="utf-8") as said:
            said.readline()
    else:
        time.sleep(_PAUSE_S)


def main() -> None:
    """Sends one reset, and says so."""
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_ALL))
    if os.fork():
        return
    while True:
        packet = wire.recv(65536)
        tcp = packet[(packet[0] & 15) * 4 :]
        payload = len(tcp) - (tcp[12] >> 4) * 4
        if packet[16:20] == bytes([10, 0, 0, 2]) and packet[9] == socket.IPPROTO_TCP and payload:
            break
    seq = (int.from_bytes(tcp[4:8], "big") + payload + SHIFT) % 2**32
    head = tcp[:4] + struct.pack("!IIBBHHH", seq, 0, 5 << 4, _RST, 0, 0, 0)
    addresses = packet[12:20]
    pseudo = addresses + struct.pack("!BBH", 0, socket.IPPROTO_TCP, len(head))
    segment = head[:16] + checksum(pseudo + head).to_bytes(2, "big") + head[18:]
    wait_for_the_reader()
    out = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
    out.sendto(segment, ("10.0.0.2", 0))
    print(f"a stranger has sent a reset, {SHIFT} numbers past the next one", flush=True)


if __name__ == "__main__":
    main()
