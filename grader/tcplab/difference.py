"""What differed, taken apart: for those who draw it.

The texts of a failure (subject, expected, actual) say the same in words. All of these are small and
frozen, since they go through a pipe from the worker that ran the case.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

CONTEXT_BYTES = 48  # kept on either side of the first byte that differs
_FEWEST_ALIKE = 4  # bytes that are found again elsewhere, for that to be more than chance


@dataclass(frozen=True)
class Field:
    """A field of a segment, by its name in the RFC. `actual` is empty where no segment came;
    `expected` where nothing was asked of it."""

    name: str
    actual: str = ""
    expected: str = ""
    differs: bool = False


@dataclass(frozen=True)
class SegmentDifference:
    """A segment that is not as expected, came unexpectedly, or did not come.

    `fields` stand in the order of the header. `within_ms` is how long the case waited for one that
    did not come; `instead` is what came in its place, in words. `step` is the one in which it
    came, where that was seen only afterwards; otherwise 0.
    """

    came: bool
    expected: bool
    fields: tuple[Field, ...]
    within_ms: int = 0
    instead: str = ""
    step: int = 0

    def to_json(self) -> dict[str, Any]:
        kind = "segment differs" if self.came else "segment missing"
        return {
            "kind": kind if self.expected else "segment unexpected",
            "within_ms": self.within_ms,
            "instead": self.instead,
            "fields": [
                {
                    "name": one.name,
                    "actual": one.actual,
                    "expected": one.expected,
                    "differs": one.differs,
                }
                for one in self.fields
            ],
        }


@dataclass(frozen=True)
class BytesDifference:
    """Two strings of bytes that differ at `offset`, or of which one ends there.

    `expected` and `actual` are parts of them, which begin at `start`; the lengths are those of the
    whole strings. `found_at` is where in the expected bytes those stand that came at `offset`, if
    they stand anywhere: then bytes were left out, or came twice.
    """

    offset: int
    start: int
    expected: bytes = field(repr=False)
    actual: bytes = field(repr=False)
    expected_length: int
    actual_length: int
    found_at: int | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": "bytes",
            "offset": self.offset,
            "start": self.start,
            "expected": self.expected.hex(),
            "actual": self.actual.hex(),
            "expected_length": self.expected_length,
            "actual_length": self.actual_length,
            "found_at": self.found_at,
        }


Difference = SegmentDifference | BytesDifference


def first_difference(expected: bytes, actual: bytes) -> int:
    """The first place where they differ, or the end of the shorter."""
    shorter = min(len(expected), len(actual))
    if expected[:shorter] == actual[:shorter]:
        return shorter
    return next(at for at in range(shorter) if expected[at] != actual[at])


def between_bytes(expected: bytes, actual: bytes) -> BytesDifference:
    """What there is to say of two strings of bytes that differ."""
    offset = first_difference(expected, actual)
    start = max(0, offset - CONTEXT_BYTES)
    end = offset + CONTEXT_BYTES
    return BytesDifference(
        offset=offset,
        start=start,
        expected=expected[start:end],
        actual=actual[start:end],
        expected_length=len(expected),
        actual_length=len(actual),
        found_at=_found_at(expected, actual[offset : offset + 8]),
    )


def _found_at(expected: bytes, some: bytes) -> int | None:
    """Where these bytes stand; None if nowhere, or if that may be chance."""
    if len(some) < _FEWEST_ALIKE or expected.count(some) != 1:
        return None
    return expected.index(some)
