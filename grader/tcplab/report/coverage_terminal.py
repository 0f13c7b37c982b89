"""Coverage for a person: a line for each group, what is missing, and single labels in full."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from tcplab.coverage import Coverage, Covered, GroupCoverage

_WIDTH = 96


def print_coverage(coverage: Coverage, console: Console) -> None:
    """The table, and below it everything that keeps the coverage from being complete."""
    width = max(len(group.title) for group in coverage.groups)
    console.print(f" {'':<{width}}  labels  applicable  covered", highlight=False)
    for group in coverage.groups:
        _print_line(group.title, width, _counts(group), console)
    total = [sum(counts) for counts in zip(*map(_counts, coverage.groups))]
    _print_line("all", width, total, console)
    gaps = [f"{row.requirement.label}: {row.gap}" for row in coverage.gaps]
    for heading, lines in (("not covered", gaps), ("cases", coverage.problems)):
        if lines:
            console.print(f"\n[red]{heading}[/red]", highlight=False)
        for line in lines:
            _print(f"  {line}", console)


def print_labels(rows: Sequence[Covered], console: Console) -> None:
    """Everything about some labels."""
    for at, row in enumerate(rows):
        if at:
            console.print()
        _print_label(row, console)


def _counts(group: GroupCoverage) -> tuple[int, int, int]:
    return len(group.rows), group.applicable, group.covered


def _print_line(title: str, width: int, counts: Sequence[int], console: Console) -> None:
    labels, applicable, covered = counts
    style = "green" if covered == applicable else "red"
    line = Text.assemble(
        f" {title:<{width}}  {labels:>6}  {applicable:>10}  ", (f"{covered:>7}", style)
    )
    console.print(line, highlight=False, soft_wrap=True)


def _print_label(row: Covered, console: Console) -> None:
    one = row.requirement
    state = "covered" if row.is_covered else (row.gap or one.status)
    style = "green" if row.is_covered else ("red" if row.gap else "yellow")
    console.print(Text.assemble((one.label, "bold"), "  ", (state, style)), soft_wrap=True)
    _print(f"  {one.text}", console)
    _print_list("sections", [section_words(word) for word in one.sections], console)
    _print_list("checkpoints", [str(number) for number in one.checkpoints], console)
    _print_list("because", [one.reason] if one.reason else [], console)
    _print_list("seen in", one.seen, console)
    _print_list("given code", [one.given] if one.given else [], console)
    _print_list("monitor", [f"{one.monitor}, over every case"] if one.monitor else [], console)
    _print_list("cases", row.cases, console)
    _print_list("mutants", row.mutants, console)
    _print_list("alternatives", row.alternatives, console)
    _print_list("code", [f"{place.file}:{place.function}" for place in row.code], console)
    _print_list("taught in", [row.lesson.link] if row.lesson else [], console)


def section_words(section: str) -> str:
    """`9293 3.4` as people write it."""
    document, _, place = section.partition(" ")
    return f"RFC {document}, {place}" if place else document


def _print_list(name: str, words: Sequence[str], console: Console) -> None:
    if not words:
        return
    joined = "; " if name in ("sections", "seen in", "because") else ", "
    first, rest = f"  {name:<13}", " " * 15
    text = joined.join(words)
    lines = textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_on_hyphens=False,
        break_long_words=False,
    )
    for line in lines:
        _print(line, console)


def _print(line: str, console: Console) -> None:
    console.print(line, highlight=False, markup=False, soft_wrap=True)
