"""A stream that is longer than the circle of sequence numbers."""

from __future__ import annotations

from tcplab.case import case
from tcplab.lab import Lab

BUILDS_ON = ("sender.syn-then-data",)

_ROUND = 1 << 32


@case(
    "sender.stream-longer-than-2^32",
    checkpoint=4,
    rfc=["9293 3.4", "9293 3.10.7.4", "U-3", "D-SEQ-11"],
    rule="A stream may be longer than 2^32 bytes: its sequence numbers then come once more, and are"
    " acknowledged once more.",
    hint="Of the absolute numbers with the same place on the circle, which one is acknowledged? How"
    " large can it be, and how wide is the variable that holds it?",
    kills=["sender.unwraps-near-zero", "sender.snd-una-in-32-bits", "sender.snd-nxt-in-32-bits"],
)
def stream_longer_than_the_circle(lab: Lab) -> None:
    data = lab.bytes(1500)
    sender = lab.sender(mss=60_000)
    sender.open(mss=60_000)
    here = _ROUND - 1000
    if not sender.write_many(1, until=here):
        return
    sender.expect(in_flight=0, snd_una=here, snd_nxt=here)
    sender.set_mss(800)
    sender.set_nagle(False)
    sender.write(data)
    sender.expect_data(data, seq=here)
    sender.receive(ack=here + 800, window=2000, seq=0)
    sender.receive(ack=here - 1, window=500, seq=0)  # an old one: it changes nothing
    sender.expect(in_flight=700, snd_una=here + 800, snd_nxt=here + 1500)
    sender.tick(60_000)
    sender.expect_segment(seq=here + 800, begins=data[800:])
    sender.receive(ack=here + 1500, window=2000, seq=0)
    sender.close()
    sender.expect_segment(seq=here + 1500, length=0, fin=True)
    sender.receive(ack=here + 1501, window=2000, seq=0)
    sender.expect(in_flight=0, fin_acked=True)
