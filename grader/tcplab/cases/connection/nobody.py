"""CLOSED and LISTEN: segments that belong to no connection (RFC 9293, 3.10.7.1 and 3.10.7.2)."""

from __future__ import annotations

from tcplab.case import case
from tcplab.lab import Lab

BUILDS_ON = ("segment.fields-in-their-places",)


@case(
    "connection.closed-port-refuses",
    checkpoint=5,
    rfc=["9293 3.10.7.1", "B-CL-2", "U-6"],
    rule="Who knocks at a port where nobody listens is told so, by a reset that covers the knock.",
    hint="SYN, FIN and bytes count in SEG.LEN: ACK = SEG.SEQ + SEG.LEN.",
    kills=["connection.closed-length-without-flags", "connection.closed-ports-not-swapped"],
    weight=3,
)
def closed_port_refuses(lab: Lab) -> None:
    for fields, ack in (
        ({"syn": True}, 1),
        ({"syn": True, "data": b"12345"}, 6),
        ({"fin": True}, 1),
        ({}, 0),
    ):
        peer = lab.peer(port=81)
        peer.send(seq=0, **fields)  # type: ignore[arg-type]
        peer.expect_reset(seq=0, ack=ack)
        peer.expect_nothing(for_ms=0)


@case(
    "connection.closed-port-and-acks",
    checkpoint=5,
    rfc=["9293 3.10.7.1", "B-CL-3", "B-SC-17"],
    rule="An ACK for a connection that does not exist is reset where its sender will believe it.",
    hint="SEQ=SEG.ACK is what that sender expects next, so the reset is exact for it.",
    kills=["connection.closed-reset-wrong-seq"],
    weight=2,
)
def closed_port_and_acks(lab: Lab) -> None:
    for fields in ({}, {"data": b"lost"}, {"syn": True}, {"fin": True}):
        peer = lab.peer(port=81)
        peer.send(seq=7, ack=0x12345678, **fields)  # type: ignore[arg-type]
        peer.expect_reset(seq=0x12345678, ack=None)


@case(
    "connection.closed-port-and-resets",
    checkpoint=5,
    rfc=["9293 3.10.7.1", "B-CL-1", "U-10", "D-CONN-9"],
    rule="A reset for nobody is dropped.",
    hint="The first question to any segment in CLOSED: is it a reset?",
    kills=["connection.reset-answers-reset"],
)
def closed_port_and_resets(lab: Lab) -> None:
    peer = lab.peer(port=81)
    peer.send(rst=True)
    peer.send(rst=True, ack=5)
    peer.expect_nothing()
    peer.send(syn=True)
    peer.expect_reset(ack=1)


@case(
    "connection.listener-and-resets",
    checkpoint=5,
    rfc=["9293 3.10.7.2", "B-LI-1", "D-CONN-11"],
    rule="A listener ignores resets, with whatever other flags they come.",
    hint="LISTEN, first check.",
    kills=["connection.listen-rst-answered"],
    weight=2,
)
def listener_and_resets(lab: Lab) -> None:
    lab.listen(80)
    peer = lab.peer(port=80)
    peer.send(rst=True)
    peer.send(rst=True, ack=77)
    peer.send(rst=True, syn=True)
    peer.expect_nothing()
    peer.send(syn=True)
    peer.expect(syn=True, ack=1)


@case(
    "connection.listener-and-acks",
    checkpoint=5,
    rfc=["9293 3.10.7.2", "B-LI-2", "B-LI-3", "B-SC-18", "D-CONN-11"],
    rule="A listener has sent nothing, so every ACK is wrong: it is reset, and listening goes on.",
    hint="LISTEN, second check: before the SYN is looked at. SYN+ACK is an ACK too.",
    kills=["connection.listen-takes-syn-ack", "connection.listen-resets-at-zero"],
    weight=3,
)
def listener_and_acks(lab: Lab) -> None:
    listener = lab.listen(80)
    for fields in ({}, {"data": b"stray"}, {"fin": True}, {"syn": True}):
        stray = lab.peer(port=80)
        stray.send(seq=7, ack=0x12345678, **fields)  # type: ignore[arg-type]
        stray.expect_reset(seq=0x12345678, ack=None)
    listener.expect_no_connection()
    peer = lab.peer(port=80)
    peer.handshake()
    listener.accept(peer)


@case(
    "connection.listener-and-the-rest",
    checkpoint=5,
    rfc=["9293 3.10.7.2", "B-LI-7"],
    rule="Without SYN, ACK or RST a segment says nothing to a listener: it is dropped.",
    hint="LISTEN, fourth: any other control or data.",
    kills=["connection.listen-takes-anything"],
)
def listener_and_the_rest(lab: Lab) -> None:
    listener = lab.listen(80)
    peer = lab.peer(port=80)
    for fields in ({}, {"fin": True}, {"data": b"hello?"}):
        peer.send(seq=0, ack=None, **fields)  # type: ignore[arg-type]
        peer.expect_nothing(for_ms=0)
    peer.expect_nothing()
    listener.expect_no_connection()
    peer.restart()
    peer.handshake()
    listener.accept(peer)


@case(
    "connection.syn-with-data",
    checkpoint=5,
    rfc=["9293 3.10.7.2", "B-LI-5", "U-5", "E-22"],
    rule="Data on a SYN is not for the application before the handshake is complete.",
    hint="Keep it or drop it; the acknowledgment tells the peer which. Never deliver it early.",
    kills=["connection.readable-before-established"],
    weight=2,
)
def syn_with_data(lab: Lab) -> None:
    listener = lab.listen(80)
    peer = lab.peer(port=80)
    peer.send(syn=True, data=b"early")
    answer = peer.expect(syn=True, has_ack=True, rst=False)
    kept = (answer.ack - peer.iss) % (1 << 32) - 1
    listener.expect_no_connection()
    peer.send(seq=1 + kept, data=b"early"[kept:])
    if kept < 5:
        peer.expect_ack(6)
    listener.accept(peer).expect_read(b"early")


@case(
    "connection.syn-with-fin",
    checkpoint=5,
    rfc=["9293 3.10.7.2", "B-LI-6", "E-22"],
    rule="A FIN on a SYN makes no connection that is half closed before it is open.",
    hint="Take the SYN, leave the FIN: unacknowledged, it will come again.",
    kills=["connection.not-answering-syn"],
)
def syn_with_fin(lab: Lab) -> None:
    listener = lab.listen(80)
    odd = lab.peer(port=80)
    odd.send(syn=True, fin=True)
    listener.expect_no_connection()
    peer = lab.peer(port=80)
    peer.handshake()
    app = listener.accept(peer)
    app.expect(eof=False)
    peer.probe_alive()


@case(
    "connection.syn-with-fin-goes-on",
    checkpoint=5,
    rfc=["9293 3.10.7.2", "B-LI-6", "E-22"],
    rule="Who sends SYN and FIN together is served, or has to send the SYN again alone; and then"
    " the connection ends as any other.",
    hint="If you take the FIN with the SYN, who leads the connection to CLOSE-WAIT?",
    kills=["connection.not-answering-syn"],
)
def syn_with_fin_goes_on(lab: Lab) -> None:
    listener = lab.listen(80)
    peer = lab.peer(port=80)
    peer.send(syn=True, fin=True)
    peer.expect_perhaps(syn=True, seq=0, has_ack=True)
    if peer.dut_iss is None:  # dropped, as hardened stacks do (E-22)
        peer.send(syn=True, seq=0)
    answer = peer.expect(syn=True, seq=0, has_ack=True)
    peer.snd_nxt = (answer.ack - peer.iss) % (1 << 32)
    peer.send(ack=1)
    app = listener.accept(peer)
    if peer.snd_nxt == 1:
        peer.send(fin=True)
        peer.expect_ack(2)
    app.expect_eof()
    app.close()
    peer.expect_fin(acknowledge=True)
    app.expect_state("CLOSED")


@case(
    "connection.closed-listener-refuses",
    checkpoint=5,
    rfc=["9293 3.10.4", "B-SC-11"],
    rule="When the application stops listening, the port is closed.",
    hint="A connection in LISTEN that is closed leaves nothing behind.",
    kills=["connection.closed-length-without-flags"],
)
def closed_listener(lab: Lab) -> None:
    listener = lab.listen(80)
    with lab.precondition("a first connection"):
        lab.peer(port=80).handshake()
        listener.accept()
    listener.close()
    peer = lab.peer(port=80)
    peer.send(syn=True)
    peer.expect_reset(seq=0, ack=1)
