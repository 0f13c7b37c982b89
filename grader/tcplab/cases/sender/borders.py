"""What just fits, what just does not, and where the end of the stream is."""

from __future__ import annotations

from tcplab.case import case
from tcplab.lab import Lab

BUILDS_ON = ("sender.syn-then-data",)


@case(
    "sender.fin-after-several-segments",
    checkpoint=4,
    rfc=["9293 3.10.4", "D-SEND-4", "B-SC-9"],
    rule="Of several segments only the last one may carry the FIN, however wide the window is.",
    hint="Is this segment's last byte the last one of the stream? Only then can a FIN follow.",
    kills=["sender.fin-on-every-short-segment", "sender.pointer-to-no-payload"],
)
def fin_after_several(lab: Lab) -> None:
    data = lab.bytes(2500)
    sender = lab.sender()
    sender.open(mss=1000)
    sender.write(data)
    sender.close()
    sender.expect_segment(seq=1, data=data[:1000], fin=False)
    sender.expect_segment(seq=1001, data=data[1000:2000], fin=False)
    sender.expect_segment(seq=2001, data=data[2000:])
    sender.receive(ack=2501, seq=0)
    sender.expect(fin_acked=False)
    sender.tick(60_000)
    sender.expect_segment(seq=2501, length=0, fin=True)


@case(
    "sender.last-byte-and-fin",
    checkpoint=4,
    rfc=["9293 3.10.4", "D-SEND-4"],
    rule="One byte and a FIN are two sequence numbers, and both are sent.",
    hint="How many numbers wait to be sent? The FIN adds one.",
    kills=["sender.fin-taken-off-the-bytes"],
)
def last_byte_and_fin(lab: Lab) -> None:
    sender = lab.sender()
    sender.open()
    sender.write(b"x")
    sender.close()
    sender.expect_data(b"x", seq=1)
    sender.receive(ack=2, seq=0)
    sender.tick(60_000)
    sender.expect_segment(seq=2, length=0, fin=True)


@case(
    "sender.full-segment-across-the-ring",
    checkpoint=4,
    rfc=["9293 3.8.1", "D-SEND-18"],
    rule="A segment of which the bytes lie in two pieces takes from the second what it lacks, and"
    " no more.",
    hint="The second piece may be longer than what is left of the segment.",
    kills=["sender.second-piece-too-long"],
)
def full_segment_across(lab: Lab) -> None:
    data = lab.bytes(4500)
    sender = lab.sender(mss=1000, send_capacity=2500)
    sender.open(mss=1000, window=2000)
    sender.write(data[:2500])
    sender.expect_data(data[:2000], seq=1)
    sender.receive(ack=2001, window=2000, seq=0)
    sender.write(data[2500:])
    sender.expect_data(data[2000:4000], seq=2001)
    sender.receive(ack=4001, window=2000, seq=0)
    sender.expect_data(data[4000:], seq=4001)


@case(
    "sender.no-ack-and-no-number",
    checkpoint=4,
    rfc=["9293 3.10.7.4", "D-SEND-38"],
    rule="A message without acknowledgment acknowledges nothing, whatever number stands in its"
    " field.",
    hint="Look at has_ack first. The field may hold anything: here it is the number after our SYN.",
    kills=["sender.number-without-ack-taken"],
)
def no_ack_and_no_number(lab: Lab) -> None:
    sender = lab.sender(isn=0xFFFFFFFF)  # the field holds 0 when it is not set
    sender.write(b"hello")
    sender.expect_segment(seq=0, syn=True)
    sender.receive(ack=None, window=5000, seq=0)
    sender.expect(syn_acked=False, in_flight=1, snd_una=0)
    sender.expect_nothing()
    sender.receive(ack=1, window=5000, seq=0)
    sender.expect_segment(seq=1, data=b"hello")


@case(
    "sender.window-before-the-syn-is-acknowledged",
    checkpoint=4,
    rfc=["9293 3.4", "9293 3.10.2", "D-SEND-38", "C-WIN-5"],
    rule="A window alone lets no data go: the SYN has to be acknowledged first.",
    hint="Two things hold data back before the handshake is complete. This takes away one of them.",
    kills=["sender.data-before-the-syn-is-acknowledged"],
)
def window_before(lab: Lab) -> None:
    sender = lab.sender(nagle=False)
    sender.write(b"hello")
    sender.expect_segment(seq=0, syn=True)
    sender.receive(ack=0, window=5000, seq=0)
    sender.expect_nothing()
    sender.expect(syn_acked=False, in_flight=1, snd_nxt=1)
    sender.receive(ack=1, window=5000, seq=0)
    sender.expect_segment(seq=1, data=b"hello")


@case(
    "sender.closed-stream-and-silly-window",
    checkpoint=4,
    rfc=["9293 3.8.6.2.1", "MUST-38", "D-SEND-31"],
    rule="Closing pushes out the last bytes if they fit. It does not make a window of a few bytes"
    " worth using.",
    hint="Are these the last bytes before the FIN? Only if all that waits fits into the window.",
    kills=["sender.closing-fills-silly-windows"],
)
def closed_stream(lab: Lab) -> None:
    data = lab.bytes(8000)
    sender = lab.sender()
    sender.open(mss=1000, window=5000)
    sender.write(data)
    sender.close()
    sender.expect_data(data[:5000], seq=1)
    sender.receive(ack=5001, window=50, seq=0)
    sender.expect_nothing()
    sender.receive(ack=5001, window=5000, seq=0)
    sender.expect_data(data[5000:], seq=5001)


@case(
    "sender.last-bytes-fill-the-window",
    checkpoint=4,
    rfc=["9293 3.8.6.2.1", "9293 3.9.1.4", "C-NAG-2", "D-SEND-31"],
    rule="The last bytes go at once also if they fill the window to the last number, and the FIN"
    " has to wait.",
    hint="D =< U: equal is enough. The FIN needs a number of its own, the bytes do not need it.",
    kills=["sender.just-enough-is-too-little"],
)
def last_bytes_fill(lab: Lab) -> None:
    sender = lab.sender(nagle=True)
    sender.open(mss=1000, window=150)
    sender.write(bytes(100))
    sender.expect_segment(seq=1, length=100)
    sender.write(b"last words" * 5)
    sender.expect_nothing()
    sender.close()
    sender.expect_segment(seq=101, data=b"last words" * 5, fin=False)
    sender.expect_nothing()


@case(
    "sender.all-that-waits-fills-the-window",
    checkpoint=4,
    rfc=["9293 3.8.6.2.1", "C-SWS-1", "MUST-60"],
    rule="If all that waits just fits into the window, it is sent, however small the window is.",
    hint="Rule (2): D =< U. Equal is enough.",
    kills=["sender.just-enough-is-too-little"],
)
def all_that_waits(lab: Lab) -> None:
    sender = lab.sender()
    sender.open(mss=1000, window=5000)
    sender.write(bytes(5000))
    sender.expect_data(bytes(5000), seq=1)
    sender.receive(ack=5001, window=50, seq=0)
    sender.write(b"fifty byte" * 5)
    sender.expect_segment(seq=5001, data=b"fifty byte" * 5)
    sender.expect_nothing()


@case(
    "sender.half-a-window-waits-for-nagle",
    checkpoint=4,
    rfc=["9293 3.7.4", "9293 3.8.6.2.1", "C-NAG-1", "SHLD-7"],
    rule="With Nagle's algorithm on, half of the largest window is small, too, and waits while"
    " something is unacknowledged.",
    hint="What stands in brackets in rule (2) stands in rule (3) as well.",
    kills=["sender.half-a-window-passes-nagle"],
)
def half_a_window(lab: Lab) -> None:
    data = lab.bytes(250)
    sender = lab.sender(nagle=True)
    sender.open(mss=1000, window=300)
    sender.write(data[:100])
    sender.expect_segment(seq=1, data=data[:100])
    sender.write(data[100:])
    sender.expect_nothing()
    sender.receive(ack=101, window=300, seq=0)
    sender.expect_segment(seq=101, data=data[100:])


@case(
    "sender.old-window-leaves-no-room",
    checkpoint=4,
    rfc=["9293 3.10.7.4", "9293 3.8.6", "C-WIN-1", "D-SEND-19", "D-SEND-32"],
    rule="If SND.UNA arrives at the right edge, and the window that comes with it is old, there is"
    " no room, not even for one byte.",
    hint="The edge stays where it was: SND.UNA + SND.WND. What is SND.WND now?",
    kills=["sender.old-window-leaves-one-byte"],
)
def old_window_no_room(lab: Lab) -> None:
    data = lab.bytes(1001)
    sender = lab.sender(nagle=False)
    sender.open(mss=1000, window=1000)
    sender.receive(ack=1, window=1000, seq=100)
    sender.write(data)
    sender.expect_segment(seq=1, data=data[:1000])
    sender.expect_nothing()
    sender.receive(ack=1001, window=5000, seq=50)
    sender.expect_nothing()
    sender.receive(ack=1001, window=5000, seq=100)
    sender.expect_segment(seq=1001, data=data[1000:])


@case(
    "sender.edge-behind-the-acknowledgment",
    checkpoint=4,
    rfc=["9293 3.10.7.4", "9293 3.8.6", "MUST-34", "C-WIN-2", "D-SEND-20"],
    rule="After a window has shrunk, SND.UNA may overtake its right edge: that is no room, not four"
    " gigabytes of it.",
    hint="The edge less SEG.ACK can be negative. What is that, unsigned?",
    kills=["sender.old-edge-underflows"],
)
def edge_behind(lab: Lab) -> None:
    data = lab.bytes(6000)
    sender = lab.sender(nagle=False)
    sender.open(mss=1000, window=4000)
    sender.write(data)
    sender.expect_data(data[:4000], seq=1)
    sender.receive(ack=1, window=500, seq=100)
    sender.expect_nothing()
    sender.receive(ack=1001, window=4000, seq=50)
    sender.expect_nothing()
    sender.receive(ack=4001, window=4000, seq=101)
    sender.expect_data(data[4000:], seq=4001)
