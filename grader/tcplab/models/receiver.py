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
_CAPACITIES = (8, 16, 4, 2, 64, 32, 16, 0, 1, 66, 32, 1000, 65534, 65536, 131072)
_SEGMENT_SIZES = (4, 1, 2, 3, 10, 536, 65535, 0)
_WEIGHTS = {
    "syn": 2,
    "next": 5,
    "ahead": 3,
    "beside": 3,
    "edge": 3,
    "fill": 3,
    "comb": 1,
    "send": 7,
    "read": 5,
    "pop": 3,
    "acceptable": 9,
    "again": 1,
    "last": 2,
    "old": 2,
}
_SYN, _SEND = Operation("syn", 0, 0), Operation("send", 0, 0)
_SYN_WITH_TEXT = Operation("syn", 3, 3)
_BEGINNINGS = ((_SYN, _SEND), (_SYN,), (_SYN, _SEND), (_SYN_WITH_TEXT, _SEND), (_SYN, _SEND), ())
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

    def within_promise(self, first: int, data: bytes) -> bytes:
        """What of the bytes an honest peer sends: none beyond the right edge, unless there is no
        room for them either. Where the edge is after RCV.NXT has passed it, the contract does not
        say."""
        has_room_beyond = self.edge < 1 + self.pieces.next + self.pieces.stream.available
        return data[: max(0, self.edge - first)] if has_room_beyond else data

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
        if self.mss == 0 and self.move == 0:
            return None
        return 0 < self.move >= self.enough(1 if self.window < self.mss else 2)

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
    return plans([_CAPACITIES, _SEGMENT_SIZES, _ISNS, _BEGINNINGS], _WEIGHTS, mean=30)


FREE = ("receiver.free 1",)


def converse(plan: Plan) -> Conversation:
    """All of it in one batch."""
    capacity, mss, isn, beginning = plan.settings
    operations = (*beginning, *plan.operations)
    yield list(_Talk(ReceiverModel(isn, capacity, mss)).steps(operations))


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
            # The first one is 0 by definition; a later one is ignored, wherever it stands.
            first = a // 4 if model.synchronized else 0
            yield self._receive(
                first, answers.letters(first, b if a % 4 == 3 else 0), True, a % 16 == 15
            )
        elif kind == "old":
            first = max(0, model.nxt - a) if b % 4 else 0
            yield self._receive(first, answers.letters(first - 1, b // 4), False, False)
        elif kind == "send":
            yield self._send()
        elif kind == "acceptable":
            yield from self._acceptable(a, b)
        elif kind == "read":
            yield read(1, model.pieces, (1 + a % 8, _HUGE)[b % 3 // 2], "inbound stream")
        elif kind == "pop":
            model.pieces.pop(a)
            yield Step(f"stream.pop 1 {a}", f"inbound stream: pop {a}")
        else:
            for index, data, last in self._pieces.of(operation):
                yield self._receive(index + 1, data, False, last, psh=b % 8 == 5)

    def _receive(self, seq: int, data: bytes, syn: bool, fin: bool, *, psh: bool = False) -> Step:
        model = self._model
        kept = model.within_promise(seq + int(syn), data)
        data, fin = kept, fin and len(kept) == len(data)
        model.receive(seq, data, syn, fin)
        flags = [name for name, on in (("syn", syn), ("fin", fin), ("psh", psh)) if on]
        words = "".join(f" {name.upper()}" for name in flags)
        words += f" {show_bytes(data)}" if data else ""
        parts = [f"receiver.receive 1 seq={model.wrapped(seq)}"]
        parts += [f"{name}=1" for name in flags] + ([f"data={data.hex()}"] if data else [])
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

    def _acceptable(self, a: int, b: int) -> Iterator[Step]:
        """Around both edges of the window."""
        model = self._model
        for edge in (model.nxt, model.nxt + model.window):
            seq = max(0, edge + (0, -1, 0, 1, -2, 0, 3, -4)[a % 8])
            rest = model.nxt + model.window - seq
            length = max(0, (0, 1, b, rest, rest + 1)[b % 5])
            gives = model.acceptable(seq, length)
            words = f"acceptable(seq={seq}, length={length}); expected: {str(gives).lower()}"
            yield Step(
                f"receiver.acceptable 1 {model.wrapped(seq)} {length}",
                check=answers.flag("acceptable", gives),
                words_if_failed=words,
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
