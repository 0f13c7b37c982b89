"""The two ends of a wire: the stack in question, whose TCP programs are led to, and what is at the
other end, the kernel or another stack."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tcplab.target import Target
from tcplab.errors import InfrastructureError
from tcplab.kit import Kit
from tcplab.running.building import RunBuilder, build_program
from tcplab.running.processes import descriptor_of, dismiss, started
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
_LISTENING_S = 10.0
_STARTING_S = 60.0
_GLANCE_S = 0.02
_LONGEST_FOLDER = 70  # bytes, of the 107 that the name of a socket has


@dataclass(frozen=True)
class Wiring:
    """Whose TCP, and over what."""

    tcp: str = "reference"  # or skeleton, or a folder
    wire: str = "auto"
    rfc_timers: bool = False
    link: tuple[str, ...] = ()  # options of tcprun for its host and its wire


@contextmanager
def two_ends(wiring: Wiring) -> Iterator[tuple[Host, OtherEnd]]:
    """Both, for as long as the context lasts. Raises InfrastructureError where they cannot be."""
    kit = Kit.find()
    tcprun = build_program(kit, wiring.tcp)
    library = RunBuilder(kit, Target.find(kit, "reference")).library()
    kind, problem = choose_wire(wiring.wire)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(_folder_for_sockets()))
        if kind == "tun":
            yield _over_tun(stack, wiring, tcprun, library, folder)
            return
        if wiring.wire == "auto":
            say(f"{problem}: at the other end is the reference's TCP, over a socket pair")
        reference = build_program(kit, "reference")
        yield _over_socket_pair(stack, wiring, tcprun, reference, library, folder)


def _folder_for_sockets() -> tempfile.TemporaryDirectory[str]:
    """Where temporary files are, unless that is too far down: a socket's name is short."""
    usual = tempfile.gettempdir()
    return tempfile.TemporaryDirectory(
        prefix="tcplab-run-", dir=usual if len(usual.encode()) <= _LONGEST_FOLDER else "/tmp"
    )


def say(words: str) -> None:
    """A line beside what the programs say."""
    print(f"tcplab: {words}", file=sys.stderr, flush=True)


@dataclass
class Host:
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

    def running(self, words: Sequence[str]) -> AbstractContextManager[subprocess.Popen[bytes]]:
        """A program that uses its TCP, and has ended when the block has."""
        return started(words, env={**os.environ, **self.environment})

    def check(self) -> None:
        """It has ended. Raises InfrastructureError if that was not in good order."""
        status = self.process.wait()
        if status != 0:
            raise InfrastructureError(f"the stack has ended with status {status}, as it says above")


class OtherEnd:
    """Where the programs at the other end run: the kernel's TCP, or another stack."""

    name = "the kernel's"

    def __init__(self, host: Host) -> None:
        self._host = host

    def command(self, words: Sequence[str]) -> list[str]:
        """What to start for a program to run there."""
        enter = ["nsenter", f"--target={self._host.process.pid}", "--net"]
        if os.geteuid() != 0:
            enter += ["--user", "--preserve-credentials"]
        return [*enter, *words]

    def environment(self) -> dict[str, str]:
        return {}

    def running(
        self, command: str, stdout: int | None = None, inherited: Sequence[int] = ()
    ) -> AbstractContextManager[subprocess.Popen[bytes]]:
        """A line for the shell that runs there, in a process group of its own, so that all of it
        can be ended: it has when the block has. It inherits these descriptors."""
        return started(
            self.command(["setpriv", "--pdeathsig", "KILL", "sh", "-c", command]),
            ending=dismiss,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            env={**os.environ, **self.environment()},
            pass_fds=inherited,
            start_new_session=True,
        )

    def await_listener(self, peer: subprocess.Popen[bytes]) -> None:
        """Waits until somebody listens there, or the program has ended: a while, for it may be one
        that never listens. The kernel tells nobody of it, so one has to look."""
        table = Path(f"/proc/{self._host.process.pid}/net")
        deadline = time.monotonic() + _LISTENING_S
        with descriptor_of(peer) as ended:
            while time.monotonic() < deadline and not _has_listener(table):
                if select.select([ended], [], [], _GLANCE_S)[0]:
                    return


class OtherStack(OtherEnd):
    name = "the reference's"

    def command(self, words: Sequence[str]) -> list[str]:
        return list(words)

    def environment(self) -> dict[str, str]:
        return self._host.environment

    def await_listener(self, peer: subprocess.Popen[bytes]) -> None:
        with descriptor_of(peer) as ended:
            self._host.await_event("listening", [ended], _LISTENING_S)


def _over_tun(
    stack: ExitStack, wiring: Wiring, tcprun: Path, library: Path, folder: Path
) -> tuple[Host, OtherEnd]:
    inside = [sys.executable, "-m", "tcplab.running.inside", str(tcprun)]
    host = _start_host(stack, inside, _options(wiring), folder / "ours", library)
    return host, OtherEnd(host)


def _over_socket_pair(
    stack: ExitStack, wiring: Wiring, tcprun: Path, reference: Path, library: Path, folder: Path
) -> tuple[Host, OtherEnd]:
    # Held open here, too, so that neither stack loses its wire when the other ends.
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    stack.enter_context(ours)
    stack.enter_context(theirs)
    others = [*_timers(wiring), "--address", OTHERS]
    other = _start_host(stack, [str(reference)], others, folder / "others", library, theirs)
    host = _start_host(stack, [str(tcprun)], _options(wiring), folder / "ours", library, ours)
    return host, OtherStack(other)


def _timers(wiring: Wiring) -> list[str]:
    return [] if wiring.rfc_timers else list(_QUICK_TIMERS)


def _options(wiring: Wiring) -> list[str]:
    return [*_timers(wiring), *wiring.link]


def _start_host(
    stack: ExitStack,
    program: Sequence[str],
    options: Sequence[str],
    control: Path,
    library: Path,
    wire: socket.socket | None = None,
) -> Host:
    """Starts tcprun, and waits until it is ready. It is ended with `stack`."""
    events, told = os.pipe()
    stack.callback(os.close, events)
    command = [*program, "--control", str(control), "--events-fd", str(told), *options]
    inherited = [told]
    if wire is not None:
        command += ["--tun-fd", str(wire.fileno())]
        inherited.append(wire.fileno())
    process = stack.enter_context(
        started(
            command,
            fixed=True,
            stdin=subprocess.DEVNULL,
            pass_fds=inherited,
            env={**_SANITIZERS, **os.environ, "PYTHONPATH": str(Kit.find().root / "grader")},
        )
    )
    os.close(told)
    preloaded = [str(library), os.environ.get("LD_PRELOAD", "")]
    environment = {"LD_PRELOAD": ":".join(filter(None, preloaded)), "TCPLAB_RUN": str(control)}
    host = Host(process, events, environment)
    if not host.await_event("ready", patience_s=_STARTING_S):
        raise InfrastructureError("the stack could not be started, as it says above")
    return host


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
