"""One case tried on a foreign device under test."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

from tcplab.capture import Capture
from tcplab.case import Case
from tcplab.errors import CannotAsk, NoComponents
from tcplab.foreign.realtime import RealClock, RealTimeLab
from tcplab.lab import Lab
from tcplab.monitors import first_violation
from tcplab.monitors.base import Violation
from tcplab.result import NOT_RUN, Outcome
from tcplab.stack import StackOptions
from tcplab.worker import Judge, run_case


# What no device can be asked that has a time of its own.
_NOT_IN_REAL_TIME = {
    "reassembler.all-together-before-the-ack": "packets cannot be made to arrive all at once",
}


@dataclass(frozen=True)
class Trial:
    """What came of a case. `not_asked` is why the device could not be asked, or empty."""

    outcome: Outcome
    not_asked: str = ""
    of_component: bool = False  # there is nothing on a wire to be asked
    unseen: int = 0  # expectations that were passed over


def judge(
    capture: Capture, options: StackOptions | None, smallest_rto_ms: int | None = None
) -> Violation | None:
    """All monitors. What they say of times is as exact as real time: a segment that is sent again
    may seem to come a little early, for the first one was seen a little late."""
    options = options or StackOptions()
    if smallest_rto_ms is None:
        names = ("rto_min_ms", "rto_initial_ms", "rto_max_ms")
        smallest_rto_ms = min(options.get(name) for name in names)
    kinder = {**options.config, "rto_min_ms": RealClock.tolerated(smallest_rto_ms)}
    return first_violation(capture, replace(options, config=kinder))


def try_case(
    case: Case, lab: RealTimeLab, *, judge: Judge = judge, pcap: Path | None = None
) -> Trial:
    """Runs a case in real time, in this process."""
    if case.id in _NOT_IN_REAL_TIME:
        return Trial(Outcome(NOT_RUN), _NOT_IN_REAL_TIME[case.id])
    refusals: list[CannotAsk] = []

    def run(on: Lab) -> None:
        try:
            case.run(on)
        except CannotAsk as refusal:
            refusals.append(refusal)
            raise

    started = time.monotonic()
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
