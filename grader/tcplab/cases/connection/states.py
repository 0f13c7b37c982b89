"""The states of a connection, and how to get there. Not about the way: what fails on it makes a
case `not run`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tcplab.app import App
from tcplab.check import expect_true
from tcplab.lab import Lab
from tcplab.packet import Segment
from tcplab.peer import Peer

GREETING = b"hello"

# The codes under which the rows of a state's table are known.
CODES = {
    "syn-received": "SR",
    "established": "ES",
    "fin-wait-1": "F1",
    "fin-wait-2": "F2",
    "close-wait": "CW",
    "closing": "CG",
    "last-ack": "LA",
    "time-wait": "TW",
}
RECEIVING = ("established", "fin-wait-1", "fin-wait-2")  # the peer's FIN has not come yet
PEER_CLOSED = ("close-wait", "closing", "last-ack", "time-wait")  # it has
SYNCHRONIZED = RECEIVING + PEER_CLOSED


def each_state(*states: str, without: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """One row for each state, with its name and its code."""
    return [{"state": one, "code": CODES[one]} for one in states if one not in without]


@dataclass
class Stage:
    """A connection in a certain state. Numbers are relative; the variables are the stack's."""

    lab: Lab
    state: str
    peer: Peer
    app: App | None  # none in SYN-RECEIVED: nobody has accepted it yet
    snd_una: int
    snd_nxt: int

    @property
    def rcv_nxt(self) -> int:
        """What the stack expects next: all that the tester has sent was acknowledged."""
        return self.peer.snd_nxt

    @property
    def window_end(self) -> int:
        """The first number beyond the window that the stack has offered."""
        return self.peer.snd_una + self.peer.snd_wnd

    def send(self, **fields: Any) -> None:
        """Like peer.send, but acknowledges only what is acknowledged already."""
        bare = fields.get("rst") or fields.get("syn")
        fields.setdefault("ack", None if bare else self.snd_una)
        self.peer.send(**fields)

    def send_unchanged(self, **fields: Any) -> None:
        """The same for a segment whose text is not to be taken: the numbers stay."""
        before = self.peer.snd_nxt
        self.send(**fields)
        self.peer.snd_nxt = before

    def expect_bare_ack(self) -> Segment:
        """<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>, at once."""
        return self.peer.expect(
            seq=self.snd_nxt,
            ack=self.rcv_nxt,
            length=0,
            syn=False,
            fin=False,
            rst=False,
        )

    def expect_unharmed(self) -> None:
        """The connection is where it was, and goes on: the next byte is acknowledged, or, behind
        the peer's FIN, that FIN once more."""
        if self.state in PEER_CLOSED:
            self.send(seq=self.rcv_nxt - 1, fin=True)
            self.expect_bare_ack()
        else:
            self.peer.send(data=b"!", ack=max(self.snd_una, 1))
            self.peer.expect_ack()
        if self.app is not None:
            self.app.expect_state(self.state.upper())

    def expect_gone(self) -> None:
        """There is no connection any more: an ACK is answered with <SEQ=SEG.ACK><CTL=RST>."""
        self.peer.send(ack=self.snd_nxt)
        self.peer.expect_reset(seq=self.snd_nxt, ack=None)


def reach(lab: Lab, state: str, **options: Any) -> Stage:
    """A connection in this state; `options` as for lab.established."""
    with lab.precondition(f"the way to {state.upper()}"):
        stage = _WAYS[state](lab, options)
        stage.state = state
        if stage.app is not None:
            stage.app.expect_state(state.upper())
        return stage


def _syn_received(lab: Lab, options: dict[str, Any]) -> Stage:
    if options:
        lab.stack(**options)
    lab.listen(80)
    peer = lab.peer(port=80)
    peer.send(syn=True)
    peer.expect(syn=True, ack=1)
    return Stage(lab, "syn-received", peer, None, 0, 1)


def _established(lab: Lab, options: dict[str, Any]) -> Stage:
    peer, app = lab.established(**options)
    peer.send(data=GREETING)
    peer.expect_ack()
    app.expect_read(GREETING)
    return Stage(lab, "established", peer, app, 1, 1)


def _fin_wait_1(lab: Lab, options: dict[str, Any]) -> Stage:
    stage = _established(lab, options)
    assert stage.app is not None
    stage.app.close()
    stage.peer.expect_fin()
    stage.snd_nxt = 2
    return stage


def _fin_wait_2(lab: Lab, options: dict[str, Any]) -> Stage:
    stage = _fin_wait_1(lab, options)
    stage.snd_una = 2
    stage.send()
    return stage


def _close_wait(lab: Lab, options: dict[str, Any]) -> Stage:
    stage = _established(lab, options)
    stage.send(fin=True)
    stage.peer.expect_ack()
    return stage


def _closing(lab: Lab, options: dict[str, Any]) -> Stage:
    stage = _fin_wait_1(lab, options)
    stage.send(fin=True)
    stage.peer.expect_ack()
    return stage


def _last_ack(lab: Lab, options: dict[str, Any]) -> Stage:
    stage = _close_wait(lab, options)
    assert stage.app is not None
    stage.app.close()
    stage.peer.expect_fin()
    stage.snd_nxt = 2
    return stage


def _time_wait(lab: Lab, options: dict[str, Any]) -> Stage:
    stage = _fin_wait_2(lab, options)
    stage.send(fin=True)
    stage.peer.expect_ack()
    return stage


_WAYS: dict[str, Callable[[Lab, dict[str, Any]], Stage]] = {
    "syn-received": _syn_received,
    "established": _established,
    "fin-wait-1": _fin_wait_1,
    "fin-wait-2": _fin_wait_2,
    "close-wait": _close_wait,
    "closing": _closing,
    "last-ack": _last_ack,
    "time-wait": _time_wait,
}


def closed_window(lab: Lab) -> tuple[Peer, App]:
    """The application does not read, and the tester has filled the window."""
    with lab.precondition("filling the window"):
        peer, app = lab.established(recv_capacity=1000)
        peer.send(data=bytes(1000))
        ack = peer.expect_ack(1001)
        expect_true("the window", ack.window == 0, "0", str(ack.window))
        return peer, app


def syn_sent(lab: Lab) -> tuple[Peer, App]:
    """The application has opened, and the SYN is out."""
    with lab.precondition("sending a SYN"):
        app = lab.connect(7)
        peer = lab.peer_of(app)
        peer.expect(syn=True, has_ack=False)
        return peer, app
