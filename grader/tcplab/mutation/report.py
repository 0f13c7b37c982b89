"""What came of trying mutants: for people, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tcplab.kit import COMPONENT_FILES
from tcplab.mutation.run import Trial


def rate(trials: Sequence[Trial]) -> float:
    """Of 100 mutants that a case could notice, how many one does."""
    could = [one for one in trials if not one.equivalent]
    return 100 * sum(one.killed for one in could) / len(could) if could else 100.0


def print_trials(trials: Sequence[Trial]) -> None:
    """A line for each file, and what survived with the change that it makes."""
    console = Console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("file")
    for title in ("named", "killed", "mechanical", "killed", "equivalent", "survived", "rate"):
        table.add_column(title, justify="right")
    for file in COMPONENT_FILES:
        here = [one for one in trials if one.subject.file == file]
        if here:
            table.add_row(file, *_numbers(here))
    table.add_section()
    table.add_row("all", *_numbers(trials), style="bold")
    console.print(table)
    for one in trials:
        for line in _complaint(one):
            console.print(line, highlight=False, soft_wrap=True)


def _numbers(trials: Sequence[Trial]) -> list[str]:
    named = [one for one in trials if one.edit is None]
    mechanical = [one for one in trials if one.edit is not None]
    return [
        str(len(named)),
        str(sum(one.killed for one in named)),
        str(len(mechanical)),
        str(sum(one.killed for one in mechanical)),
        str(sum(one.equivalent for one in trials)),
        str(sum(one.survived for one in trials)),
        f"{rate(trials):.1f} %",
    ]


def _complaint(one: Trial) -> list[str]:
    name = one.subject.name
    if one.does_not_compile:
        return [f"[red]{name}[/red] does not compile: {escape(one.verdict.how)}"]
    if one.wrongly_excused:
        return [f"[red]{name}[/red] is listed as a survivor, but {one.verdict.by} notices it"]
    if not one.survived:
        return []
    if one.edit is None:
        return [f"[red]{name}[/red] survives: no case of its own checkpoint fails"]
    where = f"reference/{one.edit.file}:{one.edit.line} in {one.edit.function}"
    return [
        f"[red]{name}[/red] survives: {where}",
        f"    {escape(one.edit.change)}   in   {escape(one.edit.source_line)}",
    ]


def to_json(trials: Sequence[Trial], seed: int) -> dict[str, Any]:
    """All verdicts, one record each."""
    return {
        "version": 1,
        "seed": seed,
        "rate": round(rate(trials), 2),
        "mutants": [_record(one) for one in trials],
    }


def _record(one: Trial) -> dict[str, Any]:
    record: dict[str, Any] = {
        "id": one.subject.name,
        "kind": "named" if one.edit is None else "mechanical",
        "file": one.subject.file,
        "status": "equivalent" if one.equivalent else one.verdict.status,
        "by": one.verdict.by,
        "how": one.verdict.how,
    }
    if one.edit is not None:
        record |= {
            "function": one.edit.function,
            "line": one.edit.line,
            "operator": one.edit.operator,
            "change": one.edit.change,
            "source": one.edit.source_line,
        }
    if one.equivalent:
        record["reason"] = (
            one.excuse.reason if one.excuse is not None else "an optimising compiler sees no change"
        )
    return record
