"""Coverage as a page of the handouts: each label, what it says, where it is taught, where the
kit's own code meets it, and the cases that check it."""

from __future__ import annotations

from collections.abc import Sequence

from tcplab.coverage import Coverage, Covered, GroupCoverage
from tcplab.report.coverage_terminal import section_words
from tcplab.whereabouts import Lesson, Place

_TOP = """\
# Requirements

Everything that the grader holds a TCP to: {applicable} requirements, for each the handout that
teaches it, the functions of the reference that meet it (of a mistake: those in which it would be
made), and the cases that check it. Another {others} are listed that belong to extensions, or that
have nothing to say about the six checkpoints, with the reason. What the labels mean stands in
[How the kit works](how-the-kit-works.md#the-labels). The sentences are the kit's own; the
documents named with them are what counts, RFC 9293 where there is only a number.

This page is made by `python3 handouts/fill_requirements.py` from the lists in
[`grader/requirements/`](../../grader/requirements), from the cases and the handouts.
`./tcplab coverage` says the same on a terminal, and fails when anything is missing;
`./tcplab coverage --label MUST-40` tells all about one label, the mutants too.

"""
_HEAD = "| label | what it says | page | code | checked by |\n" "|---|---|---|---|---|\n"
_MANY = 6  # cases of one family are not all worth reading


def page(coverage: Coverage) -> str:
    """The whole page, as Markdown."""
    labels = sum(len(group.rows) for group in coverage.groups)
    applicable = sum(group.applicable for group in coverage.groups)
    top = _TOP.format(applicable=applicable, others=labels - applicable)
    return top + "\n".join(_section(group) for group in coverage.groups)


def _section(group: GroupCoverage) -> str:
    rows = (
        f"| {_cell(row.requirement.label)} | {_cell(_says(row))} | {_lesson(row.lesson)}"
        f" | {_places(row.code)} | {_checked_by(row)} |\n"
        for row in group.rows
    )
    return f"## {group.title}\n\n{_HEAD}{''.join(rows)}"


def _sections(row: Covered) -> str:
    words = [section_words(word) for word in row.requirement.sections]
    return "; ".join(word.replace("RFC 9293, ", "") for word in words)


def _says(row: Covered) -> str:
    seen = row.requirement.seen
    text = f"{row.requirement.text} ({_sections(row)})"
    return text + (f" Seen in {', '.join(seen)}." if seen else "")


def _lesson(lesson: Lesson | None) -> str:
    """`4 The sender` is too long for a column of a table: the number says it."""
    if lesson is None:
        return ""
    words = f"{lesson.page[0]}, {lesson.section}" if lesson.section else lesson.page[0]
    return f"[{words}]({lesson.link})"


def _places(places: Sequence[Place]) -> str:
    """Links that the site leads to the line (handouts/sources.py)."""
    return ", ".join(f"[`{place.function}`](../../{place.file})" for place in places)


def _checked_by(row: Covered) -> str:
    one = row.requirement
    if not one.applies:
        return _cell(f"{one.status}: {one.reason}")
    if one.kind == "monitor":
        return f"every case with packets; alone it has found {_code(row.mutants)}"
    parts = [_code(row.cases)] if row.cases else []
    if row.alternatives:
        parts.append(f"alternatives {_code(row.alternatives)}")
    return "; ".join(parts)


def _code(names: Sequence[str]) -> str:
    """Names, those of one beginning put together where there are many: `old-data-in-…` (8)."""
    if len(names) > _MANY:
        families: dict[str, list[str]] = {}
        for name in names:
            families.setdefault(name.rpartition("-in-")[0] or name, []).append(name)
        words = [
            f"`{stem}-in-…` ({len(members)})" if len(members) > 1 else f"`{members[0]}`"
            for stem, members in families.items()
        ]
        return ", ".join(words)
    return ", ".join(f"`{name}`" for name in names)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
