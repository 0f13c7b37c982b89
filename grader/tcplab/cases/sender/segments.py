"""Cutting the stream into segments, no larger than the peer and the path can take."""

from __future__ import annotations

from tcplab.case import case
from tcplab.check import expect_equal, expect_true
from tcplab.lab import Lab

BUILDS_ON = ("sender.syn-then-data",)


@case(
    "sender.cuts-at-the-mss",
    checkpoint=4,
    rfc=["9293 3.7.1", "MUST-61", "SHLD-28", "D-SEND-18"],
    rule="A long write leaves in full segments; the last one, and what is left in it, is pushed.",
    hint="Each segment begins where the last one ended: at SND.NXT.",
    kills=["sender.next-byte-from-una", "sender.push-never-set"],
)
def cuts_at_mss(lab: Lab) -> None:
    data = lab.bytes(2500)
    sender = lab.sender(nagle=False)
    sender.open(mss=1000)
    sender.write(data)
    sender.expect_segment(seq=1, data=data[:1000])
    sender.expect_segment(seq=1001, data=data[1000:2000])
    sender.expect_segment(seq=2001, data=data[2000:], psh=True)
    sender.expect_nothing()
    sender.expect(in_flight=2500, snd_una=1, snd_nxt=2501)


@case(
    "sender.mss-has-three-limits",
    checkpoint=4,
    rfc=["9293 3.7.1", "MUST-15", "MUST-16", "C-MSS-3", "D-SEND-29"],
    rule="A segment is no larger than the peer's MSS, nor than the link's; 28 bytes always go.",
    hint="Which of three numbers is the largest payload? Think of a peer that names 0.",
    kills=["sender.mss-above-the-link", "sender.mss-of-zero"],
)
def mss_has_three_limits(lab: Lab) -> None:
    for named, link, largest in (
        (9000, 1000, 1000),
        (500, 1000, 500),
        (0, 1000, 28),
        (None, 1000, 536),
        (None, 300, 300),
    ):
        sender = lab.sender(mss=link)
        sender.open(mss=named)
        sender.write(bytes(2000))
        sender.expect_segment(seq=1, length=largest)
        sender.expect_segment(seq=1 + largest, length=largest)


@case(
    "sender.stays-inside-the-window",
    checkpoint=4,
    rfc=["9293 3.8.6", "MUST-1", "C-WIN-1", "D-SEND-19"],
    rule="Nothing new is sent at or beyond SND.UNA + SND.WND, a number of up to 65,535.",
    hint="What is in flight has used up part of the window.",
    kills=["sender.window-not-obeyed", "sender.window-counted-from-nxt", "sender.window-signed"],
)
def stays_inside_window(lab: Lab) -> None:
    data = lab.bytes(6000)
    sender = lab.sender()
    sender.open(mss=1000, window=2000)
    sender.write(data)
    sender.expect_data(data[:2000], seq=1)
    sender.expect_nothing()
    sender.receive(ack=1001, window=1000, seq=0)
    sender.expect_nothing()
    sender.receive(ack=2001, window=40000, seq=0)
    sender.expect_data(data[2000:], seq=2001)
    sender.write(bytes(40000))
    for _ in range(36):
        sender.expect_segment(length=1000)
    sender.expect_nothing()


@case(
    "sender.bytes-survive-the-ring",
    checkpoint=4,
    rfc=["9293 3.8.1", "D-SEND-18"],
    rule="The bytes in a segment are those written at its place in the stream, however long ago.",
    hint="One peek may give fewer bytes than the segment needs: the ring buffer has an end.",
    kills=["sender.payload-from-one-peek", "sender.acked-bytes-kept"],
)
def bytes_survive_the_ring(lab: Lab) -> None:
    sender = lab.sender(send_capacity=100)
    sender.open()
    at = 1
    for _ in range(7):
        data = lab.bytes(70)
        sender.write(data)
        sender.expect_data(data, seq=at)
        at += len(data)
        sender.receive(ack=at, seq=0)
    sender.stream.expect(buffered=0, available=100, total_read=490)


# --- on the wire -----------------------------------------------------------------------------


@case(
    "sender.segments-are-full-and-in-a-row",
    checkpoint=4,
    rfc=["9293 3.9.1.2", "SHLD-28", "D-SEND-18"],
    rule="With much to send and a wide window, every segment but the last one is full.",
    hint="Cut min(bytes waiting, window left, MSS) from the stream, at SND.NXT.",
    kills=["sender.next-byte-from-una", "sender.mss-of-peer-ignored"],
    weight=2,
)
def full_and_in_a_row(lab: Lab) -> None:
    peer, app = lab.established(mss=500)  # less than any path carries
    data = lab.bytes(9300)
    app.write(data)
    lengths = [len(one.data) for one in peer.inbox if one.data]
    expect_equal("the payload lengths", [500] * 18, lengths[:18])
    peer.expect_data(data)
    expect_equal("SND.NXT of the stack", 9301, peer.rcv_nxt)


@case(
    "sender.small-writes-collapse",
    checkpoint=4,
    rfc=["9293 3.9.1.2", "SHLD-27", "MAY-16"],
    rule="Many small writes that had to wait leave together, not each in a segment of its own.",
    hint="A segment is cut from the stream. It does not know of writes.",
    kills=["sender.one-byte-segments"],
)
def small_writes_collapse(lab: Lab) -> None:
    peer, app = lab.established(window=0)
    app.nagle(False)
    for _ in range(30):
        app.write(b"ten bytes.")
    peer.expect_nothing(for_ms=0)
    peer.window = 5000
    peer.send()
    count = sum(1 for one in peer.inbox if one.data)
    expect_true("the number of segments", count <= 3, "at most 3", str(count))
    peer.expect_data(b"ten bytes." * 30)


@case(
    "sender.a-short-write-leaves-at-once",
    checkpoint=4,
    rfc=["9293 3.9.1.2", "MUST-60", "MUST-61"],
    rule="A few bytes with nothing in flight are sent without waiting for more, and pushed.",
    hint="Nagle's algorithm holds small segments only while something is unacknowledged.",
    kills=["sender.only-full-segments", "sender.push-never-set"],
)
def short_write(lab: Lab) -> None:
    peer, app = lab.established()
    app.write(b"ten bytes.")
    peer.expect(seq=1, data=b"ten bytes.", psh=True, ack=1, within_ms=500)
