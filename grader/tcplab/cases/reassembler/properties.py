"""Sequences of pieces that hypothesis makes up, compared with a model step by step."""

from __future__ import annotations

from tcplab.case import case
from tcplab.lab import Lab
from tcplab.models import reassembler
from tcplab.models.search import search

_TRIES = 70


@case(
    "reassembler.model",
    checkpoint=2,
    rfc=["9293 3.10.7.4", "SHLD-31", "K-REAS-1", "D-REAS-4", "D-REAS-6"],
    rule="Whatever pieces arrive, however they overlap, each byte is delivered once, in its place,"
    " as soon as it can be.",
    hint="The steps are the fewest that go wrong: draw the pieces on a line, and below it the range"
    " that is acceptable.",
    kills=[],
)
def model(lab: Lab) -> None:
    search(lab, reassembler.strategy(), reassembler.converse, free=reassembler.FREE, tries=_TRIES)
