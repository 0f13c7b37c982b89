"""A case run once more, to look at the device after every step.

A verdict comes from a run that nobody has looked at: a query may have effects in a broken device,
which is asked more often here than the case asks it. So nothing that is seen here is ever judged.
What is seen belongs to the story of the first run for as long as both runs go alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from tcplab.case import Case
from tcplab.dut import Device, Reply, RequestRefused
from tcplab.errors import CaseProblem
from tcplab.lab import Lab
from tcplab.packet import ACK, CIRCLE, FIN, RST, SYN, signed_distance
from tcplab.story import Act, Message, Said, Story, story_of
from tcplab.transcript import Transcript
from tcplab.wire import Wire

_Words = dict[str, str]
_MOST_DIGITS = 20
_MOST_CONTENT = 64  # bytes of a stream that are looked at
_MOST_PEEKS = 16  # for them: they may lie in several runs
_CALLS = {
    "wrap": ("absolute", "isn"),
    "unwrap": ("raw", "isn", "checkpoint"),
    "before": ("a", "b"),
}


class _Enough(Exception):
    """What follows is not worth running again, or would not go alike."""


def watched(
    case: Case,
    seed: int,
    start_dut: Callable[[], tuple[Device, Wire]],
    start_reference: Callable[[], Device],
    first: Story,
    *,
    last_step: int | None = None,
) -> Story:
    """The story of a first run, with what is said and exchanged in a second one. `last_step`: the
    second one ends before it, because the device hung there."""
    lab = _WatchedLab(case.id, seed, start_dut, start_reference, last_step)
    try:
        case.run(lab)
        lab.transcript.step("the end")
    except (CaseProblem, _Enough):
        lab.look_for_the_last_time()
    except Exception:  # a mistake in the case: the first run has told of it
        pass
    second = story_of(lab.transcript)
    return replace(first, acts=tuple(_merged(first.acts, second.acts, lab.seen)))


def _merged(first: tuple[Act, ...], second: tuple[Act, ...], seen: _Seen) -> Iterator[Act]:
    alike = True
    for at, act in enumerate(first):
        other = second[at] if at < len(second) else None
        alike = alike and other is not None and other.text == act.text
        if not alike:
            yield act
            continue
        assert other is not None
        said, messages = seen.said.get(act.number, ()), seen.messages.get(act.number, [])
        yield replace(act, said=said, messages=tuple(messages))
        alike = other.passages == act.passages


class _Seen:
    """By the number of the step: what was said after it, and what was exchanged in it."""

    def __init__(self) -> None:
        self.said: dict[int, tuple[Said, ...]] = {}
        self.messages: dict[int, list[Message]] = {}


class _WatchedLab(Lab):
    def __init__(
        self,
        case_id: str,
        seed: int,
        start_dut: Callable[[], tuple[Device, Wire]],
        start_reference: Callable[[], Device],
        last_step: int | None,
    ):
        super().__init__(case_id, seed, start_dut, start_reference=start_reference)
        self.seen = _Seen()
        self._last_step = last_step
        self._objects = _Objects()
        self._is_unread = False  # something lies on the wire: to ask would have it read
        self.transcript = _WatchedTranscript(self.transcript.now, self._between_steps)

    def request(self, text: str) -> Reply:
        reply = super().request(text)
        self._note(text, reply)
        return reply

    def request_stack(self, text: str) -> Reply:
        self._is_unread = False
        reply = super().request_stack(text)
        self._note(text, reply)
        return reply

    def inject(self, raw: bytes, words: str) -> None:
        self._is_unread = True
        super().inject(raw, words)

    def restart(self) -> None:
        super().restart()
        self._objects = _Objects()

    def look_for_the_last_time(self) -> None:
        """After a failure the device may answer still."""
        try:
            self._look()
        except (CaseProblem, _Enough):
            pass

    # --- inside --------------------------------------------------------------------------------

    @property
    def _step(self) -> int:
        return self.transcript.steps[-1].number if self.transcript.steps else 0

    def _between_steps(self) -> None:
        self._look()
        if self._last_step is not None and self._step + 1 >= self._last_step:
            raise _Enough

    def _note(self, text: str, reply: Reply) -> None:
        message = self._objects.note(text, reply)
        if message is not None:
            made = replace(message, time_ms=self.clock.now)
            self.seen.messages.setdefault(self._step, []).append(made)

    def _look(self) -> None:
        device = self.dut_if_started
        if device is None or self._is_unread:
            return
        said = self._objects.calls()
        for kind, identity, request in [*self._objects.queries()]:
            try:
                values = self._ask(device, request) if request else {}
            except RequestRefused:  # it went with its owner
                continue
            if kind == "stream":
                values["content"] = self._content(device, identity, values)
            said.append(Said(kind, identity, self._objects.relative(kind, identity, values)))
        self.seen.said[self._step] = tuple(said)

    def _content(self, device: Device, identity: int, values: _Words) -> str:
        """The first bytes that a stream holds, in hexadecimal digits."""
        buffered = min(_number(values.get("buffered")) or 0, _MOST_CONTENT)
        seen = b""
        for _ in range(_MOST_PEEKS):
            if len(seen) >= buffered:
                break
            reply = device.request(f"stream.peek {identity} {len(seen)} {buffered}")
            run = _bytes(reply.words[1]) if len(reply.words) > 1 else b""
            if not run:
                break
            seen += run
        return seen[:buffered].hex()

    def _ask(self, device: Device, request: str) -> _Words:
        reply = device.request(request)
        if reply.more or reply.tx:
            raise _Enough  # the question has set it going
        return dict(reply.values, **({"pending": reply.words[0]} if reply.words else {}))


class _WatchedTranscript(Transcript):
    def __init__(self, now: Callable[[], int], between: Callable[[], None]):
        super().__init__(now)
        self._between = between

    def step(self, text: str) -> None:
        self._between()
        super().step(text)


class _Objects:
    """What lives on the device, learned from the requests (labs/given/dut/PROTOCOL.md)."""

    _STATES = {
        "stream": "stream.state",
        "reassembler": "reassembler.pending",
        "receiver": "receiver.state",
        "sender": "sender.state",
        "tcp": "tcp.state",
        "conn": "conn.state",
    }

    def __init__(self) -> None:
        self._alive: dict[tuple[str, int], None] = {}  # in the order in which they were made
        self._listeners: dict[int, None] = {}
        self._isn: dict[tuple[str, int], int] = {}  # of what the device sends
        self._irs: dict[tuple[str, int], int] = {}  # of what it gets
        self._calls: list[_Words] = []  # of seqno.h

    def calls(self) -> list[Said]:
        """Calls that leave nothing behind, since this was asked last."""
        calls, self._calls = self._calls, []
        return [Said("seqno", 0, call) for call in calls]

    def queries(self) -> Iterator[tuple[str, int, str]]:
        """Kind, identity, and the request that asks for its state."""
        for port in self._listeners:
            yield "listener", port, ""
        for kind, identity in self._alive:
            yield kind, identity, f"{self._STATES[kind]} {identity}"

    def note(self, text: str, reply: Reply) -> Message | None:
        """Takes notice of a request that was answered. Returns the segment in it, if any."""
        verb, *rest = text.split()
        words = [word for word in rest if "=" not in word]
        values = dict(word.split("=", 1) for word in rest if "=" in word)
        kind, _, action = verb.partition(".")
        if kind == "conn":
            self._note_stack(action, words, reply)
            return None
        if kind == "seqno" and action in _CALLS:
            values = dict(zip(_CALLS[action], words), answer=str(reply.number(0)))
            self._calls.append({"call": action, **values})
            return None
        if kind not in self._STATES or not words or not words[0].isdigit():
            return None
        me = (kind, int(words[0]))
        if action == "new":
            self._alive[me] = None
            self._irs.pop(me, None)
            self._isn[me] = _number(values.get("isn")) or 0
        elif action == "free":
            self._alive.pop(me, None)
        elif action == "stream" and len(words) > 1:
            self._alive["stream", int(words[1])] = None
        else:
            return self._message(me, action, words, values, reply)
        return None

    def _note_stack(self, action: str, words: list[str], reply: Reply) -> None:
        if action == "listen":
            self._listeners[int(words[0])] = None
        elif action == "unlisten":
            self._listeners.pop(int(words[0]), None)
        elif action in ("accept", "connect") and reply.words and reply.words[0].isdigit():
            self._alive["conn", int(reply.words[0])] = None
        elif action == "release":
            self._alive.pop(("conn", int(words[0])), None)

    def _message(
        self, me: tuple[str, int], action: str, words: list[str], asked: _Words, reply: Reply
    ) -> Message | None:
        kind, _ = me
        flow = " ".join(map(str, me))
        if (kind, action) == ("reassembler", "insert"):
            return Message(
                flow, False, seq=int(words[1]), data=_bytes(words[2]), fin=words[3] == "1"
            )
        if (kind, action) in (("receiver", "receive"), ("sender", "receive"), ("tcp", "arrive")):
            return self._segment(me, flow, False, asked)
        if (kind, action) in (("receiver", "send"), ("sender", "next"), ("tcp", "next")):
            is_none = reply.words[:1] == ["none"]
            return None if is_none else self._segment(me, flow, True, reply.values)
        return None

    def _segment(self, me: tuple[str, int], flow: str, from_dut: bool, values: _Words) -> Message:
        flags = _number(values.get("flags")) or 0
        syn = values.get("syn") == "1" or bool(flags & SYN)
        if syn and not from_dut and "seq" in values:
            self._irs.setdefault(me, _number(values["seq"]) or 0)
        own, other = self._isn.get(me), self._irs.get(me)
        if not from_dut:
            own, other = other, own
        has_ack = bool(flags & ACK) if "flags" in values else values.get("has_ack", "1") == "1"
        return Message(
            flow,
            from_dut,
            seq=_relative(own, values.get("seq")),
            ack=_relative(other, values.get("ack")) if has_ack else None,
            window=_number(values.get("window")),
            data=_bytes(values.get("data", "-")),
            syn=syn,
            fin=values.get("fin") == "1" or bool(flags & FIN),
            rst=bool(flags & RST),
        )

    def relative(self, kind: str, identity: int, values: _Words) -> _Words:
        """A component's answer, with the numbers of the steps instead of those of the wire."""
        me = (kind, identity)
        bases = {"snd_una": self._isn.get(me), "snd_nxt": self._isn.get(me)}
        bases["rcv_nxt"] = self._irs.get(me)
        for name, base in bases.items():
            if name in values:
                number = _relative(base, values[name])
                values[name] = "" if number is None else str(number)
        return values


def _number(text: str | None) -> int | None:
    """None if it is none, or far too large to be one."""
    if text is None or not text.isdigit() or len(text) > _MOST_DIGITS:
        return None
    return int(text)


def _bytes(text: str) -> bytes:
    """As the command channel writes them; a device's answer may be anything."""
    try:
        return b"" if text == "-" else bytes.fromhex(text)
    except ValueError:
        return b""


def _relative(base: int | None, number: str | None) -> int | None:
    absolute = _number(number)
    if base is None or absolute is None:
        return None
    return signed_distance(base, absolute % CIRCLE)
