"""The FIN: behind the last byte, with a number of its own, and sent again until acknowledged."""

from __future__ import annotations

from tcplab.case import case
from tcplab.lab import Lab

BUILDS_ON = ("sender.syn-then-data",)


@case(
    "sender.fin-has-a-number",
    checkpoint=4,
    rfc=["9293 3.4", "U-4", "D-SEND-5", "D-SEND-6"],
    rule="The FIN takes one number: acknowledging the last byte leaves it open, and it is resent.",
    hint="Where is the FIN when it has been sent? One below SND.NXT, and it stays there.",
    kills=["sender.fin-acked-one-too-low", "sender.fin-not-resent", "sender.fin-one-too-high"],
)
def fin_has_a_number(lab: Lab) -> None:
    sender = lab.sender()
    sender.open()
    sender.write(b"bye")
    sender.expect_segment(seq=1, data=b"bye", fin=False)
    sender.close()
    sender.expect_segment(seq=4, length=0, fin=True)
    sender.expect_nothing()
    sender.expect(in_flight=4, snd_nxt=5, fin_acked=False)
    sender.receive(ack=4, seq=0)
    sender.expect(in_flight=1, fin_acked=False)
    sender.tick(1000)
    sender.expect_segment(seq=4, length=0, fin=True)
    sender.receive(ack=5, seq=0)
    sender.expect(in_flight=0, fin_acked=True, snd_una=5)
    sender.tick(60_000)
    sender.expect_nothing()


@case(
    "sender.bytes-and-fin-acknowledged-together",
    checkpoint=4,
    rfc=["9293 3.4", "D-SEND-3"],
    rule="One acknowledgment may cover the last bytes and the FIN: the FIN is no byte to pop.",
    hint="Newly acknowledged numbers, less the FIN, is what leaves the stream.",
    kills=["sender.fin-popped-as-byte"],
)
def bytes_and_fin(lab: Lab) -> None:
    sender = lab.sender()
    sender.open()
    sender.write(b"bye")
    sender.expect_segment(seq=1, data=b"bye")
    sender.close()
    sender.expect_segment(seq=4, fin=True)
    sender.receive(ack=5, seq=0)
    sender.expect(in_flight=0, fin_acked=True)
    sender.stream.expect(buffered=0, total_read=3, finished=True)


@case(
    "sender.fin-waits-for-data-and-window",
    checkpoint=4,
    rfc=["9293 3.10.4", "B-SC-9", "D-SEND-2", "D-SEND-4"],
    rule="The FIN follows the last byte, and needs one sequence number of window as a byte does.",
    hint="Three conditions: the stream is closed, all of it is sent, there is room for one more.",
    kills=[
        "sender.fin-before-the-data",
        "sender.fin-needs-no-window",
        "sender.fin-acked-when-nothing-is-in-flight",
    ],
)
def fin_waits(lab: Lab) -> None:
    data = lab.bytes(2000)
    sender = lab.sender()
    sender.open(mss=1000, window=1000)
    sender.write(data)
    sender.close()
    sender.expect_segment(seq=1, data=data[:1000], fin=False)
    sender.expect_nothing()
    sender.receive(ack=1001, window=1000, seq=0)
    sender.expect(fin_acked=False)
    sender.expect_segment(seq=1001, data=data[1000:], fin=False)
    sender.expect_nothing()
    sender.receive(ack=2001, window=1, seq=0)
    sender.expect(fin_acked=False)
    sender.expect_segment(seq=2001, length=0, fin=True)
    sender.receive(ack=2002, window=1, seq=0)
    sender.expect(fin_acked=True)


@case(
    "sender.nothing-but-a-fin",
    checkpoint=4,
    rfc=["9293 3.6", "9293 3.10.4", "U-4", "D-SEND-4"],
    rule="A stream that is closed before anything was written is a SYN and a FIN.",
    hint="The FIN of an empty stream has the number after the SYN's; it still waits for its ACK.",
    kills=["sender.fin-not-waiting"],
)
def nothing_but_fin(lab: Lab) -> None:
    sender = lab.sender()
    sender.close()
    sender.expect_segment(seq=0, syn=True, fin=False)
    sender.expect_nothing()
    sender.receive(ack=1, seq=0)
    sender.expect_segment(seq=1, length=0, syn=False, fin=True)
    sender.expect_nothing()
    sender.receive(ack=2, seq=0)
    sender.expect(in_flight=0, fin_acked=True)
