"""Mutants: the reference with one bug put in, to see that the cases find it.

`grader/mutants/<stem>.toml` describes them:

    [[mutant]]
    name = "reassembler.fin-at-cut-edge"
    file = "reassembler.c"              # below reference/
    find = '''text that stands there exactly once'''
    replace = '''what stands there instead'''
    bug = "D-REAS-7: is_last counts although the last bytes were cut off."
    symptom = "…"                       # the same for a student, where `bug` says too much
    killed_by = ["reassembler.last-is-forgotten-when-cut-off"]
    mode = "solo"                       # or "stack": all files of the mutant together

A design that is wrong as a whole is no edit. `whole = "reassembler.plain-list.c"`, in the place of
`find` and `replace`, names a file beside the .toml file that stands in for the reference's.

A mutant is killed by a case that does not pass. Each case names the same mutants in its `kills`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tcplab.build import Builder
from tcplab.target import Target
from tcplab.case import Case
from tcplab.errors import BuildError
from tcplab.kit import COMPONENT_FILES, Kit
from tcplab.result import Outcome
from tcplab.sandbox import Launcher
from tcplab.variant import replace_once, write_variant
from tcplab.worker import Worker

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib


_LABEL = r"(?:[A-Z0-9]+(?:-[A-Z0-9]+)*-[0-9]+|RFC [0-9]+, [0-9.]+|[0-9]+(?:\.[0-9]+)+)"
_LABELS = re.compile(rf"^{_LABEL}(?:, {_LABEL})*: ")


class MutantError(ValueError):
    """A mutant that is described wrongly, or no longer fits the reference."""


@dataclass(frozen=True)
class Mutant:
    """One bug. `find` stands exactly once in `file`; where it is empty, `replace` is all of the
    file. `killed_by` are the ids of cases."""

    name: str
    file: str
    find: str
    replace: str
    bug: str
    killed_by: tuple[str, ...]
    mode: str = "solo"
    symptom: str = ""

    @property
    def mistake(self) -> str:
        """What is wrong, for somebody who may have made the same mistake: a sentence."""
        return self.symptom or _LABELS.sub("", self.bug)


def load(folder: Path) -> list[Mutant]:
    """All mutants in the folder's .toml files, by file and place. Raises MutantError."""
    mutants: list[Mutant] = []
    for path in sorted(folder.glob("*.toml")):
        try:
            rows = tomllib.loads(path.read_text(encoding="utf-8")).get("mutant", [])
        except ValueError as error:
            raise MutantError(f"{path.name}: {error}") from error
        mutants += [_mutant(path, row) for row in rows]
    names = [mutant.name for mutant in mutants]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise MutantError(f"two mutants are called {twice[0]}")
    return mutants


def _mutant(path: Path, row: dict[str, Any]) -> Mutant:
    try:
        fields: dict[str, Any] = {**row, "killed_by": tuple(row["killed_by"])}
        if "whole" in row:
            whole = path.with_name(fields.pop("whole"))
            if "find" in row or "replace" in row:
                raise TypeError("either find and replace, or whole")
            fields |= {"find": "", "replace": whole.read_text(encoding="utf-8")}
        elif not row["find"]:
            raise KeyError("nothing to find")
        mutant = Mutant(**fields)
    except (KeyError, OSError, TypeError) as error:
        raise MutantError(f"{path.name}: {row.get('name', 'a mutant without name')}: {error}")
    known = mutant.file in COMPONENT_FILES and mutant.mode in ("solo", "stack")
    if not known or not mutant.name.startswith(f"{path.stem}.") or not mutant.killed_by:
        raise MutantError(f"{path.name}: {mutant.name}: wrong name, file, mode, or no case")
    return mutant


def mutate(mutant: Mutant, text: str) -> str:
    """The text with the bug in it. Raises MutantError if its place is not found exactly once."""
    if not mutant.find:
        return mutant.replace
    try:
        return replace_once(text, mutant.find, mutant.replace)
    except ValueError as error:
        raise MutantError(f"{mutant.name}: {error} in {mutant.file}") from None


def apply(mutant: Mutant, reference: Path, folder: Path) -> Target:
    """Copies the reference to `folder`, which exists, with the bug put in: a target to grade."""
    text = (reference / mutant.file).read_text(encoding="utf-8")
    write_variant(reference, folder, {mutant.file: mutate(mutant, text)})
    return Target(mutant.name, folder.resolve())


def try_cases(
    kit: Kit,
    target: Target,
    cases: Sequence[Case],
    *,
    mode: str,
    launcher: Launcher,
    seed: int = 1,
) -> dict[str, Outcome]:
    """Runs cases on a target, in this process and over a socket pair: what came of each, by id.
    Code that does not compile kills nothing: BuildError."""
    builder = Builder(kit, target, sandboxed=launcher.mode == "bwrap")
    checkpoints = {one.number: one for one in kit.checkpoints()}
    wanted = sorted({case.checkpoint for case in cases})
    built = builder.build_all([checkpoints[number] for number in wanted], mode)
    runnable: list[tuple[Case, Path]] = []
    for case in cases:
        binary = built[case.checkpoint]
        if isinstance(binary, BuildError):
            raise binary
        runnable.append((case, binary))
    outcomes: dict[str, Outcome] = {}
    Worker(runnable, launcher, "socketpair", seed, None).run(outcomes.__setitem__)
    return outcomes


def pairs_of_mutants(mutants: Iterable[Mutant]) -> set[tuple[str, str]]:
    """(mutant, case) as the mutants tell it."""
    return {(mutant.name, identity) for mutant in mutants for identity in mutant.killed_by}


def pairs_of_cases(cases: Iterable[Case]) -> set[tuple[str, str]]:
    """(mutant, case) as the cases tell it."""
    return {(name, case.id) for case in cases for name in case.kills}
