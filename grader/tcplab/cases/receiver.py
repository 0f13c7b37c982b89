"""Checkpoint 3: the receiver."""

from __future__ import annotations

from tcplab.case import case
from tcplab.lab import Lab


@case(
    "receiver.ack-is-the-next-number-expected",
    checkpoint=3,
    rfc=["9293 3.4", "U-4"],
    rule="The acknowledgment is the first number not yet received in order; SYN and FIN count one.",
    hint="ack = 1 for the SYN, plus the bytes in the stream, plus 1 once the FIN is in order.",
)
def ack_is_next(lab: Lab) -> None:
    receiver = lab.receiver(recv_capacity=4000)
    receiver.send_without_ack(window=4000)
    receiver.receive(0, syn=True)
    receiver.send(ack=1, window=4000)
    receiver.receive(1, b"hello")
    receiver.send(ack=6)
    receiver.stream.read(10, gives=b"hello")
    receiver.receive(6, b"bye", fin=True)
    receiver.send(ack=10)
    receiver.stream.expect(closed=True)


@case(
    "receiver.fin-before-its-data",
    checkpoint=3,
    rfc=["9293 3.10.7.4", "SHLD-31"],
    rule="A FIN counts only when every byte before it has arrived.",
    hint="Who knows where the stream ends? Give the FIN to the reassembler, as `is_last`.",
)
def fin_before_its_data(lab: Lab) -> None:
    receiver = lab.receiver(recv_capacity=4000)
    receiver.receive(0, syn=True)
    receiver.receive(4, b"", fin=True)
    receiver.send(ack=1)
    receiver.stream.expect(closed=False)
    receiver.receive(1, b"abc")
    receiver.send(ack=5)
    receiver.stream.expect(closed=True)
