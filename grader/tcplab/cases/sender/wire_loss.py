"""What is lost, and how long it takes to notice, on the wire."""

from __future__ import annotations

from tcplab.case import case
from tcplab.check import expect_true
from tcplab.lab import Lab

BUILDS_ON = ("sender.syn-then-data",)


@case(
    "sender.gaps-grow",
    checkpoint=4,
    rfc=["6298 5.5", "MUST-19", "C-RTO-9", "C-RTO-11"],
    rule="Unacknowledged data is sent again after 1 s, then 2 s, then 4 s.",
    hint="Start the timer with the first segment in flight; double the RTO whenever it runs out.",
    kills=["sender.no-backoff", "sender.sent-again-only-once"],
    weight=2,
)
def gaps_grow(lab: Lab) -> None:
    peer, app = lab.established()
    app.write(b"data")
    peer.expect(seq=1, data=b"data")
    for rto in (1000, 2000, 4000):
        low, high = rto * 8 // 10, rto * 6 // 5
        peer.expect(seq=1, data=b"data", not_before_ms=low, within_ms=high)
    peer.send(ack=5)
    peer.expect_nothing(for_ms=10_000)


@case(
    "sender.one-segment-for-one-timeout",
    checkpoint=4,
    rfc=["6298 5.4", "C-RTO-12", "B-SC-22"],
    rule="One timeout costs one segment, however much is in flight.",
    hint="Resending all that is in flight floods a path that is just losing packets.",
    kills=["sender.go-back-n"],
)
def one_segment(lab: Lab) -> None:
    peer, app = lab.established(mss=1000, nagle=False)
    data = lab.bytes(5000)
    app.write(data)
    peer.expect_data(data, acknowledge=False)
    peer.expect(seq=1, length=lambda n: n > 0, not_before_ms=800, within_ms=1200)
    peer.expect_nothing(for_ms=1000)
    peer.send(ack=5001)
    peer.expect_nothing(for_ms=5000)
    app.expect(unacknowledged=0)


@case(
    "sender.a-steady-peer-is-not-resent-to",
    checkpoint=4,
    rfc=["6298 5.3", "C-RTO-10"],
    rule="As long as acknowledgments of new data keep coming, nothing is sent again.",
    hint="Each ACK of new data restarts the one timer for all that is in flight.",
    kills=["sender.timer-not-restarted-on-ack"],
)
def steady_peer(lab: Lab) -> None:
    peer, app = lab.established(mss=1000, nagle=False)
    data = lab.bytes(5000)
    app.write(data)
    peer.expect_data(data, acknowledge=False)
    for ack in (1001, 2001, 3001, 4001, 5001):
        peer.expect_nothing(for_ms=600)
        peer.send(ack=ack)
    peer.expect_nothing(for_ms=5000)
    app.expect(unacknowledged=0)


@case(
    "sender.loss-is-forgotten-after-an-ack",
    checkpoint=4,
    rfc=["9293 3.8.3", "C-FAIL-2"],
    rule="Retransmissions are counted anew after each acknowledgment: many single losses are fine.",
    hint="consecutive_retransmissions goes back to 0 when SND.UNA advances.",
    kills=["sender.consecutive-not-reset"],
)
def loss_is_forgotten(lab: Lab) -> None:
    peer, app = lab.established(max_retransmissions=2, rto_max_ms=1000)
    for at in range(1, 9):
        app.write(b"x")
        peer.expect(seq=at, data=b"x")
        peer.expect(seq=at, data=b"x", within_ms=1200)
        peer.expect(seq=at, data=b"x", within_ms=1200)
        peer.send(ack=at + 1)
    app.expect_state("ESTABLISHED")


@case(
    "sender.the-same-stream-through-loss",
    checkpoint=4,
    rfc=["9293 3.8.1", "C-RTO-18", "D-SEND-17"],
    rule="Every flight is lost once, and the stream is still complete and unchanged.",
    hint="Bytes stay where they are, in the stream, until they are acknowledged.",
    kills=["sender.next-byte-from-una"],
    weight=2,
)
def stream_through_loss(lab: Lab) -> None:
    peer, app = lab.established(mss=500, window=2000)
    data = lab.bytes(6000)
    app.write(data)
    for una in (1, 2001, 4001):
        lab.clock.advance(100)  # how much goes out after a loss, congestion control may decide
        first = peer.expect(seq=una, length=lambda n: n > 0)
        peer.inbox.clear()
        peer.expect(seq=una, length=lambda n: n > 0, within_ms=10_000)
        peer.send(ack=una + len(first.data))
        peer.expect_data(data[una - 1 : una + 1999])
    app.expect(unacknowledged=0)


@case(
    "sender.slow-path-gets-a-longer-rto",
    checkpoint=4,
    rfc=["6298 2", "C-RTO-2", "C-RTO-7"],
    rule="Where a round trip takes 0.8 s, lost data is sent again after about 2 s, not after 1 s.",
    hint="Time one segment at a time, from when it leaves until its acknowledgment is here.",
    kills=["sender.no-sample-at-all"],
    weight=2,
)
def slow_path(lab: Lab) -> None:
    listener = lab.listen(80)
    peer = lab.peer(port=80)
    peer.send(syn=True)
    peer.expect(syn=True)
    lab.clock.advance(800)
    peer.send()
    app = listener.accept(peer)
    app.write(b"one")
    peer.expect(seq=1, data=b"one")
    lab.clock.advance(800)
    peer.send(ack=4)
    app.write(b"two")
    peer.expect(seq=4, data=b"two")
    peer.expect(seq=4, data=b"two", not_before_ms=1900, within_ms=2600)


@case(
    "sender.late-ack-is-no-fast-path",
    checkpoint=4,
    rfc=["6298 3", "6298 5", "C-RTO-6", "C-RTO-14", "E-20"],
    rule="An ACK right after a retransmission does not make the RTO short again.",
    hint="Karn: no sample; and without a sample the backed-off RTO stays.",
    kills=["sender.sample-from-retransmission", "sender.rto-reset-by-any-ack"],
)
def late_ack(lab: Lab) -> None:
    peer, app = lab.established()
    app.write(b"one")
    peer.expect(seq=1, data=b"one")
    peer.expect(seq=1, data=b"one", within_ms=1200)
    lab.clock.advance(10)
    peer.send(ack=4)
    app.write(b"two")
    peer.expect(seq=4, data=b"two")
    peer.expect(seq=4, data=b"two", not_before_ms=1600, within_ms=2400)


@case(
    "sender.round-trip-after-a-storm",
    checkpoint=4,
    rfc=["6298 5", "6298 2", "C-RTO-15"],
    rule="After several timeouts the first round trip is one more sample, or, if SRTT was thrown"
    " away, a first one: the RTO is about 2.8 s or 4.8 s then.",
    hint="The backed-off RTO ends with the first clean sample, whichever way you count it.",
    kills=["sender.no-sample-at-all"],
)
def round_trip_after_a_storm(lab: Lab) -> None:
    listener = lab.listen(80)
    peer = lab.peer(port=80)
    peer.send(syn=True)
    peer.expect(syn=True)
    lab.clock.advance(800)
    peer.send()
    app = listener.accept(peer)
    app.write(b"one")
    peer.expect(seq=1, data=b"one")
    lab.clock.advance(800)
    peer.send(ack=4)
    app.write(b"two")
    peer.expect(seq=4, data=b"two")
    for _ in range(3):
        peer.expect(seq=4, data=b"two", within_ms=11_000)
    peer.send(ack=7)
    app.write(b"three")
    peer.expect(seq=7, data=b"three")
    lab.clock.advance(1600)
    peer.send(ack=12)
    app.write(b"four")
    sent = peer.expect(seq=12, data=b"four")
    again = peer.expect(seq=12, data=b"four", within_ms=10_000)
    rto = again.time_ms - sent.time_ms
    fine = 2100 <= rto <= 3500 or 4300 <= rto <= 5300
    expect_true("the RTO", fine, "about 2800 or 4800 ms", f"{rto} ms")
