"""The RFC 793 walkthrough names only what there is; its code is the kit's, and its round-trip times
follow the rules. That its commands do what it says is seen in test_blocks.py."""

from __future__ import annotations

import importlib.util
import re
import shlex
from functools import cache
from pathlib import Path
from types import ModuleType

import click
import pytest

from tcplab.case import discover
from tcplab.cli import commands
from tcplab.kit import COMPONENT_FILES, Kit
from tcplab.runner import Plan, grade

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "handouts" / "docs"
PAGES = sorted((DOCS / "walkthrough").glob("*.md"))

_FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")
_CASE = re.compile(
    r"`((?:seqno|byte_stream|reassembler|receiver|sender|segment|connection)\.[^`]+)`"
)
_COMPONENT_FILES = re.compile(r"\w+\.[ch]")
_MEMBER = re.compile(r"(\w+)\.(\w+)")
_CODE = re.compile(
    r"^<!-- code:(\S+) (\w+) -->\n+```c\n(.*?)^```\n+<!-- /code -->$", re.DOTALL | re.MULTILINE
)
_FUNCTION = re.compile(
    r"^(?!static)\w[\w *]*?\b(\w+)\([^;{}]*\)\n\{\n(.*?)^\}\n", re.DOTALL | re.MULTILINE
)
_SAMPLE = re.compile(r"^\| *(\d+)((?: *\| *[\d.]+){6}) *\|$", re.MULTILINE)


def name_of(value: object) -> str | None:
    """How a parametrised test is called."""
    return value.stem if isinstance(value, Path) else None


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def prose_of(page: Path) -> str:
    return _FENCE.sub("", text_of(page))


@cache
def case_ids() -> frozenset[str]:
    return frozenset(one.id for one in discover(Kit(ROOT).checkpoints()))


@cache
def sources() -> ModuleType:
    """handouts/sources.py, a hook of MkDocs in no package."""
    spec = importlib.util.spec_from_file_location("sources", ROOT / "handouts" / "sources.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def anchors_of(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", prose_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).strip().replace(" ", "-") for one in headings}


def has_member(source: Path, struct: str, member: str) -> bool:
    """Has the struct that is defined in the file a member of this name?"""
    body = re.search(rf"^struct {struct} \{{$(.*?)^\}}", text_of(source), re.DOTALL | re.MULTILINE)
    if body is None:
        return False
    code = re.sub(r"/\*.*?\*/", "", body[1], flags=re.DOTALL)
    return re.search(rf"\b{member}(?:\[\w+\])?;", code) is not None


def command_lines(page: Path) -> list[list[str]]:
    """The words behind ./tcplab of each command in the page's code blocks."""
    blocks = [body for language, body in _FENCE.findall(text_of(page)) if language == "sh"]
    lines = [line for body in blocks for line in body.replace("\\\n", "").splitlines()]
    return [shlex.split(one, comments=True)[1:] for one in lines if one.startswith("./tcplab")]


def test_each_page_is_on_the_site() -> None:
    settings = text_of(ROOT / "handouts" / "mkdocs.yml")
    listed = re.findall(r": walkthrough/([\w.-]+\.md)$", settings, re.MULTILINE)
    assert sorted(listed) == [page.name for page in PAGES]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_cases_exist(page: Path) -> None:
    named = {one for one in _CASE.findall(prose_of(page)) if not _COMPONENT_FILES.fullmatch(one)}
    assert named and named <= case_ids(), named - case_ids()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_to_files_headings_and_functions(page: Path) -> None:
    functions = 0
    for words, link in _LINK.findall(prose_of(page)):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists() and target.is_relative_to(ROOT), link
        assert not anchor or anchor in anchors_of(target), link
        name = words.strip("`")
        member = _MEMBER.fullmatch(name)
        if member is not None and target.suffix in (".c", ".h") and name != target.name:
            assert has_member(target, *member.groups()), f"{name} is not in {path}"
        elif target.suffix == ".c":
            assert sources().line_of(name, target), f"{name} is not in {path}"
            functions += 1
    assert functions


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_would_be_understood(page: Path) -> None:
    lines = command_lines(page)
    assert lines
    for name, *arguments in lines:
        command = commands.get_command(click.Context(commands), name)
        assert command is not None, name
        command.make_context(name, list(arguments))  # which eats the list
        if name in ("trace", "explain", "debug"):
            assert arguments[0] in case_ids(), arguments


def code_blocks() -> list[tuple[str, str, str]]:
    """File, function, and the text that a page shows of it."""
    return [one for page in PAGES for one in _CODE.findall(text_of(page))]


@pytest.mark.parametrize(
    "file, name, shown", code_blocks(), ids=[name for _, name, _ in code_blocks()]
)
def test_code_stands_in_the_kit(file: str, name: str, shown: str) -> None:
    assert f"{name}(" in shown
    assert shown in text_of(ROOT / file)


def solved_only(names: set[str], folder: Path) -> None:
    """The skeleton with these functions as in the reference, and what a `_new` has made freed."""
    names = names | {name.removesuffix("_new") + "_free" for name in names}
    for name in COMPONENT_FILES:
        empty = {
            found[1]: found[2] for found in _FUNCTION.finditer(text_of(ROOT / "skeleton" / name))
        }

        def as_far(found: re.Match[str]) -> str:
            body = found[2] if found[1] in names else empty.get(found[1], found[2])
            return found[0].replace("\n{\n" + found[2], "\n{\n" + body)

        (folder / name).write_text(_FUNCTION.sub(as_far, text_of(ROOT / "reference" / name)))


@pytest.mark.parametrize("leave_out", ["", "byte_stream_new", "tcp_receiver_rcv_nxt"])
def test_the_first_station_names_all_that_its_cases_take(leave_out: str, tmp_path: Path) -> None:
    station = text_of(DOCS / "walkthrough" / "road.md").split("\n## ")[1]
    solved_only(set(re.findall(r"\[`(\w+)`\]", station)) - {leave_out}, tmp_path)
    outcomes = [
        case.outcome
        for identity in _CASE.findall(station.partition("**Cases:**")[2])
        for part in grade(Plan(str(tmp_path), case=identity, mode="stack")).checkpoints
        for case in part.cases
    ]
    assert len(outcomes) >= 5
    if leave_out:
        assert any("still to be written" in one.message for one in outcomes)
    else:
        assert {one.status for one in outcomes} == {"passed"}


def test_round_trip_times_follow_the_rules() -> None:
    rows = _SAMPLE.findall(text_of(DOCS / "walkthrough" / "communication.md"))
    assert len(rows) == 10
    old = srtt = rttvar = 0.0
    for index, (sample, rest) in enumerate(rows):
        r = float(sample)
        if index == 0:  # RFC 6298, 2.2
            old, srtt, rttvar = r, r, r / 2
        else:  # RFC 793, 3.7; RFC 6298, 2.3
            old = 0.9 * old + 0.1 * r
            rttvar = 0.75 * rttvar + 0.25 * abs(srtt - r)
            srtt = 0.875 * srtt + 0.125 * r
        shown = [float(one) for one in rest.split("|")[1:]]
        figures = [old, 1.3 * old, 2 * old, srtt, rttvar, srtt + 4 * rttvar]
        assert shown == pytest.approx(figures, abs=0.051), index
