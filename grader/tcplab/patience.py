"""How long a submission may keep a worker busy: so long that no sound one ever notices, and so
short that the grade of any submission ends within a minute.

Counted is what the code under test does itself: its time on the processor, and its sleep while it
had to answer (tcplab.watch). A slow or busy machine uses up nobody's patience. Each checkpoint has
its own, for a fault costs points where it is and nowhere else.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

# Seconds. A sound implementation takes about 5 ms for a case, its start included.
_PER_CHECKPOINT = 3.0
_PER_CASE = 0.04  # added to that for each case of the checkpoint
_UNNOTICED = 0.1  # a case that takes no longer costs no patience
_PACKETS_UNNOTICED = 200  # ten times as many as come in a usual case
_PER_PACKET = 0.0003  # of the grader's time
_OVERALL = 25.0
_END_OF_HANG = 0.25  # until it has been told where it was


@dataclass
class Patience:
    """A worker's. `checkpoints` has the number of each of its cases' checkpoints. `most_hangs` is
    how many cases of one may time out: somebody who waits for a check learns little from a third.
    """

    checkpoints: Iterable[int]
    most_hangs: float = math.inf
    _left: dict[int, float] = field(init=False)
    _hangs: Counter[int] = field(init=False, default_factory=Counter)
    _overall: float = field(init=False, default=_OVERALL)

    def __post_init__(self) -> None:
        counts = Counter(self.checkpoints)
        self._left = {one: _PER_CHECKPOINT + _PER_CASE * counts[one] for one in counts}

    def charge(self, checkpoint: int, effort_s: float, *, hung: bool, packets: int) -> None:
        """A case was run, and so many packets came. What a hang costs is rounded, so that the same
        grade ends in the same way."""
        self._overall -= effort_s
        if hung:
            self._hangs[checkpoint] += 1
            self._left[checkpoint] -= math.floor(effort_s) + _END_OF_HANG
        else:
            self._left[checkpoint] -= max(0.0, effort_s - _UNNOTICED)
        self._left[checkpoint] -= max(0, packets - _PACKETS_UNNOTICED) * _PER_PACKET

    def end(self, checkpoint: int) -> str:
        """Why no further case of this checkpoint is run; empty as long as they are."""
        count = self._hangs[checkpoint]
        if self._left[checkpoint] > 0 and self._overall > 0 and count < self.most_hangs:
            return ""
        if count:
            return f"{count} case{'s' if count > 1 else ''} before it timed out"
        if self._left[checkpoint] > 0:
            return f"all cases before it took more than {_OVERALL:.0f} s of computing or sleeping"
        return "the cases before it took far too long, or sent far too much"
