"""Clinics: a TCP with one bug in it, laid out in a folder for somebody to find the bug.

`grader/clinics/clinics.toml` describes the patients:

    [[clinic]]
    number = 1
    page = "1-silence"                  # handouts/docs/clinics/1-silence.md, and its -solution.md
    file = "segment.c"                  # below reference/
    find = '''text that stands there exactly once'''
    replace = '''what stands there instead'''
    scene = "connection.data-both-ways" # the case whose packets are the capture; "" if none has any
    caught_by = ["…"]                   # cases that fail on it

or, in the place of file, find and replace, `mutant = "…"`: one of those in `grader/mutants/`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tcplab.errors import InfrastructureError, UsageError
from tcplab.kit import Kit
from tcplab.mutants import Mutant, MutantError, apply, load as load_mutants
from tcplab.pcapng import write_pcapng
from tcplab.runner import Plan, grade
from tcplab.work.folder import MARK, SYMPTOMS, mark_text
from tcplab.work.start import start

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

CAPTURE = "capture.pcapng"

_COMMENT = re.compile(r"^ *<!--.*?-->\n", re.MULTILINE)
_LINK = re.compile(r"\[([^\]]+)\]\(([^)#]+)[^)]*\)")
_README = f"""# A patient

A TCP with one bug in it. What is known of it stands in `{SYMPTOMS}`; the seven files are as in any
solution, so every command of the kit takes them. Find the bug before you compare them with others.
Folders and pages are named as seen from the kit's folder.
"""


@dataclass(frozen=True)
class Clinic:
    """One patient. `page` is the stem of its pages; `caught_by` are the ids of cases."""

    number: int
    page: str
    bug: Mutant
    scene: str
    caught_by: tuple[str, ...]


def load(kit: Kit) -> list[Clinic]:
    """All of them, by number. Raises InfrastructureError for a bad list."""
    path = kit.root / "grader" / "clinics" / "clinics.toml"
    mutants = {one.name: one for one in load_mutants(kit.root / "grader" / "mutants")}
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8"))["clinic"]
        return [_clinic(row, mutants) for row in rows]
    except (OSError, KeyError, ValueError) as error:
        raise InfrastructureError(f"{path}: not a list of clinics ({error})") from error


def _clinic(row: dict[str, Any], mutants: dict[str, Mutant]) -> Clinic:
    number, page, caught_by = int(row["number"]), str(row["page"]), tuple(row["caught_by"])
    if "mutant" in row:
        bug = mutants[row["mutant"]]
    else:
        bug = Mutant(f"clinic-{number}", row["file"], row["find"], row["replace"], "", caught_by)
    return Clinic(number, page, bug, str(row["scene"]), caught_by)


def page_of(kit: Kit, clinic: Clinic) -> Path:
    """Where the symptoms are described."""
    return kit.root / "handouts" / "docs" / "clinics" / f"{clinic.page}.md"


def lay_out(kit: Kit, clinic: Clinic, folder: Path) -> list[str]:
    """Makes a work folder with the patient in it, and what is known of it. Returns the names of
    what a reader begins with.

    Raises UsageError if the folder holds something, InfrastructureError if it cannot be written.
    """
    folder = folder.resolve()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder}: exists; name a folder that does not exist yet")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        apply(clinic.bug, kit.reference, folder)
        (folder / SYMPTOMS).write_text(_symptoms(kit, page_of(kit, clinic)), encoding="utf-8")
        (folder / "README.md").write_text(_README, encoding="utf-8")
        (folder / MARK).write_text(mark_text(kit.root, folder), encoding="utf-8")
    except OSError as error:
        raise InfrastructureError(f"{folder}: cannot be written: {error.strerror}") from None
    except MutantError as error:
        raise InfrastructureError(f"the kit's own list of clinics is wrong: {error}") from None
    start(kit, folder)
    return [SYMPTOMS, CAPTURE] if _capture(clinic, folder) else [SYMPTOMS]


def _symptoms(kit: Kit, page: Path) -> str:
    """The page for somebody who reads it elsewhere: what it links to is named, as seen from the
    kit's folder, and what is only for the kit's tests is left out."""

    def named(link: re.Match[str]) -> str:
        path = (page.parent / link[2]).resolve().relative_to(kit.root)
        return f"{link[1]} ({path.as_posix()})"

    return _LINK.sub(named, _COMMENT.sub("", page.read_text(encoding="utf-8")))


def _capture(clinic: Clinic, folder: Path) -> bool:
    """Records what the patient sends in the scene, if packets are sent in it."""
    if not clinic.scene:
        return False
    plan = Plan(str(folder), case=clinic.scene, mode="stack", stories=True)
    [one] = [one for checkpoint in grade(plan).checkpoints for one in checkpoint.cases]
    if one.outcome.story is None:
        raise InfrastructureError(f"{one.id} was not run: {one.outcome.message}")
    unjudged = replace(
        one.outcome, status="passed", message=""
    )  # or the last comment gives it away
    return write_pcapng(folder / CAPTURE, one.outcome.story, unjudged) > 0
