"""A program that is watched: what it prints, how it is, and its end.

How a program came to be, and who can say that it has ended, is the business of its `Life`.
"""

from __future__ import annotations

import json
import os
import re
import resource
import select
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tcplab.harmless import harmless
from tcplab.watch import Usage, Watch

_KEEP = 32 << 10  # bytes of its output kept, at the beginning and at the end
_FLOOD = 16 << 20
_STREAM = 1 << 20
_CHUNKS = 64  # read at once
START_S = 5.0  # until a program that is being started has a process id, on a busy machine
END_S = 2.0  # from the end of a program to the news of it
_DYING_CPU_S = 1.0  # for a report and for what is done at exit
_DYING_SLEEP_S = 0.1
_DYING_WALL_S = 60.0  # on whatever machine
_SLICE_MS = 20
_PAGE = resource.getpagesize()
_TICKS = os.sysconf("SC_CLK_TCK")
_NANOSECONDS = 1e9


class Life(Protocol):
    """What can be known of a program from outside, and done about it."""

    @property
    def status(self) -> int | None:
        """Its exit status, or a signal's number less than zero; None while it runs."""

    def pid(self, patience_s: float) -> int | None:
        """Its process id, as seen from here; None as long as it has none."""

    def wait(self, seconds: float) -> bool:
        """Has it ended, or does it meanwhile?"""

    def end(self) -> None:
        """Ends it and everything that belongs to it."""

    def forget(self) -> None:
        """It has ended: gives back what was needed to look after it."""


@dataclass
class Launched:
    """A program that was started, with or without bubblewrap around it."""

    popen: subprocess.Popen[bytes]
    info_fd: int | None  # where bubblewrap says which process the program is
    _info: bytes = b""
    _pid: int | None = None

    @property
    def status(self) -> int | None:
        return self.popen.returncode

    def pid(self, patience_s: float) -> int | None:
        """Bubblewrap tells it piece by piece. The pipe stays open to the end: closing it in between
        would kill bubblewrap with SIGPIPE, and leave a child that waits for it for ever."""
        if self.info_fd is None:
            return self.popen.pid
        deadline = time.monotonic() + patience_s
        while self._pid is None and b"}" not in self._info:
            left_s = max(0, deadline - time.monotonic())
            if not select.select([self.info_fd], [], [], left_s)[0]:
                return None
            chunk = os.read(self.info_fd, 4096)
            if not chunk:
                return None
            self._info += chunk
        if self._pid is None:
            self._pid = int(json.loads(self._info)["child-pid"])
        return self._pid

    def wait(self, seconds: float) -> bool:
        try:
            self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def end(self) -> None:
        send_signal(self.pid(START_S), signal.SIGKILL)
        if not self.wait(END_S):  # bubblewrap ends with its child
            self.popen.kill()
            self.popen.wait()

    def forget(self) -> None:
        if self.info_fd is not None:
            os.close(self.info_fd)
            self.info_fd = None


@dataclass
class Process:
    """A program, and our end of the pipe to which it prints."""

    life: Life
    stderr_fd: int
    flooded: bool = False
    stderr_open: bool = True
    _head: bytearray = field(default_factory=bytearray)
    _tail: bytearray = field(default_factory=bytearray)
    _printed: int = 0
    _was_killed: bool = False
    _statm_fd: int | None = None

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
        return self.life.pid(0)

    def usage(self) -> Usage:
        """What it has had of the processor, and what it does now."""
        if self.life.status is not None:
            return Usage("", 0.0, None)  # its number may be another's by now
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

    def memory_bytes(self) -> int:
        """Resident memory; 0 if the process is gone."""
        try:
            if self._statm_fd is None:
                self._statm_fd = os.open(f"/proc/{self.pid}/statm", os.O_RDONLY | os.O_CLOEXEC)
            return int(os.pread(self._statm_fd, 64, 0).split()[1]) * _PAGE
        except (OSError, IndexError, ValueError):
            return 0

    def wait(self, ms: int) -> bool:
        """Has it ended, or does it within `ms`?"""
        if not self.life.wait(ms / 1000):
            return False
        self.drain()
        return True

    @property
    def exit_status(self) -> int | None:
        return self.life.status

    def was_killed_by_others(self) -> bool:
        """Was it ended with SIGKILL, and not by us? A machine without memory does that."""
        return not self._was_killed and self.life.status in (-signal.SIGKILL, 128 + 9)

    def exit_reason(self) -> str:
        status = self.life.status
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
        send_signal(self.pid, signal.SIGABRT)
        send_signal(self.pid, signal.SIGCONT)
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
        if not self.life.wait(0):
            self._was_killed = True
            self.life.end()
        self.drain()
        self._close_stderr()
        self.life.forget()
        if self._statm_fd is not None:
            os.close(self._statm_fd)
            self._statm_fd = None


def send_signal(pid: int | None, number: signal.Signals) -> None:
    """Sends a signal, if there is anybody to send it to."""
    try:
        if pid is not None:
            os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        pass
