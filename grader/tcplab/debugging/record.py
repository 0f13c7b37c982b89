"""Runs a case on a program, and writes down all that the program is asked and sent."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from tcplab.case import Case
from tcplab.dut import Dut, Reply
from tcplab.lab import Lab
from tcplab.process import Process
from tcplab.result import PASSED, Outcome
from tcplab.sandbox import Launcher
from tcplab.transcript import Step, Transcript
from tcplab.wire import Wire
from tcplab.wire.socketpair import SocketPairWire
from tcplab.worker import run_case

_BATCH = "batch "
_END = ("quit",)


@dataclass(frozen=True)
class Event:
    """A request, or a packet put on the wire, in a step of the case: 0 before the first."""

    step: int
    request: str = ""
    packet: bytes = b""

    @property
    def verbs(self) -> tuple[str, ...]:
        """What is asked for, in order; nothing in a packet, several things in a batch."""
        if not self.request:
            return ()
        parts = self.request.removeprefix(_BATCH).split(";")
        return tuple(part.split(" ")[0] for part in parts)


@dataclass(frozen=True)
class Recording:
    """A case that was run. `events` are those of one device, the one on which it ended."""

    outcome: Outcome
    steps: tuple[Step, ...]
    events: tuple[Event, ...]


@dataclass
class _Notes:
    """What has happened so far, with the device and the transcript to which it belongs."""

    transcript: Callable[[], Transcript] = Transcript
    device: int = 0
    taken: list[tuple[int, Transcript, Event]] = field(default_factory=list)

    def take(self, request: str = "", packet: bytes = b"") -> None:
        transcript = self.transcript()
        step = transcript.steps[-1].number if transcript.steps else 0
        self.taken.append((self.device, transcript, Event(step, request, packet)))

    def of_the_end(self) -> tuple[Event, ...]:
        """The events of the last device that belong to the transcript as it stands: a search has
        tried much that it does not tell of."""
        told = [one for one in self.taken if one[1] is self.transcript()]
        if all(event.verbs in ((), _END) for _, _, event in told):
            told = self.taken  # a search that found nothing tells of nothing
        last = told[-1][0] if told else 0
        return tuple(event for device, _, event in told if device == last and event.verbs != _END)


class _RecordedDut(Dut):
    """A device whose requests are noted."""

    def note_in(self, notes: _Notes) -> _RecordedDut:
        self._notes = notes
        return self

    def request(self, text: str) -> Reply:
        self._notes.take(request=text)
        return super().request(text)

    def batch(self, texts: Sequence[str]) -> list[str]:
        self._notes.take(request=_BATCH + ";".join(texts))
        return super().batch(texts)


class _RecordedWire(SocketPairWire):
    """A wire whose packets are noted."""

    def __init__(self, notes: _Notes) -> None:
        super().__init__()
        self._notes = notes

    def inject(self, packet: bytes) -> None:
        self._notes.take(packet=packet)
        super().inject(packet)


def record(case: Case, seed: int, program: Path, reference: Callable[[], Path]) -> Recording:
    """Runs a case on a program. `reference` gives the one to compare costs with."""
    notes = _Notes()
    stack = ExitStack()

    def start_dut() -> tuple[Dut, Wire]:
        notes.device += 1
        wire = _RecordedWire(notes)
        stack.callback(wire.close)
        device = _RecordedDut(*_start(program, wire)).note_in(notes)
        stack.callback(device.close)
        return device, wire

    def start_reference() -> Dut:
        device = Dut(*_start(reference(), None))
        stack.callback(device.close)
        return device

    lab = Lab(case.id, seed, start_dut, start_reference=start_reference)
    lab.one_by_one = True
    notes.transcript = lambda: lab.transcript
    of_the_case = lab.transcript
    try:
        outcome = run_case(case, lab)
    finally:
        stack.close()
    steps, events = tuple(lab.transcript.steps), notes.of_the_end()
    if lab.transcript is not of_the_case and events:
        # A search tells of some requests only when it has seen that they failed.
        events = (*events[:-1], replace(events[-1], step=steps[-1].number))
    return Recording(outcome, steps, events)


def as_checked(
    recording: Recording, target: str, case: Case, mode: str, seed: int
) -> Outcome | None:
    """What comes of a case that passes here if it is compiled as check does it, with optimisation:
    code that reads what is not its own may get something else then."""
    if recording.outcome.status != PASSED:
        return None
    from tcplab.runner import Plan, grade

    plan = Plan(target, (case.checkpoint,), mode, case.id, seed, "socketpair", "none")
    [one] = [one for checkpoint in grade(plan).checkpoints for one in checkpoint.cases]
    return one.outcome


def _start(program: Path, wire: Wire | None) -> tuple[Process, socket.socket]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        fds = [theirs.fileno()] + ([wire.dut_fd] if wire is not None else [])
        arguments = ["--command-fd", str(fds[0])]
        arguments += ["--wire-fd", str(fds[1])] if wire is not None else []
        for fd in fds:
            os.set_inheritable(fd, True)
        return Launcher("none").start(program, arguments, fds), ours
