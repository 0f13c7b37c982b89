"""Tells the kernel with which sequence number its next connection shall begin.

For a connection that it opens itself, what serves to move connections from host to host, namely
TCP_REPAIR, does it. For one that it accepts there is a way around: a SYN that arrives in TIME-WAIT
begins a new connection, whose number Linux derives from the last number of the old one. So an old
connection between the same ports is made beforehand, and led to TIME-WAIT; nothing of that reaches
the case.
"""

from __future__ import annotations

import socket
import struct

from tcplab.errors import CannotAsk
from tcplab.foreign.host import Host
from tcplab.foreign.states import state_of
from tcplab.packet import ACK, CIRCLE, FIN, SYN, FlowKey, NotASegment, Segment, craft

_TCP_REPAIR, _TCP_REPAIR_QUEUE, _TCP_QUEUE_SEQ, _TCP_REPAIR_WINDOW = 19, 20, 21, 29
_REPAIR_ON, _REPAIR_OFF_SILENTLY = 1, -1
_RECEIVE_QUEUE, _SEND_QUEUE = 1, 2
_BEYOND_THE_OLD = 65535 + 2  # from the old connection's SND.NXT to the new one's ISN
_MARGIN = 1000  # from the old connection's last number of the peer's to the new SYN


def fix_active(new: socket.socket, isn: int) -> None:
    """`new` is a socket that has not connected yet."""
    if isn == 0:
        raise CannotAsk("an initial number of 0 means to it that it may choose")
    _repair(new, _REPAIR_ON)
    _set_number(new, _SEND_QUEUE, isn)
    _repair(new, _REPAIR_OFF_SILENTLY)


def fix_passive(host: Host, packet: bytes, isn: int) -> None:
    """`packet` is about to arrive; if it is a SYN, it will be answered with this number."""
    if isn == 0:
        raise CannotAsk("an initial number of 0 means to it that it may choose")
    try:
        syn = Segment.dissect(packet, 0, from_dut=False)
    except NotASegment:
        return
    if syn.has(SYN) and not syn.has(ACK) and state_of(syn.flow) == "CLOSED":
        _leave_time_wait(host, syn.flow, (isn - _BEYOND_THE_OLD - 1) % CIRCLE, syn.seq - _MARGIN)


def _leave_time_wait(host: Host, flow: FlowKey, ours: int, theirs: int) -> None:
    """An old connection in TIME-WAIT; its FIN had the number `ours`, the peer's was `theirs`."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as old:
        _repair(old, _REPAIR_ON)
        old.bind((flow.local_address, flow.local_port))
        _set_number(old, _SEND_QUEUE, ours)
        _set_number(old, _RECEIVE_QUEUE, theirs % CIRCLE)
        old.connect((flow.remote_address, flow.remote_port))
        window = struct.pack("=5I", (theirs - 1) % CIRCLE, 65535, 65535, 65535, theirs % CIRCLE)
        old.setsockopt(socket.IPPROTO_TCP, _TCP_REPAIR_WINDOW, window)
        _repair(old, _REPAIR_OFF_SILENTLY)
        old.shutdown(socket.SHUT_WR)
        host.inject(_segment(flow, theirs, ours + 1, FIN | ACK))
    host.drain()


def _segment(flow: FlowKey, seq: int, ack: int, flags: int) -> bytes:
    return craft(
        source=flow.remote_address,
        destination=flow.local_address,
        source_port=flow.remote_port,
        destination_port=flow.local_port,
        seq=seq,
        ack=ack,
        flags=flags,
        window=65535,
    )


def _repair(one: socket.socket, value: int) -> None:
    try:
        one.setsockopt(socket.IPPROTO_TCP, _TCP_REPAIR, value)
    except OSError:  # made without CONFIG_CHECKPOINT_RESTORE
        raise CannotAsk("this kernel lets nobody choose an initial number") from None


def _set_number(one: socket.socket, queue: int, number: int) -> None:
    one.setsockopt(socket.IPPROTO_TCP, _TCP_REPAIR_QUEUE, queue)
    one.setsockopt(socket.IPPROTO_TCP, _TCP_QUEUE_SEQ, struct.pack("=I", number))
