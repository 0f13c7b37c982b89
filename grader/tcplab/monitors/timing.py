"""MON-9, MON-12 and MON-16: not too early, not too late, not too often."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from tcplab import packet as p
from tcplab.monitors.base import Monitor
from tcplab.monitors.flow import Connection, Flow, Flows
from tcplab.packet import Segment

_ACK_WITHIN_MS = 500
_RATE = 200  # packets in a second that nobody asked for


class NotTooEarly(Monitor):
    id = "MON-9"
    rule = "Nothing is sent again before the smallest RTO has passed, except in fast retransmit."
    field = "SEQ"

    def stack_sent(self, segment: Segment, flow: Flow, flows: Flows, exchange: int) -> str:
        connection = flow.connection
        if connection is None or segment.length == 0 or segment.has(p.RST):
            return ""
        if segment.has(p.SYN) and segment.seq != connection.iss:
            return ""
        start = connection.of_stack(segment.seq)
        last = connection.last_sent_ms(start)
        if start >= connection.snd_max or last is None:
            return ""
        gap = segment.time_ms - last
        floor = min(flows.options.get(n) for n in ("rto_min_ms", "rto_initial_ms", "rto_max_ms"))
        if gap >= floor - 1 or self._excused(connection, flow, segment, last):
            return ""
        return f"number {start} is sent again after {gap} ms, the smallest RTO is {floor} ms"

    def _excused(self, connection: Connection, flow: Flow, segment: Segment, last: int) -> bool:
        reopened = connection.reopened_ms is not None and connection.reopened_ms >= last
        arrived = connection.syn_arrived_ms is not None and connection.syn_arrived_ms >= last
        syn_again = segment.has(p.SYN) and (arrived or flow.syn_since_stacks)
        # After a retransmission by timer an acknowledgment that uncovers the next hole may have it
        # filled at once: what was sent with the lost segment is taken to be lost as well.
        next_hole = (
            connection.advanced_ms == segment.time_ms
            and connection.of_stack(segment.seq) == connection.una < connection.timer_recover
        )
        fast = connection.recover is not None
        return fast or next_hole or reopened or syn_again


@dataclass
class _Debt:
    """An acknowledgment that is owed."""

    target: int
    since_ms: int


class AckInTime(Monitor):
    id = "MON-12"
    rule = "Data that arrives in order is acknowledged within 500 ms (MUST-40)."

    def __init__(self) -> None:
        self._debts: dict[int, tuple[Connection, _Debt]] = {}

    def tester_sent(self, segment: Segment, flow: Flow, flows: Flows, exchange: int) -> str:
        connection = flow.connection
        if connection is None or not self._must_be_taken(segment, connection, flows):
            return ""
        target = connection.of_tester(segment.seq) + segment.length
        _, debt = self._debts.get(id(connection), (None, None))
        if debt is None:
            self._debts[id(connection)] = (connection, _Debt(target, segment.time_ms))
        else:
            debt.target = max(debt.target, target)
        return ""

    def stack_sent(self, segment: Segment, flow: Flow, flows: Flows, exchange: int) -> str:
        late = self.time_is(segment.time_ms, flows)
        connection = flow.connection
        if connection is None or id(connection) not in self._debts:
            return late
        debt = self._debts[id(connection)][1]
        gone = segment.has(p.RST) or segment.has(p.SYN)
        if gone or connection.of_tester(segment.ack) >= debt.target:
            del self._debts[id(connection)]
        elif segment.has(p.ACK) and connection.of_tester(segment.ack) > connection.ack:
            debt.since_ms = segment.time_ms  # part of it came; the rest arrived later
        return late

    def time_is(self, now_ms: int, flows: Flows) -> str:
        for identity, (connection, debt) in list(self._debts.items()):
            if connection.closed or connection.aborted or connection.ended:
                del self._debts[identity]
            elif now_ms - debt.since_ms > _ACK_WITHIN_MS:
                waited = now_ms - debt.since_ms
                return f"data up to {debt.target} waits for its ACK since {waited} ms"
        return ""

    def _must_be_taken(self, segment: Segment, connection: Connection, flows: Flows) -> bool:
        """Beyond doubt: in order, inside the window, acknowledging what was sent."""
        if connection.irs is None or connection.closed or connection.aborted or connection.ended:
            return False
        if not segment.has(p.ACK) or segment.has(p.SYN) or segment.has(p.RST):
            return False
        if segment.length == 0 or not flows.would_take(segment):
            return False
        start = connection.of_tester(segment.seq)
        ack = connection.of_stack(segment.ack)
        owed = id(connection) in self._debts
        in_order = start == connection.prefix and (connection.ack == start or owed)
        before_fin = not connection.tester_fins
        acknowledges = max(connection.una, 1) <= ack <= connection.snd_max
        return (
            in_order and before_fin and acknowledges and start + segment.length <= connection.edge
        )


class BoundedRate(Monitor):
    id = "MON-16"
    rule = "Without cause the stack sends no more than 200 packets in a second."

    def __init__(self) -> None:
        self._sent: deque[int] = deque()
        self._asked: deque[int] = deque()

    def tester_sent(self, segment: Segment, flow: Flow, flows: Flows, exchange: int) -> str:
        self._asked.append(segment.time_ms)
        return ""

    def stack_sent(self, segment: Segment, flow: Flow, flows: Flows, exchange: int) -> str:
        connection = flow.connection
        if connection is not None and segment.data:
            if connection.of_stack(segment.seq) + segment.length > connection.snd_max:
                return ""  # new data is bounded by the window
        self._sent.append(segment.time_ms)
        for times in (self._sent, self._asked):
            while times and times[0] <= segment.time_ms - 1000:
                times.popleft()
        if len(self._sent) > _RATE + len(self._asked):
            return f"{len(self._sent)} packets in one second, for {len(self._asked)} received"
        return ""
