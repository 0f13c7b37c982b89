"""What work costs: the processor's time that a device takes for it, measured from outside.

Wall time says how busy the machine is; the time on the processor says what the code does. It still
varies, with caches and neighbours, always upwards: so the least of several attempts counts, and
verdicts are about ratios far from one.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tcplab.check import expect_equal
from tcplab.dut import Dut
from tcplab.errors import CaseFailed, NoComponents

if TYPE_CHECKING:
    from tcplab.lab import Lab

MOST_GROWTH = 4.0  # of the cost of a byte, or of a call, when there is 16 times the work
MOST_OF_REFERENCE = 30.0  # times what the reference takes
_ATTEMPTS = 5


@dataclass(frozen=True)
class Work:
    """Requests that make a device ready, the one that is measured, and what it has to answer, if
    that is to be checked: how much was done, for nobody is to be quick by doing nothing. `units` is
    how many bytes, or calls, are in it."""

    words: str
    prepare: tuple[str, ...]
    request: str
    units: int
    answer: int | None = None


def processor_time_s(device: Dut) -> float:
    """What the process has had so far; exact to some nanoseconds where the system can say that."""
    pid = device.process.pid
    try:
        if pid is not None:
            return time.clock_gettime((~pid << 3) | 2)  # its clock: see clock_getcpuclockid(3)
    except OSError:
        pass
    return device.process.usage().cpu_s


def expect_even_cost(lab: Lab, unit: str, little: Work, much: Work) -> None:
    """A unit of `much` costs at most four times what one of `little` costs."""
    lab.transcript.step(f"Compare the cost of {little.words} and of {much.words}")
    device = measurable(lab.dut)
    growth = _least_ratio(_Least(device, much), _Least(device, little), MOST_GROWTH)
    lab.transcript.detail(f"a {unit} costs {growth:.1f} times as much")
    if growth > MOST_GROWTH:
        raise CaseFailed(
            f"with {much.words} a {unit} costs {growth:.0f} times as much as with {little.words}",
            f"the cost of a {unit}",
            f"at most {MOST_GROWTH:.0f} times as much",
            f"{growth:.0f} times as much",
        )


def expect_cost_near_reference(lab: Lab, work: Work) -> None:
    """The work costs at most thirty times what the reference takes for it, here and now."""
    lab.transcript.step(f"Compare the cost of {work.words} with what it costs the reference")
    mine, reference = _Least(measurable(lab.dut), work), _Least(measurable(lab.reference()), work)
    ratio = _least_ratio(mine, reference, MOST_OF_REFERENCE)
    lab.transcript.detail(f"it costs {ratio:.1f} times as much")
    if ratio > MOST_OF_REFERENCE:
        raise CaseFailed(
            f"{work.words} cost {ratio:.0f} times what they cost the reference",
            "the cost",
            f"at most {MOST_OF_REFERENCE:.0f} times the reference's",
            f"{ratio:.0f} times the reference's",
        )


def measurable(device: object) -> Dut:
    """The device, if it is a process whose time can be measured."""
    if not isinstance(device, Dut):
        raise NoComponents("this device has no components to measure")
    return device


def _least_ratio(one: _Least, other: _Least, enough: float) -> float:
    """Of the least costs seen; no more attempts are made than are needed to be below `enough`."""
    ratio = float("inf")
    other.measure()  # the first time everything is slower
    for _ in range(_ATTEMPTS):
        other.measure()
        one.measure()
        ratio = one.cost_s / other.cost_s
        if ratio <= enough:
            break
    return ratio


class _Least:
    """The least that a piece of work has cost so far."""

    def __init__(self, device: Dut, work: Work):
        self._device = device
        self._work = work
        self.cost_s = float("inf")  # of a unit
        device.request("seqno.wrap 0 0")  # its beginning is over then, and not part of the work

    def measure(self) -> float:
        """Does the work once more. Returns the least cost of a unit, in seconds."""
        for text in self._work.prepare:
            self._device.request(text)
        before = processor_time_s(self._device)
        reply = self._device.request(self._work.request)
        took_s = processor_time_s(self._device) - before
        if self._work.answer is not None:
            expect_equal(f"what comes of {self._work.words}", self._work.answer, reply.number(0))
        self.cost_s = min(self.cost_s, took_s / self._work.units)
        return self.cost_s
