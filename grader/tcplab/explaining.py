"""What there is to say about a case, before anything went wrong in it."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tcplab import mutants, requirements
from tcplab.case import Case
from tcplab.kit import Kit
from tcplab.result import Outcome
from tcplab.rfc_titles import title_of


@dataclass(frozen=True)
class Source:
    """Where a case is written: `file` is relative to the kit, `line` counts from 1. If one function
    is several cases, `row` is what is particular to this one."""

    file: str
    line: int
    text: str
    row: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Label:
    """A requirement that a case names. `kind` is demand, bug, leniency or monitor."""

    name: str  # "U-4"
    kind: str
    text: str


@dataclass(frozen=True)
class Explanation:
    """A case, with all that belongs to it, and how it goes on the reference."""

    case: Case
    sections: tuple[tuple[str, str], ...]  # "9293 3.4", and what it is called
    labels: tuple[Label, ...]
    catches: tuple[str, ...]  # mutants that it kills: what is wrong with each, a sentence
    files: tuple[str, ...]  # that it is about
    needs: tuple[str, ...]  # in words, and ids of cases: if that fails, it has nothing to say
    source: Source
    outcome: Outcome  # with its story


def explain(kit: Kit, case: Case, outcome: Outcome) -> Explanation:
    """Puts together what the kit says about a case that was run on the reference."""
    groups = requirements.load(kit.root / "grader" / "requirements")
    known = {one.label: one for group in groups for one in group.requirements}
    sections = [word for word in case.rfc if requirements.is_section(word)]
    labels = [known[word] for word in case.rfc if word in known]
    [checkpoint] = [one for one in kit.checkpoints() if one.number == case.checkpoint]
    return Explanation(
        case=case,
        sections=tuple((word, title_of(word)) for word in sections),
        labels=tuple(Label(one.label, one.kind, one.text) for one in labels),
        catches=bugs(case.kills, mutants.load(kit.root / "grader" / "mutants")),
        files=checkpoint.files,
        needs=(outcome.story.grounds if outcome.story is not None else ()) + case.builds_on,
        source=source_of(case, kit.root),
        outcome=outcome,
    )


def bugs(names: Iterable[str], known: Iterable[mutants.Mutant]) -> tuple[str, ...]:
    """What is wrong with these mutants: a sentence each, without the labels before it."""
    by_name = {one.name: one for one in known}
    return tuple(by_name[name].mistake for name in names if name in by_name)


def source_of(case: Case, root: Path) -> Source:
    """The function that the case is, with its description."""
    lines, first = inspect.getsourcelines(case.function)
    file = Path(inspect.getfile(case.function)).resolve().relative_to(root.resolve())
    row = tuple((name, str(value)) for name, value in case.row.items())
    return Source(str(file), first, textwrap.dedent("".join(lines)), row)
