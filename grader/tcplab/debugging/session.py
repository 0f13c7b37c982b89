"""gdb on the device, with the requests of a case made beside it."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tcplab.case import Case
from tcplab.debugging.agreed import COMMAND_FD, DEVICE, WIRE_FD
from tcplab.debugging.record import Event, Recording
from tcplab.debugging.replay import Replay
from tcplab.errors import InfrastructureError
from tcplab.harmless import cut, harmless, one_line
from tcplab.namespace import die_with_parent
from tcplab.report.words import wrapped
from tcplab.result import NOT_RUN, PASSED, Outcome
from tcplab.wire.socketpair import SocketPairWire

_NEWS_FD = 102  # of gdb, for the news of the device's end
_PATIENCE_S = 5.0
_WIDTH = 100
_DETAILS = 4  # lines
_STACK = ("stack.", "conn.", "clock.", "sync", "continue")  # how requests to all of it begin
_RUN = "python tcplab_run()"
_SCRIPT = Path(__file__).with_name("in_gdb.py")
# An error that a sanitizer finds stops gdb by SIGABRT; leaks cannot be looked for under gdb.
_SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1:handle_abort=0:handle_segv=0:handle_sigfpe=0"
    ":detect_stack_use_after_return=0:allocator_may_return_null=1:max_allocation_size_mb=256"
    ":print_legend=0:color=never",
    "UBSAN_OPTIONS": "abort_on_error=1:print_stacktrace=0",
}
_COMMANDS = "bt, up, down, next, finish, print *NAME; continue: your code in the next request"


@dataclass(frozen=True)
class Subject:
    """What is debugged."""

    case: Case
    program: Path
    folder: Path  # with the student's files
    functions: Mapping[str, tuple[str, ...]]  # the student's, by file
    recording: Recording
    at: int  # the event to stop at
    checked: Outcome | None = None  # what came of it as check compiles it, where it passes here

    @property
    def file(self) -> str:
        """The file that the case is about."""
        return f"{self.case.id.partition('.')[0]}.c"

    @property
    def first_functions(self) -> tuple[str, ...]:
        """Those of that file: what the others do on the way there is not what failed."""
        return self.functions.get(self.file, ())

    @property
    def other_functions(self) -> tuple[str, ...]:
        names = (name for file in sorted(self.functions) for name in self.functions[file])
        return tuple(name for name in names if name not in self.first_functions)


def require_gdb() -> str:
    """Where gdb is. Raises InfrastructureError."""
    found = shutil.which("gdb")
    if found is None:
        raise InfrastructureError("gdb is missing: install it (Debian: apt-get install gdb)")
    return found


def place_for_editor(program: Path, folder: Path) -> Path:
    """A copy of the program where an editor that works in `folder` looks for it."""
    place = folder / DEVICE
    try:
        place.parent.mkdir(exist_ok=True)
        shutil.copy2(program, place)
    except OSError as error:
        raise InfrastructureError(f"{place}: cannot be written: {error.strerror}") from None
    return place


def debug(subject: Subject, gdb: Sequence[str], commands: Sequence[str]) -> None:
    """Runs gdb to its end, in this terminal. `gdb` is how to call it; it is interactive unless
    `commands` says what to do once it has stopped."""
    with ExitStack() as stack:
        channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        news, gdbs_news = socket.socketpair()
        for end in (channel, theirs, news, gdbs_news):
            stack.enter_context(end)
        wire = SocketPairWire()
        stack.callback(wire.close)
        knowledge = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tcplab-debug-")))
        (knowledge / "case.json").write_text(json.dumps(_knowledge(subject)), encoding="utf-8")
        stack.enter_context(_ignored_interrupts())
        process = _start(
            _command(gdb, subject.program, commands),
            knowledge / "case.json",
            {COMMAND_FD: theirs.fileno(), WIRE_FD: wire.dut_fd, _NEWS_FD: gdbs_news.fileno()},
        )
        gdbs_news.close()
        replay = Replay(subject.recording.events, channel, theirs, wire, news)
        replay.start()
        try:
            process.wait()
        finally:
            process.kill()  # with all that it traces
            process.wait()
            news.shutdown(socket.SHUT_RDWR)
            replay.join(_PATIENCE_S)


def _command(gdb: Sequence[str], program: Path, commands: Sequence[str]) -> list[str]:
    words = [gdb[0], "-q", "-iex", "set debuginfod enabled off", *gdb[1:], "-x", str(_SCRIPT)]
    if commands:
        words += ["-batch", "-ex", _RUN, *(word for one in commands for word in ("-ex", one))]
    elif len(gdb) == 1:  # an editor says itself when to run
        words += ["-ex", _RUN]
    arguments = ["--command-fd", str(COMMAND_FD), "--wire-fd", str(WIRE_FD)]
    return [*words, "--args", str(program), *arguments]


def _start(
    command: Sequence[str], knowledge: Path, descriptors: dict[int, int]
) -> subprocess.Popen[bytes]:
    """Starts gdb with descriptors of these numbers."""
    copies = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 200) for fd in descriptors.values()]
    parent = os.getpid()

    def in_child() -> None:
        die_with_parent(parent)
        for wanted, copy in zip(descriptors, copies):
            os.dup2(copy, wanted)

    environment = {**os.environ, **_SANITIZERS, "TCPLAB_DEBUG": str(knowledge)}
    environment.pop("PYTHONPATH", None)  # gdb's Python is another one
    try:
        # Python's own descriptors close by themselves; these have been told not to.
        return subprocess.Popen(command, env=environment, preexec_fn=in_child, close_fds=False)
    except OSError as error:
        raise InfrastructureError(f"{command[0]} cannot be started: {error.strerror}") from None
    finally:
        for copy in copies:
            os.close(copy)


@contextmanager
def _ignored_interrupts() -> Iterator[None]:
    """An interrupt from the keyboard is for gdb. It must not be ignored as such: gdb would do the
    same."""
    before = signal.signal(signal.SIGINT, lambda number, frame: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


# --- what gdb is told -----------------------------------------------------------------------------


def _knowledge(subject: Subject) -> dict[str, object]:
    events = subject.recording.events
    return {
        "skip": sum(len(event.verbs) for event in events[: subject.at]),
        "requests": [words for event in events for words in _in_words(subject, event)],
        "whole_stack": [verb.startswith(_STACK) for event in events for verb in event.verbs],
        "functions": subject.first_functions or subject.other_functions,
        "others": subject.other_functions if subject.first_functions else (),
        "file": subject.file,
        "folder": str(subject.folder),
        "intro": _intro(subject),
        "ending": _folded(f"the case ends here: {_ending(subject)}"),
        "news": _NEWS_FD,
    }


def _in_words(subject: Subject, event: Event) -> list[str]:
    """Each request of an event, as it is announced when its turn comes."""
    step = "\n".join(_step(subject, event.step, _DETAILS))
    return [f"{step}\n     request: {verb}" for verb in event.verbs]


def _step(subject: Subject, number: int, details: int = 0) -> list[str]:
    """A step, with so many lines of its packets."""
    for step in subject.recording.steps:
        if step.number == number:
            words = [detail.text for detail in step.details[:details]]
            lines = [f"{number:>3}  {step.text}", *(f"       {line}" for line in words)]
            return [cut(harmless(line), _columns()) for line in lines]
    return ["     before the first step"]


def _intro(subject: Subject) -> list[str]:
    recording = subject.recording
    stop = recording.events[subject.at].step
    lines = [subject.case.id, *wrapped(subject.case.rule, _columns()), ""]
    if recording.outcome.status == PASSED:
        lines += _passing(subject.checked)
    else:
        last = recording.steps[-1].number
        lines += [f"It {_verb(recording.outcome.status)} in step {last}:", *_step(subject, last)]
        lines.append(f"     {_ending(subject)}")
    where = f"from step {stop} on, in" if stop else "in"
    lines += ["", f"gdb stops {where} the first function of your {subject.file} that is called."]
    return [*(part for line in lines for part in _folded(line)), *_folded(_COMMANDS), ""]


def _passing(checked: Outcome | None) -> list[str]:
    """It may be otherwise as check compiles it, which is with optimisation."""
    if checked is None or checked.status in (PASSED, NOT_RUN):
        return ["It passes."]
    return [
        f"It passes without optimisation; as check compiles it, it {_verb(checked.status)}:"
        " suspect memory that is not yours, or a value that was never set.",
        f"     {cut(one_line(checked.message), 2 * _WIDTH)}",
    ]


def _folded(line: str) -> list[str]:
    """What is too long for the terminal goes on below, under its own words."""
    words = line.lstrip(" ")
    indent = " " * (len(line) - len(words))
    return [indent + part for part in wrapped(words, _columns() - len(indent))]


def _columns() -> int:
    """Of the terminal, or as COLUMNS says; gdb's own lines are its own affair."""
    return min(shutil.get_terminal_size((80, 24)).columns, _WIDTH)


def _verb(status: str) -> str:
    return {"crashed": "crashes", "timeout": "hangs"}.get(status, "fails")


def _ending(subject: Subject) -> str:
    outcome = subject.recording.outcome
    if outcome.status == PASSED:
        return "it passes"
    if outcome.expected or outcome.actual:
        words = f"{outcome.subject}: expected {outcome.expected}, actual {outcome.actual}"
    else:
        words = outcome.message
    return cut(one_line(words), 2 * _WIDTH)
