"""One run: the stack, a program over it, and perhaps another one at the other end of the wire."""

from __future__ import annotations

import os
import select
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tcplab.build import Target
from tcplab.errors import InfrastructureError, UsageError
from tcplab.kit import Kit
from tcplab.namespace import die_with_parent
from tcplab.running.building import RunBuilder, build_program
from tcplab.wire.choose import choose_wire

OURS = "10.0.0.2"
OTHERS = "10.0.0.1"

# The wire is inside one machine: waiting a second after each loss, as the RFC wants it on the
# Internet, would make minutes of a megabyte.
_QUICK_TIMERS = (
    "--rto-initial 100 --rto-min 20 --rto-max 1000 --ack-delay 5 --retries 30 --syn-retries 30"
).split()
# Looking for leaks is the grader's business: here they would drown what the program says.
_SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=0:print_legend=0",
    "UBSAN_OPTIONS": "print_stacktrace=1",
}
_DELIVERING_S = 40.0  # tcprun gives up by itself before that
_ENDING_S = 2.0  # from being asked to end to being made to
_LINGERING_S = 0.5  # for a program at the other end that is about to end by itself
_LISTENING_S = 10.0
_STARTING_S = 60.0
_GLANCE_S = 0.02
_INTERRUPTS = {signal.SIGINT, signal.SIGTERM}


@dataclass(frozen=True)
class Plan:
    """What was asked for on the command line."""

    program: tuple[str, ...]
    tcp: str = "reference"  # or skeleton, or a folder
    server: str | None = None  # a command for the other end, to be there before the program
    visitor: str | None = None  # a command for the other end, when the program listens
    wire: str = "auto"
    rfc_timers: bool = False
    link: tuple[str, ...] = ()  # options of tcprun for its host and its wire


def run(plan: Plan) -> int:
    """Returns the exit status of the program; of the visitor, if there is one.

    Raises InfrastructureError, also when the stack dies under the program.
    """
    kit = Kit.find()
    tcprun = build_program(kit, plan.tcp)
    library = RunBuilder(kit, Target.find(kit, "reference")).library()
    kind, problem = choose_wire(plan.wire)
    stack = ExitStack()
    try:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tcplab-run-")))
        if kind == "tun":
            ends = _over_tun(stack, plan, tcprun, library, folder)
        else:
            if plan.wire == "auto":
                _say(f"{problem}: at the other end is the reference's TCP, over a socket pair")
            reference = build_program(kit, "reference")
            ends = _over_socket_pair(stack, plan, tcprun, reference, library, folder)
        return _converse(plan, *ends)
    finally:
        stack.close()


# --- the stacks -----------------------------------------------------------------------------------


@dataclass
class _Host:
    """A tcprun that runs, and how a program gets to use its TCP."""

    process: subprocess.Popen[bytes]
    events: int  # what it tells: one line for each event
    environment: dict[str, str]
    heard: bytes = b""

    def await_event(
        self, word: str, others: Sequence[int] = (), patience_s: float | None = None
    ) -> bool:
        """Waits for a line with this word. False if it never comes: the host ends, or one of the
        process descriptors `others` does, or it takes too long."""
        deadline = None if patience_s is None else time.monotonic() + patience_s
        while word.encode() not in self.heard:
            left_s = None if deadline is None else max(0, deadline - time.monotonic())
            if self.events not in select.select([self.events, *others], [], [], left_s)[0]:
                return False
            chunk = os.read(self.events, 4096)
            if not chunk:
                return False
            self.heard += chunk
        return True


class _OtherEnd:
    """Where the programs at the other end run: the kernel's TCP, or another stack."""

    name = "the kernel's"

    def __init__(self, host: _Host) -> None:
        self._host = host

    def command(self, words: Sequence[str]) -> list[str]:
        """What to start for a program to run there."""
        enter = ["nsenter", f"--target={self._host.process.pid}", "--net"]
        if os.geteuid() != 0:
            enter += ["--user", "--preserve-credentials"]
        return [*enter, *words]

    def environment(self) -> dict[str, str]:
        return {}

    def await_listener(self, peer: subprocess.Popen[bytes]) -> None:
        """Waits until somebody listens there, or the program has ended: a while, for it may be one
        that never listens. The kernel tells nobody of it, so one has to look."""
        table = Path(f"/proc/{self._host.process.pid}/net")
        deadline = time.monotonic() + _LISTENING_S
        with _descriptor_of(peer) as end:
            while time.monotonic() < deadline and not _has_listener(table):
                if select.select([end], [], [], _GLANCE_S)[0]:
                    return


class _OtherStack(_OtherEnd):
    name = "the reference's"

    def command(self, words: Sequence[str]) -> list[str]:
        return list(words)

    def environment(self) -> dict[str, str]:
        return self._host.environment

    def await_listener(self, peer: subprocess.Popen[bytes]) -> None:
        with _descriptor_of(peer) as end:
            self._host.await_event("listening", [end], _LISTENING_S)


def _over_tun(
    stack: ExitStack, plan: Plan, tcprun: Path, library: Path, folder: Path
) -> tuple[_Host, _OtherEnd]:
    inside = [sys.executable, "-m", "tcplab.running.inside", str(tcprun)]
    host = _start_host(stack, inside, _options(plan), folder / "ours", library)
    return host, _OtherEnd(host)


def _over_socket_pair(
    stack: ExitStack, plan: Plan, tcprun: Path, reference: Path, library: Path, folder: Path
) -> tuple[_Host, _OtherEnd]:
    # Held open here, too, so that neither stack loses its wire when the other ends.
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    stack.enter_context(ours)
    stack.enter_context(theirs)
    others = [*_timers(plan), "--address", OTHERS]
    other = _start_host(stack, [str(reference)], others, folder / "others", library, theirs)
    host = _start_host(stack, [str(tcprun)], _options(plan), folder / "ours", library, ours)
    return host, _OtherStack(other)


def _timers(plan: Plan) -> list[str]:
    return [] if plan.rfc_timers else list(_QUICK_TIMERS)


def _options(plan: Plan) -> list[str]:
    return [*_timers(plan), *plan.link]


def _start_host(
    stack: ExitStack,
    program: Sequence[str],
    options: Sequence[str],
    control: Path,
    library: Path,
    wire: socket.socket | None = None,
) -> _Host:
    """Starts tcprun, and waits until it is ready. It is ended with `stack`."""
    events, told = os.pipe()
    stack.callback(os.close, events)
    command = [*program, "--control", str(control), "--events-fd", str(told), *options]
    inherited = [told]
    if wire is not None:
        command += ["--tun-fd", str(wire.fileno())]
        inherited.append(wire.fileno())
    process = stack.enter_context(
        _started(
            command,
            stdin=subprocess.DEVNULL,
            pass_fds=inherited,
            env={**_SANITIZERS, **os.environ, "PYTHONPATH": str(Kit.find().root / "grader")},
        )
    )
    os.close(told)
    preloaded = [str(library), os.environ.get("LD_PRELOAD", "")]
    environment = {"LD_PRELOAD": ":".join(filter(None, preloaded)), "TCPLAB_RUN": str(control)}
    host = _Host(process, events, environment)
    if not host.await_event("ready", patience_s=_STARTING_S):
        raise InfrastructureError("the stack could not be started, as it says above")
    return host


# --- the programs ---------------------------------------------------------------------------------


def _converse(plan: Plan, host: _Host, other: _OtherEnd) -> int:
    """Runs the programs, at either end, to the end that is right for them."""
    if plan.server is None:
        if plan.visitor is None:
            _say(_how_to_get_there(other))
        return _run_program(plan, host, other)
    stdout = sys.stderr.fileno()  # stdout itself is the program's
    with _started_there(plan.server, other, stdout) as peer:
        other.await_listener(peer)
        return _run_program(plan, host, other)


def _run_program(plan: Plan, host: _Host, other: _OtherEnd) -> int:
    with _started(plan.program, env={**os.environ, **host.environment}) as program:
        status = None if plan.visitor is None else _visit(plan.visitor, program, host, other)
        if status is None:
            _await(program, host)
            status = program.returncode
    # Before the other end goes: what the program has written is to get there.
    if not _end(host.process, _DELIVERING_S):
        raise InfrastructureError("the stack did not come to an end: does it loop?")
    _check(host)
    return status if status >= 0 else 128 - status


def _started_there(
    command: str, other: _OtherEnd, stdout: int | None = None
) -> AbstractContextManager[subprocess.Popen[bytes]]:
    """In a process group of its own, so that all of it can be ended."""
    return _started(
        other.command(["setpriv", "--pdeathsig", "KILL", "sh", "-c", command]),
        ending=_dismiss,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        env={**os.environ, **other.environment()},
        start_new_session=True,
    )


def _visit(
    command: str, program: subprocess.Popen[bytes], host: _Host, other: _OtherEnd
) -> int | None:
    """Runs the visitor when the program listens; None if it never does."""
    with _descriptor_of(program) as end:
        if not host.await_event("listening", [end]):
            return None
    with _started_there(command, other) as visitor:
        _await(visitor, host)
        return visitor.returncode


@contextmanager
def _started(
    words: Sequence[str],
    ending: Callable[[subprocess.Popen[bytes]], object] = lambda one: _end(one, _ENDING_S),
    **options: Any,
) -> Iterator[subprocess.Popen[bytes]]:
    """A process, which has ended when the block has. An interrupt waits until it is known what has
    to be ended."""
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _INTERRUPTS)
    try:
        process = _start(words, mask, options)
        try:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            yield process
        finally:
            ending(process)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _start(
    words: Sequence[str], mask: set[int | signal.Signals], options: dict[str, Any]
) -> subprocess.Popen[bytes]:
    def prepare() -> None:
        die_with_parent()
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    try:
        return subprocess.Popen(words, preexec_fn=prepare, **options)
    except FileNotFoundError:
        raise UsageError(f"{words[0]}: there is no such program") from None
    except PermissionError:
        raise UsageError(f"{words[0]}: this is no program that you may start") from None


def _await(process: subprocess.Popen[bytes], host: _Host) -> None:
    """Waits for its end. Raises InfrastructureError if the stack ends before."""
    with _descriptor_of(process) as end, _descriptor_of(host.process) as stacks_end:
        if end not in select.select([end, stacks_end], [], [])[0]:
            _check(host)
    process.wait()


@contextmanager
def _descriptor_of(process: subprocess.Popen[bytes]) -> Iterator[int]:
    """One that becomes readable when the process ends; it must not have been waited for."""
    descriptor = os.pidfd_open(process.pid)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _end(process: subprocess.Popen[bytes], patience_s: float) -> bool:
    """Asks it to end; False if it had to be made."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False
    return True


def _check(host: _Host) -> None:
    """The stack has ended. Raises InfrastructureError if that was not in good order."""
    status = host.process.wait()
    if status != 0:
        raise InfrastructureError(f"the stack has ended with status {status}, as it says above")


def _dismiss(process: subprocess.Popen[bytes]) -> None:
    """The same for a whole group of processes, which may end by itself."""
    try:
        process.wait(_LINGERING_S)
    except subprocess.TimeoutExpired:
        pass
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except (ProcessLookupError, PermissionError):
            break  # nobody is left in it
        try:
            process.wait(_ENDING_S)
        except subprocess.TimeoutExpired:
            continue
    process.wait()


def _has_listener(folder: Path) -> bool:
    """Does somebody listen, by the kernel's table of TCP sockets?"""
    for name in ("tcp", "tcp6"):
        try:
            lines = (folder / name).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        if any(line.split()[3] == "0A" for line in lines):
            return True
    return False


# --- words ----------------------------------------------------------------------------------------


def _how_to_get_there(other: _OtherEnd) -> str:
    settings = [f"{name}={value}" for name, value in other.environment().items()]
    prefix = ["env", *settings] if settings else []
    command = shlex.join(other.command([*prefix, "COMMAND"]))
    return (
        f"the program's TCP is {OURS}; {other.name}, {OTHERS}, is for what is started with:"
        f" {command}"
    )


def _say(words: str) -> None:
    print(f"tcplab: {words}", file=sys.stderr, flush=True)
