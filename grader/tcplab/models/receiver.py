"""The receiver as a model: a reassembler's, and the right edge that was promised.

Numbers are absolute: the SYN is 0, the first byte 1. Capacities are even, or too small to matter:
"half of it" means one thing then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from tcplab.check import expect_equal
from tcplab.dut import Reply
from tcplab.models import answers
from tcplab.models.byte_stream import look
from tcplab.models.operations import Operation, Plan, plans
from tcplab.models.reassembler import Pieces, ReassemblerModel, read
from tcplab.models.search import Conversation, Step
from tcplab.packet import CIRCLE, signed_distance
from tcplab.transcript import show_bytes

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

_ISNS = (0, 0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF0, 0x7FFFFFF8, 1000)
_CAPACITIES = (8, 16, 4, 2, 64, 32, 0, 1, 66, 1000, 65534, 65536, 131072)
_SEGMENT_SIZES = (4, 1, 2, 10, 536, 65535, 0)
_WEIGHTS = {
    "syn": 3,
    "next": 5,
    "ahead": 3,
    "beside": 3,
    "edge": 3,
    "fill": 3,
    "comb": 1,
    "send": 6,
    "read": 5,
    "pop": 3,
    "acceptable": 6,
    "again": 1,
    "last": 1,
    "old": 1,
}
_HALF = 1 << 31
_MAX_WINDOW = 65535
_HUGE = (1 << 64) - 1


class ReceiverModel:
    """What a receiver knows."""

    def __init__(self, isn: int, capacity: int, mss: int):
        self.irs = isn
        self.mss = mss
        self.synchronized = False
        self.pieces = ReassemblerModel(capacity)
        self._offered: int | None = None  # the right edge

    @property
    def finished(self) -> bool:
        """Has the FIN been received, and all before it?"""
        return self.pieces.stream.closed

    @property
    def nxt(self) -> int:
        return 1 + self.pieces.next + int(self.finished)

    @property
    def free(self) -> int:
        return min(self.pieces.stream.available, _MAX_WINDOW)

    @property
    def edge(self) -> int:
        return self.nxt + self.free if self._offered is None else self._offered

    @property
    def window(self) -> int:
        return max(0, self.edge - self.nxt) if self.synchronized else 0

    @property
    def move(self) -> int:
        """How far the right edge could move."""
        return max(0, self.nxt + self.free - self.edge)

    def enough(self, segments: int) -> int:
        return min(self.pieces.stream.capacity // 2, segments * self.mss)

    def receive(self, seq: int, data: bytes, syn: bool, fin: bool) -> None:
        if not self.synchronized and not syn:
            return
        self.synchronized = True
        first = seq + int(syn)
        if first == 0:  # the place of the SYN
            first, data = 1, data[1:]
        self.pieces.insert(first - 1, data, fin)

    def send(self) -> int:
        """The window that is offered now."""
        if not self.synchronized:
            return self.free
        if self._offered is None or self.move >= self.enough(1):
            self._offered = self.edge + self.move
        return self.window

    def update_due(self) -> bool | None:
        """None: either answer is right. With an MSS of 0 every move is large enough, even none."""
        if not self.synchronized or self.finished:
            return False
        enough = self.enough(1 if self.window < self.mss else 2)
        return None if enough == 0 == self.move else self.move >= enough

    def acceptable(self, seq: int, length: int) -> bool:
        if not self.synchronized:
            return False
        if length == 0:
            return seq == self.nxt if self.window == 0 else self._is_inside(seq)
        return self._is_inside(seq) or self._is_inside(seq + length - 1)

    def _is_inside(self, seq: int) -> bool:
        return self.nxt <= seq < self.nxt + self.window

    def wrapped(self, seq: int) -> int:
        return (self.irs + seq) % CIRCLE


def strategy() -> SearchStrategy[Plan]:
    return plans([_CAPACITIES, _SEGMENT_SIZES, _ISNS], _WEIGHTS, mean=20)


FREE = ("receiver.free 1",)


def converse(plan: Plan) -> Conversation:
    """All of it in one batch."""
    capacity, mss, isn = plan.settings
    yield list(_Talk(ReceiverModel(isn, capacity, mss)).steps(plan.operations))


class _Talk:
    def __init__(self, model: ReceiverModel):
        self._model = model
        self._pieces = Pieces(model.pieces)

    def steps(self, operations: tuple[Operation, ...]) -> Iterator[Step]:
        model = self._model
        capacity, mss = model.pieces.stream.capacity, model.mss
        yield Step(
            f"receiver.new 1 recv_capacity={capacity} mss={mss}",
            f"New receiver with recv_capacity={capacity}, mss={mss}",
        )
        yield Step("receiver.stream 1 1")
        yield self._look()
        for operation in operations:
            yield from self._steps(operation)
            yield self._look()
        yield read(1, model.pieces, _HUGE, "inbound stream")
        yield look(1, model.pieces.stream.state(), "inbound stream")
        yield self._look()

    def _steps(self, operation: Operation) -> Iterator[Step]:
        kind, a, b = operation.kind, operation.a, operation.b
        model = self._model
        if kind == "syn":
            yield self._receive(0, answers.letters(0, b if a % 4 == 3 else 0), True, a % 16 == 15)
        elif kind == "old":
            first = max(0, model.nxt - a)
            yield self._receive(first, answers.letters(first - 1, b), False, False)
        elif kind == "send":
            yield self._send()
        elif kind == "acceptable":
            yield self._acceptable(a, b)
        elif kind == "read":
            yield read(1, model.pieces, (a + 1, _HUGE)[b % 2], "inbound stream")
        elif kind == "pop":
            model.pieces.pop(a)
            yield Step(f"stream.pop 1 {a}", f"inbound stream: pop {a}")
        else:
            for index, data, last in self._pieces.of(operation):
                yield self._receive(index + 1, data, False, last)

    def _receive(self, seq: int, data: bytes, syn: bool, fin: bool) -> Step:
        model = self._model
        model.receive(seq, data, syn, fin)
        words = "".join([" SYN" * syn, " FIN" * fin, f" {show_bytes(data)}" if data else ""])
        parts = [f"receiver.receive 1 seq={model.wrapped(seq)}"]
        parts += ["syn=1"] * syn + ["fin=1"] * fin + ([f"data={data.hex()}"] if data else [])
        return Step(" ".join(parts), f"receive seq={seq}{words}")

    def _send(self) -> Step:
        model = self._model
        window = model.send()
        wanted: dict[str, int] = {"has_ack": model.synchronized}
        if model.synchronized:
            wanted["ack"] = model.nxt
        if not model.finished:
            wanted["window"] = window
        words = ", ".join(f"{key} {str(value).lower()}" for key, value in wanted.items())
        return Step("receiver.send 1", f"send; expected: {words}", self._values(wanted))

    def _acceptable(self, a: int, b: int) -> Step:
        model = self._model
        edge = model.nxt + model.window
        seq = max(0, (model.nxt, edge)[a % 2] + a // 2 % 8 - 4)
        length = max(0, (0, 1, b, edge - seq, edge - seq + 1)[b % 5])
        gives = model.acceptable(seq, length)
        return Step(
            f"receiver.acceptable 1 {model.wrapped(seq)} {length}",
            f"acceptable(seq={seq}, length={length}); expected: {str(gives).lower()}",
            answers.number("acceptable", int(gives)),
        )

    def _look(self) -> Step:
        model = self._model
        wanted: dict[str, int] = {"synchronized": model.synchronized}
        if model.synchronized:
            wanted["rcv_nxt"] = model.nxt
        if not model.finished:
            wanted["rcv_wnd"] = model.window
        wanted["pending"] = len(model.pieces.held)
        due = model.update_due()
        if due is not None:
            wanted["update_due"] = due
        words = ", ".join(f"{key} {str(value).lower()}" for key, value in wanted.items())
        check = self._values(wanted)
        return Step("receiver.state 1", check=check, words_if_failed=f"look; expected: {words}")

    def _values(self, wanted: Mapping[str, int]) -> Callable[[Reply], None]:
        """Sequence numbers are compared as they come, and shown relative to the SYN."""
        irs = self._model.irs
        numbers = {key: value for key, value in wanted.items() if key in ("ack", "rcv_nxt")}
        others = {key: value for key, value in wanted.items() if key not in numbers}
        check_others = answers.values(others, {})

        def check(reply: Reply) -> None:
            check_others(reply)
            for key, value in numbers.items():
                expect_equal(key, value, value + signed_distance(irs + value, reply.number_of(key)))

        return check
