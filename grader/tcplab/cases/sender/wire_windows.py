"""Windows and small segments on the wire: RFC 9293, 3.8.6."""

from __future__ import annotations

from tcplab.case import case
from tcplab.check import expect_true
from tcplab.lab import Lab
from tcplab.packet import Segment
from tcplab.peer import Peer

BUILDS_ON = ("sender.syn-then-data",)


def _expect_probe(peer: Peer, seq: int, data: bytes, **when: int) -> Segment:
    """A probe: the next bytes of the stream, or an empty segment one number below SND.UNA."""
    probe = peer.expect(has_ack=True, rst=False, **when)
    dut_seq = probe.seq - (peer.dut_iss or 0) & 0xFFFFFFFF
    is_next = dut_seq == seq and probe.data != b"" and data.startswith(probe.data)
    is_old = dut_seq == seq - 1 and probe.length == 0
    words = f"seq={dut_seq}, {probe.data!r}"
    expect_true("the probe", is_next or is_old, f"the stream from {seq} on", words)
    return probe


@case(
    "sender.closed-window-is-probed",
    checkpoint=4,
    rfc=["9293 3.8.6.1", "MUST-36", "C-ZWP-6", "D-SEND-21", "D-SEND-24", "D-SEND-25"],
    rule="Data that waits for a zero window is probed for; when the window opens, it is sent.",
    hint="The update that opens the window is a bare ACK, and those are not sent again if lost.",
    kills=["sender.no-probes", "sender.probe-skips-a-byte", "sender.empty-probes"],
    weight=2,
)
def closed_window_is_probed(lab: Lab) -> None:
    peer, app = lab.established()
    peer.window = 0
    peer.send()
    app.write(b"secret")
    peer.expect_nothing(for_ms=400)
    _expect_probe(peer, 1, b"secret", within_ms=1500)
    _expect_probe(peer, 1, b"secret", not_before_ms=1000, within_ms=3000)
    peer.window = 5000
    peer.send(ack=1)
    peer.expect_data(b"secret")


@case(
    "sender.probing-never-gives-up",
    checkpoint=4,
    rfc=["9293 3.8.6.1", "MUST-37", "SHLD-17", "C-FAIL-3"],
    rule="As long as its probes are answered, the sender waits for the window, beyond R2 as well.",
    hint="Which count leads to giving up, and what sets it to zero?",
    kills=["sender.answered-probes-counted"],
    weight=2,
)
def probing_never_gives_up(lab: Lab) -> None:
    peer, app = lab.established(max_retransmissions=3, rto_max_ms=2000)
    peer.window = 0
    peer.send()
    app.write(b"patience")
    for _ in range(10):
        _expect_probe(peer, 1, b"patience", within_ms=3000)
        peer.send(ack=1)
    app.expect_state("ESTABLISHED")
    peer.window = 5000
    peer.send(ack=1)
    peer.expect_data(b"patience")


@case(
    "sender.taken-probe-byte-is-not-lost",
    checkpoint=4,
    rfc=["9293 3.8.6.1", "C-ZWP-1", "D-SEND-23"],
    rule="A probe byte that the peer acknowledges belongs to the stream, once.",
    hint="Does the byte that went out as a probe count in SND.NXT?",
    kills=["sender.probe-not-counted"],
)
def taken_probe_byte(lab: Lab) -> None:
    peer, app = lab.established()
    peer.window = 0
    peer.send()
    app.write(b"abcdef")
    for _ in range(3):
        peer.expect(has_ack=True, within_ms=10_000)
        peer.send()
    peer.window = 5000
    peer.send()
    peer.expect_data(b"abcdef", within_ms=10_000)


@case(
    "sender.window-shrinks-under-flight",
    checkpoint=4,
    rfc=["9293 3.8.6", "MUST-34", "SHLD-15", "SHLD-16", "MAY-7", "C-WIN-2"],
    rule="When the window shrinks, nothing new is sent, and old data is sent again from the start.",
    hint="Compare SND.UNA + SND.WND with SND.NXT before you subtract.",
    kills=["sender.usable-window-underflows"],
    weight=2,
)
def window_shrinks(lab: Lab) -> None:
    peer, app = lab.established(mss=500, window=4000)
    data = lab.bytes(6000)
    app.write(data)
    peer.expect_data(data[:4000], acknowledge=False)
    peer.send(ack=1001, window=500)
    peer.expect_nothing()
    peer.expect(seq=1001, length=lambda n: n > 0, within_ms=3000)
    peer.send(ack=4001, window=4000)
    peer.expect_data(data[4000:])


@case(
    "sender.window-closes-over-flight",
    checkpoint=4,
    rfc=["9293 3.8.6.1", "MUST-35", "C-ZWP-4", "D-SEND-22", "D-SEND-28"],
    rule="A window that closes over data in flight is probed, and the data arrives when it opens.",
    hint="With something in flight the timer keeps running, whatever the window is.",
    kills=[
        "sender.closed-window-stops-the-timer",
        "sender.empty-retransmissions-at-a-closed-window",
    ],
)
def window_closes_over_flight(lab: Lab) -> None:
    peer, app = lab.established()
    data = lab.bytes(500)
    app.write(data)
    peer.expect(seq=1, data=data)
    peer.send(ack=1, window=0)
    _expect_probe(peer, 1, data, within_ms=3000)
    peer.send(ack=1, window=0)
    _expect_probe(peer, 1, data, within_ms=6000)
    peer.send(ack=1, window=1000)
    peer.expect(seq=1, length=lambda n: n > 0, within_ms=10_000)
    peer.send(ack=501, window=1000)
    app.expect(unacknowledged=0)


@case(
    "sender.a-window-smaller-than-a-segment",
    checkpoint=4,
    rfc=["9293 3.8.6.2.1", "C-SWS-1", "D-SEND-30"],
    rule="A peer whose window is always smaller than a segment still gets the stream.",
    hint="Rule (3): half of the largest window ever seen is worth a segment.",
    kills=["sender.only-full-segments"],
)
def small_window(lab: Lab) -> None:
    peer, app = lab.established(window=300)
    data = lab.bytes(2000)
    app.write(data)
    peer.expect_data(data, within_ms=2000)


@case(
    "sender.window-of-40000-bytes",
    checkpoint=4,
    rfc=["9293 3.1", "MUST-1"],
    rule="The window is a number without a sign: 40,000 is much room, not less than none.",
    hint="Which type holds SEG.WND on its way through your code?",
    kills=["sender.window-signed"],
)
def window_of_40000(lab: Lab) -> None:
    peer, app = lab.established(window=40_000, nagle=False)
    data = lab.bytes(2920)
    app.write(data)
    peer.expect_data(data, acknowledge=False, within_ms=100)


@case(
    "sender.keystrokes-travel-together",
    checkpoint=4,
    rfc=["9293 3.7.4", "SHLD-7"],
    rule="Five keystrokes during one round trip make one segment, when the ACK is here.",
    hint="Small and something unacknowledged: wait. That is the whole algorithm.",
    kills=["sender.nagle-missing"],
    weight=2,
)
def keystrokes(lab: Lab) -> None:
    peer, app = lab.established()
    app.write(b"h")
    peer.expect(seq=1, data=b"h")
    for letter in (b"e", b"l", b"l", b"o", b"!"):
        app.write(letter)
    peer.expect_nothing()
    peer.send(ack=2)
    peer.expect(seq=2, data=b"ello!", psh=True)


@case(
    "sender.keystrokes-without-nagle",
    checkpoint=4,
    rfc=["9293 3.7.4", "MUST-17"],
    rule="An application that wants each write on the wire at once can have it.",
    hint="The connection hands the wish on to the sender.",
    kills=["sender.set-nagle-does-nothing"],
)
def keystrokes_without_nagle(lab: Lab) -> None:
    peer, app = lab.established()
    app.nagle(False)
    for at, letter in enumerate((b"h", b"e", b"y"), start=1):
        app.write(letter)
        peer.expect(seq=at, data=letter)


@case(
    "sender.last-words-leave-at-once",
    checkpoint=4,
    rfc=["9293 3.9.1.4", "C-NAG-2", "D-SEND-31"],
    rule="Closing pushes out what Nagle's algorithm held back, and the FIN behind it.",
    hint="Waiting for an ACK here makes every short exchange last a delayed ACK longer.",
    kills=["sender.nagle-delays-the-last-bytes"],
)
def last_words(lab: Lab) -> None:
    peer, app = lab.established(mss=1000)
    data = lab.bytes(1000)
    app.write(data)
    app.write(b"last words")
    app.close()
    peer.expect_data(data + b"last words", acknowledge=False, within_ms=0)
    peer.expect_fin()


@case(
    "sender.tiny-opening-is-not-taken",
    checkpoint=4,
    rfc=["9293 3.8.6.2.1", "MUST-38"],
    rule="When a wide window opens again by 50 bytes only, the sender waits for more.",
    hint="50 is less than a segment and less than half of what this peer has offered before.",
    kills=["sender.silly-window-used"],
)
def tiny_opening(lab: Lab) -> None:
    peer, app = lab.established(mss=500, window=5000)
    data = lab.bytes(10_000)
    app.write(data)
    peer.expect_data(data[:5000], acknowledge=False)
    peer.send(ack=5001, window=50)
    peer.expect_nothing(for_ms=90)
    peer.send(ack=5001, window=5000)
    peer.expect_data(data[5000:])


@case(
    "sender.tiny-window-is-no-deadlock",
    checkpoint=4,
    rfc=["9293 3.8.6.2.1", "C-ZWP-3", "D-SEND-27"],
    rule="If the tiny window is all there is, the sender uses it after all, or probes.",
    hint="Rule (4): a timer of 0.1 to 1 s overrides the other three.",
    kills=["sender.no-override-timer"],
)
def no_deadlock(lab: Lab) -> None:
    peer, app = lab.established(mss=500, window=5000)
    data = lab.bytes(6000)
    app.write(data)
    peer.expect_data(data[:5000], acknowledge=False)
    peer.send(ack=5001, window=200)
    peer.expect(seq=5001, length=lambda n: 0 < n <= 200, within_ms=5000)
