"""Coverage: which requirement is checked by what.

A demand is covered by a case that names its label. A bug is covered if, besides, a mutant has that
bug (its `bug` begins with the label) and such a case kills it, unless it is one that only given
code could have. A leniency is covered by a case that names it, or by an alternative solution that
makes use of it. A monitor watches over every case with packets; it is covered if it is in the list
of monitors, and has been seen to find what nothing else finds: its `speaks` name a mutant and a
case.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tcplab import mutants
from tcplab.case import Case, discover
from tcplab.errors import InfrastructureError
from tcplab.kit import Kit
from tcplab.mutants import Mutant
from tcplab.requirements import Group, Requirement, is_section, load
from tcplab.whereabouts import Lesson, Place, Whereabouts, whereabouts

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib


@dataclass(frozen=True)
class Alternative:
    """A correct solution that differs from the reference, and the leniencies that it needs."""

    name: str
    allowed_by: tuple[str, ...]


@dataclass(frozen=True)
class Covered:
    """One requirement, and what checks it."""

    requirement: Requirement
    cases: tuple[str, ...]  # ids, in the order of the checkpoints
    mutants: tuple[str, ...]  # which these cases, or this monitor, kill
    alternatives: tuple[str, ...]
    gap: str  # why it does not count as covered; empty if it does
    code: tuple[Place, ...] = ()  # where the kit's own code meets it
    lesson: Lesson | None = None  # where it is taught

    @property
    def is_covered(self) -> bool:
        return self.requirement.applies and not self.gap

    def to_json(self) -> dict[str, Any]:
        one = self.requirement
        return {
            "label": one.label,
            "kind": one.kind,
            "sections": list(one.sections),
            "checkpoints": list(one.checkpoints),
            "text": one.text,
            "status": one.status,
            "reason": one.reason,
            "seen": list(one.seen),
            "given": one.given,
            "monitor": one.monitor,
            "covered": self.is_covered,
            "gap": self.gap,
            "cases": list(self.cases),
            "mutants": list(self.mutants),
            "alternatives": list(self.alternatives),
            "code": [f"{place.file}:{place.function}" for place in self.code],
            "taught_in": self.lesson.link if self.lesson else "",
        }


@dataclass(frozen=True)
class GroupCoverage:
    """A group of requirements."""

    name: str
    title: str
    rows: tuple[Covered, ...]

    @property
    def applicable(self) -> int:
        return sum(row.requirement.applies for row in self.rows)

    @property
    def covered(self) -> int:
        return sum(row.is_covered for row in self.rows)

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "title": self.title,
            "labels": len(self.rows),
            "applicable": self.applicable,
            "covered": self.covered,
            "requirements": [row.to_json() for row in self.rows],
        }


@dataclass(frozen=True)
class Coverage:
    """All of it. `problems` are about cases: one line each."""

    groups: tuple[GroupCoverage, ...]
    problems: tuple[str, ...]

    @property
    def rows(self) -> Iterator[Covered]:
        return (row for group in self.groups for row in group.rows)

    @property
    def gaps(self) -> list[Covered]:
        """What applies and is not covered."""
        return [row for row in self.rows if row.gap]

    @property
    def is_complete(self) -> bool:
        return not self.problems and not self.gaps

    def to_json(self) -> dict[str, Any]:
        """`version`, `complete`, three counts (`labels`, `applicable`, `covered`), `problems` (a
        list of lines), and `groups`: each with `name`, `title`, the same counts, and its
        `requirements`. A requirement has `label`, `kind` (demand, bug, leniency or monitor),
        `sections`, `checkpoints`, `text`, `status` (applies, extension or not applicable),
        `reason`, `seen`, `given`, `monitor`, `covered`, `gap` (why not), `cases`, `mutants`,
        `alternatives`, `code` (file:function, of the reference or of what is given), `taught_in`
        (a handout)."""
        return {
            "version": 1,
            "complete": self.is_complete,
            "labels": sum(len(group.rows) for group in self.groups),
            "applicable": sum(group.applicable for group in self.groups),
            "covered": sum(group.covered for group in self.groups),
            "problems": list(self.problems),
            "groups": [group.to_json() for group in self.groups],
        }


@dataclass(frozen=True)
class Evidence:
    """What there is to cover requirements with."""

    cases: Sequence[Case]
    mutants: Sequence[Mutant] = ()
    alternatives: Sequence[Alternative] = ()
    monitors: Collection[str] = ()  # their labels
    whereabouts: Whereabouts = Whereabouts({}, {})


def of_kit(kit: Kit) -> Coverage:
    """The coverage of the kit as it is. Raises InfrastructureError if a list cannot be read."""
    from tcplab.monitors import MONITORS

    folder = kit.root / "grader"
    groups = load(folder / "requirements")
    try:
        evidence = Evidence(
            cases=discover(kit.checkpoints()),
            mutants=mutants.load(folder / "mutants"),
            alternatives=load_alternatives(folder / "alternatives" / "alternatives.toml"),
            monitors={one.id for one in MONITORS},
            whereabouts=whereabouts(kit, groups),
        )
    except ValueError as error:
        raise InfrastructureError(str(error)) from error
    return measure(groups, evidence)


def load_alternatives(path: Path) -> list[Alternative]:
    """The alternatives in a file; none if there is no such file. Raises ValueError."""
    if not path.exists():
        return []
    rows = tomllib.loads(path.read_text(encoding="utf-8")).get("alternative", [])
    try:
        return [Alternative(row["name"], tuple(row.get("allowed_by", ()))) for row in rows]
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path.name}: an alternative without {error}") from error


def measure(groups: Iterable[Group], evidence: Evidence) -> Coverage:
    """Compares the list with what there is."""
    groups = list(groups)
    known = {one.label: one for group in groups for one in group.requirements}
    covered = tuple(
        GroupCoverage(
            group.name, group.title, tuple(_cover(one, evidence) for one in group.requirements)
        )
        for group in groups
    )
    problems = [line for case in evidence.cases for line in _problems_of_case(case, known)]
    for alternative in evidence.alternatives:
        problems += [
            f"alternative {alternative.name}: {label} is not in the list of requirements"
            for label in alternative.allowed_by
            if label not in known and not is_section(label)
        ]
    return Coverage(covered, tuple(problems))


def labels_of(case: Case) -> list[str]:
    """What a case names besides sections."""
    return [word for word in case.rfc if not is_section(word)]


def has_bug(mutant: Mutant, label: str) -> bool:
    """Does the mutant say that it has this bug?"""
    return re.search(rf"\b{re.escape(label)}\b", mutant.bug.split(": ")[0]) is not None


def _problems_of_case(case: Case, known: Mapping[str, Requirement]) -> Iterator[str]:
    labels = labels_of(case)
    if not labels:
        yield f"{case.id} names no label"
    if not case.kills:
        yield f"{case.id} names no mutant"
    for label in labels:
        if label not in known:
            yield f"{case.id}: '{label}' is neither a section nor in the list of requirements"
        elif not known[label].applies:
            yield f"{case.id}: {label} does not apply ({known[label].status})"


def _cover(one: Requirement, evidence: Evidence) -> Covered:
    cases = [case for case in evidence.cases if one.label in case.rfc]
    killed = list(dict.fromkeys(name for case in cases for name in case.kills))
    using = [also.name for also in evidence.alternatives if one.label in also.allowed_by]
    gap = "" if cases else "no case names it"
    if one.kind == "bug" and cases and not one.given:
        ids = {case.id for case in cases}
        having = [mutant for mutant in evidence.mutants if has_bug(mutant, one.label)]
        killed = [mutant.name for mutant in having if ids & set(mutant.killed_by)]
        gap = "" if killed else "no mutant that has this bug is killed by a case that names it"
    elif one.kind == "leniency" and using:
        gap = ""
    elif one.kind == "monitor":
        killed = list(dict.fromkeys(mutant for mutant, _ in one.speaks))
        gap = _gap_of_monitor(one, evidence)
    return Covered(
        one,
        tuple(case.id for case in cases),
        tuple(killed),
        tuple(using),
        gap if one.applies else "",
        evidence.whereabouts.code.get(one.label, ()),
        evidence.whereabouts.lessons.get(one.label),
    )


def _gap_of_monitor(one: Requirement, evidence: Evidence) -> str:
    if one.label not in evidence.monitors:
        return "there is no such monitor"
    if not one.speaks:
        return "nobody has seen this monitor find anything"
    mutants_known = {mutant.name for mutant in evidence.mutants}
    cases_known = {case.id for case in evidence.cases}
    for mutant, case in one.speaks:
        if mutant not in mutants_known or case not in cases_known:
            return f"it is said to speak on {mutant} in {case}, which do not both exist"
    return ""
