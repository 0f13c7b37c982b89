"""Everything that happened between the tester and the stack under test, in order."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from tcplab.packet import FlowKey, NotASegment, Segment


@dataclass(frozen=True)
class PacketEvent:
    """A packet went over the wire. `segment` is None if it is none."""

    time_ms: int
    exchange: int  # packets of one exchange went back and forth within one request
    from_dut: bool
    raw: bytes
    segment: Segment | None
    problem: str = ""  # why it is no segment


class AppAction(Enum):
    """What the application at the device under test did."""

    CONNECT = "connect"
    ACCEPT = "accept"
    WRITE = "write"  # data = what the stack accepted
    READ = "read"  # data = what the stack delivered
    EOF = "end of file"
    CLOSE = "close"
    ABORT = "abort"
    RELEASE = "release"
    LISTEN = "listen"
    UNLISTEN = "unlisten"
    OPTION = "option"  # Nagle or R2 was changed


@dataclass(frozen=True)
class AppEvent:
    """The application at the device under test did something, or saw something."""

    time_ms: int
    exchange: int
    action: AppAction
    flow: FlowKey | None
    data: bytes = b""
    identity: int = -1  # which connection of the device's


@dataclass(frozen=True)
class TimeEvent:
    """The clock was moved forward to `time_ms`; everything due until then has been captured."""

    time_ms: int
    exchange: int


Event = PacketEvent | AppEvent | TimeEvent


@dataclass
class Capture:
    """The events of one case."""

    events: list[Event] = field(default_factory=list)
    exchange: int = 0
    now_ms: int = 0

    def begin_exchange(self) -> None:
        """A request that concerns the wire is about to be made."""
        self.exchange += 1

    def packet(self, raw: bytes, time_ms: int, from_dut: bool) -> PacketEvent:
        """What the tester sends belongs to the exchange that comes."""
        try:
            segment: Segment | None = Segment.dissect(raw, time_ms, from_dut)
            problem = ""
        except NotASegment as error:
            segment, problem = None, str(error)
        exchange = self.exchange if from_dut else self.exchange + 1
        event = PacketEvent(time_ms, exchange, from_dut, raw, segment, problem)
        self.events.append(event)
        return event

    def mark(self) -> int:
        """A place in the record, for `app`."""
        return len(self.events)

    def app(
        self,
        mark: int,
        action: AppAction,
        flow: FlowKey | None,
        data: bytes = b"",
        identity: int = -1,
    ) -> None:
        """Something that the application did, told after the packets that came of it: it is put
        before them, at the mark that was taken before the request."""
        event = AppEvent(self.now_ms, self.exchange, action, flow, data, identity)
        self.events.insert(mark, event)

    def advanced(self, now_ms: int) -> None:
        self.now_ms = now_ms
        self.events.append(TimeEvent(now_ms, self.exchange))

    def packets(self) -> list[PacketEvent]:
        return [event for event in self.events if isinstance(event, PacketEvent)]

    def write_pcap(self, path: Path) -> None:
        """A pcap file with the virtual times, for Wireshark (link type 101: raw IP)."""
        out = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)]
        for event in self.packets():
            seconds, ms = divmod(event.time_ms, 1000)
            out.append(struct.pack("<IIII", seconds, ms * 1000, len(event.raw), len(event.raw)))
            out.append(event.raw)
        path.write_bytes(b"".join(out))
