"""`./tcplab grade kernel`: the kernel of this machine is the device under test."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import replace

from tcplab import __version__
from tcplab.case import Case
from tcplab.errors import UsageError
from tcplab.foreign.differences import Difference, find, read_differences
from tcplab.foreign.kernel import KernelDevice
from tcplab.foreign.realtime import RealClock, RealTimeLab, RealTimeWire
from tcplab.foreign.team import Team
from tcplab.foreign.trial import Trial, try_case
from tcplab.foreign.verdicts import (
    ForeignResult,
    Verdict,
    checkpoint_results,
    outdated,
    verdict_of,
)
from tcplab.kit import Kit
from tcplab.progress import Progress
from tcplab.result import GradeResult
from tcplab.runner import Plan, make_folder, select, silent

TARGET = "kernel"
_AT_ONCE = 20
_AGAIN_AT_ONCE, _MORE_TIMES = 3, 2
_LONG_ONES = 4  # the checkpoint of whose cases most wait for retransmissions: they start first


def grade_kernel(plan: Plan, progress: Progress | None = None) -> ForeignResult:
    """Runs all cases that have to do with packets. Raises InfrastructureError."""
    started = time.monotonic()
    if plan.wire == "socketpair":
        raise UsageError("the kernel needs a TUN interface: leave out --wire socketpair")
    if plan.pcap is not None:
        make_folder(plan.pcap)
    differences = read_differences()
    selections = select(Kit.find(), plan)
    cases = [case for one in selections for case in one.chosen]
    trials = _try_all(plan, cases, differences, progress or silent)
    verdicts = {
        identity: verdict_of(identity, trial, differences)
        for identity, trial in trials.items()
        if not trial.of_component
    }
    if not verdicts:
        raise UsageError(f"{plan.case}: no packets in these cases; the kernel has no components")
    known = {identity: find(differences, identity) for identity in verdicts}
    return ForeignResult(
        device=f"{TARGET} {os.uname().release}",
        grade=GradeResult(
            kit=__version__,
            target=TARGET,
            seed=plan.seed,
            wire="tun",
            wire_reason="",
            sandbox="none",
            mode="solo",
            wall_s=time.monotonic() - started,
            checkpoints=checkpoint_results(
                plan, selections, trials, differences, f"./tcplab grade {TARGET}"
            ),
        ),
        verdicts=verdicts,
        differences={
            identity: one
            for identity, one in known.items()
            if one is not None and verdicts[identity] is Verdict.DIFFERS
        },
        outdated=outdated(verdicts, differences),
    )


def _try_all(
    plan: Plan, cases: Sequence[Case], differences: Sequence[Difference], progress: Progress
) -> dict[str, Trial]:
    """Real time on a busy machine is a poor witness: who fails unexpectedly is heard again, among
    few others."""

    def run(case: Case) -> Trial:
        return try_case(case, RealTimeLab(case.id, plan.seed, _start), pcap=plan.pcap)

    team = Team(run, _AT_ONCE, len(cases), progress)
    in_order = sorted(cases, key=lambda case: case.checkpoint != _LONG_ONES)
    trials = team.try_all(in_order)
    for _ in range(_MORE_TIMES):
        failed = [
            case
            for case in cases
            if verdict_of(case.id, trials[case.id], differences) is Verdict.FAILED
        ]
        trials.update(replace(team, at_once=_AGAIN_AT_ONCE).try_all(failed))
    return trials


def _start(clock: RealClock) -> tuple[KernelDevice, RealTimeWire]:
    device = KernelDevice(clock)
    return device, device.wire()
