"""Cases made for a program that echoes, or discards, and closes when its peer has closed.

Its own application does what cases of the command channel are told to let it do, so the sender's
half of TCP can be seen as well.
"""

from __future__ import annotations

from tcplab.app import App
from tcplab.case import case
from tcplab.check import expect_true
from tcplab.errors import CannotAsk
from tcplab.foreign.probe_lab import ProbeLab, record_echo
from tcplab.lab import Lab
from tcplab.peer import Peer

_LARGEST_BUFFERS = 1 << 20
# Nobody has set the timers of the program: a smallest RTO of 200 ms is usual, RFC 6298 advises 1 s.
_SOONEST_MS, _FIRST_MS, _SECOND_MS = 200, 3500, 7500


def _echoing(lab: Lab, *, window: int = 65535, mss: int = 1460) -> tuple[Peer, App]:
    assert isinstance(lab, ProbeLab)
    if not lab.echoes:
        raise CannotAsk("it does not echo")
    lab.knows_the_application = True
    return lab.established(window=window, mss=mss)


def _say(lab: Lab, peer: Peer, app: App, data: bytes) -> None:
    """Sends data that will come back; what has come before is not acknowledged by it."""
    record_echo(lab, app, data)
    una = peer.rcv_nxt
    with peer.burst():
        for at in range(0, len(data), 1000):
            peer.send(data=data[at : at + 1000], ack=una)


# --- the echo ------------------------------------------------------------------------------------


@case(
    "echo.the-same-bytes-come-back",
    checkpoint=5,
    rfc=["9293 2.2"],
    rule="What the application has been sent, and sends back, arrives in order and unchanged.",
    hint="The two directions have streams and numbers of their own.",
)
def same_bytes(lab: Lab) -> None:
    peer, app = _echoing(lab)
    for length in (1, 100, 3000, 5000):
        data = lab.bytes(length)
        _say(lab, peer, app, data)
        peer.expect_data(data)


@case(
    "echo.segments-fit-the-peers-mss-{mss}",
    checkpoint=5,
    rfc=["9293 3.7.1", "MUST-16"],
    rule="No segment carries more than the {mss} bytes that the peer has announced.",
    hint="The MSS option of the SYN says what the peer can take.",
    each=[{"mss": 300}, {"mss": 536}, {"mss": 1000}],
)
def fits_mss(lab: Lab, mss: int) -> None:
    peer, app = _echoing(lab, mss=mss)
    _say(lab, peer, app, lab.bytes(3000))

    def allowed(length: int) -> bool:
        return 0 < length <= mss

    allowed.__doc__ = f"1 to {mss}"
    received = 0
    while received < 3000:
        received += len(peer.expect(length=allowed, within_ms=1000).data)
        peer.send()


@case(
    "echo.the-window-is-obeyed",
    checkpoint=5,
    rfc=["9293 3.8.6", "U-9"],
    rule="No more is under way than the peer's window allows.",
    hint="Nothing past SND.UNA + SND.WND may be sent.",
)
def window_obeyed(lab: Lab) -> None:
    peer, app = _echoing(lab, window=1000)
    data = lab.bytes(3000)
    _say(lab, peer, app, data)
    for at in (0, 1000, 2000):
        peer.expect_data(data[at : at + 1000], acknowledge=False)
        _expect_no_data(lab, peer)
        peer.send()


def _expect_no_data(lab: Lab, peer: Peer) -> None:
    lab.clock.advance(150)
    more = sum(len(one.data) for one in peer.inbox)
    expect_true("what came beyond the window", more == 0, "no bytes", f"{more} bytes")
    peer.inbox.clear()


# --- loss ----------------------------------------------------------------------------------------


@case(
    "echo.lost-bytes-are-sent-again",
    checkpoint=5,
    rfc=["9293 3.8.1", "6298 5"],
    rule="What is not acknowledged is sent again, the same bytes with the same number.",
    hint="The retransmission timer runs as long as anything is not acknowledged.",
)
def sent_again(lab: Lab) -> None:
    peer, app = _echoing(lab)
    _say(lab, peer, app, b"lost on the way")
    peer.expect(seq=1, data=b"lost on the way")
    peer.expect(seq=1, data=b"lost on the way", not_before_ms=_SOONEST_MS, within_ms=_FIRST_MS)
    peer.send()
    peer.expect_nothing(for_ms=2500)
    _say(lab, peer, app, b"and on")
    peer.expect_data(b"and on")


@case(
    "echo.gaps-double",
    checkpoint=5,
    rfc=["6298 5.5", "C-RTO-9"],
    rule="Each time that the timer expires it waits twice as long as before.",
    hint="RFC 6298, 5.5: back off the timer.",
)
def gaps_double(lab: Lab) -> None:
    peer, app = _echoing(lab)
    _say(lab, peer, app, b"again and again")
    times = [peer.expect(seq=1, data=b"again and again").time_ms]
    for within in (_FIRST_MS, _SECOND_MS):
        again = peer.expect(seq=1, data=b"again and again", within_ms=within)
        times.append(again.time_ms)
    first, second = times[1] - times[0], times[2] - times[1]
    fits = 1.6 * first <= second <= 2.5 * first
    expect_true("the second gap", fits, f"twice {first} ms", f"{second} ms")


@case(
    "echo.closed-window-is-probed",
    checkpoint=5,
    rfc=["9293 3.8.6.1", "MUST-36", "MUST-37"],
    rule="A closed window is probed until it opens; then what has waited is sent.",
    hint="The persist timer: the message that opens the window may have been lost.",
)
def closed_window(lab: Lab) -> None:
    peer, app = _echoing(lab)
    peer.window = 0
    _say(lab, peer, app, b"patience")
    peer.expect_ack()
    for _ in range(2):
        peer.expect(has_ack=True, rst=False, within_ms=_SECOND_MS)
        peer.send(ack=1)
    peer.window = 5000
    peer.send(ack=1)
    peer.expect_data(b"patience")


@case(
    "echo.full-buffers-close-the-window",
    checkpoint=5,
    rfc=["9293 3.8.6", "U-14", "MAY-8"],
    rule="An application that cannot send does not read: the window closes, probes are answered,"
    " and when there is room again every byte comes back.",
    hint="The window is the room that is left. Does the peer hear of it when that grows?",
)
def full_buffers(lab: Lab) -> None:
    peer, app = _echoing(lab)
    data = b""
    peer.window = 0
    while peer.snd_wnd > 0:
        if len(data) > _LARGEST_BUFFERS:
            raise CannotAsk("its buffers do not become full")
        piece = lab.bytes(min(peer.snd_wnd, 8000))
        _say(lab, peer, app, piece)
        peer.expect_ack()
        data += piece
    full = peer.snd_nxt
    peer.inbox.clear()
    peer.send(seq=full, data=b"p")
    peer.expect(ack=full, window=0, rst=False)
    peer.snd_nxt = full  # the probe was not taken
    peer.window = 65535
    peer.send()
    peer.expect_data(data, within_ms=_SECOND_MS)
    _say(lab, peer, app, b"and on")
    peer.expect_data(b"and on")


# --- the end -------------------------------------------------------------------------------------


@case(
    "echo.everything-comes-before-the-fin",
    checkpoint=5,
    rfc=["9293 3.6", "U-11"],
    rule="CLOSE means no more to send: what was written before arrives first, then the FIN.",
    hint="The FIN stands behind the last byte of the stream.",
)
def before_the_fin(lab: Lab) -> None:
    peer, app = _echoing(lab, window=1000)
    data = lab.bytes(3000)
    _say(lab, peer, app, data)
    peer.send(fin=True, ack=1)
    peer.expect_data(data)
    peer.expect_fin(within_ms=1000)
    peer.send()
    peer.send(data=b"x")
    peer.expect_reset(within_ms=500)


@case(
    "close.fin-is-answered",
    checkpoint=5,
    rfc=["9293 3.6", "B-SC-2", "U-4"],
    rule="The peer's FIN is acknowledged, ours follows, and after its ACK nothing is left.",
    hint="CLOSE-WAIT, LAST-ACK, CLOSED.",
)
def fin_is_answered(lab: Lab) -> None:
    assert isinstance(lab, ProbeLab)
    lab.knows_the_application = True
    peer, _ = lab.established()
    peer.send(fin=True)
    peer.expect_ack(2)
    peer.expect_fin(within_ms=1000)
    peer.send()
    peer.send(data=b"x")
    peer.expect_reset(within_ms=500)


@case(
    "close.lost-fin-is-sent-again",
    checkpoint=5,
    rfc=["9293 3.6", "6298 5", "U-4"],
    rule="Our FIN is sent again until it is acknowledged, like a byte.",
    hint="In LAST-ACK the retransmission timer runs.",
)
def lost_fin(lab: Lab) -> None:
    assert isinstance(lab, ProbeLab)
    lab.knows_the_application = True
    peer, _ = lab.established()
    peer.send(fin=True)
    peer.expect(fin=True, seq=1, within_ms=1000)
    peer.expect(fin=True, seq=1, ack=2, not_before_ms=_SOONEST_MS, within_ms=_FIRST_MS)
    peer.send(ack=2)
    peer.expect_nothing(for_ms=2500)
    peer.send(data=b"x", ack=2)
    peer.expect_reset(within_ms=500)


@case(
    "close.next-connection-is-served",
    checkpoint=5,
    rfc=["9293 3.5", "MUST-42"],
    rule="When a connection has ended the listener serves the next one.",
    hint="A listener lives longer than its connections.",
)
def next_is_served(lab: Lab) -> None:
    assert isinstance(lab, ProbeLab)
    lab.knows_the_application = True
    listener = lab.listen(80)
    for _ in range(3):
        peer = lab.peer(port=80)
        peer.handshake()
        listener.accept(peer)
        peer.send(fin=True)
        peer.expect_fin(within_ms=1000, acknowledge=True)
