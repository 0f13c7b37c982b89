"""One worker: runs its cases one after another, each on a fresh device under test."""

from __future__ import annotations

import socket
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tcplab.case import Case
from tcplab.dut import Dut
from tcplab.errors import CaseFailed, CaseProblem, InfrastructureError
from tcplab.lab import Lab
from tcplab.monitors import first_violation
from tcplab.namespace import enter_network_namespace
from tcplab.result import NOT_RUN, PASSED, Outcome
from tcplab.sandbox import Launcher
from tcplab.wire import Wire, open_wire

# Code that has hung so often in one checkpoint will hang again: less time is given to it then, or a
# grade with hundreds of cases would take half an hour.
_PATIENCE = 3
_IMPATIENT_CPU_S = 1.0

Report = Callable[[str, Outcome], None]


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
        with _Bench(self.launcher, self.wire) as bench:
            for at, (case, binary) in enumerate(self.cases):
                following = self.cases[at + 1] if at + 1 < len(self.cases) else None
                report(case.id, self._run(bench, case, binary, following))

    def _run(
        self, bench: _Bench, case: Case, binary: Path, following: tuple[Case, Path] | None
    ) -> Outcome:
        started = time.monotonic()

        def start_dut() -> tuple[Dut, Wire]:
            device = bench.take(binary, case.leaks)
            if bench.hangs[case.checkpoint] >= _PATIENCE:
                device.cpu_limit_s = _IMPATIENT_CPU_S
            if following is not None:
                bench.prepare(following[1], following[0].leaks)
            return device, bench.wire

        lab = Lab(case.id, self.seed, start_dut)
        try:
            outcome = run_case(case, lab)
        finally:
            if lab.dut_if_started is not None:
                lab.dut_if_started.close()
        bench.hangs[case.checkpoint] += outcome.status == "timeout"
        if self.pcap is not None and lab.capture.packets():
            lab.capture.write_pcap(self.pcap / f"{case.id}.pcap")
        return replace(outcome, wall_s=time.monotonic() - started)


def run_case(case: Case, lab: Lab) -> Outcome:
    """Runs one case on a lab: the case itself, the end of the device, and the monitors."""
    try:
        case.run(lab)
        if lab.dut_if_started is not None:
            lab.transcript.step("The end: everything is freed")
            lab.dut_if_started.quit()
        violation = first_violation(lab.capture, lab.stack_options)
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
    except CaseProblem as problem:
        failed = problem if isinstance(problem, CaseFailed) else CaseFailed("")
        return Outcome(
            status=problem.status,
            message=_one_line(str(problem)),
            subject=failed.subject,
            expected=failed.expected,
            actual=failed.actual,
            steps=tuple(lab.transcript.lines()),
            report=str(getattr(problem, "report", "")),
        )
    except InfrastructureError:
        raise
    except Exception as error:  # a mistake in the case itself must not end the whole grade
        where = _innermost(error)
        return Outcome(
            status=NOT_RUN,
            message=f"a mistake in the grader, not in your code: {type(error).__name__}: "
            f"{_one_line(str(error))} ({where})",
            steps=tuple(lab.transcript.lines()),
        )


def _innermost(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "somewhere"
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


class _Bench:
    """The wire, the device in use, and the next one, which warms up meanwhile."""

    def __init__(self, launcher: Launcher, wire: str):
        self._launcher = launcher
        self._wire_kind = wire
        self.wire = open_wire(wire)
        self.hangs: Counter[int] = Counter()  # by checkpoint
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

    def _start(self, binary: Path, leaks: bool) -> tuple[Dut, Wire]:
        # A TUN interface serves one device after another; socket pairs cost nothing.
        wire = self.wire if self._wire_kind == "tun" else open_wire(self._wire_kind)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        fds = [theirs.fileno(), wire.dut_fd]
        arguments = ["--command-fd", str(fds[0]), "--wire-fd", str(fds[1])]
        try:
            process = self._launcher.start(binary, arguments, fds, leaks=leaks)
        finally:
            theirs.close()
        return Dut(process, ours), wire

    def _discard_spare(self) -> None:
        if self._spare is not None:
            self._spare[2].close()
            if self._spare[3] is not self.wire:
                self._spare[3].close()
            self._spare = None
