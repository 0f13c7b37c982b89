"""What there is to draw after each step of a story: sequence spaces, buffers, and the state.

What was seen on the wire is kept apart from what the device says of itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tcplab.harmless import cut
from tcplab.report.trace_page.axis import TRUE_TO_SCALE
from tcplab.report.trace_page.circle import Circle, circle_of
from tcplab.report.trace_page.flows import Arrival, Flows
from tcplab.report.trace_page.spaces import Conversation, Space, Span
from tcplab.report.trace_page.states import NAMES, History, Way
from tcplab.story import Act, Message, Said, Story

# What stands in a device's answer may be anything.
_LARGEST = 2**53
_LONGEST = 40  # characters
_MOST_VALUES = 16
# Who is at the two ends of a conversation: outside of the device, and on it.
ENDS = {
    "wire": ("tester", "stack"),
    "tcp": ("peer", "connection"),
    "sender": ("peer", "sender"),
    "receiver": ("peer", "receiver"),
}
_WORDS = {
    "in_flight": "bytes in flight",
    "consecutive": "retransmissions in a row",
    "rto": "RTO in ms",
    "snd_una": "SND.UNA",
    "snd_nxt": "SND.NXT",
    "rcv_nxt": "RCV.NXT",
    "rcv_wnd": "RCV.WND",
    "eof": "end of file",
}
_FLAGS = {"closed", "finished", "eof", "syn_acked", "fin_acked", "synchronized", "update_due"}
_SILENT = {"listener", "seqno"}  # of which nothing is told but what is drawn
_HIDDEN = {"local_port", "remote_port", "content"}


@dataclass(frozen=True)
class Direction:
    """One direction of a conversation. `key` is the same in every step, and in every run.
    `arrives`: on a wire all does; what a sender by itself has made may never have left."""

    key: str
    sender: str
    receiver: str
    space: Space
    arrives: bool = True


@dataclass(frozen=True)
class Buffer:
    """A stream's bytes by index: read, waiting to be read, arrived too early, room for more."""

    key: str
    name: str
    read: int
    written: int
    edge: int  # the first index for which there is no room
    held: tuple[Span, ...]
    content: tuple[tuple[int, int], ...] = ()  # index and byte, of the first ones

    def points(self) -> set[int]:
        """All indices that matter in it."""
        return {self.read, self.written, self.edge} | {end for span in self.held for end in span}


@dataclass(frozen=True)
class Standing:
    """Where a connection is on the diagram. `is_told`: the device says so; else it follows from
    what went over the wire."""

    state: str
    box: str
    visited: tuple[str, ...]
    ways: tuple[Way, ...]
    is_told: bool


@dataclass(frozen=True)
class Answer:
    """What an object on the device says of itself, as names and values."""

    name: str
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Scene:
    """All that is to be drawn after one step."""

    directions: tuple[Direction, ...]
    buffers: tuple[Buffer, ...]
    standing: Standing | None
    answers: tuple[Answer, ...]
    others: tuple[str, ...]  # further connections, in words
    circle: Circle | None


def scenes_of(story: Story) -> Iterator[Scene]:
    """One for each act."""
    stage = _Stage()
    for act in story.acts:
        yield stage.play(act)


class _Stage:
    """Everything that lives, as the story is told."""

    def __init__(self) -> None:
        self._flows = Flows()
        self._talks: dict[str, Conversation] = {}
        self._ports: dict[str, tuple[int, int]] = {}
        self._histories: dict[str, History] = {}
        self._pieces: dict[int, list[Span]] = {}  # by reassembler
        self._content: dict[str, dict[int, int]] = {}  # by stream or reassembler: index and byte
        self._active = ""  # the flow that had the last message

    def play(self, act: Act) -> Scene:
        for passage in act.passages:
            self._take(self._flows.take(passage))
        for message in act.messages:
            self._hear(message)
        standing, state_of = self._stand(act.said)
        return Scene(
            directions=tuple(self._directions()),
            buffers=tuple(self._buffers(act.said)),
            standing=standing,
            answers=tuple(_answer(one) for one in act.said if one.kind not in _SILENT),
            others=tuple(state_of),
            circle=next((circle_of(one.values) for one in act.said if one.kind == "seqno"), None),
        )

    # --- messages ------------------------------------------------------------------------------

    def _take(self, arrival: Arrival | None) -> None:
        if arrival is None:
            return
        flow = arrival.message.flow
        if arrival.is_new:
            self._talks.pop(flow, None)
            self._histories.pop(flow, None)
        self._ports[flow] = (arrival.local_port, arrival.remote_port)
        self._hear(arrival.message)

    def _hear(self, message: Message) -> None:
        kind, _, identity = message.flow.partition(" ")
        if kind == "reassembler":
            self._insert(int(identity), message)
            return
        self._active = message.flow
        self._talks.setdefault(message.flow, Conversation()).take(message)

    def _insert(self, identity: int, message: Message) -> None:
        if message.seq is not None and message.data:
            pieces = self._pieces.setdefault(identity, [])
            pieces.append((message.seq, message.seq + len(message.data)))
            self._keep(message.flow, message.seq, message.data)

    def _keep(self, owner: str, start: int, data: bytes) -> None:
        content = self._content.setdefault(owner, {})
        for at, byte in enumerate(data[: max(TRUE_TO_SCALE - start, 0)], start):
            content.setdefault(at, byte)  # as it was seen first

    # --- what is drawn ---------------------------------------------------------------------------

    def _directions(self) -> Iterator[Direction]:
        talk = self._talks.get(self._active)
        if talk is None:
            return
        kind = self._active.partition(" ")[0] if self._active not in self._ports else "wire"
        outside, device = ENDS[kind]
        if kind != "sender":
            space = talk.space(from_dut=False)
            if space.has_begun:
                yield Direction(f"{self._active} in", outside, device, space)
        if kind != "receiver":
            space = talk.space(from_dut=True)
            if space.has_begun:
                arrives = kind != "sender"
                yield Direction(f"{self._active} out", device, outside, space, arrives)

    def _buffers(self, said: tuple[Said, ...]) -> Iterator[Buffer]:
        reassembler = next((one.identity for one in said if one.kind == "reassembler"), None)
        for one in said:
            read, written = _number(one.values, "read"), _number(one.values, "written")
            available = _number(one.values, "available")
            if one.kind != "stream" or None in (read, written, available):
                continue
            assert read is not None and written is not None and available is not None
            edge = written + available
            pieces = self._pieces.get(reassembler, []) if reassembler is not None else []
            held = tuple(_clipped(pieces, written, edge))
            key = f"stream {one.identity}"
            self._keep(key, read, _bytes(one.values.get("content", "")))
            early = self._content.get(f"reassembler {reassembler}", {})
            content = [(at, byte) for at, byte in self._content[key].items() if at < written]
            content += [(at, early[at]) for a, b in held for at in range(a, b) if at in early]
            yield Buffer(key, "stream", read, written, edge, held, tuple(content))

    def _stand(self, said: tuple[Said, ...]) -> tuple[Standing | None, list[str]]:
        """Where the active connection stands, and where others do."""
        here: Standing | None = None
        others = []
        for flow, ports in self._ports.items():
            state, is_told = self._state_on_wire(flow, ports, said)
            if state is None:
                continue
            if flow not in self._histories and any(_listens(one, ports[0]) for one in said):
                self._go(flow, "LISTEN", False)
            standing = self._go(flow, state, is_told)
            if flow == self._active:
                here = standing
            else:
                others.append(f"port {ports[1]} to port {ports[0]}: {state}")
        return here or self._stand_without_wire(said), others

    def _stand_without_wire(self, said: tuple[Said, ...]) -> Standing | None:
        for one in said:
            if one.kind in ("tcp", "conn") and one.values.get("state") in NAMES:
                return self._go(f"{one.kind} {one.identity}", one.values["state"], True)
        if any(one.kind == "listener" for one in said) and not self._ports:
            return self._go("listener", "LISTEN", False)
        return None

    def _state_on_wire(
        self, flow: str, ports: tuple[int, int], said: tuple[Said, ...]
    ) -> tuple[str | None, bool]:
        local, remote = map(str, ports)
        for one in said:
            values = one.values
            if one.kind == "conn" and (values.get("local_port"), values.get("remote_port")) == (
                local,
                remote,
            ):
                state = values.get("state")
                return (state, True) if state in NAMES else (None, False)
        if any(_listens(one, ports[0]) for one in said):
            return self._state_before_accept(flow), False
        return None, False

    def _state_before_accept(self, flow: str) -> str:
        """The application does not hold the connection yet, and nobody can be asked."""
        space = self._talks[flow].space(from_dut=True)
        if not space.has_begun:
            return "LISTEN"
        return "ESTABLISHED" if space.una > 0 else "SYN-RECEIVED"

    def _go(self, key: str, state: str, is_told: bool) -> Standing:
        history = self._histories.setdefault(key, History())
        history.go(state)
        return Standing(state, history.box, history.visited, history.ways, is_told)


def _listens(said: Said, port: int) -> bool:
    return said.kind == "listener" and said.identity == port


def _answer(said: Said) -> Answer:
    name = {"conn": "connection", "tcp": "connection"}.get(said.kind, said.kind)
    shown = [
        (_WORDS.get(key, cut(key.replace("_", " "), _LONGEST)), cut(_shown(key, value), _LONGEST))
        for key, value in said.values.items()
        if key not in _HIDDEN
    ]
    return Answer(name, tuple(shown[:_MOST_VALUES]))


def _shown(key: str, value: str) -> str:
    if key in _FLAGS or (key == "error" and value in ("0", "1")):
        return {"0": "no", "1": "yes"}.get(value, value)
    return value


def _bytes(digits: str) -> bytes:
    try:
        return bytes.fromhex(digits)
    except ValueError:
        return b""


def _number(values: Mapping[str, str], name: str) -> int | None:
    text = values.get(name, "")
    if not (text.isascii() and text.isdigit()) or len(text) > 16 or int(text) > _LARGEST:
        return None
    return int(text)


def _clipped(pieces: list[Span], start: int, end: int) -> Iterator[Span]:
    """Pieces within a range, in order, those that touch as one."""
    at: Span | None = None
    for first, last in sorted((max(a, start), min(b, end)) for a, b in pieces):
        if first >= last:
            continue
        if at is not None and first <= at[1]:
            at = (at[0], max(at[1], last))
        else:
            if at is not None:
                yield at
            at = (first, last)
    if at is not None:
        yield at
