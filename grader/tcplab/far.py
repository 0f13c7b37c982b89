"""Moves a stream far ahead, for cases about what comes then: more than four gigabytes.

To move them takes the reference up to a quarter of a second of the processor's time. A sound
component may take thirty times as long, and must not fail for it. So the bytes are moved in
portions, each larger than the one before; and where too much time would go by, the case ends early,
and nothing is held against anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from tcplab.check import expect_equal
from tcplab.cost import measurable, processor_time_s

if TYPE_CHECKING:
    from tcplab.lab import Lab

PIECE = 60_000  # bytes, in each segment
_MOST_S = 1.5  # for all of them; a case has 3 s
_PORTION_S = 0.25  # a request has 1 s
_SEEN_S = 0.1  # after which the pace is known
_FIRST = 1 << 20  # bytes
_GROWTH = 4


def move(lab: Lab, what: str, request: Callable[[int, int], str], total: int) -> bool:
    """Moves `total` bytes with the requests that `request` makes of (bytes before, bytes now).
    Each replies how many have come through since the beginning. False if it would take too long."""
    device = measurable(lab.dut)
    done = 0
    for before, now in portions(total, lambda: processor_time_s(device)):
        came = lab.request(request(before, now)).number(0)
        done = before + now
        expect_equal(what, done, came)
    if done < total:
        lab.transcript.detail(f"too slow for the rest of this case, after {done:,} bytes")
    return done == total


def portions(total: int, clock_s: Callable[[], float]) -> Iterator[tuple[int, int]]:
    """The bytes before each portion, and in it; to the end, or until that turns out to be too far.
    The clock is read when the portion before has been moved."""
    begin_s = clock_s()
    done, portion = 0, _FIRST
    while done < total:
        now = min(portion, total - done)
        yield done, now
        done += now
        spent_s = max(clock_s() - begin_s, 1e-9)
        pace = done / spent_s  # bytes a second
        if spent_s > _SEEN_S and total / pace > _MOST_S:
            return
        portion = min(portion * _GROWTH, int(pace * _PORTION_S) + 1)
