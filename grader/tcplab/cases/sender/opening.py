"""The SYN: it goes first, alone, and again until it is acknowledged."""

from __future__ import annotations

from tcplab.case import case
from tcplab.lab import Lab

BUILDS_ON = ("sender.syn-then-data",)


@case(
    "sender.syn-then-data",
    checkpoint=4,
    rfc=["9293 3.5", "MUST-61"],
    rule="The SYN goes first and alone; data follows when it is acknowledged, pushed at its end.",
    hint="Until the SYN is acknowledged, `next` has nothing else to give. Behind it, PSH is for "
    "the segment that takes the last byte queued: the receiving side need not wait for more.",
    kills=["sender.push-never-set"],
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
    "sender.syn-again-and-nothing-else",
    checkpoint=4,
    rfc=["9293 3.4", "6298 5.4", "D-SEND-8", "D-SEND-38"],
    rule="When the timer runs out before the SYN is acknowledged, the SYN is sent again, no data.",
    hint="What stands at SND.UNA as long as the SYN is not acknowledged? It is no byte.",
    kills=["sender.syn-resent-as-data", "sender.message-without-ack-taken"],
)
def syn_again(lab: Lab) -> None:
    sender = lab.sender()
    sender.write(b"hello")
    sender.expect_segment(seq=0, syn=True)
    sender.receive(ack=None, window=5000, seq=0)
    sender.expect_nothing()
    sender.tick(1000)
    sender.expect_segment(seq=0, syn=True, data=b"")
    sender.expect_nothing()
    sender.expect(in_flight=1, consecutive=1, syn_acked=False)
    sender.receive(ack=1, window=5000, seq=0)
    sender.expect_segment(seq=1, data=b"hello", syn=False)


@case(
    "sender.first-window-counts",
    checkpoint=4,
    rfc=["9293 3.10.7.3", "C-WIN-4"],
    rule="The window that comes with the acknowledgment of the SYN is in force at once.",
    hint="Is SND.WND set from the message that acknowledges the SYN, before data is sent?",
    kills=["sender.window-not-obeyed"],
)
def first_window_counts(lab: Lab) -> None:
    sender = lab.sender()
    sender.open(window=3)
    sender.write(b"abcde")
    sender.expect_segment(seq=1, data=b"abc")
    sender.expect_nothing()
    sender.receive(ack=4, window=3, seq=0)
    sender.expect_segment(seq=4, data=b"de")
