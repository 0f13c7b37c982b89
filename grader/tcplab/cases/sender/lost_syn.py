"""Opening where packets are lost: the SYN has the timer that all else has, and leaves its mark."""

from __future__ import annotations

from tcplab.case import case
from tcplab.lab import Lab


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
