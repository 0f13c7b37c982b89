"""Checkpoint 5: the connection, on the wire."""

from __future__ import annotations

from tcplab.case import case
from tcplab.lab import Lab


@case(
    "connection.syn-is-answered",
    checkpoint=5,
    rfc=["9293 3.10.7.2", "U-23"],
    rule="A listener answers a SYN with SYN+ACK, which acknowledges the number after the SYN.",
    hint="RCV.NXT is SEG.SEQ + 1: the SYN takes one sequence number.",
)
def syn_is_answered(lab: Lab) -> None:
    listener = lab.listen(80)
    peer = lab.peer(port=80)
    peer.send(syn=True)
    peer.expect(syn=True, has_ack=True, ack=1, rst=False, length=0)
    peer.send()
    peer.expect_nothing()
    app = listener.accept(peer)
    app.expect_state("ESTABLISHED")


@case(
    "connection.fin-is-acknowledged",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "U-4"],
    rule="A FIN takes one sequence number: it is acknowledged by its own number plus one.",
    hint="Where do you advance RCV.NXT over the FIN?",
)
def fin_is_acknowledged(lab: Lab) -> None:
    peer, app = lab.established()
    peer.send(fin=True)
    peer.expect_ack(2)
    app.expect_eof()
    app.expect_state("CLOSE-WAIT")


@case(
    "connection.data-both-ways",
    checkpoint=5,
    rfc=["9293 2.2", "MUST-2"],
    rule="What one side writes the other side reads, in order and unchanged.",
    hint="Does the checksum cover the payload?",
)
def data_both_ways(lab: Lab) -> None:
    peer, app = lab.established()
    question, answer = lab.bytes(1001), lab.bytes(5000)
    peer.send(data=question)
    peer.expect_ack()
    app.expect_read(question)
    app.write(answer)
    peer.expect_data(answer)
    peer.probe_alive()
    app.expect_read(b"!")


@case(
    "connection.reset-must-be-exact",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "U-15"],
    rule="A reset inside the window but not at RCV.NXT is answered with an ACK, and does no harm.",
    hint="RFC 9293, 3.10.7.4, second check: three cases, by where the sequence number lies.",
)
def reset_must_be_exact(lab: Lab) -> None:
    peer, app = lab.established()
    peer.send(rst=True, seq=peer.snd_nxt + 1)
    peer.expect(ack=1, rst=False, syn=False, length=0)
    peer.probe_alive()
    peer.send(rst=True)
    peer.expect_nothing()
    app.expect_error("reset")
