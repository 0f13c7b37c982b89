"""Alternatives: correct solutions that differ from the reference, and must have full marks.

They show that the grader punishes nothing that the standard and the headers of the kit allow.
`grader/alternatives/alternatives.toml` describes them:

    [[alternative]]
    name = "receiver.acks-at-once"     # the first word is the stem of the file that differs most
    what = "No acknowledgment ever waits for company."
    allowed_by = ["9293 3.8.6.3", "E-16"]
    seen_in = "receiver.every-second-segment-is-acknowledged"

`seen_in` names a case in which its packets are not those of the reference; one that differs inside
only has none. The files that differ lie in `grader/alternatives/NAME/`, or are the reference's with
a few edits, each of which fits exactly once:

    [[alternative.edit]]
    file = "connection.c"
    find = '''text of the reference'''
    replace = '''what stands there instead'''
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tcplab.target import Target
from tcplab.errors import InfrastructureError
from tcplab.kit import COMPONENT_FILES, Checkpoint, Kit
from tcplab.progress import Progress
from tcplab.result import CaseResult, GradeResult
from tcplab.variant import replace_once, write_variant

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

MODES = ("solo", "stack")


class AlternativeError(InfrastructureError):
    """An alternative that is described wrongly, or no longer fits the reference."""


@dataclass(frozen=True)
class Edit:
    """`find` stands exactly once in the reference's `file`."""

    file: str
    find: str
    replace: str


@dataclass(frozen=True)
class Alternative:
    """A correct solution. `folder` holds whole files; or there are edits, and it holds none."""

    name: str
    what: str  # one sentence: how it differs
    allowed_by: tuple[str, ...]  # labels, or sections of RFCs
    folder: Path
    edits: tuple[Edit, ...] = ()
    seen_in: str = ""  # the id of a case

    @property
    def own_files(self) -> list[Path]:
        """The whole files that it brings."""
        return sorted(self.folder.glob("*.[ch]"))

    @property
    def files(self) -> tuple[str, ...]:
        """The files of the contract that differ."""
        named = {edit.file for edit in self.edits} | {path.name for path in self.own_files}
        return tuple(name for name in COMPONENT_FILES if name in named)

    def texts(self, reference: Path) -> dict[str, str]:
        """What differs, by file. Raises AlternativeError."""
        texts = {path.name: path.read_text(encoding="utf-8") for path in self.own_files}
        for edit in self.edits:
            text = texts.get(edit.file) or (reference / edit.file).read_text(encoding="utf-8")
            try:
                texts[edit.file] = replace_once(text, edit.find, edit.replace)
            except ValueError as error:
                where = edit.find.strip().splitlines()[0]
                raise AlternativeError(f"{self.name}: {error} in {edit.file}: {where}") from None
        return texts

    def write(self, reference: Path, folder: Path) -> Target:
        """Writes all seven files to `folder`, which exists: a target to grade."""
        write_variant(reference, folder, self.texts(reference))
        return Target(self.name, folder.resolve())

    def checkpoints(self, kit: Kit) -> list[Checkpoint]:
        """Those that its files are written for."""
        return [one for one in kit.checkpoints() if set(one.files) & set(self.files)]


def load(folder: Path) -> list[Alternative]:
    """All alternatives, in the order of alternatives.toml. Raises AlternativeError."""
    path = folder / "alternatives.toml"
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8")).get("alternative", [])
    except (OSError, ValueError) as error:
        raise AlternativeError(f"{path.name} cannot be read: {error}") from error
    alternatives = [_alternative(folder, row) for row in rows]
    names = [one.name for one in alternatives]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise AlternativeError(f"two alternatives are called {twice[0]}")
    strays = {one.name for one in folder.iterdir() if one.is_dir()} - set(names)
    if strays:
        raise AlternativeError(f"{min(strays)}/ does not stand in {path.name}")
    return alternatives


def _alternative(folder: Path, row: dict[str, Any]) -> Alternative:
    name = row.get("name", "an alternative without name")
    try:
        fields = {key: value for key, value in row.items() if key != "edit"}
        fields["allowed_by"] = tuple(row["allowed_by"])
        edits = tuple(Edit(**edit) for edit in row.get("edit", ()))
        one = Alternative(**fields, folder=folder / row["name"], edits=edits)
    except (KeyError, TypeError) as error:
        raise AlternativeError(f"{name}: {error}") from error
    stems = {file.removesuffix(".c") for file in one.files}
    if bool(one.edits) == bool(one.own_files):
        raise AlternativeError(f"{name}: needs either edits or a folder of files")
    if not {edit.file for edit in one.edits} <= set(COMPONENT_FILES):
        raise AlternativeError(f"{name}: edits files of the contract only")
    if one.name.split(".")[0] not in stems or not one.allowed_by:
        raise AlternativeError(f"{name}: wrong first word, or allowed by nothing")
    if not one.what.endswith(".") or "\n" in one.what:
        raise AlternativeError(f"{name}: what differs has to be one sentence")
    return one


# --- grading them --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Trial:
    """What came of one alternative with one seed, in one mode."""

    alternative: Alternative
    seed: int
    mode: str
    result: GradeResult

    @property
    def percent(self) -> float:
        return float(100 * self.result.score / self.result.max_score)

    @property
    def lost(self) -> list[CaseResult]:
        """The cases that it did not pass."""
        return [case for one in self.result.checkpoints for case in one.cases if not case.passed]


def try_all(
    kit: Kit,
    alternatives: Sequence[Alternative],
    *,
    seeds: Iterable[int],
    modes: Sequence[str] = MODES,
    wire: str = "auto",
    progress: Progress,
) -> list[Trial]:
    """Grades alternatives. In solo mode only the checkpoints that their files belong to: in the
    others no line of theirs would run. In stack mode all six."""
    from tcplab.runner import Plan, grade

    orders = [(one, seed, mode) for one in alternatives for seed in seeds for mode in modes]
    trials: list[Trial] = []
    with TemporaryDirectory(prefix="tcplab-alternatives-") as name:
        for one, seed, mode in orders:
            progress(len(trials), len(orders), one.name)
            folder = Path(name) / one.name
            folder.mkdir(exist_ok=True)
            one.write(kit.reference, folder)
            numbers = tuple(each.number for each in one.checkpoints(kit))
            plan = Plan(
                target=str(folder),
                checkpoints=numbers if mode == "solo" else (),
                mode=mode,
                seed=seed,
                wire=wire,
            )
            trials.append(Trial(one, seed, mode, grade(plan)))
    return trials
