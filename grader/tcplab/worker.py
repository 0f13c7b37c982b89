"""One worker: runs its cases one after another, each on a fresh device under test."""

from __future__ import annotations

import math
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Optional

from tcplab.build import reference_program, stage_program
from tcplab.capture import Capture
from tcplab.case import Case
from tcplab.dut import Dut
from tcplab.errors import CaseFailed, CaseProblem, DutHung, DutProblem, InfrastructureError
from tcplab.harmless import cut, one_line
from tcplab.kit import files_beside, files_called_by
from tcplab.lab import Lab
from tcplab.ledger import Ledger, skipped
from tcplab.monitors import first_violation
from tcplab.monitors.base import Violation
from tcplab.namespace import enter_network_namespace, fix_addresses
from tcplab.patience import Patience
from tcplab.process import Process
from tcplab.result import IN_CAPTURE, NOT_RUN, PASSED, Outcome
from tcplab.sandbox import Launcher
from tcplab.sanitizer import tidy_report
from tcplab.stack import StackOptions
from tcplab.stage import Stage, StageLost
from tcplab.story import story_of
from tcplab.stubs import IS_TO_BE_WRITTEN
from tcplab.onlooker import watched
from tcplab.wire import Wire, open_wire

_ATTEMPTS = 3  # at a case whose device was killed, through no fault of its own
_MOST_HANGS = 2  # of a checkpoint, where somebody waits for it
_STEP_WORDS = 80
_PRINTED_CHARACTERS = 4000  # of what the device printed, kept with a case that failed

Report = Callable[[str, Outcome], None]
Judge = Callable[[Capture, Optional[StackOptions]], Optional[Violation]]


@dataclass(frozen=True)
class Worker:
    """What a worker has to do. `cases` come with the program to run each of them on."""

    cases: Sequence[tuple[Case, Path]]
    launcher: Launcher
    wire: str
    seed: int
    pcap: Path | None
    stories: bool = False  # to be kept, of every case
    watched: bool = False  # with what the device says of itself
    ledger: Ledger | None = None  # where there is one, it tells which cases to skip
    early: bool = False  # its code is loaded once for all cases: see Stage
    unwritten: Sequence[str] = ()  # files that are still to be written, where they are all used
    _told: set[int] = field(default_factory=set, compare=False, repr=False)  # checkpoints

    def run(self, report: Report) -> None:
        """Runs all cases in this process, in a network namespace that it makes."""
        if self.wire == "tun":
            enter_network_namespace()
        fix_addresses()
        most_hangs = math.inf if self.ledger is None else _MOST_HANGS
        patience = Patience([case.checkpoint for case, _ in self.cases], most_hangs)
        with _Bench(self.launcher, self.wire, self.early) as bench:
            for case, library in self.cases:
                outcome = self._why_not(patience, case) or self._run(bench, patience, case, library)
                if self.ledger is not None:
                    self.ledger.note(case.id, outcome)
                report(case.id, outcome)

    def _why_not(self, patience: Patience, case: Case) -> Outcome | None:
        """Is there a reason not to run a case?"""
        need = self.ledger.first_failed(case.builds_on) if self.ledger is not None else ""
        if need:
            return skipped(need)
        impatient = patience.end(case.checkpoint)
        return Outcome(NOT_RUN, impatient) if impatient else None

    def _run(self, bench: _Bench, patience: Patience, case: Case, library: Path) -> Outcome:
        """Runs a case, again if its device was lost through no fault of its own."""
        started = time.monotonic()
        for _ in range(_ATTEMPTS):
            outcome, devices, packets = self._try(bench, case, library)
            effort_s = sum(device.effort_s for device in devices)
            hung = outcome.status == "timeout"
            patience.charge(case.checkpoint, effort_s, hung=hung, packets=packets)
            if outcome.status != "crashed" or not (devices and devices[-1].was_lost()):
                break
        outcome = replace(outcome, wall_s=time.monotonic() - started)
        return self._watch(bench, case, library, outcome) if self.watched else outcome

    def _try(self, bench: _Bench, case: Case, library: Path) -> tuple[Outcome, list[Dut], int]:
        """What came of a case, its device, or devices one after another, and how many packets came
        from there."""
        with _Devices(bench, case, library) as made:
            lab = Lab(case.id, self.seed, made.start_dut, start_reference=made.start_reference)
            outcome = run_case(case, lab)
            missing = self._missing(case, lab)
            if missing and outcome.status != PASSED:
                outcome = skipped(f"{missing}, which {IS_TO_BE_WRITTEN}")
            if outcome.status == "failed" and not outcome.report:
                printed = "".join(device.printed() for device in made.devices)
                outcome = replace(outcome, report=printed[-_PRINTED_CHARACTERS:])
        if self.stories or self._is_to_be_told(case, outcome):
            outcome = replace(outcome, story=story_of(lab.transcript))
        if self.pcap is not None and lab.capture.packets():
            lab.capture.write_pcap(self.pcap / f"{case.id}.pcap")
        return outcome, made.devices, lab.packets_received

    def _missing(self, case: Case, lab: Lab) -> str:
        """A file of another checkpoint that is still to be written, and without which this case can
        say nothing; empty if there is none. A connection needs them all: then it is the last."""
        if lab.stack_options is not None:
            others = [one for one in self.unwritten if one not in files_beside(case.file)]
            return others[-1] if others else ""
        return next((one for one in files_called_by([case.file]) if one in self.unwritten), "")

    def _is_to_be_told(self, case: Case, outcome: Outcome) -> bool:
        """The first of a checkpoint that fails is the one that is explained at length."""
        if outcome.status in (PASSED, NOT_RUN) or case.checkpoint in self._told:
            return False
        self._told.add(case.checkpoint)
        return True

    def _watch(self, bench: _Bench, case: Case, library: Path, outcome: Outcome) -> Outcome:
        """The same outcome; its story with what the device says of itself in another run."""
        if outcome.story is None or not outcome.story.acts:
            return outcome
        hung = outcome.status == "timeout"
        last_step = outcome.story.acts[-1].number if hung else None
        with _Devices(bench, case, library) as made:
            story = watched(
                case,
                self.seed,
                made.start_dut,
                made.start_reference,
                outcome.story,
                last_step=last_step,
            )
        return replace(outcome, story=story)


def run_case(case: Case, lab: Lab, judge: Judge = first_violation) -> Outcome:
    """Runs one case on a lab: the case itself, the end of the device, and the monitors."""
    try:
        case.run(lab)
        if lab.dut_if_started is not None:
            lab.transcript.step("The end: everything is freed")
            lab.dut_if_started.quit()
        violation = judge(lab.capture, lab.stack_options)
        if violation is not None:
            lab.transcript.step(f"Looking over the capture: {violation.rule}")
            lab.transcript.detail(violation.packet)
            raise _as_failure(violation, lab)
        return Outcome(PASSED)
    except CaseProblem as ending:
        problem = lab.as_flood(ending) if isinstance(ending, DutHung) else ending
        failed = problem if isinstance(problem, CaseFailed) else CaseFailed("")
        cause = failed if failed is problem else problem.__cause__
        outcome = Outcome(
            status=problem.status,
            message=one_line(_message(problem, lab)),
            subject=failed.subject,
            expected=failed.expected,
            actual=failed.actual,
            steps=tuple(lab.transcript.lines()),
            report=tidy_report(problem.report) if isinstance(problem, DutProblem) else "",
            difference=cause.difference if isinstance(cause, CaseFailed) else None,
        )
        if outcome.status == "failed" and outcome.is_unexpected:
            broken = judge(lab.capture, lab.stack_options)
            outcome = replace(outcome, also=broken.rule if broken is not None else "")
        return outcome
    except InfrastructureError:
        raise
    except Exception as error:  # a mistake in the case itself must not end the whole grade
        where = _innermost(error)
        return Outcome(
            status=NOT_RUN,
            message=f"a mistake in the grader, not in your code: {type(error).__name__}: "
            f"{one_line(str(error))} ({where})",
            steps=tuple(lab.transcript.lines()),
        )


def _as_failure(violation: Violation, lab: Lab) -> CaseFailed:
    difference = violation.difference
    if difference is not None and violation.segment is not None:
        difference = replace(difference, step=lab.transcript.step_of(violation.segment))
    words = f"{violation.message} ({violation.monitor})"
    return CaseFailed(words, IN_CAPTURE, violation.rule, violation.message, difference)


def _innermost(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "somewhere"
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"


def _message(problem: CaseProblem, lab: Lab) -> str:
    """What a device did wrong is told together with the step in which it did, if there is one."""
    if not isinstance(problem, DutProblem) or not lab.transcript.steps:
        return str(problem)
    step = lab.transcript.steps[-1]
    return f"{problem.what}, in step {step.number} ({cut(step.text, _STEP_WORDS)})"


class _Devices:
    """What a case is run on, made when it is asked for, and ended with the block."""

    def __init__(self, bench: _Bench, case: Case, library: Path):
        self._bench = bench
        self._case = case
        self._library = library
        self.devices: list[Dut] = []
        self._beside: list[Dut] = []

    def __enter__(self) -> _Devices:
        return self

    def __exit__(self, *_: object) -> None:
        for device in [*self.devices, *self._beside]:
            device.close()

    def start_dut(self) -> tuple[Dut, Wire]:
        """The device under test, or the next one after a crash."""
        self.devices.append(self._bench.take(self._library, self._case.leaks))
        return self.devices[-1], self._bench.wire

    def start_reference(self) -> Dut:
        """One made of the reference, without a wire."""
        self._beside.append(self._bench.start_beside(reference_program(self._bench.is_confined)))
        return self._beside[-1]


class _Bench:
    """The wire, and the stages on which devices appear."""

    def __init__(self, launcher: Launcher, wire: str, early: bool):
        self._early = early
        self._launcher = launcher
        self._wire_kind = wire
        self.is_confined = launcher.mode == "bwrap"
        self.wire = open_wire(wire)
        self._stages: dict[tuple[Path, bool], list[Stage]] = {}

    def __enter__(self) -> _Bench:
        return self

    def __exit__(self, *_: object) -> None:
        for stage in chain.from_iterable(self._stages.values()):
            stage.close()
        self.wire.close()

    def take(self, library: Path, leaks: bool) -> Dut:
        """A fresh device; its predecessor has ended."""
        # A TUN interface serves one device after another; socket pairs cost nothing.
        if self._wire_kind != "tun":
            self.wire.close()
            self.wire = open_wire(self._wire_kind)
        device = self._start(library, leaks, [self.wire.dut_fd])
        self.wire.drain()
        return device

    def start_beside(self, library: Path) -> Dut:
        """One more device, which has no wire."""
        return self._start(library, False, [])

    def _start(self, library: Path, leaks: bool, wire: list[int]) -> Dut:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            process = self._appear(library, leaks, [theirs.fileno(), *wire])
        except StageLost:
            ours.close()
            raise
        finally:
            theirs.close()
        return Dut(process, ours, leaks=leaks)

    def _appear(self, library: Path, leaks: bool, fds: list[int]) -> Process:
        """On the stage for this library, or on a new one: a busy machine may end a stage, and so
        may a library that is loaded early and crashes while it is."""
        for _ in range(_ATTEMPTS - 1):
            try:
                return self._stage(library, leaks).appear(fds)
            except StageLost:
                self._early = False
                continue
        return self._stage(library, leaks).appear(fds)

    def _stage(self, library: Path, leaks: bool) -> Stage:
        """A stage that is free: two devices of one library may be needed at a time."""
        stages = self._stages.setdefault((library, leaks), [])
        for stage in [*stages]:
            if stage.is_free:
                return stage
            if stage.is_over:
                stage.close()
                stages.remove(stage)
        program = stage_program(self.is_confined)
        stage = Stage(self._launcher, program, library, leaks=leaks, early=self._early)
        stages.append(stage)
        return stages[-1]
