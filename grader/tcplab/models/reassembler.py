"""The reassembler as a model: a dictionary of the bytes that are held, by their index.

Where two different bytes arrive for one index, either may be kept: the contract leaves it open.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tcplab.check import expect_bytes
from tcplab.dut import Reply
from tcplab.models import answers
from tcplab.models.byte_stream import StreamModel, look
from tcplab.models.operations import Operation, Plan, plans
from tcplab.models.search import Conversation, Step
from tcplab.transcript import show_bytes

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

CAPACITIES = (8, 4, 2, 1, 3, 0, 5, 7, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65)
_WEIGHTS = {
    "next": 4,  # in order
    "ahead": 5,  # with a hole before it
    "beside": 6,  # somewhere around a piece that has come before
    "edge": 4,  # around the end of the acceptable range
    "fill": 3,  # the first hole, and perhaps a bit more
    "comb": 2,  # every second byte
    "read": 3,
    "pop": 2,
    "again": 1,
    "last": 2,
    "far": 1,
    "lie": 1,
}
_HUGE = (1 << 64) - 1
_REMEMBERED = 6  # pieces
_LONGEST = 300  # bytes


class ReassemblerModel:
    """What a reassembler holds, and the stream behind it."""

    def __init__(self, capacity: int):
        self.stream = StreamModel(capacity)
        self.held: dict[int, int] = {}
        self.also: dict[int, set[int]] = {}  # other bytes that came for an index
        self.end: int | None = None

    @property
    def next(self) -> int:
        return self.stream.written

    @property
    def edge(self) -> int:
        """The first index that may not arrive yet."""
        edge = self.next + self.stream.available
        return edge if self.end is None else min(edge, self.end)

    def insert(self, index: int, data: bytes, last: bool) -> None:
        after = index + len(data)
        if last and self.end is None and self.next <= after <= self.edge:
            self.end = after
            self.held = {at: byte for at, byte in self.held.items() if at < after}
        edge = self.edge
        for at in range(max(index, self.next), min(after, edge)):
            byte = data[at - index]
            if self.held.setdefault(at, byte) != byte:
                self.also.setdefault(at, set()).add(byte)
        run = bytearray()
        while self.next + len(run) in self.held:
            run.append(self.held.pop(self.next + len(run)))
        self.stream.write(bytes(run))
        if self.next == self.end:
            self.stream.closed = True

    def pop(self, count: int) -> tuple[int, bytes]:
        """What is read now, and the index of its first byte."""
        first = self.next - len(self.stream.buffered)
        return first, self.stream.pop(count)

    def first_hole(self) -> tuple[int, int]:
        """Its beginning and its end."""
        later = [at for at in self.held if at >= self.next]
        return self.next, min(later, default=self.edge)


def strategy() -> SearchStrategy[Plan]:
    return plans([CAPACITIES], _WEIGHTS, mean=25)


FREE = ("reassembler.free 1", "stream.free 1")


def converse(plan: Plan) -> Conversation:
    """All of it in one batch."""
    (capacity,) = plan.settings
    yield list(_Talk(ReassemblerModel(capacity)).steps(plan.operations))


class Pieces:
    """What the operations of a plan mean: pieces, placed where it matters. Also the receiver's."""

    def __init__(self, model: ReassemblerModel):
        self._model = model
        self._before: list[tuple[int, int, bool]] = []  # pieces: from, to, the last

    def of(self, operation: Operation) -> list[tuple[int, bytes, bool]]:
        """The pieces that an operation inserts: index, bytes, whether they are the last."""
        pieces = []
        for first, after, last in self._places(operation):
            first = min(max(0, first), _HUGE)
            after = min(max(first, after), first + _LONGEST, _HUGE)
            pieces.append((first, after, last))
        self._before = (self._before + pieces)[-_REMEMBERED:]
        lies = operation.kind == "lie"
        return [
            (first, b"#" * (after - first) if lies else answers.letters(first, after - first), last)
            for first, after, last in pieces
        ]

    def _places(self, operation: Operation) -> list[tuple[int, int, bool]]:
        kind, a, b = operation.kind, operation.a, operation.b
        model = self._model
        start, edge = model.next, model.edge
        room = max(1, model.stream.available)
        if kind == "next":
            return [(start, start + a % (room + 2), False)]
        if kind == "edge":
            first = edge + (-2, -1, 0, 1, -room)[a % 5]
            return [(first, edge + (0, 1, -1, 2)[b % 4], a // 5 % 5 == 4)]
        if kind == "fill":
            hole, end = model.first_hole()
            return [(max(0, hole - a % 3), end + b % 4 - 1, False)]
        if kind == "comb":
            places = [start + 1 + 2 * k for k in range(min(room, 2 + a % 8))]
            places = places[::-1] if b % 2 else places
            return [(at, at + 1, False) for at in places]
        if kind == "last":
            past = start - min(start, 1 + b % 4)
            end = (start, edge, edge + 1, edge + 2, start + b % (room + 1), past)[a % 6]
            return [(end - min(end, b % 5), end, True)]
        if kind == "far":
            first = (start + (1 << 32), start + (1 << 63), _HUGE - b, _HUGE)[a % 4]
            return [(first, first + b, b % 2 == 1)]
        if kind in ("beside", "again", "lie") and self._before:
            first, after, last = self._before[-1 - a % len(self._before)]
            if kind == "beside":
                return [_beside(first, after, a // len(self._before), b)]
            return [(first, after, last if kind == "again" else b % 4 == 3)]
        first = start + a % (room + 3)
        return [(first, first + b % (room + 2), False)]


def _beside(first: int, after: int, a: int, b: int) -> tuple[int, int, bool]:
    """A piece in one of the 13 relations of two intervals to a piece, or nearly so."""
    middle = (first + after) // 2
    places = (
        first,
        after,
        middle,
        first - 1,
        after + 1,
        first + 1,
        after - 1,
        first - 2,
        after + 2,
    )
    one, other = places[b % 9], places[(b // 9 + a) % 9]
    if one == other:
        other += 1
    return max(0, min(one, other)), max(0, one, other), False


class _Talk:
    def __init__(self, model: ReassemblerModel):
        self._model = model
        self._pieces = Pieces(model)

    def steps(self, operations: tuple[Operation, ...]) -> Iterator[Step]:
        capacity = self._model.stream.capacity
        yield Step(f"stream.new 1 {capacity}", f"New stream with capacity {capacity}")
        yield Step("reassembler.new 1 1")
        yield self._pending()
        for operation in operations:
            if operation.kind in ("read", "pop"):
                yield self._take(operation)
            for index, data, last in self._pieces.of(operation):
                yield self._insert(index, data, last)
                yield self._pending()
            yield look(1, self._model.stream.state())
        yield read(1, self._model, _HUGE)
        yield look(1, self._model.stream.state())

    def _insert(self, index: int, data: bytes, last: bool) -> Step:
        self._model.insert(index, data, last)
        return Step(
            f"reassembler.insert 1 {index} {answers.as_hex(data)} {int(last)}",
            f"insert at {index}: {show_bytes(data)}{', the last' if last else ''}",
        )

    def _pending(self) -> Step:
        return Step(
            "reassembler.pending 1",
            check=answers.number("bytes_pending", len(self._model.held)),
            words_if_failed=f"look; expected: bytes_pending {len(self._model.held)}",
        )

    def _take(self, operation: Operation) -> Step:
        if operation.kind == "read":
            return read(1, self._model, (operation.a + 1, _HUGE)[operation.b % 2])
        self._model.pop(operation.a)
        return Step(f"stream.pop 1 {operation.a}", f"stream: pop {operation.a}")


def read(identity: int, model: ReassemblerModel, count: int, name: str = "stream") -> Step:
    """Reads the stream; where bytes contradicted each other, either is right."""
    first, gives = model.pop(count)
    wanted = answers.as_hex(gives)
    also = {at: model.also[at] for at in range(first, first + len(gives)) if at in model.also}

    def check(reply: Reply) -> None:
        if reply.words[:1] == [wanted]:
            return
        actual = reply.hex(0)
        likely = bytes(
            actual[at] if at < len(actual) and actual[at] in also.get(first + at, ()) else byte
            for at, byte in enumerate(gives)
        )
        expect_bytes("the bytes read", likely, actual)

    amount = "all" if count == _HUGE else f"up to {count}"
    return Step(
        f"stream.read {identity} {count}",
        f"{name}: read {amount}; expected: {show_bytes(gives)}",
        check,
    )
