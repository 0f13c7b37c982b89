"""The packets of a story as messages of connections, with numbers relative to their beginnings.

Nothing here trusts the device: all of it is what went over the wire.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tcplab.monitors.wholeness import ip_problem, tcp_problem
from tcplab.packet import ACK, CIRCLE, FIN, RST, SYN, FlowKey, NotASegment, Segment, signed_distance
from tcplab.story import Message, Passage


@dataclass(frozen=True)
class Arrival:
    """A packet that a TCP takes notice of. `is_new`: with it a new connection begins between ports
    that have had one."""

    message: Message
    local_port: int  # the stack's
    remote_port: int
    is_new: bool = False


@dataclass
class _Flow:
    iss: dict[bool, int] = field(default_factory=dict)  # by `from_dut`
    offered: int | None = None  # of a further SYN that the tester has sent


@dataclass
class Flows:
    """All connections of a story, as far as it was read."""

    _flows: dict[FlowKey, _Flow] = field(default_factory=dict)

    def take(self, passage: Passage) -> Arrival | None:
        """The next packet. None for one that is no correct segment: nobody takes notice of it."""
        if ip_problem(passage.raw) or tcp_problem(passage.raw):
            return None
        try:
            segment = Segment.dissect(passage.raw, passage.time_ms, passage.from_dut)
        except NotASegment:
            return None
        flow = self._flows.setdefault(segment.flow, _Flow())
        is_new = segment.has(SYN) and _begins(flow, segment)
        key = segment.flow
        return Arrival(_message(flow, segment), key.local_port, key.remote_port, is_new)


def _begins(flow: _Flow, segment: Segment) -> bool:
    """Takes notice of a SYN. Is it that of a new connection between the same ports?"""
    me, known = segment.from_dut, flow.iss.get(segment.from_dut)
    if known == segment.seq:
        return False
    if not me and True in flow.iss:  # the stack decides whether this is a beginning
        flow.offered = segment.seq
        return False
    acknowledged = (segment.ack - 1) % CIRCLE if segment.has(ACK) else None
    if me and flow.offered is not None and flow.offered == acknowledged:
        flow.iss[False], flow.offered = flow.offered, None
    elif me and known is not None:
        flow.iss.pop(False, None)
    flow.iss[me] = segment.seq
    return known is not None


def _message(flow: _Flow, segment: Segment) -> Message:
    mine, others = flow.iss.get(segment.from_dut), flow.iss.get(not segment.from_dut)
    knows_ack = segment.has(ACK) and others is not None
    key = segment.flow
    counts = segment.from_dut or segment.has(ACK) or segment.has(SYN)  # else a TCP drops it
    return Message(
        f"{key.remote_address} {key.remote_port} {key.local_port}",
        segment.from_dut,
        seq=None if mine is None or not counts else signed_distance(mine, segment.seq),
        ack=signed_distance(others, segment.ack) if knows_ack and others is not None else None,
        window=segment.window if segment.has(ACK) or segment.has(SYN) else None,
        data=segment.data,
        syn=segment.has(SYN),
        fin=segment.has(FIN),
        rst=segment.has(RST),
        time_ms=segment.time_ms,
    )
