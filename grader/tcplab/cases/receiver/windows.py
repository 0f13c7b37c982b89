"""The window on the bench: what is offered, when it grows, and when that is worth telling."""

from __future__ import annotations

from tcplab.case import case
from tcplab.components.receiver import ReceiverBench
from tcplab.lab import Lab

BUILDS_ON = ("receiver.ack-is-the-next-number-expected",)


def _after_syn(lab: Lab, **config: int) -> ReceiverBench:
    """A receiver whose window was offered once: number 1 comes next."""
    receiver = lab.receiver(**config)
    receiver.receive(0, syn=True)
    receiver.send(ack=1)
    return receiver


# --- what is offered -----------------------------------------------------------------------------


@case(
    "receiver.window-is-unsigned",
    checkpoint=3,
    rfc=["9293 3.1", "MUST-1", "D-RECV-1", "D-RECV-3"],
    rule="The window is the free space, in 16 bits without a sign: 65,535 is a window like any.",
    hint="Which of your variables would 40,000 make negative?",
    kills=["receiver.window-is-signed", "receiver.window-is-in-network-order"],
)
def window_is_unsigned(lab: Lab) -> None:
    for capacity in (1280, 32767, 32768, 40000, 65535):
        receiver = lab.receiver(recv_capacity=capacity)
        receiver.send_without_ack(window=capacity)
        receiver.receive(0, syn=True)
        receiver.send(ack=1, window=capacity)
        receiver.expect(rcv_wnd=capacity)


@case(
    "receiver.window-is-capped-at-65535",
    checkpoint=3,
    rfc=["9293 3.1", "REC-1", "D-RECV-2"],
    rule="A buffer larger than the field can say is offered as 65,535, before the SYN and after.",
    hint="What is left of 65,536 in 16 bits? Take the minimum first, then cast.",
    kills=["receiver.window-is-cut-to-16-bits"],
)
def window_is_capped(lab: Lab) -> None:
    for capacity in (65536, 70000, 200000):
        receiver = lab.receiver(recv_capacity=capacity)
        receiver.send_without_ack(window=65535)
        receiver.receive(0, syn=True)
        receiver.send(ack=1, window=65535)
        receiver.expect(rcv_wnd=65535)


@case(
    "receiver.first-window-is-all-there-is",
    checkpoint=3,
    rfc=["9293 3.8.6.2.2", "9293 3.10.7.2", "K-RECV-2"],
    rule="The first window offered is the whole free space, also when the SYN came with text.",
    hint="Silly windows come from small steps of an edge; what is the edge before the first offer?",
    kills=["receiver.first-window-is-from-before-the-text"],
)
def first_window_is_all(lab: Lab) -> None:
    receiver = lab.receiver(recv_capacity=70000)
    receiver.receive(0, b"ten bytes.", syn=True)
    receiver.send(ack=11, window=65535)
    receiver = lab.receiver(recv_capacity=4000)
    receiver.receive(0, b"ten bytes.", syn=True)
    receiver.stream.read(10, gives=b"ten bytes.")
    receiver.send(ack=11, window=4000)


@case(
    "receiver.window-is-known-before-it-is-offered",
    checkpoint=3,
    rfc=["9293 3.3.1", "K-RECV-2"],
    rule="From the SYN on there is a window, even if no segment has told of it yet.",
    hint="When does the right edge get its first value?",
    kills=["receiver.no-window-until-the-first-send"],
)
def window_before_it_is_offered(lab: Lab) -> None:
    receiver = lab.receiver(recv_capacity=4000)
    receiver.receive(0, syn=True)
    receiver.expect(rcv_nxt=1, rcv_wnd=4000)
    receiver.acceptable(1, 0, gives=True)
    receiver.acceptable(4000, 1, gives=True)
    receiver.acceptable(4001, 1, gives=False)
    receiver.send(ack=1, window=4000)


@case(
    "receiver.window-shrinks-by-what-arrives",
    checkpoint=3,
    rfc=["9293 3.8.6", "U-18", "D-RECV-4"],
    rule="While nobody reads, the right edge stays: each byte in order takes one from the window.",
    hint="Store the edge, not the window; the window is what is left up to it.",
    kills=["receiver.window-is-signed-difference", "receiver.edge-follows-the-ack"],
)
def window_shrinks(lab: Lab) -> None:
    receiver, received = _after_syn(lab, recv_capacity=4000, mss=1000), 0
    for length in (1, 499, 1000, 1500, 999):
        receiver.receive(1 + received, lab.bytes(length))
        received += length
        receiver.expect(rcv_wnd=4000 - received)
        receiver.send(ack=1 + received, window=4000 - received)
    receiver.receive(4000, lab.bytes(1), fin=True)  # the last byte, and a FIN for which is no room
    receiver.send(window=0)
    receiver.expect(rcv_wnd=0)


@case(
    "receiver.what-is-held-takes-no-window",
    checkpoint=3,
    rfc=["9293 3.8.6", "SHLD-14", "U-18", "D-RECV-4"],
    rule="Data held behind a hole lies inside the window offered: it does not move the right edge.",
    hint="The room that it takes was promised already. Does it count a second time?",
    kills=["receiver.edge-goes-left-for-what-is-held"],
)
def what_is_held(lab: Lab) -> None:
    receiver, text = _after_syn(lab, recv_capacity=4000, mss=1000), lab.bytes(4000)
    for at in (3000, 2000, 1000):
        receiver.receive(1 + at, text[at : at + 1000])
        receiver.send(ack=1, window=4000)
    receiver.receive(1, text[:1000])
    receiver.send(ack=4001, window=0)
    receiver.stream.read(4000, gives=text)


# --- silly windows -------------------------------------------------------------------------------


@case(
    "receiver.no-silly-windows",
    checkpoint=3,
    rfc=["9293 3.8.6.2.2", "MUST-39", "C-SWS-2", "D-RECV-14"],
    rule="The right edge moves by one MSS at least, or stays: small windows make small segments.",
    hint="How far could the edge move, and is that worth while? If not, offer the old edge again.",
    kills=[
        "receiver.no-silly-window-avoidance",
        "receiver.edge-needs-more-than-enough",
        "receiver.edge-creeps",
    ],
)
def no_silly_windows(lab: Lab) -> None:
    receiver, text = _after_syn(lab, recv_capacity=4000, mss=1000), lab.bytes(4000)
    receiver.receive(1, text)
    receiver.send(ack=4001, window=0)
    receiver.stream.read(1, gives=text[:1])
    receiver.send(ack=4001, window=0)
    receiver.stream.read(998, gives=text[1:999])
    receiver.send(ack=4001, window=0)
    receiver.stream.read(1, gives=text[999:1000])
    receiver.send(ack=4001, window=1000)
    receiver.stream.read(999, gives=text[1000:1999])
    receiver.send(ack=4001, window=1000)


@case(
    "receiver.half-a-small-buffer-is-enough",
    checkpoint=3,
    rfc=["9293 3.8.6.2.2", "MUST-39", "C-SWS-2"],
    rule="Where the buffer is small, half of it is a worthwhile move of the right edge.",
    hint="A buffer smaller than one MSS: could the edge ever move, by your rule?",
    kills=["receiver.only-full-segments-are-worthwhile", "receiver.needs-the-whole-buffer"],
)
def half_a_small_buffer(lab: Lab) -> None:
    receiver, text = _after_syn(lab, recv_capacity=1000, mss=1460), lab.bytes(1000)
    receiver.receive(1, text)
    receiver.send(ack=1001, window=0)
    receiver.stream.read(499, gives=text[:499])
    receiver.expect(update_due=False)
    receiver.send(ack=1001, window=0)
    receiver.stream.read(1, gives=text[499:500])
    receiver.expect(update_due=True)
    receiver.send(ack=1001, window=500)


@case(
    "receiver.large-buffer-moves-in-steps",
    checkpoint=3,
    rfc=["9293 3.8.6.2.2", "MUST-39", "D-RECV-2"],
    rule="A buffer with more room than a window can say lets the edge follow, one MSS at a time.",
    hint="The edge is bounded twice: by the free space, and by 65,535 from RCV.NXT.",
    kills=["receiver.no-silly-window-avoidance", "receiver.edge-needs-more-than-enough"],
)
def large_buffer(lab: Lab) -> None:
    receiver = _after_syn(lab, recv_capacity=70000, mss=1000)
    receiver.receive(1, lab.bytes(999))
    receiver.send(ack=1000, window=64536)
    receiver.receive(1000, lab.bytes(1))
    receiver.send(ack=1001, window=65535)
    receiver.receive(1001, lab.bytes(3999))
    receiver.send(ack=5000, window=65001)  # all the room there is
    receiver.receive(5000, lab.bytes(3000))
    receiver.send(ack=8000, window=62001)


# --- window updates ------------------------------------------------------------------------------


@case(
    "receiver.window-never-reaches-back",
    checkpoint=3,
    rfc=["9293 3.8.6", "C-SWS-3", "D-RECV-15"],
    rule="A segment may carry more than the window offered: the window is zero then, never less.",
    hint="Right edge minus RCV.NXT, unsigned: what if RCV.NXT has passed the edge?",
    kills=["receiver.window-is-signed-difference"],
)
def window_never_reaches_back(lab: Lab) -> None:
    receiver, text = _after_syn(lab, recv_capacity=4000, mss=1000), lab.bytes(4090)
    receiver.receive(1, text[:3990])
    receiver.send(ack=3991, window=10)
    receiver.stream.read(500, gives=text[:500])  # room again, but not enough to tell
    receiver.receive(3991, text[3990:])  # ten bytes in the window, ninety past it
    receiver.expect(rcv_wnd=0)
    receiver.send(window=0)
    receiver.acceptable(4092, 0, gives=False)


@case(
    "receiver.update-when-the-peer-may-wait",
    checkpoint=3,
    rfc=["9293 3.8.6.2.2", "C-DAK-7", "D-RECV-11"],
    rule="With less than one MSS on offer the peer may be waiting: one MSS is worth a segment.",
    hint="Two questions: how far can the edge move, and how much is still on offer?",
    kills=["receiver.no-window-updates", "receiver.update-needs-two-segments"],
)
def update_when_the_peer_may_wait(lab: Lab) -> None:
    for received in (7001, 8000):  # 999 left, or none
        receiver, text = _after_syn(lab, recv_capacity=8000, mss=1000), lab.bytes(received)
        receiver.receive(1, text)
        receiver.send(ack=1 + received, window=8000 - received)
        receiver.stream.read(999, gives=text[:999])
        receiver.expect(update_due=False)
        receiver.stream.read(1, gives=text[999:1000])
        receiver.expect(update_due=True)
        receiver.send(ack=1 + received, window=9000 - received)
        receiver.expect(update_due=False)


@case(
    "receiver.update-only-for-two-segments",
    checkpoint=3,
    rfc=["9293 3.8.6.2.2", "C-DAK-4"],
    rule="While a full segment fits into the window on offer, only two more are worth an update.",
    hint="An update for each segment read: how many acknowledgments would a long stream cost?",
    kills=["receiver.no-window-updates", "receiver.update-for-each-segment"],
)
def update_only_for_two_segments(lab: Lab) -> None:
    for received in (4000, 7000):  # much left, or just one segment
        receiver, text = _after_syn(lab, recv_capacity=8000, mss=1000), lab.bytes(received)
        receiver.receive(1, text)
        receiver.send(ack=1 + received, window=8000 - received)
        receiver.stream.read(1999, gives=text[:1999])
        receiver.expect(update_due=False)
        receiver.stream.read(1, gives=text[1999:2000])
        receiver.expect(update_due=True)


@case(
    "receiver.update-of-what-can-be-said",
    checkpoint=3,
    rfc=["9293 3.8.6.2.2", "9293 3.1", "C-DAK-4", "REC-1"],
    rule="Room that a window of 16 bits cannot offer is no reason to tell of it.",
    hint="Compare the edge offered with the edge that could be: the free space is not the window.",
    kills=["receiver.update-counts-room-beyond-65535"],
)
def update_of_what_can_be_said(lab: Lab) -> None:
    receiver = _after_syn(lab, recv_capacity=200_000, mss=1000)
    receiver.expect(rcv_wnd=65535, update_due=False)
    receiver.receive(1, lab.bytes(1999))
    receiver.expect(rcv_wnd=65535 - 1999, update_due=False)
    receiver.receive(2000, lab.bytes(1))
    receiver.expect(rcv_wnd=65535 - 2000, update_due=True)
    receiver.send(ack=2001, window=65535)
    receiver.expect(update_due=False)


@case(
    "receiver.asking-is-not-offering",
    checkpoint=3,
    rfc=["9293 3.8.6.2.2", "9293 3.10.7.4", "K-RECV-3"],
    rule="The window on offer is the one that a segment last told of: reading changes it only with"
    " the next segment that leaves.",
    hint="Where is the only place that may move the right edge after the SYN?",
    kills=["receiver.window-is-the-free-space-now", "receiver.room-counts-as-offered"],
)
def asking_is_not_offering(lab: Lab) -> None:
    receiver, text = _after_syn(lab, recv_capacity=4000, mss=1000), lab.bytes(4000)
    receiver.receive(1, text)
    receiver.send(ack=4001, window=0)
    receiver.stream.read(3000, gives=text[:3000])
    for _ in range(2):
        receiver.expect(update_due=True, rcv_wnd=0)
        receiver.acceptable(4001, 1, gives=False)
    receiver.send(ack=4001, window=3000)
    receiver.expect(update_due=False, rcv_wnd=3000)
    receiver.acceptable(4001, 1, gives=True)


@case(
    "receiver.no-update-after-the-fin",
    checkpoint=3,
    rfc=["9293 3.8.6.2.2", "D-RECV-12"],
    rule="After the FIN nothing more will come, so no window is worth telling of.",
    hint="For whom is a window update meant, and what would it do with it?",
    kills=["receiver.update-after-the-fin"],
)
def no_update_after_the_fin(lab: Lab) -> None:
    receiver, text = _after_syn(lab, recv_capacity=4000, mss=1000), lab.bytes(4000)
    receiver.receive(1, text[:3000])
    receiver.send(ack=3001, window=1000)
    receiver.stream.read(2000, gives=text[:2000])
    receiver.expect(update_due=True)
    receiver.receive(3001, text[3000:], fin=True)
    receiver.expect(rcv_nxt=4002, update_due=False)
    receiver.stream.read(2000, gives=text[2000:])
    receiver.expect(update_due=False)


@case(
    "receiver.tiny-buffers",
    checkpoint=3,
    rfc=["9293 3.8.6.2.2", "MUST-39", "C-SWS-2"],
    rule="With a buffer of one, two or three bytes, half of it is worth telling; nothing is not.",
    hint="What is half of 1 in your arithmetic? A window that cannot move is never due.",
    kills=["receiver.update-due-for-nothing"],
)
def tiny_buffers(lab: Lab) -> None:
    for capacity in (1, 2, 3):
        text = lab.bytes(capacity)
        receiver = _after_syn(lab, recv_capacity=capacity)
        receiver.expect(update_due=False)
        receiver.receive(1, text)
        receiver.send(ack=1 + capacity, window=0)
        receiver.expect(update_due=False)
        receiver.stream.pop(1)
        if capacity < 3:
            receiver.expect(update_due=True)
        receiver.stream.pop(capacity - 1)
        receiver.expect(update_due=True)
        receiver.send(ack=1 + capacity, window=capacity)
        receiver.expect(update_due=False)
