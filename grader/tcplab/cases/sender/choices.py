"""Where the sender has a choice, and where one side's numbers are no news about the other's."""

from __future__ import annotations

from tcplab.case import case
from tcplab.check import expect_true
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


# --- on the wire -----------------------------------------------------------------------------


@case(
    "sender.round-trip-after-a-storm",
    checkpoint=4,
    rfc=["6298 5", "6298 2", "C-RTO-15"],
    rule="After several timeouts the first round trip is one more sample, or, if SRTT was thrown"
    " away, a first one: the RTO is about 2.8 s or 4.8 s then.",
    hint="The backed-off RTO ends with the first clean sample, whichever way you count it.",
    kills=["sender.no-sample-at-all"],
)
def round_trip_after_a_storm(lab: Lab) -> None:
    listener = lab.listen(80)
    peer = lab.peer(port=80)
    peer.send(syn=True)
    peer.expect(syn=True)
    lab.clock.advance(800)
    peer.send()
    app = listener.accept(peer)
    app.write(b"one")
    peer.expect(seq=1, data=b"one")
    lab.clock.advance(800)
    peer.send(ack=4)
    app.write(b"two")
    peer.expect(seq=4, data=b"two")
    for _ in range(3):
        peer.expect(seq=4, data=b"two", within_ms=11_000)
    peer.send(ack=7)
    app.write(b"three")
    peer.expect(seq=7, data=b"three")
    lab.clock.advance(1600)
    peer.send(ack=12)
    app.write(b"four")
    sent = peer.expect(seq=12, data=b"four")
    again = peer.expect(seq=12, data=b"four", within_ms=10_000)
    rto = again.time_ms - sent.time_ms
    fine = 2100 <= rto <= 3500 or 4300 <= rto <= 5300
    expect_true("the RTO", fine, "about 2800 or 4800 ms", f"{rto} ms")
