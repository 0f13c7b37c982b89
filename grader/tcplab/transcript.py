"""The numbered record of what a case did, in words: the first half of every explanation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tcplab.packet import Segment


@dataclass(frozen=True)
class Detail:
    """A line that belongs to a step; if it tells of a packet, that packet."""

    text: str
    segment: Segment | None = None


@dataclass
class Step:
    """One action or expectation, and the packets that went by while it was carried out. It began at
    `time_ms` of virtual time."""

    number: int
    text: str
    time_ms: int
    details: list[Detail] = field(default_factory=list)


@dataclass
class Transcript:
    """Steps in order. `limit` bounds memory in cases with thousands of them: the middle is lost.
    `now` tells the virtual time, in ms."""

    now: Callable[[], int] = lambda: 0
    limit: int = 2000
    steps: list[Step] = field(default_factory=list)
    grounds: list[str] = field(default_factory=list)  # what the case builds on, in words
    _count: int = 0

    def step(self, text: str) -> None:
        self._count += 1
        self.steps.append(Step(self._count, text, self.now()))
        if len(self.steps) > self.limit:
            del self.steps[self.limit // 2 : self.limit // 2 + 1]

    def detail(self, text: str, segment: Segment | None = None) -> None:
        """Belongs to the step before it."""
        if not self.steps:
            self.step("before the first step")
        if len(self.steps[-1].details) < self.limit:
            self.steps[-1].details.append(Detail(text, segment))

    def step_of(self, segment: Segment) -> int:
        """The number of the last step in which a packet was told; 0 if in none."""
        with_it = [
            step.number
            for step in self.steps
            if any(detail.segment is segment for detail in step.details)
        ]
        return with_it[-1] if with_it else 0

    def lines(self) -> Iterator[str]:
        for step in self.steps:
            yield f"{step.number:3d}  {step.text}"
            for detail in step.details:
                yield f"       {detail.text}"


def show_bytes(data: bytes, limit: int = 24) -> str:
    """Bytes for a person: quoted text where it is text, with the length where it is cut."""
    if not data:
        return "no bytes"
    shown = data[:limit]
    printable = all(32 <= byte < 127 for byte in shown)
    text = '"' + shown.decode("ascii") + '"' if printable else shown.hex(" ")
    if len(data) > limit:
        return f"{text}… ({len(data)} bytes)"
    return text
