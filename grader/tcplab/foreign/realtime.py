"""The bench in real time: for whatever does not let its clock be moved.

Cases speak of exact milliseconds. A device of its own time is asked a little more kindly: a wait
ends somewhat later, a lower bound lies somewhat lower, and a silence is watched for a bounded time.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from typing import TYPE_CHECKING

from tcplab.clock import Clock
from tcplab.dut import Reply
from tcplab.errors import CannotAsk
from tcplab.lab import Lab
from tcplab.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from tcplab.dut import Device

DEFAULT_PATIENCE_S = 20.0

# A silence is long enough to be told from a wait when every timer that matters has had its turn:
# the first retransmissions at 1 s and 3 s, a persist timer, a user timeout of 5 s.
_LONGEST_SILENCE_MS = 7000

# How exact real time is. Timers of a kernel end up to an eighth late, for they are kept in wheels,
# and a process may have to wait for its turn; nothing ends early but by the time that passed before
# we looked at the clock.
_LATE_SHARE, _LATE_MS = 8, 120
_EARLY_SHARE, _EARLY_MS = 50, 30


class RealClock(Clock):
    """Real milliseconds since it was made.

    `now` stands still between two calls of `sample`, so that a question and the answers that it
    gets at once have one time, as they have with the virtual clock.
    """

    def __init__(self, lab: RealTimeLab, patience_s: float):
        super().__init__(lab)
        self._real_lab = lab
        self._patience_ms = round(patience_s * 1000)
        self._started = time.monotonic()
        self._waited_ms = 0

    def live(self) -> int:
        """The time at this moment, in ms."""
        return int((time.monotonic() - self._started) * 1000)

    def sample(self) -> None:
        """Looks at the time: it becomes `now`."""
        self.now = self._real_lab.capture.now_ms = self.live()

    def pass_quietly(self, ms: int) -> None:
        """Waits, in real time. Raises CannotAsk when a case wants to wait for too long in all."""
        self._real_lab.stack()
        self._waited_ms += max(ms, 0)
        if self._waited_ms > self._patience_ms:
            raise CannotAsk(f"it takes more than {self._patience_ms / 1000:g} s of real time")
        if ms > 0:
            self._real_lab.request_stack(f"clock.advance {ms}")
            self.sample()
            self._real_lab.capture.advanced(self.now)

    def latest(self, ms: int) -> int:
        return ms + ms // _LATE_SHARE + _LATE_MS if ms > 0 else 0

    def earliest(self, ms: int) -> int:
        return self.tolerated(ms)

    @staticmethod
    def tolerated(ms: int) -> int:
        """After how many ms something may be seen that must not come before `ms`."""
        return max(ms - ms // _EARLY_SHARE - _EARLY_MS, 0)

    def silence(self, ms: int) -> int:
        return max(self.earliest(min(ms, _LONGEST_SILENCE_MS)), 1)


class RealTimeWire(Wire):
    """A wire on which packets arrive at any time: `collect` gives what was gathered."""

    name = "tun"

    def __init__(self) -> None:
        self._waiting: list[bytes] = []

    @property
    def dut_fd(self) -> int:
        raise NotImplementedError("a foreign device needs no descriptor of ours")

    @abstractmethod
    def gather(self) -> int:
        """Takes what has arrived; returns how many packets wait for `collect`."""

    @abstractmethod
    def wait(self, ms: int) -> None:
        """Until something arrives, at most so long. It may turn out not to be for us."""

    def collect(self) -> list[bytes]:
        packets, self._waiting = self._waiting, []
        return packets

    def drain(self) -> None:
        self.gather()
        self.collect()


class RealTimeLab(Lab):
    """A lab whose device lives in real time. `start` gets the clock by which it stamps packets."""

    def __init__(
        self,
        case_id: str,
        seed: int,
        start: Callable[[RealClock], tuple[Device, RealTimeWire]],
        patience_s: float = DEFAULT_PATIENCE_S,
    ):
        super().__init__(case_id, seed, self._start)
        self.real_clock = RealClock(self, patience_s)
        self.clock = self.real_clock
        self._start_device = start
        self._real_wire: RealTimeWire | None = None

    def _start(self) -> tuple[Device, Wire]:
        device, self._real_wire = self._start_device(self.real_clock)
        return device, self._real_wire

    def request_stack(self, text: str) -> Reply:
        """As for every lab; the time of the request is the time of what comes of it at once."""
        self.real_clock.sample()
        return super().request_stack(text)

    def inject(self, raw: bytes, words: str) -> None:
        """As for every lab; what the device has sent by itself meanwhile comes before."""
        _ = self.dut
        self.real_clock.sample()
        assert self._real_wire is not None
        self._real_wire.gather()
        for packet in self._real_wire.collect():
            self._deliver(packet, self.real_clock.now)
        super().inject(raw, words)
