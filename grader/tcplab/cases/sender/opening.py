"""The SYN: it goes first, alone, and again until it is acknowledged."""

from __future__ import annotations

from tcplab.case import case
from tcplab.lab import Lab

BUILDS_ON = ("sender.syn-then-data",)


@case(
    "sender.syn-then-data",
    checkpoint=4,
    rfc=["9293 3.5", "MUST-61"],
    rule="The SYN goes first and alone; data follows when it is acknowledged, pushed at its end.",
    hint="Until the SYN is acknowledged, `next` has nothing else to give.",
    kills=["sender.push-never-set"],
)
def syn_then_data(lab: Lab) -> None:
    sender = lab.sender()
    sender.write(b"hello")
    sender.expect_segment(seq=0, syn=True, data=b"", fin=False)
    sender.expect_nothing()
    sender.expect(in_flight=1, syn_acked=False)
    sender.receive(ack=1, window=1000, seq=0)
    sender.expect_segment(seq=1, data=b"hello", psh=True, syn=False)
    sender.expect(in_flight=5, snd_una=1, snd_nxt=6)


@case(
    "sender.syn-again-and-nothing-else",
    checkpoint=4,
    rfc=["9293 3.4", "6298 5.4", "D-SEND-8", "D-SEND-38"],
    rule="When the timer runs out before the SYN is acknowledged, the SYN is sent again, no data.",
    hint="What stands at SND.UNA as long as the SYN is not acknowledged? It is no byte.",
    kills=["sender.syn-resent-as-data", "sender.message-without-ack-taken"],
)
def syn_again(lab: Lab) -> None:
    sender = lab.sender()
    sender.write(b"hello")
    sender.expect_segment(seq=0, syn=True)
    sender.receive(ack=None, window=5000, seq=0)
    sender.expect_nothing()
    sender.tick(1000)
    sender.expect_segment(seq=0, syn=True, data=b"")
    sender.expect_nothing()
    sender.expect(in_flight=1, consecutive=1, syn_acked=False)
    sender.receive(ack=1, window=5000, seq=0)
    sender.expect_segment(seq=1, data=b"hello", syn=False)


@case(
    "sender.patience-after-a-lost-syn",
    checkpoint=4,
    rfc=["6298 5.7", "C-RTO-13"],
    rule="If the SYN had to be sent again, data begins with an RTO of at least 3 seconds.",
    hint="When the SYN is acknowledged: was it retransmitted? Is the RTO less than the knob says?",
    kills=["sender.no-patience-after-lost-syn", "sender.patience-shortens-the-rto"],
)
def patience_after_lost_syn(lab: Lab) -> None:
    for losses, rto in ((1, 3000), (3, 8000)):
        sender = lab.sender(rto_initial_ms=1000, rto_after_syn_loss_ms=3000)
        sender.expect_segment(syn=True)
        for loss in range(losses):
            sender.tick(1000 << loss)
            sender.expect_segment(syn=True)
        sender.receive(ack=1, seq=0)
        sender.expect(rto=rto, consecutive=0)


@case(
    "sender.first-window-counts",
    checkpoint=4,
    rfc=["9293 3.10.7.3", "C-WIN-4"],
    rule="The window that comes with the acknowledgment of the SYN is in force at once.",
    hint="Is SND.WND set from the message that acknowledges the SYN, before data is sent?",
    kills=["sender.window-not-obeyed"],
)
def first_window_counts(lab: Lab) -> None:
    sender = lab.sender()
    sender.open(window=3)
    sender.write(b"abcde")
    sender.expect_segment(seq=1, data=b"abc")
    sender.expect_nothing()
    sender.receive(ack=4, window=3, seq=0)
    sender.expect_segment(seq=4, data=b"de")


# --- on the wire -----------------------------------------------------------------------------


@case(
    "sender.lost-syn-is-sent-again",
    checkpoint=4,
    rfc=["9293 3.8.3", "MUST-22", "C-RTO-1", "C-RTO-17", "C-ISN-2"],
    rule="A SYN that nobody answers is sent again after 1 s, 2 s, 4 s: with the same number.",
    hint="The SYN takes part in retransmission like a byte: same timer, same doubling.",
    kills=["sender.no-backoff"],
    weight=2,
)
def lost_syn(lab: Lab) -> None:
    app = lab.connect(7)
    peer = lab.peer_of(app)
    peer.expect(syn=True, has_ack=False)
    for rto in (1000, 2000, 4000):
        peer.expect(syn=True, seq=0, length=0, not_before_ms=rto * 8 // 10, within_ms=rto * 6 // 5)
    peer.send(syn=True, ack=1)
    peer.expect_ack(1)
    app.expect_state("ESTABLISHED")


@case(
    "sender.lost-syn-ack-is-sent-again",
    checkpoint=4,
    rfc=["9293 3.5", "B-SC-19", "D-SEND-9"],
    rule="A SYN+ACK that is not acknowledged is sent again, with the same number.",
    hint="Nothing special: it is our SYN. Does the timer run from the first SYN on?",
    kills=["sender.timer-not-started-by-syn"],
)
def lost_syn_ack(lab: Lab) -> None:
    listener = lab.listen(80)
    peer = lab.peer(port=80)
    peer.send(syn=True)
    peer.expect(syn=True, seq=0, ack=1)
    peer.expect(syn=True, seq=0, ack=1, not_before_ms=800, within_ms=1200)
    peer.send()
    listener.accept(peer).expect_state("ESTABLISHED")


@case(
    "sender.slow-start-of-a-lossy-path",
    checkpoint=4,
    rfc=["6298 5.7", "C-RTO-13"],
    rule="After a lost SYN the first data is sent again after 3 seconds, not sooner.",
    hint="RFC 6298, 5.7. The round trip of a SYN that was sent twice says nothing (Karn).",
    kills=["sender.no-patience-after-lost-syn"],
)
def slow_start_of_lossy_path(lab: Lab) -> None:
    app = lab.connect(7)
    peer = lab.peer_of(app)
    peer.expect(syn=True)
    peer.expect(syn=True, within_ms=1200)
    peer.send(syn=True, ack=1)
    peer.expect_ack(1)
    app.write(b"data")
    peer.expect(seq=1, data=b"data")
    peer.expect(seq=1, data=b"data", not_before_ms=2400, within_ms=3600)


@case(
    "sender.data-waits-for-the-handshake",
    checkpoint=4,
    rfc=["9293 3.10.2", "C-WIN-5"],
    rule="What is written before the handshake is complete follows it; the SYN goes alone.",
    hint="The first data byte has the number after the SYN's. No window is known before an ACK.",
    kills=["sender.syn-not-counted"],
)
def data_waits(lab: Lab) -> None:
    app = lab.connect(7)
    app.write(b"early bird")
    peer = lab.peer_of(app)
    peer.expect(syn=True, length=0)
    peer.expect_nothing()
    peer.send(syn=True, ack=1)
    peer.expect_data(b"early bird")


@case(
    "sender.long-way-around-the-circle",
    checkpoint=4,
    rfc=["9293 3.4", "U-3", "C-ISN-3"],
    rule="Sequence numbers wrap from 2^32 - 1 to 0 in the middle of a stream, and nobody notices.",
    hint="Where do you compare two raw numbers with < instead of asking for their distance?",
    kills=["sender.window-compared-without-wrap"],
    weight=2,
)
def long_way_around(lab: Lab) -> None:
    peer, app = lab.established(isn=0xFFFFFE00, dut_isn=0xFFFFF000, mss=1460, window=8000)
    for _ in range(3):
        question, answer = lab.bytes(300), lab.bytes(6000)
        peer.send(data=question)
        peer.expect_ack()
        app.expect_read(question)
        app.write(answer)
        peer.expect_data(answer)
