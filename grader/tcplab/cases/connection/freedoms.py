"""Where the RFCs leave a choice, either answer is right; silence, or harm, is not."""

from __future__ import annotations

from tcplab.app import App
from tcplab.case import case
from tcplab.cases.connection.states import PEER_CLOSED, RECEIVING, each_state, reach
from tcplab.check import expect_true
from tcplab.lab import Lab
from tcplab.packet import FIN, RST, Segment
from tcplab.peer import Peer

BUILDS_ON = ("connection.three-way-handshake",)

_LONG_AGO = 200_000  # further back than any window was wide


@case(
    "connection.very-old-ack-in-{state}",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "5961 5.2", "B-{code}-11", "C-5961-3", "MAY-12"],
    rule="Text with an ACK from long ago is taken, or challenged and taken when it comes again with"
    " a right one ({state}).",
    hint="SEG.ACK < SND.UNA: an old duplicate, to be ignored; or, with RFC 5961, a forgery.",
    each=each_state(*RECEIVING),
    kills=["connection.very-old-ack-resets"],
)
def very_old_ack(lab: Lab, state: str, code: str) -> None:
    stage = reach(lab, state)
    begin = stage.rcv_nxt
    stage.send_unchanged(data=b"data", ack=stage.snd_una - _LONG_AGO)
    answer = stage.peer.expect(length=0, rst=False, within_ms=500)
    taken = (answer.ack - stage.peer.iss - begin) % (1 << 32)
    expect_true("ack", taken in (0, 4), f"{begin} or {begin + 4}", str(begin + taken))
    stage.peer.snd_nxt = begin + taken
    if taken == 0:
        stage.send(data=b"data")
        stage.peer.expect_ack()
    assert stage.app is not None
    stage.app.expect_read(b"data")
    stage.expect_unharmed()


@case(
    "connection.very-old-ack-in-{state}",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "5961 5.2", "B-{code}-11", "C-5961-3", "MAY-12"],
    rule="A bare ACK from long ago is ignored or challenged, and changes nothing ({state}).",
    hint="Fifth check: below SND.UNA there is nothing left to acknowledge.",
    each=each_state(*PEER_CLOSED),
    kills=["connection.very-old-ack-resets"],
)
def very_old_bare_ack(lab: Lab, state: str, code: str) -> None:
    stage = reach(lab, state)
    stage.send(ack=stage.snd_una - _LONG_AGO)
    answers = [one for one in stage.peer.inbox if not one.is_pure_ack]
    expect_true("the answer", not answers, "an ACK, or none", "another segment")
    stage.peer.inbox.clear()
    stage.expect_unharmed()


@case(
    "connection.data-at-a-closed-window-acknowledges",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "9293 3.8.6.1", "U-25", "B-AC-5", "E-21"],
    rule="A closed window refuses text, with an ACK. What the segment acknowledges counts, or what"
    " the next one does.",
    hint="A special allowance: both sides can be stuck if neither hears the other's ACKs.",
    kills=["connection.unacceptable-not-answered"],
)
def data_at_closed_window(lab: Lab) -> None:
    with lab.precondition("filling the window"):
        peer, app = lab.established(recv_capacity=1000)
        peer.send(data=bytes(1000))
        peer.expect_ack(1001)
    app.write(b"still talking")
    peer.expect(seq=1, data=b"still talking", window=0)
    peer.send(seq=1001, data=b"refused", ack=14)
    peer.snd_nxt = 1001
    peer.expect(ack=1001, window=0, length=0)
    peer.send(ack=14)
    app.expect(unacknowledged=0, readable=1000)
    peer.expect_nothing(for_ms=5000)


def _probe_refused(lab: Lab) -> tuple[Peer, App]:
    """Both windows are closed; the stack has sent a probe, and knows that it was not taken."""
    with lab.precondition("closing both windows"):
        peer, app = lab.established(recv_capacity=1000)
        peer.send(data=bytes(1000))
        peer.expect_ack(1001)
        peer.window = 0
        peer.send()
        app.write(b"behind the probe")
        peer.expect(has_ack=True, rst=False, within_ms=10_000)
        peer.send(ack=1)
        return peer, app


def _expect_next(peer: Peer, segment: Segment) -> None:
    """It stands behind the probe, which was sent, or where the probe did, which was refused."""
    seq = segment.seq - (peer.dut_iss or 0) & 0xFFFFFFFF
    expect_true("seq", seq in (1, 2), "1, the number of the probe, or 2, SND.NXT", str(seq))


@case(
    "connection.both-windows-closed",
    checkpoint=5,
    rfc=["9293 3.8.6.1", "9293 3.10.7.4", "9293 App. A", "D-RECV-11", "U-14", "E-23"],
    rule="Also while a probe of its own is out and was refused, a stack answers, and tells of its"
    " room: at SND.NXT, or at the number of the probe.",
    hint="Better at the probe's: that is where such a peer stands, and Linux drops what lies beyond"
    " a window that it has closed.",
    kills=["connection.probe-silences-updates", "connection.acks-before-snd-una"],
)
def both_windows_closed(lab: Lab) -> None:
    peer, app = _probe_refused(lab)
    peer.send(seq=1001, data=b"p", ack=1)
    peer.snd_nxt = 1001
    _expect_next(peer, peer.expect(ack=1001, window=0, length=0))
    app.expect_read(bytes(1000))
    update = peer.expect(ack=1001, window=lambda w: w >= 500, length=0, within_ms=1000)
    _expect_next(peer, update)
    peer.window = 5000
    peer.send(data=b"go on", ack=1)
    peer.expect_data(b"behind the probe", within_ms=10_000)
    app.expect_read(b"go on")


@case(
    "connection.abort-behind-a-refused-probe",
    checkpoint=5,
    rfc=["9293 3.10.5", "9293 3.5.3", "9293 App. A", "U-24", "E-23"],
    rule="ABORT while a refused probe is out resets at SND.NXT, or at the number of the probe.",
    hint="Better at the probe's: the peer has not taken it, and only a reset that is exact counts.",
    kills=["connection.abort-says-nothing", "connection.abort-resets-at-una"],
)
def abort_behind_refused_probe(lab: Lab) -> None:
    peer, app = _probe_refused(lab)
    app.abort()
    _expect_next(peer, peer.expect(rst=True))
    app.expect_state("CLOSED")
    app.expect_error("aborted")
    peer.expect_nothing(for_ms=5000)


@case(
    "connection.reader-takes-its-time",
    checkpoint=5,
    rfc=["9293 3.10.3", "9293 3.8.6.3", "B-ES-15", "MUST-40"],
    rule="Data is acknowledged when it is there, and waits for the application as long as that"
    " likes.",
    hint="The acknowledgment speaks of what you have received, not of what was read.",
    kills=["connection.ack-delayed-too-long"],
)
def reader_takes_its_time(lab: Lab) -> None:
    peer, app = lab.established()
    for text in (b"no hurry", b"none at all"):
        peer.send(data=text)
        lab.clock.advance(2000)
        app.expect_read(text)
    peer.expect_ack()


@case(
    "connection.let-go-with-data-unread",
    checkpoint=5,
    rfc=["9293 3.6.1", "2525 2.17", "SHLD-3", "E-18", "D-CONN-30"],
    rule="An application that goes away without reading what was acknowledged leaves no silence: a"
    " reset says that it is lost, or a FIN follows.",
    hint="The stack aborts here. What does ABORT say to the peer?",
    kills=["connection.abort-says-nothing"],
)
def let_go_with_data_unread(lab: Lab) -> None:
    peer, app = lab.established()
    peer.send(data=b"nobody will read this")
    peer.expect_ack()
    app.release()
    said = [one for one in peer.inbox if one.has(RST) or one.has(FIN)]
    expect_true("RST or FIN", bool(said), "one of them", "neither")
    expect_true("SEG.SEQ", said[0].seq == ((peer.dut_iss or 0) + 1) % (1 << 32), "1", "another")


@case(
    "connection.let-go-and-spoken-to",
    checkpoint=5,
    rfc=["9293 3.6.1", "MAY-1"],
    rule="Who has closed for good may refuse data with a reset, or take it; it is not met with"
    " silence.",
    hint="After release, what arrives is still a segment for this connection.",
    kills=["connection.no-text-after-close"],
)
def let_go_and_spoken_to(lab: Lab) -> None:
    peer, app = lab.established()
    app.release()
    peer.expect_fin(acknowledge=True)
    peer.send(data=b"one more thing")
    answer = peer.expect(syn=False, fin=False, within_ms=500)
    taken = not answer.has(RST) and answer.ack == (peer.iss + 15) % (1 << 32)
    expect_true("the answer", taken or answer.has(RST), "RST, or an ACK of it", "neither")


@case(
    "connection.aborted-and-spoken-to",
    checkpoint=5,
    rfc=["9293 3.10.5", "9293 3.5.2", "E-4"],
    rule="After ABORT what still comes is reset, acknowledged as in TIME-WAIT, or ignored; it is"
    " never delivered.",
    hint="The connection is gone: what would CLOSED answer?",
    kills=["connection.abort-says-nothing", "connection.abort-resets-at-una"],
)
def aborted_and_spoken_to(lab: Lab) -> None:
    peer, app = lab.established()
    app.write(b"never mind")
    peer.expect(seq=1, data=b"never mind")
    app.abort()
    peer.expect_reset(seq=11)
    peer.send(data=b"what?", ack=11)
    count = len(peer.inbox)
    expect_true("answers", count <= 1, "at most 1", str(count))
    app.expect(readable=0)
    app.expect_state("CLOSED")


@case(
    "connection.nothing-is-offered-by-one-side-only",
    checkpoint=5,
    rfc=["9293 3.10.7.2", "7323 2.2", "2018 2", "C-WS-1", "C-SACK-1"],
    rule="A SYN without options for it is answered without window scale, SACK and timestamps; the"
    " windows are what the field says.",
    hint="Both SYNs have to agree, else the extension does not exist.",
    kills=["connection.windows-are-scaled", "segment.offers-sack"],
)
def nothing_offered(lab: Lab) -> None:
    listener = lab.listen(80)
    peer = lab.peer(port=80, window=100)
    peer.send(syn=True)
    answer = peer.expect(syn=True, ack=1)
    kinds = _kinds(answer.raw)
    expect_true("option kinds", kinds <= {0, 1, 2}, "0, 1 and 2 only", str(sorted(kinds)))
    peer.send()
    app = listener.accept(peer)
    app.write(bytes(1000))
    peer.expect_data(bytes(100), acknowledge=False)
    peer.send(seq=101, data=b"behind a gap", ack=1)
    peer.send(seq=1, data=bytes(100), ack=1)
    for one in (*peer.inbox, peer.expect_ack(113)):
        expect_true("option kinds", not _kinds(one.raw) - {0, 1}, "none", str(_kinds(one.raw)))
    expect_true("the bytes sent", peer.rcv_nxt == 101, "100", str(peer.rcv_nxt - 1))


def _kinds(raw: bytes) -> set[int]:
    """The kinds of the options in a packet; the monitors see to it that they are well formed."""
    start = (raw[0] & 15) * 4
    options, at, kinds = raw[start + 20 : start + (raw[start + 12] >> 4) * 4], 0, set()
    while at < len(options):
        kinds.add(options[at])
        at += 1 if options[at] < 2 or at + 1 >= len(options) else max(2, options[at + 1])
    return kinds
