"""When to acknowledge, and what to say with a window that is closed: RFC 9293, 3.8.6."""

from __future__ import annotations

from tcplab.case import case
from tcplab.cases.connection.states import closed_window
from tcplab.check import expect_true
from tcplab.lab import Lab

BUILDS_ON = ("connection.three-way-handshake",)


@case(
    "connection.ack-comes-within-half-a-second",
    checkpoint=5,
    rfc=["9293 3.8.6.3", "MUST-40", "SHLD-18", "C-DAK-1", "B-ES-15"],
    rule="An ACK may wait for company, but less than half a second.",
    hint="ack_delay_ms, counted from the first segment that is not acknowledged.",
    kills=["connection.delayed-ack-never-comes", "connection.ack-delayed-too-long"],
    weight=2,
)
def ack_in_time(lab: Lab) -> None:
    peer, app = lab.established()
    for _ in range(10):
        peer.send(data=b"one small segment")
        peer.expect_ack(within_ms=499)
        lab.clock.advance(1000)
    app.expect_read(b"one small segment" * 10)


@case(
    "connection.a-trickle-is-acked-in-time",
    checkpoint=5,
    rfc=["9293 3.8.6.3", "MUST-40", "SHLD-18", "C-DAK-1"],
    rule="Where a little comes again and again, the first of it is still acknowledged in time.",
    hint="A delay that begins anew with each segment may never end.",
    kills=["connection.ack-delay-begins-anew"],
)
def a_trickle(lab: Lab) -> None:
    peer, app = lab.established()
    first = peer.snd_nxt
    for _ in range(17):
        peer.send(data=b"drip")
        lab.clock.advance(29)
    acked = peer.snd_una - first
    expect_true("bytes acknowledged after 493 ms", acked > 0, "4 at least", str(acked))
    peer.expect_ack(within_ms=499)
    app.expect_read(b"drip" * 17)


@case(
    "connection.every-second-segment-is-acked",
    checkpoint=5,
    rfc=["9293 3.8.6.3", "SHLD-19", "C-DAK-2", "D-RECV-13"],
    rule="Of a stream of full segments at least every second one is acknowledged at once.",
    hint="Count the segments since the last ACK, and start anew with each one that leaves.",
    kills=["connection.acks-only-by-timer"],
    weight=2,
)
def every_second(lab: Lab) -> None:
    peer, app = lab.established()
    data = lab.bytes(14_600)
    for at in range(0, len(data), 1460):
        peer.send(data=data[at : at + 1460])
        behind = peer.snd_nxt - peer.snd_una
        expect_true("bytes without ACK", behind < 2 * 1460, "less than 2 segments", str(behind))
    peer.expect_ack()
    app.expect_read(data)


@case(
    "connection.one-ack-for-a-burst",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "MUST-58", "MUST-59", "C-DAK-4", "D-CONN-32"],
    rule="Segments that arrive together are all worked off before they are acknowledged.",
    hint="`ack due` is a mark, not a queue: next_segment makes one ACK of it.",
    kills=["connection.an-ack-for-each-segment"],
    weight=2,
)
def one_ack(lab: Lab) -> None:
    peer, app = lab.established()
    data = lab.bytes(500)
    with peer.burst():
        for at in (100, 200, 300, 400, 0):
            peer.send(seq=1 + at, data=data[at : at + 100])
    peer.snd_nxt = 501
    expect_true("the ACK", peer.snd_una in (1, 501), "501, for all five", str(peer.snd_una))
    peer.expect_ack(501)
    app.expect_read(data)
    count = len(peer.inbox)
    expect_true("further ACKs", count <= 2, "at most 2 for 5 segments at once", str(count))


@case(
    "connection.ack-rides-on-data",
    checkpoint=5,
    rfc=["9293 3.8", "U-13", "C-DAK-6", "D-CONN-32"],
    rule="Data that leaves carries the latest acknowledgment; it needs no segment of its own then.",
    hint="Each segment is made from what both halves say at that moment.",
    kills=["connection.two-acks-for-one"],
)
def ack_rides(lab: Lab) -> None:
    peer, app = lab.established()
    peer.send(data=b"ping")
    app.write(b"pong")
    peer.expect(data=b"pong", ack=5)
    peer.send(ack=5)
    peer.expect_nothing(for_ms=600)
    app.expect_read(b"ping")


@case(
    "connection.retransmission-carries-the-latest-ack",
    checkpoint=5,
    rfc=["9293 3.8", "U-13", "C-RTO-20"],
    rule="What is sent again tells today's acknowledgment and window, not those of the first copy.",
    hint="Nothing of the old segment is kept but its place in the stream.",
    kills=["connection.ack-of-yesterday"],
    weight=2,
)
def latest_ack(lab: Lab) -> None:
    peer, app = lab.established()
    app.write(b"data")
    peer.expect(seq=1, data=b"data", ack=1)
    peer.send(data=bytes(100), ack=1)
    peer.expect_ack(101)
    peer.expect(seq=1, data=b"data", ack=101, within_ms=1200)


@case(
    "connection.acks-are-not-repeated",
    checkpoint=5,
    rfc=["9293 3.8.6.3", "U-4", "D-SEND-41"],
    rule="An acknowledgment is sent once: it is no data, and nobody acknowledges it.",
    hint="When an ACK leaves, the timer of the delayed one has done its work.",
    kills=["connection.ack-timer-not-stopped"],
)
def acks_not_repeated(lab: Lab) -> None:
    peer, app = lab.established()
    data = lab.bytes(2920)
    peer.send(data=data[:1460])
    peer.send(data=data[1460:])
    peer.expect_ack()
    peer.expect_nothing(for_ms=5000)
    app.expect_read(data)


@case(
    "connection.acks-stand-at-snd-nxt",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "D-SEND-40"],
    rule="A bare ACK stands at SND.NXT, also while something before it is being sent again.",
    hint="An ACK at an old number is not acceptable to the peer: it would not count.",
    kills=["connection.acks-at-snd-una"],
)
def acks_at_snd_nxt(lab: Lab) -> None:
    peer, app = lab.established(mss=1000, nagle=False)
    data = lab.bytes(3000)
    app.write(data)
    peer.expect_data(data, acknowledge=False)
    peer.expect(seq=1, length=lambda n: n > 0, within_ms=1200)
    peer.send(data=b"hello", ack=1)
    peer.expect(seq=3001, ack=6, length=0, within_ms=500)
    app.expect_read(b"hello")


@case(
    "connection.acks-behind-a-full-window",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "D-SEND-40"],
    rule="A bare ACK stands at SND.NXT, also when all of a small window is in flight.",
    hint="SND.UNA + SND.WND is SND.NXT here, and nothing was refused.",
    kills=["connection.acks-at-snd-una"],
)
def acks_behind_full_window(lab: Lab) -> None:
    peer, app = lab.established(window=1)
    app.write(b"abc")
    peer.expect(seq=1, data=b"a", within_ms=1500)
    peer.send(data=b"hello", ack=1)
    peer.expect(seq=2, ack=6, length=0, within_ms=500)
    app.expect_read(b"hello")


@case(
    "connection.acks-after-an-old-zero-window",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "D-SEND-40", "D-SEND-32"],
    rule="A late segment whose old ACK speaks of a closed window moves no ACK: SND.NXT it is.",
    hint="SEG.ACK < SND.UNA: neither its ACK nor its window counts any more, only its text.",
    kills=["connection.acks-at-snd-una"],
)
def acks_after_old_zero_window(lab: Lab) -> None:
    peer, app = lab.established(mss=1000, nagle=False)
    data = lab.bytes(3000)
    app.write(data)
    peer.expect_data(data, acknowledge=False)
    peer.send(ack=1001)
    peer.send(data=b"late", ack=501, window=0)
    peer.expect(seq=3001, ack=5, length=0, within_ms=500)
    app.expect_read(b"late")


@case(
    "connection.gap-is-filled",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "MUST-40", "MAY-13", "C-DAK-3", "E-16"],
    rule="A segment behind a gap may be answered with an ACK of what is missing; the one that fills"
    " the gap is acknowledged, with all behind it.",
    hint="Best at once, both (RFC 5681, 4.2): the peer counts such ACKs, to repair a loss sooner.",
    kills=["connection.gap-not-reported"],
)
def gap_is_filled(lab: Lab) -> None:
    peer, app = lab.established()
    for at in (100, 200, 300):
        peer.send(seq=1 + at, data=bytes(100))
        peer.expect_perhaps(ack=1, length=0)
    peer.send(seq=1, data=bytes(100))
    peer.snd_nxt = 401
    peer.expect_ack(401)
    app.expect_read(bytes(400))


@case(
    "connection.lost-acks-are-given-again",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "D-CONN-33", "D-RECV-7", "B-AC-9", "D-RECV-10"],
    rule="A peer whose ACKs get lost sends its data again and again: each copy is answered.",
    hint="These are not challenges: whatever limits those must not limit this.",
    kills=[
        "connection.limiter-swallows-real-acks",
        "connection.unacceptable-not-answered",
        "connection.acks-each-number-once",
    ],
    weight=2,
)
def lost_acks(lab: Lab) -> None:
    peer, app = lab.established()
    peer.send(data=b"again")
    peer.expect_ack(6)
    for _ in range(25):
        peer.send(seq=1, data=b"again")
        peer.expect(ack=6, length=0)
        lab.clock.advance(100)
    app.expect_read(b"again")


@case(
    "connection.probes-of-a-closed-window",
    checkpoint=5,
    rfc=["9293 3.8.6.1", "U-14", "B-AC-2", "B-AC-5", "D-RECV-16", "C-5961-4"],
    rule="Every probe of a closed window is answered, and its byte is taken once in the end.",
    hint="Not acceptable, so it gets an ACK; that ACK is no challenge.",
    kills=["connection.unacceptable-not-answered", "connection.limiter-swallows-real-acks"],
    weight=3,
)
def probes(lab: Lab) -> None:
    peer, app = closed_window(lab)
    for _ in range(15):
        peer.send(seq=1001, data=b"p")
        peer.snd_nxt = 1001
        peer.expect(ack=1001, window=0, length=0)
        lab.clock.advance(200)
    peer.send(seq=1000, ack=1)
    peer.expect(ack=1001, window=0, length=0)
    app.expect_read(bytes(1000))
    peer.expect(ack=1001, window=lambda w: w >= 500, within_ms=1000)
    peer.send(data=b"probe")
    peer.expect_ack(1006)
    app.expect_read(b"probe")


@case(
    "connection.acks-count-at-a-closed-window",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-AC-1", "D-RECV-17"],
    rule="A closed window keeps data out, not acknowledgments: they count, and get no answer.",
    hint="SEG.LEN = 0, RCV.WND = 0, SEG.SEQ = RCV.NXT: acceptable.",
    kills=["connection.bare-acks-answered", "connection.closed-window-refuses-acks"],
    weight=2,
)
def acks_at_closed(lab: Lab) -> None:
    peer, app = closed_window(lab)
    app.write(b"still talking")
    peer.expect(seq=1, data=b"still talking", window=0)
    peer.send(ack=14)
    peer.expect_nothing(for_ms=5000)
    app.expect(unacknowledged=0)


@case(
    "connection.old-segment-brings-no-window",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "U-22", "C-WIN-3", "B-ES-12"],
    rule="A segment that was overtaken on its way brings its text, but no window.",
    hint="SND.WL1 is SEG.SEQ of the segment that brought the window: hand it on to the sender.",
    kills=["connection.seq-not-handed-on"],
)
def old_window(lab: Lab) -> None:
    connection = lab.connection(ack_delay_ms=0)
    connection.establish()
    connection.arrive(4, ack=1, data=b"def", window=1000)
    connection.arrive(1, ack=1, data=b"abc", window=0)
    connection.drain()
    connection.read(10, gives=b"abcdef")
    connection.write(b"hello")
    connection.expect_segment(seq=1, data=b"hello")


@case(
    "connection.window-opens-by-itself",
    checkpoint=5,
    rfc=["9293 3.8.6.2.2", "MUST-39", "C-DAK-7", "C-SWS-2", "D-RECV-11", "D-RECV-14"],
    rule="When the application reads, the peer is told of the room, but not of each single byte.",
    hint="Ask the receiver, after each read, whether a window update is worth a segment.",
    kills=["connection.no-window-updates"],
    weight=3,
)
def window_opens(lab: Lab) -> None:
    peer, app = closed_window(lab)
    app.expect_read(bytes(1))
    peer.expect_nothing()
    app.expect_read(bytes(999))
    peer.expect(ack=1001, window=lambda w: w >= 500, length=0, within_ms=1000)


@case(
    "connection.edges-of-the-window",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-AC-3", "B-AC-4", "B-AC-6", "B-AC-12", "U-3"],
    rule="The first and last number of the window are inside, their neighbours outside, mod 2^32.",
    hint="RCV.NXT =< SEG.SEQ < RCV.NXT + RCV.WND: where is the equals sign, where not?",
    kills=["connection.sequence-not-checked", "connection.unacceptable-not-answered"],
    weight=3,
)
def edges(lab: Lab) -> None:
    peer, app = lab.established(isn=0xFFFFFF00, recv_capacity=1000)
    app.write(b"abc")
    peer.expect(seq=1, data=b"abc")
    for outside in (0, 1001):
        peer.send(seq=outside, ack=4)
        peer.expect(ack=1, length=0, seq=4)
        app.expect(unacknowledged=3)
    peer.send(seq=1000, ack=3)
    app.expect(unacknowledged=1)
    peer.send(seq=1, ack=4)
    app.expect(unacknowledged=0)
    peer.expect_nothing()
    data = lab.bytes(1000)
    peer.send(seq=1000, data=data[999:])
    peer.send(seq=1, data=data[:999])
    peer.snd_nxt = 1001
    peer.expect_ack(1001)
    app.expect_read(data)
