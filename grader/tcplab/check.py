"""Comparing, with an explanation when it does not hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from tcplab.difference import Difference, between_bytes
from tcplab.errors import CaseFailed
from tcplab.transcript import show_bytes

T = TypeVar("T")
CHECKSUM = "checksum"  # a subject, whose values are shown as one sees them among bytes


def expect_equal(subject: str, expected: T, actual: T) -> None:
    """Raises CaseFailed that names the subject and both values."""
    if expected != actual:
        wish, seen = _word(expected, subject), _word(actual, subject)
        raise CaseFailed(f"{subject} is {seen}, expected {wish}", subject, wish, seen)


def expect_bytes(subject: str, expected: bytes, actual: bytes) -> None:
    """Like expect_equal; the explanation says where the bytes begin to differ."""
    if expected == actual:
        return
    difference = between_bytes(expected, actual)
    place = difference.offset
    if place == min(len(expected), len(actual)):
        differ = f"{len(actual)} bytes instead of {len(expected)}"
    else:
        differ = f"byte {place} is {actual[place]:#04x}, expected {expected[place]:#04x}"
    if max(len(expected), len(actual)) <= 24:
        differ = f"{show_bytes(actual)}, expected {show_bytes(expected)}"
    raise CaseFailed(
        f"{subject}: {differ}", subject, show_bytes(expected), show_bytes(actual), difference
    )


def expect_true(subject: str, holds: bool, expected: str, actual: str) -> None:
    """For conditions that are no equality; the two texts are what the student reads."""
    if not holds:
        raise CaseFailed(f"{subject}: {actual}, expected {expected}", subject, expected, actual)


@contextmanager
def differing_in(difference: Callable[[], Difference]) -> Iterator[None]:
    """What fails inside is a difference of this kind, unless it brings its own."""
    try:
        yield
    except CaseFailed as problem:
        if problem.difference is None:
            problem.difference = difference()
        raise


def _word(value: object, subject: str) -> str:
    if subject == CHECKSUM and isinstance(value, int):
        return f"{value:#06x}"
    if isinstance(value, bytes):
        return show_bytes(value)
    if value is True:
        return "true"
    if value is False:
        return "false"
    return str(value)
