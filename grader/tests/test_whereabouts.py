"""Each requirement that applies leads to functions that are there, and to a handout."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from tcplab import mutants
from tcplab.coverage import has_bug, of_kit
from tcplab.kit import Kit
from tcplab.requirements import RequirementsError, load
from tcplab.whereabouts import Lesson, Whereabouts, whereabouts

KIT = Kit.find()
GROUPS = load(KIT.root / "grader" / "requirements")
FOUND = whereabouts(KIT, GROUPS)
APPLICABLE = [one for group in GROUPS for one in group.requirements if one.applies]
_DEFINITION = re.compile(r"^[a-z][^;{}()\n#]*\b(\w+)\([^;{}]*\)\n\{\n.*?^\}\n", re.M | re.S)


def sources() -> ModuleType:
    """handouts/sources.py, a hook of MkDocs in no package."""
    path = KIT.root / "handouts" / "sources.py"
    spec = importlib.util.spec_from_file_location("sources", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def function_around(text: str, excerpt: str) -> str:
    """The C function in which a piece of text stands; empty if in none."""
    at = text.index(excerpt)
    around = [one[1] for one in _DEFINITION.finditer(text) if one.start() <= at < one.end()]
    return around[0] if around else ""


def test_all_that_applies_has_functions_and_a_handout() -> None:
    labels = {one.label for one in APPLICABLE}
    assert set(FOUND.code) == set(FOUND.lessons) == labels
    assert all(FOUND.code.values())


def test_the_site_finds_the_line_of_each_function() -> None:
    line_of = sources().line_of
    for place in {place for places in FOUND.code.values() for place in places}:
        assert line_of(place.function, KIT.root / place.file), place


def test_a_mistake_is_where_a_mutant_makes_it() -> None:
    texts = {path.name: path.read_text(encoding="utf-8") for path in KIT.reference.glob("*.c")}
    known = mutants.load(KIT.root / "grader" / "mutants")
    for one in APPLICABLE:
        made_in = {
            function
            for mutant in known
            if one.kind == "bug" and has_bug(mutant, one.label)
            for function in [function_around(texts[mutant.file], mutant.find)]
        } - {""}
        named = {place.function for place in FOUND.code[one.label]}
        assert not made_in or made_in & named, f"{one.label}: it is made in {made_in}"


def test_handouts_and_sections_exist() -> None:
    for lesson in set(FOUND.lessons.values()):
        text = (KIT.root / "handouts" / "docs" / lesson.page).read_text(encoding="utf-8")
        heading = rf"^##+ {re.escape(lesson.section)}$"
        assert not lesson.section or re.search(heading, text, re.MULTILINE), lesson


def test_a_link_to_a_section() -> None:
    assert Lesson("4-sender.md").link == "4-sender.md"
    assert Lesson("4-sender.md", "The timer, and `RTO`").link == "4-sender.md#the-timer-and-rto"


def test_coverage_tells_of_both() -> None:
    row = next(row for row in of_kit(KIT).rows if row.requirement.label == "MUST-17")
    told = row.to_json()
    assert "reference/sender.c:worth_sending" in told["code"]
    assert told["taught_in"].startswith("4-sender.md")


# --- a table that is wrong ----------------------------------------------------------------------

_LIST = """\
title = "Some"
[U-1]
sections = ["9293 3.1"]
checkpoints = [4]
text = "One."
[U-2]
sections = ["9293 3.1"]
checkpoints = [5]
text = "Two."
[U-3]
sections = ["9293 3.1"]
checkpoints = [5]
text = "Three."
status = "extension"
reason = "not here"
"""


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    """A kit with three requirements and two files of the reference."""
    for part in ("labs", "skeleton"):
        (tmp_path / part).symlink_to(KIT.root / part)
    for folder in ("reference", "grader/requirements", "handouts/docs"):
        (tmp_path / folder).mkdir(parents=True)
    for one in KIT.checkpoints():
        page = tmp_path / "handouts" / "docs" / f"{one.folder}.md"
        page.write_text("# Page\n\n## Part\n\nOf U-2.\n\n## What to read\n\nU-1\n", "utf-8")
    twice = "static int twice(int x)\n{\n    return 2 * x;\n}\n"
    (tmp_path / "reference" / "sender.c").write_text(f"int one(void)\n{{\n}}\n\n{twice}", "utf-8")
    (tmp_path / "reference" / "receiver.c").write_text(twice, "utf-8")
    (tmp_path / "grader" / "requirements" / "some.toml").write_text(_LIST, "utf-8")
    return Kit(tmp_path)


def found_in(kit: Kit, lines: str) -> Whereabouts:
    folder = kit.root / "grader" / "requirements"
    (folder / "code.toml").write_text(f"[some]\n{lines}", "utf-8")
    return whereabouts(kit, load(folder))


def test_patterns_stand_for_what_has_no_line(kit: Kit) -> None:
    found = found_in(kit, 'U-1 = ["one"]\n"U-*" = ["sender.c:twice", "one"]\n')
    assert [place.function for place in found.code["U-1"]] == ["one"]
    assert [place.file for place in found.code["U-2"]] == ["reference/sender.c"] * 2
    assert "U-3" not in found.code
    assert found.lessons["U-1"] == Lesson("4-sender.md")
    assert found.lessons["U-2"] == Lesson("5-connection.md", "Part")


@pytest.mark.parametrize(
    "lines, problem",
    [
        ('U-1 = ["one"]', "U-2 has no function"),
        ('"U-*" = ["none"]', "U-1: there is no function none"),
        ('"U-*" = ["twice"]', "U-1: there is more than one function twice"),
        ('"U-*" = ["one"]\nU-3 = ["one"]', r"U-3 does not apply \(extension\)"),
        ('"U-*" = ["one"]\nU-7 = ["one"]', "'U-7' is the label of nothing"),
        ('"U-*" = ["one"]\n[other]', "there is no group other"),
        ("U-1 =", "cannot be read"),
    ],
)
def test_what_is_wrong_is_told(kit: Kit, lines: str, problem: str) -> None:
    with pytest.raises(RequirementsError, match=problem):
        found_in(kit, lines + "\n")
