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


# --- on the wire -----------------------------------------------------------------------------


@case(
    "sender.close-delivers-everything-first",
    checkpoint=4,
    rfc=["9293 3.6", "U-11", "B-SC-9", "D-SEND-4", "D-SEND-2"],
    rule="CLOSE means: no more to send after this. All that was written comes before the FIN.",
    hint="The FIN has the number behind the last byte, so it cannot leave before that byte.",
    kills=["sender.fin-before-the-data"],
    weight=2,
)
def close_delivers(lab: Lab) -> None:
    peer, app = lab.established(mss=1000, window=1000)
    data = lab.bytes(5000)
    app.write(data)
    app.close()
    peer.expect_data(data)
    peer.expect_fin(within_ms=2000, acknowledge=True)
    app.expect_state("FIN-WAIT-2")


@case(
    "sender.lost-fin",
    checkpoint=4,
    rfc=["9293 3.6", "B-SC-7", "C-RTO-19", "D-SEND-5", "D-SEND-6", "D-SEND-7"],
    rule="A FIN that is not acknowledged is sent again, at its own number, until it is.",
    hint="Only an acknowledgment of the FIN's number plus one covers it.",
    kills=["sender.fin-not-resent", "sender.fin-one-too-high", "sender.fin-acked-one-too-low"],
    weight=2,
)
def lost_fin(lab: Lab) -> None:
    peer, app = lab.established()
    app.close()
    peer.expect(fin=True, seq=1, length=0)
    peer.expect(fin=True, seq=1, length=0, not_before_ms=800, within_ms=1200)
    peer.send(ack=1)
    app.expect_state("FIN-WAIT-1")
    peer.expect(fin=True, seq=1, length=0, not_before_ms=1600, within_ms=2400)
    peer.send(ack=2)
    peer.expect_nothing(for_ms=20_000)
    app.expect_state("FIN-WAIT-2")


@case(
    "sender.data-before-the-lost-fin",
    checkpoint=4,
    rfc=["9293 3.8.1", "C-RTO-19", "B-F1-8"],
    rule="If data and FIN are lost, the data is sent again first.",
    hint="The earliest number that is not acknowledged is the one to send again.",
    kills=["sender.fin-resent-before-data"],
)
def data_before_lost_fin(lab: Lab) -> None:
    peer, app = lab.established(mss=1000)
    data = lab.bytes(2000)
    app.write(data)
    app.close()
    peer.expect_data(data, acknowledge=False)
    peer.expect_fin()
    peer.send(ack=1001)
    peer.expect(seq=1001, length=lambda n: n > 0, within_ms=2000)
    peer.send(ack=2001)
    peer.expect(fin=True, seq=2001, length=0, within_ms=6000)
    peer.send(ack=2002)
    app.expect_state("FIN-WAIT-2")
