"""When a small segment is worth sending: Nagle's algorithm and silly windows (RFC 9293, 3.7.4 and
3.8.6.2.1)."""

from __future__ import annotations

from tcplab.case import case
from tcplab.lab import Lab

BUILDS_ON = ("sender.syn-then-data",)


@case(
    "sender.nagle-collects",
    checkpoint=4,
    rfc=["9293 3.7.4", "SHLD-7", "C-NAG-1"],
    rule="While something is unacknowledged, small writes are collected; the ACK lets them go.",
    hint="The first byte goes alone. What are the others waiting for?",
    kills=["sender.nagle-missing", "sender.one-byte-segments"],
)
def nagle_collects(lab: Lab) -> None:
    sender = lab.sender()
    sender.open(mss=1000)
    sender.write(b"a")
    sender.expect_segment(seq=1, data=b"a", psh=True)
    for letter in (b"b", b"c", b"d", b"e", b"f"):
        sender.write(letter)
        sender.expect_nothing()
    sender.receive(ack=2, seq=0)
    sender.expect_segment(seq=2, data=b"bcdef", psh=True)


@case(
    "sender.nagle-lets-full-segments-go",
    checkpoint=4,
    rfc=["9293 3.7.4", "9293 3.8.6.2.1", "C-NAG-1"],
    rule="A full segment never waits; the small rest behind it does.",
    hint="Rule (1) of 3.8.6.2.1 comes before any other.",
    kills=["sender.nagle-holds-full-segments", "sender.nagle-missing"],
)
def nagle_lets_full_go(lab: Lab) -> None:
    sender = lab.sender()
    sender.open(mss=1000)
    sender.write(bytes(10))
    sender.expect_segment(seq=1, length=10)
    sender.write(bytes(1500))
    sender.expect_segment(seq=11, length=1000)
    sender.expect_nothing()
    sender.receive(ack=1011, seq=0)
    sender.expect_segment(seq=1011, length=500)


@case(
    "sender.nagle-can-be-switched-off",
    checkpoint=4,
    rfc=["9293 3.7.4", "MUST-17"],
    rule="With Nagle's algorithm off every write leaves at once, also what had to wait before.",
    hint="One condition falls away. Which?",
    kills=["sender.set-nagle-does-nothing"],
)
def nagle_off(lab: Lab) -> None:
    sender = lab.sender(nagle=True)
    sender.open(mss=1000)
    sender.write(b"a")
    sender.expect_segment(seq=1, data=b"a")
    sender.write(b"b")
    sender.expect_nothing()
    sender.set_nagle(False)
    sender.expect_segment(seq=2, data=b"b")
    sender.write(b"c")
    sender.expect_segment(seq=3, data=b"c")
    sender.set_nagle(True)
    sender.write(b"d")
    sender.expect_nothing()


@case(
    "sender.closing-does-not-wait-for-nagle",
    checkpoint=4,
    rfc=["9293 3.9.1.4", "C-NAG-2", "D-SEND-31"],
    rule="The last bytes before a FIN go at once: nothing will come that they could wait for.",
    hint="Is the stream closed, and does all that is left fit? Then it is worth sending.",
    kills=["sender.nagle-delays-the-last-bytes"],
)
def closing_does_not_wait(lab: Lab) -> None:
    sender = lab.sender()
    sender.open(mss=1000)
    sender.write(b"first words")  # small: Minshall's variant (appendix A.3) lets others pass
    sender.expect_segment(seq=1, data=b"first words")
    sender.write(b"last words")
    sender.expect_nothing()
    sender.close()
    sender.expect_segment(seq=12, data=b"last words")


@case(
    "sender.silly-window-is-not-used",
    checkpoint=4,
    rfc=["9293 3.8.6.2.1", "MUST-38", "C-ZWP-3", "D-SEND-27"],
    rule="A window of a few bytes is not filled with a tiny segment, unless it stays like that.",
    hint="min(D, U) against the MSS, and against half of the largest window seen; then a timer.",
    kills=["sender.silly-window-used", "sender.no-override-timer"],
)
def silly_window(lab: Lab) -> None:
    data = lab.bytes(10_000)
    sender = lab.sender(sws_override_ms=200)
    sender.open(mss=1000, window=5000)
    sender.write(data)
    sender.expect_data(data[:5000], seq=1)
    sender.receive(ack=5001, window=50, seq=0)
    sender.expect_nothing()
    sender.tick(199)
    sender.expect_nothing()
    sender.tick(1)
    sender.expect_segment(seq=5001, data=data[5000:5050])
    sender.expect_nothing()
    sender.receive(ack=5051, window=1000, seq=0)
    sender.expect_segment(seq=5051, data=data[5050:6050])


@case(
    "sender.half-of-the-largest-window",
    checkpoint=4,
    rfc=["9293 3.8.6.2.1", "C-SWS-1", "D-SEND-30"],
    rule="Where the peer's buffer is small, half of it is worth a segment.",
    hint="The largest window ever seen is the estimate of the buffer: rule (3).",
    kills=["sender.only-full-segments", "sender.largest-window-not-kept"],
)
def half_of_largest(lab: Lab) -> None:
    sender = lab.sender()
    sender.open(mss=1000, window=300)
    sender.write(bytes(1000))
    sender.expect_segment(seq=1, length=300)
    sender.receive(ack=301, window=150, seq=0)
    sender.expect_segment(seq=301, length=150)
    sender.receive(ack=451, window=149, seq=0)
    sender.expect_nothing()
