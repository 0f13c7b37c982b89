"""Coverage as a page of the handouts: each label, what it says, and the cases that check it."""

from __future__ import annotations

from collections.abc import Sequence

from tcplab.coverage import Coverage, Covered, GroupCoverage
from tcplab.report.coverage_terminal import section_words

_TOP = """\
# Requirements

Everything that the grader holds a TCP to: {applicable} requirements, and the cases that check each
of them. Another {others} are listed that belong to extensions, or that have nothing to say about
the six checkpoints, with the reason. What the labels mean stands in
[How the kit works](how-the-kit-works.md#the-labels). The sentences are the kit's own; the
documents named with them are what counts.

This page is made by `python3 handouts/fill_requirements.py` from the lists in
[`grader/requirements/`](../../grader/requirements) and from the cases.
`./tcplab coverage` says the same on a terminal, and fails when anything is missing;
`./tcplab coverage --label MUST-40` tells all about one label, the mutants too.

"""
_HEAD = "| label | from | what it says | checked by |\n|---|---|---|---|\n"
_MANY = 6  # cases of one family are not all worth reading


def page(coverage: Coverage) -> str:
    """The whole page, as Markdown."""
    labels = sum(len(group.rows) for group in coverage.groups)
    applicable = sum(group.applicable for group in coverage.groups)
    top = _TOP.format(applicable=applicable, others=labels - applicable)
    return top + "\n".join(_section(group) for group in coverage.groups)


def _section(group: GroupCoverage) -> str:
    rows = (
        f"| {_cell(row.requirement.label)} | {_cell(_sections(row))} | {_cell(_says(row))}"
        f" | {_checked_by(row)} |\n"
        for row in group.rows
    )
    return f"## {group.title}\n\n{_HEAD}{''.join(rows)}"


def _sections(row: Covered) -> str:
    words = [section_words(word) for word in row.requirement.sections]
    return "; ".join(word.replace("RFC 9293, ", "") for word in words)


def _says(row: Covered) -> str:
    seen = row.requirement.seen
    return row.requirement.text + (f" Seen in {', '.join(seen)}." if seen else "")


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
