"""Half-open connections, and how resets put an end to them: RFC 9293, 3.5.1 to 3.5.3."""

from __future__ import annotations

from tcplab.case import case
from tcplab.cases.connection.states import closed_window, each_state, reach
from tcplab.check import expect_true
from tcplab.lab import Lab

BUILDS_ON = ("connection.three-way-handshake",)


@case(
    "connection.reset-must-be-exact",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "U-15"],
    rule="A reset at RCV.NXT ends the connection; one elsewhere in the window gets an ACK.",
    hint="RFC 9293, 3.10.7.4, second check: three cases, by where the sequence number lies.",
    kills=["connection.any-reset-in-window-kills", "connection.inexact-reset-unanswered"],
    weight=3,
)
def reset_must_be_exact(lab: Lab) -> None:
    peer, app = lab.established()
    peer.send(rst=True, seq=peer.snd_nxt + 1)
    peer.expect(ack=1, rst=False, syn=False, length=0)
    peer.probe_alive()
    peer.send(rst=True)
    peer.expect_nothing()
    app.expect_error("reset")


@case(
    "connection.peer-has-rebooted",
    checkpoint=5,
    rfc=["9293 3.5.1", "B-SC-15", "U-16", "D-CONN-27"],
    rule="A peer that has lost everything sends a SYN: it gets an ACK, resets, and begins anew.",
    hint="The ACK tells the peer the number that its reset needs to be exact.",
    kills=["connection.old-syn-unanswered", "connection.any-syn-resets"],
    weight=4,
)
def peer_has_rebooted(lab: Lab) -> None:
    listener = lab.listen(80)
    peer = lab.peer(port=80, isn=100)
    with lab.precondition("the passive opening of a connection"):
        peer.handshake()
        app = listener.accept(peer)
    peer.send(syn=True, seq=-100_000)
    answer = peer.expect(seq=1, ack=1, length=0, syn=False, rst=False)
    peer.send(rst=True, seq=(answer.ack - peer.iss) % (1 << 32))
    peer.expect_nothing()
    app.expect_error("reset")
    peer.restart()
    peer.handshake()
    listener.accept(peer).expect_state("ESTABLISHED")


@case(
    "connection.reset-and-fin-are-told-apart",
    checkpoint=5,
    rfc=["9293 3.6", "MUST-12", "D-CONN-35"],
    rule="The application can tell an orderly end from an abort.",
    hint="A FIN is an end of file. A reset is an error, and no end of file.",
    kills=["connection.reset-is-no-error"],
    weight=2,
)
def told_apart(lab: Lab) -> None:
    listener = lab.listen(80)
    polite, rude = lab.peer(port=80), lab.peer(port=80)
    with lab.precondition("the opening of two connections"):
        polite.handshake()
        first = listener.accept(polite)
        rude.handshake()
        second = listener.accept(rude)
    polite.send(fin=True)
    first.expect_eof()
    first.expect_error("none")
    rude.send(rst=True)
    second.expect(eof=False)
    second.expect_error("reset")


@case(
    "connection.reset-discards-what-was-not-read",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-ES-3"],
    rule="A reset flushes both queues: unread bytes are gone, nothing more can be written.",
    hint="connection.h, RECEIVE: what was not read when a reset arrived is gone.",
    kills=["connection.readable-after-reset", "connection.reset-ignored"],
)
def reset_discards(lab: Lab) -> None:
    peer, app = lab.established()
    peer.send(data=b"never read")
    peer.expect_ack()
    app.expect(readable=10)
    peer.send(rst=True)
    app.expect(readable=0, writable=0, eof=False)
    app.expect_error("reset")
    app.write(b"too late", accepts=0)


@case(
    "connection.reset-stops-retransmission",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "C-FAIL-5", "D-SEND-39"],
    rule="After a reset nothing is sent again.",
    hint="In CLOSED there is no timer.",
    kills=["connection.reset-ignored", "connection.retransmits-after-a-reset"],
    weight=2,
)
def reset_stops(lab: Lab) -> None:
    peer, app = lab.established()
    app.write(b"data")
    peer.expect(seq=1, data=b"data")
    peer.send(rst=True)
    peer.expect_nothing(for_ms=10_000)
    app.expect_error("reset")


@case(
    "connection.reset-at-a-closed-window",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "9293 3.4", "MUST-66"],
    rule="A reset counts even while the window is closed.",
    hint="With a window of 0 only RCV.NXT itself is acceptable, and that for an empty segment.",
    kills=["connection.reset-ignored"],
    weight=2,
)
def reset_at_closed(lab: Lab) -> None:
    peer, app = closed_window(lab)
    peer.send(rst=True)
    peer.expect_nothing()
    app.expect_error("reset")


@case(
    "connection.reset-with-text-at-a-closed-window",
    checkpoint=5,
    rfc=["9293 3.5.3", "9293 3.4", "MUST-66", "SHLD-2"],
    rule="What a reset carries along is not text of the stream: it needs no window.",
    hint="Only the number of a reset is checked. How long is it for your acceptability test?",
    kills=["connection.text-of-a-reset-needs-room"],
)
def reset_with_text_at_closed(lab: Lab) -> None:
    peer, app = closed_window(lab)
    peer.send(rst=True, data=b"the port is closed")
    peer.expect_nothing()
    app.expect_error("reset")


@case(
    "connection.nothing-kills-but-an-exact-reset",
    checkpoint=5,
    rfc=["9293 3.5.2", "9293 3.5.3", "D-CONN-12"],
    rule="A shower of stray segments leaves a connection as it was.",
    hint="Only four things end it: a reset at RCV.NXT, both FINs, ABORT, and a timeout.",
    kills=["connection.any-reset-kills", "connection.any-syn-resets"],
    weight=3,
)
def stray_shower(lab: Lab) -> None:
    peer, app = lab.established()
    for seq in (-1, 70_000, 0x80000000, -100_000):
        peer.send(seq=seq, ack=0x40000000, data=b"stray")
        peer.send(seq=seq, rst=True)
        peer.send(seq=seq, rst=True, ack=9)
        peer.send(seq=seq, fin=True, ack=77)
        peer.send(seq=seq, syn=True)
    peer.snd_nxt = 1
    peer.inbox.clear()
    app.write(b"still here")
    peer.expect_data(b"still here")
    peer.probe_alive()
    app.expect_read(b"!")


@case(
    "connection.challenges-are-limited",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "C-5961-4", "D-CONN-33"],
    rule="A flood of forged resets makes no flood of challenge ACKs; real data is still acked.",
    hint="RFC 5961, 7, names 10 in 5 seconds. Which ACKs are challenges, and which are not?",
    kills=["connection.challenges-unlimited", "connection.limiter-swallows-real-acks"],
    weight=2,
)
def challenges_limited(lab: Lab) -> None:
    peer, app = lab.established()
    peer.send(data=b"hello")
    peer.expect_ack()
    for at in range(60):
        peer.send(rst=True, seq=10 + at)
    count = len(peer.inbox)
    expect_true("the number of ACKs for 60 resets", count <= 30, "at most 30", str(count))
    peer.inbox.clear()
    for _ in range(12):
        peer.send(seq=1, data=b"hello")
        peer.expect(ack=6, length=0)
    peer.probe_alive()


@case(
    "connection.abort-resets-in-{state}",
    checkpoint=5,
    rfc=["9293 3.10.5", "U-24", "C-FAIL-5"],
    rule="ABORT tells the peer by a reset at SND.NXT, and forgets all that was queued ({state}).",
    hint="The reset must be exact for the peer: where does it expect us?",
    each=each_state("established", "fin-wait-1", "fin-wait-2", "close-wait"),
    kills=["connection.abort-says-nothing", "connection.abort-resets-at-una"],
)
def abort_resets(lab: Lab, state: str, code: str) -> None:
    stage = reach(lab, state)
    assert stage.app is not None
    if state in ("established", "close-wait"):
        stage.app.write(b"never delivered")
        stage.peer.expect(seq=1, data=b"never delivered")
        stage.snd_nxt = 16
    stage.app.abort()
    stage.peer.expect_reset(seq=stage.snd_nxt)
    stage.app.expect_state("CLOSED")
    stage.app.expect_error("aborted")
    stage.peer.expect_nothing(for_ms=5000)


@case(
    "connection.abort-is-silent-in-{state}",
    checkpoint=5,
    rfc=["9293 3.10.5", "U-24"],
    rule="ABORT when both sides have closed says nothing any more ({state}).",
    hint="There is nothing left to take back.",
    each=each_state("closing", "last-ack", "time-wait"),
    kills=["connection.abort-always-resets"],
)
def abort_is_silent(lab: Lab, state: str, code: str) -> None:
    stage = reach(lab, state)
    assert stage.app is not None
    stage.app.abort()
    stage.peer.expect_nothing(for_ms=5000)
    stage.app.expect_state("CLOSED")


@case(
    "connection.challenges-come-back",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "C-5961-4"],
    rule="A limit on challenge ACKs is one for a time: after a quiet minute there are some again.",
    hint="A counter that is never set back turns the limit into silence for ever.",
    kills=["connection.challenges-once-in-a-life"],
)
def challenges_come_back(lab: Lab) -> None:
    peer, _ = lab.established()
    for _ in range(30):
        peer.send(rst=True, seq=peer.snd_nxt + 100)
    peer.inbox.clear()
    lab.clock.advance(60_000)
    peer.send(rst=True, seq=peer.snd_nxt + 100)
    peer.expect(seq=1, ack=1, length=0, rst=False)
    peer.probe_alive()


@case(
    "connection.challenged-reset-brings-nothing",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "U-15", "C-5961-1"],
    rule="A reset that is only challenged is dropped whole: what it acknowledges or carries is not"
    " believed.",
    hint="After the challenge the matter ends: no fifth check, no text.",
    kills=["connection.challenged-reset-is-read-on"],
)
def challenged_reset_brings_nothing(lab: Lab) -> None:
    peer, app = lab.established()
    app.write(b"not acknowledged")
    peer.expect(seq=1, data=b"not acknowledged")
    peer.send(rst=True, seq=3, ack=17, data=b"forged")
    peer.expect(ack=1, length=0, rst=False)
    peer.expect(seq=1, data=b"not acknowledged", within_ms=1200)
    peer.send(ack=17, data=b"the real bytes")
    peer.expect_ack(15)
    app.expect_read(b"the real bytes")


@case(
    "connection.challenged-syn-brings-nothing",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "U-16", "C-5961-2"],
    rule="A SYN on a living connection is dropped whole: its acknowledgment and text do not count.",
    hint="After the challenge the matter ends: no fifth check, no text.",
    kills=["connection.challenged-syn-is-read-on"],
)
def challenged_syn_brings_nothing(lab: Lab) -> None:
    peer, app = lab.established()
    app.write(b"not acknowledged")
    peer.expect(seq=1, data=b"not acknowledged")
    peer.send(syn=True, seq=2, ack=17, data=b"forged", mss=None)
    peer.expect(ack=1, length=0, rst=False)
    peer.snd_nxt = 1
    peer.expect(seq=1, data=b"not acknowledged", within_ms=1200)
    peer.send(seq=1, ack=17, data=b"the real bytes")
    peer.expect_ack(15)
    app.expect_read(b"the real bytes")


@case(
    "connection.reset-with-every-flag",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "9293 3.5.2", "U-10"],
    rule="A reset is a reset, whatever else is set: the connection is gone, nothing is answered.",
    hint="Second check: with the RST bit the matter ends there.",
    kills=["connection.reset-ignored"],
)
def reset_with_every_flag(lab: Lab) -> None:
    peer, app = lab.established()
    peer.send(rst=True, syn=True, fin=True, psh=True, urg=True, seq=1, ack=1, data=b"and text")
    peer.expect_nothing()
    app.expect_state("CLOSED")
    app.expect_error("reset")
