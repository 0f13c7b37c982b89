"""Where the sender has a choice, and where one side's numbers are no news about the other's."""

from __future__ import annotations

from tcplab.case import case
from tcplab.lab import Lab

BUILDS_ON = ("sender.syn-then-data",)


@case(
    "sender.first-window-from-{where}",
    checkpoint=4,
    rfc=["9293 3.3.1", "9293 3.10.7.3", "D-SEQ-10", "C-WIN-4"],
    rule="The first window counts, wherever the peer's numbers lie: SND.WL1 is a number of the"
    " peer's, and has nothing to do with ours.",
    hint="What does SND.WL1 hold before the first window, and with what is it compared?",
    each=[
        {"where": "far-ahead", "isn": 5, "seq": 0x90000000},
        {"where": "behind", "isn": 0x90000000, "seq": 0x80000000},
        {"where": "the-same-place", "isn": 77, "seq": 77},
    ],
    kills=["sender.window-guard-from-our-isn"],
)
def first_window_from(lab: Lab, where: str, isn: int, seq: int) -> None:
    data = lab.bytes(300)
    sender = lab.sender(isn=isn)
    sender.expect_segment(seq=0, syn=True)
    sender.receive(ack=1, window=100, seq=seq)
    sender.write(data)
    sender.expect_segment(seq=1, data=data[:100])
    sender.receive(ack=101, window=200, seq=seq + 1)
    sender.expect_segment(seq=101, data=data[100:])
