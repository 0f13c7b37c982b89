"""Giving up, and staying when there is no reason to give up: RFC 9293, 3.8.3 and 3.10.8."""

from __future__ import annotations

from tcplab.case import case
from tcplab.check import expect_true
from tcplab.lab import Lab

BUILDS_ON = ("connection.three-way-handshake",)


@case(
    "connection.silent-peer-is-given-up",
    checkpoint=5,
    rfc=["9293 3.8.3", "MUST-20", "SHLD-10", "SHLD-11", "C-FAIL-1", "D-SEND-42"],
    rule="A silent peer is tried for at least 100 seconds; then the application is told.",
    hint="R2: give up when the timer expires once more than max_retransmissions.",
    kills=["connection.never-gives-up", "connection.timeout-is-no-error"],
    weight=3,
)
def silent_peer(lab: Lab) -> None:
    peer, app = lab.established()
    app.write(b"anybody there?")
    peer.expect(seq=1, data=b"anybody there?")
    lab.clock.advance(99_000)
    app.expect_state("ESTABLISHED")
    copies = sum(1 for one in peer.inbox if one.data)
    expect_true("the number of retransmissions", copies >= 3, "at least 3", str(copies))
    lab.clock.advance(206_000)
    app.expect_state("CLOSED")
    app.expect_error("timed-out")
    peer.inbox.clear()
    peer.expect_nothing(for_ms=70_000)
    peer.send(ack=15)
    peer.expect_reset(seq=15, ack=None)


@case(
    "connection.r2-of-one-connection",
    checkpoint=5,
    rfc=["9293 3.8.3", "MUST-21"],
    rule="The application may set for one connection after how many retransmissions it gives up.",
    hint="More than R2 in a row, not as many as R2.",
    kills=["connection.r2-one-too-few", "connection.never-gives-up"],
    weight=2,
)
def r2(lab: Lab) -> None:
    peer, app = lab.established()
    app.r2(2)
    app.write(b"data")
    peer.expect(seq=1, data=b"data")
    for _ in range(2):
        peer.expect(seq=1, data=b"data", within_ms=2400)
    app.expect_state("ESTABLISHED")
    peer.expect_nothing(for_ms=5000)
    app.expect_state("CLOSED")
    app.expect_error("timed-out")


@case(
    "connection.user-timeout",
    checkpoint=5,
    rfc=["9293 3.10.8", "9293 3.9.1.1", "U-21", "B-SC-23"],
    rule="Data that is not acknowledged within the user timeout ends the connection with an error.",
    hint="A countdown that starts anew whenever something is acknowledged.",
    kills=["connection.no-user-timeout", "connection.timeout-is-no-error"],
    weight=2,
)
def user_timeout(lab: Lab) -> None:
    peer, app = lab.established(user_timeout_ms=5000)
    app.write(b"one")
    peer.expect(seq=1, data=b"one")
    lab.clock.advance(4000)
    peer.send(ack=4)
    peer.inbox.clear()
    app.write(b"two")
    peer.expect(seq=4, data=b"two")
    lab.clock.advance(4000)
    app.expect_state("ESTABLISHED")
    lab.clock.advance(2000)
    app.expect_state("CLOSED")
    app.expect_error("timed-out")
    peer.inbox.clear()
    peer.expect_nothing(for_ms=20_000)


@case(
    "connection.idle-is-no-reason",
    checkpoint=5,
    rfc=["9293 3.8.4", "MUST-25"],
    rule="A connection on which nobody speaks stays open, and nobody is asked whether it does.",
    hint="Timeouts are for what is unacknowledged. Keep-alives are off by default.",
    kills=["connection.user-timeout-while-idle"],
)
def idle(lab: Lab) -> None:
    peer, app = lab.established(user_timeout_ms=5000)
    peer.expect_nothing(for_ms=100_000)
    app.expect_state("ESTABLISHED")
    peer.probe_alive()


@case(
    "connection.closed-window-is-no-reason",
    checkpoint=5,
    rfc=["9293 3.8.6.1", "MUST-37", "SHLD-17"],
    rule="A peer that keeps its window closed and says so is not given up.",
    hint="An answer to a probe is a sign of life: the user timeout starts anew.",
    kills=["connection.probe-answers-are-no-progress"],
    weight=2,
)
def closed_window(lab: Lab) -> None:
    peer, app = lab.established(user_timeout_ms=5000, rto_max_ms=2000)
    peer.window = 0
    peer.send()
    app.write(b"patience")
    for _ in range(5):
        peer.expect(has_ack=True, within_ms=3000)
        peer.send(ack=1)
    app.expect_state("ESTABLISHED")
    peer.window = 1000
    peer.send(ack=1)
    peer.expect_data(b"patience")


@case(
    "connection.lost-handshake-is-forgotten",
    checkpoint=5,
    rfc=["9293 3.8.3", "9293 3.10.8", "MUST-22"],
    rule="A SYN+ACK that nobody acknowledges is given up in the end; the listener goes on.",
    hint="The same R2 as for a SYN.",
    kills=["connection.never-gives-up"],
)
def lost_handshake(lab: Lab) -> None:
    lab.stack(max_syn_retransmissions=3)
    listener = lab.listen(80)
    peer = lab.peer(port=80)
    peer.send(syn=True)
    peer.expect(syn=True, ack=1)
    lab.clock.advance(60_000)
    peer.inbox.clear()
    peer.expect_nothing(for_ms=70_000)
    listener.expect_no_connection()
    peer.send(ack=1)
    peer.expect_reset(seq=1, ack=None)
    peer.restart()
    peer.handshake()
    listener.accept(peer)


@case(
    "connection.user-timeout-despite-duplicates",
    checkpoint=5,
    rfc=["9293 3.10.8", "U-21"],
    rule="The user timeout is about data: acknowledgments of nothing new do not prolong it.",
    hint="What counts is whether SND.UNA has moved, or a probe of a closed window was answered.",
    kills=["connection.any-ack-is-progress", "connection.one-byte-does-not-wait"],
)
def user_timeout_despite_duplicates(lab: Lab) -> None:
    peer, app = lab.established(user_timeout_ms=5000)
    app.write(b"!")
    peer.expect(seq=1, data=b"!")
    for _ in range(7):
        lab.clock.advance(1000)
        peer.send(ack=1)
    app.expect_state("CLOSED")
    app.expect_error("timed-out")


@case(
    "connection.no-user-timeout",
    checkpoint=5,
    rfc=["9293 3.10.8", "9293 3.9.1.1", "U-21"],
    rule="A user timeout of 0 is none: only the number of retransmissions ends the waiting.",
    hint="Is anything at least 0 ms old?",
    kills=["connection.user-timeout-of-nothing"],
)
def no_user_timeout(lab: Lab) -> None:
    peer, app = lab.established(user_timeout_ms=0)
    app.write(b"patience")
    peer.expect(seq=1, data=b"patience")
    peer.expect(seq=1, data=b"patience", within_ms=1200)
    peer.expect(seq=1, data=b"patience", within_ms=2400)
    app.expect_state("ESTABLISHED")
    peer.send(ack=9)
    peer.expect_nothing(for_ms=10_000)
    app.expect_state("ESTABLISHED")


@case(
    "connection.syn-has-a-limit-of-its-own",
    checkpoint=5,
    rfc=["9293 3.8.3", "MUST-22", "MUST-23"],
    rule="How often a SYN is sent again is one limit, how often data is sent again another.",
    hint="max_syn_retransmissions until our SYN is acknowledged, then max_retransmissions.",
    kills=["connection.one-limit-for-both"],
)
def syn_has_a_limit_of_its_own(lab: Lab) -> None:
    lab.stack(max_syn_retransmissions=1, max_retransmissions=6)
    app = lab.connect(7)
    peer = lab.peer_of(app)
    peer.expect(syn=True, seq=0)
    peer.expect(syn=True, seq=0, within_ms=1200)
    peer.expect_nothing(for_ms=10_000)
    app.expect_state("CLOSED")
    app.expect_error("timed-out")
