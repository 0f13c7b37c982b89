"""What a monitor is."""

from __future__ import annotations

from dataclasses import dataclass

from tcplab.capture import AppEvent
from tcplab.difference import SegmentDifference
from tcplab.monitors.flow import Flow, Flows
from tcplab.packet import Segment


@dataclass(frozen=True)
class Violation:
    """A packet, or a silence, that breaks a rule."""

    monitor: str
    rule: str
    message: str
    packet: str
    difference: SegmentDifference | None = None  # the packet, the field in question marked
    segment: Segment | None = None


class Monitor:
    """One rule. Each method sees an event before the flows take note of it, and returns what is
    wrong, in words; empty if nothing is. A monitor lives as long as one capture."""

    id = ""
    rule = ""
    field = ""  # of the segment, that the rule is about, by its name in the RFC

    def stack_sent(self, segment: Segment, flow: Flow, flows: Flows, exchange: int) -> str:
        return ""

    def tester_sent(self, segment: Segment, flow: Flow, flows: Flows, exchange: int) -> str:
        return ""

    def app_did(self, event: AppEvent, flows: Flows) -> str:
        return ""

    def time_is(self, now_ms: int, flows: Flows) -> str:
        return ""
