"""SYN-SENT: RFC 9293, 3.10.7.3."""

from __future__ import annotations


from tcplab.app import App
from tcplab.case import case
from tcplab.cases.connection.states import syn_sent
from tcplab.lab import Lab
from tcplab.peer import Peer

BUILDS_ON = ("segment.fields-in-their-places",)


def _goes_on(peer: Peer, app: App) -> None:
    """SYN-SENT still: the handshake can be completed."""
    app.expect_state("SYN-SENT")
    peer.send(syn=True, seq=0, ack=1)
    peer.expect_ack(1)
    app.expect_state("ESTABLISHED")


@case(
    "connection.syn-sent-old-syn-ack",
    checkpoint=5,
    rfc=["9293 3.10.7.3", "B-SS-1", "B-SS-2", "B-SC-14", "U-7", "D-CONN-14"],
    rule="A SYN+ACK that acknowledges anything but our SYN is reset; we wait on (figure 8).",
    hint="SYN-SENT, first check: ISS < SEG.ACK =< SND.NXT, or <SEQ=SEG.ACK><CTL=RST>.",
    kills=["connection.syn-sent-any-ack", "connection.syn-sent-bad-ack-unanswered"],
    weight=3,
)
def old_syn_ack(lab: Lab) -> None:
    peer, app = syn_sent(lab)
    for ack in (0, -10, 2, 1000):
        peer.send(syn=True, seq=500, ack=ack)
        peer.expect_reset(seq=ack, ack=None)
    _goes_on(peer, app)


@case(
    "connection.syn-sent-other-half-is-open",
    checkpoint=5,
    rfc=["9293 3.5.1", "B-SC-16", "B-SS-2", "D-CONN-14"],
    rule="We have crashed, the peer has not: its ACK is reset, then our SYN is heard (figure 9).",
    hint="The peer answers our SYN with where it is. What do we know of that? Nothing.",
    kills=["connection.syn-sent-bad-ack-unanswered"],
    weight=3,
)
def other_half_is_open(lab: Lab) -> None:
    peer, app = syn_sent(lab)
    peer.send(seq=300, ack=100)
    peer.expect_reset(seq=100, ack=None)
    peer.expect(syn=True, seq=0, within_ms=1200)
    _goes_on(peer, app)


@case(
    "connection.syn-sent-refused",
    checkpoint=5,
    rfc=["9293 3.10.7.3", "B-SS-4", "E-8"],
    rule="A reset that acknowledges our SYN means: refused. The application is told.",
    hint="SYN-SENT, second check, with an acceptable ACK.",
    kills=["connection.refused-not-told", "connection.syn-sent-reset-ignored"],
    weight=3,
)
def refused(lab: Lab) -> None:
    peer, app = syn_sent(lab)
    peer.send(rst=True, ack=1)
    app.expect_state("CLOSED")
    app.expect_error("refused")
    peer.expect_nothing(for_ms=5000)
    peer.send(syn=True, ack=1)
    peer.expect_reset(seq=1, ack=None)


@case(
    "connection.syn-sent-forged-resets",
    checkpoint=5,
    rfc=["9293 3.10.7.3", "B-SS-3", "B-SS-5", "U-9"],
    rule="A reset that does not acknowledge our SYN comes from someone who has not seen it.",
    hint="Without an ACK, or with a wrong one: dropped, and never answered.",
    kills=["connection.syn-sent-any-reset", "connection.reset-answered-in-syn-sent"],
    weight=2,
)
def forged_resets(lab: Lab) -> None:
    peer, app = syn_sent(lab)
    peer.send(rst=True, seq=0)
    peer.send(rst=True, seq=0, ack=5)
    peer.send(rst=True, seq=0, ack=0)
    peer.expect_nothing()
    peer.expect(syn=True, seq=0, within_ms=1200)
    _goes_on(peer, app)


@case(
    "connection.syn-sent-ack-without-syn",
    checkpoint=5,
    rfc=["9293 3.10.7.3", "B-SS-10", "B-SS-11", "D-CONN-16"],
    rule="An ACK alone does not open a connection: the peer's number is not known without a SYN.",
    hint="SYN-SENT, fifth: neither SYN nor RST, drop it.",
    kills=["connection.syn-sent-ack-opens"],
    weight=2,
)
def ack_without_syn(lab: Lab) -> None:
    peer, app = syn_sent(lab)
    peer.send(seq=1, ack=1)
    peer.send(seq=1, ack=1, data=b"data")
    peer.send(seq=1, ack=None, fin=True)
    peer.snd_nxt = 0
    peer.expect_nothing()
    app.expect(readable=0, eof=False)
    _goes_on(peer, app)


@case(
    "connection.syn-ack-with-data",
    checkpoint=5,
    rfc=["9293 3.10.7.3", "B-SS-7", "E-22"],
    rule="Data on the SYN+ACK is delivered, or not acknowledged and delivered when it comes again.",
    hint="ESTABLISHED, and on to the sixth check of the same segment.",
    kills=["connection.syn-ack-not-acknowledged"],
)
def syn_ack_with_data(lab: Lab) -> None:
    peer, app = syn_sent(lab)
    peer.send(syn=True, ack=1, data=b"hello")
    answer = peer.expect(seq=1, has_ack=True, rst=False)
    if (answer.ack - peer.iss) % (1 << 32) == 1:
        peer.send(seq=1, data=b"hello")
        peer.expect_ack(6)
    app.expect_state("ESTABLISHED")
    app.expect_read(b"hello")


@case(
    "connection.crossing-syn-with-data",
    checkpoint=5,
    rfc=["9293 3.10.7.3", "B-SS-9", "U-5", "E-22"],
    rule="Data on a SYN that crosses ours waits for the handshake, or is sent again.",
    hint="SYN-SENT, fourth check: what else is on the segment is queued for ESTABLISHED.",
    kills=["connection.no-simultaneous-open"],
)
def crossing_syn_with_data(lab: Lab) -> None:
    peer, app = syn_sent(lab)
    peer.send(syn=True, data=b"hello")
    answer = peer.expect(syn=True, seq=0, has_ack=True)
    kept = (answer.ack - peer.iss) % (1 << 32) - 1
    app.expect(readable=0)
    peer.send(seq=1 + kept, data=b"hello"[kept:], ack=1)
    app.expect_state("ESTABLISHED")
    app.expect_read(b"hello")
    peer.probe_alive()


@case(
    "connection.syn-sent-no-endless-talk",
    checkpoint=5,
    rfc=["9293 3.10.7.3", "D-CONN-15", "C-5961-5"],
    rule="One answer for one wrong ACK: two confused hosts make no storm between them.",
    hint="A reset does not bring the SYN forward: that one waits for its timer.",
    kills=["connection.syn-sent-bad-ack-unanswered", "connection.wrong-ack-brings-the-syn-forward"],
)
def no_endless_talk(lab: Lab) -> None:
    peer, app = syn_sent(lab)
    for _ in range(20):
        peer.send(seq=300, ack=100)
        peer.expect_reset(seq=100, ack=None)
        peer.expect_nothing(for_ms=0)
    _goes_on(peer, app)


@case(
    "connection.close-in-syn-sent",
    checkpoint=5,
    rfc=["9293 3.10.4", "B-SC-11"],
    rule="CLOSE before anybody has answered just forgets the attempt.",
    hint="No FIN, no reset: for the peer there is no connection yet. A late SYN+ACK is reset.",
    kills=["connection.close-in-syn-sent-ignored"],
    weight=2,
)
def close_insyn_sent(lab: Lab) -> None:
    peer, app = syn_sent(lab)
    app.close()
    peer.expect_nothing(for_ms=5000)
    app.expect_state("CLOSED")
    app.expect_error("none")
    peer.send(syn=True, ack=1)
    peer.expect_reset(seq=1, ack=None)


@case(
    "connection.syn-gives-up-after-three-minutes",
    checkpoint=5,
    rfc=["9293 3.8.3", "MUST-22", "MUST-23", "C-FAIL-1"],
    rule="A SYN is tried for at least three minutes; then the application is told of the timeout.",
    hint="R2 while our SYN is not acknowledged: max_syn_retransmissions.",
    kills=["connection.never-gives-up", "connection.timeout-is-no-error"],
    weight=2,
)
def syn_gives_up(lab: Lab) -> None:
    peer, app = syn_sent(lab)
    lab.clock.advance(179_000)
    app.expect_state("SYN-SENT")
    peer.inbox.clear()
    peer.expect(syn=True, seq=0, not_before_ms=1000, within_ms=70_000)
    lab.clock.advance(130_000)
    app.expect_state("CLOSED")
    app.expect_error("timed-out")
    peer.inbox.clear()
    peer.send(syn=True, ack=1)
    peer.expect_reset(seq=1, ack=None)


@case(
    "connection.syn-sent-reset-with-syn",
    checkpoint=5,
    rfc=["9293 3.10.7.3", "B-SS-4", "B-SS-5"],
    rule="The RST bit is looked at before the SYN bit: a segment with both opens nothing.",
    hint="SYN-SENT, second check: with RST the matter ends there, whatever else is set.",
    kills=["connection.syn-sent-goes-on-after-rst"],
)
def reset_with_syn(lab: Lab) -> None:
    peer, app = syn_sent(lab)
    peer.send(syn=True, rst=True, seq=0, ack=None)
    peer.expect_nothing()
    app.expect_state("SYN-SENT")
    peer.send(syn=True, rst=True, seq=0, ack=1)
    app.expect_state("CLOSED")
    app.expect_error("refused")
    peer.expect_nothing(for_ms=3000)


@case(
    "connection.opened-and-written-to",
    checkpoint=5,
    rfc=["9293 3.10.7.3", "B-SS-6"],
    rule="Once the SYN+ACK is there, data can be sent, and the SYN is not sent again.",
    hint="The SYN+ACK acknowledges our SYN: who tells the sender, and of the window?",
    kills=["connection.syn-ack-is-no-ack"],
    weight=2,
)
def opened_and_written_to(lab: Lab) -> None:
    app = lab.connect(7)
    peer = lab.peer_of(app, window=1000)
    peer.expect(syn=True, seq=0, has_ack=False)
    peer.send(syn=True, ack=1)
    peer.expect(seq=1, ack=1, syn=False)
    app.write(b"first words")
    peer.expect(seq=1, data=b"first words", syn=False)
    peer.send(ack=12)
    peer.expect_nothing(for_ms=5000)
