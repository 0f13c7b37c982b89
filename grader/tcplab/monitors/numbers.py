"""MON-5 to MON-8: sequence numbers, acknowledgments and windows."""

from __future__ import annotations

from tcplab import packet as p
from tcplab.monitors.base import Monitor
from tcplab.monitors.flow import Connection, Flow, Flows
from tcplab.packet import Segment


def _known(flow: Flow, segment: Segment) -> Connection | None:
    """The connection, if the segment surely belongs to it."""
    connection = flow.connection
    if connection is None or segment.has(p.RST) or segment.has(p.SYN):
        return None
    return connection


class AckNumber(Monitor):
    id = "MON-5"
    rule = "The acknowledgment never goes back, and never past what was sent in order."
    field = "ACK"

    def stack_sent(self, segment: Segment, flow: Flow, flows: Flows, exchange: int) -> str:
        connection = _known(flow, segment)
        if connection is None or connection.irs is None or not segment.has(p.ACK):
            return ""
        ack = connection.of_tester(segment.ack)
        if ack < connection.ack:
            return f"ack={ack} after ack={connection.ack}"
        if ack > connection.prefix:
            return f"ack={ack}, but the tester has sent no more than {connection.prefix} in order"
        return ""


class RightEdge(Monitor):
    id = "MON-6"
    rule = "The right edge of the window, ack + window, never moves left (SHLD-14)."
    field = "WND"

    def stack_sent(self, segment: Segment, flow: Flow, flows: Flows, exchange: int) -> str:
        connection = _known(flow, segment)
        if connection is None or connection.irs is None or not segment.has(p.ACK):
            return ""
        edge = connection.of_tester(segment.ack) + segment.window
        if edge < connection.edge:
            return f"the right edge went back from {connection.edge} to {edge}"
        return ""


class WindowObeyed(Monitor):
    id = "MON-7"
    rule = "Nothing new is sent beyond the window that the peer has offered (3.8.6)."
    field = "LEN"

    def stack_sent(self, segment: Segment, flow: Flow, flows: Flows, exchange: int) -> str:
        connection = _known(flow, segment)
        if connection is None or segment.length == 0:
            return ""
        start = connection.of_stack(segment.seq)
        end = start + segment.length
        if end <= connection.snd_max:
            return ""
        if connection.allowed is None:
            return "data before the peer has offered a window"
        # A FIN right behind the last allowed byte, and a probe of one number, are tolerated.
        if end - segment.has(p.FIN) <= connection.allowed or segment.length == 1:
            return ""
        return f"numbers up to {end} are used where the window ends at {connection.allowed}"


class SameByte(Monitor):
    id = "MON-8"
    rule = "A sequence number always means the same byte, FIN or SYN."
    field = "SEQ"

    def stack_sent(self, segment: Segment, flow: Flow, flows: Flows, exchange: int) -> str:
        connection = flow.connection
        if connection is None or segment.has(p.RST):
            return ""
        if segment.has(p.SYN):
            return self._other_isn(segment, flow, connection)
        start = connection.of_stack(segment.seq)
        end = start + segment.length
        if segment.data and start < 1:
            return f"data at sequence number {start}, where the SYN stands or nothing"
        if start > connection.snd_max and segment.length:
            return f"a gap: it begins at {start}, but nothing past {connection.snd_max} was sent"
        if connection.fin_at is not None:
            if segment.has(p.FIN) and end - 1 != connection.fin_at:
                return f"the FIN is at {end - 1}, and was at {connection.fin_at} before"
            if segment.data and end - segment.has(p.FIN) > connection.fin_at:
                return f"data at or past {connection.fin_at}, where the FIN was"
        return self._other_bytes(segment, start, connection)

    def _other_isn(self, segment: Segment, flow: Flow, connection: Connection) -> str:
        cause = flow.syn_since_stacks or flow.connecting is not None
        if segment.seq == connection.iss or cause:
            return ""
        return "the SYN is sent again with another initial sequence number"

    def _other_bytes(self, segment: Segment, start: int, connection: Connection) -> str:
        before = bytes(connection.sent[start - 1 : start - 1 + len(segment.data)])
        if segment.data[: len(before)] == before:
            return ""
        at = next(i for i, (a, b) in enumerate(zip(before, segment.data)) if a != b)
        return (
            f"at sequence number {start + at} there is byte {segment.data[at]:#04x},"
            f" and was {before[at]:#04x} before"
        )
