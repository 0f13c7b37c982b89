"""The acceptability test on the bench: table 6 of RFC 9293, 3.10.7.4, row by row.

N is RCV.NXT and W is RCV.WND; every case looks at the numbers on both sides of both edges.
"""

from __future__ import annotations

from tcplab.case import case
from tcplab.components.receiver import ReceiverBench
from tcplab.lab import Lab

BUILDS_ON = ("receiver.ack-is-the-next-number-expected",)

_N = 101
_W = 1000


def _with_window(lab: Lab, *, irs: int | None = None) -> ReceiverBench:
    """A receiver that expects number N and offers W."""
    receiver = lab.receiver(irs=irs, recv_capacity=_N - 1 + _W, mss=1460)
    receiver.receive(0, syn=True)
    receiver.receive(1, lab.bytes(_N - 1))
    receiver.send(ack=_N, window=_W)
    return receiver


@case(
    "receiver.acceptable-empty-segment",
    checkpoint=3,
    rfc=["9293 3.10.7.4", "B-AC-3", "B-AC-4"],
    rule="An empty segment is acceptable from RCV.NXT up to, not including, the right edge.",
    hint="RCV.NXT =< SEG.SEQ < RCV.NXT+RCV.WND: which comparison includes its bound?",
    kills=["receiver.right-edge-is-inside", "receiver.left-edge-is-outside"],
)
def empty_segment(lab: Lab) -> None:
    receiver = _with_window(lab)
    for seq in (_N, _N + 1, _N + _W - 1):
        receiver.acceptable(seq, 0, gives=True)
    for seq in (_N - 1, _N + _W, _N - 1000, _N + 70000):
        receiver.acceptable(seq, 0, gives=False)


@case(
    "receiver.acceptable-by-its-beginning",
    checkpoint=3,
    rfc=["9293 3.10.7.4", "B-AC-6", "B-AC-10", "D-RECV-5"],
    rule="A segment that begins inside the window is acceptable, however far it reaches beyond.",
    hint="Is the test about all of the segment, or about any of it?",
    kills=["receiver.both-ends-have-to-be-inside"],
)
def by_its_beginning(lab: Lab) -> None:
    receiver = _with_window(lab)
    for seq, length in ((_N, 1), (_N, _W), (_N, _W + 1), (_N + _W - 1, 1), (_N + _W - 1, 500)):
        receiver.acceptable(seq, length, gives=True)
    for seq, length in ((_N + _W, 1), (_N + _W, 500), (_N + _W + 1, 1)):
        receiver.acceptable(seq, length, gives=False)


@case(
    "receiver.acceptable-by-its-end",
    checkpoint=3,
    rfc=["9293 3.10.7.4", "B-AC-7", "B-AC-9", "D-RECV-5"],
    rule="A segment that begins with old numbers is acceptable if its last number is new.",
    hint="The last number of a segment is SEG.SEQ+SEG.LEN-1. Do you count it as the table does?",
    kills=["receiver.both-ends-have-to-be-inside", "receiver.last-number-is-one-too-far"],
)
def by_its_end(lab: Lab) -> None:
    receiver = _with_window(lab)
    for seq, length in ((_N - 1, 2), (_N - 5, 6), (_N - 5, _W + 5), (_N - 100, 101)):
        receiver.acceptable(seq, length, gives=True)
    for seq, length in ((_N - 1, 1), (_N - 5, 5), (_N - 100, 100), (_N - 100, 1)):
        receiver.acceptable(seq, length, gives=False)


@case(
    "receiver.acceptable-at-zero-window",
    checkpoint=3,
    rfc=["9293 3.10.7.4", "MUST-66", "B-AC-1", "B-AC-2", "B-AC-5"],
    rule="At zero window only a segment without length at RCV.NXT is acceptable: so acknowledgments"
    " and resets get through, and text does not.",
    hint="An interval of length zero contains nothing. Which row of the table says otherwise?",
    kills=["receiver.zero-window-refuses-all", "receiver.zero-window-takes-text"],
)
def at_zero_window(lab: Lab) -> None:
    receiver = _with_window(lab)
    receiver.receive(_N, lab.bytes(_W))
    receiver.send(ack=_N + _W, window=0)
    here = _N + _W
    receiver.acceptable(here, 0, gives=True)
    for seq, length in ((here - 1, 0), (here + 1, 0), (here, 1), (here, 500), (here - 5, 6)):
        receiver.acceptable(seq, length, gives=False)


@case(
    "receiver.acceptable-in-the-window-as-offered",
    checkpoint=3,
    rfc=["9293 3.10.7.4", "D-RECV-5"],
    rule="The window of the test is the one that the peer was told of, not the room there is.",
    hint="What was read since the last segment left is room, but nobody has been promised it.",
    kills=["receiver.room-counts-as-offered", "receiver.window-is-the-free-space-now"],
)
def in_the_window_as_offered(lab: Lab) -> None:
    receiver = _with_window(lab)
    receiver.stream.pop(_N - 1)  # less than half of the buffer: not worth telling
    receiver.send(ack=_N, window=_W)
    receiver.acceptable(_N + _W - 1, 1, gives=True)
    receiver.acceptable(_N + _W, 1, gives=False)
    receiver.receive(_N, lab.bytes(500))
    receiver.stream.pop(500)
    receiver.acceptable(_N + _W, 1, gives=False)
    receiver.send(ack=_N + 500, window=_N - 1 + _W)
    receiver.acceptable(_N + _W, 1, gives=True)
    receiver.acceptable(_N + _W + 600, 1, gives=False)


@case(
    "receiver.acceptable-window-moves-along",
    checkpoint=3,
    rfc=["9293 3.10.7.4", "D-RECV-5"],
    rule="The test is about RCV.NXT as it is now: what has arrived is old at once, even before an"
    " acknowledgment of it has left.",
    hint="Is it the last acknowledgment sent that you compare with?",
    kills=["receiver.left-edge-is-outside", "receiver.ack-waits-for-the-application"],
)
def window_moves_along(lab: Lab) -> None:
    receiver = _with_window(lab)
    receiver.acceptable(_N, 10, gives=True)
    receiver.receive(_N, lab.bytes(10))
    receiver.acceptable(_N, 10, gives=False)
    receiver.acceptable(_N + 9, 0, gives=False)
    receiver.acceptable(_N + 10, 0, gives=True)
    receiver.acceptable(_N + _W - 1, 1, gives=True)
    receiver.acceptable(_N + _W, 1, gives=False)


@case(
    "receiver.acceptable-across-2^32",
    checkpoint=3,
    rfc=["9293 3.10.7.4", "U-3", "B-AC-12"],
    rule="The table holds on the circle, also where the window begins before zero and ends after.",
    hint="0xfffffffe is inside, and so is 5: do you compare the numbers of the wire?",
    kills=["receiver.acceptable-forgets-the-wrap"],
)
def across_the_wrap(lab: Lab) -> None:
    receiver = _with_window(lab, irs=0xFFFFFFFE - _N)
    for seq in (_N, _N + 1, _N + 2, _N + 7, _N + _W - 1):
        receiver.acceptable(seq, 0, gives=True)
        receiver.acceptable(seq, 10, gives=True)
    for seq, length in ((_N - 1, 0), (_N + _W, 0), (_N - 5, 5), (_N + _W, 10)):
        receiver.acceptable(seq, length, gives=False)
    receiver.acceptable(_N - 5, 10, gives=True)


@case(
    "receiver.acceptable-any-segment",
    checkpoint=3,
    rfc=["9293 3.10.7.4", "B-AC-3", "B-AC-6", "B-AC-7"],
    rule="A segment is acceptable if its first or its last number lies in the window.",
    hint="Write the numbers of the failing step on a line, with both edges of the window.",
    kills=["receiver.both-ends-have-to-be-inside", "receiver.last-number-is-one-too-far"],
)
def any_segment(lab: Lab) -> None:
    receiver = _with_window(lab)
    window = range(_N, _N + _W)
    around = [0, _N - 1, _N, _N + 1, _N + _W // 2, _N + _W - 1, _N + _W, _N + 2 * _W]
    for first in around:
        for last in around:
            covers_all = first < _N and last >= _N + _W  # RFC and common sense disagree there
            if first <= last and not covers_all:
                inside = first in window or last in window
                receiver.acceptable(first, last - first + 1, gives=inside)
