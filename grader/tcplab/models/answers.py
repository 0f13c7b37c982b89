"""What may be answered to a request: the checks of which conversations are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tcplab.check import expect_bytes, expect_equal, expect_true
from tcplab.components.borrowed import expect_sound_pointer
from tcplab.dut import Reply

# 61 letters, so that no power of two, and nothing that divides a capacity, is a whole number of
# rounds: a byte in the wrong place shows.
_LETTERS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ012345678"
_MANY_LETTERS = _LETTERS * 20


def letters(first: int, count: int) -> bytes:
    """The bytes of a stream in which every place has its letter."""
    at = first % len(_LETTERS)
    if at + count <= len(_MANY_LETTERS):
        return _MANY_LETTERS[at : at + count]
    return (_LETTERS * (count // len(_LETTERS) + 2))[at : at + count]


def as_hex(data: bytes) -> str:
    """Bytes as a request names them."""
    return data.hex() or "-"


def number(subject: str, wanted: int) -> Callable[[Reply], None]:
    """The first word is this number."""
    text = str(wanted)

    def check(reply: Reply) -> None:
        if reply.words[:1] != [text]:
            expect_equal(subject, wanted, reply.number(0))

    return check


def flag(subject: str, wanted: bool) -> Callable[[Reply], None]:
    """The first word is 1, or 0."""
    text = str(int(wanted))

    def check(reply: Reply) -> None:
        if reply.words[:1] != [text]:
            expect_equal(subject, wanted, reply.number(0) == 1)

    return check


def values(wanted: Mapping[str, int], names: Mapping[str, str]) -> Callable[[Reply], None]:
    """These values are named in the reply; `names` are those that a student knows them by."""

    def check(reply: Reply) -> None:
        for key, value in wanted.items():
            if reply.values.get(key) != str(int(value)):
                actual: int | bool = reply.number_of(key)
                if isinstance(value, bool):
                    actual = bool(actual)
                expect_equal(names.get(key, key), value, actual)

    return check


def data(subject: str, wanted: bytes) -> Callable[[Reply], None]:
    """The first word is exactly these bytes."""
    text = as_hex(wanted)

    def check(reply: Reply) -> None:
        if reply.words[:1] != [text]:
            expect_bytes(subject, wanted, reply.hex(0))

    return check


def glimpse(wanted: bytes, most: int) -> Callable[[Reply], None]:
    """What peek shows of `wanted`: at least one byte, at most all, and none if there is none."""

    def check(reply: Reply) -> None:
        length, shown = reply.number(0), reply.hex(1)
        expect_sound_pointer("the pointer", reply)
        if not wanted:
            expect_equal("the length that peek returns", 0, length)
            return
        expect_true(
            "the length that peek returns",
            1 <= length <= len(wanted),
            f"1 to {len(wanted)}",
            str(length),
        )
        expect_equal("the bytes shown", min(length, most), len(shown))
        if not wanted.startswith(shown):
            expect_bytes("the bytes that peek shows", wanted[: len(shown)], shown)

    return check
