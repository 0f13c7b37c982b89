"""Runs one program that is not to be trusted, and watches it.

With bubblewrap the program sees its own binary, the shared libraries that it is linked with, /proc
of its own process namespace, and nothing else: no network, no environment, no other file. It
inherits two descriptors, the command channel and the wire. What it prints is kept in part, for the
explanation of a crash.
"""

from __future__ import annotations

import json
import os
import re
import resource
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tcplab import seccomp
from tcplab.errors import InfrastructureError
from tcplab.harmless import harmless
from tcplab.watch import Usage, Watch

_KEEP = 32 << 10  # bytes of its output kept, at the beginning and at the end
_FLOOD = 16 << 20
_STREAM = 1 << 20
_CHUNKS = 64  # read at once
_START_S = 5.0  # until bubblewrap has told whom it has started, on a busy machine
_END_S = 2.0  # from the end of the program to that of bubblewrap
_DYING_CPU_S = 1.0  # for a report and for what is done at exit
_DYING_SLEEP_S = 0.1
_DYING_WALL_S = 60.0  # on whatever machine
_SLICE_MS = 20
_CPU_LIMIT_S = 120  # in case the grader is not there to watch
_PAGE = resource.getpagesize()
_TICKS = os.sysconf("SC_CLK_TCK")
_NANOSECONDS = 1e9
_LAUNCHERS = {"bwrap", "prlimit", Path(sys.executable).resolve().name}

# handle_abort: a hang is ended by SIGABRT, and the stack says where. detect_stack_use_after_return
# is off for speed. Leaks are looked for only where a case asks for it.
_ASAN_OPTIONS = (
    "handle_abort=1:allocator_may_return_null=1:max_allocation_size_mb=256:color=never"
    ":detect_stack_use_after_return=0:abort_on_error=0:exitcode=99:detect_leaks={leaks}"
)
_UBSAN_OPTIONS = "print_stacktrace=1:color=never:exitcode=99"


@dataclass
class Process:
    """A program in the sandbox."""

    popen: subprocess.Popen[bytes]
    stderr_fd: int
    info_fd: int | None  # where bubblewrap says which process the program is
    flooded: bool = False
    stderr_open: bool = True
    _head: bytearray = field(default_factory=bytearray)
    _tail: bytearray = field(default_factory=bytearray)
    _printed: int = 0
    _info: bytes = b""
    _pid: int | None = None
    _has_started: bool = False
    _was_killed: bool = False

    # --- what it prints --------------------------------------------------------------------------

    def drain(self) -> bool:
        """Takes what it printed so far, as far as that is kept. False after the end of it."""
        for _ in range(_CHUNKS):  # whoever prints without end does not keep us here
            if not self.stderr_open:
                return False
            try:
                chunk = os.read(self.stderr_fd, 1 << 16)
            except BlockingIOError:
                return True
            if not chunk:
                self._close_stderr()
                return False
            self._keep(chunk)
        return True

    def _keep(self, chunk: bytes) -> None:
        self._printed += len(chunk)
        self.flooded = self._printed > _FLOOD
        room = _KEEP - len(self._head)
        if room > 0:
            self._head += chunk[:room]
            chunk = chunk[room:]
        self._tail = (self._tail + chunk)[-_KEEP:]

    def _close_stderr(self) -> None:
        if self.stderr_open:
            self.stderr_open = False
            os.close(self.stderr_fd)

    def printed(self) -> str:
        lost = self._printed - len(self._head) - len(self._tail)
        gap = f"\n… {lost} bytes left out …\n".encode() if lost > 0 else b""
        return harmless((bytes(self._head) + gap + bytes(self._tail)).decode("utf-8", "replace"))

    def streams(self) -> bool:
        """Has it printed so much that printing may be all it does?"""
        return self._printed > _STREAM

    def last_words(self, watch: Watch | None = None) -> str:
        """Waits for its end and returns what it printed; ends it if it does not end itself. `watch`
        sees what that costs."""
        watch = watch or Watch(self)
        watch.begin()
        while not self.wait(_SLICE_MS):
            self.drain()
            watch.look()
            is_too_long = watch.wall_s > _DYING_WALL_S or self.flooded
            if is_too_long or watch.cpu_s > _DYING_CPU_S or watch.asleep_s > _DYING_SLEEP_S:
                break
        self.kill()
        return self.printed()

    # --- how it is -------------------------------------------------------------------------------

    @property
    def pid(self) -> int | None:
        """The program's own process id, as seen from here; None as long as it has none."""
        return self._learn_pid(patience_s=0)

    def _learn_pid(self, patience_s: float) -> int | None:
        """Bubblewrap tells it piece by piece. The pipe stays open to the end: closing it in between
        would kill bubblewrap with SIGPIPE, and leave a child that waits for it for ever."""
        if self.info_fd is None:
            return self.popen.pid
        deadline = time.monotonic() + patience_s
        while self._pid is None and b"}" not in self._info:
            left_ms = max(0, deadline - time.monotonic()) * 1000
            if not select.select([self.info_fd], [], [], left_ms / 1000)[0]:
                return None
            chunk = os.read(self.info_fd, 4096)
            if not chunk:
                return None
            self._info += chunk
        if self._pid is None:
            self._pid = int(json.loads(self._info)["child-pid"])
        return self._pid

    def usage(self) -> Usage:
        """What it has had of the processor, and what it does now."""
        try:
            folder = f"/proc/{self.pid}"
            stat = Path(folder, "stat").read_bytes().rpartition(b")")[2].split()
            state, ticks = stat[0].decode("ascii"), int(stat[11]) + int(stat[12])
        except (OSError, IndexError, ValueError):
            return Usage("", 0.0, None)
        try:
            computed, queued, _ = map(int, Path(folder, "schedstat").read_bytes().split())
        except (OSError, ValueError):
            return Usage(state, ticks / _TICKS, None)
        return Usage(state, computed / _NANOSECONDS, queued / _NANOSECONDS)

    def has_started(self) -> bool:
        """Does the program itself run, or did it, and not what makes its surroundings?"""
        if not self._has_started and self.pid is not None:
            try:
                name = os.path.basename(os.readlink(f"/proc/{self.pid}/exe"))
                self._has_started = name not in _LAUNCHERS
            except FileNotFoundError:
                pass  # it has ended
            except OSError:
                self._has_started = True  # it hides itself
        return self._has_started

    def memory_bytes(self) -> int:
        """Resident memory; 0 if the process is gone."""
        try:
            return int(Path(f"/proc/{self.pid}/statm").read_text("ascii").split()[1]) * _PAGE
        except (OSError, IndexError, ValueError):
            return 0

    def wait(self, ms: int) -> bool:
        """Has it ended, or does it within `ms`?"""
        try:
            self.popen.wait(ms / 1000)
        except subprocess.TimeoutExpired:
            return False
        self.drain()
        return True

    @property
    def exit_status(self) -> int | None:
        return self.popen.returncode

    def was_killed_by_others(self) -> bool:
        """Was it ended with SIGKILL, and not by us? A machine without memory does that."""
        return not self._was_killed and self.popen.returncode in (-signal.SIGKILL, 128 + 9)

    def exit_reason(self) -> str:
        status = self.popen.returncode
        if status is None or self._was_killed:
            return "it closed the command channel"
        number = -status if status < 0 else status - 128
        if status < 0 or status > 128:
            try:
                return f"it was ended by {signal.Signals(number).name}"
            except ValueError:
                pass
        return f"it ended by itself with exit status {status}"

    def stack_of_hang(self, watch: Watch | None = None) -> str:
        """Makes the sanitizer print where it is, and ends it."""
        if not self._hears(signal.SIGABRT):
            self.kill()
            return self.printed()
        _send(self.pid, signal.SIGABRT)
        _send(self.pid, signal.SIGCONT)
        return self.last_words(watch)

    def _hears(self, number: signal.Signals) -> bool:
        """Has it a handler for this signal, and does not block it?"""
        try:
            status = Path(f"/proc/{self.pid}/status").read_text("ascii", errors="replace")
        except OSError:
            return False
        masks = dict(re.findall(r"^(SigBlk|SigCgt):\s*([0-9a-f]+)$", status, re.MULTILINE))
        bit = 1 << (number - 1)
        caught, blocked = int(masks.get("SigCgt", "0"), 16), int(masks.get("SigBlk", "0"), 16)
        return bool(caught & bit) and not blocked & bit

    def kill(self) -> None:
        """Ends it and everything that belongs to it."""
        if self.popen.poll() is None:
            self._was_killed = True
            _send(self._learn_pid(patience_s=_START_S), signal.SIGKILL)
            try:
                self.popen.wait(_END_S)  # bubblewrap ends with its child
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()
        self.drain()
        self._close_stderr()
        if self.info_fd is not None:
            os.close(self.info_fd)
            self.info_fd = None


def _send(pid: int | None, number: signal.Signals) -> None:
    """Sends a signal, if there is anybody to send it to."""
    try:
        if pid is not None:
            os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        pass


@dataclass(frozen=True)
class Launcher:
    """Starts programs. `mode` is "bwrap" or "none"."""

    mode: str

    def start(
        self, binary: Path, arguments: Sequence[str], fds: Sequence[int], *, leaks: bool = False
    ) -> Process:
        """Starts `binary` with the descriptors `fds`, which keep their numbers."""
        stderr_read, stderr_write = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(stderr_read, False)
        extra: list[int] = []
        info_fd: int | None = None
        command = ["prlimit", "--core=0:0", "--fsize=0:0", f"--cpu={_CPU_LIMIT_S}:{_CPU_LIMIT_S}"]
        environment = _environment(leaks)
        if self.mode == "bwrap":
            info_fd, info_write = os.pipe2(os.O_CLOEXEC)
            extra.append(info_write)
            command += ["bwrap", *_bwrap_options(binary, leaks), "--info-fd", str(info_write)]
            filter_fd = _seccomp_fd(leaks)
            if filter_fd is not None:
                extra.append(filter_fd)
                command += ["--seccomp", str(filter_fd)]
            command += ["/dut", *arguments]
        else:
            command += [str(binary), *arguments]
        try:
            popen = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=stderr_write,
                stderr=stderr_write,
                pass_fds=[*fds, *extra],
                env=environment,
                cwd="/",
            )
        finally:
            for fd in [stderr_write, *extra]:
                os.close(fd)
        return Process(popen, stderr_read, info_fd)


def _environment(leaks: bool) -> dict[str, str]:
    return {
        "ASAN_OPTIONS": _ASAN_OPTIONS.format(leaks=int(leaks)),
        "UBSAN_OPTIONS": _UBSAN_OPTIONS,
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    }


def _bwrap_options(binary: Path, leaks: bool) -> list[str]:
    options = ["--unshare-all", "--die-with-parent", "--new-session", "--as-pid-1", "--clearenv"]
    for name, value in _environment(leaks).items():
        if name != "PATH":
            options += ["--setenv", name, value]
    for library in shared_libraries(binary):
        options += ["--ro-bind", library, library]
    options += ["--ro-bind", str(binary), "/dut", "--proc", "/proc", "--remount-ro", "/"]
    return options + ["--chdir", "/"]


def _seccomp_fd(leaks: bool) -> int | None:
    code = seccomp.program(allow_tracing=leaks)
    if code is None:
        return None
    read, write = os.pipe2(os.O_CLOEXEC)
    os.write(write, code)
    os.close(write)
    return read


_LIBRARIES: dict[Path, list[str]] = {}


def shared_libraries(binary: Path) -> list[str]:
    """The files that the dynamic linker loads for a binary of ours."""
    if binary not in _LIBRARIES:
        listing = subprocess.run(["ldd", str(binary)], capture_output=True, text=True).stdout
        _LIBRARIES[binary] = sorted(set(re.findall(r"(/\S+) \(0x", listing)))
    return _LIBRARIES[binary]


def choose_launcher(wanted: str) -> Launcher:
    """`wanted` is auto, bwrap or none. Raises InfrastructureError if there can be no sandbox."""
    if wanted == "none":
        return Launcher("none")
    problem = _why_no_bwrap()
    if problem:
        raise InfrastructureError(
            f"no sandbox: {problem}; or give --sandbox none, for code that you trust"
        )
    return Launcher("bwrap")


def _why_no_bwrap() -> str:
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed: apt-get install bubblewrap"
    trial = subprocess.run(
        ["bwrap", "--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "--proc", "/proc"]
        + ["true"],
        capture_output=True,
        text=True,
    )
    if trial.returncode == 0:
        return ""
    said = (trial.stderr.strip().splitlines() or ["no reason given"])[-1]
    return (
        f"bubblewrap cannot make namespaces here ({said}):"
        " run as root, or allow unprivileged user namespaces"
        " (sysctl kernel.apparmor_restrict_unprivileged_userns=0 on Ubuntu,"
        " --privileged in a container)"
    )
