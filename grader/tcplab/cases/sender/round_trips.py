"""The round-trip time, and the RTO that follows from it: RFC 6298, sections 2 and 3."""

from __future__ import annotations

from tcplab.case import case
from tcplab.lab import Lab

BUILDS_ON = ("sender.syn-then-data",)


@case(
    "sender.first-sample-of-{rtt}-ms",
    checkpoint=4,
    rfc=["6298 2.2", "C-RTO-2", "D-SEND-15", "MUST-18"],
    rule="After a first round trip of {rtt} ms the RTO is R + 4 * R/2, which is {rto} ms.",
    hint="SRTT = R, RTTVAR = R/2, RTO = SRTT + 4 * RTTVAR.",
    each=[{"rtt": 800, "rto": 2400}, {"rtt": 5000, "rto": 15_000}],
    kills=["sender.first-rttvar-wrong", "sender.no-sample-at-all"],
)
def first_sample(lab: Lab, rtt: int, rto: int) -> None:
    sender = lab.sender(rto_initial_ms=50_000)
    sender.expect_segment(syn=True)
    sender.tick(rtt)
    sender.receive(ack=1, seq=0)
    sender.expect(rto=rto)


@case(
    "sender.rto-has-a-floor-and-a-ceiling",
    checkpoint=4,
    rfc=["6298 2.4", "6298 2.5", "C-RTO-4", "C-RTO-5"],
    rule="However short or long the round trip, the RTO stays between its minimum and maximum.",
    hint="Clamp after the formula, not before.",
    kills=["sender.rto-without-floor", "sender.sample-above-the-ceiling"],
)
def floor_and_ceiling(lab: Lab) -> None:
    for rtt, rto in ((100, 1000), (30_000, 60_000)):
        sender = lab.sender(rto_initial_ms=50_000, rto_min_ms=1000, rto_max_ms=60_000)
        sender.expect_segment(syn=True)
        sender.tick(rtt)
        sender.receive(ack=1, seq=0)
        sender.expect(rto=rto)


@case(
    "sender.second-sample",
    checkpoint=4,
    rfc=["6298 2.3", "C-RTO-3", "D-SEND-15"],
    rule="A later sample moves RTTVAR by 1/4 and SRTT by 1/8: 800 ms, then 1600 ms give 2900 ms.",
    hint="RTTVAR is computed from the old SRTT: which of the two lines comes first?",
    kills=[
        "sender.srtt-before-rttvar",
        "sender.alpha-and-beta-swapped",
        "sender.weights-of-whole-numbers",
    ],
)
def second_sample(lab: Lab) -> None:
    sender = lab.sender(rto_min_ms=10)  # a small floor hides nothing
    sender.expect_segment(syn=True)
    sender.tick(800)
    sender.receive(ack=1, seq=0)
    sender.expect(rto=2400)
    sender.write(b"data")
    sender.expect_data(b"data", seq=1)
    sender.tick(1600)
    sender.receive(ack=5, seq=0)
    sender.expect(rto=2900)


@case(
    "sender.steady-round-trips-calm-down",
    checkpoint=4,
    rfc=["6298 2.3", "6298 2.4", "C-RTO-7"],
    rule="While the round-trip time stays at 0.8 s, its variation shrinks by a quarter each time.",
    hint="RTTVAR = 3/4 * RTTVAR + 1/4 * |SRTT - R|. What is the deviation if nothing changes?",
    kills=["sender.alpha-and-beta-swapped", "sender.one-sample-only"],
)
def calm_down(lab: Lab) -> None:
    sender = lab.sender(rto_min_ms=1)
    sender.expect_segment(syn=True)
    sender.tick(800)
    sender.receive(ack=1, seq=0)
    sender.expect(rto=800 + 4 * 400)
    for at, rttvar in ((1, 300), (2, 225)):  # a clock of 0.1 s can say each of these, too
        sender.write(b"x")
        sender.expect_segment(seq=at, data=b"x")
        sender.tick(800)
        sender.receive(ack=at + 1, seq=0)
        sender.expect(rto=800 + 4 * rttvar)


@case(
    "sender.rto-above-the-round-trip",
    checkpoint=4,
    rfc=["6298 2.3", "6298 4", "C-RTO-8"],
    rule="However steady the round-trip time, the RTO stays a little above it.",
    hint="G, the granularity of the clock, stands in for a variation that has become zero.",
    kills=["sender.rto-without-variation"],
)
def above_the_round_trip(lab: Lab) -> None:
    sender = lab.sender(rto_min_ms=1)
    sender.expect_segment(syn=True)
    sender.tick(400)
    sender.receive(ack=1, seq=0)
    for at in range(1, 25):
        sender.write(b"x")
        sender.expect_segment(seq=at, data=b"x")
        sender.tick(400)
        sender.expect_nothing()
        sender.receive(ack=at + 1, seq=0)


@case(
    "sender.no-sample-from-what-was-sent-twice",
    checkpoint=4,
    rfc=["6298 3", "C-RTO-6", "D-SEND-14", "MUST-18"],
    rule="The ACK of a segment that was sent twice may be for either: it is no sample (Karn).",
    hint="When something is sent again, forget that you are timing it.",
    kills=["sender.sample-from-retransmission"],
)
def karn(lab: Lab) -> None:
    sender = lab.sender()
    sender.open()
    sender.write(b"data")
    sender.expect_data(b"data", seq=1)
    sender.tick(1000)
    sender.expect_segment(seq=1, data=b"data")
    sender.tick(900)
    sender.receive(ack=5, seq=0)
    sender.expect(rto=2000, consecutive=0)
