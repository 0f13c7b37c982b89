"""`./tcplab probe`: a program that owns a TUN device is the device under test."""

from __future__ import annotations

import ipaddress
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from tcplab import __version__
from tcplab.capture import Capture
from tcplab.case import Case, cases_of
from tcplab.errors import UsageError
from tcplab.foreign import probe_cases
from tcplab.foreign.attach import AttachedWire, Interface
from tcplab.foreign.greeting import Greeting
from tcplab.foreign.outsider import OutsiderDevice
from tcplab.foreign.probe_lab import CLOSES_EARLY, ProbeLab
from tcplab.foreign.readdress import Readdress
from tcplab.foreign.realtime import RealClock
from tcplab.foreign.team import Team
from tcplab.foreign.trial import Trial, judge, try_case
from tcplab.foreign.verdicts import ForeignResult, Verdict, checkpoint_results, verdict_of
from tcplab.kit import Kit
from tcplab.lab import DUT_ADDRESS, TESTER_ADDRESS
from tcplab.monitors.base import Violation
from tcplab.progress import Progress
from tcplab.result import PASSED, GradeResult
from tcplab.again import quote
from tcplab.runner import Plan, Selection, make_folder, select, silent
from tcplab.stack import StackOptions

_GREETING_PORT_OF_CASES = 80
_PORTS_OF_A_CASE = 48
_FIRST_PORT, _PORTS = 10_000, 50_000
_SMALLEST_RTO_MS = 200  # nobody has set it: RFC 6298 advises 1 s, and many take less
_MORE_TIMES = 2


@dataclass(frozen=True)
class ProbePlan:
    """What to probe, and how. `mode` is echo, discard, or auto: find out."""

    tun: str
    address: str
    port: int
    tester: str | None = None
    mode: str = "auto"
    case: str = "*"
    seed: int = 1
    jobs: int = 8
    pcap: Path | None = None

    def of_grade(self) -> Plan:
        return Plan("probe", case=self.case, seed=self.seed, pcap=self.pcap)

    def command(self) -> str:
        """That which runs it again, without its case."""
        words = ["./tcplab probe --tun", quote(self.tun)]
        words += ["--address", self.address, "--port", str(self.port)]
        words += ["--tester", self.tester] if self.tester else []
        words += ["--mode", self.mode] if self.mode != "auto" else []
        return " ".join(words)


def probe(plan: ProbePlan, progress: Progress | None = None) -> ForeignResult:
    """Probes. Raises UsageError, or InfrastructureError, where that cannot be done at all."""
    started = time.monotonic()
    selections = _select(plan)
    cases = [case for one in selections for case in one.chosen]
    prober = _Prober(plan)
    mode = prober.find_mode()
    if plan.pcap is not None:
        make_folder(plan.pcap)
    trials = _try_all(prober, cases, progress or silent)
    verdicts = {
        identity: verdict_of(identity, trial, ())
        for identity, trial in trials.items()
        if not trial.of_component
    }
    if not verdicts:
        raise UsageError(f"{plan.case}: no packets in these cases; a program has no components")
    unseen = sum(trial.unseen for trial in trials.values() if not trial.not_asked)
    return ForeignResult(
        device=f"{plan.address} port {plan.port} on {plan.tun}, {mode}",
        grade=GradeResult(
            kit=__version__,
            target=f"{plan.address}:{plan.port}",
            seed=plan.seed,
            wire="tun",
            wire_reason="",
            sandbox="none",
            mode="solo",
            wall_s=time.monotonic() - started,
            checkpoints=checkpoint_results(plan.of_grade(), selections, trials, (), plan.command()),
        ),
        verdicts=verdicts,
        differences={},
        outdated=(),
        note=f"Not seen: {unseen} expectations of the application." if unseen else "",
    )


def own_cases() -> list[Case]:
    """Those that are made for a program."""
    return list(cases_of(probe_cases))


def _select(plan: ProbePlan) -> list[Selection]:
    """The cases of every grade, and our own, which count to the last checkpoint."""
    kit = Kit.find()
    last = kit.checkpoints()[-1]
    own = tuple(own_cases())
    chosen = tuple(case for case in own if fnmatchcase(case.id, plan.case))
    if not chosen:
        return select(kit, plan.of_grade())
    try:
        selections = select(kit, plan.of_grade())
    except UsageError:  # none but our own are called so
        selections = []
    if selections and selections[-1].checkpoint == last:
        merged = selections.pop()
        own, chosen = merged.all + own, merged.chosen + chosen
    return [*selections, Selection(last, own, chosen)]


def _try_all(prober: _Prober, cases: Sequence[Case], progress: Progress) -> dict[str, Trial]:
    """Who fails among others is tried again alone: a program may limit what it does in a second,
    and real time on a busy machine is a poor witness."""
    prober.give_ports(cases)
    team = Team(prober.try_one, prober.plan.jobs, len(cases), progress)
    trials = team.try_all(cases)
    for _ in range(_MORE_TIMES):
        failed = [
            case for case in cases if verdict_of(case.id, trials[case.id], ()) is Verdict.FAILED
        ]
        prober.give_ports(failed)
        trials.update(replace(team, at_once=1).try_all(failed))
    return trials


class _Prober:
    """Knows the way to the program. Raises UsageError where there is none."""

    def __init__(self, plan: ProbePlan):
        self.plan = plan
        self._interface = Interface.find(plan.tun)
        self._tester = _tester(plan, self._interface)
        self._echoes = False
        # Other ports in each run: connections of the last one may still be in TIME-WAIT.
        self._next_port = int.from_bytes(os.urandom(4), "big")
        self._port_of: dict[str, int] = {}

    def find_mode(self) -> str:
        """echo or discard, found out or taken from the plan."""
        wire, readdress = self._attach(self._new_ports())
        readdress.listening = _GREETING_PORT_OF_CASES
        try:
            found = Greeting(wire, f"{self.plan.address} port {self.plan.port}").find_mode()
        finally:
            wire.close()
        mode = found if self.plan.mode == "auto" else self.plan.mode
        self._echoes = mode == "echo"
        return mode

    def give_ports(self, cases: Sequence[Case]) -> None:
        for case in cases:
            self._port_of[case.id] = self._new_ports()

    def try_one(self, case: Case) -> Trial:
        """Runs one case, in a process of its own."""

        def start(clock: RealClock) -> tuple[OutsiderDevice, AttachedWire]:
            wire, readdress = self._attach(self._port_of[case.id])
            return OutsiderDevice(clock, wire, readdress), wire

        lab = ProbeLab(case.id, self.plan.seed, start, echoes=self._echoes)
        trial = try_case(case, lab, judge=self._judge, pcap=self.plan.pcap)
        if trial.outcome.status == PASSED and not lab.seen:
            return replace(trial, not_asked="what it is about is not seen on the wire")
        if trial.outcome.status != PASSED and lab.closed_early:
            return replace(trial, not_asked=trial.not_asked or CLOSES_EARLY)
        return replace(trial, unseen=lab.unseen)

    def _judge(self, capture: Capture, options: StackOptions | None) -> Violation | None:
        known = replace(options or StackOptions(), mtu=self._interface.mtu)
        return judge(capture, known, _SMALLEST_RTO_MS)

    def _attach(self, first_port: int) -> tuple[AttachedWire, Readdress]:
        readdress = Readdress(
            tester=self._tester,
            device=self.plan.address,
            port=self.plan.port,
            first_port=first_port,
            case_tester=TESTER_ADDRESS,
            case_device=DUT_ADDRESS,
        )
        return AttachedWire(self.plan.tun, readdress), readdress

    def _new_ports(self) -> int:
        self._next_port += _PORTS_OF_A_CASE
        return _FIRST_PORT + self._next_port % _PORTS


def _tester(plan: ProbePlan, interface: Interface) -> str:
    for name, value in (("--address", plan.address), ("--tester", plan.tester)):
        if value is not None and not _is_address(value):
            raise UsageError(f"{name} {value} is no IPv4 address; one looks like 10.0.0.2")
    if interface.address in (plan.address, plan.tester):
        raise UsageError(
            f"{interface.address} is the kernel's own address on {plan.tun}: it would answer itself"
        )
    return plan.tester or interface.tester_address(plan.address)


def _is_address(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True
