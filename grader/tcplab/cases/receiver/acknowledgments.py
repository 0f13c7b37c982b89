"""The acknowledgment on the bench: how far the stream has come, as a sequence number."""

from __future__ import annotations

from tcplab.case import case
from tcplab.lab import Lab

BUILDS_ON = ("receiver.ack-is-the-next-number-expected",)

_NEAR_THE_WRAP = 0xFFFFFFF0


@case(
    "receiver.ack-is-the-next-number-expected",
    checkpoint=3,
    rfc=["9293 3.4", "U-4", "D-RECV-18"],
    rule="The acknowledgment is the first number not yet received in order; the SYN counts one.",
    hint="ack = 1 for the SYN, plus the bytes in the stream, read or not.",
    kills=[
        "receiver.syn-is-not-counted",
        "receiver.ack-waits-for-the-application",
        "receiver.index-counts-the-syn",
    ],
)
def ack_is_next(lab: Lab) -> None:
    receiver = lab.receiver(recv_capacity=4000)
    receiver.send_without_ack()
    receiver.receive(0, syn=True)
    receiver.send(ack=1, window=4000)
    receiver.receive(1, b"hello")
    receiver.send(ack=6)
    receiver.stream.read(10, gives=b"hello")
    receiver.receive(6, b"bye")
    receiver.send(ack=9)
    receiver.stream.expect(closed=False)


@case(
    "receiver.window-before-the-syn",
    checkpoint=3,
    rfc=["9293 3.5", "9293 3.8.6", "K-RECV-2"],
    rule="Before the SYN, too, the window is what could be offered: our own SYN may carry it.",
    hint="The window does not need the peer's numbers: it is the free space.",
    kills=["receiver.no-window-before-the-syn"],
)
def window_before_the_syn(lab: Lab) -> None:
    for capacity in (1, 4000, 70000):
        receiver = lab.receiver(recv_capacity=capacity)
        receiver.send_without_ack(window=min(capacity, 65535))


@case(
    "receiver.nothing-counts-before-the-syn",
    checkpoint=3,
    rfc=["9293 3.3.1", "9293 3.4", "K-RECV-1"],
    rule="Before the SYN there is no sequence number to compare with: data and FIN are ignored, and"
    " there is nothing to acknowledge.",
    hint="Which field of your receiver has no meaning yet, and who looks at it all the same?",
    kills=["receiver.begins-without-syn", "receiver.acks-before-the-syn"],
)
def nothing_before_the_syn(lab: Lab) -> None:
    receiver = lab.receiver(irs=0, recv_capacity=4000)
    receiver.receive(1, b"too early")
    receiver.receive(10, fin=True)
    receiver.expect(synchronized=False, rcv_nxt=0, rcv_wnd=0, pending=0, update_due=False)
    receiver.acceptable(1, 0, gives=False)
    receiver.acceptable(0, 1, gives=False)
    receiver.send_without_ack(window=4000)
    receiver.receive(0, syn=True)
    receiver.send(ack=1, window=4000)
    receiver.stream.expect(total_written=0, closed=False)


@case(
    "receiver.syn-brings-data",
    checkpoint=3,
    rfc=["9293 3.4", "U-4"],
    rule="Data and FIN may come with the SYN: the first byte stands right behind the SYN.",
    hint="The number of such a segment is that of its SYN. Which number has its first byte?",
    kills=["receiver.syn-takes-no-place", "receiver.fin-is-not-counted"],
)
def syn_brings_data(lab: Lab) -> None:
    receiver = lab.receiver(recv_capacity=4000)
    receiver.receive(0, b"hello", syn=True)
    receiver.expect(synchronized=True)
    receiver.send(ack=6)
    receiver.stream.read(10, gives=b"hello")
    everything = lab.receiver(recv_capacity=4000)
    everything.receive(0, b"all at once", syn=True, fin=True)
    everything.send(ack=13)
    everything.stream.read(20, gives=b"all at once")
    everything.stream.expect(closed=True, finished=True)


@case(
    "receiver.second-syn-begins-nothing",
    checkpoint=3,
    rfc=["9293 3.4", "K-RECV-1"],
    rule="Only the first SYN fixes IRS: when one comes again, what it brings along is taken at its"
    " place, and nothing begins anew.",
    hint="How often may your receiver note the initial sequence number?",
    kills=["receiver.each-syn-fixes-irs", "receiver.syn-takes-no-place"],
)
def second_syn(lab: Lab) -> None:
    receiver = lab.receiver(recv_capacity=4000)
    receiver.receive(0, syn=True)
    receiver.receive(1, b"abc")
    receiver.receive(0, b"abcdef", syn=True)  # the SYN again, with more behind it
    receiver.send(ack=7)
    receiver.receive(700, syn=True)  # a SYN from nowhere
    receiver.send(ack=7)
    receiver.receive(7, b"ghi")
    receiver.send(ack=10)
    receiver.stream.read(20, gives=b"abcdefghi")


@case(
    "receiver.bytes-at-the-syn-or-before",
    checkpoint=3,
    rfc=["9293 3.10.7.4", "B-AC-9", "D-RECV-6"],
    rule="The stream begins behind the SYN: a byte at the SYN's number or before it is none of it.",
    hint="Absolute number 0 is the SYN: which stream index would a byte there have?",
    kills=["receiver.byte-at-the-syn-counts", "receiver.forgets-what-follows-the-syn"],
)
def bytes_at_the_syn(lab: Lab) -> None:
    receiver = lab.receiver(recv_capacity=4000)
    receiver.receive(0, syn=True)
    receiver.receive(0, b"X")
    receiver.receive(-7, b"ghost")
    receiver.receive(-100_000, b"ghost")
    receiver.send(ack=1, window=4000)
    receiver.expect(pending=0)
    receiver.receive(0, b"Xabc")  # one byte too early, and three in order
    receiver.send(ack=4)
    receiver.stream.read(10, gives=b"abc")


@case(
    "receiver.a-hole-holds-the-ack-back",
    checkpoint=3,
    rfc=["9293 3.4", "9293 3.10.7.4", "SHLD-31"],
    rule="What is held behind a hole is not acknowledged; when the hole is filled, all of it is.",
    hint="The acknowledgment says that everything before it is there, not how much is there.",
    kills=[
        "receiver.ack-counts-what-is-held",
        "receiver.trusts-the-order",
        "receiver.nothing-seems-held",
    ],
)
def a_hole_holds_the_ack_back(lab: Lab) -> None:
    receiver, text = lab.receiver(recv_capacity=4000), lab.bytes(600)
    receiver.receive(0, syn=True)
    receiver.receive(201, text[200:400])
    receiver.receive(501, text[500:])
    receiver.expect(rcv_nxt=1, pending=300)
    receiver.send(ack=1, window=4000)
    receiver.receive(1, text[:200])
    receiver.send(ack=401)
    receiver.expect(pending=100)
    receiver.receive(401, text[400:500])
    receiver.send(ack=601, window=3400)
    receiver.stream.read(600, gives=text)


@case(
    "receiver.duplicates-change-nothing",
    checkpoint=3,
    rfc=["9293 3.10.7.4", "U-17", "B-AC-9", "D-RECV-7"],
    rule="What was received before changes neither stream nor acknowledgment nor window.",
    hint="Where in the stream a segment stands, its sequence number alone decides.",
    kills=["receiver.trusts-the-order"],
)
def duplicates_change_nothing(lab: Lab) -> None:
    receiver = lab.receiver(recv_capacity=4000)
    receiver.receive(0, syn=True)
    receiver.receive(1, b"abcdef")
    for seq, copy in ((1, b"abcdef"), (1, b"a"), (4, b"def"), (6, b"f")):
        receiver.receive(seq, copy)
        receiver.send(ack=7, window=3994)
    receiver.receive(4, b"defgh")  # three old bytes and two new ones
    receiver.send(ack=9, window=3992)
    receiver.stream.read(20, gives=b"abcdefgh")


@case(
    "receiver.stream-across-2^32",
    checkpoint=3,
    rfc=["9293 3.4", "U-3", "B-AC-12"],
    rule="Sequence numbers wrap, the stream does not: data and acknowledgment pass zero unharmed.",
    hint="Unwrap near RCV.NXT, count in absolute numbers, wrap only what leaves.",
    kills=["receiver.forgets-the-wrap"],
)
def stream_across_the_wrap(lab: Lab) -> None:
    receiver, text = lab.receiver(irs=_NEAR_THE_WRAP, recv_capacity=4000), lab.bytes(60)
    receiver.receive(0, syn=True)
    receiver.receive(21, text[20:])  # its number is 5
    receiver.send(ack=1)
    receiver.receive(1, text[:15])
    receiver.send(ack=16)  # this one is 0
    receiver.receive(11, text[10:20])
    receiver.send(ack=61, window=3940)
    receiver.receive(61, fin=True)
    receiver.send(ack=62)
    receiver.stream.read(60, gives=text)
    receiver.stream.expect(closed=True)
