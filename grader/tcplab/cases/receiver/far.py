"""A stream that is longer than the circle of sequence numbers."""

from __future__ import annotations

from tcplab.case import case
from tcplab.lab import Lab

BUILDS_ON = ("receiver.ack-is-the-next-number-expected",)

_ROUND = 1 << 32


@case(
    "receiver.stream-longer-than-2^32",
    checkpoint=3,
    rfc=["9293 3.4", "9293 3.10.7.4", "U-3", "D-SEQ-11"],
    rule="A stream may be longer than 2^32 bytes: its sequence numbers then come once more, and"
    " stand for new bytes.",
    hint="Of the absolute numbers with the same place on the circle, which one is meant? How large"
    " can it be, and how wide is the variable that holds it?",
    kills=[
        "receiver.unwraps-near-zero",
        "receiver.acceptable-unwraps-near-zero",
        "receiver.right-edge-in-32-bits",
    ],
)
def stream_longer_than_the_circle(lab: Lab) -> None:
    data = lab.bytes(1500)
    receiver = lab.receiver()
    receiver.receive(0, syn=True)
    receiver.send(ack=1)
    here = _ROUND - 1000
    if not receiver.receive_many(1, until=here):
        return
    receiver.send(ack=here, window=65535)
    receiver.receive(here + 800, data[800:])  # on either side of the place where the SYN was
    receiver.send(ack=here, window=65535)
    receiver.receive(here, data[:800])
    receiver.send(ack=here + 1500, window=65535 - 1500)
    receiver.stream.read(2000, gives=data)
    receiver.send(ack=here + 1500, window=65535)
    receiver.acceptable(here + 1500, 1, gives=True)
    receiver.acceptable(here + 1499, 1, gives=False)
    receiver.receive(_ROUND + 1, data[:499])  # where the first bytes of all stood: old once more
    receiver.send(ack=here + 1500)
    receiver.receive(here + 1500, b"end", fin=True)
    receiver.send(ack=here + 1504)
    receiver.stream.read(10, gives=b"end")
    receiver.stream.expect(closed=True, total_read=here - 1 + 1503)
