"""`check --watch`, in a terminal: a check after each save, single keys, and an orderly end."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tcplab.checking.saves import Saves
from tcplab.checking.watching import _how_it_goes_on
from tcplab.cli import main
from tcplab.kit import COMPONENT_FILES, Kit
from tcplab.namespace import adopt_orphans, bury_orphans

KIT = Kit.find()
PATIENCE_S = 60.0  # on a busy machine
AT_REST = "q quit"
LINES, COLUMNS = 24, 80


@dataclass
class Terminal:
    """A program that has a terminal, and our end of it."""

    process: subprocess.Popen[bytes]
    fd: int
    theirs: int
    seen: str = ""

    def read_until(self, words: str) -> str:
        """Waits for these words; returns what was shown up to them."""
        deadline = time.monotonic() + PATIENCE_S
        while words not in self.seen:
            left_s = max(0.0, deadline - time.monotonic())
            assert select.select([self.fd], [], [], left_s)[0], f"no '{words}' in:\n{self.seen}"
            self.seen += os.read(self.fd, 1 << 16).decode("utf-8", "replace")
        shown, _, self.seen = self.seen.partition(words)
        return shown + words

    def press(self, key: str) -> None:
        os.write(self.fd, key.encode("ascii"))

    def end(self) -> int:
        return self.process.wait(PATIENCE_S)

    def is_as_before(self) -> bool:
        """Does the terminal collect lines, and show what is typed?"""
        flags = termios.tcgetattr(self.theirs)[3]
        return bool(flags & termios.ICANON) and bool(flags & termios.ECHO)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    assert main(["start", str(folder)]) == 0
    for name in COMPONENT_FILES:
        shutil.copy(KIT.reference / name, folder / name)
    return folder


@pytest.fixture
def terminal(work: Path, request: pytest.FixtureRequest) -> Iterator[Terminal]:
    """It watches checkpoint 0, or the one that a test asks for."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", LINES, COLUMNS, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "tcplab", "check", getattr(request, "param", "0"), "--watch"],
        cwd=work,
        env={**os.environ, "PYTHONPATH": str(KIT.root / "grader"), "TERM": "xterm"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    try:
        yield Terminal(process, ours, theirs)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
        os.close(theirs)


def save(file: Path, text: str) -> None:
    """As editors do: a new file takes the place of the old one."""
    beside = file.with_name(f".{file.name}.new")
    beside.write_text(text, encoding="utf-8")
    beside.rename(file)


def test_a_save_brings_a_verdict(work: Path, terminal: Terminal) -> None:
    shown = terminal.read_until(AT_REST)
    assert "37 of 37 cases passed" in shown and "\x1b[2J" in shown
    good = (work / "seqno.c").read_text(encoding="utf-8")
    save(work / "seqno.c", (KIT.skeleton / "seqno.c").read_text(encoding="utf-8"))
    assert "seqno.wrap-is-modulo-2^32" in terminal.read_until(AT_REST)
    save(work / "seqno.c", good)
    assert "37 of 37 cases passed" in terminal.read_until(AT_REST)
    terminal.press("q")
    assert terminal.end() == 0 and terminal.is_as_before()


def test_a_save_during_a_check_begins_it_anew(work: Path, terminal: Terminal) -> None:
    terminal.read_until(AT_REST)
    good = (work / "seqno.c").read_text(encoding="utf-8")
    endless = good.replace("{\n", "{\n    for (;;) { }\n")
    save(work / "seqno.c", endless)
    terminal.read_until("checkpoint 0")  # built; the cases hang now
    save(work / "seqno.c", good)
    shown = terminal.read_until("37 of 37 cases passed")
    assert "0 of 37" not in shown and "timeout" not in shown.partition("\x1b[2J")[2]


def test_keys(work: Path, terminal: Terminal) -> None:
    terminal.read_until(AT_REST)
    save(work / "seqno.c", (KIT.skeleton / "seqno.c").read_text(encoding="utf-8"))
    assert "more lines" in terminal.read_until(AT_REST)
    terminal.press("a")
    assert "more lines" not in terminal.read_until(AT_REST)
    terminal.press("t")
    assert "wrap(17, isn=100)" in terminal.read_until(AT_REST)
    terminal.press("h")
    assert "(1 of" in terminal.read_until(AT_REST)
    terminal.press("n")
    assert "checkpoint 1" in terminal.read_until(AT_REST)
    terminal.press("q")
    assert terminal.end() == 0


def ends(pid: int) -> bool:
    """Is a process gone, or dying? Nobody waits for the children of one that was ended."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], 2.0)[0])
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupts_leave_nothing_behind(terminal: Terminal, number: signal.Signals) -> None:
    adopt_orphans()
    terminal.read_until("checkpoint 0")
    assert not terminal.is_as_before()
    os.killpg(terminal.process.pid, number)
    assert terminal.end() == 130 and terminal.is_as_before()
    assert "Traceback" not in terminal.seen
    left = subprocess.run(["pgrep", "-P", str(os.getpid())], capture_output=True, text=True).stdout
    assert all(ends(int(pid)) for pid in left.split())
    bury_orphans()


def test_without_a_terminal(work: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tcplab", "check", "0", "--watch"],
        cwd=work,
        env={**os.environ, "PYTHONPATH": str(KIT.root / "grader")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        shown = ""
        while "watching" not in shown:
            line = process.stdout.readline()
            assert line, shown
            shown += line
        assert "37 of 37 cases passed" in shown and "\x1b" not in shown and "q quit" not in shown
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 130


# --- what a save is ------------------------------------------------------------------------------


def test_a_save_is_seen_once_it_is_over(tmp_path: Path) -> None:
    (tmp_path / "seqno.c").write_text("1", encoding="ascii")
    saves = Saves(tmp_path)
    assert not saves.look()
    (tmp_path / "seqno.c").write_text("12", encoding="ascii")
    assert not saves.look()  # it may go on
    (tmp_path / "seqno.c").write_text("123", encoding="ascii")
    assert not saves.look()
    assert saves.look()
    assert not saves.look()


def test_a_file_that_is_being_put_in_place(tmp_path: Path) -> None:
    file = tmp_path / "seqno.c"
    file.write_text("1", encoding="ascii")
    saves = Saves(tmp_path)
    file.unlink()
    assert not any(saves.look() for _ in range(5))
    file.write_text("22", encoding="ascii")
    assert [saves.look(), saves.look()] == [False, True]
    file.unlink()
    assert any(saves.look() for _ in range(40))  # so it has really gone


def test_what_is_no_source(tmp_path: Path) -> None:
    saves = Saves(tmp_path)
    for name in ("notes.txt", ".seqno.c.swp", ".#seqno.c", "seqno.o"):
        (tmp_path / name).write_text("1", encoding="ascii")
    assert not any(saves.look() for _ in range(5))


def test_the_keys_are_told(terminal: Terminal) -> None:
    prompt = terminal.read_until(AT_REST).splitlines()[-1]
    assert "? keys" in prompt and len(prompt) <= COLUMNS
    terminal.press("?")
    assert "?  these keys" in terminal.read_until(AT_REST)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (2, 3, ""),
        (5, 1, "after checkpoint 5 nothing is left: back to checkpoint 1"),
        (4, 4, "all others are done: checkpoint 4 again"),
    ],
)
def test_where_it_goes_back_it_says_so(before: int, after: int, words: str) -> None:
    assert _how_it_goes_on(before, after) == words


@pytest.mark.parametrize("terminal", ["5"], indirect=True)
def test_next_after_the_last_says_where_it_goes(work: Path, terminal: Terminal) -> None:
    terminal.read_until(AT_REST)
    terminal.press("n")
    shown = terminal.read_until(AT_REST)
    note, heading = shown.rpartition("\x1b[3J")[2].splitlines()[:2]
    assert note == "after checkpoint 5 nothing is left: back to checkpoint 0"
    assert "checkpoint 0" in heading


@pytest.mark.parametrize("terminal", ["3"], indirect=True)
def test_the_heading_stays_in_view(work: Path, terminal: Terminal) -> None:
    """With many failures, and warnings above them."""
    terminal.read_until(AT_REST)
    text = (work / "receiver.c").read_text(encoding="utf-8")
    offered = "return receiver->window_offered ? receiver->right_edge : possible_edge(receiver);"
    assert text.count(offered) == 1
    broken = text.replace(offered, "int unused; return possible_edge(receiver);")
    save(work / "receiver.c", broken)
    shown = terminal.read_until("… ") + terminal.read_until(AT_REST)
    # A line about a case that takes long is written over: on a busy machine there are some.
    left = re.sub(r"[^\r\n]*\r?\n\x1b\[1A\x1b\[2K", "", shown.rpartition("\x1b[3J")[2])
    rows = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", left).splitlines()
    assert rows[0].startswith("checkpoint 3")
    heights = [max(1, -(-len(row) // COLUMNS)) for row in rows]
    assert sum(heights) < LINES  # the cursor stands on the last
    text = "\n".join(rows)
    assert " · look in receiver.c" in text and "more lines: press a for all" in text
    assert "\n  again " in text
