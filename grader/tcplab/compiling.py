"""Runs the compiler on code from strangers, within limits, and says in one line what it says."""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tcplab.errors import BuildError
from tcplab.harmless import cut, harmless, one_line

_CPU_S = 10  # for one file; the largest of the reference takes half a second
_ALL_CPU_S = 30  # for all files
_MEMORY_BYTES = 2 << 30  # of address space
_FILE_BYTES = 64 << 20
_WALL_S = 300  # on a busy machine
LIMITS = (
    f"prlimit --core=0:0 --fsize={_FILE_BYTES}:{_FILE_BYTES} --cpu={_CPU_S}:{_CPU_S}"
    f" --as={_MEMORY_BYTES}:{_MEMORY_BYTES}"
).split()

_OUT_OF = (
    (re.compile(r"SIGXCPU|CPU time limit|signal (24|9)\b|Killed"), f"more than {_CPU_S} s"),
    (
        re.compile(r"out of memory|memory exhausted|cannot allocate|bad_alloc|failed to map"),
        f"more than {_MEMORY_BYTES >> 30} GB of memory",
    ),
    (re.compile(r"SIGXFSZ|[Ff]ile size limit|File too large"), f"more than {_FILE_BYTES >> 20} MB"),
)
_ERROR = re.compile(r"^(\S[^:\n]*):(\d+):(?:\d+:)? (?:fatal )?error: (.+)$")
_WARNING = re.compile(r"^(\S[^:\n]*):(\d+):(?:\d+:)? warning: (.+)$")
_INCLUDED = re.compile(r"^(?:In file included|\s+) from ([^:\n]+):(\d+)")


@dataclass
class Compilers:
    """Those that are running: they can all be ended, from another thread."""

    _running: set[subprocess.Popen[str]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stopped: bool = False
    _cpu_before: float = field(default_factory=lambda: _children_cpu_s())

    def run(
        self, command: Sequence[str], folder: Path, what: str
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command to its end. Raises BuildError if that does not come."""
        if _children_cpu_s() - self._cpu_before > _ALL_CPU_S:
            raise BuildError(f"{what}: not compiled, for the files before took {_ALL_CPU_S} s")
        process = self._start(command, folder)
        try:
            output, errors = process.communicate(timeout=_WALL_S)
        except subprocess.TimeoutExpired:
            raise BuildError(f"{what}: compiling took more than {_WALL_S} s") from None
        finally:
            _end(process)
            with self._lock:
                self._running.discard(process)
        return subprocess.CompletedProcess(command, process.returncode, output, errors)

    def stop(self) -> None:
        """Ends all that run, and lets none begin."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                _end(process)

    def _start(self, command: Sequence[str], folder: Path) -> subprocess.Popen[str]:
        environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C"}
        with self._lock:
            if self._stopped:
                raise BuildError("interrupted")
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                start_new_session=True,  # a compiler is a family of processes
            )
            self._running.add(process)
        return process


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _end(process: subprocess.Popen[str]) -> None:
    try:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


# --- what it says --------------------------------------------------------------------------------


def first_complaint(
    run: subprocess.CompletedProcess[str], what: str, written: Sequence[str] = ()
) -> tuple[str, str]:
    """One line for a person, and the whole output. `written` are the files that a student wrote: an
    error that shows in another one is told with the line that led there."""
    output = harmless(run.stderr + run.stdout)
    for pattern, limit in _OUT_OF:
        if pattern.search(output) or (
            run.returncode in (-9, 137, 152) and "CPU" in pattern.pattern
        ):
            return f"{what}: compiling takes {limit}: endless includes, or giant arrays?", output
    line = _first_error(output, written) or _of_the_linker(output)
    if not line:
        lines = output.strip().splitlines() or [f"the compiler ended with status {run.returncode}"]
        line = f"{what}: {cut(lines[0], 200)}"
    return one_line(line), output


def warnings_in(output: str) -> list[str]:
    """The compiler's warnings, a line each."""
    found = (_WARNING.match(line) for line in output.splitlines())
    return [f"{_base(one[1])}:{one[2]}: {cut(one[3], 300)}" for one in found if one]


def _first_error(output: str, written: Sequence[str]) -> str:
    """The first error, and where. Above it stands how the compiler came to that file, from the
    innermost include to the outermost."""
    chain: list[tuple[str, str]] = []
    for line in output.splitlines():
        included = _INCLUDED.match(line)
        if included:
            if line.startswith("In file"):
                chain = []
            chain.append((included[1], included[2]))
            continue
        error = _ERROR.match(line)
        if error is None:
            continue
        place, message = f"{_base(error[1])}:{error[2]}", cut(error[3], 300)
        if not written or _base(error[1]) in written:
            return f"{place}: {message}"
        for path, number in chain:
            if _base(path) in written:
                return (
                    f"{_base(path)}:{number}: {message} ({place}, included here:"
                    " is what stands before this line complete?)"
                )
        return f"{place}: {message}"
    return ""


def _of_the_linker(output: str) -> str:
    lacking = re.search(r"undefined reference to [`'](\w+)'", output)
    if lacking:
        return f"nothing defines {lacking[1]}"
    double = re.search(r"(\w+\.c:\d+): multiple definition of [`'](\w+)'", output)
    if double:
        return f"{double[1]}: {double[2]} is defined twice"
    if "relocation truncated" in output or "relink with --no-relax" in output:
        return "linking: there is too much static data"
    return ""


def _base(path: str) -> str:
    return path.rsplit("/", 1)[-1]
