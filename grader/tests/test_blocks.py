"""What the pages show is true: commands are run, output is compared, code is compiled.

The pages of the clinics are read by test_blocks_clinics.py.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest
from page_reader import (
    PAGES,
    PATIENCE_S,
    Reader,
    blocks_of,
    name_of,
    pages_to_begin_with,
    read,
    text_of,
)
from page_shell import ROOT, PageShell, ShellError, commands, shows

from tcplab.handouts.pages import Block, blocks
from tcplab.kit import Kit

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

_ALONE = ("output", "a drawing", "numbers differ")  # marks that say all, of output


@pytest.mark.timeout(PATIENCE_S)
@pytest.mark.parametrize(
    "page", [page for page in pages_to_begin_with() if page.parent.name != "clinics"], ids=name_of
)
def test_commands_do_what_the_page_says(page: Path, tmp_path: Path) -> None:
    read(page, tmp_path)


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
    assert shows(" 0.5  a → b  [ACK]\n", "    2   0.123     a → b  [ACK]\n", any_numbers=True)
    assert not shows("line 12 of 3\n", "line 4 off 3\n", any_numbers=True)
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


def read_page(text: str, folder: Path) -> list[str]:
    """A page in a folder with nothing else; what was left out."""
    (folder / "kit").mkdir()
    page = folder / "page.md"
    page.write_text(text, encoding="utf-8")
    with PageShell(folder, folder / "kit") as shell:
        reader = Reader(shell)
        reader.read(page)
    return reader.skipped


@pytest.mark.parametrize(
    "page, problem",
    [
        ("```sh\ntrue\nfalse\n```\n", "ends with 1 instead of 0"),
        ("<!-- ends with 1 -->\n```sh\ntrue\n```\n", "ends with 0 instead of 1"),
        ("```sh\necho one\n```\n\n```text\ntwo\n```\n", "the output is another one"),
        ("<!-- not run: why -->\n```sh\necho\n```\n\n```text\na\n```\n", "is another one"),
        ("```sh\necho one\n```\nSo:\n\n<!-- output -->\n```text\ntwo\n```\n", "another one"),
        ("<!-- before: false -->\n```sh\ntrue\n```\n", "page.md:2: false"),
    ],
)
def test_what_is_not_true_is_told(page: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception), match=problem):
        read_page(page, tmp_path)


def test_what_this_machine_lacks_is_left_out(tmp_path: Path) -> None:
    page = (
        "<!-- line 1: needs: no-such-tool -->\n```sh\nno-such-tool\ntrue\n```\n\n```text\nx\n```\n"
    )
    assert read_page(page, tmp_path) == ["page.md:2: no no-such-tool"]


def test_drawings_and_messages_are_no_output(tmp_path: Path) -> None:
    drawing = "<!-- a drawing -->\n```text\n──\n```\n"
    assert (
        read_page(f"```sh\necho one\n```\n{drawing}\nA message:\n\n```text\nno\n```\n", tmp_path)
        == []
    )
