"""Closing a connection: RFC 9293, 3.6, with its figures."""

from __future__ import annotations

from tcplab.case import case
from tcplab.cases.connection.states import each_state, reach, syn_sent
from tcplab.check import expect_equal
from tcplab.lab import Lab

BUILDS_ON = ("connection.three-way-handshake",)


@case(
    "connection.fin-is-acknowledged",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "U-4", "B-ES-19", "D-RECV-18"],
    rule="A FIN takes one sequence number: it is acknowledged by its own number plus one.",
    hint="Where do you advance RCV.NXT over the FIN?",
    kills=["connection.fin-does-not-close"],
    weight=3,
)
def fin_is_acknowledged(lab: Lab) -> None:
    peer, app = lab.established()
    peer.send(fin=True)
    peer.expect_ack(2)
    app.expect_eof()
    app.expect_state("CLOSE-WAIT")


@case(
    "connection.we-close-first",
    checkpoint=5,
    rfc=["9293 3.6", "B-SC-1", "B-F1-13", "B-F2-19"],
    rule="FIN, ACK, FIN, ACK: ESTABLISHED to TIME-WAIT by way of both FIN-WAITs (figure 12).",
    hint="FIN-WAIT-1 waits for the ACK of our FIN, FIN-WAIT-2 for the peer's FIN.",
    kills=["connection.fin-wait-1-stays", "connection.no-time-wait", "connection.fin-without-ack"],
    weight=4,
)
def we_close_first(lab: Lab) -> None:
    peer, app = lab.established()
    app.close()
    peer.expect(fin=True, seq=1, ack=1, length=0)
    app.expect_state("FIN-WAIT-1")
    peer.send(ack=2)
    peer.expect_nothing()
    app.expect_state("FIN-WAIT-2")
    peer.send(fin=True)
    peer.expect(seq=2, ack=2, length=0, within_ms=500)
    app.expect_state("TIME-WAIT")
    app.expect_eof()


@case(
    "connection.peer-closes-first",
    checkpoint=5,
    rfc=["9293 3.6", "B-SC-2", "B-LA-13", "E-14"],
    rule="The peer's FIN, later ours, its ACK: then nothing is left of the connection.",
    hint="CLOSE-WAIT lasts as long as our application likes; LAST-ACK until our FIN is acked.",
    kills=["connection.last-ack-stays", "connection.close-wait-to-closing"],
    weight=4,
)
def peer_closes_first(lab: Lab) -> None:
    peer, app = lab.established()
    peer.send(fin=True)
    peer.expect_ack(2)
    app.expect_eof()
    app.close()
    peer.expect(fin=True, seq=1, ack=2, length=0)
    app.expect_state("LAST-ACK")
    peer.send(ack=2)
    app.expect_state("CLOSED")
    app.expect_error("none")
    peer.send(data=b"x", ack=2)
    peer.expect_reset(seq=2, ack=None)


@case(
    "connection.fin-and-ack-in-one",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-SC-3", "B-F1-19", "D-CONN-22"],
    rule="A FIN that also acknowledges ours leads from FIN-WAIT-1 straight to TIME-WAIT.",
    hint="The fifth check may change the state; the eighth asks in which state we are then.",
    kills=["connection.fin-wait-1-stays"],
    weight=3,
)
def fin_and_ack(lab: Lab) -> None:
    peer, app = lab.established()
    app.close()
    peer.expect_fin()
    peer.send(fin=True, ack=2)
    peer.expect(seq=2, ack=2, length=0, within_ms=500)
    app.expect_state("TIME-WAIT")


@case(
    "connection.both-close-at-once",
    checkpoint=5,
    rfc=["9293 3.6", "B-SC-4", "B-CG-13", "D-CONN-21", "D-SEND-7", "B-F1-19"],
    rule="When both FINs cross, each is acknowledged, by way of CLOSING (figure 13).",
    hint="A FIN in FIN-WAIT-1 while ours is not acknowledged. Ours is still sent again.",
    kills=["connection.closing-skipped", "connection.closing-stays"],
    weight=4,
)
def both_close(lab: Lab) -> None:
    peer, app = lab.established()
    app.close()
    peer.expect_fin()
    peer.send(fin=True, ack=1)
    peer.expect(seq=2, ack=2, length=0, within_ms=500)
    app.expect_state("CLOSING")
    peer.expect(fin=True, seq=1, ack=2, within_ms=1200)
    peer.send(ack=2)
    peer.expect_nothing(for_ms=5000)
    app.expect_state("TIME-WAIT")
    peer.send(seq=1, fin=True)
    peer.expect(seq=2, ack=2, length=0)


@case(
    "connection.half-closed-and-listening",
    checkpoint=5,
    rfc=["9293 3.6", "B-SC-5", "U-12", "D-CONN-26", "E-17"],
    rule="After CLOSE we hear the peer out, for as long as it takes.",
    hint="TCP knows no timeout for FIN-WAIT-2 while the application still reads.",
    kills=["connection.no-text-after-close", "connection.fin-wait-2-times-out"],
    weight=3,
)
def half_closed_listening(lab: Lab) -> None:
    stage = reach(lab, "fin-wait-2")
    peer, app = stage.peer, stage.app
    assert app is not None
    for wait_ms in (100_000, 1000, 1000):
        lab.clock.advance(wait_ms)
        data = lab.bytes(1000)
        stage.send(data=data)
        peer.expect_ack()
        app.expect_read(data)
    stage.send(fin=True)
    peer.expect_ack()
    app.expect_eof()
    app.expect_state("TIME-WAIT")


@case(
    "connection.half-closed-and-talking",
    checkpoint=5,
    rfc=["9293 3.6", "B-SC-6", "B-CW-8"],
    rule="After the peer's FIN we may still send, as long as we like.",
    hint="CLOSE-WAIT: the peer has no more to say, but it listens.",
    kills=["connection.no-writing-in-close-wait"],
    weight=3,
)
def half_closed_talking(lab: Lab) -> None:
    stage = reach(lab, "close-wait")
    peer, app = stage.peer, stage.app
    assert app is not None
    answer = lab.bytes(5000)
    app.write(answer)
    peer.expect_data(answer)
    app.close()
    peer.expect_fin(acknowledge=True)
    app.expect_state("CLOSED")
    app.expect_error("none")


@case(
    "connection.last-ack-obeys-the-rules",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-LA-8", "B-LA-12", "E-12", "D-CONN-23"],
    rule="In LAST-ACK windows and partial ACKs count as before; only the ACK of our FIN ends it.",
    hint="SND.UNA, SND.WND and the timer know nothing of states.",
    kills=["connection.last-ack-ends-with-any-ack"],
    weight=3,
)
def last_ack_rules(lab: Lab) -> None:
    stage = reach(lab, "close-wait", window=1000, mss=500)
    peer, app = stage.peer, stage.app
    assert app is not None
    data = lab.bytes(3000)
    app.write(data)
    app.close()
    app.expect_state("LAST-ACK")
    peer.expect_data(data[:1000], acknowledge=False)
    peer.send(ack=501)
    app.expect_state("LAST-ACK")
    for una in (1001, 2001):
        peer.send(ack=una)
        peer.expect_data(data[una - 1 : una + 999], acknowledge=False)
        app.expect_state("LAST-ACK")
    peer.send(ack=3001)
    peer.expect_fin(within_ms=1000)
    app.expect_state("LAST-ACK")
    peer.send(ack=3002)
    app.expect_state("CLOSED")


@case(
    "connection.last-ack-and-duplicates",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-LA-9", "E-12"],
    rule="ACKs that say nothing new do not end LAST-ACK; the one of our FIN does.",
    hint="Quiet, or one ACK for each: but no change of state.",
    kills=["connection.last-ack-ends-with-any-ack"],
)
def last_ack_duplicates(lab: Lab) -> None:
    stage = reach(lab, "last-ack")
    for ack in (1, 1, 0):
        stage.send(ack=ack)
    stage.peer.inbox.clear()
    assert stage.app is not None
    stage.app.expect_state("LAST-ACK")
    stage.send(ack=2)
    stage.app.expect_state("CLOSED")


@case(
    "connection.fin-wait-1-with-data-in-flight",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-F1-8"],
    rule="FIN-WAIT-1 ends when the FIN is acknowledged, not when some of the data before it is.",
    hint="Ask the sender whether the FIN is acknowledged; SND.UNA alone does not say.",
    kills=["connection.fin-wait-1-ends-with-any-ack", "connection.fin-without-ack"],
    weight=2,
)
def fin_wait_1_data(lab: Lab) -> None:
    peer, app = lab.established(mss=1000)
    app.write(lab.bytes(2000))
    app.close()
    peer.expect_fin(within_ms=100)
    for ack in (1001, 2001):
        peer.send(ack=ack)
        app.expect_state("FIN-WAIT-1")
    peer.send(ack=2002)
    app.expect_state("FIN-WAIT-2")


@case(
    "connection.closing-with-a-partial-ack",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-CG-8"],
    rule="CLOSING ends when our FIN is acknowledged, not before.",
    hint="Fifth check, CLOSING: if the ACK covers our FIN, TIME-WAIT; else ignore the segment.",
    kills=["connection.closing-ends-with-any-ack"],
    weight=2,
)
def closing_partial(lab: Lab) -> None:
    peer, app = lab.established(mss=1000)
    data = lab.bytes(2000)
    app.write(data)
    app.close()
    peer.expect_data(data, acknowledge=False)
    peer.expect_fin()
    peer.send(fin=True, ack=1)
    peer.expect(ack=2, length=0, within_ms=500)
    peer.inbox.clear()
    peer.send(ack=1001)
    app.expect_state("CLOSING")
    peer.send(ack=2002)
    app.expect_state("TIME-WAIT")


@case(
    "connection.closing-twice-in-{state}",
    checkpoint=5,
    rfc=["9293 3.10.4", "U-20", "D-CONN-29"],
    rule="A second CLOSE does nothing: there is one FIN ({state}).",
    hint="In which states is CLOSE an event at all?",
    each=each_state("fin-wait-1", "fin-wait-2", "closing", "last-ack", "time-wait"),
    kills=["connection.second-close-changes-state"],
)
def closing_twice(lab: Lab, state: str, code: str) -> None:
    stage = reach(lab, state)
    assert stage.app is not None
    stage.app.close()
    stage.peer.expect_nothing()
    stage.app.write(b"too late", accepts=0)
    stage.expect_unharmed()


@case(
    "connection.read-after-everything",
    checkpoint=5,
    rfc=["9293 3.10.3", "D-BYTE-4"],
    rule="What was acknowledged is not lost because both sides have closed meanwhile.",
    hint="The inbound stream lives as long as the connection, CLOSED or not.",
    kills=["connection.unread-bytes-lost-in-time-wait"],
    weight=2,
)
def read_after_everything(lab: Lab) -> None:
    peer, app = lab.established(msl_ms=1000)
    app.close()
    peer.expect_fin()
    peer.send(data=b"read me later", fin=True)
    peer.expect_ack(15)
    lab.clock.advance(3000)
    app.expect_state("CLOSED")
    app.expect_read(b"read me later")
    app.expect_eof()


@case(
    "connection.data-and-fin-in-one",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "D-RECV-18", "B-ES-19"],
    rule="Data and FIN in one segment: one ACK for both, first the bytes, then the end.",
    hint="Seventh check, then eighth.",
    kills=["connection.fin-does-not-close"],
    weight=2,
)
def data_and_fin_in_one(lab: Lab) -> None:
    peer, app = lab.established()
    peer.send(data=b"famous last words", fin=True)
    peer.expect_ack(19)
    app.expect_state("CLOSE-WAIT")
    app.expect(readable=17, eof=False)
    app.expect_read(b"famous last words")
    app.expect_eof()


@case(
    "connection.any-initial-number-{isn:x}",
    checkpoint=5,
    rfc=["9293 3.4", "C-ISN-3", "D-SEQ-7", "U-23"],
    rule="A connection works wherever on the circle its numbers begin, on both sides.",
    hint="No sequence number is special, not even 0.",
    each=[{"isn": 0}, {"isn": 0x7FFFFFFF}, {"isn": 0x80000000}, {"isn": 0xFFFFFFFF}],
    kills=["connection.isn-ignored"],
)
def any_initial_number(lab: Lab, isn: int) -> None:
    lab.stack(isn=isn)
    listener = lab.listen(80)
    peer = lab.peer(port=80, isn=isn)
    peer.send(syn=True)
    expect_equal("the stack's ISN", isn, peer.expect(syn=True, ack=1).seq)
    peer.send(data=b"question")
    peer.expect_ack(9)
    app = listener.accept(peer)
    app.expect_read(b"question")
    app.write(b"answer")
    peer.expect_data(b"answer")
    app.close()
    peer.expect_fin(acknowledge=True)
    app.expect_state("FIN-WAIT-2")


@case(
    "connection.syn-ack-with-fin",
    checkpoint=5,
    rfc=["9293 3.10.7.3", "B-SS-7", "E-22"],
    rule="A FIN on the SYN+ACK closes the peer's side, now or when it comes again, and only once.",
    hint="ESTABLISHED, and on to the eighth check of the same segment: CLOSE-WAIT.",
    kills=["connection.fin-of-the-syn-ack-closes-nothing"],
)
def syn_ack_with_fin(lab: Lab) -> None:
    peer, app = syn_sent(lab)
    peer.send(syn=True, fin=True, ack=1)
    answer = peer.expect(seq=1, has_ack=True, rst=False)
    peer.snd_nxt = 1
    if (answer.ack - peer.iss) % (1 << 32) == 1:
        peer.send(fin=True)
        peer.expect_ack(2)
    peer.snd_nxt = 2
    app.expect_state("CLOSE-WAIT")
    app.expect_eof()
    app.close()
    peer.expect_fin(acknowledge=True)
    app.expect_state("CLOSED")
    app.expect_error("none")


@case(
    "connection.data-and-fin-complete-the-handshake",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-SR-14", "B-SR-19", "D-CONN-18"],
    rule="ACK, data and FIN in the third segment: all three count, in this order.",
    hint="Fifth, seventh and eighth check of one segment, each in the state that the last left.",
    kills=["connection.text-of-completing-ack-lost"],
    weight=3,
)
def data_and_fin(lab: Lab) -> None:
    listener = lab.listen(80)
    peer = lab.peer(port=80)
    peer.send(syn=True)
    peer.expect(syn=True, ack=1)
    peer.send(data=b"in short", fin=True)
    peer.expect_ack(10)
    app = listener.accept(peer)
    app.expect_read(b"in short")
    app.expect_eof()
    app.expect_state("CLOSE-WAIT")
