"""Tries one broken reference after another: does any case notice?"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tcplab.build import Builder
from tcplab.target import Target
from tcplab.case import Case
from tcplab.errors import BuildError
from tcplab.kit import COMPONENT_FILES, Checkpoint, Kit
from tcplab.result import NOT_RUN, PASSED, Outcome
from tcplab.sandbox import Launcher
from tcplab.worker import Worker

_CHECKPOINT_OF = {
    "seqno.c": 0,
    "byte_stream.c": 1,
    "reassembler.c": 2,
    "receiver.c": 3,
    "sender.c": 4,
    "segment.c": 5,
    "connection.c": 5,
}
KILLED, SURVIVED, SAME_CODE, BROKEN = "killed", "survived", "same code", "does not compile"


@dataclass(frozen=True)
class Subject:
    """A file of the reference with a bug in it. `near` is where the bug is, in any words: what has
    found one bug there is tried first on the next."""

    name: str
    file: str
    near: str
    source: bytes
    mode: str = "solo"


@dataclass(frozen=True)
class Verdict:
    """What came of a trial: `by` is the case that noticed, and `how` the status it ended with."""

    name: str
    status: str
    by: str = ""
    how: str = ""


def checkpoint_of(file: str) -> int:
    """The number of the checkpoint for which a file is written."""
    return _CHECKPOINT_OF[file]


class _Noticed(Exception):
    """One case is enough."""


class Laboratory:
    """Builds and tries, in a folder of its own, where it keeps only what it will need again; for
    one process."""

    def __init__(
        self, kit: Kit, cases: Iterable[Case], launcher: Launcher, folder: Path, seed: int = 1
    ):
        self._kit = kit
        self._folder = folder
        self._checkpoints = {one.number: one for one in kit.checkpoints()}
        self._cases = list(cases)
        self._launcher = launcher
        self._seed = seed
        self._successes: Counter[tuple[str, str]] = Counter()  # by (near, case) and ("", case)
        self._cache = folder / "cache"
        self._work = folder / "work"
        for place in (self._cache, self._work):
            place.mkdir(parents=True)
        for name in COMPONENT_FILES:
            shutil.copyfile(self._kit.reference / name, self._work / name)
        self._builder(self._work).build_all(list(self._checkpoints.values()), "solo")
        self._keep = set(self._cache.iterdir())

    def complaint_about_the_reference(self, file: str) -> str:
        """With nothing broken, no case fails; otherwise every mutant would be killed. Returns the
        case that fails all the same, and why, or nothing."""
        number = checkpoint_of(file)
        binary = self._builder(self._work).build(self._checkpoints[number], "solo")
        bad: list[str] = []

        def report(identity: str, outcome: Outcome) -> None:
            if outcome.status != PASSED:
                bad.append(f"{identity}: {outcome.message}")

        cases = [(case, binary) for case in self._cases if case.checkpoint == number]
        Worker(cases, self._launcher, "socketpair", self._seed, None).run(report)
        return bad[0] if bad else ""

    def try_one(self, subject: Subject) -> Verdict:
        """Builds the subject and runs the cases of its checkpoint until one of them fails."""
        original = (self._kit.reference / subject.file).read_bytes()
        checkpoint = self._checkpoints[checkpoint_of(subject.file)]
        try:
            with self._built(subject, checkpoint) as binary:
                verdict = self._judge(subject, checkpoint, binary)
                if verdict.status == SURVIVED and self._compiles_to_the_same(subject, original):
                    verdict = Verdict(subject.name, SAME_CODE)
                return verdict
        except BuildError as error:
            return Verdict(subject.name, BROKEN, how=str(error))

    def failures_of(self, subject: Subject) -> dict[str, Outcome]:
        """Builds the subject and runs all cases of its checkpoint: those that failed, by id. What
        could not be run is left out. Raises BuildError."""
        checkpoint = self._checkpoints[checkpoint_of(subject.file)]
        outcomes: dict[str, Outcome] = {}
        with self._built(subject, checkpoint) as binary:
            own = [(case, binary) for case in self._cases if case.checkpoint == checkpoint.number]
            worker = Worker(own, self._launcher, "socketpair", self._seed, None)
            worker.run(outcomes.__setitem__)
        return {
            identity: outcome
            for identity, outcome in outcomes.items()
            if outcome.status not in (PASSED, NOT_RUN)
        }

    @contextmanager
    def _built(self, subject: Subject, checkpoint: Checkpoint) -> Iterator[Path]:
        """The program made of the reference with the subject in it. Raises BuildError."""
        place = self._work / subject.file
        place.write_bytes(subject.source)
        try:
            yield self._builder(self._work).build(checkpoint, subject.mode)
        finally:
            shutil.copyfile(self._kit.reference / subject.file, place)
            for path in set(self._cache.iterdir()) - self._keep:
                path.unlink()

    def _judge(self, subject: Subject, checkpoint: Checkpoint, binary: Path) -> Verdict:
        found: list[tuple[str, Outcome]] = []

        def report(identity: str, outcome: Outcome) -> None:
            if outcome.status not in (PASSED, NOT_RUN):
                found.append((identity, outcome))
                raise _Noticed

        cases = [(case, binary) for case in self._in_order(subject, checkpoint)]
        try:
            Worker(cases, self._launcher, "socketpair", self._seed, None).run(report)
        except _Noticed:
            pass
        if not found:
            return Verdict(subject.name, SURVIVED)
        identity, outcome = found[0]
        self._successes[subject.near, identity] += 1
        self._successes["", identity] += 1
        return Verdict(subject.name, KILLED, identity, outcome.status)

    def _in_order(self, subject: Subject, checkpoint: Checkpoint) -> Sequence[Case]:
        own = [case for case in self._cases if case.checkpoint == checkpoint.number]

        def promise(case: Case) -> tuple[int, int]:
            return self._successes[subject.near, case.id], self._successes["", case.id]

        return sorted(own, key=promise, reverse=True)

    def _compiles_to_the_same(self, subject: Subject, original: bytes) -> bool:
        """An optimising compiler sees that some slips change nothing."""
        return self._machine_code(subject.file, subject.source) == self._machine_code(
            subject.file, original
        )

    def _machine_code(self, file: str, source: bytes) -> bytes:
        compiler = shutil.which("gcc") or shutil.which("clang") or "cc"
        includes = [f"-I{folder}" for folder in self._kit.public_include_folders()]
        with tempfile.TemporaryDirectory(dir=self._folder) as name:
            (Path(name) / file).write_bytes(source)
            command = [compiler, "-std=c11", "-O2", "-DNDEBUG", *includes, "-c", file, "-o", "o"]
            subprocess.run(command, cwd=name, capture_output=True, check=True)
            return (Path(name) / "o").read_bytes()

    def _builder(self, folder: Path) -> Builder:
        target = Target("mutant", folder.resolve())
        return Builder(self._kit, target, sandboxed=False, cache=self._cache)
