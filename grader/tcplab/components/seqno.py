"""Checkpoint 0 on the bench."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tcplab.check import expect_equal

if TYPE_CHECKING:
    from tcplab.lab import Lab


class SeqnoBench:
    """The three functions of seqno.h. Raw numbers are 32 bits, absolute ones 64."""

    def __init__(self, lab: Lab):
        self._lab = lab

    def wrap(self, absolute: int, isn: int, *, gives: int) -> None:
        self._lab.transcript.step(f"wrap({_n(absolute)}, isn={_n(isn)}); expected: {_n(gives)}")
        actual = self._lab.request(f"seqno.wrap {absolute} {isn}").number(0)
        expect_equal("the wrapped number", _n(gives), _n(actual))

    def unwrap(self, raw: int, isn: int, checkpoint: int, *, gives: int) -> None:
        self._lab.transcript.step(
            f"unwrap({_n(raw)}, isn={_n(isn)}, checkpoint={_n(checkpoint)}); expected: {_n(gives)}"
        )
        actual = self._lab.request(f"seqno.unwrap {raw} {isn} {checkpoint}").number(0)
        expect_equal("the absolute number", _n(gives), _n(actual))

    def before(self, a: int, b: int, *, gives: bool) -> None:
        self._lab.transcript.step(f"before({_n(a)}, {_n(b)}); expected: {str(gives).lower()}")
        expect_equal("the answer", gives, self._lab.request(f"seqno.before {a} {b}").number(0) == 1)


def show_number(number: int) -> str:
    """Large numbers read better from the nearest multiple of 2^32, 2^31 or 2^64."""
    for power in (64, 32, 31):
        base = 1 << power
        times = (number + base // 2) // base
        rest = number - times * base
        if times and abs(rest) <= 100_000 and (power != 31 or times == 1):
            name = f"2^{power}" if times == 1 else f"{times}*2^{power}"
            return name if rest == 0 else f"{name} {'+' if rest > 0 else '-'} {abs(rest)}"
    return str(number)


_SHOWN = re.compile(r"^(?:(\d+)\*)?2\^(\d+)(?: ([+-]) (\d+))?$")


def read_number(words: str) -> int | None:
    """What show_number has shown; None if it is no number."""
    if words.isascii() and words.isdigit():
        return int(words)
    found = _SHOWN.match(words)
    if found is None:
        return None
    rest = int(f"{found[3]}{found[4]}") if found[3] else 0
    return int(found[1] or 1) * (1 << int(found[2])) + rest


_n = show_number
