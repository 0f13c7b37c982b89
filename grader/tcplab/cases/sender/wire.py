"""Opening, segments, acknowledgments and the end on the wire: the sender inside a connection."""

from __future__ import annotations

from tcplab.case import case
from tcplab.check import expect_equal, expect_true
from tcplab.lab import Lab

BUILDS_ON = ("sender.syn-then-data",)


@case(
    "sender.data-waits-for-the-handshake",
    checkpoint=4,
    rfc=["9293 3.10.2", "C-WIN-5"],
    rule="What is written before the handshake is complete follows it; the SYN goes alone.",
    hint="The first data byte has the number after the SYN's. No window is known before an ACK.",
    kills=["sender.syn-not-counted"],
)
def data_waits(lab: Lab) -> None:
    app = lab.connect(7)
    app.write(b"early bird")
    peer = lab.peer_of(app)
    peer.expect(syn=True, length=0)
    peer.expect_nothing()
    peer.send(syn=True, ack=1)
    peer.expect_data(b"early bird")


@case(
    "sender.long-way-around-the-circle",
    checkpoint=4,
    rfc=["9293 3.4", "U-3", "C-ISN-3"],
    rule="Sequence numbers wrap from 2^32 - 1 to 0 in the middle of a stream, and nobody notices.",
    hint="Where do you compare two raw numbers with < instead of asking for their distance?",
    kills=["sender.window-compared-without-wrap"],
    weight=2,
)
def long_way_around(lab: Lab) -> None:
    peer, app = lab.established(isn=0xFFFFFE00, dut_isn=0xFFFFF000, mss=1460, window=8000)
    for _ in range(3):
        question, answer = lab.bytes(300), lab.bytes(6000)
        peer.send(data=question)
        peer.expect_ack()
        app.expect_read(question)
        app.write(answer)
        peer.expect_data(answer)


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


@case(
    "sender.only-the-rest-is-sent-again",
    checkpoint=4,
    rfc=["9293 3.10.7.4", "B-ES-8", "D-SEND-12"],
    rule="After half of what is in flight is acknowledged, the other half is sent again in time.",
    hint="Does the timer still run when an acknowledgment covers only part of what is in flight?",
    kills=["sender.timer-stops-on-partial-ack"],
)
def only_the_rest(lab: Lab) -> None:
    peer, app = lab.established(mss=1000, nagle=False)
    data = lab.bytes(3000)
    app.write(data)
    peer.expect_data(data, acknowledge=False)
    peer.send(ack=1501)
    again = peer.expect(seq=1501, length=lambda n: n > 0, not_before_ms=800, within_ms=1300)
    peer.send(ack=1501 + len(again.data))
    peer.send(ack=3001)
    app.expect(unacknowledged=0)


@case(
    "sender.bytes-held-back-are-not-acknowledged",
    checkpoint=4,
    rfc=["9293 3.10.7.4", "D-SEND-1"],
    rule="A peer that acknowledges bytes it cannot have seen does not make them disappear.",
    hint="SEG.ACK > SND.NXT: the bytes behind SND.NXT were never sent, so nobody has them.",
    kills=["sender.window-not-obeyed"],
)
def held_back_bytes(lab: Lab) -> None:
    peer, app = lab.established(mss=500, window=1000)
    data = lab.bytes(2000)
    app.write(data)
    peer.expect_data(data[:1000], acknowledge=False)
    peer.send(ack=2001, window=1000)
    peer.send(ack=1001, window=1000)
    peer.expect_data(data[1000:])


@case(
    "sender.reordered-segment-brings-no-window",
    checkpoint=4,
    rfc=["9293 3.10.7.4", "U-22", "C-WIN-3", "D-SEND-32"],
    rule="A segment that was overtaken on its way does not set the window back to what it says.",
    hint="The older segment has the smaller SEG.SEQ: compare it with SND.WL1.",
    kills=["sender.window-taken-from-old-segment"],
    weight=2,
)
def reordered_window(lab: Lab) -> None:
    peer, app = lab.established(mss=1000, nagle=False)
    peer.send(seq=11, data=b"overtaking", window=5000)
    peer.send(seq=1, data=b"overtaken.", window=100)
    peer.snd_nxt = 21
    data = lab.bytes(3000)
    app.write(data)
    peer.expect_data(data, acknowledge=False, within_ms=0)
    peer.send(window=100)
    app.write(data)
    peer.expect(seq=3001, length=lambda n: n <= 100, within_ms=3000)


@case(
    "sender.close-delivers-everything-first",
    checkpoint=4,
    rfc=["9293 3.6", "U-11", "B-SC-9", "D-SEND-4", "D-SEND-2"],
    rule="CLOSE means: no more to send after this. All that was written comes before the FIN.",
    hint="The FIN has the number behind the last byte, so it cannot leave before that byte.",
    kills=["sender.fin-before-the-data"],
    weight=2,
)
def close_delivers(lab: Lab) -> None:
    peer, app = lab.established(mss=1000, window=1000)
    data = lab.bytes(5000)
    app.write(data)
    app.close()
    peer.expect_data(data)
    peer.expect_fin(within_ms=2000, acknowledge=True)
    app.expect_state("FIN-WAIT-2")


@case(
    "sender.lost-fin",
    checkpoint=4,
    rfc=["9293 3.6", "B-SC-7", "C-RTO-19", "D-SEND-5", "D-SEND-6", "D-SEND-7"],
    rule="A FIN that is not acknowledged is sent again, at its own number, until it is.",
    hint="Only an acknowledgment of the FIN's number plus one covers it.",
    kills=["sender.fin-not-resent", "sender.fin-one-too-high", "sender.fin-acked-one-too-low"],
    weight=2,
)
def lost_fin(lab: Lab) -> None:
    peer, app = lab.established()
    app.close()
    peer.expect(fin=True, seq=1, length=0)
    peer.expect(fin=True, seq=1, length=0, not_before_ms=800, within_ms=1200)
    peer.send(ack=1)
    app.expect_state("FIN-WAIT-1")
    peer.expect(fin=True, seq=1, length=0, not_before_ms=1600, within_ms=2400)
    peer.send(ack=2)
    peer.expect_nothing(for_ms=20_000)
    app.expect_state("FIN-WAIT-2")


@case(
    "sender.data-before-the-lost-fin",
    checkpoint=4,
    rfc=["9293 3.8.1", "C-RTO-19", "B-F1-8"],
    rule="If data and FIN are lost, the data is sent again first.",
    hint="The earliest number that is not acknowledged is the one to send again.",
    kills=["sender.fin-resent-before-data"],
)
def data_before_lost_fin(lab: Lab) -> None:
    peer, app = lab.established(mss=1000)
    data = lab.bytes(2000)
    app.write(data)
    app.close()
    peer.expect_data(data, acknowledge=False)
    peer.expect_fin()
    peer.send(ack=1001)
    peer.expect(seq=1001, length=lambda n: n > 0, within_ms=2000)
    peer.send(ack=2001)
    peer.expect(fin=True, seq=2001, length=0, within_ms=6000)
    peer.send(ack=2002)
    app.expect_state("FIN-WAIT-2")
