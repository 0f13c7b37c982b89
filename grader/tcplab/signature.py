"""How a failure looks, without what differs from seed to seed and from one solution to the next: so
that two failures can be said to be alike."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256

from tcplab.check import CHECKSUM
from tcplab.packet import RAW
from tcplab.result import Outcome

_STEP = re.compile(r"^ {0,2}(\d+)  ")
_QUOTED = re.compile(r'"[^"]*"')
_HEX = re.compile(r"\b[0-9a-f]{2}(?: [0-9a-f]{2})+\b")
_HEX_NUMBER = re.compile(r"0x[0-9a-f]+")
_NUMBER = re.compile(r"\d+")
_PLACE = re.compile(r"(?:, | )at \S+:\d+ in \S+?(?=,|$)")
# Past which end, and who did it, decides nothing.
_OVERFLOW = re.compile(r"^.* \(heap-buffer-overflow\)$")
_ANY_OVERFLOW = "it read or wrote past the end of allocated memory (heap-buffer-overflow)"
_SHORT = 3  # digits of a digest: within one case there is little to tell apart
# How much of a likeness it is if both agree in all, in all but numbers, in the field that differs
# and the step, in the field, in the status; and if both only fail.
_EXACT, _LOOSE, _FIELD, _ANY_STEP, _STATUS, _BOTH = 1.0, 0.9, 0.6, 0.4, 0.2, 0.1


@dataclass(frozen=True)
class Signature:
    """A failure in short. `status` is its first letter; `step` the number of the last one; of the
    others digests are kept."""

    status: str
    step: int
    subject: str
    loose: str  # of the words, numbers and bytes left out
    exact: str  # of the words

    def __str__(self) -> str:
        return f"{self.status}{self.step}.{self.subject}{self.loose}{self.exact}"

    @staticmethod
    def read(text: str) -> Signature:
        """Of what str() gave. Raises ValueError."""
        front, _, digests = text.partition(".")
        if len(digests) != 3 * _SHORT:
            raise ValueError(f"'{text}' is no signature")
        parts = [digests[at : at + _SHORT] for at in range(0, 3 * _SHORT, _SHORT)]
        return Signature(front[:1], int(front[1:]), *parts)

    def looks_like(self, other: Signature) -> bool:
        """They agree in all but numbers, and the step in which it came to that."""
        return (self.status, self.loose) == (other.status, other.loose)

    def likeness(self, other: Signature) -> float:
        """From 0.1, both fail, to 1: they look the same."""
        if self.status != other.status:
            return _BOTH
        if self.subject != other.subject:
            return _STATUS
        if self.step != other.step:
            return _ANY_STEP
        if self.loose != other.loose:
            return _FIELD
        return _EXACT if self.exact == other.exact else _LOOSE


def signature_of(outcome: Outcome) -> Signature:
    """Of a case that did not pass."""
    if outcome.expected or outcome.actual:
        subject = outcome.subject
        words = f"{subject}|{outcome.expected}|{outcome.actual}"
    else:
        words = _PLACE.sub("", outcome.message.partition(", in step ")[0])
        words = _OVERFLOW.sub(_ANY_OVERFLOW, words)
        subject = _without_numbers(words)
    words = words.replace(RAW, "")
    if subject == CHECKSUM:
        words = _HEX_NUMBER.sub(lambda found: str(int(found[0], 16)), words)
    return Signature(
        outcome.status[:1],
        _last_step(outcome.steps),
        _digest(_without_numbers(subject)),
        _digest(_without_numbers(words)),
        _digest(words),
    )


def _last_step(steps: tuple[str, ...]) -> int:
    numbers = (_STEP.match(line) for line in reversed(steps))
    return next((int(found[1]) for found in numbers if found), 0)


def _without_numbers(words: str) -> str:
    return _NUMBER.sub("#", _HEX.sub("#", _QUOTED.sub("#", words)))


def _digest(words: str) -> str:
    return sha256(words.encode()).hexdigest()[:_SHORT]
