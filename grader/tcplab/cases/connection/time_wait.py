"""TIME-WAIT: RFC 9293, 3.6.1 and 3.10.8."""

from __future__ import annotations

from tcplab.case import case
from tcplab.cases.connection.states import reach
from tcplab.check import expect_true
from tcplab.lab import Lab
from tcplab.packet import ACK, RST, SYN

BUILDS_ON = ("connection.three-way-handshake", "connection.we-close-first")


@case(
    "connection.time-wait-lasts-two-msl",
    checkpoint=5,
    rfc=["9293 3.6.1", "MUST-13", "B-SC-24", "D-CONN-24"],
    rule="Who closes first waits for two maximum segment lifetimes, no more, no less.",
    hint="2 * msl_ms from the moment in which TIME-WAIT is entered; then CLOSED.",
    kills=["connection.time-wait-one-msl", "connection.no-time-wait", "connection.time-wait-stays"],
    weight=3,
)
def two_msl(lab: Lab) -> None:
    stage = reach(lab, "time-wait", msl_ms=5000)
    lab.clock.advance(8000)
    assert stage.app is not None
    stage.app.expect_state("TIME-WAIT")
    lab.clock.advance(2500)
    stage.app.expect_state("CLOSED")
    stage.app.expect_error("none")
    stage.send(seq=stage.rcv_nxt - 1, fin=True)
    stage.peer.expect_reset(seq=2, ack=None)


@case(
    "connection.time-wait-answers-the-lost-fin",
    checkpoint=5,
    rfc=["9293 3.6.1", "9293 3.10.7.4", "B-SC-8", "B-TW-19", "E-11", "D-CONN-24"],
    rule="The peer repeats its FIN if our last ACK was lost: it is answered each time.",
    hint="That is what TIME-WAIT is for.",
    kills=["connection.unacceptable-not-answered"],
    weight=3,
)
def lost_fin(lab: Lab) -> None:
    stage = reach(lab, "time-wait")
    for _ in range(3):
        lab.clock.advance(2000)
        stage.send(seq=stage.rcv_nxt - 1, fin=True)
        stage.expect_bare_ack()


@case(
    "connection.time-wait-begins-with-our-ack",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-CG-13", "B-SC-4"],
    rule="From CLOSING, too, TIME-WAIT lasts two maximum segment lifetimes.",
    hint="One function enters TIME-WAIT, whichever way leads there.",
    kills=["connection.closing-stays", "connection.time-wait-stays"],
    weight=2,
)
def from_closing(lab: Lab) -> None:
    stage = reach(lab, "closing", msl_ms=5000)
    stage.send(ack=2)
    assert stage.app is not None
    stage.app.expect_state("TIME-WAIT")
    lab.clock.advance(9000)
    stage.app.expect_state("TIME-WAIT")
    lab.clock.advance(1500)
    stage.app.expect_state("CLOSED")


@case(
    "connection.time-wait-and-resets",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-TW-3", "E-5", "D-CONN-25"],
    rule="An exact reset in TIME-WAIT ends it, or is ignored; it is not answered, and no error.",
    hint="RFC 9293 closes; RFC 1337 warns of it. Both sides have said all they had to say.",
    kills=["connection.reset-while-closing-is-an-error"],
)
def time_wait_reset(lab: Lab) -> None:
    stage = reach(lab, "time-wait")
    stage.send(rst=True)
    stage.peer.expect_nothing()
    assert stage.app is not None
    stage.app.expect_error("none")
    stage.send(seq=stage.rcv_nxt - 1, fin=True)
    stage.peer.expect(length=0, syn=False)


@case(
    "connection.time-wait-and-a-new-syn",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-TW-5", "MAY-2"],
    rule="A new SYN in TIME-WAIT gets a challenge ACK, or begins a connection with a later number.",
    hint="RFC 9293, fourth check, TIME-WAIT; the challenge ACK is always right.",
    kills=["connection.syn-in-window-ignored", "connection.syn-in-window-resets"],
    weight=2,
)
def time_wait_syn(lab: Lab) -> None:
    stage = reach(lab, "time-wait")
    stage.send_unchanged(syn=True, seq=stage.rcv_nxt + 1000)
    answer = stage.peer.expect(has_ack=True, rst=False, fin=False)
    ours = (answer.seq - (stage.peer.dut_iss or 0)) % (1 << 32)
    challenge = answer.flags & (SYN | ACK | RST) == ACK and ours == stage.snd_nxt
    anew = answer.has(SYN) and stage.snd_nxt < ours < 1 << 31
    expect_true("the answer", challenge or anew, "an ACK at SND.NXT", f"flags at seq={ours}")
    assert stage.app is not None
    stage.app.expect_eof()
