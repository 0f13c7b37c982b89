"""Checkpoint 1: the byte stream."""

from __future__ import annotations

from tcplab.case import case
from tcplab.lab import Lab


@case(
    "byte_stream.write-then-read",
    checkpoint=1,
    rfc=["9293 2.2"],
    rule="Bytes come out in the order in which they went in.",
    hint="Begin with the two counters, bytes written and bytes read.",
)
def write_then_read(lab: Lab) -> None:
    stream = lab.stream(capacity=15)
    stream.write(b"cat")
    stream.expect(buffered=3, available=12, total_written=3, total_read=0)
    stream.peek(sees=b"cat")
    stream.write(b"dog")
    stream.read(4, gives=b"catd")
    stream.expect(buffered=2, available=13, total_written=6, total_read=4)
    stream.read(10, gives=b"og")


@case(
    "byte_stream.write-accepts-what-fits",
    checkpoint=1,
    rfc=["9293 3.8.6"],
    rule="A write takes as many bytes as there is room for, and says how many that were.",
    hint="available = capacity - buffered; take the smaller of that and the length.",
)
def write_accepts_what_fits(lab: Lab) -> None:
    stream = lab.stream(capacity=5)
    stream.write(b"abc")
    stream.write(b"defg", accepts=2)
    stream.write(b"h", accepts=0)
    stream.expect_content(b"abcde")
    stream.pop(2)
    stream.write(b"xyz", accepts=2)
    stream.expect_content(b"cdexy")


@case(
    "byte_stream.finished-only-when-all-is-read",
    checkpoint=1,
    rfc=["9293 3.6"],
    rule="A stream is finished when its writer has closed it and the last byte has been read.",
    hint="`closed` belongs to the writer, `finished` to the reader.",
)
def finished_only_when_read(lab: Lab) -> None:
    stream = lab.stream(capacity=10)
    stream.write(b"end")
    stream.close()
    stream.expect(closed=True, finished=False)
    stream.write(b"more", accepts=0)
    stream.read(2, gives=b"en")
    stream.expect(finished=False)
    stream.pop(100)
    stream.expect(finished=True, total_read=3)
