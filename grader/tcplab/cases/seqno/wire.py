"""Sequence numbers inside a connection: both streams cross the places where numbers wrap."""

from __future__ import annotations

from tcplab.app import App
from tcplab.case import case
from tcplab.lab import Lab
from tcplab.peer import Peer

BUILDS_ON = ("seqno.wrap-is-modulo-2^32", "seqno.unwrap-past-2^32", "seqno.before-on-the-circle")

_NEAR_THE_WRAP = 0xFFFFFFF0


def _open(lab: Lab, *, isn: int, dut_isn: int, window: int = 65535) -> tuple[Peer, App]:
    """A handshake that belongs to the case: its numbers are what is tested."""
    lab.stack(isn=dut_isn)
    listener = lab.listen(80)
    peer = lab.peer(port=80, isn=isn, window=window)
    peer.handshake()
    return peer, listener.accept(peer)


@case(
    "seqno.connection-from-isn-{isn:#x}",
    checkpoint=0,
    rfc=["9293 3.4", "U-3", "U-4", "C-ISN-3", "D-SEQ-1", "D-SEQ-7"],
    rule="A connection works whatever the initial sequence numbers are; here both are {isn:#x}.",
    hint="Which of the three functions sees numbers on both sides of 0 or of 2^31 here?",
    kills=["seqno.before-includes-itself"],
    each=[{"isn": isn} for isn in (0, 0x7FFFFFFF, 0x80000000, _NEAR_THE_WRAP, 0xFFFFFFFF)],
)
def connection_from_isn(lab: Lab, isn: int) -> None:
    peer, app = _open(lab, isn=isn, dut_isn=isn)
    there, back = lab.bytes(100), lab.bytes(100)
    peer.send(data=there[:10])
    peer.send(data=there[10:])
    peer.expect_ack(101)
    app.expect_read(there)
    app.write(back)
    peer.expect_data(back)
    app.expect(unacknowledged=0)
    peer.send(fin=True)
    peer.expect_ack(102)


@case(
    "seqno.active-open-from-isn-0xffffffff",
    checkpoint=0,
    rfc=["9293 3.4", "C-ISN-3", "D-SEQ-7"],
    rule="A SYN may take the last number of all: its acknowledgment, and the first byte, are 0.",
    hint="Unwrap an acknowledgment of 0 where the ISN is 0xffffffff: it is absolute number 1.",
    kills=["seqno.before-is-plain-less", "seqno.unwrap-loses-one-past-the-wrap"],
)
def active_open_at_the_last_number(lab: Lab) -> None:
    lab.stack(isn=0xFFFFFFFF)
    app = lab.connect(7)
    peer = lab.peer_of(app, isn=0xFFFFFFFF)
    peer.answer_syn()
    app.expect_state("ESTABLISHED")
    app.write(b"cat")
    peer.expect(seq=1, ack=1, data=b"cat")
    peer.send(data=b"dog")
    peer.expect_ack(4)
    app.expect_read(b"dog")


@case(
    "seqno.out-of-order-across-the-wrap",
    checkpoint=0,
    rfc=["9293 3.4", "U-3", "B-AC-12", "D-SEQ-9"],
    rule="A segment with a small number may be the later one: it waits for those before the wrap.",
    hint="Is the number of the later segment unwrapped relative to where the stream is now?",
    kills=["seqno.unwrap-loses-one-past-the-wrap"],
)
def out_of_order_across_the_wrap(lab: Lab) -> None:
    peer, app = _open(lab, isn=_NEAR_THE_WRAP, dut_isn=lab.isn())
    data = lab.bytes(60)
    peer.send(seq=31, data=data[30:])
    peer.expect_perhaps(ack=1)
    peer.send(seq=11, data=data[10:30])
    peer.expect_perhaps(ack=1)
    peer.send(seq=1, data=data[:10])
    peer.expect_ack(61)
    app.expect_read(data)


@case(
    "seqno.duplicate-from-before-the-wrap",
    checkpoint=0,
    rfc=["9293 3.10.7.4", "U-3", "D-SEQ-1"],
    rule="Once the stream has passed zero, a segment with a huge number is an old one: it is"
    " acknowledged again and not delivered again.",
    hint="Unwrap gives the nearest number, and the nearest lies behind RCV.NXT here.",
    kills=["seqno.unwrap-only-ahead"],
)
def duplicate_from_before_the_wrap(lab: Lab) -> None:
    peer, app = _open(lab, isn=_NEAR_THE_WRAP, dut_isn=lab.isn())
    data = lab.bytes(50)
    peer.send(data=data[:10])
    peer.send(data=data[10:])
    peer.expect_ack(51)
    peer.send(seq=1, data=data[:10])
    peer.expect(ack=51)
    peer.send(seq=6, data=data[5:] + b"new")  # old and new, from before the wrap to after it
    peer.expect_ack(54)
    app.expect_read(data + b"new")
    app.expect_nothing_to_read()


@case(
    "seqno.ack-in-the-middle-of-the-wrap",
    checkpoint=0,
    rfc=["9293 3.10.7.4", "U-3", "D-SEQ-1", "D-SEQ-4"],
    rule="SND.UNA < SEG.ACK =< SND.NXT holds on the circle, also where SND.NXT has wrapped and"
    " SEG.ACK has not.",
    hint="Compare 0xfffffff8 with 0x55: which of them comes before the other?",
    kills=["seqno.before-is-plain-less"],
)
def ack_in_the_middle_of_the_wrap(lab: Lab) -> None:
    peer, app = _open(lab, isn=lab.isn(), dut_isn=_NEAR_THE_WRAP)
    app.write(lab.bytes(100))
    peer.expect(seq=1, length=100)
    for ack in (1, 2, 8, 15, 16, 17, 100):
        peer.send(ack=ack)
        peer.expect_nothing(for_ms=0)
        app.expect(unacknowledged=101 - ack)
    peer.send(ack=101)
    app.expect(unacknowledged=0)
    peer.probe_alive()


@case(
    "seqno.ack-from-before-the-wrap-is-old",
    checkpoint=0,
    rfc=["9293 3.10.7.4", "U-3", "C-ISN-3"],
    rule="An acknowledgment from before the wrap is old: it changes nothing, and what came with it"
    " counts.",
    hint="0xfffffff5 is larger than 0x60 and yet comes before it.",
    kills=["seqno.before-is-plain-less"],
)
def ack_from_before_the_wrap(lab: Lab) -> None:
    peer, app = _open(lab, isn=lab.isn(), dut_isn=_NEAR_THE_WRAP)
    first, second = lab.bytes(100), lab.bytes(50)
    app.write(first)
    peer.expect_data(first)
    app.write(second)
    peer.expect(seq=101, data=second)
    peer.send(ack=5, data=b"with an old ACK")
    peer.expect_ack(16)
    app.expect_read(b"with an old ACK")
    app.expect(unacknowledged=50)
    peer.expect(seq=101, data=second, not_before_ms=500, within_ms=1500)


@case(
    "seqno.ack-of-the-unsent-across-the-wrap",
    checkpoint=0,
    rfc=["9293 3.10.7.4", "U-3", "D-SEQ-1"],
    rule="An acknowledgment of what was never sent is refused, even where it is the smaller one.",
    hint="SND.NXT is 0xfffffff5 and SEG.ACK is 4: which comes first?",
    kills=["seqno.before-is-plain-less"],
)
def ack_of_the_unsent(lab: Lab) -> None:
    peer, app = _open(lab, isn=lab.isn(), dut_isn=_NEAR_THE_WRAP)
    app.write(b"cat")
    peer.expect(seq=1, data=b"cat")
    peer.send(ack=20, data=b"dropped")
    peer.expect(seq=4, ack=1, length=0)
    app.expect(unacknowledged=3)
    app.expect_nothing_to_read()
    peer.send(ack=4)
    app.expect(unacknowledged=0)


@case(
    "seqno.window-news-across-the-wrap",
    checkpoint=0,
    rfc=["9293 3.10.7.4", "U-3", "U-22", "D-SEQ-1"],
    rule="A window is newer if SEG.SEQ is later on the circle, even where it is the smaller one.",
    hint="SND.WL1 < SEG.SEQ is a comparison of sequence numbers like any other.",
    kills=["seqno.before-is-plain-less"],
)
def window_news_across_the_wrap(lab: Lab) -> None:
    peer, app = _open(lab, isn=_NEAR_THE_WRAP, dut_isn=lab.isn(), window=100)
    data = lab.bytes(300)
    app.write(data)
    peer.expect(seq=1, data=data[:100])
    peer.send(data=b"twenty bytes to wrap", ack=1, window=100)
    peer.expect_ack(21)
    peer.window = 1000
    peer.send(ack=101)
    peer.expect(seq=101, data=data[100:])


@case(
    "seqno.isns-far-apart-{name}",
    checkpoint=0,
    rfc=["9293 3.3.1", "9293 3.4", "D-SEQ-10"],
    rule="The two directions are numbered apart: the numbers of one say nothing about the other's.",
    hint="Is a number of the peer's stream anywhere measured from your own ISN?",
    kills=["seqno.before-signed-less"],
    each=[
        {"name": "tester-low", "isn": 5, "dut_isn": 0x7FFFFFF0},
        {"name": "tester-high", "isn": 0x7FFFFFF0, "dut_isn": 5},
    ],
)
def isns_far_apart(lab: Lab, name: str, isn: int, dut_isn: int) -> None:
    peer, app = _open(lab, isn=isn, dut_isn=dut_isn, window=60)
    data = lab.bytes(110)
    app.write(data)
    peer.expect(seq=1, ack=1, data=data[:60])
    peer.send(data=b"twenty bytes on 2^31", ack=10, window=51)
    peer.expect_ack(21)
    peer.window = 1000
    peer.send(ack=61)
    peer.expect(seq=61, ack=21, data=data[60:])


@case(
    "seqno.segment-from-before-the-syn",
    checkpoint=0,
    rfc=["9293 3.10.7.4", "D-SEQ-6"],
    rule="A segment with a number from before the SYN belongs to no part of the stream: it is"
    " answered with an ACK and leaves no trace.",
    hint="There is no absolute number below zero: unwrap gives one far ahead, outside the window.",
    kills=["seqno.unwrap-clamps-to-zero"],
)
def segment_from_before_the_syn(lab: Lab) -> None:
    peer, app = _open(lab, isn=lab.isn(), dut_isn=lab.isn())
    peer.send(seq=-5, data=b"ghost")
    peer.expect(ack=1, length=0, rst=False)
    peer.send(seq=-100_000, data=b"ghost")
    peer.expect(ack=1, length=0, rst=False)
    peer.probe_alive()
    app.expect_read(b"!")


@case(
    "seqno.much-data-across-the-wrap",
    checkpoint=0,
    rfc=["9293 3.4", "U-3"],
    rule="A longer stream in both directions crosses the wrap in the middle, and arrives whole.",
    hint="Run it with --pcap and look at the numbers around the first segment that is wrong.",
    kills=["seqno.unwrap-loses-one-past-the-wrap"],
)
def much_data_across_the_wrap(lab: Lab) -> None:
    peer, app = _open(lab, isn=0xFFFFFFFF - 10_000, dut_isn=0xFFFFFFFF - 9_000)
    there, back = lab.bytes(20_000), lab.bytes(20_000)
    for at in range(0, len(there), 5_000):
        with peer.burst():
            for start in range(at, at + 5_000, 1_000):
                peer.send(data=there[start : start + 1_000])
        peer.expect_ack()
        app.expect_read(there[at : at + 5_000])
    app.write(back)
    peer.expect_data(back)
    app.expect(unacknowledged=0)
