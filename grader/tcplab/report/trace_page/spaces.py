"""The sequence space of one direction, as it can be seen from outside: what was sent in it, what
the other side acknowledged, and which window it offered (RFC 9293, 3.3.1)."""

from __future__ import annotations

from dataclasses import dataclass, field

from tcplab.story import Message

Span = tuple[int, int]  # sequence numbers, the second one not included


@dataclass(frozen=True)
class Space:
    """One direction after a step. Numbers are relative: the SYN is 0."""

    una: int  # SND.UNA; for the receiver the acknowledgment that it sent last, RCV.NXT
    nxt: int  # SND.NXT
    window: int | None  # SND.WND, or RCV.WND; None before the first one
    edge: int | None  # the first number past the window, as it was offered
    sent: tuple[Span, ...]  # in order, apart from each other
    arrived: int  # up to here nothing is missing
    has_begun: bool

    @property
    def held(self) -> tuple[Span, ...]:
        """What has arrived behind a gap."""
        return tuple(span for span in self.sent if span[0] > self.arrived)

    def points(self) -> set[int]:
        """All numbers that matter in it."""
        ends = {end for span in self.sent for end in span}
        edge = {self.edge} if self.edge is not None else set()
        return ends | edge | {0, self.una, self.nxt, self.arrived}


@dataclass
class _Way:
    sent: list[Span] = field(default_factory=list)
    una: int = 0
    window: int | None = None
    edge: int | None = None
    newest: Span = (-1, -1)  # SND.WL1 and SND.WL2
    has_begun: bool = False

    def send(self, message: Message) -> None:
        """A message goes this way."""
        if message.seq is None or message.rst:
            return
        self.has_begun = True
        end = message.seq + len(message.data) + message.syn + message.fin
        # The stack is shown as it is. What the tester sends past the window is there to be refused.
        if self.edge is not None and not message.from_dut:
            end = min(end, max(self.edge, self.una))
        if message.seq < end and end > 0:
            self._add((max(message.seq, 0), end))

    def acknowledge(self, message: Message) -> None:
        """A message comes the other way."""
        if message.ack is None or message.rst or not self.una <= message.ack <= self.nxt:
            return
        self.una = message.ack
        order = (message.seq or 0, message.ack)
        if message.window is not None and order >= self.newest:
            self.newest = order
            self.window, self.edge = message.window, message.ack + message.window

    @property
    def nxt(self) -> int:
        return max([self.una, *(end for _, end in self.sent)])

    def space(self) -> Space:
        arrived = next((end for start, end in self.sent if start <= self.una <= end), self.una)
        return Space(
            self.una, self.nxt, self.window, self.edge, tuple(self.sent), arrived, self.has_begun
        )

    def _add(self, span: Span) -> None:
        start, end = span
        apart = [one for one in self.sent if one[1] < start or one[0] > end]
        touching = [one for one in self.sent if not (one[1] < start or one[0] > end)]
        for one in touching:
            start, end = min(start, one[0]), max(end, one[1])
        self.sent = sorted([*apart, (start, end)])


class Conversation:
    """Both directions of a connection, or of what a component is told and tells."""

    def __init__(self) -> None:
        self._ways = {False: _Way(), True: _Way()}  # by `from_dut`

    def take(self, message: Message) -> None:
        """The next message."""
        self._ways[not message.from_dut].acknowledge(message)
        self._ways[message.from_dut].send(message)

    def space(self, *, from_dut: bool) -> Space:
        """As it is now."""
        return self._ways[from_dut].space()
