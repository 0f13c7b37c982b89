"""Runs cases: builds what is needed, shares the cases out to worker processes, collects outcomes.

       parent ── builds, forks, collects ──┬── worker ── namespace, wire ──┬── DUT, for one case
                                           └── worker ── …                 └── DUT, for the next

Each worker is a process of its own because a network namespace is a process's. All of it goes when
the parent goes, however it ends: workers die with their parent, devices with their worker,
namespaces and interfaces with the last process in them.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from multiprocessing.connection import Connection, wait
from pathlib import Path

from tcplab import __version__
from tcplab.build import Builder, Target
from tcplab.case import Case, discover
from tcplab.errors import BuildError, InfrastructureError, UsageError
from tcplab.kit import Checkpoint, Kit
from tcplab.lookup import nothing_called
from tcplab.namespace import (
    adopt_orphans,
    become_first_process,
    bury_orphans,
    can_have_process_namespace,
    die_with_parent,
)
from tcplab.progress import Progress
from tcplab.result import NOT_RUN, CaseResult, CheckpointResult, GradeResult, Outcome
from tcplab.sandbox import Launcher, choose_launcher
from tcplab.score import points_of_cases
from tcplab.wire.choose import choose_wire
from tcplab.worker import Worker

_FORK = multiprocessing.get_context("fork")
_MAX_WORKERS = 2


@dataclass(frozen=True)
class Plan:
    """What to grade, and how."""

    target: str
    checkpoints: tuple[int, ...] = ()  # none: all
    mode: str = "solo"
    case: str = "*"
    seed: int = 1
    wire: str = "auto"
    sandbox: str = "auto"
    pcap: Path | None = None
    stories: bool = False  # tell each case from beginning to end
    watched: bool = False  # and what the device says of itself after each step


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
    started = time.monotonic()
    kit = Kit.find()
    target = Target.find(kit, plan.target)
    if plan.pcap is not None:
        make_folder(plan.pcap)
    selections = select(kit, plan)
    launcher = choose_launcher(plan.sandbox)
    builder = Builder(kit, target, sandboxed=launcher.mode == "bwrap")
    built = builder.build_all([one.checkpoint for one in selections], plan.mode)
    wire, wire_reason = choose_wire(plan.wire)
    outcomes: dict[str, Outcome] = {}
    for one in selections:
        binary = built[one.checkpoint.number]
        if isinstance(binary, BuildError):
            not_built = Outcome(NOT_RUN, f"nothing to run: {binary}", report=binary.report)
            outcomes.update({case.id: not_built for case in one.chosen})

    def summed_up() -> GradeResult:
        results = (_result(plan, one, built, outcomes) for one in selections)
        return GradeResult(
            kit=__version__,
            target=plan.target,
            seed=plan.seed,
            wire=wire,
            wire_reason=wire_reason,
            sandbox=launcher.mode,
            mode=plan.mode,
            wall_s=time.monotonic() - started,
            checkpoints=tuple(one for one in results if one.cases),
        )

    try:
        _run(plan, selections, built, launcher, wire, progress or silent, outcomes)
    except KeyboardInterrupt:
        if outcomes:
            total = sum(len(one.chosen) for one in selections)
            raise GradeInterrupted(summed_up(), total) from None
        raise
    return summed_up()


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
    everything = discover(checkpoints)
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
    plan: Plan,
    selections: Sequence[Selection],
    built: Mapping[int, Path | BuildError],
    launcher: Launcher,
    wire: str,
    progress: Progress,
    outcomes: dict[str, Outcome],
) -> None:
    """Runs what was built; `outcomes` fills up."""
    runnable = [
        (case, binary)
        for one in selections
        if isinstance(binary := built[one.checkpoint.number], Path)
        for case in one.chosen
    ]
    if not runnable:
        return
    count = min(_MAX_WORKERS, os.cpu_count() or 1, len(runnable))
    adopt_orphans()
    confined = can_have_process_namespace()
    team: list[_Hand] = []
    try:
        for at in range(count):
            worker = Worker(
                runnable[at::count],
                launcher,
                wire,
                plan.seed,
                plan.pcap,
                plan.stories or plan.watched,
                plan.watched,
            )
            team.append(_Hand(worker, confined))
        _collect(team, len(runnable), progress, outcomes)
    finally:
        for hand in team:
            hand.dismiss()
        bury_orphans()


class _Hand:
    """A worker process and our end of the pipe through which it reports."""

    def __init__(self, worker: Worker, confined: bool):
        self.reports, theirs = _FORK.Pipe(duplex=False)
        arguments = (worker, confined, self.reports, theirs)
        self.process = _FORK.Process(target=_work, args=arguments, daemon=True)
        self.process.start()
        theirs.close()

    def dismiss(self) -> None:
        if self.process.is_alive():
            self.process.kill()
        self.process.join()
        self.reports.close()


def _work(worker: Worker, confined: bool, parents_end: Connection, reports: Connection) -> None:
    """The life of a worker process."""
    parent = multiprocessing.parent_process()
    die_with_parent(parent.pid if parent is not None else None)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the parent decides what an interrupt means
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
    team: Sequence[_Hand], total: int, progress: Progress, outcomes: dict[str, Outcome]
) -> None:
    count = 0
    open_ends = [hand.reports for hand in team]
    while open_ends:
        for end in wait(open_ends):
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
            progress(count, total, identity)
    if count < total:
        raise InfrastructureError("a worker of the grader died: is the machine out of memory?")


# --- summing up ----------------------------------------------------------------------------------


def _result(
    plan: Plan,
    selection: Selection,
    built: Mapping[int, Path | BuildError],
    outcomes: Mapping[str, Outcome],
) -> CheckpointResult:
    checkpoint = selection.checkpoint
    points = points_of_cases(selection.all, checkpoint.points)
    binary = built[checkpoint.number]
    results = tuple(
        CaseResult(
            id=case.id,
            rule=case.rule,
            rfc=case.rfc,
            hint=case.hint,
            max_points=points[case.id],
            rerun=_rerun(plan, case),
            outcome=outcomes[case.id],
        )
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


def _rerun(plan: Plan, case: Case) -> str:
    """The command that runs a case again, in the folder in which this one was given."""
    kit = Kit.find().root
    launcher = "./tcplab" if Path.cwd() == kit else quote(str(kit / "tcplab"))
    target = f"./{plan.target}" if plan.target.startswith("-") else plan.target
    words = [launcher, "grade", quote(target), f"--checkpoint {case.checkpoint}"]
    words += [f"--case {quote(case.id)}", f"--seed {plan.seed}"]
    words += ["--mode stack"] if plan.mode == "stack" else []
    words += [f"--wire {plan.wire}"] if plan.wire != "auto" else []
    words += [f"--sandbox {plan.sandbox}"] if plan.sandbox != "auto" else []
    return " ".join(words)


def quote(word: str) -> str:
    """A word as a shell reads it."""
    plain = word and all(letter.isalnum() or letter in "./_-^+" for letter in word)
    return word if plain else "'" + word.replace("'", "'\\''") + "'"
