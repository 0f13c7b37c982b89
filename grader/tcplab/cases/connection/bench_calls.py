"""The connection by itself: what connection.h promises of each call of the application (RFC 9293,
3.10.1 to 3.10.6), in each state."""

from __future__ import annotations

from tcplab.case import case
from tcplab.cases.connection.bench import (
    BEFORE,
    CLOSED_HERE,
    OTHER_PORT,
    PEER_IS_DONE,
    RESETS,
    ROOM,
    STATES,
    TAKES_BYTES,
    in_state,
)
from tcplab.lab import Lab

BUILDS_ON = ("connection.three-way-handshake",)

# --- 3.10.1 OPEN --------------------------------------------------------------------------------


@case(
    "connection.opens-once-{state}",
    checkpoint=5,
    rfc=["9293 3.10.1", "K-CONN-1"],
    rule="In {state} an OPEN, active or passive, is refused and changes nothing.",
    hint="A connection serves once: look at the state before anything is changed.",
    kills=["connection.opened-again-actively", "connection.opened-again-passively"],
    each=[{"state": state} for state in STATES if state != "closed"],
)
def opens_once(lab: Lab, state: str) -> None:
    connection = in_state(lab, state)
    remote = 0 if state == "listen" else 40000
    for passive in (False, True):
        connection.open(passive=passive, gives=False, local_port=81, remote_port=OTHER_PORT)
        connection.expect(state=state.upper(), error="none", local_port=80, remote_port=remote)
    connection.expect_nothing()


@case(
    "connection.opens-once-and-is-over",
    checkpoint=5,
    rfc=["9293 3.10.1", "K-CONN-1"],
    rule="A connection that has ended is not opened again, neither actively nor passively.",
    hint="CLOSED alone does not tell a new connection from one that is over: the ports do.",
    kills=["connection.opened-when-over-actively", "connection.opened-when-over-passively"],
)
def is_over(lab: Lab) -> None:
    for first_is_passive in (False, True):
        connection = lab.connection()
        connection.open(passive=first_is_passive)
        connection.abort()
        for passive in (False, True):
            connection.open(passive=passive, gives=False)
            connection.expect(state="CLOSED", error="aborted")
        connection.expect_nothing()


@case(
    "connection.opens-as-told",
    checkpoint=5,
    rfc=["9293 3.10.1", "K-CONN-1"],
    rule="An active OPEN leads to SYN-SENT and a SYN to the port named; a passive one to LISTEN,"
    " silent, with the port of the peer not known yet.",
    hint="An OPEN sends nothing by itself: the SYN is the first thing that the sender has to say.",
    kills=["connection.open-forgets-the-port"],
)
def opens_as_told(lab: Lab) -> None:
    active, passive = lab.connection(), lab.connection()
    active.expect(state="CLOSED", error="none", local_port=0, remote_port=0)
    active.open()
    active.expect(state="SYN-SENT", error="none", local_port=80, remote_port=40000)
    active.expect_segment(seq=0, syn=True, has_ack=False, rst=False, fin=False, port=40000)
    passive.open(passive=True)
    passive.expect(state="LISTEN", error="none", local_port=80, remote_port=0)
    passive.expect_nothing()


# --- 3.10.2 SEND to 3.10.6 STATUS ---------------------------------------------------------------


@case(
    "connection.calling-send-in-{state}",
    checkpoint=5,
    rfc=["9293 3.10.2", "K-CONN-2"],
    rule="In {state} SEND takes as many bytes as there is room for, and writable says how many.",
    hint="writable says exactly what write would take: let both ask the same function.",
    kills=["connection.writable-is-what-is-buffered"],
    each=[{"state": state} for state in TAKES_BYTES],
)
def send(lab: Lab, state: str) -> None:
    connection = in_state(lab, state)
    connection.expect(writable=ROOM)
    connection.write(bytes(600))
    connection.expect(writable=ROOM - 600)
    connection.write(bytes(600), accepts=ROOM - 600)
    connection.expect(writable=0, state=state.upper(), error="none")


@case(
    "connection.calling-send-in-vain-in-{state}",
    checkpoint=5,
    rfc=["9293 3.10.2", "K-CONN-2"],
    rule="In {state} SEND takes nothing: it could not leave any more, or knows no peer.",
    hint="3.10.2 lists what SEND does in each state.",
    kills=["connection.writes-in-any-state"],
    each=[{"state": state} for state in STATES if state not in TAKES_BYTES],
)
def send_in_vain(lab: Lab, state: str) -> None:
    connection = in_state(lab, state)
    connection.expect(writable=0)
    connection.write(bytes(600), accepts=0)
    connection.expect(writable=0, state=state.upper(), error="none")
    connection.expect_nothing()


@case(
    "connection.calling-receive-in-{state}",
    checkpoint=5,
    rfc=["9293 3.10.3", "K-CONN-2"],
    rule="In {state} what came in order before the peer's FIN can be read, as much of it as one"
    " asks for; the end of file follows when the FIN is there and all is read.",
    hint="readable says what read gives; read_finished waits for the FIN and for the reader.",
    kills=["connection.readable-is-the-room"],
    each=[{"state": state} for state in STATES if state not in BEFORE],
)
def receive(lab: Lab, state: str) -> None:
    connection = in_state(lab, state)
    connection.expect(readable=3, eof=False)
    connection.read(0, gives=b"")
    connection.read(1, gives=b"a")
    connection.expect(readable=2, eof=False)
    connection.read(10, gives=b"bc")
    connection.read(10, gives=b"")
    connection.expect(readable=0, eof=state in PEER_IS_DONE, state=state.upper())


@case(
    "connection.calling-receive-in-vain-in-{state}",
    checkpoint=5,
    rfc=["9293 3.10.3", "K-CONN-2"],
    rule="In {state} there is nothing to read, and the end of file has not come.",
    hint="The end of file is something that the peer has said.",
    kills=["connection.end-of-file-before-the-beginning"],
    each=[{"state": state} for state in BEFORE],
)
def receive_in_vain(lab: Lab, state: str) -> None:
    connection = in_state(lab, state)
    connection.read(10, gives=b"")
    connection.expect(readable=0, eof=False, state=state.upper())


@case(
    "connection.receive-around-the-edge",
    checkpoint=5,
    rfc=["9293 3.10.3", "K-CONN-2"],
    rule="One RECEIVE gives all that is readable and fits, wherever it lies in the buffer.",
    hint="A ring gives what it holds in two runs: ask it until it says that there is no more.",
    kills=["connection.reads-one-run"],
)
def receive_around_the_edge(lab: Lab) -> None:
    connection = lab.connection(recv_capacity=8)
    connection.establish()
    connection.arrive(1, ack=1, data=b"abcdef")
    connection.read(5, gives=b"abcde")
    connection.tick(500)
    connection.drain()  # the window is offered anew
    connection.arrive(7, ack=1, data=b"ghijkl")
    connection.expect(readable=7)
    connection.read(6, gives=b"fghijk")
    connection.read(6, gives=b"l")


@case(
    "connection.receive-after-a-timeout",
    checkpoint=5,
    rfc=["9293 3.10.3", "9293 3.8.3", "K-CONN-2"],
    rule="What the peer has sent stays readable when it has fallen silent and is given up.",
    hint="Only a reset and an ABORT take back what was received.",
    kills=["connection.timeout-throws-away-what-came"],
)
def receive_after_a_timeout(lab: Lab) -> None:
    connection = lab.connection(max_retransmissions=1)
    connection.establish()
    connection.arrive(1, ack=1, data=b"abc")
    connection.write(b"anybody there?")
    connection.drain()
    for _ in range(3):
        connection.tick(4000)
        connection.drain()
    connection.expect(state="CLOSED", error="timed-out", readable=3)
    connection.read(10, gives=b"abc")


@case(
    "connection.calling-close-in-{state}",
    checkpoint=5,
    rfc=["9293 3.10.4", "MUST-12", "K-CONN-2"],
    rule="CLOSE in {state}: no byte more is taken, a FIN leaves (behind the handshake, if that is"
    " still going on); a second CLOSE does nothing.",
    hint="The FIN itself is the sender's, once the stream is closed.",
    kills=["connection.close-leaves-the-stream-open"],
    each=[
        {"state": "syn-received", "then": "fin-wait-1"},
        {"state": "established", "then": "fin-wait-1"},
        {"state": "close-wait", "then": "last-ack"},
    ],
)
def close(lab: Lab, state: str, then: str) -> None:
    connection = in_state(lab, state)
    for _ in range(2):
        connection.close()
        connection.expect(error="none", writable=0)
        connection.write(b"x", accepts=0)
    if state == "syn-received":
        connection.arrive(1, ack=1)
    connection.expect(state=then.upper(), error="none")
    connection.expect_segment(seq=1, fin=True, syn=False, rst=False)
    connection.expect_nothing()


@case(
    "connection.calling-close-deletes-{state}",
    checkpoint=5,
    rfc=["9293 3.10.4", "K-CONN-2"],
    rule="CLOSE in {state} deletes the connection: CLOSED, no error, and nothing to send.",
    hint="The peer has seen nothing of us that would have to be taken back.",
    kills=["connection.close-of-a-listener-ignored"],
    each=[{"state": "listen"}, {"state": "syn-sent"}],
)
def close_deletes(lab: Lab, state: str) -> None:
    connection = in_state(lab, state)
    for _ in range(2):
        connection.close()
        connection.expect(state="CLOSED", error="none", writable=0, eof=False)
    connection.expect_nothing()


@case(
    "connection.calling-close-again-in-{state}",
    checkpoint=5,
    rfc=["9293 3.10.4", "MUST-12", "K-CONN-2"],
    rule="CLOSE in {state} does nothing: it has been called, or there is nothing to close.",
    hint="A second FIN must not be sent.",
    kills=["connection.close-is-an-error"],
    each=[{"state": state} for state in ("closed", *CLOSED_HERE)],
)
def close_again(lab: Lab, state: str) -> None:
    connection = in_state(lab, state)
    connection.close()
    connection.expect(state=state.upper(), error="none", writable=0)
    connection.expect_nothing()


@case(
    "connection.calling-abort-in-{state}",
    checkpoint=5,
    rfc=["9293 3.10.5", "K-CONN-2"],
    rule="ABORT in {state}: CLOSED at once, nothing left to read, to send or to be acknowledged;"
    " a reset at SND.NXT where the peer still expects something; a second ABORT does nothing.",
    hint="3.10.5 lists the states with a reset.",
    kills=["connection.abort-keeps-the-error-to-itself"],
    each=[{"state": state} for state in STATES if state != "closed"],
)
def abort(lab: Lab, state: str) -> None:
    connection = in_state(lab, state)
    connection.write(b"xyz", accepts=3 if state in TAKES_BYTES else 0)
    connection.abort()
    for _ in range(2):
        connection.expect(state="CLOSED", error="aborted")
        connection.expect(readable=0, writable=0, unacknowledged=0, eof=False)
        connection.read(10, gives=b"")
        if state in RESETS:
            seq = 2 if state in CLOSED_HERE else 1
            connection.expect_segment(seq=seq, data=b"", rst=True, syn=False, fin=False)
        connection.expect_nothing()
        connection.tick(1_000_000)
        connection.expect_nothing()
        connection.abort()
        state = "closed"


@case(
    "connection.calling-abort-in-closed",
    checkpoint=5,
    rfc=["9293 3.10.5", "K-CONN-2"],
    rule="ABORT of a connection that was never open does nothing, and is no error.",
    hint="What was never opened can still be opened afterwards.",
    kills=["connection.aborted-when-never-open"],
)
def abort_in_closed(lab: Lab) -> None:
    connection = lab.connection()
    connection.abort()
    connection.expect(state="CLOSED", error="none")
    connection.expect_nothing()
    connection.open()
    connection.expect_segment(seq=0, syn=True)


@case(
    "connection.unacknowledged-to-the-byte",
    checkpoint=5,
    rfc=["9293 3.10.6", "K-CONN-2"],
    rule="STATUS counts each byte written until the peer acknowledges it, and the FIN that is"
    " wanted like one more.",
    hint="What is buffered is what is not acknowledged, sent or not.",
    kills=["connection.fin-not-counted", "connection.status-counts-no-byte"],
)
def unacknowledged(lab: Lab) -> None:
    connection = lab.connection()
    connection.open()
    connection.write(b"abcde")
    connection.expect(unacknowledged=5)
    connection.drain()
    connection.arrive(0, ack=1, syn=True)
    connection.drain()
    connection.expect(unacknowledged=5)
    connection.arrive(1, ack=4)
    connection.expect(unacknowledged=2)
    connection.close()
    connection.expect(unacknowledged=3)
    connection.drain()
    connection.arrive(1, ack=6)
    connection.expect(unacknowledged=1)
    connection.arrive(1, ack=7)
    connection.expect(unacknowledged=0, state="FIN-WAIT-2")


@case(
    "connection.nagle-when-one-likes",
    checkpoint=5,
    rfc=["9293 3.7.4", "MUST-17", "K-CONN-2", "K-CONN-3"],
    rule="Nagle's algorithm is turned off and on in any state, and stays as it was turned until it"
    " is turned again.",
    hint="A sender that is made anew (LISTEN again) has to be told again.",
    kills=["connection.nagle-forgotten-in-listen", "connection.nagle-cannot-be-turned"],
)
def nagle_when_one_likes(lab: Lab) -> None:
    connection = lab.connection(nagle=1)
    connection.nagle(False)
    connection.open(passive=True)
    connection.arrive(0, syn=True)
    connection.expect_segment(seq=0, ack=1, syn=True)
    connection.arrive(1, rst=True)
    connection.expect(state="LISTEN")
    connection.arrive(0, syn=True, port=OTHER_PORT)
    connection.expect_segment(seq=0, ack=1, syn=True, port=OTHER_PORT)
    connection.arrive(1, ack=1, port=OTHER_PORT)
    connection.write(b"a")
    connection.expect_segment(seq=1, data=b"a")
    connection.write(b"b")
    connection.expect_segment(seq=2, data=b"b")
    connection.nagle(True)
    connection.write(b"c")
    connection.expect_nothing()
    connection.nagle(False)
    connection.expect_segment(seq=3, data=b"c")
