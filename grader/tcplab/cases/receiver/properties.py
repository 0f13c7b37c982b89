"""Sequences of segments that hypothesis makes up, compared with a model step by step."""

from __future__ import annotations

from tcplab.case import case
from tcplab.lab import Lab
from tcplab.models import receiver
from tcplab.models.search import search

_TRIES = 70


@case(
    "receiver.model",
    checkpoint=3,
    rfc=["9293 3.3.1", "9293 3.8.6", "9293 3.10.7.4", "SHLD-14", "MUST-39", "K-RECV-1", "K-RECV-3"],
    rule="Whatever arrives and whatever is read, acknowledgment, window and acceptability are what"
    " the header says.",
    hint="The steps are the fewest that go wrong. Where are RCV.NXT and the right edge after each?",
    kills=[],
)
def model(lab: Lab) -> None:
    search(lab, receiver.strategy(), receiver.converse, free=receiver.FREE, tries=_TRIES)
