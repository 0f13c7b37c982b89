"""One line on a terminal that says what is going on now."""

from __future__ import annotations

import sys

_CLEAR = "\r\x1b[K"


class LiveLine:
    """On standard error if that is a terminal; otherwise nothing is ever shown."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._shown = False

    def say(self, words: str) -> None:
        """In place of what it said before."""
        self._write(f"{_CLEAR}{words}")
        self._shown = True

    def show(self, connections: int, all_connections: int, octets: int) -> None:
        """`connections` are open, of all that there have been; `octets` have gone either way."""
        self.say(f"{_count(all_connections, 'connection')}, {connections} open, {_size(octets)}")

    def clear(self) -> None:
        """What follows stands in its place."""
        if self._shown:
            self._write(_CLEAR)
        self._shown = False

    def end(self) -> None:
        """What follows begins on a line of its own."""
        if self._shown:
            self._write("\n")
        self._shown = False

    def _write(self, text: str) -> None:
        if self._terminal:
            sys.stderr.write(text)
            sys.stderr.flush()


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _size(octets: int) -> str:
    for unit, size in (("MB", 1_000_000), ("KB", 1_000)):
        if octets >= size:
            return f"{octets / size:.1f} {unit}"
    return _count(octets, "byte")
