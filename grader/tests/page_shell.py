"""A shell in which the commands of a page are run one after another, in a folder laid out like a
reader's: a copy of the kit, a home of its own, and a work folder if the page has one."""

from __future__ import annotations

import os
import re
import select
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from tcplab.cache_folder import cache_folder
from tcplab.kit import Kit
from tcplab.work.start import start

ROOT = Path(__file__).resolve().parents[2]
_PATIENCE_S = 100
_LOOK_AGAIN_S = 0.05
_LEFT_OUT = (".git", ".tcplab", "build", "mine", ".mypy_cache", ".pytest_cache")

# It reads names of files from descriptor 8, each with one command, and answers on 9: the status.
_DRIVER = """
trap : INT  # for a command that a page ends with Ctrl-C; the shell itself goes on
while IFS= read -r -u 8 file; do
    . "$file" </dev/null >"$file.out" 2>&1 8<&- 9>&-
    echo "$?" >&9
done
"""

_AS_ROOT = re.compile(r"^Running as user \"root\" and group .*\n", re.MULTILINE)  # says tshark


class ShellError(Exception):
    """The shell itself has ended, or a command did not come to an end."""


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    status: int
    output: str  # both streams, as they came


def lay_out(folder: Path) -> Path:
    """A copy of the kit in a new folder. What was compiled once is not compiled again."""
    kit = folder / "kit"
    shutil.copytree(
        ROOT,
        kit,
        symlinks=True,
        ignore=lambda place, _: _LEFT_OUT if Path(place) == ROOT else (),
    )
    (kit / "build").mkdir()
    (kit / "build" / "grader-cache").symlink_to(cache_folder(Kit(ROOT)))
    if (ROOT / ".tcplab").is_dir():
        (kit / ".tcplab").symlink_to(ROOT / ".tcplab")
    return kit


def solve(kit: Path, name: str = "mine") -> None:
    """A work folder of a reader who has written all of it."""
    start(Kit(kit), kit / name)
    for solved in (kit / "reference").glob("*.c"):
        shutil.copy2(solved, kit / name)


def commands(block: str) -> Iterator[tuple[int, str]]:
    """The commands of a block of shell, which may take several lines each, and the line of each."""
    waiting: list[str] = []
    for number, line in enumerate(block.splitlines(), start=1):
        if not waiting and not line.split("#")[0].strip():
            continue
        waiting.append(line)
        text = "".join(one + "\n" for one in waiting)
        if line.endswith("\\") or not _is_whole(text):
            continue
        yield number - len(waiting) + 1, text
        waiting = []
    assert not waiting, f"this is no whole command: {waiting}"


def _is_whole(text: str) -> bool:
    """Does the shell wait for no more lines? Of a here-document without an end it only warns."""
    asked = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True)
    return asked.returncode == 0 and not asked.stderr


class PageShell:
    """One bash for all commands of a page, so that `cd` and variables last."""

    def __init__(self, folder: Path, kit: Path) -> None:
        self._scripts = folder / "commands"
        self._kit = kit
        self._count = 0
        tools = folder / "bin"
        for place in (self._scripts, tools, folder / "home", folder / "tmp"):
            place.mkdir()
        (tools / "python3").symlink_to(sys.executable)  # it has the packages of the grader
        ours = {"PYTHONPATH", "NO_COLOR", "TCPLAB_BUILD", "CLICOLOR_FORCE", "FORCE_COLOR"}
        environment = {name: value for name, value in os.environ.items() if name not in ours}
        environment |= {
            "PATH": f"{tools}:{os.environ['PATH']}:/usr/sbin:/sbin",
            "HOME": str(folder / "home"),
            "TMPDIR": str(folder / "tmp"),
            "COLUMNS": "80",
            "TERM": "dumb",
            "LC_ALL": "C.UTF-8",
        }
        names_in, self._names = os.pipe()
        self._statuses, statuses_out = os.pipe()
        driver = f"exec 8<&{names_in} 9>&{statuses_out} {names_in}<&- {statuses_out}>&-{_DRIVER}"
        self._bash = subprocess.Popen(
            # Ctrl-C may be ignored where the tests run in the background of a shell.
            ["env", "--default-signal=INT", "bash", "--norc", "-c", driver],
            cwd=kit,
            env=environment,
            pass_fds=(names_in, statuses_out),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(names_in)
        os.close(statuses_out)

    def __enter__(self) -> PageShell:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ends the shell, and what a page has left running in the background."""
        for pid in _with_descendants(self._bash.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._bash.wait()
        os.close(self._names)
        os.close(self._statuses)

    def enter(self, folder: str) -> None:
        """Goes to a folder of the kit."""
        done = self.run(f"cd {shlex.quote(str(self._kit / folder))}\n")
        assert done.status == 0, done.output

    def run(self, command: str, until: str = "") -> Done:
        """Runs one command; if `until` is given, until it says that, and then Ctrl-C ends it.
        Raises ShellError."""
        self._count += 1
        script = self._scripts / str(self._count)
        script.write_text(command, encoding="utf-8")
        os.write(self._names, f"{script}\n".encode())
        log = script.with_name(f"{script.name}.out")
        deadline = time.monotonic() + _PATIENCE_S
        while not self._answers_within(_LOOK_AGAIN_S) and time.monotonic() < deadline:
            if until and until in _text_of(log):
                os.killpg(self._bash.pid, signal.SIGINT)
                until = ""
        if not self._answers_within(0):
            raise ShellError(f"no end within {_PATIENCE_S} s: {command}{_text_of(log)}")
        said = os.read(self._statuses, 16)
        if not said:
            raise ShellError(f"the shell has ended: {command}{_text_of(log)}")
        if until:
            raise ShellError(f"it ended before it said '{until}': {command}{_text_of(log)}")
        return Done(int(said), _AS_ROOT.sub("", _text_of(log)))

    def _answers_within(self, seconds: float) -> bool:
        return bool(select.select([self._statuses], [], [], seconds)[0])


def _text_of(log: Path) -> str:
    return log.read_text("utf-8", "replace") if log.exists() else ""


def _with_descendants(pid: int) -> list[int]:
    """A process and all that came from it, those in sessions of their own too."""
    children: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text("utf-8", "replace").rpartition(")")[2].split()[1])
        except OSError:
            continue  # it has ended meanwhile
        children.setdefault(parent, []).append(int(status.parent.name))
    family = [pid]
    for member in family:
        family += children.get(member, [])
    return family


def shows(page_says: str, output: str, *, any_numbers: bool = False) -> bool:
    """Are these whole lines of the output? `…` stands for any part of a line, and alone on one for
    any lines. With `any_numbers`, all numbers may be others, and take up other room; and a line may
    lack the number that it begins with, as one of tshark's."""
    patterns = [_pattern_of(line, any_numbers) for line in page_says.splitlines()]
    return re.search("^" + "".join(patterns), output + "\n", re.MULTILINE) is not None


def _pattern_of(line: str, any_numbers: bool) -> str:
    if line.strip() == "…":
        return r"(?:.*\n)*?"
    pattern = ".*?".join(re.escape(part) for part in line.rstrip().split("…"))
    if any_numbers:
        pattern = re.sub(r"[0-9]+", "[0-9]+", re.sub(r"(?:\\ )+", " +", pattern))
        pattern = " *(?:[0-9]+ +)?" + pattern.removeprefix(" +")
    return pattern + r" *\n"
