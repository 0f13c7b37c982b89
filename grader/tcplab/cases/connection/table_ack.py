"""RFC 9293, 3.10.7.4, fifth to eighth check, state by state: ACK, text and FIN."""

from __future__ import annotations

from tcplab.case import case
from tcplab.cases.connection.states import (
    GREETING,
    PEER_CLOSED,
    RECEIVING,
    SYNCHRONIZED,
    each_state,
    reach,
)
from tcplab.check import expect_true
from tcplab.lab import Lab

BUILDS_ON = ("connection.three-way-handshake",)


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
    "connection.nothing-to-say-in-{state}",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-{code}-7", "B-{code}-14"],
    rule="Behind the peer's FIN, what has no ACK flag is dropped, and URG says nothing ({state}).",
    hint="Fifth check, first sentence; sixth check, the states behind the peer's FIN.",
    each=each_state(*PEER_CLOSED),
    kills=["connection.segments-without-ack-answered"],
)
def nothing_to_say(lab: Lab, state: str, code: str) -> None:
    stage = reach(lab, state)
    stage.send(ack=None)
    stage.send(ack=None, psh=True)
    stage.peer.expect_nothing()
    stage.send(urg=True, urgent=100)
    if state == "last-ack":  # there an ACK of ours is fine
        stage.peer.inbox.clear()
    stage.peer.expect_nothing()
    stage.expect_unharmed()


@case(
    "connection.window-update-in-{state}",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-{code}-12", "E-14"],
    rule="A window that opens lets waiting data go, in every state in which we may send ({state}).",
    hint="Hand each acceptable acknowledgment to the sender, whatever the state.",
    each=each_state("established", "fin-wait-1", "close-wait", "last-ack"),
    kills=["connection.same-ack-brings-no-window"],
)
def window_update(lab: Lab, state: str, code: str) -> None:
    stage = reach(lab, "close-wait" if state in ("close-wait", "last-ack") else "established")
    assert stage.app is not None
    stage.send(window=0)
    stage.app.write(b"held back")
    if state in ("fin-wait-1", "last-ack"):
        stage.app.close()
    stage.peer.expect_nothing(for_ms=0)
    stage.app.expect_state(state.upper())
    stage.send(window=5000)
    stage.peer.expect_data(b"held back", acknowledge=False, within_ms=0)


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
    # An acknowledgment of our ISN, where nothing ever stood, is within the range of RFC 5961, 5.2,
    # but may be taken for an attack: Linux lets none count that reaches back before the first byte.
    for ack in (stage.snd_una, stage.snd_una, max(stage.snd_una - 1, 1)):
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
    "connection.two-confused-hosts",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-SC-21", "C-5961-5"],
    rule="Two sides that disagree about their numbers do not talk for ever.",
    hint="One answer for one segment; none without cause.",
    kills=["connection.ack-of-unsent-unanswered"],
)
def two_confused(lab: Lab) -> None:
    peer, app = lab.established()
    for _ in range(8):
        peer.send(ack=1001)
        peer.expect(seq=1, ack=1, length=0, rst=False)
        peer.expect_nothing(for_ms=0)
    peer.expect_nothing(for_ms=2000)
    peer.probe_alive()


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
    hint="Give the receiver all that overlaps the window; the reassembler waits for the gap.",
    each=each_state(*RECEIVING),
    kills=["connection.only-text-in-order"],
)
def text_after_gap(lab: Lab, state: str, code: str) -> None:
    stage = reach(lab, state)
    begin = stage.rcv_nxt
    stage.send(seq=begin + 4, data=b"late")
    assert stage.app is not None
    stage.app.expect(readable=0)
    stage.send(seq=begin, data=b"gap.")
    stage.peer.snd_nxt = begin + 8
    stage.peer.expect_ack(begin + 8)
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
    rfc=["9293 3.10.7.4", "B-{code}-19", "B-{code}-1"],
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
    assert stage.app is not None
    stage.app.expect(eof=False)
    stage.app.expect_state(state.upper())
    stage.send(data=b"gap.")
    stage.send(seq=begin + 4, fin=True)
    stage.peer.expect_ack(begin + 5)
    stage.app.expect_read(b"gap.")
    stage.app.expect_eof()


@case(
    "connection.half-new-text-in-{state}",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-{code}-17", "B-AC-7", "U-17"],
    rule="Of a segment that repeats something old, the new part is taken ({state}).",
    hint="One number of it in the window makes a segment acceptable.",
    each=each_state(*RECEIVING),
    kills=["connection.only-text-in-order"],
)
def half_new(lab: Lab, state: str, code: str) -> None:
    stage = reach(lab, state)
    begin = stage.rcv_nxt
    stage.send(data=b"0123456789")
    stage.send(seq=begin + 5, data=b"56789abcde")
    stage.peer.snd_nxt = begin + 15
    stage.peer.expect_ack()
    assert stage.app is not None
    stage.app.expect_read(b"0123456789abcde")
    stage.expect_unharmed()


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
    "connection.text-and-fin-past-the-window-in-{state}",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-{code}-18", "D-REAS-5", "D-REAS-7"],
    rule="Of text that reaches beyond the window the inner part is taken; a FIN beyond is not.",
    hint="If the text is cut off, so is the FIN behind it.",
    each=each_state(*RECEIVING),
    kills=["connection.fin-bit-is-the-end"],
)
def past_the_window(lab: Lab, state: str, code: str) -> None:
    stage = reach(lab, state, recv_capacity=1000)
    app, begin, end = stage.app, stage.rcv_nxt, stage.window_end
    data = lab.bytes(1006)
    stage.send(data=data, fin=True)
    stage.peer.snd_nxt = max(stage.peer.snd_una, end)
    acked = stage.peer.expect(ack=lambda n: end <= n < begin + 1006, within_ms=500)
    assert app is not None and acked is not None
    app.expect(eof=False)
    app.expect_state(state.upper())
    taken = stage.peer.snd_una - begin
    app.expect_read(data[:taken])
    stage.peer.expect_window(1006 - taken)
    stage.send(seq=begin + taken, data=data[taken:], fin=True)
    stage.peer.expect_ack(begin + 1007)
    app.expect_read(data[taken:])
    app.expect_eof()


@case(
    "connection.segment-wider-than-the-window",
    checkpoint=5,
    rfc=["9293 3.10.7.4", "B-AC-8", "E-10"],
    rule="A segment that begins before the window and ends behind it: trim it or refuse it.",
    hint="By the table neither its first nor its last number is acceptable. Nothing may overflow.",
    kills=["connection.unacceptable-not-answered"],
)
def wider_than_window(lab: Lab) -> None:
    stage = reach(lab, "established", recv_capacity=1000)
    peer, begin, end = stage.peer, stage.rcv_nxt, stage.window_end
    rest = lab.bytes(end - begin)
    stage.send(seq=1, data=GREETING + rest + b"beyond")
    answer = peer.expect(length=0, within_ms=500, rst=False)
    taken = (answer.ack - peer.iss - begin) % (1 << 32)
    beyond = max(taken - len(rest), 0)  # may be taken if there is room for it
    fine = taken == 0 or len(rest) <= taken <= len(rest) + len(b"beyond")
    expect_true("ack", fine, f"{begin} or {end}", str(begin + taken))
    peer.snd_nxt = begin + taken
    if taken == 0:
        stage.send(data=rest)
        peer.expect_ack(end)
    assert stage.app is not None
    stage.app.expect_read(rest + b"beyond"[:beyond])
