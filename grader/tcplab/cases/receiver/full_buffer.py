"""The receiver inside a connection whose buffer is full, however large it is.

Other cases choose the size of the buffer, and say exactly which window it leaves. These send until
the window is closed: any TCP can be asked that, also one whose buffers count something else.
"""

from __future__ import annotations

from tcplab.app import App
from tcplab.case import case
from tcplab.lab import Lab
from tcplab.peer import Peer

BUILDS_ON = ("receiver.ack-is-the-next-number-expected",)

_MSS = 1460


def _filled(lab: Lab) -> tuple[Peer, App, bytes]:
    """A connection whose application has read nothing until the window was closed."""
    peer, app = lab.established()
    data = b""
    with lab.precondition("filling the buffer"):
        while peer.snd_wnd > 0:
            piece = lab.bytes(min(_MSS, peer.snd_wnd))
            peer.send(data=piece)
            peer.expect_ack()
            data += piece
        peer.inbox.clear()
    return peer, app, data


def _at_least_one_mss(window: int) -> bool:
    """at least 1460"""
    return window >= _MSS


@case(
    "receiver.full-buffer-answers-probes",
    checkpoint=3,
    rfc=["9293 3.8.6.1", "9293 3.8.6.2.2", "U-14", "MAY-8", "D-RECV-11", "D-RECV-16"],
    rule="A receiver without room answers each probe; when its application has read, it says so.",
    hint="The window is closed, the connection is not. Who tells the peer of new room?",
    kills=["receiver.no-window-updates"],
)
def answers_probes(lab: Lab) -> None:
    peer, app, data = _filled(lab)
    full = peer.snd_nxt
    for _ in range(3):
        peer.send(seq=full, data=b"p")
        peer.expect(ack=full, window=0, length=0, rst=False)
    app.expect_read(data)
    peer.expect(ack=full, window=_at_least_one_mss, length=0, within_ms=500)
    peer.send(seq=full, data=b"probed")
    peer.expect_ack(full + 6)
    app.expect_read(b"probed")
    app.expect_nothing_to_read()


@case(
    "receiver.full-buffer-hears-acknowledgments",
    checkpoint=3,
    rfc=["9293 3.10.7.4", "U-25", "B-AC-1", "D-RECV-17"],
    rule="With no room for anything, acknowledgments are still heard, and data still leaves.",
    hint="RCV.WND is about what comes in. Which test does a segment without length have to pass?",
    kills=["receiver.zero-window-refuses-all"],
)
def hears_acknowledgments(lab: Lab) -> None:
    peer, app, data = _filled(lab)
    app.write(b"still talking")
    peer.expect(ack=peer.snd_nxt, window=0, data=b"still talking")
    peer.send(ack=7)
    app.expect(unacknowledged=7)
    peer.send(ack=14)
    app.expect(unacknowledged=0)
    peer.expect_nothing()
    app.expect_read(data)


@case(
    "receiver.full-buffer-hears-resets",
    checkpoint=3,
    rfc=["9293 3.4", "MUST-66", "B-AC-1"],
    rule="A reset ends a connection whose buffer is full.",
    hint="It stands at RCV.NXT and has no length: is it acceptable when RCV.WND is 0?",
    kills=["receiver.zero-window-refuses-all"],
)
def hears_resets(lab: Lab) -> None:
    peer, app, _ = _filled(lab)
    peer.send(rst=True)
    peer.expect_nothing(for_ms=0)
    app.expect_error("reset")
    peer.send(data=b"anyone?")
    peer.expect_reset(seq=1)
