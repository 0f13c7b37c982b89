"""The receiver inside a connection: the windows that it offers, and when it acknowledges."""

from __future__ import annotations

from tcplab.app import App
from tcplab.case import case
from tcplab.check import expect_true
from tcplab.lab import Lab
from tcplab.peer import Peer

BUILDS_ON = ("receiver.ack-is-the-next-number-expected",)

_MSS = 1460
_FULL = 4001  # RCV.NXT when the buffer of 4000 bytes is full


def _filled(lab: Lab) -> tuple[Peer, App, bytes]:
    """A connection whose application reads nothing: 4000 bytes have closed the window."""
    peer, app = lab.established(recv_capacity=4000)
    data = lab.bytes(4000)
    with lab.precondition("filling the buffer"):
        for at in range(0, 4000, 1000):
            peer.send(data=data[at : at + 1000])
        peer.expect_ack(_FULL)
        expect_true("the window", peer.snd_wnd == 0, "0", str(peer.snd_wnd))
        peer.inbox.clear()
    return peer, app, data


def _at_least_one_mss(window: int) -> bool:
    """at least 1459"""
    return window >= _MSS - 1  # a probe may have been taken


# --- the window that is offered ------------------------------------------------------------------


@case(
    "receiver.offers-a-window-of-{window}",
    checkpoint=3,
    rfc=["9293 3.1", "MUST-1", "D-RECV-1", "D-RECV-3"],
    rule="A free buffer of {window} bytes is offered as a window of {window}.",
    hint="16 bits without a sign. Who turns them into network order, and who must not?",
    kills=["receiver.window-is-signed", "receiver.window-is-in-network-order"],
    each=[{"window": window} for window in (33000, 65000)],
)
def offers_a_window(lab: Lab, window: int) -> None:
    lab.stack(recv_capacity=window)
    lab.listen(80)
    peer = lab.peer(port=80)
    peer.send(syn=True)
    peer.expect(syn=True, ack=1, window=window)
    peer.send()
    peer.send(data=b"0123456789")
    peer.expect(ack=11, window=window - 10, within_ms=500)


@case(
    "receiver.offers-no-more-than-65535-of-{capacity}",
    checkpoint=3,
    rfc=["9293 3.1", "REC-1", "D-RECV-2"],
    rule="A buffer of {capacity} bytes is more than the field can say: the offer is 65,535.",
    hint="Compute with 32 bits or more, and take the minimum before you cast.",
    kills=["receiver.window-is-cut-to-16-bits"],
    each=[{"capacity": capacity} for capacity in (65536, 70000)],
)
def offers_no_more(lab: Lab, capacity: int) -> None:
    lab.stack(recv_capacity=capacity)
    lab.listen(80)
    peer = lab.peer(port=80)
    peer.send(syn=True)
    peer.expect(syn=True, ack=1, window=65535)
    peer.send()
    peer.probe_alive()


@case(
    "receiver.right-edge-stays",
    checkpoint=3,
    rfc=["9293 3.8.6", "SHLD-14", "U-18", "D-RECV-4"],
    rule="Acknowledgment plus window never goes back: not for data held, not for data unread.",
    hint="The window is the distance from RCV.NXT to an edge that you remember.",
    kills=["receiver.edge-goes-left-for-what-is-held"],
)
def right_edge_stays(lab: Lab) -> None:
    peer, app = lab.established(recv_capacity=3000)
    data = lab.bytes(3000)
    for at in (2500, 1000, 500):
        peer.send(seq=1 + at, data=data[at : at + 500])
        peer.expect_perhaps(ack=1, window=3000)
    peer.send(seq=1, data=data[:500])
    peer.expect(ack=1501, window=1500, within_ms=500)
    peer.send(seq=1501, data=data[1500:2500])
    peer.expect(ack=3001, window=0, within_ms=500)
    app.expect_read(data)


@case(
    "receiver.no-window-of-one-byte",
    checkpoint=3,
    rfc=["9293 3.8.6.2.2", "MUST-39", "C-SWS-2", "D-RECV-14"],
    rule="After a zero window the edge moves by one MSS, or half of the buffer, or not at all.",
    hint="The application reads a byte at a time. How large are the segments that this would make?",
    kills=["receiver.no-silly-window-avoidance"],
)
def no_window_of_one_byte(lab: Lab) -> None:
    peer, app, data = _filled(lab)
    app.expect_read(data[:1])
    peer.expect_nothing()
    peer.send(seq=_FULL, data=b"?")  # a probe
    peer.expect(ack=lambda number: number in (_FULL, _FULL + 1), window=0)
    app.expect_read(data[1:1459])
    peer.expect_nothing()
    app.expect_read(data[1459:1460])
    peer.expect(
        ack=lambda number: number in (_FULL, _FULL + 1), window=_at_least_one_mss, within_ms=500
    )


@case(
    "receiver.half-a-buffer-reopens-the-window",
    checkpoint=3,
    rfc=["9293 3.8.6.2.2", "MUST-39", "C-SWS-2"],
    rule="Where the whole buffer is smaller than one MSS, half of it is worth an update.",
    hint="min(RCV.BUFF/2, MSS): which of the two is it here?",
    kills=["receiver.only-full-segments-are-worthwhile"],
)
def half_a_buffer(lab: Lab) -> None:
    peer, app = lab.established(recv_capacity=1000)
    data = lab.bytes(1000)
    peer.send(data=data)
    peer.expect(ack=1001, window=0, within_ms=500)
    app.expect_read(data[:400])
    peer.expect_nothing()
    app.expect_read(data[400:500])
    peer.expect(ack=1001, window=500, within_ms=500)


@case(
    "receiver.reopening-is-announced",
    checkpoint=3,
    rfc=["9293 3.8.6.2.2", "C-DAK-7", "D-RECV-11"],
    rule="When the application has read, the peer hears of it at once; it need not ask.",
    hint="Who looks at tcp_receiver_window_update_due, and what do you answer?",
    kills=["receiver.no-window-updates"],
)
def reopening_is_announced(lab: Lab) -> None:
    peer, app, data = _filled(lab)
    app.expect_read(data)
    peer.expect(ack=_FULL, length=0, window=4000, within_ms=500)
    peer.send(data=b"more")
    peer.expect_ack(_FULL + 4)
    app.expect_read(b"more")


# --- the window is closed ------------------------------------------------------------------------


@case(
    "receiver.zero-window-answers-probes",
    checkpoint=3,
    rfc=["9293 3.8.6.1", "9293 3.4", "U-14", "MUST-66", "MAY-8", "B-AC-5", "D-RECV-16"],
    rule="A receiver without room still answers: each probe, urgent or not, gets the current"
    " acknowledgment.",
    hint="The peer asks whether you are alive and whether there is room. Answer both, each time.",
    kills=["receiver.no-window-updates"],
)
def zero_window_answers_probes(lab: Lab) -> None:
    peer, app, data = _filled(lab)
    for urgent in (0, 1, 0, 1, 0):
        peer.send(seq=_FULL, data=b"p", urg=urgent > 0, urgent=urgent)
        peer.expect(ack=_FULL, window=0, length=0, rst=False)
        lab.clock.advance(200)
    app.expect_read(data)
    peer.expect(ack=_FULL, window=4000, within_ms=500)
    peer.send(seq=_FULL, data=b"probed")
    peer.expect_ack(_FULL + 6)
    app.expect_read(b"probed")
    app.expect_nothing_to_read()


@case(
    "receiver.zero-window-hears-acknowledgments",
    checkpoint=3,
    rfc=["9293 3.10.7.4", "U-25", "B-AC-1", "D-RECV-17"],
    rule="The window is about what comes in: with none to offer, acknowledgments are still heard.",
    hint="A bare ACK takes no room. Is it acceptable when RCV.WND is 0?",
    kills=["receiver.zero-window-refuses-all", "receiver.edge-creeps"],
)
def zero_window_hears_acks(lab: Lab) -> None:
    peer, app, data = _filled(lab)
    app.write(b"still talking")
    peer.expect(ack=_FULL, window=0, data=b"still talking")
    peer.send(ack=7)
    app.expect(unacknowledged=7)
    peer.send(ack=14)
    app.expect(unacknowledged=0)
    peer.expect_nothing()
    app.expect_read(data)


@case(
    "receiver.zero-window-hears-resets",
    checkpoint=3,
    rfc=["9293 3.4", "MUST-66", "B-AC-1"],
    rule="A reset takes effect even if there is no room for anything.",
    hint="A reset stands at RCV.NXT and has no length: which row of the table is that?",
    kills=["receiver.zero-window-refuses-all"],
)
def zero_window_hears_resets(lab: Lab) -> None:
    peer, app, data = _filled(lab)
    peer.send(seq=_FULL, rst=True)
    peer.expect_nothing(for_ms=0)
    app.expect_error("reset")
    peer.send(seq=_FULL, data=b"anyone?")
    peer.expect_reset(seq=1)


@case(
    "receiver.zero-window-and-fin",
    checkpoint=3,
    rfc=["9293 3.10.7.4", "B-AC-5", "E-9"],
    rule="A FIN at zero window may be taken or refused: the stream ends once, and whole.",
    hint="By the table it is outside the window, so it comes again. Does it count twice?",
    kills=["receiver.fin-is-not-counted", "receiver.no-window-updates"],
)
def zero_window_and_fin(lab: Lab) -> None:
    peer, app, data = _filled(lab)
    peer.send(seq=_FULL, fin=True)
    peer.expect(ack=lambda number: number in (_FULL, _FULL + 1))
    refused = peer.snd_una == _FULL
    app.expect_read(data)
    if refused:
        peer.expect(ack=_FULL, window=4000, within_ms=500)
    peer.send(seq=_FULL, fin=True)
    peer.expect_ack(_FULL + 1)
    app.expect_eof()


@case(
    "receiver.overrun-window-stays-at-zero",
    checkpoint=3,
    rfc=["9293 3.8.6", "C-SWS-3", "D-RECV-15"],
    rule="Text beyond the window offered may be kept if there is room: the window is zero then, and"
    " the connection goes on.",
    hint="RCV.NXT may pass the right edge. What is their difference, and is it signed?",
    kills=["receiver.window-is-signed-difference"],
)
def overrun_window(lab: Lab) -> None:
    peer, app = lab.established(recv_capacity=4000)
    data = lab.bytes(4040)
    for at in range(0, 3990, 1330):
        peer.send(data=data[at : at + 1330])
    peer.expect_ack(3991)
    app.expect_read(data[:500])
    peer.send(seq=3991, data=data[3990:])  # ten bytes inside, forty beyond
    peer.expect(ack=lambda number: 4001 <= number <= 4041, window=0, within_ms=500)
    peer.snd_nxt = peer.snd_una
    app.write(b"heard?")
    peer.expect(data=b"heard?", ack=peer.snd_nxt)
    peer.send()
    app.expect(unacknowledged=0)
    app.expect_read(data[500 : peer.snd_nxt - 1])
    peer.expect(window=lambda window: window >= 3000, within_ms=500)


# --- when it acknowledges ------------------------------------------------------------------------


@case(
    "receiver.bare-acks-are-not-acknowledged",
    checkpoint=3,
    rfc=["9293 3.10.7.4", "U-4", "C-DAK-5", "D-RECV-8"],
    rule="An acknowledgment takes no sequence number, so nothing of it can be acknowledged.",
    hint="If it were answered, and the answer too: when would the two sides ever be silent?",
    kills=["receiver.left-edge-is-outside"],
)
def bare_acks(lab: Lab) -> None:
    peer, app = lab.established()
    for _ in range(10):
        peer.send()
    with peer.burst():
        for _ in range(90):
            peer.send()
    peer.expect_nothing()
    peer.probe_alive()
    app.expect_read(b"!")


@case(
    "receiver.lone-segment-within-half-a-second",
    checkpoint=3,
    rfc=["9293 3.8.6.3", "MUST-40", "SHLD-18", "C-DAK-1"],
    rule="An acknowledgment may wait for company, but for less than half a second.",
    hint="RCV.NXT has moved as soon as the bytes are in the stream, read or not.",
    kills=["receiver.ack-waits-for-the-application"],
)
def lone_segment(lab: Lab) -> None:
    peer, app = lab.established()
    text = b""
    for _ in range(5):
        text += b"tick"
        peer.send(data=b"tick")
        peer.expect(ack=peer.snd_nxt, length=0, within_ms=499)
        peer.expect_nothing(for_ms=500)
    app.expect_read(text)


@case(
    "receiver.every-second-segment-is-acknowledged",
    checkpoint=3,
    rfc=["9293 3.8.6.3", "SHLD-19", "C-DAK-2", "D-RECV-13"],
    rule="In a stream of full segments at least every second one is acknowledged.",
    hint="The peer's window is filled again by your acknowledgments: how many may you save?",
    kills=["receiver.ack-waits-for-the-application"],
)
def every_second_segment(lab: Lab) -> None:
    peer, app = lab.established()
    data = lab.bytes(11 * _MSS)
    for at in range(0, len(data), _MSS):
        peer.send(data=data[at : at + _MSS])
        waiting = (peer.snd_nxt - peer.snd_una) // _MSS
        expect_true("full segments that wait", waiting <= 1, "at most 1", str(waiting))
        lab.clock.advance(1)
    peer.expect_ack()
    app.expect_read(data)
