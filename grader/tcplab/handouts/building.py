"""Makes the site of the handouts with MkDocs, if it is not there already."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

from tcplab.errors import InfrastructureError, UsageError
from tcplab.harmless import harmless
from tcplab.kit import Kit

MARK = ".tcplab-docs"  # in the site's folder: what it was made of

# Handouts, and what they link to: other files of the kit have a page on the site.
_SOURCES = ("handouts", "labs", "reference", "skeleton", "grader")
_PASSED_OVER = re.compile(r"^\.|^__pycache__$|\.pyc$")
_COMPLAINTS = ("WARNING", "ERROR", "CRITICAL")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def _in_silence() -> None:
    """Says nothing."""


def build(
    kit: Kit, out: Path | None = None, before: Callable[[], None] = _in_silence
) -> tuple[Path, bool]:
    """The folder of the site, and whether it had to be made: not if nothing has changed.

    `out` is None for a folder of the kit's own. `before` is called if it has to be made, which
    takes a while. Raises UsageError if `out` is something else's, and
    InfrastructureError, in one line, if MkDocs has anything to complain of.
    """
    site = _own_folder(kit) if out is None else out.resolve()
    try:
        site.parent.mkdir(parents=True, exist_ok=True)
        if out is not None:
            return site, _bring_up_to_date(kit, site, before)
        with open(site.parent / f".{site.name}.lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # who comes second finds it made
            return site, _bring_up_to_date(kit, site, before)
    except OSError as error:
        raise InfrastructureError(f"{site}: cannot be written: {error.strerror}") from None


def _bring_up_to_date(kit: Kit, site: Path, before: Callable[[], None]) -> bool:
    """Did it have to be made?"""
    sources = _digest(kit)
    mark = _mark_of(site)
    if mark == sources:
        return False
    if mark is None and site.exists() and (site.is_file() or any(site.iterdir())):
        raise UsageError(f"{site}: exists and is no site of the handouts; name another folder")
    before()
    with tempfile.TemporaryDirectory(dir=site.parent, prefix=f".{site.name}-") as scratch:
        new = Path(scratch) / "new"
        _run_mkdocs(kit, new, Path(scratch))
        (new / MARK).write_text(f"{sources}\n", encoding="ascii")
        _put_in_place(new, site, Path(scratch) / "old")
    return True


def _own_folder(kit: Kit) -> Path:
    """In the kit, or in the user's cache if the kit belongs to somebody else."""
    inside = kit.root / "build"
    if os.access(inside if inside.exists() else kit.root, os.W_OK):
        return inside / "site"
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return home / "tcplab" / "site"


def _mark_of(site: Path) -> str | None:
    try:
        return (site / MARK).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None


def _digest(kit: Kit) -> str:
    """Differs when a file of the kit does, by its name, size or time."""
    digest = hashlib.sha256(str(kit.root).encode())
    for folder in _SOURCES:
        for path in _files_in(kit.root / folder):
            status = path.stat()
            digest.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _files_in(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not _PASSED_OVER.search(name))
        yield from (Path(place, name) for name in sorted(names) if not _PASSED_OVER.search(name))


def _run_mkdocs(kit: Kit, site: Path, scratch: Path) -> None:
    if find_spec("mkdocs") is None:
        raise InfrastructureError("MkDocs is not installed: call ./tcplab docs, which installs it")
    settings = kit.root / "handouts" / "mkdocs.yml"
    command = [sys.executable, "-m", "mkdocs", "build", "--strict"]
    command += ["--config-file", str(settings), "--site-dir", str(site)]
    run = subprocess.run(
        command,
        cwd=kit.root,
        env={**os.environ, "TMPDIR": str(scratch)},  # even if it is killed, nothing is left
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    said = [" ".join(line.split()) for line in _COLOUR.sub("", run.stdout).splitlines()]
    complaints = [line for line in said if line.startswith(_COMPLAINTS)]
    if run.returncode != 0 or complaints:
        first = harmless((complaints or [line for line in said if line][-1:] or ["?"])[0])
        raise InfrastructureError(f"the handouts do not make a site: {first}")


def _put_in_place(new: Path, site: Path, old: Path) -> None:
    """Readers of the former site see that one or this one, not half of each."""
    if site.exists():
        os.rename(site, old)
    os.rename(new, site)
