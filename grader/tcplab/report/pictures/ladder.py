"""A case as a ladder, in SVG: the two ends, the segments between them, and the steps in words.

It is laid out twice: for a page of text, and for a telephone. The page shows one of the two.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tcplab.report.pictures.svg import Svg
from tcplab.report.trace_page.flows import Flows
from tcplab.report.trace_page.page import Cell, Rung, Run, ends_of, rows_of
from tcplab.result import CaseResult, Outcome
from tcplab.story import Message, Story

_MOST_LINES = 4  # of a step
_NOTE_LINES = 2
_LETTER = 7.25  # pixels that a letter takes, on the average; of a fixed width, all do
_HEAD = 26  # pixels above the first step
_LINE = 17  # from one line of words to the next
_CUT = " …"


@dataclass(frozen=True)
class Layout:
    """Places in pixels. `splits`: the fields of a segment stand below its arrow."""

    name: str
    width: int
    left: int  # of the tester's line; the times stand before it
    splits: bool

    @property
    def right(self) -> int:
        """The place of the stack's line."""
        return self.width - 8

    @property
    def letters(self) -> int:
        """Of a sentence, in a line."""
        return int((self.right - self.left - 34) / _LETTER)


WIDE = Layout("wide", 680, 52, splits=False)
NARROW = Layout("narrow", 350, 40, splits=True)
LAYOUTS = (WIDE, NARROW)


def ladder_svg(name: str, case: CaseResult, layout: Layout) -> str:
    """The picture's text. `name`: of what the case was run on. Raises ValueError if it has no
    story."""
    story = case.outcome.story
    if story is None:
        raise ValueError(f"{case.id} was not run")
    rows = rows_of([Run(name, case)])
    cells = [(row.number, cell) for row in rows for cell in row.cells if cell is not None]
    words = _words(name, case, sum(len(cell.rungs) for _, cell in cells))
    return _Drawing(layout, ends_of(rows), _again(story)).draw(cells, case.outcome, words)


def _words(name: str, case: CaseResult, segments: int) -> str:
    """For those who do not see it."""
    many = f"{segments} segment{'s' * (segments != 1)}"
    return f"Ladder of {case.id} on {name}: {many}. The same as text is below."


def _again(story: Story) -> frozenset[int]:
    """The passages, counted from 0, that carry only what went the same way before."""
    flows, found = Flows(), set()
    sent: set[tuple[str, bool, int]] = set()
    for at, (_, passage) in enumerate(story.passages()):
        arrival = flows.take(passage)
        if arrival is None:
            continue
        message = arrival.message
        if arrival.is_new:
            sent = {one for one in sent if one[0] != message.flow}
        numbers = {(message.flow, message.from_dut, number) for number in _numbers(message)}
        if numbers and numbers <= sent:
            found.add(at)
        sent |= numbers
    return frozenset(found)


def _numbers(message: Message) -> range:
    """The sequence numbers that a segment takes."""
    if message.seq is None or message.rst:
        return range(0)
    return range(message.seq, message.seq + len(message.data) + message.syn + message.fin)


class _Drawing:
    """One picture, from the top to the bottom."""

    def __init__(self, layout: Layout, ends: tuple[str, str] | None, again: frozenset[int]):
        self._layout = layout
        self._ends = ends
        self._again = again
        self._svg = Svg()
        self._y = _HEAD if ends else 4
        self._count = 0  # of packets

    def draw(self, cells: Sequence[tuple[int, Cell]], outcome: Outcome, words: str) -> str:
        for number, cell in cells:
            self._step(number, cell)
            for rung in cell.rungs:
                self._rung(rung)
            for note in cell.notes:
                self._lines("note", "", note, _NOTE_LINES)
            if cell.is_failed:
                self._difference(outcome)
        height = self._y + 10
        lines = self._ends_svg(height) if self._ends else ""
        return (
            f'<svg class="ladder {self._layout.name}" viewBox="0 0 {self._layout.width} {height}"'
            f' role="img" aria-label="{Svg.escape(words)}">{lines}{self._svg}</svg>'
        )

    def _ends_svg(self, height: int) -> str:
        assert self._ends is not None
        one, svg = self._layout, Svg()
        if self._count:
            svg.text("time", one.left - 8, 14, "ms", "end")
        svg.text("end tester", one.left, 14, self._ends[0], "start")
        svg.text("end stack", one.right, 14, self._ends[1], "end")
        for x in (one.left, one.right):
            svg.path("life", f"M{x} 20V{height}")
        return str(svg)

    def _step(self, number: int, cell: Cell) -> None:
        self._y += 6
        text = f"✗ {cell.text}" if cell.is_failed else cell.text
        self._lines("step failed" if cell.is_failed else "step", str(number), text, _MOST_LINES)

    def _lines(self, kind: str, number: str, text: str, most: int) -> None:
        left = self._layout.left if self._ends else 0
        x = left + 30
        for at, line in enumerate(_wrapped(text, self._layout.letters, most)):
            self._y += _LINE
            if number and at == 0:
                self._svg.text("number", x - 6, self._y - 3, number, "end")
            self._svg.text(kind, x, self._y - 3, line, "start")

    def _rung(self, rung: Rung) -> None:
        one, svg = self._layout, self._svg
        is_again = rung.kind == "wire" and self._count in self._again
        self._count += rung.kind == "wire"
        middle = (one.left + one.right) / 2
        flags = f"{rung.flags} (again)" if is_again else rung.flags
        below = [*_wrapped(rung.fields, one.letters + 2, 2)] if one.splits else []
        self._y += 18
        svg.label(middle, self._y - 3, flags, "" if one.splits else rung.fields)
        self._y += 3
        if rung.kind == "wire":  # a component by itself has the time that its steps tell
            svg.text("time", one.left - 8, self._y + 4, str(rung.time_ms), "end")
        kind = ("to-left" if rung.from_dut else "to-right") + " message" * (rung.kind != "wire")
        start, end = (one.right, one.left) if rung.from_dut else (one.left, one.right)
        svg.arrow(kind, start, end, self._y)
        for line in below:
            self._y += 14
            svg.text("fields", middle, self._y, line, "middle")
        self._y += 5

    def _difference(self, outcome: Outcome) -> None:
        if not (outcome.expected or outcome.actual):
            self._lines("failed", "", outcome.message, _MOST_LINES)
            return
        self._lines("failed", "", outcome.subject, _NOTE_LINES)
        self._lines("expected", "", f"expected {outcome.expected}", _MOST_LINES)
        self._lines("actual", "", f"actual {outcome.actual}", _MOST_LINES)


def _wrapped(text: str, letters: int, most: int) -> Iterator[str]:
    lines = textwrap.wrap(text, letters, break_on_hyphens=False)
    if len(lines) > most:
        lines = [*lines[: most - 1], lines[most - 1][: letters - len(_CUT)] + _CUT]
    yield from lines
