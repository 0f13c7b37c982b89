"""Every contract says: NULL when there is no memory. And what was begun is given back."""

from __future__ import annotations

from tcplab.case import case
from tcplab.components.connection import ConnectionBench
from tcplab.components.memory import lacking_memory
from tcplab.components.reassembler import ReassemblerBench
from tcplab.components.receiver import ReceiverBench
from tcplab.components.sender import SenderBench
from tcplab.components.stream import StreamBench
from tcplab.lab import Lab

BUILDS_ON = (
    "byte_stream.write-then-read",
    "reassembler.in-order-passes-through",
    "receiver.ack-is-the-next-number-expected",
    "sender.syn-then-data",
    "connection.three-way-handshake",
)

_RULE = "Without memory, {what} returns NULL and gives back what it had taken until then."
_HINT = "malloc and calloc may return NULL: each result is looked at before it is used."


@case(
    "byte_stream.no-memory",
    checkpoint=1,
    rfc=["9293 3.8", "K-MEM-2"],
    rule=_RULE.format(what="byte_stream_new"),
    hint=_HINT,
    kills=["byte_stream.no-memory-overlooked"],
    leaks=True,
)
def no_memory_for_a_stream(lab: Lab) -> None:
    made: list[StreamBench] = []

    def use() -> None:
        made[-1].write(b"abc")
        made[-1].read(3, gives=b"abc")

    lacking_memory(lab, lambda: made.append(lab.stream(8)), use)


@case(
    "reassembler.no-memory",
    checkpoint=2,
    rfc=["9293 3.8", "K-MEM-2"],
    rule=_RULE.format(what="reassembler_new"),
    hint=_HINT,
    kills=["reassembler.no-memory-overlooked"],
    leaks=True,
)
def no_memory_for_a_reassembler(lab: Lab) -> None:
    made: list[ReassemblerBench] = []

    def use() -> None:
        made[-1].insert(1, b"bc")
        made[-1].insert(0, b"a")
        made[-1].expect_delivered(b"abc")

    lacking_memory(lab, lambda: made.append(lab.reassembler(8)), use)


@case(
    "receiver.no-memory",
    checkpoint=3,
    rfc=["9293 3.8", "K-MEM-2"],
    rule=_RULE.format(what="tcp_receiver_new"),
    hint=_HINT,
    kills=["receiver.no-memory-overlooked", "receiver.never-frees"],
    leaks=True,
)
def no_memory_for_a_receiver(lab: Lab) -> None:
    made: list[ReceiverBench] = []

    def use() -> None:
        made[-1].receive(0, syn=True)
        made[-1].receive(2, b"b")
        made[-1].receive(1, b"a")
        made[-1].send(ack=3)

    lacking_memory(lab, lambda: made.append(lab.receiver(recv_capacity=8)), use)


@case(
    "sender.no-memory",
    checkpoint=4,
    rfc=["9293 3.8", "K-MEM-2"],
    rule=_RULE.format(what="tcp_sender_new"),
    hint=_HINT,
    kills=[
        "sender.no-memory-overlooked",
        "sender.never-frees",
        "sender.no-stream-overlooked",
    ],
    leaks=True,
)
def no_memory_for_a_sender(lab: Lab) -> None:
    made: list[SenderBench] = []

    def use() -> None:
        made[-1].open()
        made[-1].write(b"abc")
        made[-1].expect_data(b"abc", seq=1)

    lacking_memory(lab, lambda: made.append(lab.sender(send_capacity=8)), use)


@case(
    "connection.no-memory",
    checkpoint=5,
    rfc=["9293 3.9.1.1", "K-MEM-2"],
    rule=_RULE.format(what="tcp_connection_new"),
    hint=_HINT,
    kills=["connection.no-memory-overlooked", "connection.never-frees"],
    leaks=True,
)
def no_memory_for_a_connection(lab: Lab) -> None:
    made: list[ConnectionBench] = []
    lacking_memory(lab, lambda: made.append(lab.connection()), lambda: made[-1].establish())
