"""The result for a person. The first screen holds the score and the first failure explained; a line
for each of the others follows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.text import Text

from tcplab.harmless import cut, harmless, last_lines
from tcplab.result import CaseResult, CheckpointResult, GradeResult
from tcplab.sanitizer import own_words, sanitizers_words
from tcplab.score import in_words

_SCREEN = 24  # lines
_FEWEST_STEPS = 3
_PRINTED_LINES = 3
_SANITIZER_LINES = 4
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
    first = explain(failures[0], room)
    groups = _grouped(failures)
    if len(failures) == 1:
        return head + [Text(), *first] + tail
    others = [Text(), Text(f"All {len(failures)} that did not pass:"), *map(_group, groups)]
    return head + [Text(), *first] + tail + others


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


def explain(case: CaseResult, room: int = _SCREEN) -> list[Text]:
    """One failure for a person, in at most `room` lines."""
    outcome = case.outcome
    head = [
        Text(case.id, style="bold"),
        Text(f"{case.rule}  ({', '.join(map(rfc_words, case.rfc))})"),
    ]
    tail = list(_what_happened(case))
    again = Text(f"  again     {case.rerun}", style="cyan")
    notes = _notes(case)[: max(1, room - len(head) - len(tail) - 1 - _FEWEST_STEPS)]
    room -= len(head) + len(tail) + len(notes) + 1
    steps = [Text(cut(harmless(line), 160)) for line in _last_steps(outcome.steps, room)]
    return head + steps + tail + notes + [again]


def _what_happened(case: CaseResult) -> Iterator[Text]:
    outcome = case.outcome
    if not (outcome.expected or outcome.actual):
        yield Text(f"  {harmless(outcome.message)}", style="red")
        return
    yield Text(f"  {harmless(outcome.subject)}", style="bold")
    yield Text(f"    expected  {cut(harmless(outcome.expected), 200)}", style="green")
    yield Text(f"    actual    {cut(harmless(outcome.actual), 200)}", style="red")


def _notes(case: CaseResult) -> list[Text]:
    """What may help. A hint is about the rule of the case: to one that crashed it says nothing."""
    report = case.outcome.report
    notes = _labelled("printed", last_lines(own_words(report), _PRINTED_LINES, 150))
    said = sanitizers_words(report, _SANITIZER_LINES)
    if said:
        notes = _labelled("sanitizer", [cut(line, 150) for line in said]) + notes
    elif case.hint and case.outcome.status in ("failed", "not run"):
        notes = [Text(f"  hint      {case.hint}")] + notes
    return notes


def _labelled(label: str, lines: list[str]) -> list[Text]:
    return [Text(f"  {label if at == 0 else '':<9} {line}") for at, line in enumerate(lines)]


def _last_steps(steps: tuple[str, ...], room: int) -> Iterator[str]:
    """The end of the transcript: that is where it went wrong."""
    room = max(room, _FEWEST_STEPS)
    if len(steps) > room:
        yield f"     … {len(steps) - room + 1} earlier lines, all of them with --json"
        steps = steps[len(steps) - room + 1 :]
    yield from steps


def rfc_words(label: str) -> str:
    """`9293 3.4` is a section, `MUST-61` a requirement of RFC 9293."""
    number, _, section = label.partition(" ")
    if number.isdigit():
        return f"RFC {number}, {section}" if section else f"RFC {number}"
    return label


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
