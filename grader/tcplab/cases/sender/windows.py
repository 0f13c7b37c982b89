"""Windows that close, shrink and open again: RFC 9293, 3.8.6 and 3.8.6.1."""

from __future__ import annotations

from tcplab.case import case
from tcplab.check import expect_true
from tcplab.lab import Lab
from tcplab.packet import Segment
from tcplab.peer import Peer

BUILDS_ON = ("sender.syn-then-data",)


@case(
    "sender.zero-window-probes",
    checkpoint=4,
    rfc=["9293 3.8.6.1", "MUST-36", "SHLD-29", "SHLD-30", "C-ZWP-2", "D-SEND-21"],
    rule="A zero window is probed with one byte after one RTO, then after twice as long, and on.",
    hint="The timer runs although nothing is in flight: the news that it opens may get lost.",
    kills=[
        "sender.no-probes",
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


# --- on the wire -----------------------------------------------------------------------------


def _expect_probe(peer: Peer, seq: int, data: bytes, **when: int) -> Segment:
    """A probe: the next bytes of the stream, or an empty segment one number below SND.UNA."""
    probe = peer.expect(has_ack=True, rst=False, **when)
    dut_seq = probe.seq - (peer.dut_iss or 0) & 0xFFFFFFFF
    is_next = dut_seq == seq and probe.data != b"" and data.startswith(probe.data)
    is_old = dut_seq == seq - 1 and probe.length == 0
    words = f"seq={dut_seq}, {probe.data!r}"
    expect_true("the probe", is_next or is_old, f"the stream from {seq} on", words)
    return probe


@case(
    "sender.closed-window-is-probed",
    checkpoint=4,
    rfc=["9293 3.8.6.1", "MUST-36", "C-ZWP-6", "D-SEND-21", "D-SEND-24", "D-SEND-25"],
    rule="Data that waits for a zero window is probed for; when the window opens, it is sent.",
    hint="The update that opens the window is a bare ACK, and those are not sent again if lost.",
    kills=["sender.no-probes", "sender.probe-skips-a-byte", "sender.empty-probes"],
    weight=2,
)
def closed_window_is_probed(lab: Lab) -> None:
    peer, app = lab.established()
    peer.window = 0
    peer.send()
    app.write(b"secret")
    peer.expect_nothing(for_ms=400)
    _expect_probe(peer, 1, b"secret", within_ms=1500)
    _expect_probe(peer, 1, b"secret", not_before_ms=1000, within_ms=3000)
    peer.window = 5000
    peer.send(ack=1)
    peer.expect_data(b"secret")


@case(
    "sender.probing-never-gives-up",
    checkpoint=4,
    rfc=["9293 3.8.6.1", "MUST-37", "SHLD-17", "C-FAIL-3"],
    rule="As long as its probes are answered, the sender waits for the window, beyond R2 as well.",
    hint="Which count leads to giving up, and what sets it to zero?",
    kills=["sender.answered-probes-counted"],
    weight=2,
)
def probing_never_gives_up(lab: Lab) -> None:
    peer, app = lab.established(max_retransmissions=3, rto_max_ms=2000)
    peer.window = 0
    peer.send()
    app.write(b"patience")
    for _ in range(10):
        _expect_probe(peer, 1, b"patience", within_ms=3000)
        peer.send(ack=1)
    app.expect_state("ESTABLISHED")
    peer.window = 5000
    peer.send(ack=1)
    peer.expect_data(b"patience")


@case(
    "sender.taken-probe-byte-is-not-lost",
    checkpoint=4,
    rfc=["9293 3.8.6.1", "C-ZWP-1", "D-SEND-23"],
    rule="A probe byte that the peer acknowledges belongs to the stream, once.",
    hint="Does the byte that went out as a probe count in SND.NXT?",
    kills=["sender.probe-not-counted"],
)
def taken_probe_byte(lab: Lab) -> None:
    peer, app = lab.established()
    peer.window = 0
    peer.send()
    app.write(b"abcdef")
    for _ in range(3):
        peer.expect(has_ack=True, within_ms=10_000)
        peer.send()
    peer.window = 5000
    peer.send()
    peer.expect_data(b"abcdef", within_ms=10_000)


@case(
    "sender.window-shrinks-under-flight",
    checkpoint=4,
    rfc=["9293 3.8.6", "MUST-34", "SHLD-15", "SHLD-16", "MAY-7", "C-WIN-2"],
    rule="When the window shrinks, nothing new is sent, and old data is sent again from the start.",
    hint="Compare SND.UNA + SND.WND with SND.NXT before you subtract.",
    kills=["sender.usable-window-underflows"],
    weight=2,
)
def window_shrinks(lab: Lab) -> None:
    peer, app = lab.established(mss=500, window=4000)
    data = lab.bytes(6000)
    app.write(data)
    peer.expect_data(data[:4000], acknowledge=False)
    peer.send(ack=1001, window=500)
    peer.expect_nothing()
    peer.expect(seq=1001, length=lambda n: n > 0, within_ms=3000)
    peer.send(ack=4001, window=4000)
    peer.expect_data(data[4000:])


@case(
    "sender.window-closes-over-flight",
    checkpoint=4,
    rfc=["9293 3.8.6.1", "MUST-35", "C-ZWP-4", "D-SEND-22", "D-SEND-28"],
    rule="A window that closes over data in flight is probed, and the data arrives when it opens.",
    hint="With something in flight the timer keeps running, whatever the window is.",
    kills=[
        "sender.closed-window-stops-the-timer",
        "sender.empty-retransmissions-at-a-closed-window",
    ],
)
def window_closes_over_flight(lab: Lab) -> None:
    peer, app = lab.established()
    data = lab.bytes(500)
    app.write(data)
    peer.expect(seq=1, data=data)
    peer.send(ack=1, window=0)
    _expect_probe(peer, 1, data, within_ms=3000)
    peer.send(ack=1, window=0)
    _expect_probe(peer, 1, data, within_ms=6000)
    peer.send(ack=1, window=1000)
    peer.expect(seq=1, length=lambda n: n > 0, within_ms=10_000)
    peer.send(ack=501, window=1000)
    app.expect(unacknowledged=0)


@case(
    "sender.a-window-smaller-than-a-segment",
    checkpoint=4,
    rfc=["9293 3.8.6.2.1", "C-SWS-1", "D-SEND-30"],
    rule="A peer whose window is always smaller than a segment still gets the stream.",
    hint="Rule (3): half of the largest window ever seen is worth a segment.",
    kills=["sender.only-full-segments"],
)
def small_window(lab: Lab) -> None:
    peer, app = lab.established(window=300)
    data = lab.bytes(2000)
    app.write(data)
    peer.expect_data(data, within_ms=2000)


@case(
    "sender.window-of-40000-bytes",
    checkpoint=4,
    rfc=["9293 3.1", "MUST-1"],
    rule="The window is a number without a sign: 40,000 is much room, not less than none.",
    hint="Which type holds SEG.WND on its way through your code?",
    kills=["sender.window-signed"],
)
def window_of_40000(lab: Lab) -> None:
    peer, app = lab.established(window=40_000, nagle=False)
    data = lab.bytes(2920)
    app.write(data)
    peer.expect_data(data, acknowledge=False, within_ms=100)
