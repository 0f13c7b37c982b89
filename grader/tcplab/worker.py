"""One worker: runs its cases one after another, each on a fresh device under test."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Optional

from tcplab.build import reference_program
from tcplab.capture import Capture
from tcplab.case import Case
from tcplab.dut import Dut
from tcplab.errors import CaseFailed, CaseProblem, DutHung, DutProblem, InfrastructureError
from tcplab.harmless import cut, one_line
from tcplab.lab import Lab
from tcplab.monitors import first_violation
from tcplab.monitors.base import Violation
from tcplab.namespace import enter_network_namespace, fix_addresses
from tcplab.patience import Patience
from tcplab.result import NOT_RUN, PASSED, Outcome
from tcplab.sandbox import Launcher
from tcplab.sanitizer import tidy_report
from tcplab.stack import StackOptions
from tcplab.wire import Wire, open_wire

_ATTEMPTS = 3  # at a case whose device never began, through no fault of its own
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

    def run(self, report: Report) -> None:
        """Runs all cases in this process, in a network namespace that it makes."""
        if self.wire == "tun":
            enter_network_namespace()
        fix_addresses()
        patience = Patience([case.checkpoint for case, _ in self.cases])
        with _Bench(self.launcher, self.wire) as bench:
            for at, (case, binary) in enumerate(self.cases):
                impatient = patience.end(case.checkpoint)
                if impatient:
                    report(case.id, Outcome(NOT_RUN, impatient))
                    continue
                following = self.cases[at + 1] if at + 1 < len(self.cases) else None
                report(case.id, self._run(bench, patience, case, binary, following))

    def _run(
        self,
        bench: _Bench,
        patience: Patience,
        case: Case,
        binary: Path,
        following: tuple[Case, Path] | None,
    ) -> Outcome:
        """Runs a case, again if its device was lost through no fault of its own."""
        started = time.monotonic()
        for _ in range(_ATTEMPTS):
            # A device that warms up takes time from the one in use, if it never ends to do so.
            spare = None if patience.has_suffered(case.checkpoint) else following
            outcome, devices, packets = self._try(bench, case, binary, spare)
            effort_s = sum(device.effort_s for device in devices)
            hung = outcome.status == "timeout"
            patience.charge(case.checkpoint, effort_s, hung=hung, packets=packets)
            if outcome.status != "crashed" or not (devices and devices[-1].was_lost()):
                break
        return replace(outcome, wall_s=time.monotonic() - started)

    def _try(
        self, bench: _Bench, case: Case, binary: Path, following: tuple[Case, Path] | None
    ) -> tuple[Outcome, list[Dut], int]:
        """What came of a case, its device, or devices one after another, and how many packets came
        from there."""
        devices: list[Dut] = []
        beside: list[Dut] = []

        def start_dut() -> tuple[Dut, Wire]:
            devices.append(bench.take(binary, case.leaks))
            # Devices share a TUN interface. One that begins early by disturbing the wire disturbs
            # no other checkpoint than its own.
            if following is not None and following[1] == binary:
                bench.prepare(binary, following[0].leaks)
            return devices[-1], bench.wire

        def start_reference() -> Dut:
            beside.append(bench.start_beside(reference_program(self.launcher.mode == "bwrap")))
            return beside[-1]

        lab = Lab(case.id, self.seed, start_dut, start_reference=start_reference)
        try:
            outcome = run_case(case, lab)
            if outcome.status == "failed" and not outcome.report:
                printed = "".join(device.printed() for device in devices)
                outcome = replace(outcome, report=printed[-_PRINTED_CHARACTERS:])
        finally:
            for device in [*devices, *beside]:
                device.close()
        if self.pcap is not None and lab.capture.packets():
            lab.capture.write_pcap(self.pcap / f"{case.id}.pcap")
        return outcome, devices, lab.packets_received


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
            raise CaseFailed(
                f"{violation.message} ({violation.monitor})",
                "the capture",
                violation.rule,
                violation.message,
            )
        return Outcome(PASSED)
    except CaseProblem as ending:
        problem = lab.as_flood(ending) if isinstance(ending, DutHung) else ending
        failed = problem if isinstance(problem, CaseFailed) else CaseFailed("")
        return Outcome(
            status=problem.status,
            message=one_line(_message(problem, lab)),
            subject=failed.subject,
            expected=failed.expected,
            actual=failed.actual,
            steps=tuple(lab.transcript.lines()),
            report=tidy_report(problem.report) if isinstance(problem, DutProblem) else "",
        )
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


class _Bench:
    """The wire, the device in use, and the next one, which warms up meanwhile."""

    def __init__(self, launcher: Launcher, wire: str):
        self._launcher = launcher
        self._wire_kind = wire
        self.wire = open_wire(wire)
        self._spare: tuple[Path, bool, Dut, Wire] | None = None

    def __enter__(self) -> _Bench:
        return self

    def __exit__(self, *_: object) -> None:
        self._discard_spare()
        self.wire.close()

    def take(self, binary: Path, leaks: bool) -> Dut:
        """A fresh device; its predecessor has ended."""
        spare, self._spare = self._spare, None
        if spare is not None and spare[:2] == (binary, leaks):
            _, _, device, wire = spare
        else:
            if spare is not None:
                spare[2].close()
            device, wire = self._start(binary, leaks)
        if wire is not self.wire:
            self.wire.close()
            self.wire = wire
        self.wire.drain()
        return device

    def prepare(self, binary: Path, leaks: bool) -> None:
        """Starts the device that is wanted next."""
        self._spare = (binary, leaks, *self._start(binary, leaks))

    def start_beside(self, binary: Path) -> Dut:
        """One more device, which has no wire."""
        return self._launch(binary, False, None)

    def _start(self, binary: Path, leaks: bool) -> tuple[Dut, Wire]:
        # A TUN interface serves one device after another; socket pairs cost nothing.
        wire = self.wire if self._wire_kind == "tun" else open_wire(self._wire_kind)
        return self._launch(binary, leaks, wire), wire

    def _launch(self, binary: Path, leaks: bool, wire: Wire | None) -> Dut:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        fds = [theirs.fileno()]
        arguments = ["--command-fd", str(fds[0])]
        if wire is not None:
            fds.append(wire.dut_fd)
            arguments += ["--wire-fd", str(wire.dut_fd)]
        try:
            process = self._launcher.start(binary, arguments, fds, leaks=leaks)
        finally:
            theirs.close()
        return Dut(process, ours, leaks=leaks)

    def _discard_spare(self) -> None:
        if self._spare is not None:
            self._spare[2].close()
            if self._spare[3] is not self.wire:
                self._spare[3].close()
            self._spare = None
