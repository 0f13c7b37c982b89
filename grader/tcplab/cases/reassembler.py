"""Checkpoint 2: the reassembler."""

from __future__ import annotations

from tcplab.case import case
from tcplab.lab import Lab


@case(
    "reassembler.second-before-first",
    checkpoint=2,
    rfc=["9293 SHLD-31"],
    rule="A piece that comes too early is held until the bytes before it are there.",
    hint="Nothing may be written to the stream while a byte before it is missing.",
)
def second_before_first(lab: Lab) -> None:
    bench = lab.reassembler(capacity=20)
    bench.insert(3, b"def")
    bench.expect(pending=3)
    bench.expect_delivered(b"")
    bench.insert(0, b"abc")
    bench.expect(pending=0)
    bench.expect_delivered(b"abcdef")


@case(
    "reassembler.last-is-forgotten-when-cut-off",
    checkpoint=2,
    rfc=["9293 3.10.7.4"],
    rule="The end of the stream counts only if the bytes up to it are within the acceptable range.",
    hint="If you cut a piece on the right, its `is_last` is cut off too.",
)
def last_is_forgotten(lab: Lab) -> None:
    bench = lab.reassembler(capacity=4)
    bench.insert(0, b"abcdef", last=True)
    bench.expect_delivered(b"abcd")
    bench.expect_finished(False)
    bench.insert(4, b"ef", last=True)
    bench.expect_delivered(b"ef")
    bench.expect_finished()
