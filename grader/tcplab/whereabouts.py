"""Where a requirement is taught, and where the reference meets it.

`grader/requirements/code.toml` names functions for each label that applies:

    [rules]                                              # a group
    C-SWS-1 = ["worth_sending", "timer_expired"]         # functions of the reference,
    C-ISN-1 = ["net/isn.c:isn_choose"]                   # of the code that is given,
    C-MSS-2 = ["connection.c:make_segment"]              # or one of two of the same name
    "B-*-7" = ["check_ack"]                              # of all labels without a line of their own

It is taught by the handout of the first checkpoint in which it can be seen, in the section that
names its label, if there is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from tcplab.kit import Kit
from tcplab.requirements import CODE, Group, Requirement, RequirementsError

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

_DEFINITION = re.compile(r"^[a-z][^;{}()\n#]*\b(\w+)\([^;{}]*\)\n\{$", re.MULTILINE)
_HEADING = re.compile(r"^#{2,3} (.+)$", re.MULTILINE)
_SOURCES = "What to read"  # the section of a handout that only names things
_CASES = re.compile(r"<!-- cases:\d -->.*?<!-- /cases -->", re.DOTALL)  # a table that says nothing


@dataclass(frozen=True)
class Place:
    """A function."""

    file: str  # as seen from the kit's folder
    function: str


@dataclass(frozen=True)
class Lesson:
    """A part of a handout; without a section, all of it."""

    page: str  # "4-sender.md"
    section: str = ""

    @property
    def link(self) -> str:
        """Where it is, as seen from the other handouts."""
        anchor = re.sub(r"[^\w\- ]", "", self.section.lower()).strip().replace(" ", "-")
        return f"{self.page}#{anchor}" if anchor else self.page


@dataclass(frozen=True)
class Whereabouts:
    """Of all labels that apply."""

    code: Mapping[str, tuple[Place, ...]]
    lessons: Mapping[str, Lesson]


def whereabouts(kit: Kit, groups: Iterable[Group]) -> Whereabouts:
    """Raises RequirementsError if code.toml is not as it should be."""
    groups = list(groups)
    code = _code(kit, groups)
    texts = {
        one.number: _CASES.sub("", _text(kit.root / "handouts" / "docs" / f"{one.folder}.md"))
        for one in kit.checkpoints()
    }
    pages = {one.number: f"{one.folder}.md" for one in kit.checkpoints()}
    homes = {file: one.number for one in kit.checkpoints() for file in one.files}
    lessons = {}
    for group in groups:
        for one in filter(lambda one: one.applies, group.requirements):
            numbers = list(one.checkpoints)
            if one.kind == "monitor":  # watches everywhere, and is about one thing
                files = [Path(place.file).name for place in code[one.label]]
                numbers = [homes[file] for file in files if file in homes]
            lessons[one.label] = _lesson(one.label, numbers, texts, pages)
    return Whereabouts(code, lessons)


def _lesson(
    label: str, numbers: list[int], texts: Mapping[int, str], pages: Mapping[int, str]
) -> Lesson:
    for number in numbers:
        for named in re.finditer(rf"\b{re.escape(label)}\b", texts[number]):
            headings = _HEADING.findall(texts[number][: named.start()])
            if headings and headings[-1] != _SOURCES:
                return Lesson(pages[number], headings[-1])
    return Lesson(pages[numbers[0]])


def _code(kit: Kit, groups: list[Group]) -> dict[str, tuple[Place, ...]]:
    path = kit.root / "grader" / "requirements" / CODE
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RequirementsError(f"{CODE} cannot be read: {error}") from error
    functions = _functions(kit)
    unknown = sorted(set(tables) - {group.name for group in groups})
    if unknown:
        raise RequirementsError(f"{CODE}: there is no group {unknown[0]}")
    found: dict[str, tuple[Place, ...]] = {}
    for group in groups:
        lines: dict[str, list[str]] = tables.get(group.name, {})
        for label, names in _names(lines, group.requirements):
            found[label] = tuple(_place(label, name, functions) for name in names)
    return found


def _names(
    lines: Mapping[str, list[str]], requirements: Iterable[Requirement]
) -> Iterator[tuple[str, list[str]]]:
    """The names for each label that applies."""
    unused = set(lines)
    for one in requirements:
        keys = [key for key in lines if fnmatchcase(one.label, key)]
        keys = [one.label] if one.label in lines else keys
        key = keys[0] if keys else None
        if key is not None:
            unused.discard(key)
        if one.applies and (key is None or not lines[key]):
            raise RequirementsError(f"{CODE}: {one.label} has no function")
        if one.applies and key is not None:
            yield one.label, lines[key]
        elif key == one.label:
            raise RequirementsError(f"{CODE}: {one.label} does not apply ({one.status})")
    if unused:
        raise RequirementsError(f"{CODE}: '{min(unused)}' is the label of nothing else")


def _functions(kit: Kit) -> dict[str, list[Place]]:
    """Every way in which a function can be called: by name, and with its file."""
    found: dict[str, list[Place]] = {}
    files = sorted(kit.reference.glob("*.c")) + sorted(kit.given.rglob("*.c"))
    for path in files:
        file = path.relative_to(kit.root).as_posix()
        for function in _DEFINITION.findall(_text(path)):
            place = Place(file, function)
            if path.parent == kit.reference:
                keys = [function, f"{path.name}:{function}"]
            else:
                keys = [f"{path.relative_to(kit.given).as_posix()}:{function}"]
            for key in keys:
                found.setdefault(key, []).append(place)
    return found


def _place(label: str, name: str, functions: Mapping[str, list[Place]]) -> Place:
    places = functions.get(name, [])
    if len(places) != 1:
        how_many = "no function" if not places else "more than one function"
        raise RequirementsError(f"{CODE}: {label}: there is {how_many} {name}")
    return places[0]


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
