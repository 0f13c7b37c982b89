"""A story as a ladder: the tester on the left, the stack on the right, time downwards."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from tcplab.harmless import cut
from tcplab.result import Outcome
from tcplab.story import Act, Passage, Story

_TIME = 9  # columns
_SHORTEST = 3  # of a shaft
_STYLES = {False: "cyan", True: "yellow"}  # from the tester, from the stack


def ladder(story: Story, outcome: Outcome, width: int) -> Iterator[Text]:
    """A line each, for a terminal of so many columns."""
    rung = width - _TIME - 1
    if any(True for _ in story.passages()):
        heads = "tester" + " " * (rung - len("tester") - len("stack")) + "stack"
        yield Text(f"{'ms':>{_TIME - 1}}  {heads}", style="bold")
    for act in story.acts:
        failed = act is story.acts[-1] and outcome.status != "passed"
        yield _step(act, failed, width)
        for line in act.lines:
            yield _passage(line, rung) if isinstance(line, Passage) else _note(line, width)
    if outcome.status != "passed":
        yield from _difference(outcome, width)


def _step(act: Act, failed: bool, width: int) -> Text:
    sign, style = (" ✗", "bold red") if failed else ("", "")
    words = cut(act.text, width - _TIME - 7)
    return Text(f"{'':{_TIME}}{act.number:>3}{sign or ' '} {words}", style=style)


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
        yield Text(f"{'':{_TIME}}      {outcome.message}", style="red")
        return
    yield Text(f"{'':{_TIME}}      {cut(outcome.subject, room)}", style="bold")
    yield Text(f"{'':{_TIME}}        expected  {cut(outcome.expected, room)}", style="green")
    yield Text(f"{'':{_TIME}}        actual    {cut(outcome.actual, room)}", style="red")
