"""The few requests to the kernel that set up an interface: up, address, route (rtnetlink(7))."""

from __future__ import annotations

import ipaddress
import os
import socket
import struct

_NEWLINK, _NEWADDR, _NEWROUTE = 16, 20, 24
_REQUEST, _ACK, _REPLACE, _CREATE = 0x1, 0x4, 0x100, 0x400
_ERROR = 2
_IFF_UP = 1
_IFLA_MTU = 4
_IFA_ADDRESS, _IFA_LOCAL, _IFA_BROADCAST = 1, 2, 4
_RTA_DST, _RTA_OIF, _RTA_PREFSRC, _RTA_METRICS = 1, 4, 7, 8
_METRIC_LOCK, _METRIC_INITCWND, _METRIC_RTO_MIN, _METRIC_INITRWND = 1, 11, 13, 14
_TABLE_MAIN, _PROTOCOL_KERNEL, _SCOPE_LINK, _UNICAST = 254, 2, 253, 1

_LARGE_WINDOW_SEGMENTS = 1000  # congestion control is no part of RFC 9293's own rules
RTO_MIN_MS = 1000  # RFC 6298, 2.4, and the default of the kit's contract


def bring_up(index: int, mtu: int) -> None:
    """Raises OSError, as do all of these."""
    header = struct.pack("=BxHiII", socket.AF_UNSPEC, 0, index, _IFF_UP, _IFF_UP)
    _ask(_NEWLINK, header + _attribute(_IFLA_MTU, struct.pack("=I", mtu)))


def add_address(index: int, address: str, network: ipaddress.IPv4Network) -> None:
    header = struct.pack("=BBBBi", socket.AF_INET, network.prefixlen, 0, 0, index)
    packed = socket.inet_aton(address)
    attributes = _attribute(_IFA_LOCAL, packed) + _attribute(_IFA_ADDRESS, packed)
    if network.prefixlen < 31:
        attributes += _attribute(_IFA_BROADCAST, network.broadcast_address.packed)
    _ask(_NEWADDR, header + attributes)


def add_route(
    index: int,
    destination: ipaddress.IPv4Network,
    source: str,
    mtu: int,
) -> None:
    """A route out of the interface, in place of one that there is to the same destination."""
    segments = -(-65535 // max(mtu - 40, 1))
    metrics = (
        _attribute(_METRIC_INITCWND, struct.pack("=I", _LARGE_WINDOW_SEGMENTS))
        + _attribute(_METRIC_INITRWND, struct.pack("=I", segments))
        + _attribute(_METRIC_RTO_MIN, struct.pack("=I", RTO_MIN_MS))
        + _attribute(_METRIC_LOCK, struct.pack("=I", 1 << _METRIC_RTO_MIN))
    )
    header = struct.pack(
        "=BBBBBBBBI",
        socket.AF_INET,
        destination.prefixlen,
        0,
        0,
        _TABLE_MAIN,
        _PROTOCOL_KERNEL,
        _SCOPE_LINK,
        _UNICAST,
        0,
    )
    attributes = _attribute(_RTA_OIF, struct.pack("=i", index)) + _attribute(_RTA_METRICS, metrics)
    attributes += _attribute(_RTA_PREFSRC, socket.inet_aton(source))
    if destination.prefixlen:
        attributes += _attribute(_RTA_DST, destination.network_address.packed)
    _ask(_NEWROUTE, header + attributes, _CREATE | _REPLACE)


def _attribute(kind: int, value: bytes) -> bytes:
    length = 4 + len(value)
    return struct.pack("=HH", length, kind) + value + bytes(-length % 4)


def _ask(kind: int, body: bytes, flags: int = _CREATE) -> None:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as channel:
        length = 16 + len(body)
        channel.send(struct.pack("=IHHII", length, kind, _REQUEST | _ACK | flags, 1, 0) + body)
        reply = channel.recv(65536)
    answer_kind = struct.unpack_from("=H", reply, 4)[0]
    code = struct.unpack_from("=i", reply, 16)[0] if answer_kind == _ERROR else 0
    if code:
        raise OSError(-code, os.strerror(-code))
