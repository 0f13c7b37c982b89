"""Sequences of segments that hypothesis makes up, compared with a model step by step."""

from __future__ import annotations

from tcplab.case import case
from tcplab.lab import Lab
from tcplab.models import receiver
from tcplab.models.search import search

BUILDS_ON = ("receiver.ack-is-the-next-number-expected",)

_TRIES = 70


@case(
    "receiver.any-order-{name}",
    checkpoint=3,
    rfc=["9293 3.3.1", "9293 3.10.7.4", "SHLD-31"],
    rule="Whatever order segments come in, the acknowledgment names the first number missing, and"
    " the right edge of the window stays where it is while nobody reads.",
    hint="Look at the first step that goes wrong: which numbers are there by then?",
    kills=["receiver.ack-counts-what-is-held", "receiver.edge-goes-left-for-what-is-held"],
    each=[{"name": "anywhere", "irs": None}, {"name": "near-2^32", "irs": 0xFFFFFFFF - 300}],
)
def any_order(lab: Lab, name: str, irs: int | None) -> None:
    receiver, text = lab.receiver(irs=irs, recv_capacity=1000), lab.bytes(600)
    receiver.receive(0, syn=True)
    receiver.send(ack=1, window=1000)
    pieces = [(at, at + lab.random.randint(25, 60)) for at in range(0, 600, 25)]
    lab.random.shuffle(pieces)
    there: set[int] = set()
    for first, past_last in pieces:
        receiver.receive(1 + first, text[first:past_last], fin=past_last >= 600)
        there |= set(range(first, min(past_last, 600)))
        missing = next((at for at in range(600) if at not in there), 601)  # 601: and the FIN
        receiver.send(ack=1 + missing, window=1000 - missing)
    receiver.stream.read(600, gives=text)


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
