"""A host of its own for one case: a network namespace in which the kernel has one address.

       tester ──── TUN descriptor ──│ tcplab0, 10.0.0.2 │── the kernel's TCP ── sockets

The tester holds the descriptor: what it writes arrives on the interface, and the kernel has
answered, if it does at once, when the write returns. Everything goes when the process goes.
"""

from __future__ import annotations

import fcntl
import ipaddress
import os
import select
import socket
import struct
from collections.abc import Mapping
from pathlib import Path

from tcplab.errors import CannotAsk, InfrastructureError
from tcplab.foreign import netlink
from tcplab.foreign.realtime import RealTimeWire
from tcplab.namespace import enter_network_namespace

_TUNSETIFF = 0x400454CA
_IFF_TUN = 0x0001
_IFF_NO_PI = 0x1000
_NAME = "tcplab0"
_MAX_PACKET = 65536
_TCP = 6
_SETTINGS = Path("/proc/sys/net/ipv4")

# What packets are to show is TCP as RFC 9293 describes it: no extension, nothing that is throttled
# across connections, nothing remembered from the connection before.
_SET_UP: dict[str, int | str] = {
    "tcp_timestamps": 0,
    "tcp_sack": 0,
    "tcp_window_scaling": 0,
    "tcp_ecn": 0,
    "tcp_fastopen": 0,
    "tcp_syncookies": 0,
    "tcp_no_metrics_save": 1,
    "tcp_invalid_ratelimit": 0,  # of acknowledgments that RFC 9293 demands
    "tcp_challenge_ack_limit": 10,  # in a second, 5 to 14 as Linux rolls dice (RFC 5961, 7)
    "tcp_congestion_control": "reno",
    "tcp_slow_start_after_idle": 0,
    "tcp_autocorking": 0,
    "tcp_recovery": 0,
    "tcp_early_retrans": 0,
    "tcp_frto": 0,
    "tcp_moderate_rcvbuf": 0,
    "tcp_mtu_probing": 0,
    "tcp_workaround_signed_windows": 0,
    "tcp_tw_reuse": 0,
    "tcp_stdurg": 1,  # the urgent pointer as RFC 9293 reads it
    "tcp_min_snd_mss": 48,
    "tcp_syn_linear_timeouts": 0,  # back off from the first SYN on, as RFC 6298 says
    "tcp_rmem": "4096 131072 4194304",
    "tcp_wmem": "4096 262144 4194304",
    "conf/all/rp_filter": 1,  # else it answers to what comes from a broadcast address
}


class Host(RealTimeWire):
    """A fresh namespace with the interface up. The process must have one thread only.

    Raises InfrastructureError where the machine does not allow it.
    """

    def __init__(self, address: str, netmask: str, mtu: int, ttl: int) -> None:
        super().__init__()
        try:
            enter_network_namespace()
            self._tun = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
            request = struct.pack("16sH22x", _NAME.encode(), _IFF_TUN | _IFF_NO_PI)
            fcntl.ioctl(self._tun, _TUNSETIFF, request)
            self._set_up(address, netmask, mtu, ttl)
        except OSError as error:
            raise InfrastructureError(
                f"no network namespace with a TUN interface can be made here"
                f" ({error.strerror or error}); run as root, or where /dev/net/tun may be opened"
            ) from error

    def _set_up(self, address: str, netmask: str, mtu: int, ttl: int) -> None:
        settings: dict[str, int | str] = {**_SET_UP, "ip_default_ttl": ttl}
        for name, value in settings.items():
            try:
                self.setting(name, value)
            except OSError as error:
                raise InfrastructureError(
                    f"{_SETTINGS / name} cannot be set to {value} ({error.strerror}):"
                    " a /proc/sys is needed that may be written"
                ) from error
        _forbid_ipv6()
        index = socket.if_nametoindex(_NAME)
        network = ipaddress.IPv4Network(f"{address}/{netmask}", strict=False)
        netlink.bring_up(index, mtu)
        netlink.add_address(index, address, network)
        for destination in (network, ipaddress.IPv4Network("0.0.0.0/0")):
            netlink.add_route(index, destination, address, mtu)

    @staticmethod
    def setting(name: str, value: int | str) -> bool:
        """Sets what /proc/sys/net/ipv4 holds; False if this kernel has no such setting."""
        try:
            (_SETTINGS / name).write_text(str(value), encoding="ascii")
        except FileNotFoundError:
            return False
        return True

    def set_all(self, settings: Mapping[str, int | str]) -> None:
        """Raises CannotAsk for one that this kernel has not, or a value that it does not take."""
        for name, value in settings.items():
            try:
                known = self.setting(name, value)
            except OSError:
                raise CannotAsk(f"this kernel takes no {name}={value}") from None
            if not known:
                raise CannotAsk(f"this kernel has no setting {name}")

    # --- the wire --------------------------------------------------------------------------------

    def inject(self, packet: bytes) -> None:
        try:
            os.write(self._tun, packet)
        except OSError as error:
            if error.errno not in (22, 5):  # EINVAL, EIO: no packet of IPv4 at all; it is dropped
                raise

    def gather(self) -> int:
        while True:
            try:
                packet = os.read(self._tun, _MAX_PACKET)
            except BlockingIOError:
                return len(self._waiting)
            if _is_tcp(packet):
                self._waiting.append(packet)

    def wait(self, ms: int) -> None:
        select.select([self._tun], [], [], max(ms, 0) / 1000)

    def close(self) -> None:
        os.close(self._tun)


def _is_tcp(packet: bytes) -> bool:
    """A host also sends ICMP, which is none of TCP's business."""
    return len(packet) >= 20 and packet[0] >> 4 == 4 and packet[9] == _TCP


def _forbid_ipv6() -> None:
    for scope in ("all", "default", _NAME):
        try:
            Path(f"/proc/sys/net/ipv6/conf/{scope}/disable_ipv6").write_text("1", encoding="ascii")
        except OSError:
            pass  # no IPv6 here; what comes of it is no TCP anyway
