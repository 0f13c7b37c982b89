"""Windows that close, shrink and open again: RFC 9293, 3.8.6 and 3.8.6.1."""

from __future__ import annotations

from tcplab.case import case
from tcplab.lab import Lab

BUILDS_ON = ("sender.syn-then-data",)


@case(
    "sender.zero-window-probes",
    checkpoint=4,
    rfc=["9293 3.8.6.1", "MUST-36", "SHLD-29", "SHLD-30", "C-ZWP-2", "D-SEND-21"],
    rule="A zero window is probed with one byte after one RTO, then after twice as long, and on.",
    hint="The timer runs although nothing is in flight: the news that it opens may get lost.",
    kills=[
        "sender.no-probes",
        "sender.probe-stays-due",
        "sender.probes-do-not-slow-down",
        "sender.probe-of-many-bytes",
        "sender.probe-skips-a-byte",
        "sender.empty-probes",
    ],
)
def zero_window_probes(lab: Lab) -> None:
    sender = lab.sender()
    sender.open(window=0)
    sender.write(b"abcdef")
    sender.expect_nothing()
    for wait in (1000, 2000, 4000):
        sender.tick(wait - 1)
        sender.expect_nothing()
        sender.tick(1)
        sender.expect_segment(seq=1, data=b"a")
        sender.expect_nothing()
        sender.receive(ack=1, window=0, seq=0)
        sender.expect(rto=1000)


@case(
    "sender.probe-that-is-taken-counts",
    checkpoint=4,
    rfc=["9293 3.8.6.1", "C-ZWP-1", "D-SEND-23"],
    rule="If the peer takes the probe's byte, the next probe carries the next byte.",
    hint="A probe is an ordinary segment: SND.NXT moves when it leaves, SND.UNA when it is acked.",
    kills=["sender.probe-not-counted"],
)
def probe_that_is_taken(lab: Lab) -> None:
    sender = lab.sender()
    sender.open(window=0)
    sender.write(b"abcdef")
    sender.expect_nothing()
    sender.tick(1000)
    sender.expect_segment(seq=1, data=b"a")
    sender.expect(in_flight=1, snd_nxt=2)
    sender.receive(ack=2, window=0, seq=0)
    sender.expect(in_flight=0, snd_una=2)
    sender.expect_nothing()
    sender.tick(60_000)
    sender.expect_segment(seq=2, data=b"b")
    sender.receive(ack=3, window=1000, seq=0)
    sender.expect_segment(seq=3, data=b"cdef")


@case(
    "sender.taken-probes-slow-down-too",
    checkpoint=4,
    rfc=["9293 3.8.6.1", "SHLD-30", "C-ZWP-2"],
    rule="Refused or taken: as long as the window stays closed, each probe waits twice as long.",
    hint="What sets the interval back is a window that opens, not an acknowledgment.",
    kills=["sender.interval-reset-by-a-taken-probe"],
)
def taken_probes_slow_down(lab: Lab) -> None:
    sender = lab.sender()
    sender.open(window=0)
    sender.write(b"abcdef")
    sender.expect_nothing()
    for at, wait in enumerate((1000, 2000, 4000)):
        sender.tick(wait - 1)
        sender.expect_nothing()
        sender.tick(1)
        sender.expect_segment(seq=1 + at, data=b"abcdef"[at : at + 1])
        sender.receive(ack=2 + at, window=0, seq=0)
        sender.expect_nothing()


@case(
    "sender.answered-probes-are-no-failures",
    checkpoint=4,
    rfc=["9293 3.8.6.1", "MUST-37", "C-FAIL-3", "D-SEND-26"],
    rule="A peer that answers probes is alive: the count of retransmissions is zero after each.",
    hint="A message that leaves the window at zero is an answer, even if nothing advances.",
    kills=["sender.answered-probes-counted", "sender.probes-back-off-the-rto"],
)
def answered_probes(lab: Lab) -> None:
    sender = lab.sender()
    sender.open(window=0)
    sender.write(b"abcdef")
    sender.expect_nothing()
    for _ in range(20):
        sender.tick(60_000)
        sender.expect_segment(seq=1, data=b"a")
        sender.receive(ack=1, window=0, seq=0)
        sender.expect(consecutive=0, rto=1000)
    sender.receive(ack=1, window=5000, seq=0)
    sender.expect_segment(seq=1)


@case(
    "sender.unanswered-probes-are-counted",
    checkpoint=4,
    rfc=["9293 3.8.6.1", "9293 3.8.3", "D-SEND-26", "C-FAIL-3"],
    rule="Probes that nobody answers are retransmissions with no end in sight: they are counted.",
    hint="From the second on, the probe's byte is in flight and the timer has run out on it.",
    kills=["sender.retransmissions-not-counted"],
)
def unanswered_probes(lab: Lab) -> None:
    sender = lab.sender()
    sender.open(window=0)
    sender.write(b"abcdef")
    sender.expect_nothing()
    sender.tick(1000)
    sender.expect_segment(seq=1, data=b"a")
    for count in (1, 2, 3):
        sender.tick(60_000)
        sender.expect_segment(seq=1, data=b"a")
        sender.expect(consecutive=count, rto=1000)


@case(
    "sender.shrinking-window",
    checkpoint=4,
    rfc=["9293 3.8.6", "MUST-34", "SHLD-15", "SHLD-16", "D-SEND-20"],
    rule="A window that shrinks below what is in flight allows nothing new; old data may go in it.",
    hint="SND.UNA + SND.WND - SND.NXT can be negative. What is that, unsigned?",
    kills=["sender.usable-window-underflows", "sender.retransmission-beyond-window"],
)
def shrinking_window(lab: Lab) -> None:
    data = lab.bytes(6000)
    sender = lab.sender()
    sender.open(mss=1000, window=4000)
    sender.write(data)
    sender.expect_data(data[:4000], seq=1)
    sender.receive(ack=1001, window=500, seq=0)
    sender.expect_nothing()
    sender.tick(1000)
    sender.expect_segment(seq=1001, data=data[1000:1500])
    sender.expect_nothing()
    sender.receive(ack=1001, window=4000, seq=0)
    sender.expect_segment(seq=4001, data=data[4000:5000])


@case(
    "sender.window-shuts-on-data-in-flight",
    checkpoint=4,
    rfc=["9293 3.8.6.1", "MUST-35", "C-ZWP-4", "D-SEND-28"],
    rule="If the window closes over data in flight, its first byte is the probe; opening resends.",
    hint="The peer has most likely refused what is in flight. Who tells it again when it has room?",
    kills=[
        "sender.reopened-window-waits",
        "sender.retransmission-beyond-window",
        "sender.empty-retransmissions-at-a-closed-window",
    ],
)
def window_shuts(lab: Lab) -> None:
    data = lab.bytes(500)
    sender = lab.sender()
    sender.open(window=5000)
    sender.write(data)
    sender.expect_segment(seq=1, data=data)
    sender.receive(ack=1, window=0, seq=0)
    sender.expect_nothing()
    sender.tick(1000)
    sender.expect_segment(seq=1, data=data[:1])
    sender.expect_nothing()
    sender.receive(ack=1, window=5000, seq=0)
    sender.expect_segment(seq=1, data=data)
    sender.expect_nothing()


@case(
    "sender.fin-probes-too",
    checkpoint=4,
    rfc=["9293 3.8.6.1", "C-ZWP-5"],
    rule="A FIN that waits alone for a zero window is the probe itself.",
    hint="It takes one sequence number, as a byte does.",
    kills=["sender.no-probes", "sender.fin-not-waiting"],
)
def fin_probes(lab: Lab) -> None:
    sender = lab.sender()
    sender.open(window=0)
    sender.close()
    sender.expect_nothing()
    sender.tick(1000)
    sender.expect_segment(seq=1, fin=True, length=0)
    sender.expect_nothing()
