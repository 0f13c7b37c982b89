"""What a byte costs on its way through a stream."""

from __future__ import annotations

from tcplab.case import case
from tcplab.cost import Work, expect_cost_near_reference, expect_even_cost
from tcplab.lab import Lab

BUILDS_ON = ("byte_stream.write-then-read",)

_LITTLE = 4096  # bytes
_MORE = 16  # times that
_PIECE = 16  # bytes
_PIECES = 16_000


def _through(held: int, chunk: int, times: int, capacity: int, words: str) -> Work:
    bytes_in_all = held + chunk * times
    return Work(
        words,
        (f"stream.new 1 {capacity}",),
        f"stream.churn 1 {held} {chunk} {times}",
        bytes_in_all,
        bytes_in_all,
    )


def _by_the_piece(buffered: int) -> Work:
    """By the byte, who moves all that is held would be stopped before there is a ratio to tell."""
    words = f"{buffered:,} bytes in the buffer and others that go through it by {_PIECE}"
    return _through(buffered, _PIECE, _PIECES // 2, buffered + _PIECE, words)


@case(
    "byte_stream.cost-does-not-grow",
    checkpoint=1,
    rfc=["9293 2.2", "K-COST-1"],
    rule="What a byte costs does not depend on how many others are in the buffer.",
    hint="What has to move in memory when one byte is popped, or written?",
    kills=["byte_stream.moves-all-on-each-pop", "byte_stream.copies-all-on-each-write"],
)
def cost_does_not_grow(lab: Lab) -> None:
    expect_even_cost(lab, "byte", _by_the_piece(_LITTLE), _by_the_piece(_LITTLE * _MORE))


@case(
    "byte_stream.cost-near-the-references",
    checkpoint=1,
    rfc=["9293 2.2", "K-COST-1"],
    rule="Writing and popping some bytes costs about as much as copying them.",
    hint="Is memory asked for, or given back, for each byte?",
    kills=["byte_stream.memory-for-each-byte", "byte_stream.copies-all-on-each-write"],
)
def cost_near_the_references(lab: Lab) -> None:
    words = f"{_PIECES:,} pieces of {_PIECE} bytes that are written, read and popped"
    expect_cost_near_reference(lab, _through(0, _PIECE, _PIECES, _PIECE * _PIECES, words))
