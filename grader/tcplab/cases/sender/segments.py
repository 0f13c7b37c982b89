"""Cutting the stream into segments, no larger than the peer and the path can take."""

from __future__ import annotations

from tcplab.case import case
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
