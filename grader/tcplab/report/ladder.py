"""A story as a ladder: the tester on the left, the stack on the right, time downwards."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Iterator

from rich.text import Text

from tcplab.harmless import cut
from tcplab.report.words import wrapped
from tcplab.result import Outcome
from tcplab.story import Act, Passage, Story

_TIME = 9  # columns
_SHORTEST = 3  # of a shaft
_IN = 4  # columns before what went wrong
_MOST_LINES = 3  # of the step that failed
_STYLES = {False: "cyan", True: "yellow"}  # from the tester, from the stack


def ladder(
    story: Story,
    outcome: Outcome,
    width: int,
    trouble: Callable[[int], Iterable[Text]] | None = None,
) -> Iterator[Text]:
    """A line each, for a terminal of so many columns. `trouble` says, in the columns that there
    are, what went wrong if it did; without it, that is said in few words."""
    if any(True for _ in story.passages()):
        yield heading(width)
    yield from rungs(story, outcome.status != "passed", width)
    if outcome.status != "passed" and trouble is not None:
        for line in trouble(width - _TIME - _IN):
            yield Text(" " * (_TIME + _IN)) + line
    elif outcome.status != "passed":
        yield from _difference(outcome, width)


def heading(width: int) -> Text:
    """Who stands on which side."""
    heads = "tester" + " " * (_rung(width) - len("tester") - len("stack")) + "stack"
    return Text(f"{'ms':>{_TIME - 1}}  {heads}", style="bold")


def rungs(story: Story, failed: bool, width: int) -> Iterator[Text]:
    """The steps, and their packets; the last step is marked if it failed."""
    for act in story.acts:
        yield from _step(act, failed and act is story.acts[-1], width)
        for line in act.lines:
            yield _passage(line, _rung(width)) if isinstance(line, Passage) else _note(line, width)


def _rung(width: int) -> int:
    return width - _TIME - 1


def _step(act: Act, failed: bool, width: int) -> Iterator[Text]:
    """A line; of the one that failed there is more to read."""
    room = width - _TIME - 7
    if not failed:
        yield Text(f"{'':{_TIME}}{act.number:>3}  {cut(act.text, room)}")
        return
    lines = textwrap.wrap(act.text, room, break_on_hyphens=False)[:_MOST_LINES]
    for at, line in enumerate(lines):
        front = f"{act.number:>3} ✗ " if at == 0 else " " * 6
        yield Text(f"{'':{_TIME}}{front}{line}", style="bold red")


def _note(words: str, width: int) -> Text:
    return Text(f"{'':{_TIME}}      {cut(words, width - _TIME - 6)}", style="dim")


def _passage(passage: Passage, rung: int) -> Text:
    label = f" {cut(passage.words, rung - 2 * _SHORTEST - 4)} "
    left = max(_SHORTEST, (rung - len(label)) // 2)
    right = max(_SHORTEST, rung - len(label) - left)
    if passage.from_dut:
        arrow = "◀" + "─" * (left - 1) + label + "─" * right
    else:
        arrow = "─" * left + label + "─" * (right - 1) + "▶"
    return Text.assemble(f"{passage.time_ms:>{_TIME - 1}}  ", (arrow, _STYLES[passage.from_dut]))


def _difference(outcome: Outcome, width: int) -> Iterator[Text]:
    room = width - _TIME - 16
    if not (outcome.expected or outcome.actual):
        for words in wrapped(outcome.message, width - _TIME - 6):
            yield Text(f"{'':{_TIME}}      {words}", style="red")
        return
    yield Text(f"{'':{_TIME}}      {cut(outcome.subject, room)}", style="bold")
    yield Text(f"{'':{_TIME}}        expected  {cut(outcome.expected, room)}", style="green")
    yield Text(f"{'':{_TIME}}        actual    {cut(outcome.actual, room)}", style="red")
