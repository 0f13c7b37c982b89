"""The pages for teachers and for trouble, and CONTRIBUTING.md: what they quote, add up and run."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tcplab.kit import COMPONENT_FILES, Kit

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "handouts" / "docs"
FAQ = (DOCS / "faq.md").read_text(encoding="utf-8")
INSTRUCTORS = (DOCS / "instructors.md").read_text(encoding="utf-8")
CHECKPOINTS = Kit(ROOT).checkpoints()

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_MARK = re.compile(r"<!--.*?-->", re.DOTALL)
_QUOTED = re.compile(r'"((?:[^"\\\n]|\\.)*)"|\'((?:[^\'\\\n]|\\.)*)\'')
_FILLED_IN = re.compile(r"\$\{[^}]*\}|\$\w+|%-?\d*\w|\\n")  # in the shell, and by printf
_MOST_PIECES = 6  # of which a message is put together


# --- the messages of the kit ---------------------------------------------------------------------


def messages() -> list[str]:
    """The lines of the page that are said to be the kit's. A block right below a command is what
    that command prints, which may be another program's."""
    found: list[str] = []
    end_of_command = 0
    for block in _FENCE.finditer(FAQ):
        if block[1] == "sh":
            end_of_command = block.end()
        elif block[1] == "text" and _MARK.sub("", FAQ[end_of_command : block.start()]).strip():
            found += block[2].splitlines()
    return found + re.findall(r"`(tcplab: [^`\n]+)`", _FENCE.sub("", FAQ))


@cache
def literals() -> frozenset[str]:
    """All texts in the grader and in the launcher, between what is filled in."""
    found: set[str] = set()
    for path in (ROOT / "grader" / "tcplab").rglob("*.py"):
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        comments = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
        for node in nodes:
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.update([node.value] if id(node) not in comments else [])
    for line in (ROOT / "tcplab").read_text(encoding="utf-8").splitlines():
        for quoted in _QUOTED.finditer(line):
            found.update(_FILLED_IN.split(quoted[1] or quoted[2] or ""))
    return frozenset(found - {""})


def is_made_of_literals(fragment: str) -> bool:
    """Can it be put together from few whole texts? What begins or ends at a `…` of the page may
    begin or end within a text."""
    starts = {end for end in range(1, len(fragment) + 1) if is_within(fragment[:end])}
    for _ in range(_MOST_PIECES):
        if len(fragment) in starts or any(is_begun(fragment[at:]) for at in starts):
            return True
        starts = {
            at + len(text) for at in starts for text in literals() if fragment.startswith(text, at)
        }
    return False


@cache
def is_within(text: str) -> bool:
    """Does some literal end with it, or contain all of it?"""
    return any(one.endswith(text) for one in literals())


@cache
def is_begun(text: str) -> bool:
    return any(one.startswith(text) for one in literals())


def is_said(message: str) -> bool:
    fragments = [one for one in message.split("…") if one.strip()]
    return all(
        any(one in text for text in literals()) or is_made_of_literals(one) for one in fragments
    )


@pytest.mark.parametrize("message", messages())
def test_the_kit_prints_what_is_quoted(message: str) -> None:
    assert is_said(message)


def test_another_message_would_be_noticed() -> None:
    assert len(messages()) >= 20
    known = "tcplab: gdb is missing: install it (Debian: apt-get install gdb)"
    assert known in messages()
    for other in ("gdb is missing; install", "gdb is not there", "gdb lacks: install"):
        assert not is_said(known.replace("gdb is missing: install", other))


# --- the plan ------------------------------------------------------------------------------------

_NUMBERS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
    " sixteen seventeen eighteen nineteen twenty"
).split()
_PLAN_ROW = re.compile(r"^\| \[(\d) [^\]]+\]\(\S+\) \| (\d+) \| (\d+)–(\d+) \|$", re.MULTILINE)
_SUM_ROW = re.compile(r"^\| all \| (\d+) \| (\d+)–(\d+) \|$", re.MULTILINE)


def in_figures(words: str) -> int:
    return _NUMBERS.index(words.lower()) if words.lower() in _NUMBERS else {"thirty": 30}[words]


def hours_of_page(number: int) -> tuple[int, int]:
    """What the checkpoint's own page says, added up."""
    text = (DOCS / f"{CHECKPOINTS[number].folder}.md").read_text(encoding="utf-8")
    section = text.partition("## What to write")[2].partition("\n## ")[0]
    (sentence,) = [line for line in section.splitlines() if re.search(r"\bhours\b", line)]
    said = re.match(
        r"(?:Reckon with )?(?:Three hours for the segment, )?(\w+) to (\w+)\b", sentence
    )
    assert said is not None, sentence
    more = 3 if "for the segment" in sentence else 0
    return in_figures(said[1]) + more, in_figures(said[2]) + more


def test_the_plan_has_the_hours_and_points_of_the_checkpoints() -> None:
    rows = [tuple(map(int, row)) for row in _PLAN_ROW.findall(INSTRUCTORS)]
    assert rows == [(one.number, one.points, *hours_of_page(one.number)) for one in CHECKPOINTS]
    total = _SUM_ROW.search(INSTRUCTORS)
    assert total is not None
    assert [int(one) for one in total.groups()] == [sum(column) for column in list(zip(*rows))[1:]]


# --- grading many --------------------------------------------------------------------------------


def scripts() -> Iterator[str]:
    return (body for kind, body in _FENCE.findall(INSTRUCTORS) if kind == "sh")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder from which the kit can be called, with four submissions."""
    (tmp_path / "tcplab").symlink_to(ROOT / "tcplab")
    submissions = tmp_path / "submissions"
    for name in ("anna", "bela b", "cleo"):
        (submissions / name).mkdir(parents=True)
        for file in COMPONENT_FILES:
            text = (ROOT / "reference" / file).read_text(encoding="utf-8")
            (submissions / name / file).write_text(text, encoding="utf-8")
    (submissions / "bela b" / "seqno.c").write_text("int x = ;\n", encoding="utf-8")
    (submissions / "cleo" / "seqno.c").unlink()
    (submissions / "dora").symlink_to(ROOT / "reference")
    return tmp_path


def test_the_loop_grades_each_and_the_table_shows_them(place: Path) -> None:
    loop, table = (one for one in scripts() if "results" in one)
    (place / "grade-all.sh").write_text(loop, encoding="utf-8")
    options = ["--checkpoint", "0", "--case", "seqno.wrap-*"]
    run = subprocess.run(
        ["sh", "grade-all.sh", *options], cwd=place, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    said = dict(line.split(": ", 1) for line in run.stdout.splitlines())
    assert list(said) == ["anna", "bela b", "cleo", "dora"]
    assert all(said[name].startswith("score ") for name in ("anna", "bela b", "cleo"))
    assert said["dora"].startswith("not graded: tcplab: submissions/dora/: this is a link")

    errors = {
        path.stem: json.loads(path.read_text(encoding="utf-8"))["checkpoints"][0]["build_error"]
        for path in (place / "results").glob("*.json")
    }
    assert errors.keys() == {"anna", "bela b", "cleo"}
    assert not errors["anna"] and "seqno.c:1" in errors["bela b"] and "missing" in errors["cleo"]

    shown = subprocess.run(["sh", "-c", table], cwd=place, capture_output=True, text=True)
    rows = [line.split(",") for line in shown.stdout.splitlines()]
    assert [row[0] for row in rows] == ["anna", "bela b", "cleo"]
    assert float(rows[0][1]) == float(rows[0][2]) > 0 == float(rows[1][1]) == float(rows[2][1])


def test_what_cannot_be_graded_leaves_no_result(place: Path) -> None:
    loop = next(one for one in scripts() if "results" in one)
    (place / "results").mkdir()
    (place / "results" / "anna.json").write_text("of an earlier time", encoding="utf-8")
    run = subprocess.run(
        ["sh", "-c", loop, "sh", "--case", "no.such-case"],
        cwd=place,
        capture_output=True,
        text=True,
    )
    assert "anna: not graded: tcplab: no case is called no.such-case" in run.stdout
    assert not list((place / "results").glob("*.json"))
