"""Checkpoint 1 on the bench; also the streams of receivers, senders and reassemblers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tcplab.check import expect_bytes, expect_equal, expect_true
from tcplab.components.borrowed import expect_sound_pointer
from tcplab.transcript import show_bytes

if TYPE_CHECKING:
    from tcplab.lab import Lab

_PEEK_MAX = 60_000


class StreamBench:
    """One byte stream."""

    def __init__(self, lab: Lab, identity: int, name: str = "stream"):
        self._lab = lab
        self.identity = identity
        self._name = name

    @staticmethod
    def new(lab: Lab, capacity: int) -> StreamBench:
        stream = StreamBench(lab, lab.new_id())
        lab.transcript.step(f"New stream with capacity {capacity}")
        lab.request(f"stream.new {stream.identity} {capacity}")
        return stream

    # --- the writer's side -----------------------------------------------------------------------

    def write(self, data: bytes, *, accepts: int | None = None) -> None:
        """`accepts` is how many bytes the stream has to take, by default all."""
        accepts = len(data) if accepts is None else accepts
        self._step(f"write {show_bytes(data)}; expected: {accepts} accepted")
        actual = self._lab.request(f"stream.write {self.identity} {data.hex() or '-'}").number(0)
        expect_equal("the number of bytes accepted", accepts, actual)

    def close(self) -> None:
        self._step("close")
        self._lab.request(f"stream.close {self.identity}")

    def set_error(self) -> None:
        self._step("set error")
        self._lab.request(f"stream.error {self.identity}")

    # --- the reader's side -----------------------------------------------------------------------

    def pop(self, count: int) -> None:
        self._step(f"pop {count}")
        self._lab.request(f"stream.pop {self.identity} {count}")

    def read(self, count: int, *, gives: bytes) -> None:
        """Peeks and pops until `count` bytes are there, or no more are."""
        self._step(f"read up to {count}; expected: {show_bytes(gives)}")
        actual = self._lab.request(f"stream.read {self.identity} {count}").hex(0)
        expect_bytes("the bytes read", gives, actual)

    def peek(self, *, skip: int = 0, sees: bytes) -> None:
        """`sees` is everything from `skip` on: a peek shows at least one byte of it, at most all,
        and none if there is none."""
        self._step(f"peek, skipping {skip}; expected: {show_bytes(sees)}, or the beginning of it")
        length, shown = self._peek(skip)
        if not sees:
            expect_equal("the length that peek returns", 0, length)
            return
        expect_true(
            "the length that peek returns",
            1 <= length <= len(sees),
            f"1 to {len(sees)}",
            str(length),
        )
        expect_bytes("the bytes that peek shows", sees[: len(shown)], shown)

    def expect_content(self, data: bytes) -> None:
        """Exactly these bytes are buffered: peeks through all of them and removes nothing."""
        self._step(f"peek through all; expected: {show_bytes(data)}")
        seen = b""
        while len(seen) <= len(data):
            length, shown = self._peek(len(seen))
            if length == 0:
                break
            seen += shown
        expect_bytes("the bytes buffered", data, seen)

    def expect(
        self,
        *,
        capacity: int | None = None,
        available: int | None = None,
        buffered: int | None = None,
        total_written: int | None = None,
        total_read: int | None = None,
        closed: bool | None = None,
        finished: bool | None = None,
        error: bool | None = None,
    ) -> None:
        """Compares the queries; what is not named is not checked."""
        named = {
            "capacity": capacity,
            "available": available,
            "buffered": buffered,
            "written": total_written,
            "read": total_read,
            "closed": closed,
            "finished": finished,
            "error": error,
        }
        wanted = {name: value for name, value in named.items() if value is not None}
        self._step(
            "look; expected: "
            + ", ".join(f"{_QUERIES[name]} {str(value).lower()}" for name, value in wanted.items())
        )
        state = self._lab.request(f"stream.state {self.identity}")
        for name, value in wanted.items():
            actual: int | bool = state.number_of(name)
            if isinstance(value, bool):
                actual = bool(actual)
            expect_equal(_QUERIES[name], value, actual)

    def _peek(self, skip: int) -> tuple[int, bytes]:
        reply = self._lab.request(f"stream.peek {self.identity} {skip} {_PEEK_MAX}")
        length, shown = reply.number(0), reply.hex(1)
        expect_sound_pointer("the pointer", reply)
        expect_equal("the bytes shown", min(length, _PEEK_MAX), len(shown))
        return length, shown

    def _step(self, text: str) -> None:
        self._lab.transcript.step(f"{self._name}: {text}")


_QUERIES = {
    "capacity": "capacity",
    "available": "available",
    "buffered": "buffered",
    "written": "total_written",
    "read": "total_read",
    "closed": "is_closed",
    "finished": "is_finished",
    "error": "has_error",
}
