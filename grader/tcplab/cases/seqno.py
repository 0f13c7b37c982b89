"""Checkpoint 0: sequence numbers."""

from __future__ import annotations

from tcplab.case import case
from tcplab.lab import Lab

_2_31 = 1 << 31
_2_32 = 1 << 32


@case(
    "seqno.wrap-is-modulo-2^32",
    checkpoint=0,
    rfc=["9293 3.4", "U-3"],
    rule="The sequence number on the wire is the ISN plus the absolute number, modulo 2^32.",
    hint="Unsigned arithmetic in C wraps by itself: add, then cut to 32 bits.",
)
def wrap_is_modulo(lab: Lab) -> None:
    lab.seqno.wrap(0, isn=0, gives=0)
    lab.seqno.wrap(17, isn=100, gives=117)
    lab.seqno.wrap(3 * _2_32, isn=0, gives=0)
    lab.seqno.wrap(3 * _2_32 + 17, isn=15, gives=32)
    lab.seqno.wrap(7 * _2_32 - 2, isn=15, gives=13)
    lab.seqno.wrap(1, isn=_2_32 - 1, gives=0)
    lab.seqno.wrap((1 << 64) - 1, isn=0, gives=_2_32 - 1)


@case(
    "seqno.unwrap-past-2^32",
    checkpoint=0,
    rfc=["9293 3.4", "U-3"],
    rule="Of the absolute numbers that wrap to one number, the nearest to the checkpoint is meant.",
    hint="How far is `n` from the wrapped checkpoint, as a signed 32-bit distance?",
)
def unwrap_past_2_32(lab: Lab) -> None:
    lab.seqno.unwrap(17, isn=0, checkpoint=_2_32 + 5, gives=_2_32 + 17)
    lab.seqno.unwrap(0, isn=0, checkpoint=_2_32 + 5, gives=_2_32)
    lab.seqno.unwrap(_2_32 - 1, isn=0, checkpoint=_2_32 + 5, gives=_2_32 - 1)
    lab.seqno.unwrap(10, isn=20, checkpoint=5 * _2_32, gives=5 * _2_32 - 10)


@case(
    "seqno.before-on-the-circle",
    checkpoint=0,
    rfc=["9293 3.4"],
    rule="A number is before another if going forward reaches it in fewer than 2^31 steps.",
    hint="Subtract first, as 32-bit numbers, and look at the difference; never compare the numbers.",
)
def before_on_the_circle(lab: Lab) -> None:
    lab.seqno.before(0xFFFFFFF0, 0x10, gives=True)
    lab.seqno.before(0x10, 0xFFFFFFF0, gives=False)
    lab.seqno.before(100, 100, gives=False)
    lab.seqno.before(0, _2_31 - 1, gives=True)
    lab.seqno.before(0, _2_31, gives=False)
    lab.seqno.before(_2_31, 0, gives=False)
