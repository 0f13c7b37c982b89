"""Tries many mutants, on several processors, and sums up."""

from __future__ import annotations

import multiprocessing
import random
import signal
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, TypeVar

from tcplab import mutants as named
from tcplab.case import discover
from tcplab.errors import InfrastructureError
from tcplab.kit import COMPONENT_FILES, Kit
from tcplab.mutation.edit import Edit
from tcplab.mutation.listed import Survivor, load_survivors
from tcplab.mutation.parse import edits_of
from tcplab.mutation.trial import (
    BROKEN,
    KILLED,
    SAME_CODE,
    SURVIVED,
    Laboratory,
    Subject,
    Verdict,
)
from tcplab.namespace import die_with_parent
from tcplab.progress import Progress
from tcplab.sandbox import Launcher

T = TypeVar("T")

_FORK = multiprocessing.get_context("fork")


@dataclass(frozen=True)
class Trial:
    """A mutant, what came of it, and, for a mechanical one, the edit and why it may survive."""

    subject: Subject
    verdict: Verdict
    edit: Edit | None = None
    excuse: Survivor | None = None

    @property
    def killed(self) -> bool:
        return self.verdict.status == KILLED

    @property
    def equivalent(self) -> bool:
        """It survives, and it is known why that is no fault of the cases."""
        return self.verdict.status == SAME_CODE or (
            self.verdict.status == SURVIVED and self.excuse is not None
        )

    @property
    def does_not_compile(self) -> bool:
        return self.verdict.status == BROKEN

    @property
    def wrongly_excused(self) -> bool:
        """A reason is listed why no case can notice it, and one does."""
        return self.killed and self.excuse is not None

    @property
    def survived(self) -> bool:
        """It survives, and that is a fault."""
        return not (self.killed or self.equivalent or self.does_not_compile)


def named_subjects(kit: Kit) -> list[Subject]:
    """The mutants of grader/mutants/*.toml."""
    subjects = []
    for mutant in named.load(kit.root / "grader" / "mutants"):
        text = named.mutate(mutant, (kit.reference / mutant.file).read_text(encoding="utf-8"))
        near = mutant.bug.split(":")[0]
        subjects.append(Subject(mutant.name, mutant.file, near, text.encode(), mutant.mode))
    return subjects


def mechanical_edits(kit: Kit) -> list[Edit]:
    """All slips in all files of the reference."""
    return [
        edit for name in COMPONENT_FILES for edit in edits_of(kit, (kit.reference / name).resolve())
    ]


def mechanical_subjects(kit: Kit, edits: Sequence[Edit]) -> list[Subject]:
    """The edits, carried out."""
    sources = {name: (kit.reference / name).read_bytes() for name in COMPONENT_FILES}
    return [Subject(one.id, one.file, one.function, one.apply(sources[one.file])) for one in edits]


def sample(subjects: Sequence[Subject], size: int, seed: int) -> list[Subject]:
    """Some of the subjects, of all files in their proportion; the same for the same seed."""
    if size >= len(subjects):
        return list(subjects)
    chosen = set(random.Random(seed).sample(range(len(subjects)), size))
    return [one for at, one in enumerate(subjects) if at in chosen]


def try_all(
    kit: Kit,
    subjects: Sequence[Subject],
    edits: Sequence[Edit],
    *,
    launcher: Launcher,
    jobs: int,
    seed: int,
    progress: Progress,
) -> list[Trial]:
    """Tries the subjects. What came of them, in the order of the subjects."""
    by_id = {edit.id: edit for edit in edits}
    listed = load_survivors(kit.root / "grader" / "mutants" / "survivors")
    verdicts: dict[str, Verdict] = {}
    trials = over_all(kit, subjects, Laboratory.try_one, launcher=launcher, jobs=jobs, seed=seed)
    for _, verdict in trials:
        verdicts[verdict.name] = verdict
        progress(len(verdicts), len(subjects), verdict.name)
    return [
        Trial(one, verdicts[one.name], by_id.get(one.name), listed.get(one.name))
        for one in subjects
    ]


def over_all(
    kit: Kit,
    subjects: Sequence[Subject],
    task: Callable[[Laboratory, Subject], T],
    *,
    launcher: Launcher,
    jobs: int,
    seed: int,
) -> Iterator[tuple[Subject, T]]:
    """Hands the subjects out, one at a time, to processes that each have a laboratory. What came of
    the task for each, in any order."""
    if not subjects:
        return
    cases = discover(kit.checkpoints())

    def work(orders: Connection, folder: Path) -> None:
        laboratory = Laboratory(kit, cases, launcher, folder, seed)
        while (number := orders.recv()) is not None:
            if isinstance(number, str):
                orders.send(laboratory.complaint_about_the_reference(number))
            else:
                orders.send((number, task(laboratory, subjects[number])))

    with _scratch_folder(kit) as scratch:
        team = [
            _Hand(work, Path(scratch) / str(number)) for number in range(min(jobs, len(subjects)))
        ]
        try:
            _check_the_reference(team[0].orders, subjects)
            for number, result in _share_out(team, len(subjects)):
                yield subjects[number], result
        finally:
            for hand in team:
                hand.dismiss()


def _scratch_folder(kit: Kit) -> tempfile.TemporaryDirectory[str]:
    """Not where programs may not be started, as they may not in some places for temporary files."""
    build = kit.root / "build"
    try:
        build.mkdir(exist_ok=True)
        return tempfile.TemporaryDirectory(prefix="mutants-", dir=build)
    except OSError:
        return tempfile.TemporaryDirectory(prefix="tcplab-mutants-")


def _share_out(team: Sequence[_Hand], count: int) -> Iterator[tuple[int, Any]]:
    """Gives each hand a number to try, and another one whenever it has done, until all are done."""
    waiting = list(reversed(range(count)))
    busy = {hand.orders for hand in team}
    for orders in busy:
        orders.send(waiting.pop())
    while busy:
        for ready in wait(list(busy)):
            assert isinstance(ready, Connection)
            answer = _receive(ready)
            assert isinstance(answer, tuple)
            number, result = answer
            yield number, result
            if waiting:
                ready.send(waiting.pop())
            else:
                ready.send(None)
                busy.discard(ready)


def _check_the_reference(orders: Connection, subjects: Sequence[Subject]) -> None:
    for file in sorted({one.file for one in subjects}):
        orders.send(file)
        complaint = _receive(orders)
        if complaint:
            raise InfrastructureError(f"the reference itself fails, mend that first: {complaint}")


def _receive(orders: Connection) -> object:
    try:
        return orders.recv()
    except EOFError:
        raise InfrastructureError("a process that tries mutants died: out of memory?") from None


class _Hand:
    """A process and our end of the pipe through which it gets its orders."""

    def __init__(self, work: Callable[[Connection, Path], None], folder: Path):
        self.orders, theirs = _FORK.Pipe()
        self.process = _FORK.Process(target=self._live, args=(work, theirs, folder), daemon=True)
        self.process.start()
        theirs.close()

    def _live(
        self, work: Callable[[Connection, Path], None], orders: Connection, folder: Path
    ) -> None:
        die_with_parent()
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what an interrupt means
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self.orders.close()
        try:
            work(orders, folder)
        except EOFError:
            pass  # the parent has given up

    def dismiss(self) -> None:
        self.orders.close()
        self.process.join(timeout=1)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
