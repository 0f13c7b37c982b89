"""Runs cases: builds what is needed, shares the cases out to worker processes, collects outcomes.

       parent ── builds, forks, collects ──┬── worker ── namespace, wire ──┬── DUT, for one case
                                           └── worker ── …                 └── DUT, for the next

Each worker is a process of its own because a network namespace is a process's. All of it goes when
the parent goes, however it ends: workers die with their parent, devices with their worker,
namespaces and interfaces with the last process in them.
"""

from __future__ import annotations

import gc
import math
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from fnmatch import fnmatchcase
from fractions import Fraction
from functools import partial
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TypeVar

from tcplab import __version__
from tcplab.again import Again
from tcplab.case import Case, discover
from tcplab.construct import Construction, construct
from tcplab.errors import BuildError, InfrastructureError, UsageError
from tcplab.kit import Checkpoint, Kit
from tcplab.ledger import Ledger, first_failed, skipped
from tcplab.lookup import nothing_called
from tcplab.namespace import (
    adopt_orphans,
    become_first_process,
    become_worker,
    bury_orphans,
    can_have_process_namespace,
)
from tcplab.plan import Plan as Plan
from tcplab.progress import Progress
from tcplab.result import NOT_RUN, CaseResult, CheckpointResult, GradeResult, Outcome
from tcplab.sandbox import Launcher
from tcplab.score import points_of_cases
from tcplab.stubs import unwritten
from tcplab.target import Target
from tcplab.wire.choose import choose_wire
from tcplab.worker import Worker

# Hears what came of a case.
Follow = Callable[[CaseResult], None]
# Hears of a case that takes long, once, while it goes on.
Waiting = Callable[[str], None]

_Work = TypeVar("_Work")
_FORK = multiprocessing.get_context("fork")
_MAX_WORKERS = 2
_LONG_S = 1.0  # for a case; most take a hundredth of that
_LOOK_S = 0.25


@dataclass(frozen=True)
class Selection:
    """The cases of one checkpoint: all, for their points, and those to run."""

    checkpoint: Checkpoint
    all: tuple[Case, ...]
    chosen: tuple[Case, ...]


class GradeInterrupted(KeyboardInterrupt):
    """Somebody wants the grade to end. `partial` holds the cases that were run, of `total`."""

    def __init__(self, partial: GradeResult, total: int):
        super().__init__()
        self.partial = partial
        self.total = total


def grade(plan: Plan, progress: Progress | None = None) -> GradeResult:
    """Grades a target. Raises InfrastructureError where that cannot be done at all, and
    GradeInterrupted, or while nothing has been run KeyboardInterrupt, when it was interrupted."""
    return run(prepare(plan), progress)


@dataclass(frozen=True)
class Prepared:
    """A plan, and all that was made ready for it. `built` has, by checkpoint, what was built or why
    that was not possible."""

    plan: Plan
    folder: Path  # of the target
    selections: Sequence[Selection]
    launcher: Launcher
    built: Mapping[int, Path | BuildError]
    wire: str
    wire_reason: str
    started: float  # time.monotonic()
    again: Again


def prepare(plan: Plan, made: Construction | None = None) -> Prepared:
    """Finds the cases, and builds what they are to run on, unless it was made before. Raises
    InfrastructureError."""
    started = time.monotonic()
    kit = Kit.find()
    target = Target.find(kit, plan.target)
    if plan.pcap is not None:
        make_folder(plan.pcap)
    selections = select(kit, plan)
    if made is None:
        made = construct(plan, [one.checkpoint for one in selections])
    wire, wire_reason = choose_wire(plan.wire)
    began = started if made.started is None else made.started
    return Prepared(
        plan=plan,
        folder=target.folder,
        selections=selections,
        launcher=made.launcher,
        built=made.built,
        wire=wire,
        wire_reason=wire_reason,
        started=began,
        again=Again(plan),
    )


def run(
    ready: Prepared,
    progress: Progress | None = None,
    follow: Follow | None = None,
    beside: AbstractContextManager[object] | None = None,
    waiting: Waiting | None = None,
) -> GradeResult:
    """Runs the cases. `follow` hears of each in the order in which they are taught, as soon as it
    and all before it are done. `beside` is something else to be done meanwhile: it begins when the
    workers are there, so that it may have threads. `waiting` hears of a case that takes long.
    Raises as `grade` does."""
    outcomes: dict[str, Outcome] = {}
    for one in ready.selections:
        binary = ready.built[one.checkpoint.number]
        if isinstance(binary, BuildError):
            not_built = Outcome(NOT_RUN, f"nothing to run: {binary}", report=binary.report)
            outcomes.update({case.id: not_built for case in one.chosen})
    teller = _Teller(ready, outcomes, follow)
    try:
        _run(ready, progress or silent, outcomes, teller, beside or nullcontext(), waiting)
    except KeyboardInterrupt:
        if outcomes:
            total = sum(len(one.chosen) for one in ready.selections)
            raise GradeInterrupted(_summed_up(ready, outcomes), total) from None
        raise
    return _summed_up(ready, outcomes)


def make_folder(folder: Path) -> None:
    """For --pcap. Raises UsageError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"--pcap {folder}: no folder can be made there ({error.strerror}); name another"
        ) from None
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise UsageError(
            f"--pcap {folder}: nothing can be written there ({error.strerror}); name another"
        ) from None


def silent(done: int, total: int, identity: str) -> None:
    """A progress that nobody sees."""


def select(kit: Kit, plan: Plan) -> list[Selection]:
    """The cases of a plan, by checkpoint. Raises UsageError if there are none."""
    checkpoints = kit.checkpoints()
    everything = discover(checkpoints, plan.checkpoints)
    if plan.checkpoints and not any(fnmatchcase(case.id, plan.case) for case in everything):
        everything = discover(checkpoints)  # perhaps they are elsewhere
    selections = []
    elsewhere: set[int] = set()
    for checkpoint in checkpoints:
        cases = tuple(case for case in everything if case.checkpoint == checkpoint.number)
        chosen = tuple(case for case in cases if fnmatchcase(case.id, plan.case))
        if chosen and plan.checkpoints and checkpoint.number not in plan.checkpoints:
            elsewhere.add(checkpoint.number)
        elif chosen:
            selections.append(Selection(checkpoint, cases, chosen))
    if not selections and elsewhere:
        asked, found = _numbers(plan.checkpoints), _numbers(elsewhere)
        raise UsageError(
            f"no case of checkpoint {asked} is called {plan.case}: those are in checkpoint {found}"
        )
    if not selections:
        raise UsageError(nothing_called(plan.case, (case.id for case in everything)))
    return selections


def _numbers(checkpoints: Iterable[int]) -> str:
    return " and ".join(map(str, sorted(set(checkpoints))))


# --- running -------------------------------------------------------------------------------------


def _run(
    ready: Prepared,
    progress: Progress,
    outcomes: dict[str, Outcome],
    teller: _Teller,
    beside: AbstractContextManager[object],
    waiting: Waiting | None,
) -> None:
    """Runs what was built; `outcomes` fills up."""
    plan = ready.plan
    runnable = [
        (case, binary)
        for one in ready.selections
        if isinstance(binary := ready.built[one.checkpoint.number], Path)
        for case in one.chosen
    ]
    if not runnable:
        return
    count = min(_MAX_WORKERS, os.cpu_count() or 1, len(runnable))
    adopt_orphans()
    confined = can_have_process_namespace()
    ledger = Ledger([case for case, _ in runnable]) if plan.skips else None
    team: list[_Hand] = []
    gc.freeze()  # what is there by now stays: no worker needs to look through it
    try:
        for share in _shares(runnable, count):
            worker = Worker(
                share,
                ready.launcher,
                ready.wire,
                plan.seed,
                plan.pcap,
                plan.stories or plan.watched,
                plan.watched,
                ledger,
                plan.early,
                unwritten(ready.folder) if plan.mode == "stack" else (),
            )
            team.append(_Hand(worker, confined))
        with beside:
            _collect(team, len(runnable), progress, outcomes, teller, waiting)
    finally:
        for hand in team:
            hand.dismiss()
        bury_orphans()


def _shares(work: Sequence[_Work], count: int) -> list[list[_Work]]:
    """The shares of so many workers, dealt forth and back: of cases that stand together, often the
    first takes longest."""
    shares: list[list[_Work]] = [[] for _ in range(count)]
    for at, one in enumerate(work):
        turn, place = divmod(at, count)
        shares[place if turn % 2 == 0 else count - 1 - place].append(one)
    return shares


class _Hand:
    """A worker process and our end of the pipe through which it reports."""

    def __init__(self, worker: Worker, confined: bool):
        self._to_come = [case.id for case, _ in worker.cases]
        self._since = time.monotonic()
        self.reports, theirs = _FORK.Pipe(duplex=False)
        arguments = (worker, confined, self.reports, theirs)
        self.process = _FORK.Process(target=_work, args=arguments, daemon=True)
        self.process.start()
        theirs.close()

    def note_report(self) -> None:
        """The case that was going on has ended, and the next one begins."""
        del self._to_come[:1]
        self._since = time.monotonic()

    def takes_long(self) -> str:
        """The case that has been going on for long; empty if there is none, or if it has been told
        already."""
        if not self._to_come or time.monotonic() - self._since < _LONG_S:
            return ""
        self._since = math.inf
        return self._to_come[0]

    def dismiss(self) -> None:
        if self.process.is_alive():
            self.process.kill()
        self.process.join()
        self.reports.close()


def _work(worker: Worker, confined: bool, parents_end: Connection, reports: Connection) -> None:
    """The life of a worker process."""
    become_worker()
    parents_end.close()
    try:
        if confined:
            become_first_process()
        worker.run(lambda identity, outcome: reports.send((identity, outcome)))
    except BrokenPipeError:
        return  # the parent has ended, and with it the grade
    except InfrastructureError as error:
        reports.send((None, str(error)))
    except OSError as error:
        reports.send((None, f"the grader could not go on: {error}"))
    except Exception as error:  # a mistake of ours: one line all the same
        reports.send((None, f"a mistake in the grader: {type(error).__name__}: {error}"))
    reports.close()


def _collect(
    team: Sequence[_Hand],
    total: int,
    progress: Progress,
    outcomes: dict[str, Outcome],
    teller: _Teller,
    waiting: Waiting | None,
) -> None:
    count = 0
    hands = {hand.reports: hand for hand in team}
    open_ends = [*hands]
    while open_ends:
        for end in wait(open_ends, _LOOK_S if waiting is not None else None):
            assert isinstance(end, Connection)
            try:
                identity, outcome = end.recv()
            except EOFError:
                open_ends.remove(end)
                continue
            if identity is None:
                raise InfrastructureError(outcome)
            outcomes[identity] = outcome
            count += 1
            hands[end].note_report()
            progress(count, total, identity)
            teller.tell()
        for identity in filter(None, (hand.takes_long() for hand in team)):
            if waiting is not None:
                waiting(identity)
    if count < total:
        raise InfrastructureError("a worker of the grader died: is the machine out of memory?")


# --- summing up ----------------------------------------------------------------------------------


class _Teller:
    """Tells what came of the cases in the order in which they are taught."""

    def __init__(self, ready: Prepared, outcomes: dict[str, Outcome], follow: Follow | None):
        self._skips = ready.plan.skips
        self._outcomes = outcomes
        self._follow = follow
        self._coming = _cases_with_points(ready)
        self._next = next(self._coming, None)

    def tell(self) -> None:
        """Those of which it can be told by now."""
        while self._next is not None and self._next[0].id in self._outcomes:
            case, without_outcome = self._next
            if self._skips:
                # A worker may have run it before another one saw its foundation fail.
                need = first_failed(case.builds_on, self._outcomes)
                if need:
                    self._outcomes[case.id] = skipped(need)
            if self._follow is not None:
                self._follow(without_outcome(self._outcomes[case.id]))
            self._next = next(self._coming, None)


def _cases_with_points(
    ready: Prepared,
) -> Iterator[tuple[Case, Callable[[Outcome], CaseResult]]]:
    for one in ready.selections:
        points = points_of_cases(one.all, one.checkpoint.points)
        for case in one.chosen:
            yield case, partial(_case_result, ready, case, points[case.id])


def _case_result(ready: Prepared, case: Case, max_points: Fraction, outcome: Outcome) -> CaseResult:
    return CaseResult(
        id=case.id,
        rule=case.rule,
        rfc=case.rfc,
        hint=case.hint,
        max_points=max_points,
        rerun=ready.again.command(case),
        outcome=outcome,
        folder=ready.folder,
        kills=case.kills,
        mode=ready.plan.mode,
    )


def _summed_up(ready: Prepared, outcomes: Mapping[str, Outcome]) -> GradeResult:
    plan = ready.plan
    results = (_result(ready, one, outcomes) for one in ready.selections)
    return GradeResult(
        kit=__version__,
        target=plan.target,
        seed=plan.seed,
        wire=ready.wire,
        wire_reason=ready.wire_reason,
        sandbox=ready.launcher.mode,
        mode=plan.mode,
        wall_s=time.monotonic() - ready.started,
        checkpoints=tuple(one for one in results if one.cases),
    )


def _result(
    ready: Prepared, selection: Selection, outcomes: Mapping[str, Outcome]
) -> CheckpointResult:
    checkpoint = selection.checkpoint
    points = points_of_cases(selection.all, checkpoint.points)
    binary = ready.built[checkpoint.number]
    results = tuple(
        _case_result(ready, case, points[case.id], outcomes[case.id])
        for case in selection.chosen
        if case.id in outcomes  # unless it was interrupted before
    )
    return CheckpointResult(
        number=checkpoint.number,
        name=checkpoint.name,
        title=checkpoint.title,
        cases=results,
        build_error=str(binary) if isinstance(binary, BuildError) else "",
    )
