"""The result for a person. The first screen holds the score and the first failure explained; a line
for each of the others follows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from rich.console import Console
from rich.text import Text

from tcplab.failure import failure_of
from tcplab.harmless import cut, harmless
from tcplab.report.failure import advice_lines, failure_lines
from tcplab.result import NOT_RUN, CaseResult, CheckpointResult, GradeResult
from tcplab.score import in_words

_SCREEN = 24  # lines
_WIDTH = 80  # columns
_BAR = 10
_SIGNS = {"failed": "✗", "crashed": "✗ crashed", "timeout": "✗ timeout", "not run": "– not run"}


def print_result(result: GradeResult, console: Console) -> None:
    """Prints the whole summary."""
    _print(lines_of(result), console)


def print_partial(result: GradeResult, total: int, console: Console) -> None:
    """Prints what was run before an interrupt."""
    count = sum(len(one.cases) for one in result.checkpoints)
    words = f"interrupted: {count} of {total} cases were run"
    _print([*lines_of(result), Text(), Text(words, style="bold yellow")], console)


def _print(lines: Iterable[Text], console: Console) -> None:
    """In one go, and past rich's own idea of what to do when nobody reads it."""
    with console.capture() as capture:
        for line in lines:
            console.print(line, highlight=False, soft_wrap=True)
    console.file.write(capture.get())
    console.file.flush()


def lines_of(result: GradeResult) -> list[Text]:
    """The whole summary, a line each."""
    head = [line for one in result.checkpoints for line in _checkpoint(one)]
    tail = [Text(), _verdict(result)]
    failures = [
        case
        for one in result.checkpoints
        if not one.build_error
        for case in one.cases
        if not case.passed
    ]
    if not failures:
        return head + tail
    room = _SCREEN - len(head) - len(tail) - 1
    everything = [case for one in result.checkpoints for case in one.cases]
    root = _root(failures)
    first = [] if root.outcome.needs else [Text(), *explain(root, room, among=everything)]
    groups = _grouped(failures)
    if len(failures) == 1 and first:
        return head + first + tail
    others = [Text(), Text(f"All {len(failures)} that did not pass:"), *map(_group, groups)]
    return head + first + tail + others


def _root(failures: Sequence[CaseResult]) -> CaseResult:
    """The first one that was run: what others are built on stands before them."""
    return next((one for one in failures if one.outcome.status != NOT_RUN), failures[0])


def _checkpoint(one: CheckpointResult) -> Iterator[Text]:
    passed = sum(case.passed for case in one.cases)
    total = len(one.cases)
    style = "green" if passed == total else ("yellow" if passed else "red")
    filled = _BAR * passed // total
    yield Text.assemble(
        f" {one.number}  {one.name:<12}",
        (f"{float(one.score):6.2f}", style),
        f" / {in_words(one.max_score):<5} ",
        ("█" * filled, style),
        ("░" * (_BAR - filled), "dim"),
        f"  {passed} of {total} case{'s' if total > 1 else ''}",
    )
    if one.build_error:
        yield Text.assemble("      ", ("✗ ", "red"), harmless(one.build_error))


def _grouped(cases: Iterable[CaseResult]) -> list[list[CaseResult]]:
    """Those of one checkpoint of which the same is to be said stand together: the same but for
    numbers and the step in which it happened."""
    groups: dict[tuple[str, str, str], list[CaseResult]] = {}
    for case in cases:
        outcome = case.outcome
        words = re.sub(r"\d+", "0", outcome.message.partition(", in step ")[0])
        groups.setdefault((case.id.split(".")[0], outcome.status, words), []).append(case)
    return list(groups.values())


def _group(alike: list[CaseResult]) -> Text:
    outcome, more = alike[0].outcome, len(alike) - 1
    return Text.assemble(
        " ",
        (_SIGNS[outcome.status], "red"),
        f" {alike[0].id}{f' and {more} more' if more else ''}: ",
        cut(harmless(outcome.message), 150),
    )


def explain(
    case: CaseResult,
    room: int = _SCREEN,
    width: int = _WIDTH,
    among: Sequence[CaseResult] = (),
) -> list[Text]:
    """One failure for a person, in at most `room` lines of a terminal with so many columns.
    `among`: all cases of the run, passed or not, for the likely causes."""
    return failure_lines(failure_of(case, among), room, width)


def explain_without_advice(case: CaseResult, room: int, width: int) -> list[Text]:
    """The same while cases are still run: by those it is told what is likely."""
    return failure_lines(replace(failure_of(case), causes=(), hint=""), room, width)


def may_have_advice(case: CaseResult) -> bool:
    """Is there any to come? Not where functions are still to be written."""
    return not failure_of(case).to_write


def advice(case: CaseResult, room: int, width: int, among: Sequence[CaseResult]) -> list[Text]:
    """What was left out there, when all are known."""
    return advice_lines(failure_of(case, among), room, width)


def _verdict(result: GradeResult) -> Text:
    full = result.score == result.max_score
    wire = result.wire
    if result.wire_reason and result.wire_reason != "asked for":
        wire += f" (no TUN: {result.wire_reason})"
    return Text.assemble(
        ("score ", "bold"),
        (in_words(result.score), "bold green" if full else "bold yellow"),
        (f" / {in_words(result.max_score)}", "bold"),
        f"   {harmless(result.target)}, {result.mode}, seed {result.seed}, wire {wire}, "
        f"{'sandbox ' + result.sandbox + ', ' if result.sandbox == 'none' else ''}"
        f"{result.wall_s:.1f} s",
    )
