"""Sequences of operations that hypothesis makes up, compared with a model step by step."""

from __future__ import annotations

from tcplab.case import case
from tcplab.lab import Lab
from tcplab.models import byte_stream
from tcplab.models.search import search

BUILDS_ON = ("byte_stream.write-then-read",)

_TRIES = 60


@case(
    "byte_stream.model",
    checkpoint=1,
    rfc=["9293 2.2", "K-BYTE-1", "K-BYTE-2", "K-BYTE-3", "K-BYTE-4", "K-BYTE-5", "D-BYTE-1"],
    rule="Whatever is written, read and asked, in whatever order, the stream does what its header"
    " says.",
    hint="The steps are the fewest that go wrong. Where are reader and writer after each of them?",
    kills=[
        "byte_stream.write-runs-over-the-end",
        "byte_stream.second-piece-is-the-first",
        "byte_stream.peek-runs-over-the-end",
        "byte_stream.peek-shows-free-memory",
        "byte_stream.peek-ignores-the-skip",
        "byte_stream.peek-counts-the-skipped",
        "byte_stream.pop-miscounts",
        "byte_stream.pop-removes-nothing",
        "byte_stream.capacity-is-a-lifetime-total",
        "byte_stream.one-slot-stays-empty",
        "byte_stream.all-or-nothing",
        "byte_stream.counts-what-was-offered",
        "byte_stream.capacity-of-zero-divides-by-zero",
        "byte_stream.finished-when-closed",
        "byte_stream.finished-when-empty",
        "byte_stream.an-error-finishes",
        "byte_stream.an-error-closes",
        "byte_stream.write-after-close",
        "byte_stream.write-after-error",
        "byte_stream.close-throws-away",
        "byte_stream.peek-leaves-the-pointer",
    ],
)
def model(lab: Lab) -> None:
    search(lab, byte_stream.strategy(), byte_stream.converse, free=byte_stream.FREE, tries=_TRIES)
