"""What the pages show is true: commands are run, output is compared, code is compiled.

For each page all commands are run in the order of the page, in one shell. How a page says what has
to be different stands in tcplab/handouts/pages.py.
"""

from __future__ import annotations

import ast
import difflib
import json
import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest
from page_shell import ROOT, PageShell, ShellError, commands, lay_out, shows, solve

from tcplab.handouts.pages import Block, all_pages, blocks, page_before
from tcplab.kit import Kit
from tcplab.wire.choose import choose_wire

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

PAGES = all_pages(ROOT)
_FOLDER = "mine"  # as every page calls the reader's
_ALONE = ("output", "a drawing", "numbers differ")  # marks that say all, of output


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def name_of(value: object) -> str | None:
    """How a parametrised test is called."""
    return value.relative_to(ROOT).as_posix() if isinstance(value, Path) else None


def blocks_of(page: Path) -> list[Block]:
    return list(blocks(text_of(page)))


def shell_blocks(page: Path) -> list[Block]:
    return [block for block in blocks_of(page) if block.language == "sh"]


def chain_from(page: Path) -> list[Path]:
    """The page, and those that go on from it."""
    return [page] + [
        one for after in PAGES if page_before(after) == page for one in chain_from(after)
    ]


# --- commands and their output -----------------------------------------------------------------


@cache
def missing(need: str) -> str:
    """Why this machine cannot do what a command needs; empty if it can."""
    if need == "tun":
        kind, problem = choose_wire("auto")
        return "" if kind == "tun" else f"no TUN: {problem}"
    if need == "root":
        return "" if os.geteuid() == 0 else "not root"
    return "" if shutil.which(need) else f"no {need}"


def reasons_against(block: Block, line: int) -> list[str]:
    """What this machine lacks for a command."""
    needs = [need.strip() for said in block.said("needs", line) for need in said.split(",")]
    return [reason for need in needs if (reason := missing(need))]


def is_left_out(block: Block, line: int) -> bool:
    return bool(block.said("not run", line) or block.said("run by", line))


def is_output(block: Block) -> bool:
    shown = block.language == "text" and not block.said("a drawing")
    return shown and (block.follows or bool(block.said("output")))


class Reader:
    """Goes through a page: types its commands, and compares what comes back."""

    def __init__(self, shell: PageShell) -> None:
        self.skipped: list[str] = []
        self._shell = shell
        self._output = ""  # of all commands since output was shown the last time
        self._left_out = False  # were some of these not run?
        self._differs = False  # is the output of some of these different each time?

    def read(self, page: Path) -> None:
        for block in blocks_of(page):
            place = f"{page.name}:{block.line}"
            if block.language == "sh":
                self._type(block, place)
            elif is_output(block):
                self._compare(block, place)

    def _type(self, block: Block, place: str) -> None:
        self._differs |= bool(block.said("output differs"))
        for folder in block.said("in"):
            self._shell.enter(folder)
        for command in block.said("before"):
            done = self._shell.run(command + "\n")
            assert done.status == 0, f"{place}: {command}: {done.output}"
        for line, command in commands(block.text):
            reasons = reasons_against(block, line)
            self.skipped += [f"{place}: {reason}" for reason in reasons]
            if reasons or is_left_out(block, line):
                self._left_out = True
                continue
            wanted = int(next(iter(block.said("ends with", line)), "0"))
            until = next(iter(block.said("ended when it says", line)), "")
            done = self._shell.run(command, until)
            assert until or done.status == wanted, (
                f"{place}: this ends with {done.status} instead of {wanted}:\n"
                f"{command}{done.output[-3000:]}"
            )
            self._output += done.output

    def _compare(self, block: Block, place: str) -> None:
        output, left_out = self._output, self._left_out and bool(self.skipped)
        differs = self._differs or bool(block.said("output differs"))
        self._output, self._left_out, self._differs = "", False, False
        if differs or left_out:
            return
        if not shows(block.text, output, any_numbers=bool(block.said("numbers differ"))):
            lines = difflib.ndiff(block.text.splitlines(), output.splitlines())
            pytest.fail(f"{place}: the output is another one:\n" + "\n".join(lines))


def has_commands(page: Path) -> bool:
    return any(shell_blocks(one) for one in chain_from(page))


@pytest.mark.parametrize(
    "page", [page for page in PAGES if not page_before(page) and has_commands(page)], ids=name_of
)
def test_commands_do_what_the_page_says(page: Path, tmp_path: Path) -> None:
    pages = chain_from(page)
    kit = lay_out(tmp_path)
    typed = "".join(block.text for one in pages for block in shell_blocks(one))
    if f"./tcplab start {_FOLDER}" not in typed:
        solve(kit, _FOLDER)
    with PageShell(tmp_path, kit) as shell:
        reader = Reader(shell)
        for one in pages:
            reader.read(one)
    if reader.skipped:
        pytest.skip("; ".join(sorted(set(reader.skipped))))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_marks_belong_to_blocks_and_lines(page: Path) -> None:
    for block in blocks_of(page):
        place = f"{page.name}:{block.line}"
        lines = {line for line, _ in commands(block.text)} if block.language == "sh" else set()
        for mark in block.marks:
            if mark.word not in ("not run", "output differs"):  # which may be above both
                wanted = "text" if mark.word in _ALONE else "sh"
                assert block.language == wanted, f"{place}: '{mark.word}' above this block"
            assert not mark.lines or lines & set(mark.lines), f"{place}: no command in {mark.lines}"
            assert mark.value or mark.word in _ALONE, f"{place}: '{mark.word}' of what?"


# --- what other tests run ----------------------------------------------------------------------


@cache
def names_in_ctest() -> frozenset[str]:
    """The tests that CTest knows, from grader/CMakeLists.txt and the files that it looks for."""
    settings = text_of(ROOT / "grader" / "CMakeLists.txt")
    named = re.findall(r"^ *kit_test\(([\w.-]+) ", settings, re.MULTILINE)
    tests = ROOT / "grader" / "tests"
    labels = {"grader": tests, "interop": tests / "interop"}
    files = [
        f"{label}.{path.stem.removeprefix('test_')}"
        for label, folder in labels.items()
        for path in folder.glob("test_*.py")
    ]
    return frozenset([*named, *files])


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_what_other_tests_run_is_run_by_them(page: Path) -> None:
    for block in blocks_of(page):
        for mark in block.marks:
            if mark.word == "run by":
                assert mark.value in names_in_ctest(), f"{page.name}:{block.line}: {mark.value}"


# --- code --------------------------------------------------------------------------------------


def compile_c(text: str) -> None:
    """A whole file, with the headers that everyone has."""
    folders = [f"-I{folder}" for folder in Kit(ROOT).public_include_folders()]
    command = ["gcc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", *folders]
    asked = subprocess.run([*command, "-xc", "-"], input=text, capture_output=True, text=True)
    assert asked.returncode == 0, asked.stderr


def check_code(block: Block) -> None:
    """Raises what is wrong with a block that is neither commands nor output."""
    if block.language == "c":
        if not block.excerpt:
            compile_c(block.text)
    elif block.language == "python":
        ast.parse(block.text)
    elif block.language == "toml":
        tomllib.loads(block.text)
    elif block.language == "json":
        json.loads(block.text)
    else:
        assert block.said("not run"), f"what is '{block.language}'? Mark it: not run"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_code_can_be_read(page: Path) -> None:
    for block in blocks_of(page):
        if block.language not in ("sh", "text"):
            try:
                check_code(block)
            except (AssertionError, SyntaxError, ValueError) as error:
                pytest.fail(f"{page.name}:{block.line}: {error}")


# --- the tools of this test --------------------------------------------------------------------


def test_a_shell_keeps_its_folder_and_variables(tmp_path: Path) -> None:
    (tmp_path / "kit" / "deep").mkdir(parents=True)
    with PageShell(tmp_path, tmp_path / "kit") as shell:
        assert shell.run("cd deep; word=kept\n").status == 0
        assert shell.run('echo "$word in ${PWD##*/}"; cat; false\n').output == "kept in deep\n"
        assert shell.run("(exit 3)\n").status == 3
        shell.enter(".")
        assert shell.run("ls\n").output == "deep\n"


def test_a_command_without_end(tmp_path: Path) -> None:
    (tmp_path / "kit").mkdir()
    with PageShell(tmp_path, tmp_path / "kit") as shell:
        done = shell.run("echo ready; sleep 1000\n", until="ready")
        assert done.status > 128 and done.output == "ready\n"
        assert shell.run("true\n").status == 0
        with pytest.raises(ShellError, match="before it said"):
            shell.run("echo other\n", until="ready")


def test_commands_of_several_lines() -> None:
    block = (
        "# a remark\nfor x in 1 2; do\n  echo $x\ndone\n\ncat <<END\nthere\nEND\necho a \\\n  b\n"
    )
    assert [line for line, _ in commands(block)] == [2, 6, 9]


def test_output_that_is_shown_in_part() -> None:
    output = "one line\n  two lines  \nthree\nfour\n"
    for page in ("one line\n  two lines\n", "one …\n…\nfour\n", "three\n", "o… line\n"):
        assert shows(page, output), page
    assert shows("line 12 of 3\n", "line 4 of 5678\n", any_numbers=True)
    for page in ("one\n", "two lines\n", "three\none line\n", "one line\nthree\n"):
        assert not shows(page, output), page


def test_marks_are_read() -> None:
    text = (
        "<!-- ends with 1 -->\n<!-- line 2: not run: why -->\n```sh\na\nb\n```\n\n```text\nx\n```\n"
    )
    first, second = blocks(text)
    assert first.said("ends with") == ["1"] and not first.said("not run", 1)
    assert first.said("not run", 2) == ["why"] and second.follows and not first.follows
    with pytest.raises(ValueError, match="no mark"):
        list(blocks("<!-- ends wiht 1 -->\n```sh\na\n```\n"))
