"""An interface that somebody else has made: the tester's end of it is a packet socket.

       program ──── TUN descriptor ──│ NAME │── AF_PACKET socket ──── tester
"""

from __future__ import annotations

import array
import fcntl
import ipaddress
import select
import socket
import struct
from dataclasses import dataclass

from tcplab.errors import UsageError
from tcplab.foreign.readdress import Readdress
from tcplab.foreign.realtime import RealTimeWire
from tcplab.wire import MOST_AT_ONCE

_SIOCGIFFLAGS, _SIOCGIFADDR, _SIOCGIFNETMASK, _SIOCGIFMTU = 0x8913, 0x8915, 0x891B, 0x8921
_SIOCETHTOOL, _ETHTOOL_GDRVINFO = 0x8946, 0x3
_IFF_UP, _IFF_RUNNING = 0x1, 0x40
_ETH_P_IP = 0x0800
_MAX_PACKET = 65536


@dataclass(frozen=True)
class Interface:
    """A TUN interface of the present network namespace. `network` is None if it has no address."""

    name: str
    mtu: int
    address: str | None
    network: ipaddress.IPv4Network | None

    @staticmethod
    def find(name: str) -> Interface:
        """Raises UsageError, with one line, for what is no TUN interface in use."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
            try:
                flags = _ask(control, _SIOCGIFFLAGS, name, "16sH22x")
            except OSError:
                raise UsageError(
                    f"there is no interface {name} in this network namespace: see ip link"
                ) from None
            if _kind(control, name) != "tun":
                raise UsageError(f"{name} is no TUN interface: ip tuntap add mode tun name …")
            if not flags & _IFF_UP:
                raise UsageError(f"{name} is down: ip link set {name} up")
            if not flags & _IFF_RUNNING:
                raise UsageError(f"no program has {name} open: start the one to be probed")
            mtu = _ask(control, _SIOCGIFMTU, name, "16si20x")
            try:
                address = _address(control, _SIOCGIFADDR, name)
                mask = _address(control, _SIOCGIFNETMASK, name)
            except OSError:
                return Interface(name, mtu, None, None)
        network = ipaddress.IPv4Network(f"{address}/{mask}", strict=False)
        return Interface(name, mtu, address, network)

    def tester_address(self, device: str) -> str:
        """One that belongs neither to the program nor to the kernel, which would answer."""
        known = {device, self.address}
        network = self.network or ipaddress.IPv4Network(f"{device}/24", strict=False)
        candidates = range(int(network.broadcast_address) - 1, int(network.network_address), -1)
        free = (str(ipaddress.IPv4Address(one)) for one in candidates)
        chosen = next((one for one in free if one not in known), None)
        if chosen is None:
            raise UsageError(f"no address is free in {network}: give one with --tester")
        return chosen


def _ask(control: socket.socket, question: int, name: str, form: str) -> int:
    request = struct.pack("16s24x", name.encode()[:15])
    return int(struct.unpack(form, fcntl.ioctl(control, question, request))[1])


def _address(control: socket.socket, question: int, name: str) -> str:
    reply = fcntl.ioctl(control, question, struct.pack("16s24x", name.encode()[:15]))
    return socket.inet_ntoa(reply[20:24])


def _kind(control: socket.socket, name: str) -> str:
    """The driver's bus: tun, tap, or something else."""
    info = array.array("B", struct.pack("=I192x", _ETHTOOL_GDRVINFO))
    where = info.buffer_info()[0]
    try:
        fcntl.ioctl(control, _SIOCETHTOOL, struct.pack("16sP16x", name.encode()[:15], where))
    except OSError:
        return ""
    driver, _, _, bus = struct.unpack_from("32s32s32s32s", info.tobytes(), 4)
    return str(bus.rstrip(b"\0").decode()) if driver.rstrip(b"\0") == b"tun" else ""


class AttachedWire(RealTimeWire):
    """Packets of one case, with other addresses. Raises UsageError where it may not be opened."""

    def __init__(self, interface: str, readdress: Readdress):
        super().__init__()
        self._readdress = readdress
        try:
            self._packets = socket.socket(
                socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_IP)
            )
        except PermissionError:
            raise UsageError(
                f"{interface} may not be opened for packets: run as root, or with CAP_NET_RAW"
            ) from None
        self._packets.bind((interface, _ETH_P_IP))
        self._packets.setblocking(False)

    def inject(self, packet: bytes) -> None:
        self._packets.send(self._readdress.outgoing(packet))

    def gather(self) -> int:
        for _ in range(MOST_AT_ONCE):
            try:
                raw, address = self._packets.recvfrom(_MAX_PACKET)
            except BlockingIOError:
                break
            packet = self._readdress.incoming(raw)
            if address[2] != socket.PACKET_OUTGOING and packet is not None:
                self._waiting.append(packet)
        return len(self._waiting)

    def wait(self, ms: int) -> None:
        select.select([self._packets], [], [], max(ms, 0) / 1000)

    def close(self) -> None:
        self._packets.close()
