"""A case told from beginning to end: its steps, the packets of each, and what came of it.

Everything that draws or exports a case (the ladder, the capture for Wireshark) is made from this.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tcplab.harmless import one_line
from tcplab.packet import Segment
from tcplab.transcript import Detail, Step, Transcript


@dataclass(frozen=True)
class Passage:
    """A packet on its way. `words` are its fields, numbers relative as in the steps."""

    time_ms: int
    from_dut: bool
    raw: bytes
    words: str


@dataclass(frozen=True)
class Act:
    """A step. `lines` are its packets, and notes that are none."""

    number: int
    text: str
    time_ms: int
    lines: tuple[Passage | str, ...]


@dataclass(frozen=True)
class Story:
    """All steps of a case that was run. In one that did not pass, the last step is the one in which
    that was seen."""

    acts: tuple[Act, ...]

    def passages(self) -> Iterator[tuple[Act, Passage]]:
        """All packets in order, each with its step."""
        for act in self.acts:
            for line in act.lines:
                if isinstance(line, Passage):
                    yield act, line


def story_of(transcript: Transcript) -> Story:
    """What a transcript tells."""
    claimed = _claimed(transcript)
    return Story(tuple(_act(step, claimed) for step in transcript.steps))


def _claimed(transcript: Transcript) -> set[int]:
    """Packets that are told twice, by the identity of their first mention: first as nobody's, and
    again when a peer has been found that they belong to."""
    first: dict[Segment, int] = {}
    twice: set[int] = set()
    for detail in (detail for step in transcript.steps for detail in step.details):
        if detail.segment is None:
            continue
        if detail.segment in first and detail.segment.from_dut:
            twice.add(first[detail.segment])
        first[detail.segment] = id(detail)
    return twice


def _act(step: Step, claimed: set[int]) -> Act:
    lines = tuple(_line(one) for one in step.details if id(one) not in claimed)
    return Act(step.number, one_line(step.text), step.time_ms, lines)


def _line(detail: Detail) -> Passage | str:
    segment = detail.segment
    if segment is None:
        return one_line(detail.text)
    words = one_line(detail.text[2:])
    return Passage(segment.time_ms, segment.from_dut, segment.raw, words)
