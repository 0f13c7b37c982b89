"""What an acknowledgment does to SND.UNA, to the window and to the stream."""

from __future__ import annotations

from tcplab.case import case
from tcplab.lab import Lab

BUILDS_ON = ("sender.syn-then-data",)


@case(
    "sender.acked-bytes-leave-the-stream",
    checkpoint=4,
    rfc=["9293 3.10.7.4", "D-SEND-3"],
    rule="What is acknowledged makes room in the stream; the SYN is no byte of it.",
    hint="How many of the newly acknowledged numbers are bytes?",
    kills=["sender.syn-popped-as-byte", "sender.acked-bytes-kept"],
)
def acked_bytes_leave(lab: Lab) -> None:
    sender = lab.sender(send_capacity=10)
    sender.write(b"0123456789")
    sender.open()
    sender.stream.expect(buffered=10)
    sender.expect_data(b"0123456789", seq=1)
    sender.write(b"more", accepts=0)
    sender.receive(ack=6, seq=0)
    sender.stream.expect(buffered=5, available=5)
    sender.expect(snd_una=6, in_flight=5)
    sender.write(b"abcdef", accepts=5)
    sender.receive(ack=11, seq=0)
    sender.expect_data(b"abcde", seq=11)


@case(
    "sender.ack-inside-a-segment",
    checkpoint=4,
    rfc=["9293 3.4", "D-SEND-37", "B-ES-8"],
    rule="An acknowledgment may end in the middle of a segment: only what is behind it remains.",
    hint="Count bytes from SND.UNA to SND.NXT, not segments.",
    kills=["sender.timer-stops-on-partial-ack", "sender.acks-count-whole-segments"],
)
def ack_inside_segment(lab: Lab) -> None:
    data = lab.bytes(2000)
    sender = lab.sender()
    sender.open(mss=1000)
    sender.write(data)
    sender.expect_data(data, seq=1)
    sender.receive(ack=501, seq=0)
    sender.expect(in_flight=1500, snd_una=501, snd_nxt=2001)
    sender.expect_nothing()
    sender.tick(1000)
    sender.expect_segment(seq=501, begins=data[500:1500])  # as it was, or cut anew
    sender.expect_nothing()


@case(
    "sender.ack-of-unsent-bytes-is-ignored",
    checkpoint=4,
    rfc=["9293 3.10.7.4", "B-ES-10", "D-SEND-1"],
    rule="An acknowledgment of what was never sent is ignored, and its window with it.",
    hint="SND.UNA < SEG.ACK =< SND.NXT. Which of the two ends do you check?",
    kills=["sender.ack-beyond-nxt-accepted"],
)
def ack_of_unsent(lab: Lab) -> None:
    sender = lab.sender()
    sender.open(window=5)
    sender.write(b"abcdefghij")
    sender.expect_segment(seq=1, data=b"abcde")
    sender.receive(ack=11, window=5000, seq=0)
    sender.receive(ack=7, window=5000, seq=0)
    sender.expect(in_flight=5, snd_una=1, snd_nxt=6)
    sender.stream.expect(buffered=10)
    sender.expect_nothing()
    sender.receive(ack=6, window=5, seq=0)
    sender.expect_segment(seq=6, data=b"fghij")


@case(
    "sender.old-ack-is-ignored",
    checkpoint=4,
    rfc=["9293 3.10.7.4", "B-ES-9", "U-22"],
    rule="An acknowledgment below SND.UNA comes late: neither it nor its window is news.",
    hint="SND.UNA never goes back. May an old message still change the window?",
    kills=["sender.old-ack-not-ignored"],
)
def old_ack(lab: Lab) -> None:
    sender = lab.sender(nagle=False)
    sender.open(mss=1000, window=5000)
    sender.write(bytes(3000))
    sender.expect_data(bytes(3000), seq=1)
    sender.receive(ack=2001, window=5000, seq=0)
    sender.receive(ack=1001, window=0, seq=9)
    sender.expect(snd_una=2001, in_flight=1000)
    sender.write(b"more")
    sender.expect_segment(seq=3001, data=b"more")


@case(
    "sender.window-of-the-newest-segment",
    checkpoint=4,
    rfc=["9293 3.10.7.4", "U-22", "B-ES-12", "D-SEND-32"],
    rule="A window is taken only from a segment that is not older than the last one it came from.",
    hint="SND.WL1 and SND.WL2 remember which segment brought the window. Their comparison wraps.",
    kills=["sender.window-taken-from-old-segment", "sender.window-compared-without-wrap"],
)
def window_of_newest(lab: Lab) -> None:
    sender = lab.sender(nagle=False)
    sender.expect_segment(seq=0, syn=True)
    sender.set_mss(1000)
    sender.receive(ack=1, window=1000, seq=0xFFFFFFF0)
    sender.receive(ack=1, window=3000, seq=100)
    sender.receive(ack=1, window=500, seq=50)
    sender.receive(ack=1, window=500, seq=0xFFFFFFF8)
    sender.write(bytes(3000))
    sender.expect_data(bytes(3000), seq=1)
    sender.receive(ack=1, window=4000, seq=100)
    sender.write(bytes(1000))
    sender.expect_data(bytes(1000), seq=3001)
    sender.receive(ack=1, window=1000, seq=101)
    sender.receive(ack=2001, window=1000, seq=101)
    sender.write(bytes(1000))
    sender.expect_nothing()


@case(
    "sender.old-window-moves-no-edge",
    checkpoint=4,
    rfc=["9293 3.10.7.4", "9293 3.8.6", "C-WIN-1", "D-SEND-32"],
    rule="If an ACK is news but its window is not, the right edge stays where it was.",
    hint="SND.WND counts from SND.UNA. When SND.UNA advances alone, what happens to the window?",
    kills=["sender.right-edge-moves-with-una", "sender.window-taken-from-old-segment"],
)
def old_window_moves_no_edge(lab: Lab) -> None:
    data = lab.bytes(4000)
    sender = lab.sender()
    sender.open(mss=1000, window=1000)
    sender.receive(ack=1, window=2000, seq=100)
    sender.write(data)
    sender.expect_data(data[:2000], seq=1)
    sender.receive(ack=1001, window=5000, seq=50)
    sender.expect(snd_una=1001, in_flight=1000)
    sender.expect_nothing()
    sender.receive(ack=1001, window=2000, seq=100)
    sender.expect_segment(seq=2001, data=data[2000:3000])


@case(
    "sender.numbers-go-on-from-{isn:x}",
    checkpoint=4,
    rfc=["9293 3.4", "U-3", "D-SEQ-1", "D-SEQ-7"],
    rule="The numbers go on past 2^32 - 1 with 0: nothing happens there.",
    hint="Count inside with 64 bits, and wrap only what goes out: seqno_wrap, seqno_unwrap.",
    each=[{"isn": 0xFFFFFFFF}, {"isn": 0xFFFFFFF0}],
    kills=["sender.ack-compared-without-wrap"],
)
def numbers_go_on(lab: Lab, isn: int) -> None:
    sender = lab.sender(isn=isn)
    sender.open()
    data = lab.bytes(40)
    for at in (1, 41):
        sender.write(data)
        sender.expect_data(data, seq=at)
        sender.receive(ack=at + 20, seq=0)
        sender.expect(snd_una=at + 20, snd_nxt=at + 40, in_flight=20)
        sender.receive(ack=at + 40, seq=0)
    sender.expect(in_flight=0, snd_una=81)


@case(
    "sender.numbers-pass-the-middle",
    checkpoint=4,
    rfc=["9293 3.4", "U-3", "C-ISN-3"],
    rule="Half way around the circle, at 2^31, nothing happens either.",
    hint="A sequence number that is kept as a signed number becomes negative there.",
    kills=["sender.ack-compared-as-signed"],
)
def numbers_pass_the_middle(lab: Lab) -> None:
    numbers_go_on(lab, 0x7FFFFFF0)
