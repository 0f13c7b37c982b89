"""Checkpoint 4: the sender."""

from __future__ import annotations

from tcplab.case import case
from tcplab.lab import Lab


@case(
    "sender.syn-then-data",
    checkpoint=4,
    rfc=["9293 3.5", "MUST-61"],
    rule="The SYN goes first and alone; data follows when it is acknowledged, pushed at its end.",
    hint="Until the SYN is acknowledged, `next` has nothing else to give.",
)
def syn_then_data(lab: Lab) -> None:
    sender = lab.sender()
    sender.write(b"hello")
    sender.expect_segment(seq=0, syn=True, data=b"", fin=False)
    sender.expect_nothing()
    sender.expect(in_flight=1, syn_acked=False)
    sender.receive(ack=1, window=1000, seq=0)
    sender.expect_segment(seq=1, data=b"hello", psh=True, syn=False)
    sender.expect(in_flight=5, snd_una=1, snd_nxt=6)


@case(
    "sender.rto-doubles",
    checkpoint=4,
    rfc=["6298 5.5", "6298 5.4"],
    rule="Each time the timer runs out the earliest segment is sent again, and the RTO doubles.",
    hint="Three things happen when the timer expires: 5.4, 5.5 and 5.6 of RFC 6298.",
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
