"""How a process spends its time: computing, asleep, or waiting for its turn.

Only the first two are its own doing. A machine that is busy with other things makes a process wait
in the queue for the processor; the kernel counts that separately (/proc/PID/schedstat), so that it
can be told apart from a process that sleeps. No verdict depends on how busy a machine is.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

_SLEEPING = "StTtI"  # asleep of its own will, or stopped
_SETTLE_LOOKS = 5
_SETTLE_S = 0.001


@dataclass(frozen=True)
class Usage:
    """What a process has had so far, in seconds, and its state as in /proc/PID/stat; an empty state
    if it is gone. `queued_s` is None where the kernel does not count it."""

    state: str
    cpu_s: float
    queued_s: float | None


class Watched(Protocol):
    """What has to be known about a process."""

    def usage(self) -> Usage:
        ...


class Watch:
    """Looks at a process again and again, and adds up.

    `cpu_s`, `asleep_s` and `wall_s` count from `begin`; `effort_s` is all that it has cost since it
    was started, computing and sleeping, as far as it was looked at.
    """

    def __init__(self, process: Watched, clock: Callable[[], float] = time.monotonic):
        self._process = process
        self._clock = clock
        self._slept_before = 0.0
        self._total_cpu = 0.0
        self._begin_at(Usage("", 0.0, None))

    def begin(self) -> None:
        """From now on it has something to do."""
        self._slept_before += self.asleep_s
        self._begin_at(self._process.usage())

    def _begin_at(self, usage: Usage) -> None:
        self.cpu_s = self.asleep_s = self.wall_s = 0.0
        self._first = self._settled = usage
        self._started_at = self._settled_at = self._looked_at = self._clock()
        self._excused = 0.0
        self._total_cpu = max(self._total_cpu, usage.cpu_s)

    @property
    def effort_s(self) -> float:
        return self._total_cpu + self._slept_before + self.asleep_s

    def look(self) -> Usage:
        """Brings the figures up to date."""
        usage = self._process.usage()
        now = self._clock()
        self.wall_s = now - self._started_at
        if usage.state == "D":
            self._excused += now - self._looked_at  # the machine's disk or memory is slow
        self._looked_at = now
        if usage.state:
            self.cpu_s = max(self.cpu_s, usage.cpu_s - self._first.cpu_s)
            self._total_cpu = max(self._total_cpu, usage.cpu_s)
        if usage.state and usage.state in _SLEEPING:
            self._settle(usage, now)
        return usage

    def settle(self) -> None:
        """The last look after something was done: the process goes to sleep now, rightly."""
        for _ in range(_SETTLE_LOOKS):
            before = self._settled.cpu_s
            usage = self.look()
            if usage.state != "R":
                return
            if usage.cpu_s > before and usage.queued_s is not None:
                self._settle(usage, self._clock())
                return
            time.sleep(_SETTLE_S)

    def _settle(self, usage: Usage, now: float) -> None:
        """Since the last time, it has slept when it neither computed nor queued. This cannot be
        said while it is runnable: the kernel counts time in the queue when it is over."""
        passed = now - self._settled_at - self._excused
        computed = usage.cpu_s - self._settled.cpu_s
        if usage.queued_s is not None and self._settled.queued_s is not None:
            passed -= computed + usage.queued_s - self._settled.queued_s
        elif computed > 0 or self._settled.state not in _SLEEPING:
            passed = 0.0
        self.asleep_s += max(0.0, passed)
        self._settled, self._settled_at, self._excused = usage, now, 0.0
