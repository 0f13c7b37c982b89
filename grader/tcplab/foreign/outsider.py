"""A program that owns a TUN device, as a device under test: only its packets are known.

It listens on one port, and either echoes or discards what arrives; it closes a connection when the
peer has closed it. Nothing can be asked of its application, and nothing can be set.
"""

from __future__ import annotations

from dataclasses import dataclass

from tcplab.dut import Reply
from tcplab.errors import CannotAsk, NoComponents
from tcplab.foreign.attach import AttachedWire
from tcplab.foreign.readdress import Readdress
from tcplab.foreign.realtime import RealClock
from tcplab.packet import ACK, CIRCLE, RST, SYN, FlowKey, NotASegment, Segment, craft
from tcplab.stack import StackOptions

# It answers when its turn comes. A silence of this length is taken for the end of its answer; who
# expects one waits longer (RealClock.latest).
_QUIET_MS = 20
_LONGEST_ANSWER_MS = 1000

_REFUSED = {
    "conn.unlisten": "it cannot be told to stop listening",
    "conn.connect": "it opens no connections",
    "conn.write": "its application sends nothing of its own",
    "conn.read": "what its application reads is not seen",
    "conn.abort": "it cannot be told to abort",
    "conn.release": "it cannot be told to let go of a connection",
    "conn.nagle": "nothing can be set",
    "conn.r2": "nothing can be set",
}


@dataclass
class _Flow:
    """One connection as the packets show it."""

    iss: int | None = None  # the device's
    ack: int = 0  # the last that the device has sent
    established: bool = False
    accepted: bool = False
    over: bool = False


class _Values(dict[str, str]):
    def __missing__(self, key: str) -> str:
        raise CannotAsk(f"its '{key}' is not seen")


class OutsiderDevice:
    """See the module's text. `wire` is attached to the program's interface."""

    def __init__(self, clock: RealClock, wire: AttachedWire, readdress: Readdress):
        self.cpu_limit_s = 0.0  # nobody measures it
        self._clock = clock
        self._wire = wire
        self._readdress = readdress
        self._flows: dict[FlowKey, _Flow] = {}
        self._accepted: list[FlowKey] = []
        self._times: list[int] = []
        self._closed = False
        self.preferred: FlowKey | None = None  # which connection is to be accepted next

    # --- as the lab sees it ----------------------------------------------------------------------

    def request(self, text: str) -> Reply:
        verb, *words = text.split()
        if verb in _REFUSED:
            raise CannotAsk(_REFUSED[verb])
        self._times = []
        reply = Reply(text, False, [], _Values(), self._times)
        if verb == "stack.new":
            _refuse_knobs(words)
        elif verb == "conn.listen":
            self._listen(int(words[0]))
        elif verb == "conn.accept":
            reply.words.append(str(self._accept()))
        elif verb == "conn.state":
            flow = self._accepted[int(words[0])]
            reply.values["local_port"] = str(flow.local_port)
            reply.values["remote_port"] = str(flow.remote_port)
        elif verb == "clock.advance":
            self._pass(int(words[0]))
        elif verb != "sync" and verb != "conn.shutdown":
            raise _not_known(verb)
        if verb == "sync":
            self._until_quiet()
        self._stamp(self._clock.now)
        return reply

    def quit(self) -> None:
        self.close()

    def close(self) -> None:
        """Resets what the case has left behind."""
        if self._closed:
            return
        self._closed = True
        for key, flow in self._flows.items():
            if flow.iss is not None and not flow.over:
                self._reset(key, flow.ack)
        self._wire.close()

    def _reset(self, key: FlowKey, seq: int) -> None:
        try:
            self._wire.inject(_reset(key, seq))
        except OSError:
            pass  # the program has ended, and taken its interface away

    # --- requests ---------------------------------------------------------------------------------

    def _listen(self, port: int) -> None:
        if self._readdress.listening is not None:
            raise CannotAsk("it listens on one port, once")
        self._readdress.listening = port

    def _accept(self) -> int:
        for key, flow in self._flows.items():
            wanted = self.preferred in (None, key)
            if wanted and flow.established and not flow.accepted and not flow.over:
                flow.accepted = True
                self._accepted.append(key)
                return len(self._accepted) - 1
        raise CannotAsk("what its application has accepted is not seen")

    def _pass(self, ms: int) -> None:
        end = self._clock.live() + ms
        self._stamp(self._clock.now)
        while (left := end - self._clock.live()) > 0:
            self._wire.wait(left)
            self._stamp(self._clock.live())

    def _until_quiet(self) -> None:
        """Packets of an answer have the time of the question, as with the virtual clock."""
        end = self._clock.live() + _LONGEST_ANSWER_MS
        while self._clock.live() < end:
            before = self._stamp(self._clock.now)
            self._wait_for_more(before)
            if self._stamp(self._clock.now) == before:
                break

    def _wait_for_more(self, before: int) -> None:
        """Until something for us has come, or nothing for a while."""
        end = self._clock.live() + _QUIET_MS
        while self._wire.gather() == before and (left := end - self._clock.live()) > 0:
            self._wire.wait(left)

    def _stamp(self, now: int) -> int:
        count = self._wire.gather()
        self._times += [now] * (count - len(self._times))
        return count

    # --- what the packets say ---------------------------------------------------------------------

    def note(self, raw: bytes, from_device: bool) -> None:
        """A packet has gone by (told by the lab)."""
        try:
            segment = Segment.dissect(raw, 0, from_device)
        except NotASegment:
            return
        flow = self._flows.setdefault(segment.flow, _Flow())
        if from_device:
            self._note_device(flow, segment)
        elif flow.iss is not None and segment.has(ACK) and not segment.has(RST | SYN):
            if segment.ack == (flow.iss + 1) % CIRCLE:
                flow.established = True

    @staticmethod
    def _note_device(flow: _Flow, segment: Segment) -> None:
        if segment.has(RST):
            flow.over = True
            return
        if segment.has(SYN):
            flow.iss, flow.over, flow.established = segment.seq, False, False
        if segment.has(ACK):
            flow.ack = segment.ack


def _refuse_knobs(words: list[str]) -> None:
    plain = dict(word.split("=", 1) for word in StackOptions().request().split()[1:])
    for word in words:
        name, _, value = word.partition("=")
        if name != "secret" and plain.get(name) != value:
            raise CannotAsk("nothing can be set")


def _not_known(verb: str) -> CannotAsk:
    kind = verb.split(".")[0]
    if kind in ("stack", "conn", "clock"):
        return CannotAsk(f"it has no request '{verb}'")
    return NoComponents(f"it has no {kind} to be tried by itself")


def _reset(key: FlowKey, seq: int) -> bytes:
    return craft(
        source=key.remote_address,
        destination=key.local_address,
        source_port=key.remote_port,
        destination_port=key.local_port,
        seq=seq,
        ack=0,
        flags=RST,
        window=0,
    )
