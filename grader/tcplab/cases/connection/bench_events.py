"""The connection by itself: segments and time, in an order that no stack would choose (RFC 9293,
3.10.7 and 3.10.8)."""

from __future__ import annotations

from tcplab.case import case
from tcplab.cases.connection.bench import OTHER_PORT, in_state
from tcplab.lab import Lab
from tcplab.packet import CIRCLE

BUILDS_ON = ("connection.three-way-handshake",)

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
    never_had_a_peer.arrive(1, ack=7, port=OTHER_PORT)
    never_had_a_peer.expect_segment(seq=7, rst=True, has_ack=False, port=OTHER_PORT)


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
    for offset, port in enumerate((OTHER_PORT, 40002)):
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
    connection.arrive(-500, syn=True, port=OTHER_PORT, window=3)
    connection.expect_segment(seq=0, ack=-499, syn=True, port=OTHER_PORT)
    connection.tick(999)
    connection.expect_nothing()
    connection.tick(1)
    connection.expect_segment(seq=0, ack=-499, syn=True)
    connection.arrive(-499, ack=1, data=b"new", port=OTHER_PORT, window=3)
    connection.read(10, gives=b"new")
    connection.write(b"abcdef")
    connection.expect_segment(seq=1, ack=-496, data=b"abc", port=OTHER_PORT)


@case(
    "connection.settings-outlive-a-peer",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "9293 3.7.4", "MUST-17", "MUST-21", "K-CONN-3"],
    rule="Back in LISTEN all of the peer's is forgotten, but not what the application has set.",
    hint="Of what is made anew, which values come from the config, and are they those of today?",
    kills=["connection.listens-with-first-settings"],
)
def settings_outlive_a_peer(lab: Lab) -> None:
    connection = lab.connection(nagle=1, max_retransmissions=8)
    connection.open(passive=True)
    connection.nagle(False)
    connection.max_retransmissions(1)
    connection.arrive(0, syn=True)
    connection.drain()
    connection.arrive(1, rst=True)
    connection.expect(state="LISTEN")
    connection.arrive(0, syn=True, port=OTHER_PORT)
    connection.expect_segment(seq=0, syn=True, port=OTHER_PORT)
    connection.arrive(1, ack=1, port=OTHER_PORT)
    for at, data in ((1, b"a"), (2, b"b")):
        connection.write(data)
        connection.expect_segment(seq=at, data=data)
    for _ in range(3):
        connection.tick(4000)
        connection.drain()
    connection.expect(state="CLOSED", error="timed-out")


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
            connection.arrive(0, syn=True, port=OTHER_PORT)
            connection.expect_segment(seq=0, ack=1, syn=True, port=OTHER_PORT)
            connection.arrive(1, ack=1, data=b"new", port=OTHER_PORT)
            connection.read(10, gives=b"new")
    connection.expect(state="ESTABLISHED")


# --- 3.10.8 TIMEOUTS ----------------------------------------------------------------------------


@case(
    "connection.user-timeout-in-{state}",
    checkpoint=5,
    rfc=["9293 3.10.8", "9293 3.9.1.1", "U-21", "K-CONN-4"],
    rule="The user timeout ends the waiting in {state} as well: what waits may be a SYN or a FIN.",
    hint="Not the state counts, but whether something is in flight.",
    kills=["connection.user-timeout-in-established-only"],
    each=[
        {"state": state}
        for state in ("syn-sent", "syn-received", "fin-wait-1", "close-wait", "closing", "last-ack")
    ],
)
def user_timeout_in(lab: Lab, state: str) -> None:
    connection = in_state(lab, state, user_timeout_ms=2500)
    if state == "close-wait":
        connection.write(b"x")
        connection.expect_segment(seq=1, data=b"x")
    for _ in range(2):
        connection.tick(1000)
        connection.drain()
    connection.expect(state=state.upper(), error="none")
    connection.tick(1000)
    connection.expect(state="CLOSED", error="timed-out")
    connection.expect_nothing()


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
        for _ in range(5):
            connection.tick(100_000)
            connection.expect_nothing()
        connection.expect(state=state, error=error)
    fresh.open()
    fresh.expect_segment(seq=0, syn=True)
    listening.arrive(0, syn=True)
    listening.expect_segment(seq=0, ack=1, syn=True)
