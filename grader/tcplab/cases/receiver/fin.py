"""The FIN on the bench: the stream ends at its place, not at its arrival."""

from __future__ import annotations

from tcplab.case import case
from tcplab.lab import Lab

BUILDS_ON = ("receiver.ack-is-the-next-number-expected",)


@case(
    "receiver.fin-before-its-data",
    checkpoint=3,
    rfc=["9293 3.10.7.4", "SHLD-31", "D-REAS-8", "D-REAS-9"],
    rule="A FIN counts only when every byte before it has arrived, and then it counts.",
    hint="Who knows where the stream ends? Give the FIN to the reassembler, as `is_last`.",
    kills=["receiver.fin-ends-at-once", "receiver.early-fin-is-forgotten"],
)
def fin_before_its_data(lab: Lab) -> None:
    receiver = lab.receiver(recv_capacity=4000)
    receiver.receive(0, syn=True)
    receiver.receive(4, b"", fin=True)
    receiver.send(ack=1)
    receiver.stream.expect(closed=False)
    receiver.receive(1, b"abc")
    receiver.send(ack=5)
    receiver.stream.expect(closed=True)


@case(
    "receiver.fin-behind-a-hole",
    checkpoint=3,
    rfc=["9293 3.10.7.4", "D-REAS-8", "D-REAS-9"],
    rule="A FIN that came with held data ends the stream when the hole before them is filled.",
    hint="Does the FIN get its number at the moment at which you count it?",
    kills=["receiver.fin-ends-at-once", "receiver.early-fin-is-forgotten"],
)
def fin_behind_a_hole(lab: Lab) -> None:
    receiver = lab.receiver(recv_capacity=4000)
    receiver.receive(0, syn=True)
    receiver.receive(7, b"world", fin=True)
    receiver.send(ack=1, window=4000)
    receiver.receive(1, b"hell")
    receiver.send(ack=5)
    receiver.stream.expect(closed=False)
    receiver.receive(5, b"o ")
    receiver.send(ack=13)
    receiver.stream.read(20, gives=b"hello world")
    receiver.stream.expect(finished=True)


@case(
    "receiver.fin-is-cut-off-with-its-data",
    checkpoint=3,
    rfc=["9293 3.10.7.4", "B-ES-18", "D-REAS-7"],
    rule="If the last bytes of a segment do not fit, its FIN does not count: it comes again.",
    hint="After cutting, does the segment still reach the place where the stream ends?",
    kills=["receiver.fin-survives-the-cut"],
)
def fin_is_cut_off(lab: Lab) -> None:
    receiver, text = lab.receiver(recv_capacity=100), lab.bytes(106)
    receiver.receive(0, syn=True)
    receiver.send(ack=1, window=100)
    receiver.receive(1, text, fin=True)
    receiver.send(ack=101, window=0)
    receiver.stream.expect(closed=False)
    receiver.stream.read(100, gives=text[:100])
    receiver.stream.expect(finished=False)
    receiver.send(ack=101, window=100)
    receiver.receive(101, text[100:], fin=True)
    receiver.send(ack=108)
    receiver.stream.read(6, gives=text[100:])
    receiver.stream.expect(finished=True)


@case(
    "receiver.fin-is-all-that-is-new",
    checkpoint=3,
    rfc=["9293 3.10.7.4", "B-AC-11", "D-REAS-10"],
    rule="A segment whose data is old may still bring a new FIN.",
    hint="Nothing is left of the text after cutting. What about the rest of the segment?",
    kills=["receiver.fin-on-old-data-is-dropped"],
)
def fin_is_all_that_is_new(lab: Lab) -> None:
    receiver = lab.receiver(recv_capacity=4000)
    receiver.receive(0, syn=True)
    receiver.receive(1, b"abcdef")
    receiver.send(ack=7)
    receiver.acceptable(1, 6, gives=False)
    receiver.acceptable(1, 7, gives=True)
    receiver.receive(1, b"abcdef", fin=True)
    receiver.send(ack=8)
    receiver.stream.read(10, gives=b"abcdef")
    receiver.stream.expect(finished=True)


@case(
    "receiver.fin-of-an-empty-stream",
    checkpoint=3,
    rfc=["9293 3.4", "U-4", "D-RECV-18"],
    rule="A FIN right behind the SYN ends a stream without bytes: both numbers are acknowledged.",
    hint="Is there a case in which you look at the FIN only if there is text?",
    kills=["receiver.fin-is-not-counted", "receiver.fin-needs-text"],
)
def fin_of_an_empty_stream(lab: Lab) -> None:
    receiver = lab.receiver(recv_capacity=4000)
    receiver.receive(0, syn=True)
    receiver.send(ack=1)
    receiver.receive(1, fin=True)
    receiver.send(ack=2)
    receiver.stream.expect(closed=True, finished=True, total_written=0)


@case(
    "receiver.fin-needs-no-room",
    checkpoint=3,
    rfc=["9293 3.8.6", "9293 3.10.7.4", "C-SWS-3"],
    rule="A FIN takes a number but no room: it counts behind a full buffer, with a zero window.",
    hint="RCV.NXT lies one past the right edge now. What is their distance in your code?",
    kills=["receiver.window-is-signed-difference", "receiver.fin-is-not-counted"],
)
def fin_needs_no_room(lab: Lab) -> None:
    receiver, text = lab.receiver(recv_capacity=100), lab.bytes(100)
    receiver.receive(0, syn=True)
    receiver.send(ack=1, window=100)
    receiver.receive(1, text, fin=True)
    receiver.expect(rcv_nxt=102, rcv_wnd=0)
    receiver.send(ack=102, window=0)
    receiver.acceptable(102, 0, gives=True)
    receiver.acceptable(101, 0, gives=False)
    receiver.stream.read(100, gives=text)
    receiver.stream.expect(finished=True)


@case(
    "receiver.nothing-in-the-place-of-the-syn",
    checkpoint=3,
    rfc=["9293 3.4", "U-4"],
    rule="The number of the SYN is no place for bytes or a FIN: what stands there is ignored.",
    hint="A segment without SYN at IRS: how many of its bytes belong to the stream?",
    kills=["receiver.empty-segment-at-the-syn"],
)
def nothing_in_the_place_of_the_syn(lab: Lab) -> None:
    receiver = lab.receiver(recv_capacity=4000)
    receiver.receive(0, syn=True)
    receiver.receive(0)
    receiver.receive(0, fin=True)
    receiver.send(ack=1, window=4000)
    receiver.receive(0, b"?")
    receiver.send(ack=1, window=4000)
    receiver.receive(0, b"?abc")
    receiver.send(ack=4)
    receiver.stream.read(20, gives=b"abc")
    receiver.stream.expect(closed=False)


@case(
    "receiver.nothing-follows-the-fin",
    checkpoint=3,
    rfc=["9293 3.10.7.4", "D-REAS-11"],
    rule="The FIN is the last number of the stream: what claims to stand behind it is ignored, and"
    " so is the FIN when it comes again.",
    hint="Count the FIN once, and by its place: may a second one move RCV.NXT?",
    kills=["receiver.fin-is-not-counted", "receiver.ack-waits-for-the-application"],
)
def nothing_follows_the_fin(lab: Lab) -> None:
    receiver = lab.receiver(recv_capacity=4000)
    receiver.receive(0, syn=True)
    receiver.receive(1, b"the end", fin=True)
    receiver.send(ack=9)
    receiver.receive(1, b"the end", fin=True)
    receiver.receive(8, fin=True)
    receiver.receive(8, b"and more")
    receiver.receive(9, b"and more", fin=True)
    receiver.send(ack=9)
    receiver.expect(pending=0)
    receiver.stream.read(20, gives=b"the end")
    receiver.stream.expect(finished=True)
