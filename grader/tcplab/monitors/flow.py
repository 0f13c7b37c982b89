"""One connection as a capture shows it: what each side has sent, and what the other may know of it.

The tester's own segments are judged too: a case injects broken ones on purpose. What the stack
*may* have taken (any whole segment) bounds what it is allowed to say; what it *must* have taken
(a `plain` segment, exactly where the stack stood) decides what it is obliged to do.

Numbers are relative to the two initial ones and grow without wrapping.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tcplab import packet as p
from tcplab.monitors.wholeness import is_whole, mss_values
from tcplab.packet import CIRCLE, FlowKey, Segment, forward, signed_distance
from tcplab.stack import StackOptions

FOLDED_MSS = 64  # a peer that names less may be answered as if it had named something sensible
DEFAULT_MSS = 536


@dataclass
class Connection:
    """One incarnation: from the SYN of the stack under test on."""

    iss: int  # of the stack
    irs: int | None = None  # of the tester, once known
    identity: int = -1  # the application's connection, once known

    # what the stack has sent
    syn_alone: bool = False  # its last SYN had no ACK: SYN-SENT, not SYN-RECEIVED
    snd_max: int = 0  # the highest number sent, plus one
    sent: bytearray = field(default_factory=bytearray)  # the stream's bytes, by index
    fin_at: int | None = None
    fin_answers_fin: bool = False  # our FIN went out after theirs was acknowledged: LAST-ACK
    ack: int = -1  # the highest acknowledgment sent
    edge: int = -1  # the highest right edge offered
    transmissions: list[tuple[int, int, int]] = field(default_factory=list)  # start, end, time

    # what the tester has sent
    prefix: int = 0  # all numbers below were sent
    beyond: list[tuple[int, int]] = field(default_factory=list)  # pieces above the prefix
    values: dict[int, set[int]] = field(default_factory=dict)  # index → bytes sent there
    tester_fins: set[int] = field(default_factory=set)  # where a FIN was sent
    una: int = 0  # the highest acknowledgment that the stack may have taken
    allowed: int | None = None  # the highest right edge ever offered to the stack
    window: int | None = None  # SND.WND, by the rule of SND.WL1 and SND.WL2
    last_window: int | None = None  # of the last segment, whichever it was
    wl1: int = 0
    wl2: int = 0
    mss: int | None = None  # the largest payload that the peer's SYN allows

    # how far it has come
    established: bool = False  # our SYN was acknowledged beyond doubt
    closed: str = ""  # why the connection is gone, beyond doubt
    aborted: bool = False  # the stack itself has sent a reset
    ended: bool = False  # may be gone: a SYN begins something new

    # what the application did
    written: bytearray = field(default_factory=bytearray)
    read: int = 0

    # excuses for early retransmission
    duplicate_acks: int = 0
    recover: int | None = None  # in fast recovery until this is acknowledged
    timer_recover: int = 0  # the same after a retransmission by timer
    advanced_ms: int = -1  # when something new was acknowledged
    reopened_ms: int | None = None
    syn_arrived_ms: int | None = None

    def of_stack(self, number: int) -> int:
        """A sequence number of the stack's, made relative."""
        base = max(self.snd_max, 0)
        return base + signed_distance((self.iss + base) % CIRCLE, number)

    def of_tester(self, number: int) -> int:
        """A sequence number of the tester's, made relative; the SYN must be known."""
        assert self.irs is not None
        return self.prefix + signed_distance((self.irs + self.prefix) % CIRCLE, number)

    @property
    def both_fins(self) -> bool:
        return self.fin_at is not None and bool(self.tester_fins)

    def has_taken_fin(self, ack: int) -> bool:
        """Does an acknowledgment show beyond doubt that the tester's FIN was taken?"""
        if len(self.tester_fins) != 1:
            return False
        fin = next(iter(self.tester_fins))
        return ack == fin + 1 and all(index < fin - 1 for index in self.values)

    # --- the tester's segments -----------------------------------------------------------------

    def is_plain(self, segment: Segment) -> bool:
        """Beyond doubt a segment that the stack takes: it stands exactly where the stack is, all
        before it was acknowledged, and it acknowledges nothing that was never sent."""
        if self.irs is None or not segment.has(p.ACK):
            return False
        at_the_edge = self.of_tester(segment.seq) == self.prefix == self.ack
        known = self.una <= self.of_stack(segment.ack) <= self.snd_max
        return at_the_edge and known and not segment.has(p.SYN) and not segment.has(p.RST)

    def add_from_tester(self, segment: Segment) -> None:
        """A whole segment: its numbers count as sent."""
        if self.irs is None or segment.has(p.RST):
            return
        start = self.of_tester(segment.seq)
        end = start + segment.length
        first_byte = start + segment.has(p.SYN)
        for at, value in enumerate(segment.data, start=first_byte - 1):
            self.values.setdefault(at, set()).add(value)
        if segment.has(p.FIN):
            self.tester_fins.add(end - 1)
        if segment.length:
            self.beyond.append((start, end))
            self._extend_prefix()

    def _extend_prefix(self) -> None:
        left = []
        for start, end in sorted(self.beyond):
            if start <= self.prefix:
                self.prefix = max(self.prefix, end)
            else:
                left.append((start, end))
        self.beyond = left

    def add_acknowledgment(self, segment: Segment) -> None:
        """The ACK and the window of a whole segment of the tester's."""
        if segment.has(p.RST):
            return
        if segment.has(p.SYN):
            self.syn_arrived_ms = segment.time_ms
        if not segment.has(p.ACK):
            if segment.has(p.SYN):
                self._offer(1 + segment.window)
            return
        ack = self.of_stack(segment.ack)
        if ack > self.snd_max:
            return
        self._count_duplicates(segment, ack)
        if ack > self.una:
            self.una, self.advanced_ms = ack, segment.time_ms
        if self.recover is not None and self.una >= self.recover:
            self.recover = None
        self._take_window(segment, ack)
        self._offer(ack + segment.window)

    def _count_duplicates(self, segment: Segment, ack: int) -> None:
        if ack == self.una and self.snd_max > self.una and segment.length == 0:
            self.duplicate_acks += 1
            if self.duplicate_acks >= 3:
                self.recover = self.snd_max
        elif ack > self.una:
            self.duplicate_acks = 0

    def _take_window(self, segment: Segment, ack: int) -> None:
        """RFC 9293, 3.10.7.4, fifth check: the window of the newest segment counts from SND.UNA."""
        if self.last_window == 0 and segment.window > 0:
            self.reopened_ms = segment.time_ms
        self.last_window = segment.window
        seq = 0 if self.irs is None else self.of_tester(segment.seq)
        acceptable = self.edge < 0 or self.ack <= seq <= self.edge
        newer = self.window is None or (seq, ack) >= (self.wl1, self.wl2)
        if newer and acceptable:
            self.window, self.wl1, self.wl2 = segment.window, seq, ack
        self._offer(self.una + (self.window or 0))

    def _offer(self, edge: int) -> None:
        self.allowed = edge if self.allowed is None else max(self.allowed, edge)

    def note_peer_mss(self, segment: Segment) -> None:
        """The tester's SYN: how large the stack's payloads may be."""
        values = mss_values(segment.raw)
        named = max(values) if values else DEFAULT_MSS
        self.mss = named if named >= FOLDED_MSS else DEFAULT_MSS

    # --- the stack's segments ------------------------------------------------------------------

    def add_from_stack(self, segment: Segment) -> None:
        if segment.has(p.RST):
            return
        start = self.of_stack(segment.seq)
        end = start + segment.length
        if segment.has(p.SYN):
            self.syn_alone = not segment.has(p.ACK)
        if segment.data:
            at = start + segment.has(p.SYN) - 1
            if at <= len(self.sent):
                self.sent[at : at + len(segment.data)] = segment.data
        if segment.has(p.FIN) and self.fin_at is None:
            self.fin_at = end - 1
            if self.irs is not None:
                self.fin_answers_fin = self.has_taken_fin(self.of_tester(segment.ack))
        if segment.length:
            if start < self.snd_max:
                self.timer_recover = self.snd_max
            self.transmissions.append((start, end, segment.time_ms))
        self.snd_max = max(self.snd_max, end)
        if segment.has(p.ACK) and self.irs is not None:
            ack = self.of_tester(segment.ack)
            self.ack = max(self.ack, ack)
            self.edge = max(self.edge, ack + segment.window)

    def last_sent_ms(self, number: int) -> int | None:
        """When this number was last on the wire."""
        for start, end, time_ms in reversed(self.transmissions):
            if start <= number < end:
                return time_ms
        return None


@dataclass
class Flow:
    """Everything between one pair of ports: one connection after another."""

    key: FlowKey
    connection: Connection | None = None
    tester_segments: list[Segment] = field(default_factory=list)  # whole ones, since the last end
    syn_since_stacks: bool = False  # has the tester sent a SYN since the stack last did?
    connecting: int | None = None  # the application has just asked for a connection here
    whole_received: int = 0
    pure_acks: int = 0


class Flows:
    """All flows of a capture, brought up to date event by event."""

    def __init__(self, options: StackOptions):
        self.options = options
        self._flows: dict[FlowKey, Flow] = {}
        self._of_app: dict[int, Connection] = {}

    def flow(self, key: FlowKey) -> Flow:
        return self._flows.setdefault(key, Flow(key))

    def connection_of_app(self, identity: int) -> Connection | None:
        return self._of_app.get(identity)

    def accepted(self, key: FlowKey, identity: int) -> None:
        connection = self.flow(key).connection
        if connection is not None:
            connection.identity = identity
            self._of_app[identity] = connection

    def connecting(self, key: FlowKey, identity: int) -> None:
        self.flow(key).connecting = identity

    # --- packets -------------------------------------------------------------------------------

    def would_take(self, segment: Segment) -> bool:
        """Is it a whole packet for the stack's address?"""
        return segment.destination == self.options.address and is_whole(segment.raw)

    def tester_sent(self, segment: Segment) -> None:
        """After the monitors have seen it."""
        flow = self.flow(segment.flow)
        if not self.would_take(segment):
            return
        flow.whole_received += 1
        flow.tester_segments.append(segment)
        if segment.has(p.SYN):
            flow.syn_since_stacks = True
        connection = flow.connection
        if connection is None:
            return
        if segment.has(p.RST):
            _note_reset(connection, segment)
            return
        plain = connection.is_plain(segment)
        if connection.irs is not None:
            connection.add_from_tester(segment)
        connection.add_acknowledgment(segment)
        if plain:
            _note_plain(connection, segment)

    def stack_sent(self, segment: Segment) -> None:
        """After the monitors have seen it."""
        flow = self.flow(segment.flow)
        if segment.has(p.RST):
            _note_stacks_reset(flow.connection, segment)
            return
        if segment.has(p.SYN) and self._begins_anew(flow, segment):
            _trim_to_last_syn(flow)
            flow.connection = Connection(iss=segment.seq)
            if flow.connecting is not None:
                flow.connection.identity = flow.connecting
                self._of_app[flow.connecting] = flow.connection
                flow.connecting = None
        connection = flow.connection
        if connection is None:
            return
        if connection.irs is None and segment.has(p.ACK):
            _find_tester_syn(flow, connection, segment)
        if segment.has(p.SYN):
            flow.syn_since_stacks = False
        elif segment.length or (connection.syn_alone and connection.una >= 1):
            connection.established = True
        connection.add_from_stack(segment)

    def _begins_anew(self, flow: Flow, segment: Segment) -> bool:
        connection = flow.connection
        if connection is None or flow.connecting is not None:
            return True
        over = bool(connection.closed) or connection.established
        if segment.seq != connection.iss or (over and flow.syn_since_stacks):
            return True
        if connection.irs is None or not segment.has(p.ACK):
            return False
        # The same ISN, as a test may fix it: is this for another SYN than the one answered before?
        answered = (segment.ack - 1) % CIRCLE
        return answered != connection.irs and any(
            one.has(p.SYN) and one.seq == answered for one in flow.tester_segments
        )


def _trim_to_last_syn(flow: Flow) -> None:
    """What came before the SYN that began a second connection belongs to the first."""
    if flow.connection is not None:
        at = [index for index, one in enumerate(flow.tester_segments) if one.has(p.SYN)]
        flow.tester_segments = flow.tester_segments[at[-1] :] if at else []


def _note_reset(connection: Connection, segment: Segment) -> None:
    """A reset of the tester's: does it end the connection beyond doubt?"""
    connection.ended = True
    if connection.closed or connection.both_fins:
        return
    if connection.irs is None:
        if segment.has(p.ACK) and connection.of_stack(segment.ack) == connection.snd_max == 1:
            connection.closed = "the tester's reset"
        return
    if connection.of_tester(segment.seq) == connection.prefix == connection.ack:
        connection.closed = "the tester's reset"


def _note_plain(connection: Connection, segment: Segment) -> None:
    """A segment that the stack has taken beyond doubt."""
    ack = connection.of_stack(segment.ack)
    if ack >= 1:
        connection.established = True
    fin_acked = connection.fin_at is not None and ack > connection.fin_at
    if fin_acked and connection.fin_answers_fin and connection.has_taken_fin(connection.ack):
        connection.ended = True
        connection.closed = "the acknowledgment of its FIN in LAST-ACK"


def _note_stacks_reset(connection: Connection | None, segment: Segment) -> None:
    if connection is None:
        return
    connection.ended = True
    at_the_end = connection.of_stack(segment.seq) in (connection.snd_max, connection.una)
    if connection.established and at_the_end:
        connection.aborted = True


def _find_tester_syn(flow: Flow, connection: Connection, segment: Segment) -> None:
    """The stack acknowledges: which of the tester's SYNs has it taken?"""
    syns = [one for one in flow.tester_segments if one.has(p.SYN)]
    if not syns:
        return
    chosen = min(syns, key=lambda one: forward((one.seq + 1) % CIRCLE, segment.ack))
    connection.irs = chosen.seq
    connection.note_peer_mss(chosen)
    begin = flow.tester_segments.index(chosen)
    for one in flow.tester_segments[begin:]:
        connection.add_from_tester(one)
        connection.add_acknowledgment(one)
    flow.tester_segments = flow.tester_segments[begin:]
