"""The connection by itself: what connection.h promises of each call, in each state.

No stack and no wire is between the case and the connection, so calls come in an order that no stack
would choose. `in_state` leads to a state by the shortest way; on it three bytes have come from the
peer, which are still to be read, wherever they can come.
"""

from __future__ import annotations

from tcplab.case import case
from tcplab.components.connection import ConnectionBench
from tcplab.lab import Lab
from tcplab.packet import CIRCLE

_OTHER_PORT = 40001
_ROOM = 1000  # of the send buffer

_BEFORE = ("closed", "listen", "syn-sent", "syn-received")
_TAKES_BYTES = ("syn-sent", "syn-received", "established", "close-wait")
_PEER_IS_DONE = ("close-wait", "closing", "last-ack", "time-wait")
_CLOSED_HERE = ("fin-wait-1", "fin-wait-2", "closing", "last-ack", "time-wait")
_STATES = (*_BEFORE, "established", "fin-wait-1", "fin-wait-2", *_PEER_IS_DONE)
_RESETS = ("syn-received", "established", "fin-wait-1", "fin-wait-2", "close-wait")


def in_state(lab: Lab, state: str) -> ConnectionBench:
    """A connection in that state. SND.NXT is 1, or 2 behind a FIN."""
    connection = lab.connection(send_capacity=_ROOM, ack_delay_ms=0)
    if state in _BEFORE:
        _begin(connection, state)
    else:
        connection.establish()
        _go_on(connection, state)
    connection.expect(state=state.upper(), error="none")
    return connection


def _begin(connection: ConnectionBench, state: str) -> None:
    if state == "syn-sent":
        connection.open()
        connection.expect_segment(seq=0, syn=True)
    elif state != "closed":
        connection.open(passive=True)
    if state == "syn-received":
        connection.arrive(0, syn=True)
        connection.expect_segment(seq=0, ack=1, syn=True)


def _go_on(connection: ConnectionBench, state: str) -> None:
    connection.arrive(1, ack=1, data=b"abc")
    connection.drain()
    if state in ("fin-wait-1", "fin-wait-2", "closing", "time-wait"):
        connection.close()
        connection.expect_segment(seq=1, fin=True)
    if state in ("fin-wait-2", "time-wait"):
        connection.arrive(4, ack=2)
    if state in _PEER_IS_DONE:
        connection.arrive(4, ack=2 if state == "time-wait" else 1, fin=True)
        connection.expect_segment(ack=5, fin=False)
    if state == "last-ack":
        connection.close()
        connection.expect_segment(seq=1, fin=True)
    connection.drain()


# --- 3.10.1 OPEN --------------------------------------------------------------------------------


@case(
    "connection.opens-once-{state}",
    checkpoint=5,
    rfc=["9293 3.10.1", "K-CONN-1"],
    rule="In {state} an OPEN, active or passive, is refused and changes nothing.",
    hint="A connection serves once: look at the state before anything is changed.",
    kills=["connection.opened-again-actively", "connection.opened-again-passively"],
    each=[{"state": state} for state in _STATES if state != "closed"],
)
def opens_once(lab: Lab, state: str) -> None:
    connection = in_state(lab, state)
    remote = 0 if state == "listen" else 40000
    for passive in (False, True):
        connection.open(passive=passive, gives=False, local_port=81, remote_port=_OTHER_PORT)
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
    each=[{"state": state} for state in _TAKES_BYTES],
)
def send(lab: Lab, state: str) -> None:
    connection = in_state(lab, state)
    connection.expect(writable=_ROOM)
    connection.write(bytes(600))
    connection.expect(writable=_ROOM - 600)
    connection.write(bytes(600), accepts=_ROOM - 600)
    connection.expect(writable=0, state=state.upper(), error="none")


@case(
    "connection.calling-send-in-vain-in-{state}",
    checkpoint=5,
    rfc=["9293 3.10.2", "K-CONN-2"],
    rule="In {state} SEND takes nothing: it could not leave any more, or knows no peer.",
    hint="3.10.2 lists what SEND does in each state.",
    kills=["connection.writes-in-any-state"],
    each=[{"state": state} for state in _STATES if state not in _TAKES_BYTES],
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
    each=[{"state": state} for state in _STATES if state not in _BEFORE],
)
def receive(lab: Lab, state: str) -> None:
    connection = in_state(lab, state)
    connection.expect(readable=3, eof=False)
    connection.read(0, gives=b"")
    connection.read(1, gives=b"a")
    connection.expect(readable=2, eof=False)
    connection.read(10, gives=b"bc")
    connection.read(10, gives=b"")
    connection.expect(readable=0, eof=state in _PEER_IS_DONE, state=state.upper())


@case(
    "connection.calling-receive-in-vain-in-{state}",
    checkpoint=5,
    rfc=["9293 3.10.3", "K-CONN-2"],
    rule="In {state} there is nothing to read, and the end of file has not come.",
    hint="The end of file is something that the peer has said.",
    kills=["connection.end-of-file-before-the-beginning"],
    each=[{"state": state} for state in _BEFORE],
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
    each=[{"state": state} for state in ("closed", *_CLOSED_HERE)],
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
    each=[{"state": state} for state in _STATES if state != "closed"],
)
def abort(lab: Lab, state: str) -> None:
    connection = in_state(lab, state)
    connection.write(b"xyz", accepts=3 if state in _TAKES_BYTES else 0)
    connection.abort()
    for _ in range(2):
        connection.expect(state="CLOSED", error="aborted")
        connection.expect(readable=0, writable=0, unacknowledged=0, eof=False)
        connection.read(10, gives=b"")
        if state in _RESETS:
            seq = 2 if state in _CLOSED_HERE else 1
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
    connection.arrive(0, syn=True, port=_OTHER_PORT)
    connection.expect_segment(seq=0, ack=1, syn=True, port=_OTHER_PORT)
    connection.arrive(1, ack=1, port=_OTHER_PORT)
    connection.write(b"a")
    connection.expect_segment(seq=1, data=b"a")
    connection.write(b"b")
    connection.expect_segment(seq=2, data=b"b")
    connection.nagle(True)
    connection.write(b"c")
    connection.expect_nothing()
    connection.nagle(False)
    connection.expect_segment(seq=3, data=b"c")


# --- 3.10.7 SEGMENT ARRIVES ---------------------------------------------------------------------


@case(
    "connection.answers-when-over",
    checkpoint=5,
    rfc=["9293 3.10.7.1", "K-CONN-2"],
    rule="In CLOSED a segment is answered by a reset, SEQ=SEG.ACK if it has an ACK, otherwise SEQ=0"
    " and ACK=SEG.SEQ+SEG.LEN; a reset by nothing. Then there is nothing more to say.",
    hint="tcp_reply_to_closed knows the answer; keep it until next_segment asks.",
    kills=["connection.silent-when-over"],
)
def answers_when_over(lab: Lab) -> None:
    connection = lab.connection()
    connection.establish()
    connection.abort()
    connection.drain()
    zero = -connection.isn % CIRCLE  # the number 0 itself
    connection.arrive(1, ack=7, data=b"abc")
    connection.expect_segment(seq=7, rst=True, has_ack=False, syn=False, fin=False, data=b"")
    connection.expect_nothing()
    connection.arrive(5, data=b"abc", fin=True)
    connection.expect_segment(seq=zero, ack=9, rst=True, syn=False, fin=False, data=b"")
    connection.expect_nothing()
    connection.arrive(5, syn=True)
    connection.expect_segment(seq=zero, ack=6, rst=True, syn=False, fin=False, data=b"")
    connection.expect_nothing()
    connection.arrive(1, rst=True)
    connection.expect_nothing()
    connection.expect(state="CLOSED", error="aborted")
    never_had_a_peer = in_state(lab, "listen")
    never_had_a_peer.close()
    never_had_a_peer.arrive(1, ack=7, port=_OTHER_PORT)
    never_had_a_peer.expect_segment(seq=7, rst=True, has_ack=False, port=_OTHER_PORT)


@case(
    "connection.stranger-while-listening",
    checkpoint=5,
    rfc=["9293 3.10.7.2", "K-CONN-3"],
    rule="In LISTEN an ACK is answered by a reset to whoever sent it, and leaves no trace: the next"
    " SYN may come from anywhere.",
    hint="The port of the reset is not the port of the peer.",
    kills=["connection.stranger-becomes-the-peer"],
)
def stranger_while_listening(lab: Lab) -> None:
    connection = lab.connection()
    connection.open(passive=True)
    for offset, port in enumerate((_OTHER_PORT, 40002)):
        connection.arrive(0, ack=700 + offset, data=b"abc", port=port)
        connection.expect_segment(seq=700 + offset, rst=True, has_ack=False, port=port)
        connection.expect_nothing()
        connection.expect(state="LISTEN", error="none", remote_port=0, local_port=80)
    connection.arrive(0, syn=True)
    connection.expect_segment(seq=0, ack=1, syn=True, port=40000)
    connection.arrive(1, ack=1, data=b"x")
    connection.read(10, gives=b"x")


@case(
    "connection.listens-again-after-{how}",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "9293 3.5", "K-CONN-3"],
    rule="After {how} in SYN-RECEIVED a passive OPEN is in LISTEN as on its first day: nothing to"
    " send, no peer; the next one has its own numbers, bytes and timers.",
    hint="Sender, receiver, port, and everything that waits to be sent or to expire: all new.",
    kills=[
        "connection.bytes-survive-in-listen",
        "connection.listen-remembers-the-peer",
    ],
    each=[
        {"how": "a-reset", "answered": True},
        {"how": "a-syn", "answered": True},
        {"how": "an-early-reset", "answered": False},
    ],
)
def listens_again(lab: Lab, how: str, answered: bool) -> None:
    connection = lab.connection(ack_delay_ms=40, user_timeout_ms=1001)
    connection.open(passive=True)
    connection.arrive(0, syn=True, data=b"old" if answered else b"", window=1)
    expected = 1
    if answered:
        expected = connection.expect_segment(seq=0, syn=True)
        connection.tick(1000)
        connection.expect_segment(seq=0, syn=True)
        connection.arrive(1, data=b"older")  # without an ACK: dropped
        connection.arrive(2_000_000, data=b"oldest")  # beyond the window: asks for an ACK
    reset = how != "a-syn"
    ack = 0 if reset else None
    connection.arrive(expected, ack=ack, rst=reset, syn=not reset, window=1)
    connection.expect(state="LISTEN", error="none", remote_port=0, local_port=80)
    connection.expect_nothing()
    connection.tick(10_000)
    connection.expect_nothing()
    connection.arrive(-500, syn=True, port=_OTHER_PORT, window=3)
    connection.expect_segment(seq=0, ack=-499, syn=True, port=_OTHER_PORT)
    connection.tick(999)
    connection.expect_nothing()
    connection.tick(1)
    connection.expect_segment(seq=0, ack=-499, syn=True)
    connection.arrive(-499, ack=1, data=b"new", port=_OTHER_PORT, window=3)
    connection.read(10, gives=b"new")
    connection.write(b"abcdef")
    connection.expect_segment(seq=1, ack=-496, data=b"abc", port=_OTHER_PORT)


@case(
    "connection.closed-and-back-to-listen",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "K-CONN-3"],
    rule="A passive OPEN that is closed in SYN-RECEIVED and then reset has nothing to send, takes"
    " nothing more, and reports no error.",
    hint="Who has closed does not want another peer.",
    kills=["connection.reset-answered-after-close"],
)
def closed_and_back(lab: Lab) -> None:
    connection = in_state(lab, "syn-received")
    connection.close()
    connection.arrive(1, rst=True)
    connection.expect(error="none", writable=0, readable=0, eof=False)
    connection.write(b"x", accepts=0)
    connection.expect_nothing()
    connection.tick(100_000)
    connection.expect_nothing()


@case(
    "connection.no-memory-to-listen-again",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "K-MEM-2", "K-CONN-3"],
    rule="Where there is no memory to begin anew in LISTEN, the connection ends in CLOSED; it does"
    " not go on with what the earlier peer has left, and loses nothing.",
    hint="Make the new halves first, and look at both, before the old ones go.",
    kills=["connection.listens-with-old-halves", "connection.half-a-renewal-leaks"],
    leaks=True,
)
def no_memory_to_listen_again(lab: Lab) -> None:
    failed, at = True, 0
    while failed and at < 50:
        at += 1
        connection = lab.connection()
        connection.open(passive=True)
        connection.arrive(0, syn=True, data=b"old")
        expected = connection.expect_segment(seq=0, syn=True)
        lab.transcript.step(f"Allocation {at} from here fails")
        lab.request(f"memory.fail {at}")
        connection.arrive(expected, rst=True)
        failed = lab.request("memory.fail 0").number(0) == 0
        connection.expect_nothing()
        if connection.state() == "CLOSED":
            connection.write(b"x", accepts=0)
        else:
            connection.arrive(0, syn=True, port=_OTHER_PORT)
            connection.expect_segment(seq=0, ack=1, syn=True, port=_OTHER_PORT)
            connection.arrive(1, ack=1, data=b"new", port=_OTHER_PORT)
            connection.read(10, gives=b"new")
    connection.expect(state="ESTABLISHED")


# --- 3.10.8 TIMEOUTS ----------------------------------------------------------------------------


@case(
    "connection.tick-of-any-length",
    checkpoint=5,
    rfc=["9293 3.10.8", "K-CONN-4"],
    rule="A countdown ends when its time is up, however much of the tick is left over then.",
    hint="Unsigned numbers: take away no more than there is.",
    kills=["connection.countdown-wraps-around"],
)
def tick_of_any_length(lab: Lab) -> None:
    connection = lab.connection(ack_delay_ms=40, msl_ms=1000)
    connection.establish()
    connection.arrive(1, ack=1, data=b"a")
    connection.drain()
    connection.tick(4_000_000_000)
    connection.drain()
    connection.arrive(2, ack=1, data=b"b")
    connection.drain()
    connection.tick(300_000)
    connection.drain()
    connection.close()
    connection.expect_segment(seq=1, ack=3, fin=True)
    connection.arrive(3, ack=2, fin=True)
    connection.expect(state="TIME-WAIT")
    connection.tick(1999)
    connection.expect_segment(seq=2, ack=4)
    connection.expect(state="TIME-WAIT")
    connection.tick(4_000_000_000)
    connection.expect(state="CLOSED", error="none")
    connection.expect_nothing()


@case(
    "connection.delay-ends-in-one-tick",
    checkpoint=5,
    rfc=["9293 3.8.6.3", "MUST-40", "K-CONN-4"],
    rule="An acknowledgment that waits is due after a tick that is longer than it may wait.",
    hint="Unsigned numbers: take away no more than there is.",
    kills=["connection.countdown-wraps-around"],
)
def delay_ends_in_one_tick(lab: Lab) -> None:
    connection = lab.connection(ack_delay_ms=40)
    connection.establish()
    for at, data in ((1, b"a"), (2, b"b"), (3, b"c")):
        connection.arrive(at, ack=1, data=data)
        connection.tick(500)
        connection.expect_segment(seq=1, ack=at + 1, data=b"")


@case(
    "connection.tick-while-nothing-is-open",
    checkpoint=5,
    rfc=["9293 3.10.8", "K-CONN-4"],
    rule="Time passes over CLOSED and LISTEN without a trace.",
    hint="In these two states nothing runs that could expire.",
    kills=["connection.closed-times-out"],
)
def tick_while_nothing_is_open(lab: Lab) -> None:
    fresh, listening, refused = lab.connection(), lab.connection(), lab.connection()
    listening.open(passive=True)
    refused.open()
    refused.drain()
    refused.arrive(0, ack=1, rst=True)
    for connection, state, error in (
        (fresh, "CLOSED", "none"),
        (listening, "LISTEN", "none"),
        (refused, "CLOSED", "refused"),
    ):
        for _ in range(20):
            connection.tick(100_000)
            connection.expect_nothing()
        connection.expect(state=state, error=error)
    fresh.open()
    fresh.expect_segment(seq=0, syn=True)
    listening.arrive(0, syn=True)
    listening.expect_segment(seq=0, ack=1, syn=True)
