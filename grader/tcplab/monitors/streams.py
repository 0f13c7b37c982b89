"""MON-14 and MON-15: the bytes of the applications."""

from __future__ import annotations

from tcplab import packet as p
from tcplab.capture import AppAction, AppEvent
from tcplab.monitors.base import Monitor
from tcplab.monitors.flow import Connection, Flow, Flows
from tcplab.packet import Segment
from tcplab.transcript import show_bytes


class Push(Monitor):
    id = "MON-14"
    rule = "The segment that carries the last byte queued has PSH (MUST-61)."
    field = "CTL"

    def stack_sent(self, segment: Segment, flow: Flow, flows: Flows, exchange: int) -> str:
        connection = flow.connection
        if connection is None or not segment.data or segment.has(p.RST):
            return ""
        end = connection.of_stack(segment.seq) + len(segment.data)
        is_new = end > connection.snd_max
        is_last = end - 1 == len(connection.written)
        if is_new and is_last and not segment.has(p.PSH) and not segment.has(p.FIN):
            return "nothing more is queued behind it, but there is no PSH on it"
        return ""


class SameStream(Monitor):
    id = "MON-15"
    rule = "What one application writes is what the other reads, byte for byte."

    def stack_sent(self, segment: Segment, flow: Flow, flows: Flows, exchange: int) -> str:
        connection = flow.connection
        if connection is None or not segment.data or segment.has(p.RST) or segment.has(p.SYN):
            return ""
        at = connection.of_stack(segment.seq) - 1
        written = bytes(connection.written[max(at, 0) : max(at, 0) + len(segment.data)])
        if at >= 0 and written == segment.data:
            return ""
        if len(written) < len(segment.data) and segment.data.startswith(written):
            return f"bytes are sent that no application has written, from index {at + len(written)}"
        return (
            f"{show_bytes(segment.data)} is sent at index {at}, {show_bytes(written)} was written"
        )

    def app_did(self, event: AppEvent, flows: Flows) -> str:
        connection = flows.connection_of_app(event.identity)
        if connection is None:
            return ""
        if event.action is AppAction.READ:
            return self._read(connection, event.data)
        if event.action is AppAction.EOF:
            return self._end(connection)
        return ""

    def _read(self, connection: Connection, data: bytes) -> str:
        for at, value in enumerate(data, start=connection.read):
            sent = connection.values.get(at, set())
            if value not in sent or at + 1 >= connection.prefix + (connection.irs is None):
                return f"the application reads {value:#04x} at index {at}, which was not sent there"
        return ""

    def _end(self, connection: Connection) -> str:
        fins = {fin for fin in connection.tester_fins if fin < connection.prefix}
        if not fins:
            return "the application sees the end, but the tester has sent no FIN in order"
        if connection.read + 1 not in fins:
            return f"the end after {connection.read} bytes, the tester's FIN is at {min(fins)}"
        return ""
