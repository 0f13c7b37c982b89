"""The result for a person: a line for each checkpoint, and the first failure explained."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from tcplab.result import CaseResult, CheckpointResult, GradeResult

_FIRST_FAILURE_LINES = 24
_BAR = 10


def print_result(result: GradeResult, console: Console) -> None:
    """Prints the whole summary."""
    failures = [(one, case) for one in result.checkpoints for case in one.cases if not case.passed]
    for one in result.checkpoints:
        _print_checkpoint(one, console)
    explained = next((case for one, case in failures if not one.build_error), None)
    if explained is not None:
        console.print()
        for line in explain(explained)[:_FIRST_FAILURE_LINES]:
            console.print(line, highlight=False, soft_wrap=True)
    console.print()
    console.print(_verdict(result), highlight=False, soft_wrap=True)


def _print_checkpoint(one: CheckpointResult, console: Console) -> None:
    passed = sum(case.passed for case in one.cases)
    total = len(one.cases)
    style = "green" if passed == total else ("yellow" if passed else "red")
    filled = _BAR * passed // total
    console.print(
        Text.assemble(
            f" {one.number}  {one.name:<12}",
            (f"{float(one.score):6.2f}", style),
            f" / {float(one.max_score):<6.4g} ",
            ("█" * filled, style),
            ("░" * (_BAR - filled), "dim"),
            f"  {passed} of {total} cases",
        ),
        highlight=False,
        soft_wrap=True,
    )
    if one.build_error:
        console.print(
            f"      [red]✗[/red] {escape(one.build_error)}", highlight=False, soft_wrap=True
        )
        return
    for alike in _grouped(one.cases):
        outcome, more = alike[0].outcome, len(alike) - 1
        console.print(
            f"      [red]{_SIGNS[outcome.status]}[/red] {escape(alike[0].id)}"
            f"{f' and {more} more' if more else ''}: {escape(_cut(outcome.message, 150))}",
            highlight=False,
            soft_wrap=True,
        )


def _grouped(cases: Iterable[CaseResult]) -> list[list[CaseResult]]:
    """Those that did not pass; those of which the same is to be said stand together."""
    groups: dict[tuple[str, str], list[CaseResult]] = {}
    for case in cases:
        if not case.passed:
            groups.setdefault((case.outcome.status, case.outcome.message), []).append(case)
    return list(groups.values())


_SIGNS = {"failed": "✗", "crashed": "✗ crashed", "timeout": "✗ timeout", "not run": "– not run"}


def explain(case: CaseResult) -> list[Text]:
    """One failure for a person, in at most 24 lines."""
    outcome = case.outcome
    head = [
        Text(case.id, style="bold"),
        Text(f"{case.rule}  ({', '.join(map(rfc_words, case.rfc))})"),
    ]
    tail: list[Text] = []
    if outcome.expected or outcome.actual:
        tail.append(Text(f"  {outcome.subject}", style="bold"))
        tail.append(Text(f"    expected  {_cut(outcome.expected, 200)}", style="green"))
        tail.append(Text(f"    actual    {_cut(outcome.actual, 200)}", style="red"))
    else:
        tail.append(Text(f"  {outcome.message}", style="red"))
    if case.hint:
        tail.append(Text(f"  hint      {case.hint}"))
    tail.append(Text(f"  again     {case.rerun}", style="cyan"))
    room = _FIRST_FAILURE_LINES - len(head) - len(tail)
    return head + [Text(_cut(line, 160)) for line in _last_steps(outcome.steps, room)] + tail


def _last_steps(steps: tuple[str, ...], room: int) -> Iterator[str]:
    """The end of the transcript: that is where it went wrong."""
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
        (f"{float(result.score):.6g}", "bold green" if full else "bold yellow"),
        (f" / {float(result.max_score):.6g}", "bold"),
        f"   {result.target}, {result.mode}, seed {result.seed}, wire {wire}, "
        f"{'sandbox ' + result.sandbox + ', ' if result.sandbox == 'none' else ''}"
        f"{result.wall_s:.1f} s",
    )


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
