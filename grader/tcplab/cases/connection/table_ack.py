"""RFC 9293, 3.10.7.4, fifth to eighth check, state by state: ACK, text and FIN."""

from __future__ import annotations

from tcplab.case import case
from tcplab.cases.connection.states import PEER_CLOSED, RECEIVING, SYNCHRONIZED, each_state, reach
from tcplab.lab import Lab


@case(
    "connection.text-without-ack-in-{state}",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-{code}-7"],
    rule="A segment without the ACK flag is dropped silently; the same with it is taken ({state}).",
    hint="Fifth check, first sentence.",
    each=each_state(*RECEIVING),
    kills=["connection.segments-without-ack-taken"],
)
def text_without_ack(lab: Lab, state: str, code: str) -> None:
    stage = reach(lab, state)
    stage.send(data=b"data", ack=None)
    stage.peer.expect_nothing()
    assert stage.app is not None
    stage.app.expect(readable=0)
    stage.send(data=b"data")
    stage.peer.expect_ack()
    stage.app.expect_read(b"data")


@case(
    "connection.duplicate-acks-in-{state}",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-{code}-9", "C-DAK-5", "D-RECV-8"],
    rule="Bare ACKs that say nothing new are never answered: else two TCPs never fall silent.",
    hint="SEG.LEN is 0 and the number is acceptable: there is nothing to acknowledge.",
    each=each_state(*SYNCHRONIZED, without=("last-ack",)),
    kills=["connection.bare-acks-answered"],
)
def duplicate_acks(lab: Lab, state: str, code: str) -> None:
    stage = reach(lab, state)
    for ack in (stage.snd_una, stage.snd_una, stage.snd_una - 1):
        stage.send(ack=ack)
    stage.peer.expect_nothing()
    stage.expect_unharmed()


@case(
    "connection.ack-of-unsent-in-{state}",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "9293 3.5.2", "B-{code}-10", "U-8"],
    rule="What acknowledges data that was never sent gets an ACK, and its text is dropped.",
    hint="SEG.ACK > SND.NXT: fifth check, ESTABLISHED. The sixth to eighth are not reached.",
    each=each_state(*RECEIVING),
    kills=["connection.ack-of-unsent-taken", "connection.ack-of-unsent-unanswered"],
)
def ack_of_unsent(lab: Lab, state: str, code: str) -> None:
    stage = reach(lab, state)
    stage.send_unchanged(ack=stage.snd_nxt + 1, data=b"0123456789")
    stage.expect_bare_ack()
    assert stage.app is not None
    stage.app.expect(readable=0)
    stage.expect_unharmed()


@case(
    "connection.ack-of-unsent-in-{state}",
    checkpoint=5,
    rfc=["9293 3.5.2", "B-{code}-10", "U-8"],
    rule="Also behind the peer's FIN, what acknowledges data never sent is answered with an ACK.",
    hint="RFC 9293, 3.5.2, group 3: an unacceptable acknowledgment in a synchronized state.",
    each=each_state(*PEER_CLOSED),
    kills=["connection.ack-of-unsent-unanswered"],
)
def ack_of_unsent_closed(lab: Lab, state: str, code: str) -> None:
    stage = reach(lab, state)
    stage.send(ack=stage.snd_nxt + 1)
    stage.expect_bare_ack()
    stage.expect_unharmed()


@case(
    "connection.text-is-taken-in-{state}",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-{code}-15", "U-12", "D-RECV-20"],
    rule="Text in order is acknowledged and delivered, also after we have closed ({state}).",
    hint="Seventh check. CLOSE says that we have no more to send, not that we hear no more.",
    each=each_state("fin-wait-1", "fin-wait-2"),
    kills=["connection.no-text-after-close"],
)
def text_is_taken(lab: Lab, state: str, code: str) -> None:
    stage = reach(lab, state)
    data = lab.bytes(3000)
    for at in (0, 1000, 2000):
        stage.send(data=data[at : at + 1000])
    stage.peer.expect_ack()
    assert stage.app is not None
    stage.app.expect_read(data)
    stage.app.expect_state(state.upper())


@case(
    "connection.text-after-a-gap-in-{state}",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-{code}-16", "SHLD-31", "MAY-13"],
    rule="Text behind a gap is kept: when the gap is filled, both are acknowledged ({state}).",
    hint="Give the receiver everything that overlaps the window; the reassembler waits for the gap.",
    each=each_state(*RECEIVING),
    kills=["connection.only-text-in-order"],
)
def text_after_gap(lab: Lab, state: str, code: str) -> None:
    stage = reach(lab, state)
    begin = stage.rcv_nxt
    stage.send(seq=begin + 4, data=b"late")
    stage.peer.expect(ack=begin, length=0, within_ms=500)
    stage.send(seq=begin, data=b"gap.")
    stage.peer.snd_nxt = begin + 8
    stage.peer.expect_ack(begin + 8)
    assert stage.app is not None
    stage.app.expect_read(b"gap.late")


@case(
    "connection.text-behind-the-fin-in-{state}",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-{code}-15", "E-15", "D-REAS-11"],
    rule="Behind the peer's FIN there is no text: what comes is ignored ({state}).",
    hint="Seventh check: in which states can text arrive at all?",
    each=each_state(*PEER_CLOSED),
    kills=["connection.text-behind-the-fin-kills"],
)
def text_behind_fin(lab: Lab, state: str, code: str) -> None:
    stage = reach(lab, state)
    stage.send_unchanged(data=b"one more thing")
    assert stage.app is not None
    stage.app.expect_eof()
    stage.peer.inbox.clear()  # an ACK of the FIN is fine
    stage.expect_unharmed()


@case(
    "connection.fin-again-in-{state}",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-{code}-19", "B-{code}-1", "D-CONN-24"],
    rule="The peer's FIN, sent again because our ACK was lost, is acknowledged again ({state}).",
    hint="It is old by now, so the first check answers it, each time.",
    each=each_state(*PEER_CLOSED),
    kills=["connection.unacceptable-not-answered"],
)
def fin_again(lab: Lab, state: str, code: str) -> None:
    stage = reach(lab, state)
    for _ in range(3):
        stage.send(seq=stage.rcv_nxt - 1, fin=True)
        stage.expect_bare_ack()
    assert stage.app is not None
    stage.app.expect_state(state.upper())


@case(
    "connection.fin-behind-a-gap-in-{state}",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-{code}-20", "D-REAS-8", "D-REAS-9"],
    rule="A FIN behind a gap is not yet the end: first comes what is missing ({state}).",
    hint="Eighth check: has the stream really ended, or was a FIN bit just seen?",
    each=each_state(*RECEIVING),
    kills=["connection.fin-bit-is-the-end"],
)
def fin_behind_gap(lab: Lab, state: str, code: str) -> None:
    stage = reach(lab, state)
    begin = stage.rcv_nxt
    stage.send(seq=begin + 4, fin=True)
    stage.peer.expect(ack=begin, within_ms=500)
    assert stage.app is not None
    stage.app.expect(eof=False)
    stage.app.expect_state(state.upper())
    stage.send(data=b"gap.")
    stage.send(seq=begin + 4, fin=True)
    stage.peer.expect_ack(begin + 5)
    stage.app.expect_read(b"gap.")
    stage.app.expect_eof()


@case(
    "connection.text-that-is-half-new",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-ES-17", "B-AC-7", "U-17"],
    rule="Of a segment that repeats something old, the new part is taken.",
    hint="One number of it in the window makes a segment acceptable.",
    kills=["connection.only-text-in-order"],
    weight=2,
)
def half_new(lab: Lab) -> None:
    peer, app = lab.established()
    peer.send(data=b"0123456789")
    peer.send(seq=6, data=b"56789abcde")
    peer.snd_nxt = 16
    peer.expect_ack(16)
    app.expect_read(b"0123456789abcde")
    peer.probe_alive()


@case(
    "connection.old-text-with-a-new-fin",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-AC-11", "D-REAS-10"],
    rule="Old text with a FIN behind it that is new: the FIN counts.",
    hint="SEG.LEN counts the FIN, so the segment's last number lies in the window.",
    kills=["connection.length-without-fin"],
    weight=2,
)
def old_text_new_fin(lab: Lab) -> None:
    peer, app = lab.established()
    peer.send(data=b"0123456789")
    peer.expect_ack()
    peer.send(seq=1, data=b"0123456789", fin=True)
    peer.expect_ack(12)
    app.expect_read(b"0123456789")
    app.expect_eof()
    app.expect_state("CLOSE-WAIT")


@case(
    "connection.text-and-fin-past-the-window",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-ES-18", "D-REAS-5", "D-REAS-7"],
    rule="Of text that reaches beyond the window the inner part is taken; a FIN beyond is not.",
    hint="If the text is cut off, so is the FIN behind it.",
    kills=["connection.fin-bit-is-the-end"],
    weight=2,
)
def past_the_window(lab: Lab) -> None:
    peer, app = lab.established(recv_capacity=1000)
    data = lab.bytes(1006)
    peer.send(data=data, fin=True)
    peer.snd_nxt = 1001
    peer.expect_ack(1001)
    app.expect(readable=1000, eof=False)
    app.expect_read(data[:1000])
    app.expect_state("ESTABLISHED")
    peer.send(data=data[1000:], fin=True)
    peer.expect_ack(1008)
    app.expect_read(data[1000:])
    app.expect_eof()
