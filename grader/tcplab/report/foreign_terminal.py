"""The result of a foreign device for a person."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from tcplab.foreign.differences import Difference
from tcplab.foreign.verdicts import ForeignResult, Verdict
from tcplab.report.terminal import explain
from tcplab.report.words import rfc_words
from tcplab.result import CaseResult, CheckpointResult

_BAR = 10
_EXPLANATION_LINES = 24


def print_result(result: ForeignResult, console: Console) -> None:
    """Prints the whole summary: checkpoints, what differs, what was not asked, what failed."""
    for one in result.grade.checkpoints:
        _line(console, _checkpoint(one, result))
    _print_differences(result, console)
    _print_not_asked(result, console)
    _print_failures(result, console)
    if result.note:
        _line(console, Text(f"\n{result.note}"))
    _line(console, Text())
    _line(console, _sum(result))


def _checkpoint(one: CheckpointResult, result: ForeignResult) -> Text:
    verdicts = [result.verdicts[case.id] for case in one.cases]
    asked = len(verdicts) - verdicts.count(Verdict.NOT_ASKED)
    passed, failed = verdicts.count(Verdict.PASSED), verdicts.count(Verdict.FAILED)
    filled = _BAR * passed // asked if asked else 0
    style = "red" if failed else "green"
    words = f"  {passed} of {asked} cases pass"
    for verdict in (Verdict.DIFFERS, Verdict.FAILED, Verdict.NOT_ASKED):
        count = verdicts.count(verdict)
        words += f", {count} {verdict.value}" if count else ""
    return Text.assemble(
        f" {one.number}  {one.name:<12} ",
        ("█" * filled, style),
        ("░" * (_BAR - filled), "dim"),
        words,
    )


def _cases(result: ForeignResult, verdict: Verdict) -> list[CaseResult]:
    everything = [case for one in result.grade.checkpoints for case in one.cases]
    return [case for case in everything if result.verdicts[case.id] is verdict]


def _print_differences(result: ForeignResult, console: Console) -> None:
    groups: dict[Difference, list[str]] = {}
    for case in _cases(result, Verdict.DIFFERS):
        groups.setdefault(result.differences[case.id], []).append(case.id)
    for number, (one, identities) in enumerate(groups.items()):
        if not number:
            _line(console, Text("\nLinux differs, as listed in grader/kernel/differences.toml:"))
        since = f"; since {one.since}" if one.since else ""
        clauses = ", ".join(map(rfc_words, one.rfc))
        _line(console, Text.assemble(("  ≠ ", "yellow"), f"{one.linux}  ({clauses}{since})"))
        _line(console, Text(f"      {_names(identities)}", style="dim"))
    for one in result.outdated:
        _line(console, Text(f"  = no longer seen on this kernel: {one.linux}", style="yellow"))


def _print_not_asked(result: ForeignResult, console: Console) -> None:
    groups: dict[str, list[str]] = {}
    for case in _cases(result, Verdict.NOT_ASKED):
        reason = case.outcome.message.partition(": ")[2]
        groups.setdefault(reason, []).append(case.id)
    for number, (reason, identities) in enumerate(groups.items()):
        if not number:
            _line(console, Text("\nCannot be asked:"))
        _line(console, Text(f"  – {len(identities):3d}  {reason}"))


def _print_failures(result: ForeignResult, console: Console) -> None:
    failures = _cases(result, Verdict.FAILED)
    for number, case in enumerate(failures):
        if not number:
            _line(console, Text("\nFailed:"))
        _line(console, Text.assemble(("  ✗ ", "red"), f"{case.id}: {case.outcome.message[:150]}"))
    if failures:
        _line(console, Text())
        for line in explain(failures[0])[:_EXPLANATION_LINES]:
            _line(console, line)


def _names(identities: Iterable[str]) -> str:
    first, *more = identities
    return first + (f" and {len(more)} more" if more else "")


def _sum(result: ForeignResult) -> Text:
    count = result.count()
    style = "bold red" if count[Verdict.FAILED] else "bold green"
    words = [
        f"{count[verdict]} {verdict.value}"
        for verdict in (Verdict.DIFFERS, Verdict.FAILED, Verdict.NOT_ASKED)
        if count[verdict] or verdict is Verdict.FAILED
    ]
    return Text.assemble(
        (f"{count[Verdict.PASSED]} of {result.asked} cases pass", style),
        f" ({100 * result.share:.1f} %)   {', '.join(words)}   {result.device},"
        f" seed {result.grade.seed}, {result.grade.wall_s:.1f} s",
    )


def _line(console: Console, text: Text) -> None:
    console.print(text, highlight=False, soft_wrap=True)
