"""MON-1 to MON-4: each packet by itself is well-formed."""

from __future__ import annotations

from tcplab import packet as p
from tcplab.monitors.base import Monitor
from tcplab.monitors.flow import Flow, Flows
from tcplab.monitors.wholeness import ip_problem, mss_values, reserved_bits, tcp_problem
from tcplab.packet import Segment


class Checksums(Monitor):
    id = "MON-1"
    rule = "Checksums and lengths of every packet are right, and its TTL is not 0 (MUST-2)."

    def stack_sent(self, segment: Segment, flow: Flow, flows: Flows, exchange: int) -> str:
        problem = ip_problem(segment.raw)
        if not problem:
            problem = tcp_problem(segment.raw)
            problem = problem if "checksum" in problem else ""
        if not problem and segment.source != flows.options.address:
            problem = f"{segment.source} as its source"
        return f"the stack sent a packet with {problem}" if problem else ""


class HeaderForm(Monitor):
    id = "MON-2"
    rule = "Header length and options are well-formed, reserved bits zero (MUST-68, MUST-69)."

    def stack_sent(self, segment: Segment, flow: Flow, flows: Flows, exchange: int) -> str:
        problem = tcp_problem(segment.raw)
        if not problem and reserved_bits(segment.raw):
            problem = f"reserved bits {reserved_bits(segment.raw):04b}"
        return f"the stack sent a header with {problem}" if problem else ""


class SegmentSize(Monitor):
    id = "MON-3"
    rule = "The MSS option stands on SYNs only, within the MTU; no payload is larger than the MSS."
    field = "LEN"

    def stack_sent(self, segment: Segment, flow: Flow, flows: Flows, exchange: int) -> str:
        values = mss_values(segment.raw)
        largest = flows.options.mtu - 40
        if values and not segment.has(p.SYN):
            return "there is an MSS option on a segment without SYN (MUST-65)"
        if values and max(values) > largest:
            return f"an MSS of {max(values)} is announced where {largest} fit (MUST-67)"
        limit = min(largest, flows.options.mss)
        if flow.connection is not None and flow.connection.mss is not None:
            limit = min(limit, flow.connection.mss)
        if len(segment.data) > limit:
            return f"a payload of {len(segment.data)} bytes where {limit} are allowed (MUST-16)"
        return ""


class AckFlag(Monitor):
    id = "MON-4"
    rule = "Every segment carries an acknowledgment, except the first SYN and some resets (3.8)."
    field = "CTL"

    def stack_sent(self, segment: Segment, flow: Flow, flows: Flows, exchange: int) -> str:
        if segment.has(p.ACK) or segment.has(p.RST):
            return ""
        first_syn = segment.has(p.SYN) and not any(one.has(p.SYN) for one in flow.tester_segments)
        return "" if first_syn else "there is no ACK flag on it"
