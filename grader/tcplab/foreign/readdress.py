"""Puts other addresses and ports into packets, so that cases need not know the real ones.

Checksums are changed by the difference only (RFC 1624): a right one stays right, and one that is
wrong on purpose stays wrong.
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass, field

from tcplab.errors import CannotAsk
from tcplab.packet import FlowKey

_TCP = 6
_IP_CHECKSUM, _SOURCE, _DESTINATION, _TCP_CHECKSUM = 10, 12, 16, 16


@dataclass
class Readdress:
    """Between the tester's and device's addresses in the cases and the real ones.

    The device's port `listening` (in the cases) is the real `port`; any other is one on which
    nothing should listen. The tester's ports are numbered from `first_port` on as they appear.
    """

    tester: str
    device: str
    port: int
    first_port: int
    case_tester: str
    case_device: str
    listening: int | None = None
    _ports: dict[int, int] = field(default_factory=dict)  # the tester's: in the case → real

    def outgoing(self, raw: bytes) -> bytes:
        """From the tester. Raises CannotAsk for a packet that cannot be changed like this."""
        flow, header = _ends(raw)
        if flow is None:
            raise CannotAsk("not every packet of the case can be sent to another address")
        source, source_port, destination, destination_port = flow
        if (source, destination) != (self.case_tester, self.case_device):
            raise CannotAsk("it has one address, and so has the tester")
        return _changed(
            raw,
            header,
            FlowKey(
                self.tester,
                self._ports.setdefault(source_port, self.first_port + len(self._ports)),
                self.device,
                self._real_port(destination_port),
            ),
        )

    def incoming(self, raw: bytes) -> bytes | None:
        """From the device; None if it is not for this tester's ports."""
        flow, header = _ends(raw)
        if flow is None or flow.remote_address != self.tester:
            return None
        for in_case, real in self._ports.items():
            if real == flow.remote_port:
                port = self.listening if flow.local_port == self.port else None
                if port is None:
                    port = self._case_port(flow.local_port)
                own = self.case_device if flow.local_address == self.device else flow.local_address
                return _changed(raw, header, FlowKey(own, port, self.case_tester, in_case))
        return None

    def _real_port(self, port: int) -> int:
        if port == self.listening:
            return self.port
        return port if port != self.port else self._closed_port()

    def _case_port(self, port: int) -> int:
        return port if port != self._closed_port() else self.port

    def _closed_port(self) -> int:
        return self.port ^ 1 or 3


def _ends(raw: bytes) -> tuple[FlowKey | None, int]:
    """Source and destination of a TCP packet that is long enough, and where its TCP begins."""
    header = (raw[0] & 15) * 4 if raw else 0
    whole = len(raw) >= header + 18 and header >= 20
    if not whole or raw[0] >> 4 != 4 or raw[9] != _TCP or int.from_bytes(raw[6:8], "big") & 0x1FFF:
        return None, header
    ports = struct.unpack_from("!HH", raw, header)
    source = socket.inet_ntoa(raw[_SOURCE : _SOURCE + 4])
    destination = socket.inet_ntoa(raw[_DESTINATION : _DESTINATION + 4])
    return FlowKey(source, ports[0], destination, ports[1]), header


def _changed(raw: bytes, header: int, ends: FlowKey) -> bytes:
    packet = bytearray(raw)
    addresses = socket.inet_aton(ends.local_address) + socket.inet_aton(ends.remote_address)
    ports = struct.pack("!HH", ends.local_port, ends.remote_port)
    _correct(packet, _IP_CHECKSUM, _SOURCE, addresses)
    _correct(packet, header + _TCP_CHECKSUM, _SOURCE, addresses)
    _correct(packet, header + _TCP_CHECKSUM, header, ports)
    packet[_SOURCE : _SOURCE + 8] = addresses
    packet[header : header + 4] = ports
    return bytes(packet)


def _correct(packet: bytearray, checksum_at: int, at: int, new: bytes) -> None:
    """The checksum, as it is when the bytes at `at` have become `new`."""
    total = ~int.from_bytes(packet[checksum_at : checksum_at + 2], "big") & 0xFFFF
    for offset in range(0, len(new), 2):
        old = int.from_bytes(packet[at + offset : at + offset + 2], "big")
        total += (~old & 0xFFFF) + int.from_bytes(new[offset : offset + 2], "big")
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    packet[checksum_at : checksum_at + 2] = (~total & 0xFFFF).to_bytes(2, "big")
