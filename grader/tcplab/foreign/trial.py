"""One case tried on a foreign device under test."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from tcplab.capture import Capture
from tcplab.case import Case
from tcplab.dut import Device
from tcplab.errors import CannotAsk
from tcplab.foreign.realtime import DEFAULT_PATIENCE_S, RealClock, RealTimeLab
from tcplab.lab import Lab
from tcplab.monitors import first_violation
from tcplab.monitors.base import Violation
from tcplab.result import Outcome
from tcplab.stack import StackOptions
from tcplab.wire import Wire
from tcplab.worker import Judge, run_case

Start = Callable[[RealClock], tuple[Device, Wire]]


class NoComponents(CannotAsk):
    """The case is about a component by itself, which only the kit's contract knows."""


@dataclass(frozen=True)
class Trial:
    """What came of a case. `not_asked` is why the device could not be asked, or empty."""

    outcome: Outcome
    not_asked: str = ""
    of_component: bool = False  # there is nothing on a wire to be asked


def judge(capture: Capture, options: StackOptions | None) -> Violation | None:
    """All monitors. What they say of times is as exact as real time: a segment that is sent again
    may seem to come a little early, for the first one was seen a little late."""
    options = options or StackOptions()
    floor = min(options.get(name) for name in ("rto_min_ms", "rto_initial_ms", "rto_max_ms"))
    kinder = {**options.config, "rto_min_ms": RealClock.tolerated(floor)}
    return first_violation(capture, replace(options, config=kinder))


def try_case(
    case: Case,
    seed: int,
    start: Start,
    *,
    pcap: Path | None = None,
    patience_s: float = DEFAULT_PATIENCE_S,
    judge: Judge = judge,
) -> Trial:
    """Runs a case in real time, in this process."""
    refusals: list[CannotAsk] = []

    def run(lab: Lab) -> None:
        try:
            case.run(lab)
        except CannotAsk as refusal:
            refusals.append(refusal)
            raise

    started = time.monotonic()
    lab = RealTimeLab(case.id, seed, start, patience_s)
    try:
        outcome = run_case(replace(case, run=run), lab, judge)
    finally:
        if lab.dut_if_started is not None:
            lab.dut_if_started.close()
    if pcap is not None and lab.capture.packets():
        lab.capture.write_pcap(pcap / f"{case.id}.pcap")
    outcome = replace(outcome, wall_s=time.monotonic() - started)
    if not refusals:
        return Trial(outcome)
    return Trial(outcome, str(refusals[0]), isinstance(refusals[0], NoComponents))
