"""SYN-RECEIVED, where it differs from the states behind it (RFC 9293, 3.10.7.4)."""

from __future__ import annotations

from tcplab.app import App
from tcplab.case import case
from tcplab.cases.connection.states import reach
from tcplab.lab import Lab
from tcplab.peer import Peer

BUILDS_ON = ("connection.three-way-handshake",)


def _both_opened(lab: Lab) -> tuple[Peer, App]:
    """SYN-RECEIVED with an active open behind it: both SYNs have crossed."""
    with lab.precondition("the crossing of two SYNs"):
        app = lab.connect(7)
        peer = lab.peer_of(app)
        peer.expect(syn=True, has_ack=False)
        peer.send(syn=True)
        peer.expect(syn=True, ack=1)
        app.expect_state("SYN-RECEIVED")
        return peer, app


@case(
    "connection.syn-received-wrong-acks",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-SR-9", "B-SR-10", "U-7", "U-23", "D-CONN-17", "E-14"],
    rule="An ACK of anything but our SYN does not complete the handshake: it is reset.",
    hint="SND.UNA < SEG.ACK =< SND.NXT. RFC 793 allowed equality on the left; that was an error.",
    kills=["connection.syn-received-any-ack", "connection.syn-received-old-ack-completes"],
    weight=3,
)
def wrong_acks(lab: Lab) -> None:
    listener = lab.listen(80)
    peer = lab.peer(port=80)
    with lab.precondition("the SYN+ACK"):
        peer.send(syn=True)
        peer.expect(syn=True, ack=1)
    for ack in (0, 2, 1000, -1):
        peer.send(ack=ack)
        peer.expect_reset(seq=ack, ack=None)
    listener.expect_no_connection()
    peer.send(ack=1)
    listener.accept(peer).expect_state("ESTABLISHED")


@case(
    "connection.syn-received-reset-goes-back-to-listen",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-SR-3", "MUST-11"],
    rule="A listener's connection that is reset before it is open was never there.",
    hint="Was the OPEN passive? Then back to LISTEN, without a word to the application.",
    kills=["connection.syn-received-ignores-reset"],
    weight=2,
)
def back_to_listen(lab: Lab) -> None:
    stage = reach(lab, "syn-received")
    stage.send(rst=True)
    stage.peer.expect_nothing()
    stage.peer.send(ack=1)
    stage.peer.expect_reset(seq=1, ack=None)
    stage.peer.restart()
    stage.peer.send(syn=True)
    stage.peer.expect(syn=True, ack=1)


@case(
    "connection.syn-received-reset-refuses-an-open",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-SR-3", "MUST-11"],
    rule="A reset before the connection is open tells an application that opened it: refused.",
    hint="The same reset, but the OPEN was active: CLOSED.",
    kills=["connection.active-open-goes-to-listen", "connection.crossed-refusal-not-told"],
    weight=2,
)
def refuses_open(lab: Lab) -> None:
    peer, app = _both_opened(lab)
    peer.send(rst=True)
    peer.expect_nothing()
    app.expect_state("CLOSED")
    app.expect_error("refused")
    peer.restart()
    peer.send(syn=True)
    peer.expect_reset(ack=1)


@case(
    "connection.syn-received-another-syn",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-SR-5"],
    rule="A new SYN before the handshake is complete ends the old attempt; the next one is served.",
    hint="Fourth check, passive OPEN: back to LISTEN. An ACK or a reset is as good.",
    kills=["connection.not-answering-syn"],
)
def another_syn(lab: Lab) -> None:
    stage = reach(lab, "syn-received")
    stage.send_unchanged(syn=True, seq=stage.rcv_nxt + 1)
    stage.peer.inbox.clear()
    stage.send(rst=True, seq=1)
    stage.peer.restart()
    stage.peer.send(syn=True)
    stage.peer.expect(syn=True, ack=1)


@case(
    "connection.syn-received-another-syn-after-open",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-SR-5"],
    rule="Where our own application opened, a second SYN gets a challenge ACK.",
    hint="Fourth check, in SYN-RECEIVED: the way back to LISTEN is for passive OPENs only.",
    kills=["connection.active-open-goes-to-listen"],
)
def another_syn_active(lab: Lab) -> None:
    peer, app = _both_opened(lab)
    peer.send(syn=True, seq=5)
    peer.snd_nxt = 1
    peer.expect(seq=1, ack=1, length=0, syn=False, rst=False)
    peer.send()
    app.expect_state("ESTABLISHED")


@case(
    "connection.syn-received-text-without-ack",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-SR-7"],
    rule="Text without the ACK flag does not complete the handshake.",
    hint="Fifth check, first sentence: drop it.",
    kills=["connection.handshake-without-ack"],
)
def text_without_ack(lab: Lab) -> None:
    stage = reach(lab, "syn-received")
    stage.peer.send(data=b"data", ack=None)
    stage.peer.expect_nothing()
    stage.peer.send(data=b"data", ack=1)
    stage.peer.expect_ack(5)


@case(
    "connection.syn-received-fin-behind-a-gap",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-SR-20", "D-REAS-8"],
    rule="A FIN behind a gap completes the handshake with its ACK, but ends nothing yet.",
    hint="The fifth check looks at the ACK, the eighth at the place where the FIN stands.",
    kills=["connection.fin-bit-is-the-end"],
)
def fin_behind_gap(lab: Lab) -> None:
    listener = lab.listen(80)
    peer = lab.peer(port=80)
    peer.send(syn=True)
    peer.expect(syn=True, ack=1)
    peer.send(seq=5, fin=True, ack=1)
    app = listener.accept(peer)
    app.expect_state("ESTABLISHED")
    peer.send(data=b"gap.")
    peer.send(seq=5, fin=True)
    peer.expect_ack(6)
    app.expect_read(b"gap.")
    app.expect_eof()


@case(
    "connection.close-in-syn-received",
    checkpoint=5,
    rfc=["9293 3.10.4", "B-SC-10", "D-CONN-28"],
    rule="CLOSE during the handshake waits for it: the FIN comes after our SYN is acknowledged.",
    hint="The ACK of our SYN is not the ACK of our FIN. Which numbers do the two have?",
    kills=["connection.queued-close-forgotten"],
    weight=3,
)
def close_in_syn_received(lab: Lab) -> None:
    peer, app = _both_opened(lab)
    app.close()
    peer.expect_nothing()
    peer.send(ack=1)
    peer.expect(fin=True, seq=1, length=0, ack=1)
    app.expect_state("FIN-WAIT-1")
    peer.send(ack=2)
    app.expect_state("FIN-WAIT-2")
