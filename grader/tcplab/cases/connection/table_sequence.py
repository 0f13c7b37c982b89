"""RFC 9293, 3.10.7.4, first to fourth check, state by state: sequence number, RST and SYN."""

from __future__ import annotations

from tcplab.case import case
from tcplab.cases.connection.states import (
    GREETING,
    RECEIVING,
    SYNCHRONIZED,
    each_state,
    reach,
)
from tcplab.lab import Lab

BUILDS_ON = ("connection.three-way-handshake",)


@case(
    "connection.old-data-in-{state}",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-{code}-1", "B-AC-9", "U-8", "D-RECV-7"],
    rule="Data that was received before is answered with an ACK, and changes nothing ({state}).",
    hint="The first check: what is not acceptable is answered with <SEQ=SND.NXT><ACK=RCV.NXT>.",
    each=each_state(*SYNCHRONIZED),
    kills=["connection.unacceptable-not-answered"],
)
def old_data(lab: Lab, state: str, code: str) -> None:
    stage = reach(lab, state)
    stage.send(seq=1, data=GREETING)
    stage.expect_bare_ack()
    stage.send(seq=1, data=GREETING)
    stage.expect_bare_ack()
    stage.expect_unharmed()


@case(
    "connection.data-beyond-the-window-in-{state}",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-{code}-1", "B-AC-10", "U-8"],
    rule="Data beyond the window is answered with an ACK, never with a reset ({state}).",
    hint="The number right behind the window is the first that is not acceptable.",
    each=each_state("syn-received", *SYNCHRONIZED),
    kills=["connection.unacceptable-not-answered"],
)
def data_beyond(lab: Lab, state: str, code: str) -> None:
    stage = reach(lab, state)
    stage.send(seq=stage.window_end, data=b"beyond")
    stage.expect_bare_ack()
    stage.expect_unharmed()


@case(
    "connection.reset-outside-the-window-in-{state}",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-{code}-2", "U-15", "D-CONN-13", "U-9"],
    rule="A reset outside the window is dropped without a word ({state}).",
    hint="The first check comes before the second, and answers everything but a reset.",
    each=each_state("syn-received", *SYNCHRONIZED),
    kills=["connection.any-reset-kills", "connection.unacceptable-reset-answered"],
)
def reset_outside(lab: Lab, state: str, code: str) -> None:
    stage = reach(lab, state)
    stage.send(rst=True, seq=stage.rcv_nxt - 1)
    stage.send(rst=True, seq=stage.window_end)
    stage.peer.expect_nothing()
    stage.expect_unharmed()


@case(
    "connection.reset-at-rcv-nxt-in-{state}",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-{code}-3", "D-CONN-35"],
    rule="A reset exactly at RCV.NXT ends the connection; the application learns of it ({state}).",
    hint="Second check, by state: while one side still has something to say, it is an error.",
    each=each_state("established", "fin-wait-1", "fin-wait-2", "close-wait"),
    kills=["connection.reset-ignored", "connection.reset-is-no-error"],
)
def reset_exact(lab: Lab, state: str, code: str) -> None:
    stage = reach(lab, state)
    stage.send(rst=True)
    stage.peer.expect_nothing()
    assert stage.app is not None
    stage.app.expect_state("CLOSED")
    stage.app.expect_error("reset")
    stage.expect_gone()


@case(
    "connection.reset-at-rcv-nxt-in-{state}",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-{code}-3"],
    rule="A reset when both sides have closed ends the connection without an error ({state}).",
    hint="Second check, CLOSING and LAST-ACK: just CLOSED.",
    each=each_state("closing", "last-ack"),
    kills=["connection.reset-ignored", "connection.reset-while-closing-is-an-error"],
)
def reset_exact_closing(lab: Lab, state: str, code: str) -> None:
    stage = reach(lab, state)
    stage.send(rst=True)
    stage.peer.expect_nothing()
    assert stage.app is not None
    stage.app.expect_state("CLOSED")
    stage.app.expect_error("none")
    stage.expect_gone()


@case(
    "connection.reset-inside-the-window-in-{state}",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-{code}-4", "C-5961-1", "D-CONN-13"],
    rule="A reset in the window, but not at RCV.NXT, gets a challenge ACK and no more ({state}).",
    hint="An honest peer answers the challenge with an exact reset; a forger cannot.",
    each=each_state("syn-received", *SYNCHRONIZED),
    kills=["connection.any-reset-in-window-kills", "connection.inexact-reset-unanswered"],
)
def reset_inside(lab: Lab, state: str, code: str) -> None:
    stage = reach(lab, state)
    stage.send(rst=True, seq=stage.rcv_nxt + 1)
    stage.expect_bare_ack()
    stage.expect_unharmed()


@case(
    "connection.syn-inside-the-window-in-{state}",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-{code}-5", "U-16", "C-5961-2", "D-CONN-27"],
    rule="A SYN in the window of a living connection gets a challenge ACK and no more ({state}).",
    hint="Fourth check. RFC 793 reset the connection here; RFC 5961 asks the peer first.",
    each=each_state(*SYNCHRONIZED, without=("time-wait",)),
    kills=["connection.syn-in-window-resets", "connection.syn-in-window-ignored"],
)
def syn_inside(lab: Lab, state: str, code: str) -> None:
    stage = reach(lab, state)
    for wait_ms, seq in ((0, stage.rcv_nxt), (600, stage.rcv_nxt + 1)):
        lab.clock.advance(wait_ms)  # challenges may be limited (RFC 5961, 7), say to two a second
        stage.send_unchanged(syn=True, seq=seq)
        stage.expect_bare_ack()
    stage.expect_unharmed()


@case(
    "connection.syn-outside-the-window-in-{state}",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-{code}-6", "U-16"],
    rule="An old SYN of the same ports is answered with an ACK that tells where we are ({state}).",
    hint="It fails the first check already.",
    each=each_state("syn-received", *SYNCHRONIZED),
    kills=["connection.unacceptable-not-answered", "connection.old-syn-unanswered"],
)
def syn_outside(lab: Lab, state: str, code: str) -> None:
    stage = reach(lab, state)
    stage.send(syn=True, seq=stage.rcv_nxt - 100_000)
    stage.expect_bare_ack()
    stage.expect_unharmed()


@case(
    "connection.reset-with-text-in-{state}",
    checkpoint=5,
    rfc=["9293 3.5.3", "SHLD-2"],
    rule="A reset may carry text, an explanation for people: it counts, the text does not.",
    hint="Is the text of a reset measured in your acceptability test, or even delivered?",
    each=each_state(*RECEIVING),
    kills=["connection.reset-ignored"],
)
def reset_with_text(lab: Lab, state: str, code: str) -> None:
    stage = reach(lab, state)
    stage.send(rst=True, data=b"you have the wrong number")
    stage.peer.expect_nothing()
    assert stage.app is not None
    stage.app.expect_error("reset")
    stage.app.expect(readable=0)
    stage.expect_gone()
