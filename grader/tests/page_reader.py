"""A reader who does what the pages say: types their commands, and compares what comes back with
what they show. What has to be different stands in tcplab/handouts/pages.py."""

from __future__ import annotations

import difflib
import os
import shutil
from functools import cache
from pathlib import Path

import pytest
from page_shell import ROOT, PageShell, commands, lay_out, shows, solve

from tcplab.handouts.pages import Block, all_pages, blocks, page_before
from tcplab.wire.choose import choose_wire

PAGES = all_pages(ROOT)
_FOLDER = "mine"  # as every page calls the reader's
PATIENCE_S = 400  # for a page, on a busy machine


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


def pages_to_begin_with() -> list[Path]:
    """Those with commands, apart from those that go on from another one."""
    return [page for page in PAGES if not page_before(page) and has_commands(page)]


def read(page: Path, folder: Path) -> None:
    """Reads a page, and those that go on from it, in a new folder. Skips the test in the end if
    something could not be done on this machine."""
    pages = chain_from(page)
    kit = lay_out(folder)
    typed = "".join(block.text for one in pages for block in shell_blocks(one))
    if f"./tcplab start {_FOLDER}" not in typed:
        solve(kit, _FOLDER)
    with PageShell(folder, kit) as shell:
        reader = Reader(shell)
        for one in pages:
            reader.read(one)
    if reader.skipped:
        pytest.skip("; ".join(sorted(set(reader.skipped))))
