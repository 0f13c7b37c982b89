"""The changes of state that a device told of while cases were run, and by what each came about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tcplab.report.trace_page.flows import Flows
from tcplab.report.trace_page.states import CLOSED, NAMES
from tcplab.result import CaseResult
from tcplab.story import Act, Message

TIME = "timeout"
_TCPS = ("tcp", "conn")  # what has a state: a connection by itself, and one of the stack
# Calls, by the words of the step in which they are made.
_CALLS = (
    ("passive OPEN", re.compile(r"passive OPEN")),
    ("active OPEN", re.compile(r"active OPEN|connects to")),
    ("CLOSE", re.compile(r"\bCLOSE\b|closes its side")),
    ("ABORT", re.compile(r"\bABORT\b|aborts")),
)
# What everybody learns first: opening and closing, by one side and by both.
_TEXTBOOK = (
    "connection.three-way-handshake",
    "connection.we-close-first",
    "connection.peer-closes-first",
    "connection.both-open-at-once",
    "connection.both-close-at-once",
)
_ACCEPT = re.compile(r"accepts")  # such a connection has lived before it is seen


@dataclass(frozen=True)
class Change:
    """A connection went from one state to another. `event` is a call, what arrived last, or that
    time has passed, in the words of figure 5 of RFC 9293."""

    start: str
    end: str
    event: str
    case: str
    step: int
    on_wire: bool  # with packets; not a component by itself


def changes_of(case: CaseResult) -> Iterator[Change]:
    """In the order of the steps. States between two steps, of which nobody was told, are not
    filled in."""
    story = case.outcome.story
    if story is None:
        return
    flows = Flows()
    states: dict[tuple[str, int], str] = {}
    for act in story.acts:
        event = _event(act, flows)
        for said in act.said:
            state = said.values.get("state", "")
            if said.kind not in _TCPS or state not in NAMES:
                continue
            me = (said.kind, said.identity)
            before = states.get(me, state if _ACCEPT.search(act.text) else CLOSED)
            states[me] = state
            if state != before:
                yield Change(before, state, event, case.id, act.number, said.kind == "conn")


def clearest(changes: Iterable[Change]) -> dict[tuple[str, str, str], Change]:
    """For each start, end and event one change: in a case of the textbook's, else where it is seen
    soonest; one with packets is better."""
    best: dict[tuple[str, str, str], Change] = {}
    for one in sorted(changes, key=_obscurity):
        best.setdefault((one.start, one.end, one.event), one)
    return best


def _obscurity(one: Change) -> tuple[int, bool, int]:
    known = _TEXTBOOK.index(one.case) if one.case in _TEXTBOOK else len(_TEXTBOOK)
    return known, not one.on_wire, one.step


def _event(act: Act, flows: Flows) -> str:
    arrived = [one for one in act.messages if not one.from_dut]
    for passage in act.passages:
        arrival = flows.take(passage)
        if arrival is not None and not passage.from_dut:
            arrived.append(arrival.message)
    for name, words in _CALLS:
        if words.search(act.text):
            return name
    return _received(arrived[-1]) if arrived else TIME


def _received(message: Message) -> str:
    if message.rst:
        return "rcv RST"
    if message.syn:
        flags = ["SYN", *["ACK"] * (message.ack is not None), *["FIN"] * message.fin]
        return f"rcv {','.join(flags)}"
    return "rcv FIN" if message.fin else "rcv ACK"
