"""The list of requirements: every label, what it says in our words, and whether it applies.

`grader/requirements/*.toml`, one file for each group. A label is a table:

    [MUST-40]
    sections = ["9293 3.8.6.3"]     # where it comes from: RFC and section, or a header of the kit
    checkpoints = [3, 5]            # where it can be seen, earliest first
    text = "A delayed acknowledgment waits for less than half a second."

and, where it is so, `status` ("extension" or "not applicable") with a `reason`; `seen`, for the
mistakes of real stacks, where they were, and `given`, where such a mistake can only be made in
given code, so that no mutant can have it; `monitor`, the class that watches for it, and `speaks`,
pairs of a mutant and a case in which that monitor, and nothing else, finds something.

What arrives in which state is a regular table, so segment-arrives.toml holds `row`s instead: each
stands for a label in each of its states (see there).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tcplab.errors import InfrastructureError

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

CODE = "code.toml"  # which functions meet them, and no group: whereabouts.py
APPLIES = "applies"
STATUSES = (APPLIES, "extension", "not applicable")

_ORDER = (  # of the groups; others follow by name
    "rfc9293",
    "unlabelled",
    "acceptability",
    "opening-states",
    "segment-arrives",
    "scenarios",
    "rules",
    "bugs",
    "leniencies",
    "monitors",
    "contracts",
)
_LABEL = re.compile(r"^[A-Z0-9]+(-[A-Z0-9]+)*-[0-9]+$")
_SECTION = re.compile(r"^[0-9]{4} ([0-9]+(\.[0-9]+)*|App\. [A-Z])$")
_HEADER = re.compile(r"^[a-z_]+\.h$")
_KINDS = {  # the first word of a label, and what it is
    "MUST": "demand",
    "SHLD": "demand",
    "MAY": "demand",
    "REC": "demand",
    "U": "demand",
    "MON": "monitor",
    "B": "demand",
    "C": "demand",
    "K": "demand",
    "D": "bug",
    "E": "leniency",
}


class RequirementsError(InfrastructureError):
    """The list is not as it should be: one line says where."""


@dataclass(frozen=True)
class Requirement:
    """One label."""

    label: str
    sections: tuple[str, ...]  # "9293 3.8.6.3"
    checkpoints: tuple[int, ...]  # earliest first
    text: str  # one sentence
    status: str = APPLIES
    reason: str = ""  # why it does not apply
    seen: tuple[str, ...] = ()  # a bug: where it really was
    given: str = ""  # a bug: the given code that alone could have it
    monitor: str = ""  # the class that watches for it
    speaks: tuple[tuple[str, str], ...] = ()  # (mutant, case) that this monitor alone decides

    @property
    def applies(self) -> bool:
        return self.status == APPLIES

    @property
    def kind(self) -> str:
        """demand, bug, leniency or monitor."""
        return _KINDS[self.label.split("-")[0]]


@dataclass(frozen=True)
class Group:
    """The labels of one file, in its order."""

    name: str
    title: str
    requirements: tuple[Requirement, ...]


def is_section(word: str) -> bool:
    """Is this a section of an RFC, such as `9293 3.10.7.4`, and not a label?"""
    return _SECTION.match(word) is not None


def load(folder: Path) -> list[Group]:
    """All groups. Raises RequirementsError."""
    paths = [path for path in folder.glob("*.toml") if path.name != CODE]
    groups = [_group(path) for path in sorted(paths, key=_place)]
    if not groups:
        raise RequirementsError(f"{folder} has no list of requirements: is the kit complete?")
    home: dict[str, str] = {}
    for group in groups:
        for one in group.requirements:
            if one.label in home:
                raise RequirementsError(
                    f"{group.name}.toml: {one.label} stands in {home[one.label]}.toml already"
                )
            home[one.label] = group.name
    return groups


def _place(path: Path) -> tuple[int, str]:
    known = path.stem in _ORDER
    return (_ORDER.index(path.stem) if known else len(_ORDER)), path.stem


def _group(path: Path) -> Group:
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RequirementsError(f"{path.name} cannot be read: {error}") from error
    title = tables.pop("title", None)
    if not isinstance(title, str):
        raise RequirementsError(f"{path.name}: has no title")
    found = list(_rows(path, tables) if "row" in tables else _labels(path, tables))
    return Group(path.stem, title, tuple(found))


def _labels(path: Path, tables: dict[str, Any]) -> Iterator[Requirement]:
    for label, fields in tables.items():
        yield _requirement(path, label, fields)


def _rows(path: Path, tables: dict[str, Any]) -> Iterator[Requirement]:
    """One requirement for each state of each row, state by state."""
    try:
        states: dict[str, str] = tables["states"]
        for state, name in states.items():
            for number, row in tables["row"].items():
                if state not in row["in"]:
                    continue
                text = row.get("differs", {}).get(state, row["text"])
                fields = {
                    "sections": row.get("sections", tables["sections"]),
                    "checkpoints": tables["checkpoints"],
                    "text": f"{name}: {text}",
                }
                yield _requirement(path, f"{tables['prefix']}-{state}-{number}", fields)
        for number, row in tables["row"].items():
            unknown = (set(row["in"]) - set(states)) | (
                set(row.get("differs", {})) - set(row["in"])
            )
            if unknown:
                raise RequirementsError(f"{path.name}: row {number}: no state {min(unknown)}")
    except (KeyError, TypeError, AttributeError) as error:
        raise RequirementsError(f"{path.name}: the table of rows is incomplete: {error}") from error


def _requirement(path: Path, label: str, fields: dict[str, Any]) -> Requirement:
    try:
        lists = {name: tuple(fields.get(name, ())) for name in ("sections", "checkpoints", "seen")}
        pairs = tuple((mutant, case) for mutant, case in fields.get("speaks", ()))
        values: dict[str, Any] = {**fields, **lists, "label": label, "speaks": pairs}
        one = Requirement(**values)
        problem = _problem(one)
    except (TypeError, ValueError, AttributeError) as error:
        raise RequirementsError(f"{path.name}: {label}: {error}") from error
    if problem:
        raise RequirementsError(f"{path.name}: {label}: {problem}")
    return one


def _problem(one: Requirement) -> str:
    """What is wrong with a requirement, in words; empty if nothing is."""
    if not _LABEL.match(one.label) or one.label.split("-")[0] not in _KINDS:
        return "this is no label"
    for section in one.sections:
        if not is_section(section) and not _HEADER.match(section):
            return f"'{section}' is neither a section such as '9293 3.4' nor a header"
    if not one.sections or not one.checkpoints:
        return "needs a section and a checkpoint"
    if list(one.checkpoints) != sorted(set(one.checkpoints) & set(range(6))):
        return "checkpoints are numbers from 0 to 5, earliest first"
    if not one.text.endswith(".") or "\n" in one.text or len(one.text) > 250:
        return "the text has to be one sentence of at most 250 characters, ending in a full stop"
    if one.status not in STATUSES:
        return f"the status '{one.status}' is none of {', '.join(STATUSES)}"
    if one.applies == bool(one.reason):
        return "a reason belongs to what does not apply, and to nothing else"
    if bool(one.monitor) != (one.kind == "monitor"):
        return "monitors belong to labels MON-…"
    return ""
