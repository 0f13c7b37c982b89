"""Sequences of pieces that hypothesis makes up, compared with a model step by step."""

from __future__ import annotations

from tcplab.case import case
from tcplab.lab import Lab
from tcplab.models import reassembler
from tcplab.models.search import search

BUILDS_ON = ("reassembler.in-order-passes-through",)

_TRIES = 70


@case(
    "reassembler.model",
    checkpoint=2,
    rfc=["9293 3.10.7.4", "SHLD-31", "K-REAS-1", "D-REAS-4", "D-REAS-6"],
    rule="Whatever pieces arrive, however they overlap, each byte is delivered once, in its place,"
    " as soon as it can be.",
    hint="The steps are the fewest that go wrong: draw the pieces on a line, and below it the range"
    " that is acceptable.",
    kills=[
        "reassembler.delivers-nothing",
        "reassembler.drops-what-is-early",
        "reassembler.delivers-one-run",
        "reassembler.delivers-early-pieces-late",
        "reassembler.holds-eight-bytes",
        "reassembler.stores-beyond-the-edge",
        "reassembler.forgets-unread-bytes",
        "reassembler.cuts-too-much",
        "reassembler.counts-overlaps-twice",
        "reassembler.keeps-the-low-half-of-an-index",
        "reassembler.drops-what-begins-early",
        "reassembler.delivers-old-bytes-again",
        "reassembler.never-closes",
        "reassembler.closes-at-once",
        "reassembler.forgets-an-early-end",
        "reassembler.no-new-bytes-no-end",
        "reassembler.end-at-the-cut",
        "reassembler.notes-an-end-beyond-the-edge",
        "reassembler.end-at-the-edge-is-out",
        "reassembler.delivers-beyond-the-end",
        "reassembler.keeps-what-lies-beyond-the-end",
        "reassembler.ignores-an-empty-last",
        "reassembler.believes-an-end-in-the-past",
    ],
)
def model(lab: Lab) -> None:
    search(lab, reassembler.strategy(), reassembler.converse, free=reassembler.FREE, tries=_TRIES)
