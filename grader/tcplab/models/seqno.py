"""Sequence numbers as a model: the arithmetic of the contract, on numbers that never wrap."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tcplab.check import expect_equal
from tcplab.components.seqno import show_number
from tcplab.dut import Reply
from tcplab.models.search import Conversation, Step

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

_CIRCLE = 1 << 32
_HALF = 1 << 31
_MOST = 1 << 64
_CORNERS = tuple(
    (corner + by) % _CIRCLE for corner in (0, _HALF, 5, _CIRCLE // 3) for by in (0, 1, -1, 2)
)
_TURNS = (0, 1, 0, 2, 1 << 20, _HALF, _CIRCLE - 2, _CIRCLE - 1)
Question = tuple[str, int, int, int]


def wrap(absolute: int, isn: int) -> int:
    return (isn + absolute) % _CIRCLE


def unwrap(raw: int, isn: int, checkpoint: int) -> int:
    """Of the numbers that wrap to `raw`, from 0 to 2^64 - 1, the nearest one; of two, the lower."""
    offset = (raw - isn) % _CIRCLE
    about = (checkpoint - offset) // _CIRCLE
    candidates = [offset + rounds * _CIRCLE for rounds in (about - 1, about, about + 1, about + 2)]
    return min(
        (one for one in candidates if 0 <= one < _MOST),
        key=lambda one: (abs(one - checkpoint), one),
    )


def before(a: int, b: int) -> bool:
    return 1 <= (b - a) % _CIRCLE < _HALF


def strategy() -> SearchStrategy[list[Question]]:
    """Lists of questions: which function, and three numbers. Most numbers are corners, or nearly
    so, for the mistakes are there."""
    from hypothesis import strategies as st

    corner, anything = st.sampled_from(_CORNERS), st.integers(0, _CIRCLE - 1)
    turns = st.sampled_from(_TURNS)
    numbers = st.tuples(corner, corner, anything)
    return st.builds(_questions, numbers, turns, turns, st.tuples(corner, anything))


def _questions(
    numbers: tuple[int, ...], turn: int, other_turn: int, steps: tuple[int, ...]
) -> list[Question]:
    """All that can be asked of a few numbers."""
    questions: list[Question] = []
    checkpoints = [turn * _CIRCLE + numbers[0], other_turn * _CIRCLE + numbers[2]]
    for isn in numbers[1:]:
        for ahead in steps:
            questions.append(("before", isn, wrap(isn, ahead), 0))
            for checkpoint in checkpoints:
                questions.append(("wrap", checkpoint, isn, 0))
                questions.append(("unwrap", wrap(isn + checkpoint, ahead), isn, checkpoint))
                questions.append(("unwrap", wrap(ahead, isn), isn, checkpoint))
    return questions


def converse(plan: list[Question]) -> Conversation:
    """All of it in one batch."""
    yield [_step(*question) for question in plan]


def _step(function: str, a: int, b: int, c: int) -> Step:
    n = show_number
    if function == "wrap":
        gives = wrap(a, b)
        words = f"wrap({n(a)}, isn={n(b)}); expected: {n(gives)}"
        return _ask(f"seqno.wrap {a} {b}", words, "the wrapped number", gives)
    if function == "before":
        is_before = before(a, b)
        words = f"before({n(a)}, {n(b)}); expected: {str(is_before).lower()}"
        return _ask(f"seqno.before {a} {b}", words, "the answer", is_before)
    gives = unwrap(a, b, c)
    words = f"unwrap({n(a)}, isn={n(b)}, checkpoint={n(c)}); expected: {n(gives)}"
    return _ask(f"seqno.unwrap {a} {b} {c}", words, "the absolute number", gives)


def _ask(request: str, words: str, subject: str, gives: int) -> Step:
    """No question depends on another: only the one with a wrong answer is to be seen."""
    return Step(request, check=_gives(subject, gives), words_if_failed=words)


def _gives(subject: str, gives: int) -> Callable[[Reply], None]:
    text = str(int(gives))

    def check(reply: Reply) -> None:
        if reply.words[:1] == [text]:
            return
        actual = reply.number(0)
        if isinstance(gives, bool):
            expect_equal(subject, gives, actual == 1)
        else:
            expect_equal(subject, show_number(gives), show_number(actual))

    return check
