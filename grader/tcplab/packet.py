"""One IPv4 packet with a TCP segment in it: crafting, dissecting, and saying what it is."""

from __future__ import annotations

import logging
import socket
import struct
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple

from tcplab.lean import lean_import

logging.getLogger("scapy.runtime").setLevel(logging.ERROR)

with lean_import():
    from scapy.layers.inet import IP as IP
    from scapy.layers.inet import TCP as TCP
    from scapy.packet import Packet
    from scapy.packet import Raw as Raw
    from scapy.utils import checksum

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = (1 << bit for bit in range(8))
FLAG_NAMES = (
    (SYN, "SYN"),
    (FIN, "FIN"),
    (RST, "RST"),
    (PSH, "PSH"),
    (ACK, "ACK"),
    (URG, "URG"),
    (ECE, "ECE"),
    (CWR, "CWR"),
)
CIRCLE = 1 << 32
RAW = "(raw)"  # behind a number that is shown as it is on the wire
_FAR_BEFORE, _FAR_AHEAD = 1 << 20, 1 << 24  # the beginning: no case goes there

_TCP = 6
_TTL = 64
_IP_VERSION_AND_IHL = 0x45  # without options
_IP_BYTES = 20
_IP_START = struct.Struct("!BBHHHBBH")  # up to the addresses
_PROTOCOL_AND_LENGTH = struct.Struct("!BBH")

TcpOption = tuple[Any, Any]  # as scapy writes them: ("MSS", 1460), ("NOP", None), (253, b"ab")


def forward(start: int, end: int) -> int:
    """How far one goes forward from one sequence number to another: 0 … 2^32 - 1."""
    return (end - start) % CIRCLE


def signed_distance(start: int, end: int) -> int:
    """The shorter way from one sequence number to another, negative if it goes back."""
    distance = forward(start, end)
    return distance - CIRCLE if distance >= CIRCLE // 2 else distance


def relative_words(start: int, number: int, wish: int | None = None) -> str:
    """A number of the stack's from the beginning of its flow on; as it is on the wire if it has
    nothing to do with that, nor with the relative number that was wished for."""
    relative = signed_distance(start, number)
    is_near = -_FAR_BEFORE <= relative <= _FAR_AHEAD
    if is_near or (wish is not None and abs(signed_distance(wish, relative)) < _FAR_BEFORE):
        return str(relative)
    return f"{number}{RAW}"


def flag_names(flags: int) -> str:
    return " ".join(name for bit, name in FLAG_NAMES if flags & bit) or "no flags"


class FlowKey(NamedTuple):
    """Which connection, seen from the device under test."""

    local_address: str
    local_port: int
    remote_address: str
    remote_port: int


class NotASegment(ValueError):
    """Bytes that are no whole IPv4 packet with a TCP segment."""


@dataclass(frozen=True)
class Segment:
    """What stands in a packet. Numbers are absolute, as on the wire."""

    time_ms: int  # virtual time
    from_dut: bool
    raw: bytes
    source: str
    destination: str
    source_port: int
    destination_port: int
    seq: int
    ack: int
    flags: int
    window: int
    urgent: int
    mss: int | None
    data: bytes

    @staticmethod
    def dissect(raw: bytes, time_ms: int, from_dut: bool) -> Segment:
        """Reads a packet with scapy. Raises NotASegment."""
        return replace(_dissect(raw), time_ms=time_ms, from_dut=from_dut)

    def has(self, flag: int) -> bool:
        return self.flags & flag != 0

    @property
    def length(self) -> int:
        """SEG.LEN: sequence numbers taken, SYN and FIN counted (RFC 9293, 3.4)."""
        return len(self.data) + self.has(SYN) + self.has(FIN)

    @property
    def is_pure_ack(self) -> bool:
        """An acknowledgment and nothing else."""
        return self.length == 0 and self.has(ACK) and not self.has(RST)

    @property
    def flow(self) -> FlowKey:
        if self.from_dut:
            return FlowKey(self.source, self.source_port, self.destination, self.destination_port)
        return FlowKey(self.destination, self.destination_port, self.source, self.source_port)

    def describe(self, sender_iss: int = 0, receiver_iss: int = 0) -> str:
        """In the notation of the explanations: numbers relative to the two initial ones, of which
        one that is not known is 0. The tester means what it sends, however far that is."""
        words = [f"{flag_names(self.flags):<11} seq={self._number(sender_iss, self.seq)}"]
        if self.has(ACK):
            words.append(f"ack={self._number(receiver_iss, self.ack)}")
        words.append(f"win={self.window}")
        if self.has(URG):
            words.append(f"urg={self.urgent}")
        if self.mss is not None:
            words.append(f"mss={self.mss}")
        if self.data:
            words.append(f"len={len(self.data)}")
        return " ".join(words)

    def _number(self, start: int, number: int) -> str:
        if not self.from_dut:
            return str(signed_distance(start, number))
        words = relative_words(start, number)
        return words if start else words.removesuffix(RAW)


def craft(
    *,
    source: str,
    destination: str,
    source_port: int,
    destination_port: int,
    seq: int,
    ack: int,
    flags: int,
    window: int,
    urgent: int = 0,
    options: list[TcpOption] | bytes = b"",
    data: bytes = b"",
    reserved: int = 0,
    bad_checksum: bool = False,
    ip: dict[str, Any] | None = None,
    tcp: dict[str, Any] | None = None,
) -> bytes:
    """A packet as bytes, checksums and lengths right unless told otherwise.

    `options` given as bytes go into the header as they are, filled up to a multiple of four with
    zeros. `ip` and `tcp` set further scapy fields, right or wrong.
    """
    fields: dict[str, Any] = {
        "sport": source_port,
        "dport": destination_port,
        "seq": seq % CIRCLE,
        "ack": ack % CIRCLE,
        "flags": flags,
        "window": window,
        "urgptr": urgent,
        "reserved": reserved,
    }
    payload = data
    if isinstance(options, bytes):
        padded = options + bytes(-len(options) % 4)
        if padded:
            fields["dataofs"] = 5 + len(padded) // 4
        payload = padded + data
    else:
        fields["options"] = options
    fields.update(tcp or {})
    if ip is None and tcp is None:
        raw = _plain(source, destination, TCP(**fields), payload)
    else:
        raw = _odd(source, destination, ip or {}, TCP(**fields), payload)
    if bad_checksum:
        at = (raw[0] & 15) * 4 + 16
        raw = raw[:at] + bytes([raw[at] ^ 0x55]) + raw[at + 1 :]
    return raw


def _plain(source: str, destination: str, tcp: TCP, payload: bytes) -> bytes:
    """Nothing is unusual about the IP header: scapy need not think about its fields."""
    tcp.chksum = 0  # scapy could not reckon it without the IP header
    segment = _build([tcp, *([Raw(payload)] if payload else [])])
    addresses = socket.inet_aton(source) + socket.inet_aton(destination)
    pseudo_header = addresses + _PROTOCOL_AND_LENGTH.pack(0, _TCP, len(segment))
    segment = segment[:16] + _checksum(pseudo_header + segment) + segment[18:]
    length = _IP_BYTES + len(segment)
    header = _IP_START.pack(_IP_VERSION_AND_IHL, 0, length, 1, 0, _TTL, _TCP, 0) + addresses
    header = header[:10] + _checksum(header) + header[12:]
    return header + segment


def _checksum(of: bytes) -> bytes:
    return int(checksum(of)).to_bytes(2, "big")


def _odd(source: str, destination: str, ip: dict[str, Any], tcp: TCP, payload: bytes) -> bytes:
    header = {"src": source, "dst": destination, "ttl": _TTL, **ip}
    return _build([IP(**header), tcp, *([Raw(payload)] if payload else [])])


def _build(layers: list[Packet]) -> bytes:
    """What `bytes(a / b / c)` gives, without the copies made of each layer: `explicit` tells scapy
    that no field holds several values to choose from."""
    for outer, inner in zip(layers, layers[1:]):
        outer.add_payload(inner)
    for layer in layers:
        layer.explicit = 1
    return bytes(layers[0])


@lru_cache(maxsize=16)  # whoever shows a packet and whoever keeps it ask one after the other
def _dissect(raw: bytes) -> Segment:
    if len(raw) < 40 or raw[0] >> 4 != 4 or raw[9] != _TCP:
        raise NotASegment(f"{len(raw)} bytes that are no IPv4 packet with TCP in it")
    total = int.from_bytes(raw[2:4], "big")
    is_fragment = int.from_bytes(raw[6:8], "big") & 0x1FFF != 0
    if raw[0] == _IP_VERSION_AND_IHL and not is_fragment and 40 <= total <= len(raw):
        tcp = TCP(raw[_IP_BYTES:total])
        source, destination = socket.inet_ntoa(raw[12:16]), socket.inet_ntoa(raw[16:20])
        return _segment(raw, source, destination, _IP_BYTES, total, tcp)
    packet = IP(raw)
    inner = packet.getlayer(TCP)
    if inner is None or not isinstance(inner, TCP):
        raise NotASegment(f"an IPv4 packet of {len(raw)} bytes in which scapy finds no TCP")
    return _segment(raw, packet.src, packet.dst, packet.ihl * 4, packet.len, inner)


def _segment(
    raw: bytes, source: str, destination: str, ip_bytes: int, total: int, tcp: TCP
) -> Segment:
    """`ip_bytes` is the length of the IP header, `total` what it says of the whole packet's."""
    mss = None
    for kind, value in tcp.options:
        if kind == "MSS" and isinstance(value, int):
            mss = int(value)
    header = ip_bytes + max(tcp.dataofs or 5, 5) * 4
    return Segment(
        time_ms=0,
        from_dut=False,
        raw=raw,
        source=source,
        destination=destination,
        source_port=tcp.sport,
        destination_port=tcp.dport,
        seq=tcp.seq,
        ack=tcp.ack,
        flags=int(tcp.flags) & 0xFF,
        window=tcp.window,
        urgent=tcp.urgptr,
        mss=mss,
        data=raw[header:total],
    )
