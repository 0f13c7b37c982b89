"""MON-10, MON-11 and MON-13: what is answered, how often, and when no more."""

from __future__ import annotations

from dataclasses import dataclass, field

from tcplab import packet as p
from tcplab.monitors.base import Monitor
from tcplab.monitors.flow import Flow, Flows
from tcplab.packet import FlowKey, Segment


@dataclass
class _Question:
    """What the tester sent to one flow within one exchange."""

    exchange: int
    time_ms: int
    only_resets: bool = True
    only_bare_acks: bool = True
    standing: tuple[int, int, int] = field(default=(-1, -1, -1))  # ack, edge, snd_max before


class NeedlessAnswers(Monitor):
    id = "MON-10"
    rule = "A reset is never answered with a reset, nor a bare acceptable ACK with an ACK."
    field = "CTL"

    def __init__(self) -> None:
        self._questions: dict[FlowKey, _Question] = {}

    def tester_sent(self, segment: Segment, flow: Flow, flows: Flows, exchange: int) -> str:
        question = self._questions.get(flow.key)
        if question is None or question.exchange != exchange:
            question = _Question(exchange, segment.time_ms)
            self._questions[flow.key] = question
            if flow.connection is not None:
                one = flow.connection
                question.standing = (one.ack, one.edge, one.snd_max)
        question.only_resets &= segment.has(p.RST)
        question.only_bare_acks &= self._is_bare(segment, flow, flows)
        return ""

    def _is_bare(self, segment: Segment, flow: Flow, flows: Flows) -> bool:
        connection = flow.connection
        if connection is None or not segment.is_pure_ack or segment.has(p.URG):
            return False
        closing = connection.both_fins
        sure = connection.established and not (connection.closed or connection.ended or closing)
        return sure and flows.would_take(segment) and connection.is_plain(segment)

    def stack_sent(self, segment: Segment, flow: Flow, flows: Flows, exchange: int) -> str:
        question = self._questions.get(flow.key)
        if question is None or (question.exchange, question.time_ms) != (exchange, segment.time_ms):
            return ""
        if question.only_resets and segment.has(p.RST):
            return "a reset answers a reset"
        connection = flow.connection
        if question.only_bare_acks and connection is not None and segment.is_pure_ack:
            ack = connection.of_tester(segment.ack)
            here = (ack, ack + segment.window, connection.of_stack(segment.seq))
            if here == question.standing:
                return "an ACK that says nothing new answers a bare ACK"
        return ""


class AckCount(Monitor):
    id = "MON-11"
    rule = "There are no more acknowledgments than segments received, window updates aside."
    field = "ACK"

    def stack_sent(self, segment: Segment, flow: Flow, flows: Flows, exchange: int) -> str:
        connection = flow.connection
        if connection is None or connection.irs is None or not segment.is_pure_ack:
            return ""
        edge = connection.of_tester(segment.ack) + segment.window
        is_probe = connection.of_stack(segment.seq) < connection.snd_max
        if edge > connection.edge or is_probe:
            return ""
        flow.pure_acks += 1
        if flow.pure_acks > flow.whole_received:
            return f"{flow.pure_acks} acknowledgments for {flow.whole_received} segments"
        return ""


class SilentWhenClosed(Monitor):
    id = "MON-13"
    rule = "Where there is no connection nothing but resets is sent."
    field = "CTL"

    def stack_sent(self, segment: Segment, flow: Flow, flows: Flows, exchange: int) -> str:
        if segment.has(p.RST):
            return ""
        connection = flow.connection
        asked_for = flow.syn_since_stacks or flow.connecting is not None
        if segment.has(p.SYN) and asked_for:
            return ""
        if connection is None:
            return "it belongs to no connection that was opened"
        if connection.closed:
            return f"it comes after {connection.closed}"
        if connection.aborted and segment.length:
            return "it comes after the stack's own reset"
        return ""
