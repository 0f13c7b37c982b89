"""The bench for a device of which only packets are known.

What a case expects of the application is passed over: it is not seen. What a case wants the
application to do cannot be asked, but for closing after the peer has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tcplab.app import App, Listener
from tcplab.capture import AppAction
from tcplab.dut import Reply
from tcplab.errors import CannotAsk
from tcplab.foreign.attach import AttachedWire
from tcplab.foreign.outsider import OutsiderDevice
from tcplab.foreign.realtime import RealClock, RealTimeLab
from tcplab.lab import Lab
from tcplab.packet import FIN, RST, SYN, FlowKey, NotASegment, Segment
from tcplab.peer import Peer
from tcplab.transcript import Transcript

# A program that is not the only one on its machine may take so long to answer "at once".
_AT_ONCE_MS = 250
_TO_CLOSE_MS, _STEP_MS = 1000, 10
_PATIENCE_S = 30.0
CLOSES_EARLY = "its application closes as soon as its peer has"
_EXPECTATIONS = ("Expected: ", "The connection still works")

Start = Callable[[RealClock], tuple[OutsiderDevice, AttachedWire]]


class _ProbeClock(RealClock):
    def latest(self, ms: int) -> int:
        return max(super().latest(ms), _AT_ONCE_MS)


class ProbeLab(RealTimeLab):
    """See the module's text. `unseen` counts the expectations that were passed over, `seen` those
    on packets, preconditions aside."""

    def __init__(self, case_id: str, seed: int, start: Start, *, echoes: bool):
        self._device: OutsiderDevice | None = None

        def keep(clock: RealClock) -> tuple[OutsiderDevice, AttachedWire]:
            self._device, wire = start(clock)
            return self._device, wire

        super().__init__(case_id, seed, keep, _PATIENCE_S)
        self.real_clock = _ProbeClock(self, _PATIENCE_S)
        self.clock = self.real_clock
        self.echoes = echoes
        self.unseen = 0
        self.seen = 0
        self.apps: dict[FlowKey, App] = {}
        self.knows_the_application = False  # the case is made for it
        self._fin_ends: dict[FlowKey, int] = {}  # the number behind the tester's FIN
        self._closed: set[FlowKey] = set()  # by the device's application, as its FIN shows
        self._told_to_close: set[FlowKey] = set()
        self.closed_early: set[FlowKey] = set()  # before the case has told it to
        self._within_precondition = 0
        self.transcript = _CountingTranscript(self)

    def prefer(self, flow: FlowKey | None) -> None:
        """In which order an application accepts is not seen: it is the one that the case means."""
        assert self._device is not None
        self._device.preferred = flow

    def count_step(self, text: str) -> None:
        self.seen += text.startswith(_EXPECTATIONS) and not self._within_precondition

    @contextmanager
    def precondition(self, what: str) -> Iterator[None]:
        self._within_precondition += 1
        try:
            with super().precondition(what):
                yield
        finally:
            self._within_precondition -= 1

    def listen(self, port: int = 80, backlog: int = 16) -> Listener:
        self.stack()
        self.transcript.step(f"The application listens on port {port}")
        mark = self.capture.mark()
        self.request_stack(f"conn.listen {port} {backlog}")
        self.capture.app(mark, AppAction.LISTEN, None)
        return _ProbeListener(self, port)

    # --- packets ---------------------------------------------------------------------------------

    def request_stack(self, text: str) -> Reply:
        if text.startswith("clock.advance"):
            self._refuse_what_it_has_done()
        return super().request_stack(text)

    def inject(self, raw: bytes, words: str) -> None:
        self._refuse_what_it_has_done()
        super().inject(raw, words)
        assert self._device is not None
        self._device.note(raw, False)
        segment = _segment(raw, False)
        if segment is not None and segment.has(FIN) and not segment.has(SYN | RST):
            self._fin_ends[segment.flow] = (segment.seq + segment.length) % (1 << 32)

    def _deliver(self, raw: bytes, time_ms: int) -> None:
        assert self._device is not None
        self._device.note(raw, True)
        segment = _segment(raw, True)
        super()._deliver(raw, time_ms)
        if segment is None or self.knows_the_application:
            return
        if self.echoes and segment.data:
            raise CannotAsk("what it echoes is in the way")
        if segment.has(FIN) and segment.ack == self._fin_ends.get(segment.flow):
            self._closed.add(segment.flow)
            if segment.flow not in self._told_to_close:
                self.closed_early.add(segment.flow)

    def _refuse_what_it_has_done(self) -> None:
        """The application has closed, because its peer had; if the case tells it to now, all is
        well, but the case must not do anything else first."""
        if self.closed_early:
            raise CannotAsk(CLOSES_EARLY)

    def close_application(self, flow: FlowKey | None) -> None:
        """The case tells it to do what it does by itself, as soon as its turn comes. Raises
        CannotAsk if it has no reason to."""
        if flow not in self._fin_ends:
            raise CannotAsk("its application closes when its peer has, and not before")
        assert flow is not None
        self._told_to_close.add(flow)
        self.closed_early.discard(flow)
        end = self.real_clock.live() + _TO_CLOSE_MS
        while flow not in self._closed and self.real_clock.live() < end:
            self.real_clock.pass_quietly(_STEP_MS)


class _CountingTranscript(Transcript):
    def __init__(self, lab: ProbeLab):
        super().__init__()
        self._lab = lab

    def step(self, text: str) -> None:
        super().step(text)
        self._lab.count_step(text)


def _segment(raw: bytes, from_device: bool) -> Segment | None:
    try:
        return Segment.dissect(raw, 0, from_device)
    except NotASegment:
        return None


class _ProbeListener(Listener):
    def __init__(self, lab: ProbeLab, port: int):
        super().__init__(lab, port)
        self._probe_lab = lab

    def accept(self, peer: Peer | None = None) -> App:
        self._probe_lab.prefer(None if peer is None else peer.key)
        accepted = super().accept(peer)
        app = _ProbeApp(self._probe_lab, accepted.identity)
        app.flow = accepted.flow
        return app

    def expect_no_connection(self) -> None:
        self._probe_lab.unseen += 1


class _ProbeApp(App):
    """Nothing of what it expects is seen."""

    def __init__(self, lab: ProbeLab, identity: int):
        super().__init__(lab, identity)
        self._probe_lab = lab

    def _pass_over(self) -> None:
        self._probe_lab.unseen += 1

    def expect_read(self, data: bytes) -> None:
        self._pass_over()

    def expect_nothing_to_read(self) -> None:
        self._pass_over()

    def expect_eof(self) -> None:
        self._pass_over()

    def expect_state(self, *states: str) -> None:
        self._pass_over()

    def expect_error(self, error: str) -> None:
        self._pass_over()

    def expect(
        self,
        *,
        readable: int | None = None,
        writable: int | None = None,
        unacknowledged: int | None = None,
        eof: bool | None = None,
    ) -> None:
        self._pass_over()

    def close(self) -> None:
        self._step("closes its side, as its peer has")
        self._probe_lab.close_application(self.flow)


def record_echo(lab: Lab, app: App, data: bytes) -> None:
    """The application is going to write these bytes: it has been sent them. For the monitors."""
    lab.capture.app(lab.capture.mark(), AppAction.WRITE, app.flow, data, app.identity)
