"""The retransmission timer: RFC 6298, section 5."""

from __future__ import annotations

from tcplab.case import case
from tcplab.lab import Lab

BUILDS_ON = ("sender.syn-then-data",)


@case(
    "sender.rto-doubles",
    checkpoint=4,
    rfc=["6298 5.5", "6298 5.4", "C-RTO-11"],
    rule="Each time the timer runs out the earliest segment is sent again, and the RTO doubles.",
    hint="Three things happen when the timer expires: 5.4, 5.5 and 5.6 of RFC 6298.",
    kills=[
        "sender.no-backoff",
        "sender.sent-again-only-once",
        "sender.timer-starts-before-the-doubling",
    ],
)
def rto_doubles(lab: Lab) -> None:
    sender = lab.sender(rto_initial_ms=1000)
    sender.open()
    sender.write(b"data")
    sender.expect_data(b"data", seq=1)
    for count, rto in enumerate((1000, 2000, 4000), start=1):
        sender.tick(rto - 1)
        sender.expect_nothing()
        sender.tick(1)
        sender.expect_segment(seq=1, data=b"data")
        sender.expect_nothing()
        sender.expect(consecutive=count, rto=2 * rto)


@case(
    "sender.measured-rto-doubles",
    checkpoint=4,
    rfc=["6298 5.5", "C-RTO-11"],
    rule="What doubles is the present RTO, as it follows from the round trips, not the first one.",
    hint="RTO <- RTO * 2: from which variable do you compute it?",
    kills=["sender.doubles-the-first-rto"],
)
def measured_rto_doubles(lab: Lab) -> None:
    sender = lab.sender(rto_initial_ms=1000, rto_min_ms=10)
    sender.expect_segment(syn=True)
    sender.tick(100)
    sender.receive(ack=1, seq=0)
    sender.expect(rto=300)
    sender.write(b"data")
    sender.expect_data(b"data", seq=1)
    for rto in (300, 600, 1200):
        sender.tick(rto)
        sender.expect_segment(seq=1, data=b"data")
        sender.expect(rto=2 * rto)


@case(
    "sender.only-the-earliest-again",
    checkpoint=4,
    rfc=["6298 5.4", "C-RTO-12", "D-SEND-16"],
    rule="When the timer runs out, one segment is sent again, the earliest, not all of them.",
    hint="SND.NXT does not go back. What `next` gives after an expiry is one segment from SND.UNA.",
    kills=["sender.go-back-n"],
)
def only_the_earliest(lab: Lab) -> None:
    data = lab.bytes(5000)
    sender = lab.sender()
    sender.open(mss=1000)
    sender.write(data)
    sender.expect_data(data, seq=1)
    sender.tick(1000)
    sender.expect_segment(seq=1, data=data[:1000])
    sender.expect_nothing()
    sender.expect(in_flight=5000, snd_nxt=5001)


@case(
    "sender.one-expiry-in-a-tick",
    checkpoint=4,
    rfc=["6298 5.6", "C-RTO-11"],
    rule="However long a tick, the timer runs out once in it.",
    hint="An expiry starts the timer anew from now, not from when it should have run out.",
    kills=["sender.expires-in-the-past"],
)
def one_expiry(lab: Lab) -> None:
    sender = lab.sender()
    sender.open()
    sender.write(b"data")
    sender.expect_data(b"data", seq=1)
    sender.tick(100_000)
    sender.expect_segment(seq=1, data=b"data")
    sender.expect_nothing()
    sender.expect(consecutive=1, rto=2000)
    sender.tick(1999)
    sender.expect_nothing()
    sender.tick(1)
    sender.expect_segment(seq=1, data=b"data")


@case(
    "sender.timer-restarts-with-new-acks",
    checkpoint=4,
    rfc=["6298 5.3", "C-RTO-10", "D-SEND-13"],
    rule="An acknowledgment of something new starts the timer anew for what is still in flight.",
    hint="RFC 6298, 5.3: from the moment of the ACK on, one RTO, for everything in flight.",
    kills=["sender.timer-not-restarted-on-ack"],
)
def timer_restarts(lab: Lab) -> None:
    sender = lab.sender(rto_initial_ms=2000, rto_min_ms=2000, nagle=False)
    sender.open()
    sender.write(b"A")
    sender.expect_segment(seq=1, data=b"A")
    sender.tick(600)
    sender.write(b"B")
    sender.expect_segment(seq=2, data=b"B")
    sender.tick(300)
    sender.receive(ack=2, seq=0)
    sender.tick(1999)
    sender.expect_nothing()
    sender.tick(1)
    sender.expect_segment(seq=2, data=b"B")


@case(
    "sender.duplicate-acks-do-not-wind-the-timer",
    checkpoint=4,
    rfc=["6298 5.3", "C-RTO-16", "D-SEND-13"],
    rule="An acknowledgment that acknowledges nothing new does not touch the timer.",
    hint="Else a peer that repeats itself would put the retransmission off for ever.",
    kills=["sender.timer-restarted-by-duplicates"],
)
def duplicates_do_not_wind(lab: Lab) -> None:
    sender = lab.sender()
    sender.open(window=5000)
    sender.write(b"data")
    sender.expect_data(b"data", seq=1)
    for _ in range(3):
        sender.tick(300)
        sender.receive(ack=1, window=5000, seq=0)
        sender.expect_nothing()
    sender.tick(99)
    sender.expect_nothing()
    sender.tick(1)
    sender.expect_segment(seq=1, data=b"data")


@case(
    "sender.all-acked-stops-the-timer",
    checkpoint=4,
    rfc=["6298 5.1", "6298 5.2", "C-RTO-10"],
    rule="With nothing in flight the timer stands still; the next segment starts it from zero.",
    hint="RFC 6298, 5.1 and 5.2. Is the old deadline forgotten when all is acknowledged?",
    kills=["sender.idle-time-counts"],
)
def all_acked(lab: Lab) -> None:
    sender = lab.sender()
    sender.open()
    sender.write(b"one")
    sender.expect_data(b"one", seq=1)
    sender.tick(400)
    sender.receive(ack=4, seq=0)
    sender.tick(59_000)
    sender.expect_nothing()
    sender.expect(consecutive=0)
    sender.write(b"two")
    sender.expect_data(b"two", seq=4)
    sender.tick(999)
    sender.expect_nothing()
    sender.tick(1)
    sender.expect_segment(seq=4, data=b"two")


@case(
    "sender.backoff-has-a-ceiling",
    checkpoint=4,
    rfc=["6298 2.5", "C-RTO-5", "D-SEND-11"],
    rule="The RTO doubles up to its maximum, and stays there however often the timer runs out.",
    hint="What is 1000 doubled forty times, in 32 bits?",
    kills=["sender.rto-without-ceiling"],
)
def backoff_has_ceiling(lab: Lab) -> None:
    sender = lab.sender(rto_max_ms=60_000)
    sender.open()
    sender.write(b"data")
    sender.expect_data(b"data", seq=1)
    for _ in range(40):
        sender.tick(60_000)
        sender.expect_segment(seq=1, data=b"data")
    sender.expect(rto=60_000, consecutive=40)


@case(
    "sender.backed-off-rto-stays",
    checkpoint=4,
    rfc=["6298 5", "C-RTO-14", "D-SEND-10", "E-20"],
    rule="The backed-off RTO stays until a segment that was sent only once is acknowledged.",
    hint="An ACK sets the count of retransmissions back. What sets the RTO back?",
    kills=["sender.rto-reset-by-any-ack", "sender.sample-from-retransmission"],
)
def backed_off_stays(lab: Lab) -> None:
    sender = lab.sender()
    sender.open()
    sender.write(b"one")
    sender.expect_data(b"one", seq=1)
    for rto in (1000, 2000):
        sender.tick(rto)
        sender.expect_segment(seq=1, data=b"one")
    sender.receive(ack=4, seq=0)
    sender.expect(rto=4000, consecutive=0)
    sender.write(b"two")
    sender.expect_data(b"two", seq=4)
    sender.tick(100)
    sender.receive(ack=7, seq=0)
    sender.expect(rto=1000)


@case(
    "sender.same-bytes-again",
    checkpoint=4,
    rfc=["9293 3.4", "C-RTO-18", "D-SEND-17"],
    rule="What is sent again are the bytes that were sent, and not more than those.",
    hint="Bytes written since then stand behind SND.NXT: a retransmission ends there.",
    kills=["sender.retransmission-takes-unsent"],
)
def same_bytes_again(lab: Lab) -> None:
    first, later = lab.bytes(100), lab.bytes(50)
    sender = lab.sender()
    sender.open(mss=200)
    sender.write(first)
    sender.expect_segment(seq=1, data=first)
    sender.write(later)
    sender.expect_nothing()
    sender.tick(1000)
    sender.expect_segment(seq=1, data=first)
    sender.expect_nothing()
    sender.receive(ack=101, seq=0)
    sender.expect_segment(seq=101, data=later)


@case(
    "sender.next-hole-at-once",
    checkpoint=4,
    rfc=["6298 5.4", "9293 3.8.1", "K-SEND-1"],
    rule="After a timeout, an ACK that leaves some of the lost flight open resends what is next.",
    hint="Remember SND.NXT when the timer runs out: below it, each advance uncovers a hole.",
    kills=["sender.holes-wait-for-the-timer", "sender.holes-never-end"],
)
def next_hole(lab: Lab) -> None:
    data = lab.bytes(3000)
    sender = lab.sender()
    sender.open(mss=1000)
    sender.write(data)
    sender.expect_data(data, seq=1)
    sender.tick(1000)
    for at in (1, 1001, 2001):
        sender.expect_segment(seq=at, data=data[at - 1 : at + 999])
        sender.expect_nothing()
        sender.receive(ack=at + 1000, seq=0)
    sender.expect_nothing()
    sender.expect(rto=2000, in_flight=0)
    sender.write(data)
    sender.expect_data(data, seq=3001)
    sender.receive(ack=4001, seq=0)
    sender.expect_nothing()
