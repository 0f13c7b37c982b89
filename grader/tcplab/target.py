"""What is graded: a folder, the reference, the skeleton, or the reference with a known mistake."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tcplab.cache_folder import cache_folder
from tcplab.errors import InfrastructureError, UsageError
from tcplab.kit import Kit

MUTANT = "mutant:"


@dataclass(frozen=True)
class Target:
    """A folder, and how it was named on the command line. The files of a `whole` one are all taken,
    whichever checkpoint they are to be graded for."""

    name: str
    folder: Path
    whole: bool = False

    @staticmethod
    def find(kit: Kit, name: str) -> Target:
        """`name` is reference, skeleton, a path, or mutant: and what that is called in
        grader/mutants/. Raises UsageError."""
        if name.startswith(MUTANT):
            return _mutant(kit, name)
        folder = {"reference": kit.reference, "skeleton": kit.skeleton}.get(name, Path(name))
        if not name:
            raise UsageError("what is to be graded? reference, skeleton or a folder of .c files")
        if folder.is_file():
            raise UsageError(f"{name}: this is a file; give the folder that it is in")
        if not folder.is_dir():
            raise UsageError(f"{name}: no such folder; give reference, skeleton or a folder of .c")
        if not os.access(folder, os.R_OK | os.X_OK):
            raise UsageError(f"{name}: this folder may not be read; ask its owner for access")
        return Target(name, folder.resolve())


def refuse_links(kit: Kit, name: str) -> None:
    """Whoever grades many folders does not look at each: what a link leads to may be the work of
    somebody else, or the reference. Raises UsageError if the folder is one, or if a link on the way
    to it leads into the kit."""
    if is_of_the_kit(name):
        return
    folder = Path(name)
    if folder.is_symlink():
        raise UsageError(f"{name}: this is a link; to grade what it leads to, give that folder")
    there = folder.resolve()
    is_the_kits = any(there.is_relative_to(own) for own in _own_folders(kit))
    if is_the_kits and there != Path(os.path.abspath(folder)):
        raise UsageError(f"{name}: a link on the way leads into the kit itself")


def _own_folders(kit: Kit) -> list[Path]:
    root = kit.root.resolve()
    return [
        root / part for part in ("reference", "skeleton", "labs", "grader", "build/grader-cache")
    ]


def is_of_the_kit(name: str) -> bool:
    """Does `name` stand for code that came with the kit?"""
    return name in ("reference", "skeleton") or name.startswith(MUTANT)


def _mutant(kit: Kit, name: str) -> Target:
    """The reference with one mistake in it, laid out where it is found again next time."""
    from tcplab.mutants import MutantError, load, mutate
    from tcplab.variant import write_variant
    from tcplab.lookup import nothing_called

    wanted = name[len(MUTANT) :]
    known = {one.name: one for one in load(kit.root / "grader" / "mutants")}
    if wanted not in known:
        raise UsageError(nothing_called(wanted, known, "mutant"))
    mutant = known[wanted]
    try:
        text = mutate(mutant, (kit.reference / mutant.file).read_text(encoding="utf-8"))
    except MutantError as error:
        raise InfrastructureError(str(error)) from None
    files = [path.read_bytes() for path in sorted(kit.reference.glob("*.[ch]"))]
    key = hashlib.sha256(b"\0".join([*files, text.encode()])).hexdigest()[:16]
    finished = cache_folder(kit) / "mutants" / f"{wanted}-{key}"
    if not finished.is_dir():
        finished.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=finished.parent, prefix="link-") as scratch:
            whole = Path(scratch, "whole")
            whole.mkdir()
            write_variant(kit.reference, whole, {mutant.file: text})
            try:
                whole.rename(finished)
            except OSError:  # somebody else was faster
                pass
    return Target(name, finished, whole=True)
