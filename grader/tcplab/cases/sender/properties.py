"""Sequences of writes, acknowledgments and waits that hypothesis makes up, and what of the sender's
answers to them is allowed."""

from __future__ import annotations

from tcplab.case import case
from tcplab.lab import Lab
from tcplab.models import sender
from tcplab.models.search import search

_TRIES = 50


@case(
    "sender.model",
    checkpoint=4,
    rfc=["9293 3.3.1", "9293 3.8.1", "9293 3.8.6", "6298 5", "MUST-34", "SHLD-15", "K-SEND-1"],
    rule="Whatever is lost, acknowledged or refused: each byte is sent in its place and within the"
    " window, again when it is due, and at last arrives.",
    hint="The steps are the fewest that go wrong. What are SND.UNA, SND.NXT and the window after"
    " each, and when does the timer run out?",
    kills=[],
)
def model(lab: Lab) -> None:
    search(lab, sender.strategy(), sender.converse, free=sender.FREE, tries=_TRIES)
