"""Rules that hold in every capture, whatever a case is about.

Each monitor is a small class that sees the packets of both sides, with their virtual times, and
what the application did. Freedoms that the standard leaves are tolerated; nothing else is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tcplab.capture import AppAction, AppEvent, Capture, PacketEvent, TimeEvent
from tcplab.difference import SegmentDifference
from tcplab.fields import differing_segment
from tcplab.monitors.answers import AckCount, NeedlessAnswers, SilentWhenClosed
from tcplab.monitors.base import Monitor, Violation
from tcplab.monitors.flow import Flows
from tcplab.monitors.form import AckFlag, Checksums, HeaderForm, SegmentSize
from tcplab.monitors.numbers import AckNumber, RightEdge, SameByte, WindowObeyed
from tcplab.monitors.streams import Push, SameStream
from tcplab.monitors.timing import AckInTime, BoundedRate, NotTooEarly
from tcplab.packet import Segment
from tcplab.stack import StackOptions

MONITORS: tuple[type[Monitor], ...] = (
    Checksums,
    HeaderForm,
    SegmentSize,
    AckFlag,
    AckNumber,
    RightEdge,
    WindowObeyed,
    SameByte,
    NotTooEarly,
    NeedlessAnswers,
    AckCount,
    AckInTime,
    SilentWhenClosed,
    Push,
    SameStream,
    BoundedRate,
)


def first_violation(capture: Capture, options: StackOptions | None) -> Violation | None:
    """The earliest violation in a capture, or None."""
    return next(violations(capture, options or StackOptions()), None)


def violations(capture: Capture, options: StackOptions) -> Iterator[Violation]:
    """All violations, in order. What follows the first may be a consequence of it."""
    flows = Flows(options)
    monitors = [monitor() for monitor in MONITORS]
    for event in capture.events:
        if isinstance(event, PacketEvent):
            yield from _packet(event, monitors, flows)
        elif isinstance(event, AppEvent):
            yield from _app(event, monitors, flows)
        else:
            yield from _time(event, monitors, flows)


def _packet(event: PacketEvent, monitors: list[Monitor], flows: Flows) -> Iterator[Violation]:
    segment = event.segment
    if segment is None:
        if event.from_dut:
            message = f"the stack sent {event.problem}"
            yield Violation(Checksums.id, Checksums.rule, message, event.raw[:40].hex(" "))
        return
    flow = flows.flow(segment.flow)
    for monitor in monitors:
        judge = monitor.stack_sent if event.from_dut else monitor.tester_sent
        message = judge(segment, flow, flows, event.exchange)
        if message:
            words = _words(segment, flows)
            difference = _marked(segment, flows, monitor.field) if event.from_dut else None
            yield Violation(monitor.id, monitor.rule, message, words, difference, segment)
    if event.from_dut:
        flows.stack_sent(segment)
    else:
        flows.tester_sent(segment)


def _app(event: AppEvent, monitors: list[Monitor], flows: Flows) -> Iterator[Violation]:
    if event.flow is not None and event.action is AppAction.ACCEPT:
        flows.accepted(event.flow, event.identity)
    if event.flow is not None and event.action is AppAction.CONNECT:
        flows.connecting(event.flow, event.identity)
    connection = flows.connection_of_app(event.identity)
    if connection is not None and event.action is AppAction.WRITE:
        connection.written += event.data
    for monitor in monitors:
        message = monitor.app_did(event, flows)
        if message:
            yield Violation(monitor.id, monitor.rule, message, "")
    if connection is not None and event.action is AppAction.READ:
        connection.read += len(event.data)


def _time(event: TimeEvent, monitors: list[Monitor], flows: Flows) -> Iterator[Violation]:
    for monitor in monitors:
        message = monitor.time_is(event.time_ms, flows)
        if message:
            yield Violation(monitor.id, monitor.rule, message, "")


def _marked(segment: Segment, flows: Flows, name: str) -> SegmentDifference:
    """A packet of the stack's, with one of its fields marked."""
    stack_iss, tester_iss = _numbers(segment, flows)
    whole = differing_segment(segment, {}, tester_iss, stack_iss)
    fields = tuple(replace(one, differs=one.name == name) for one in whole.fields)
    return replace(whole, expected=True, fields=fields)


def _numbers(segment: Segment, flows: Flows) -> tuple[int, int]:
    """The initial numbers of the stack and of the tester; 0 where they are not known."""
    connection = flows.flow(segment.flow).connection
    return (0, 0) if connection is None else (connection.iss, connection.irs or 0)


def _words(segment: Segment, flows: Flows) -> str:
    """The packet in the notation of the transcript."""
    sender, receiver = _numbers(segment, flows)
    arrow = "<" if segment.from_dut else ">"
    if not segment.from_dut:
        sender, receiver = receiver, sender
    return f"{arrow} {segment.describe(sender, receiver)}  at {segment.time_ms} ms"
