"""The handouts and the README keep up with the kit: links, names, numbers and command lines."""

from __future__ import annotations

import importlib.util
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import click
import page_shell
import pytest

from tcplab.case import discover
from tcplab.cli import commands
from tcplab.coverage import of_kit
from tcplab.handouts.pages import without_excerpts
from tcplab.kit import Kit
from tcplab.report import coverage_page

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "handouts" / "docs"
CHECKPOINTS = Kit(ROOT).checkpoints()
HANDOUTS = [DOCS / f"{one.folder}.md" for one in CHECKPOINTS]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
SECTIONS = [
    "Why this piece exists",
    "The contract",
    "A worked trace",
    "What to write",
    "How it is graded",
    "The cases",
    "Questions people ask",
    "Typical mistakes",
    "Questions for the write-up",
    "From RFC 793 to RFC 9293",
    "Going further",
]

_FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
_INLINE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_SIZE = re.compile(r"^\| `(\w+\.c)` \| (\d+) lines, (\d+) of them code \|", re.MULTILINE)
_ON_THE_WAY = re.compile(r"\d+ of (\d+)(?: cases| \|)")
_KIT_NAME = re.compile(r"\b(?:seqno|byte_stream|reassembler|tcp|stack|isn)_\w+\b(?!\.)")


def name_of(value: object) -> str | None:
    """How a parametrised test is called."""
    return value.name if isinstance(value, Path) else None


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def prose_of(page: Path) -> str:
    """The page without its code blocks."""
    return _FENCE.sub("", text_of(page))


def code_of(page: Path, languages: tuple[str, ...]) -> list[str]:
    """Pieces of code: blocks in one of the languages, and all code within the prose. Code that
    comes from files is left out: it is tested there."""
    text = without_excerpts(text_of(page))
    blocks = [body for language, body in _FENCE.findall(text) if language in languages]
    return blocks + _INLINE.findall(prose_of(page))


# --- links -------------------------------------------------------------------------------------


def anchors_of(page: Path) -> set[str]:
    """The anchors that forges and MkDocs make of headings; ours are simple enough to agree."""
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
        for heading in _HEADING.findall(prose_of(page))
    }


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    for link in _LINK.findall(prose_of(page)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name}: there is no {path}"
        assert target.is_relative_to(ROOT), f"{page.name}: {path} leads out of the kit"
        if anchor:
            assert anchor in anchors_of(target), f"{page.name}: no heading #{anchor} in {path}"


def test_the_site_has_every_page() -> None:
    listed = re.findall(r": ([\w./-]+\.md)$", text_of(DOCS.parent / "mkdocs.yml"), re.MULTILINE)
    assert sorted(listed) == sorted(
        page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")
    )


@pytest.mark.parametrize("picture", sorted(DOCS.glob("images/*.svg")), ids=name_of)
def test_pictures_say_what_they_show_and_have_a_dark_form(picture: Path) -> None:
    root = ElementTree.parse(picture).getroot()
    namespace = "{http://www.w3.org/2000/svg}"
    for element in ("title", "desc"):
        assert (root.findtext(namespace + element) or "").strip(), f"no <{element}>"
    assert "prefers-color-scheme: dark" in text_of(picture)
    assert any(picture.name in text_of(page) for page in PAGES)


# --- what a handout consists of ----------------------------------------------------------------


def load_fill_cases() -> ModuleType:
    """handouts/fill_cases.py, which is a program and in no package."""
    spec = importlib.util.spec_from_file_location("fill_cases", DOCS.parent / "fill_cases.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("number", range(len(HANDOUTS)))
def test_handouts_have_the_same_sections(number: int) -> None:
    page = HANDOUTS[number]
    assert re.findall(r"^## (.+)$", prose_of(page), re.MULTILINE) == SECTIONS
    lines = load_fill_cases().filled(text_of(page), number, []).splitlines()
    assert len([line for line in lines if not line.startswith("<!--")]) <= 350


@pytest.mark.parametrize("number", range(len(HANDOUTS)))
def test_points_are_those_of_the_lab(number: int) -> None:
    said = re.search(r"(\d+) points", re.sub(r"\s+", " ", prose_of(HANDOUTS[number])))
    assert said is not None
    assert int(said[1]) == CHECKPOINTS[number].points
    row = rf"\]\({HANDOUTS[number].name}\) \|.*\| {CHECKPOINTS[number].points} \|"
    assert re.search(row, text_of(DOCS / "index.md"))


@pytest.mark.parametrize("number", range(len(HANDOUTS)))
def test_sizes_are_about_those_of_the_reference(number: int) -> None:
    sizes = _SIZE.findall(text_of(HANDOUTS[number]))
    assert [name for name, _, _ in sizes] == list(CHECKPOINTS[number].files)
    for name, lines, code in sizes:
        source = text_of(ROOT / "reference" / name)
        bare = [line for line in without_comments(source).splitlines() if line.strip()]
        assert int(lines) == pytest.approx(len(source.splitlines()), rel=0.15), name
        assert int(code) == pytest.approx(len(bare), rel=0.15), name


@pytest.mark.parametrize("number", range(len(HANDOUTS)))
def test_the_cases_are_those_of_the_grader(number: int) -> None:
    page, fill_cases = text_of(HANDOUTS[number]), load_fill_cases()
    cases = [one for one in discover(CHECKPOINTS) if one.checkpoint == number]
    assert page == fill_cases.filled(page, number, cases), "run handouts/fill_cases.py"


def test_the_requirements_are_those_of_the_grader() -> None:
    text = text_of(DOCS / "requirements.md")
    assert text == coverage_page.page(of_kit(Kit(ROOT))), "run handouts/fill_requirements.py"


# --- names in C --------------------------------------------------------------------------------


def without_comments(source: str) -> str:
    """C without comments; a // inside a string does not occur in the kit."""
    return re.sub(r"/\*.*?\*/|//[^\n]*", " ", source, flags=re.DOTALL)


@cache
def names_in_headers() -> frozenset[str]:
    """Every word of code in the headers of labs/."""
    words: set[str] = set()
    for header in (ROOT / "labs").rglob("*.h"):
        words.update(re.findall(r"\w+", without_comments(text_of(header))))
    return frozenset(words)


@pytest.mark.parametrize("page", [*HANDOUTS, DOCS / "index.md"], ids=name_of)
def test_functions_exist_in_the_contracts(page: Path) -> None:
    for code in code_of(page, ("c",)):
        for name in re.findall(r"\b([A-Za-z_]\w*)\(", code):
            assert name in names_in_headers() | {"UINT32_C"}, f"{page.name}: {name}( in `{code}`"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_names_of_the_kit_exist_in_the_contracts(page: Path) -> None:
    for code in code_of(page, ("c",)):
        if "/" in code or code.startswith("./tcplab"):
            continue
        names = re.findall(r"\bstruct (\w+)", code) + _KIT_NAME.findall(code)
        for name in names:
            assert name in names_in_headers(), f"{page.name}: {name} in `{code}`"


# --- command lines -----------------------------------------------------------------------------


def command_lines(page: Path) -> Iterator[str]:
    """Those of the kit, each in one line."""
    for code in code_of(page, ("sh",)):
        for _, line in page_shell.commands(code) if "./tcplab" in code else ():
            if line.startswith("./tcplab"):
                yield line.replace("\\\n", "")


def launcher_text(function: str) -> str:
    """What a function of the launcher prints."""
    body = re.search(rf"^{function}\(\) {{\n(.*?)^}}", text_of(ROOT / "tcplab"), re.M | re.DOTALL)
    assert body is not None, f"the launcher has no {function}"
    return body[1]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_command_lines_would_be_understood(page: Path) -> None:
    for line in command_lines(page):
        words = shlex.split(line, comments=True)[1:]
        if not words or words == ["--help"]:
            continue
        command = commands.get_command(click.Context(commands), words[0])
        if command is not None:
            if "--help" not in words and len(words) > 1:
                command.make_context(words[0], words[1:])
            continue
        options = {word.split("=")[0] for word in words[1:] if word.startswith("-")} - {"--help"}
        assert re.search(rf"^ +{words[0]} ", launcher_text("help_everything"), re.M), line
        known = set(re.findall(r"(?<=\s)--?[\w-]+", launcher_text(f"help_{words[0]}")))
        assert options <= known, f"{page.name}: {line}: unknown {sorted(options - known)}"


def test_the_readme_shows_the_two_commands() -> None:
    lines = [" ".join(shlex.split(line, comments=True)) for line in command_lines(PAGES[0])]
    assert lines[:2] == ["./tcplab grade reference", "./tcplab test"]
