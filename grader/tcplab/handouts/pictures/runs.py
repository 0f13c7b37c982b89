"""Runs the cases of which pictures are made, many at a time, and remembers how they went."""

from __future__ import annotations

import hashlib
import os
import pickle
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tcplab.case import discover
from tcplab.errors import InfrastructureError, UsageError
from tcplab.kit import Kit
from tcplab.plan import Plan
from tcplab.result import CaseResult
from tcplab.runner import Selection, prepare, run
from tcplab.sandbox import sandbox_for_own_code

REFERENCE = "reference"
SEED = 1

# What a run depends on. Pages do not belong to it.
_SOURCES = ("labs", "reference", "grader/tcplab", "grader/mutants")
_SUFFIXES = {".c", ".h", ".py", ".toml"}


@dataclass(frozen=True, order=True)
class Play:
    """A case, and what it is run on: the reference, or one with a named mistake in it."""

    case: str
    target: str = REFERENCE

    @property
    def page(self) -> str:
        """The name of its trace page."""
        _, _, mistake = self.target.partition(":")
        return f"{self.case}--{mistake}.html" if mistake else f"{self.case}.html"


Plays = Mapping[Play, CaseResult]


class Memory:
    """Runs of earlier builds, in a file that is thrown away when the kit has changed."""

    def __init__(self, kit: Kit, folder: Path | None):
        self._file = None if folder is None else folder / f"{_state_of(kit)}.pickle"
        self._known: dict[Play, CaseResult] = {}
        if self._file is not None and self._file.is_file():
            try:
                self._known = pickle.loads(self._file.read_bytes())
            except (OSError, EOFError, pickle.UnpicklingError):
                pass  # it is made anew

    def recall(self, wanted: Iterable[Play]) -> dict[Play, CaseResult]:
        """Those of them that are known."""
        return {play: self._known[play] for play in wanted if play in self._known}

    def keep(self, more: Plays) -> None:
        """Adds them; where nothing can be written, they are played again next time."""
        if self._file is None or not more:
            return
        self._known.update(more)
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self._file.parent) as scratch:
                new = Path(scratch) / self._file.name
                new.write_bytes(pickle.dumps(self._known))
                os.replace(new, self._file)
            for other in self._file.parent.glob("*.pickle"):
                if other != self._file:
                    other.unlink(missing_ok=True)
        except OSError:
            return


def play(kit: Kit, wanted: Iterable[Play], folder: Path | None = None) -> Plays:
    """Runs what is not remembered in the folder. Raises InfrastructureError: also if a case fails
    on the reference, or there is none of this name."""
    wanted = set(wanted)
    memory = Memory(kit, folder)
    found = memory.recall(wanted)
    missing = wanted - set(found)
    fresh: dict[Play, CaseResult] = {}
    for target in sorted({one.target for one in missing}):
        cases = {one.case for one in missing if one.target == target}
        fresh.update({Play(one.id, target): one for one in _run(kit, target, cases)})
    for one in fresh.values():
        if one.outcome.story is None:
            raise InfrastructureError(f"{one.id} cannot be drawn: {one.outcome.message}")
    for each, one in fresh.items():
        if each.target == REFERENCE and not one.passed:
            raise InfrastructureError(f"{one.id} fails on the reference: {one.outcome.message}")
    memory.keep(fresh)
    return {**found, **fresh}


def _run(kit: Kit, target: str, cases: set[str]) -> list[CaseResult]:
    by_number: dict[int, set[str]] = {}
    for case in discover(kit.checkpoints()):
        if case.id in cases:
            by_number.setdefault(case.checkpoint, set()).add(case.id)
    unknown = cases - set().union(*by_number.values())
    if unknown:
        raise UsageError(f"a page draws {sorted(unknown)[0]}, but no case is called so")
    plan = Plan(
        target,
        checkpoints=tuple(sorted(by_number)),
        seed=SEED,
        sandbox=sandbox_for_own_code(target),
        stories=True,
        watched=True,
    )
    ready = prepare(plan)
    chosen = [_only(one, cases) for one in ready.selections]
    result = run(replace(ready, selections=chosen))
    return [one for checkpoint in result.checkpoints for one in checkpoint.cases]


def _only(selection: Selection, cases: set[str]) -> Selection:
    return replace(selection, chosen=tuple(one for one in selection.chosen if one.id in cases))


def _state_of(kit: Kit) -> str:
    """Differs when something differs that a run depends on."""
    digest = hashlib.sha256()
    for folder in _SOURCES:
        for path in sorted((kit.root / folder).rglob("*")):
            if path.suffix in _SUFFIXES:
                digest.update(f"{path.relative_to(kit.root)}\0".encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:40]
