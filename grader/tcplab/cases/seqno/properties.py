"""Numbers that hypothesis makes up, compared with arithmetic that never wraps."""

from __future__ import annotations

from tcplab.case import case
from tcplab.lab import Lab
from tcplab.models import seqno
from tcplab.models.search import search

BUILDS_ON = ("seqno.wrap-is-modulo-2^32", "seqno.unwrap-past-2^32")

_TRIES = 40


@case(
    "seqno.model",
    checkpoint=0,
    rfc=["9293 3.4", "D-SEQ-1", "D-SEQ-2", "D-SEQ-6"],
    rule="Wherever the numbers are, wrap, unwrap and before give what the header says.",
    hint="The question is the simplest that goes wrong: draw its numbers on the circle.",
    kills=[
        "seqno.wrap-modulo-one-too-few",
        "seqno.unwrap-ignores-the-checkpoint",
        "seqno.unwrap-only-ahead",
        "seqno.unwrap-tie-goes-up",
        "seqno.unwrap-below-zero",
        "seqno.unwrap-zero-counts-as-negative",
        "seqno.unwrap-loops",
        "seqno.unwrap-signed-difference",
        "seqno.unwrap-loses-one-past-the-wrap",
        "seqno.before-is-plain-less",
        "seqno.before-half-is-29",
        "seqno.before-includes-half-the-circle",
        "seqno.before-includes-itself",
        "seqno.before-wrong-in-one-quadrant",
        "seqno.before-signed-less",
        "seqno.unwrap-clamps-to-zero",
    ],
)
def model(lab: Lab) -> None:
    what = "handfuls of numbers"
    search(lab, seqno.strategy(), seqno.converse, free=(), tries=_TRIES, what=what)
