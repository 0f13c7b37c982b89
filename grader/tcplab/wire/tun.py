"""The wire as it is in real life: a TUN interface.

           DUT ──── TUN descriptor ──│ tcplab0 │── AF_PACKET socket ──── tester

The tester's address is routed nowhere and belongs to nobody on this side, so the kernel only
carries packets; it never answers one itself. IPv6 is off, or the kernel would add to the capture.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
from pathlib import Path

from tcplab.wire import MOST_AT_ONCE, MOST_TO_FORGET, Wire

_TUNSETIFF = 0x400454CA
_IFF_TUN = 0x0001
_IFF_NO_PI = 0x1000
_SIOCGIFFLAGS = 0x8913
_SIOCSIFFLAGS = 0x8914
_SIOCSIFMTU = 0x8922
_IFF_UP = 0x1
_ETH_P_IP = 0x0800
_SO_RCVBUFFORCE = 33
_SO_SNDBUFFORCE = 32
_BUFFER = 8 << 20
_NAME = "tcplab0"
_MAX_PACKET = 65536


class TunWire(Wire):
    """A TUN interface in the present network namespace. Raises OSError where there can be none."""

    name = "tun"

    def __init__(self, mtu: int) -> None:
        self._tun = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.ioctl(
                self._tun, _TUNSETIFF, struct.pack("16sH22x", _NAME.encode(), _IFF_TUN | _IFF_NO_PI)
            )
            _forbid_ipv6()
            _bring_up(mtu)
            self._packets = _packet_socket()
        except OSError:
            os.close(self._tun)
            raise

    @property
    def dut_fd(self) -> int:
        return self._tun

    def inject(self, packet: bytes) -> None:
        self._packets.send(packet)

    def collect(self) -> list[bytes]:
        return self._take(MOST_AT_ONCE)

    def _take(self, most: int) -> list[bytes]:
        packets: list[bytes] = []
        for _ in range(most):
            try:
                packet, address = self._packets.recvfrom(_MAX_PACKET, socket.MSG_DONTWAIT)
            except BlockingIOError:
                break
            if address[2] != socket.PACKET_OUTGOING:
                packets.append(packet)
        return packets

    def drain(self) -> None:
        self._take(MOST_TO_FORGET)
        # The descriptor's flags are the DUT's too, and every DUT sets this one.
        os.set_blocking(self._tun, False)
        for _ in range(MOST_TO_FORGET):
            try:
                os.read(self._tun, _MAX_PACKET)
            except BlockingIOError:
                break

    def close(self) -> None:
        self._packets.close()
        os.close(self._tun)


def _forbid_ipv6() -> None:
    for scope in ("all", "default", _NAME):
        path = Path(f"/proc/sys/net/ipv6/conf/{scope}/disable_ipv6")
        try:
            path.write_text("1", encoding="ascii")
        except OSError:
            pass  # no IPv6 here, or a read-only /proc: the socket takes IPv4 only, all the same


def _bring_up(mtu: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        name = _NAME.encode()
        fcntl.ioctl(control, _SIOCSIFMTU, struct.pack("16si12x", name, mtu))
        request = fcntl.ioctl(control, _SIOCGIFFLAGS, struct.pack("16sH22x", name, 0))
        flags = struct.unpack("16sH22x", request)[1]
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sH22x", name, flags | _IFF_UP))


def _packet_socket() -> socket.socket:
    packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_IP))
    packets.bind((_NAME, _ETH_P_IP))
    for option in (_SO_RCVBUFFORCE, _SO_SNDBUFFORCE):
        try:
            packets.setsockopt(socket.SOL_SOCKET, option, _BUFFER)
        except OSError:
            pass  # inside a user namespace the usual size has to do
    packets.setblocking(False)
    return packets
