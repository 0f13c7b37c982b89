"""Sequences of writes, acknowledgments and waits that hypothesis makes up, and what of the sender's
answers to them is allowed."""

from __future__ import annotations

from tcplab.case import case
from tcplab.lab import Lab
from tcplab.models import sender
from tcplab.models.search import search

BUILDS_ON = ("sender.syn-then-data",)

_TRIES = 50


@case(
    "sender.model",
    checkpoint=4,
    rfc=["9293 3.3.1", "9293 3.8.1", "9293 3.8.6", "6298 5", "MUST-34", "SHLD-15", "K-SEND-1"],
    rule="Whatever is lost, acknowledged or refused: each byte is sent in its place and within the"
    " window, again when it is due, and at last arrives.",
    hint="The steps are the fewest that go wrong. What are SND.UNA, SND.NXT and the window after"
    " each, and when does the timer run out?",
    kills=[
        "sender.push-never-set",
        "sender.syn-resent-as-data",
        "sender.message-without-ack-taken",
        "sender.no-patience-after-lost-syn",
        "sender.window-not-obeyed",
        "sender.window-counted-from-nxt",
        "sender.window-signed",
        "sender.no-backoff",
        "sender.timer-not-started-by-syn",
        "sender.syn-not-counted",
        "sender.next-byte-from-una",
        "sender.mss-above-the-link",
        "sender.mss-of-peer-ignored",
        "sender.payload-from-one-peek",
        "sender.acked-bytes-kept",
        "sender.only-full-segments",
        "sender.timer-stops-on-partial-ack",
        "sender.window-taken-from-old-segment",
        "sender.sent-again-only-once",
        "sender.expires-in-the-past",
        "sender.idle-time-counts",
        "sender.rto-without-ceiling",
        "sender.rto-reset-by-any-ack",
        "sender.sample-from-retransmission",
        "sender.retransmission-takes-unsent",
        "sender.holes-wait-for-the-timer",
        "sender.holes-never-end",
        "sender.consecutive-not-reset",
        "sender.first-rttvar-wrong",
        "sender.rto-without-floor",
        "sender.no-sample-at-all",
        "sender.no-probes",
        "sender.probe-of-many-bytes",
        "sender.probe-not-counted",
        "sender.probes-back-off-the-rto",
        "sender.usable-window-underflows",
        "sender.fin-not-waiting",
        "sender.closed-window-stops-the-timer",
        "sender.nagle-holds-full-segments",
        "sender.nagle-delays-the-last-bytes",
        "sender.fin-acked-one-too-low",
        "sender.fin-not-resent",
        "sender.fin-one-too-high",
        "sender.fin-popped-as-byte",
        "sender.fin-before-the-data",
        "sender.ack-compared-without-wrap",
        "sender.ack-compared-as-signed",
        "sender.rto-without-variation",
        "sender.fin-acked-when-nothing-is-in-flight",
        "sender.probe-skips-a-byte",
        "sender.empty-probes",
        "sender.acks-count-whole-segments",
        "sender.window-guard-from-our-isn",
    ],
)
def model(lab: Lab) -> None:
    search(lab, sender.strategy(), sender.converse, free=sender.FREE, tries=_TRIES)
