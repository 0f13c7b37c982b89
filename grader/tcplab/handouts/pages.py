"""The pages as files: which there are, their blocks of code, and what is said of a block.

What is said of a block stands in comments right above it, which neither a forge nor the site shows:

    <!-- in: mine -->                     the folder in which a reader is by then
    <!-- before: touch big -->            what a reader has done by then, and is not on the page
    <!-- ends with 1 -->                  the exit status, if it is not 0
    <!-- ended when it says: … -->        it goes on for long: Ctrl-C, when these words have come
    <!-- needs: tun, tshark -->           what a machine may lack; then these lines are left out
    <!-- not run: it serves for ever -->  nobody runs these lines, and why
    <!-- run by: grade.reference -->      a test of CTest runs them
    <!-- numbers differ -->               in the output shown, and spaces around them
    <!-- output differs: ports -->        the output shown is not compared, and why; above commands:
                                          whatever output of them is shown
    <!-- output -->                       this is output, though there is prose above it
    <!-- a drawing -->                    this is none, though commands are right above it

`line 2: ` or `lines 2-3: ` before any of these means only these lines of the block. And a page may
say at its top that its reader comes from another one, in which the folder was left as it is:

    <!-- after: 1-silence.md -->
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^( *)(`{3,})([^`\s]*)([^`]*)$")
_COMMENT = re.compile(r"^ *<!-- (.*?) -->$")
_EXCERPT = re.compile(r"^<!-- (code:.*) -->$")
_AFTER = re.compile(r"^<!-- after: (\S+) -->$", re.MULTILINE)
_EXCERPT_END = "<!-- /code -->"
_WORDS = (
    "in|before|ends with|ended when it says|needs|not run|run by"
    "|output|numbers differ|output differs|a drawing"
)
_MARK = re.compile(
    r"^(?:lines? (?P<first>\d+)(?:-(?P<last>\d+))?: )?"
    rf"(?P<word>{_WORDS})(?:: (?P<value>.+)| (?P<number>\d+))?$"
)
_LIKE_A_MARK = re.compile(r"lines? |in:|before|end|needs|not run|run by|numbers|output|a drawing")


@dataclass(frozen=True)
class Mark:
    """One thing that is said of a block."""

    word: str  # "ends with"
    value: str  # "1"
    lines: range | None = None  # from 1; None: all


@dataclass(frozen=True)
class Block:
    """A fenced block."""

    line: int  # of its fence, from 1
    language: str
    text: str  # without the indentation of the fence
    marks: tuple[Mark, ...]
    excerpt: str  # the marker that it stands in, `code:reference/seqno.c seqno_wrap`; or empty
    follows: bool  # is there nothing but marks between the block before and this one?

    def said(self, word: str, line: int = 0) -> list[str]:
        """What the marks with this word say of a line of this block; line 0: of all of it."""
        return [
            mark.value
            for mark in self.marks
            if mark.word == word and (mark.lines is None or line in mark.lines)
        ]


def all_pages(root: Path) -> list[Path]:
    """The pages of the kit, in the order of their names."""
    docs = root / "handouts" / "docs"
    return [root / "README.md", root / "CONTRIBUTING.md", *sorted(docs.rglob("*.md"))]


def page_before(page: Path) -> Path | None:
    """The page that this one goes on from, if it says so."""
    found = _AFTER.search(page.read_text(encoding="utf-8"))
    return None if found is None else (page.parent / found[1]).resolve()


def blocks(text: str) -> Iterator[Block]:
    """The blocks of a page. Raises ValueError if one has no end, or a mark that nobody knows."""
    marks: list[Mark] = []
    excerpt = ""
    follows = False
    lines = enumerate(text.splitlines(), start=1)
    for number, line in lines:
        fence = _FENCE.match(line)
        if fence is not None:
            body = [one for _, one in _until_end(lines, fence[2], number)]
            bare = (one.removeprefix(fence[1]) for one in body)
            joined = "".join(one + "\n" for one in bare)
            yield Block(number, fence[3], joined, tuple(marks), excerpt, follows)
            marks, follows = [], True
        elif line == _EXCERPT_END:
            excerpt = ""
        elif (begins := _EXCERPT.match(line)) is not None:
            excerpt, follows = begins[1], False
        elif line.startswith("<!-- picture:"):
            marks, follows = [], False
        elif _AFTER.match(line):
            pass
        elif (comment := _COMMENT.match(line)) is not None:
            marks += _marks(comment[1], number)
        elif line.strip():
            marks, follows = [], False


def without_excerpts(text: str) -> str:
    """The page without the code that comes from files."""
    return re.sub(r"^<!-- code:.*?^<!-- /code -->\n", "", text, flags=re.DOTALL | re.MULTILINE)


def _until_end(
    lines: Iterator[tuple[int, str]], ticks: str, begin: int
) -> Iterator[tuple[int, str]]:
    for number, line in lines:
        if line.strip() == ticks:
            return
        yield number, line
    raise ValueError(f"line {begin}: the block has no end")


def _marks(comment: str, number: int) -> Iterator[Mark]:
    """The mark in a comment, if it is one: others belong to other programs, such as
    `cases:0`."""
    found = _MARK.match(comment)
    if found is None:
        if _LIKE_A_MARK.match(comment):
            raise ValueError(f"line {number}: '{comment}' is no mark that pages.py knows")
        return
    lines = None
    if found["first"] is not None:
        lines = range(int(found["first"]), int(found["last"] or found["first"]) + 1)
    yield Mark(found["word"], found["value"] or found["number"] or "", lines)
