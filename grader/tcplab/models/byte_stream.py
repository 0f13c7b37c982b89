"""The byte stream as a model: a bytes object and two counters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tcplab.models import answers
from tcplab.models.operations import Operation, Plan, plans
from tcplab.models.search import Conversation, Step
from tcplab.transcript import show_bytes

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

CAPACITIES = (4, 1, 2, 3, 0, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129)
_WEIGHTS = {"write": 6, "pop": 6, "fill": 2, "read": 2, "drain": 1, "peek": 3, "end-it": 1}
_MOST_SHOWN = 300
_HUGE = (1 << 64) - 1
STREAM_NAMES = {
    "written": "total_written",
    "read": "total_read",
    "closed": "is_closed",
    "finished": "is_finished",
    "error": "has_error",
}


class StreamModel:
    """What a byte stream holds."""

    def __init__(self, capacity: int):
        self.capacity = capacity
        self.buffered = b""
        self.written = 0
        self.closed = False
        self.error = False

    @property
    def available(self) -> int:
        return self.capacity - len(self.buffered)

    def write(self, data: bytes) -> int:
        if self.closed or self.error:
            return 0
        accepted = data[: self.available]
        self.buffered += accepted
        self.written += len(accepted)
        return len(accepted)

    def pop(self, count: int) -> bytes:
        popped, self.buffered = self.buffered[:count], self.buffered[count:]
        return popped

    def state(self) -> dict[str, int]:
        return {
            "capacity": self.capacity,
            "available": self.available,
            "buffered": len(self.buffered),
            "written": self.written,
            "read": self.written - len(self.buffered),
            "closed": self.closed,
            "finished": self.closed and not self.buffered,
            "error": self.error,
        }


def look(identity: int, state: dict[str, int], name: str = "stream") -> Step:
    """All queries; seen only if one of them is wrong."""
    return Step(
        f"stream.state {identity}",
        check=answers.values(state, STREAM_NAMES),
        words_if_failed=f"{name}: look at all queries",
    )


def peek(identity: int, buffered: bytes, skip: int, name: str = "stream") -> Step:
    sees = buffered[skip:]
    words = f"{name}: peek, skipping {skip}; expected: {show_bytes(sees)}"
    return Step(
        f"stream.peek {identity} {skip} {_MOST_SHOWN}",
        words + (", or the beginning of it" if sees else ""),
        answers.glimpse(sees, _MOST_SHOWN),
    )


def quiet_peek(identity: int, buffered: bytes, name: str = "stream") -> Step:
    """From the beginning; seen only if it is wrong."""
    loud = peek(identity, buffered, 0, name)
    return Step(loud.request, check=loud.check, words_if_failed=loud.words)


def read(identity: int, model: StreamModel, count: int, name: str = "stream") -> Step:
    gives = model.pop(count)
    amount = "all" if count == _HUGE else f"up to {count}"
    return Step(
        f"stream.read {identity} {count}",
        f"{name}: read {amount}; expected: {show_bytes(gives)}",
        answers.data("the bytes read", gives),
    )


def strategy() -> SearchStrategy[Plan]:
    return plans([CAPACITIES], _WEIGHTS, mean=25)


FREE = ("stream.free 1",)


def converse(plan: Plan) -> Conversation:
    """All of it in one batch."""
    (capacity,) = plan.settings
    yield list(_steps(StreamModel(capacity), plan.operations))


def _steps(model: StreamModel, operations: tuple[Operation, ...]) -> Iterator[Step]:
    yield Step(f"stream.new 1 {model.capacity}", f"New stream with capacity {model.capacity}")
    yield look(1, model.state())
    offered = 0
    for operation in operations:
        step, offered = _step(model, operation, offered)
        yield step
        yield look(1, model.state())
        yield quiet_peek(1, model.buffered)
    for skip in range(0, len(model.buffered), 7):
        yield peek(1, model.buffered, skip)
    yield read(1, model, _HUGE)
    yield look(1, model.state())


def _step(model: StreamModel, operation: Operation, offered: int) -> tuple[Step, int]:
    """Each byte offered is another letter, so that one that was refused is not mistaken for the
    one that comes in its place."""
    kind, a, b = operation.kind, operation.a, operation.b
    if kind == "write":
        return _write(model, offered, a % (model.capacity + 3) if b % 4 else b)
    if kind == "fill":
        return _write(model, offered, max(0, model.available + a % 4 - 1))
    if kind == "peek":
        edge = len(model.buffered)
        skip = (a % (edge + 1), edge, max(0, edge - 1), edge + 1, _HUGE)[b % 5]
        return peek(1, model.buffered, skip), offered
    if kind == "end-it":
        return _end(model, a % 2 == 1), offered
    if kind == "read":
        return read(1, model, a), offered
    count = a % (model.capacity + 2)
    if kind == "drain":
        count = (len(model.buffered), len(model.buffered) + 1, _HUGE)[b % 3]
    model.pop(count)
    return Step(f"stream.pop 1 {count}", f"stream: pop {count}"), offered


def _write(model: StreamModel, offered: int, count: int) -> tuple[Step, int]:
    data = answers.letters(offered, count)
    accepted = model.write(data)
    words = f"stream: write {show_bytes(data)}; expected: {accepted} accepted"
    check = answers.number("the number of bytes accepted", accepted)
    return Step(f"stream.write 1 {answers.as_hex(data)}", words, check), offered + count


def _end(model: StreamModel, by_error: bool) -> Step:
    if by_error:
        model.error = True
        return Step("stream.error 1", "stream: set error")
    model.closed = True
    return Step("stream.close 1", "stream: close")
