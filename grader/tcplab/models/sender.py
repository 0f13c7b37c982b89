"""What is said to a sender: operations, each followed by all the segments that it has for them.

At the end the peer takes everything that still comes: then all has to be acknowledged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tcplab.check import expect_equal
from tcplab.components.borrowed import expect_sound_pointer
from tcplab.dut import Reply
from tcplab.errors import CaseFailed
from tcplab.models import answers
from tcplab.models.byte_stream import look
from tcplab.models.operations import Operation, Plan, plans
from tcplab.models.search import Conversation, Step
from tcplab.models.sender_model import Segment, SenderModel, SenderSettings
from tcplab.packet import CIRCLE, signed_distance
from tcplab.transcript import show_bytes

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

_ISNS = (0, 0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFE0, 0x7FFFFFE0)
_SEGMENT_SIZES = (100, 28, 40, 29, 1460, 536)
_CAPACITIES = (1000, 4, 64, 1, 100, 200, 0)
_WINDOWS = (65535, 100, 0, 1, 28, 0, 50, 99, 101, 300)
_OPENINGS = (0, 120, 0, 1900, 7, None)  # when the SYN is acknowledged, in milliseconds; None: later
_CEILINGS = (60_000, 4_000)  # of the RTO, in milliseconds
_PEERS_SIZES = (0, 28, 65535, 1, 30, 100, 0, 50)
_WEIGHTS = {
    "write": 8,
    "ack": 8,
    "time-out": 5,
    "window": 3,
    "wait": 4,
    "close": 1,
    "nagle": 1,
    "mss": 2,
    "bad-ack": 2,
    "old-window": 2,
}
_PEERS_ISN = 0x8000001A  # less ours
_MOST_WRITTEN = 300  # bytes at once
_MOST_SEGMENTS = 300  # in answer to one operation: none of a sound sender is so small
_AT_ONCE = 16  # segments asked for in one packet
_MOST_ROUNDS = 40  # until the last byte is acknowledged


def strategy() -> SearchStrategy[Plan]:
    nagle = (True, False)
    choices = [_CAPACITIES, _SEGMENT_SIZES, _WINDOWS, nagle, _ISNS, _OPENINGS, _CEILINGS]
    return plans(choices, _WEIGHTS, mean=27)


FREE = ("sender.free 1",)


def converse(plan: Plan) -> Conversation:
    """As the answers come."""
    capacity, mss, window, nagle, isn, opens_ms, most_ms = plan.settings
    settings = SenderSettings(
        isn=isn, mss=mss, send_capacity=capacity, nagle=nagle, rto_max_ms=most_ms
    )
    return _Talk(SenderModel(settings)).all(plan.operations, window, opens_ms)


class _Talk:
    def __init__(self, model: SenderModel):
        self._model = model
        self._isn = model.settings.isn
        self._peers_seq = 1
        self._is_silent = False

    def all(
        self, operations: tuple[Operation, ...], window: int, opens_ms: int | None
    ) -> Conversation:
        settings = self._model.settings
        words = f"mss={settings.mss}, send_capacity={settings.send_capacity}"
        words += f", nagle={int(settings.nagle)}, rto_max_ms={settings.rto_max_ms}"
        new = Step(f"sender.new 1 {settings.request()}", f"New sender with {words}")
        yield from self._listen(new, Step("sender.stream 1 1"))
        if opens_ms is not None:
            if opens_ms > 0:
                yield from self._tick(opens_ms)
            yield from self._receive(1, window)
        for operation in operations:
            yield from self._carry_out(operation)
        yield from self._finish()

    def _carry_out(self, operation: Operation) -> Conversation:
        kind, a, b = operation.kind, operation.a, operation.b
        model = self._model
        if kind == "write":
            count = (a, model.mss, model.mss + 1, 2 * model.mss, model.usable)[b % 5]
            yield from self._write(count)
        elif kind == "ack":
            most = model.in_flight
            some = most if b % 2 else min(most, 1 + a * most // 64)
            window = _WINDOWS[b // 2 % len(_WINDOWS)] if b % 8 == 7 else model.wnd
            self._peers_seq += b // 4 % 2
            yield from self._receive(model.una + some, window if model.window_known else 65535)
        elif kind == "window":
            self._peers_seq += b % 2
            yield from self._receive(max(1, model.una), _WINDOWS[a % len(_WINDOWS)])
        elif kind == "old-window":
            ack = max(1, model.una + min(model.in_flight, b))
            yield from self._receive(ack, 500 + a, seq=0)
        elif kind == "bad-ack":
            wrong = (model.una - 1 - a, model.nxt + 1 + a, None)[b % 3]
            yield from self._receive(wrong, b // 3 % 3 * 500, seq=self._peers_seq + 1)
        elif kind == "time-out":
            yield from self._time_out()
        elif kind == "wait":
            long = model.settings.rto_max_ms
            yield from self._tick((1 + a, 100 + a, long, long + a)[b % 4])
        elif kind == "close":
            yield from self._close()
        else:
            yield from self._set(kind, a)

    def _set(self, kind: str, a: int) -> Conversation:
        model = self._model
        if kind == "mss":
            mss = _PEERS_SIZES[a % len(_PEERS_SIZES)]
            model.set_mss(mss)
            yield from self._listen(Step(f"sender.mss 1 {mss}", f"set_mss {mss}"))
        else:
            model.nagle = a % 2 == 1
            words = f"set_nagle {str(model.nagle).lower()}"
            yield from self._listen(Step(f"sender.nagle 1 {int(model.nagle)}", words))

    def _close(self) -> Conversation:
        self._model.stream.closed = True
        yield from self._listen(Step("stream.close 1", "outbound stream: close"))

    def _write(self, count: int) -> Conversation:
        model = self._model
        count = min(count, _MOST_WRITTEN)
        data = answers.letters(len(model.data), count)
        accepted = model.write(data)
        words = f"outbound stream: write {show_bytes(data)}; expected: {accepted} accepted"
        check = answers.number("the number of bytes accepted", accepted)
        yield from self._listen(Step(f"stream.write 1 {answers.as_hex(data)}", words, check))

    def _receive(self, ack: int | None, window: int, seq: int | None = None) -> Conversation:
        """Without `ack`, has_ack is false. The peer's numbers begin far from ours, and some wrap,
        too."""
        model = self._model
        seq = self._peers_seq if seq is None else seq
        was_una = model.una
        request = f"sender.receive 1 window={window} seq={(self._isn + _PEERS_ISN + seq) % CIRCLE}"
        if ack is not None:
            model.receive(ack, window, seq)
            request += f" ack={(self._isn + ack) % CIRCLE}"
        words = f"receive {'no ack' if ack is None else f'ack={ack}'} window={window} seq={seq}"

        def account(reply: Reply) -> None:
            model.account_of_receive(
                reply.number_of("rto"), reply.number_of("consecutive"), was_una
            )

        yield from self._listen(Step(request, words), Step("sender.state 1", check=account))

    def _time_out(self) -> Conversation:
        """To just before the timer runs out, and on until it must have."""
        model = self._model
        if not model.in_flight or model.timer is None:
            yield from self._tick(model.rto)
            return
        before = model.timer[0] - model.now - 1
        if before > 0:
            yield from self._tick(before)
        if model.timer is not None and model.timer[1] > model.now:
            yield from self._tick(model.timer[1] - model.now)

    def _tick(self, ms: int) -> Conversation:
        model = self._model
        model.tick(ms)

        def account(reply: Reply) -> None:
            model.account_of_tick(reply.number_of("rto"), reply.number_of("consecutive"), ms)

        tick = Step(f"sender.tick 1 {ms}", f"tick {ms}")
        yield from self._listen(tick, Step("sender.state 1", check=account))

    def _finish(self) -> Conversation:
        """The peer has patience, and room. Nothing may be lost for ever."""
        model = self._model
        if not model.stream.closed:
            yield from self._close()
        for _ in range(_MOST_ROUNDS):
            if model.fin_acked:
                break
            self._peers_seq += 1
            yield from self._receive(model.nxt, 65535)
        if not model.fin_acked:
            raise CaseFailed("there is no FIN", "fin_acked", "true", "false")
        yield from self._tick(model.settings.rto_max_ms)

    # --- what it says --------------------------------------------------------------------------

    def _listen(self, *steps: Step) -> Conversation:
        """What is done to it, all segments that it has then, and how it is at last."""
        model = self._model
        self._is_silent = False
        heard = 0
        while not self._is_silent:
            some = 1 + (model.usable > 0) * (model.unsent_bytes // model.mss + 1)
            some = min(some, _AT_ONCE)
            looks = [self._look(), look(1, model.stream.state(), "outbound stream")]
            yield [*steps, *[self._next()] * some, *looks]
            steps = ()
            heard += some
            if heard > _MOST_SEGMENTS:
                raise CaseFailed(
                    f"more than {_MOST_SEGMENTS} segments came", "segments", "an end of them", ""
                )
        model.fall_silent()

    def _next(self) -> Step:
        return Step("sender.next 1", check=self._hear, words_if_failed="next")

    def _hear(self, reply: Reply) -> str | None:
        if reply.words[:1] == ["none"]:
            self._is_silent = True
            return None
        expect_sound_pointer("the payload", reply)
        model = self._model
        distance = signed_distance((self._isn + model.una) % CIRCLE, reply.number_of("seq"))
        data = reply.value("data")
        segment = Segment(
            seq=model.una + distance,
            data=b"" if data == "-" else bytes.fromhex(data),
            syn=reply.flag_of("syn"),
            fin=reply.flag_of("fin"),
            psh=reply.flag_of("psh"),
        )
        model.take(segment)
        return f"{segment.words} {show_bytes(segment.data)}" if segment.data else segment.words

    def _look(self) -> Step:
        """Its queries, once it is silent."""

        def check(reply: Reply) -> None:
            if not self._is_silent:
                return
            model, isn = self._model, self._isn
            for name in ("snd_una", "snd_nxt"):
                value = model.una if name == "snd_una" else model.nxt
                raw = (isn + value) % CIRCLE
                expect_equal(name, value, value + signed_distance(raw, reply.number_of(name)))
            expect_equal("in_flight", model.in_flight, reply.number_of("in_flight"))
            expect_equal("syn_acked", model.una > 0, reply.flag_of("syn_acked"))
            expect_equal("fin_acked", model.fin_acked, reply.flag_of("fin_acked"))

        return Step("sender.state 1", check=check, words_if_failed="look at all queries")
