"""A case told from beginning to end: its steps, the packets of each, and what came of it.

Everything that draws or exports a case (the ladder, the capture for Wireshark) is made from this.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from tcplab.harmless import one_line
from tcplab.packet import NotASegment, Segment
from tcplab.transcript import Detail, Step, Transcript

_RELATIVE = re.compile(r"\b(seq|ack)=-?\d+(?:\(raw\))?")


@dataclass(frozen=True)
class Passage:
    """A packet on its way. `words` are its fields, numbers relative as in the steps."""

    time_ms: int
    from_dut: bool
    raw: bytes
    words: str


@dataclass(frozen=True)
class Message:
    """What a component is given of a segment, or gives: a segment without a wire. Numbers are
    relative, as in the steps; None stands for what is not in it, or has no beginning to relate to.
    `flow` names the object that it went to or came from. Pieces for a reassembler are messages
    without flags."""

    flow: str
    from_dut: bool
    seq: int | None = None
    ack: int | None = None
    window: int | None = None
    data: bytes = b""
    syn: bool = False
    fin: bool = False
    rst: bool = False
    time_ms: int = 0


@dataclass(frozen=True)
class Said:
    """What an object on the device answered when it was asked for its state, as its code has it:
    not to be relied on. `kind` is a word of the command channel (conn, tcp, sender, receiver,
    reassembler, stream; or seqno: a call with its arguments and the answer), or `listener`, which
    is known without asking; its identity is the port. The `content` of a stream is what it holds,
    up to some bytes, in hexadecimal digits."""

    kind: str
    identity: int
    values: Mapping[str, str]


@dataclass(frozen=True)
class Act:
    """A step. `lines` are its packets, and notes that are none. Where the case was watched
    (onlooker.py), `messages` went to and came from components in it, and `said` is how things
    stood after it."""

    number: int
    text: str
    time_ms: int
    lines: tuple[Passage | str, ...]
    said: tuple[Said, ...] = ()
    messages: tuple[Message, ...] = ()

    @property
    def passages(self) -> tuple[Passage, ...]:
        """Its packets."""
        return tuple(line for line in self.lines if isinstance(line, Passage))


@dataclass(frozen=True)
class Story:
    """All steps of a case that was run. In one that did not pass, the last step is the one in which
    that was seen."""

    acts: tuple[Act, ...]
    grounds: tuple[str, ...] = ()  # what it builds on and is not about, in words

    def passages(self) -> Iterator[tuple[Act, Passage]]:
        """All packets in order, each with its step."""
        for act in self.acts:
            for passage in act.passages:
                yield act, passage


def story_of(transcript: Transcript) -> Story:
    """What a transcript tells."""
    claimed = _claimed(transcript)
    acts = tuple(_act(step, claimed) for step in transcript.steps)
    return Story(acts, tuple(dict.fromkeys(transcript.grounds)))


def with_raw_numbers(story: Story) -> Story:
    """The same, but for the numbers of its packets, which are those on the wire."""
    return replace(story, acts=tuple(_with_raw_numbers(act) for act in story.acts))


def _with_raw_numbers(act: Act) -> Act:
    lines = (_raw(line) if isinstance(line, Passage) else line for line in act.lines)
    return replace(act, lines=tuple(lines))


def _raw(passage: Passage) -> Passage:
    try:
        segment = Segment.dissect(passage.raw, passage.time_ms, passage.from_dut)
    except NotASegment:
        return passage
    numbers = {"seq": segment.seq, "ack": segment.ack}
    words = _RELATIVE.sub(lambda found: f"{found[1]}={numbers[found[1]]}", passage.words)
    return replace(passage, words=words)


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
