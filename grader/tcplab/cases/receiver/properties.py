"""Sequences of segments that hypothesis makes up, compared with a model step by step."""

from __future__ import annotations

from tcplab.case import case
from tcplab.lab import Lab
from tcplab.models import receiver
from tcplab.models.search import search

BUILDS_ON = ("receiver.ack-is-the-next-number-expected",)

_TRIES = 70


@case(
    "receiver.model",
    checkpoint=3,
    rfc=["9293 3.3.1", "9293 3.8.6", "9293 3.10.7.4", "SHLD-14", "MUST-39", "K-RECV-1", "K-RECV-3"],
    rule="Whatever arrives and whatever is read, acknowledgment, window and acceptability are what"
    " the header says.",
    hint="The steps are the fewest that go wrong. Where are RCV.NXT and the right edge after each?",
    kills=[
        "receiver.syn-is-not-counted",
        "receiver.fin-is-not-counted",
        "receiver.ack-waits-for-the-application",
        "receiver.ack-counts-what-is-held",
        "receiver.begins-without-syn",
        "receiver.acks-before-the-syn",
        "receiver.each-syn-fixes-irs",
        "receiver.syn-takes-no-place",
        "receiver.byte-at-the-syn-counts",
        "receiver.forgets-what-follows-the-syn",
        "receiver.trusts-the-order",
        "receiver.forgets-the-wrap",
        "receiver.psh-is-an-enemy",
        "receiver.window-is-signed",
        "receiver.window-is-in-network-order",
        "receiver.no-window-until-the-first-send",
        "receiver.first-window-is-from-before-the-text",
        "receiver.window-is-signed-difference",
        "receiver.edge-follows-the-ack",
        "receiver.edge-goes-left-for-what-is-held",
        "receiver.no-silly-window-avoidance",
        "receiver.only-full-segments-are-worthwhile",
        "receiver.needs-the-whole-buffer",
        "receiver.window-is-the-free-space-now",
        "receiver.room-counts-as-offered",
        "receiver.no-window-updates",
        "receiver.update-for-each-segment",
        "receiver.update-after-the-fin",
        "receiver.right-edge-is-inside",
        "receiver.left-edge-is-outside",
        "receiver.zero-window-refuses-all",
        "receiver.zero-window-takes-text",
        "receiver.both-ends-have-to-be-inside",
        "receiver.last-number-is-one-too-far",
        "receiver.acceptable-forgets-the-wrap",
        "receiver.fin-ends-at-once",
        "receiver.early-fin-is-forgotten",
        "receiver.fin-survives-the-cut",
        "receiver.fin-on-old-data-is-dropped",
        "receiver.fin-needs-text",
        "receiver.nothing-seems-held",
        "receiver.update-due-for-nothing",
        "receiver.edge-creeps",
    ],
)
def model(lab: Lab) -> None:
    search(lab, receiver.strategy(), receiver.converse, free=receiver.FREE, tries=_TRIES)
