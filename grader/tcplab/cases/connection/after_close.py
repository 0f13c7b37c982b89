"""Segments with little to say in the states after CLOSE: ACK, window and URG."""

from __future__ import annotations

from tcplab.case import case
from tcplab.cases.connection.states import RECEIVING, each_state, reach
from tcplab.lab import Lab

BUILDS_ON = ("connection.three-way-handshake",)


@case(
    "connection.fin-wait-2-keeps-the-connection",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-F2-8", "B-F1-13"],
    rule="When our FIN is acknowledged, CLOSE is complete; the connection is not: the peer may"
    " still send.",
    hint="Fifth check, FIN-WAIT-2: do not delete the TCB.",
    kills=["connection.fin-wait-2-forgets"],
)
def fin_wait_2_keeps(lab: Lab) -> None:
    stage = reach(lab, "fin-wait-1")
    assert stage.app is not None
    stage.app.expect(unacknowledged=1)
    stage.snd_una = 2
    stage.send()
    stage.app.expect(unacknowledged=0)
    stage.app.expect_state("FIN-WAIT-2")
    stage.send()
    stage.peer.expect_nothing()
    stage.peer.probe_alive()
    stage.app.expect_read(b"!")


@case(
    "connection.windows-in-fin-wait-2",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-F2-12", "C-DAK-5"],
    rule="In FIN-WAIT-2 a window that closes or opens concerns nobody: there is nothing to send,"
    " and nothing to answer.",
    hint="A segment without length is not acknowledged, whatever its window is.",
    kills=["connection.bare-acks-answered"],
)
def windows_in_fin_wait_2(lab: Lab) -> None:
    stage = reach(lab, "fin-wait-2")
    stage.send(window=0)
    stage.peer.expect_nothing(for_ms=5000)
    stage.send(window=3000)
    stage.peer.expect_nothing()
    stage.expect_unharmed()


@case(
    "connection.window-update-in-closing",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-CG-12", "B-CG-13"],
    rule="In CLOSING data and FIN that wait for the window leave when it opens, and their ACK leads"
    " to TIME-WAIT.",
    hint="The peer has said all it had to say. We have not: the sender works as in ESTABLISHED.",
    kills=["connection.closing-is-deaf-to-windows"],
)
def window_update_in_closing(lab: Lab) -> None:
    stage = reach(lab, "established")
    peer, app = stage.peer, stage.app
    assert app is not None
    stage.send(window=0)
    app.write(b"held back")
    app.close()
    stage.send(fin=True, window=0)
    peer.expect_ack()
    app.expect_state("CLOSING")
    peer.inbox.clear()
    stage.send(window=5000)
    peer.expect_data(b"held back", acknowledge=False, within_ms=0)
    peer.expect_fin()
    app.expect_state("CLOSING")
    peer.send(ack=11)
    app.expect_state("TIME-WAIT")


@case(
    "connection.bare-ack-in-time-wait",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-TW-8", "C-DAK-5"],
    rule="In TIME-WAIT there is nothing left to acknowledge: a bare ACK is ignored.",
    hint="Only a FIN that comes again asks for an answer.",
    kills=["connection.bare-acks-answered"],
)
def bare_ack_in_time_wait(lab: Lab) -> None:
    stage = reach(lab, "time-wait", msl_ms=5000)
    for _ in range(3):
        stage.send()
        stage.peer.expect_nothing(for_ms=1000)
    stage.expect_unharmed()


@case(
    "connection.urgent-text-in-{state}",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "9293 3.8.5", "B-{code}-14", "MUST-30", "E-6"],
    rule="Text with URG is taken like any other, wherever the urgent pointer points ({state}).",
    hint="Sixth check, then on to the seventh with the whole text.",
    each=each_state(*RECEIVING),
    kills=["connection.urgent-bytes-dropped"],
)
def urgent_text(lab: Lab, state: str, code: str) -> None:
    stage = reach(lab, state)
    assert stage.app is not None
    for pointer in (6, 1, 500):
        stage.send(data=b"urgent", urg=True, urgent=pointer)
        stage.peer.expect_ack()
        stage.app.expect_read(b"urgent")
    stage.expect_unharmed()


@case(
    "connection.answers-are-up-to-date",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "9293 3.8", "D-RECV-9", "U-8"],
    rule="An answer that leaves at once acknowledges everything that is there, also what was"
    " waiting for its delayed ACK.",
    hint="Ask the receiver for RCV.NXT when the segment leaves, not when you decide to send it.",
    kills=["connection.answers-with-the-last-ack"],
)
def answers_are_up_to_date(lab: Lab) -> None:
    peer, app = lab.established(ack_delay_ms=200)
    peer.send(data=b"hello")
    peer.expect_ack()
    peer.send(data=b", world")
    peer.inbox.clear()  # a stack that delays nothing has answered already
    peer.send(seq=1, data=b"hello")
    peer.expect(ack=13, length=0)
    app.expect_read(b"hello, world")
