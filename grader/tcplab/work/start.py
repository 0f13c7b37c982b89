"""Makes a work folder, or completes one. What is there already stays as it is."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tcplab.errors import InfrastructureError, UsageError
from tcplab.harmless import one_line
from tcplab.kit import COMPONENT_FILES, Kit
from tcplab.again import quote
from tcplab.work.cmake import cmake_files
from tcplab.work.folder import MARK, WorkFolder, mark_text
from tcplab.work.vscode import vscode_files

# What is compiled or remembered here, and the pages and captures that `trace` writes.
_IGNORED = """\
/build/
/.tcplab/
/.cache/
/.clangd
/compile_commands.json
/*.html
/*.pcap
/*.pcapng
"""
_NEUTRAL = ["-c", "user.name=student", "-c", "user.email=student@localhost"]


@dataclass(frozen=True)
class Started:
    """What was done: the names of files that were made, and of those that have the kit's new place
    in them now. `git_problem` is why there is no repository, if there should be one."""

    made: list[str]
    renewed: list[str]
    git_problem: str


def start(kit: Kit, folder: Path) -> Started:
    """Raises UsageError if the folder is another's, and InfrastructureError if it cannot be
    written."""
    folder = folder.resolve()
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: this is a file; name a folder that does not exist yet")
    try:
        if folder.is_dir() and any(folder.iterdir()) and not (folder / MARK).exists():
            raise UsageError(
                f"{folder}: exists and is no work folder; name one that does not exist"
            )
        work = WorkFolder.find(folder) if (folder / MARK).exists() else None
        folder.mkdir(parents=True, exist_ok=True)
        renewed = [] if work is None else _renew(kit, work)
        made = [name for name, text in _files(kit, folder).items() if _add(folder / name, text)]
    except OSError as error:
        raise InfrastructureError(f"{folder}: cannot be written: {error.strerror}") from None
    (folder / "tcplab").chmod(0o755)
    return Started(made, renewed, _commit_first(folder))


def _renew(kit: Kit, work: WorkFolder) -> list[str]:
    """If kit or folder have moved, the files with paths in them are written anew, but for those
    that the student has changed."""
    mark = json.loads((work.root / MARK).read_text(encoding="utf-8"))
    then, then_at = Path(str(mark.get("kit"))), Path(str(mark.get("folder", work.root)))
    if (then, then_at) == (kit.root, work.root):
        return []
    old, new = _files_with_paths(then, then_at), _files_with_paths(kit.root, work.root)
    stale = [
        name
        for name in old
        if (work.root / name).is_file()
        and (name == MARK or (work.root / name).read_bytes() == old[name].encode())
    ]
    for name in stale:
        (work.root / name).write_text(new[name], encoding="utf-8")
    return stale


def _add(path: Path, text: str) -> bool:
    if path.exists():
        return False
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return True


def _files(kit: Kit, folder: Path) -> dict[str, str]:
    """Everything in a work folder, the mark first."""
    sources = {name: (kit.skeleton / name).read_text(encoding="utf-8") for name in COMPONENT_FILES}
    return {
        MARK: mark_text(kit.root, folder),
        **sources,
        "README.md": _readme(kit),
        **cmake_files(),
        **vscode_files(kit),
        ".gitignore": _IGNORED,
        **_files_with_paths(kit.root, folder),
    }


def _files_with_paths(kit: Path, folder: Path) -> dict[str, str]:
    """Those that are of no use where kit or folder have moved. `kit` need not exist."""
    includes = (f"-I{one}" for one in Kit(kit).public_include_folders())
    flags = ["-std=c11", "-Wall", "-Wextra", *includes]
    commands = [
        {"directory": str(folder), "file": name, "arguments": ["cc", *flags, "-c", name]}
        for name in COMPONENT_FILES
    ]
    return {
        MARK: mark_text(kit, folder),
        ".clangd": f"CompileFlags:\n  Add: {json.dumps(flags, ensure_ascii=False)}\n",
        "compile_commands.json": json.dumps(commands, indent=1, ensure_ascii=False) + "\n",
        "tcplab": f'#!/bin/sh\n# Calls the kit.\nexec {quote(str(kit / "tcplab"))} "$@"\n',
    }


def _readme(kit: Kit) -> str:
    return f"""# My TCP

Seven C files to fill in, checkpoint by checkpoint. What to do, and why, stands in the handouts:
`./tcplab docs` brings them to a browser. Begin with "TCP in half an hour", or, if you know what a
SYN is, with checkpoint 0 and `seqno.c`. As plain files they lie in
`{kit.root / "handouts" / "docs"}`.

    ./tcplab check      compile and check the first checkpoint that is not done
    ./tcplab check 0    check one of them, 0 to 5
    ./tcplab status     how far you have come, and what is next
    ./tcplab grade      grade all six
    ./tcplab docs       read the handouts in a browser
    ./tcplab hint       a hint; again, the next one

What fails has a name, CASE, and there is more about it:

    ./tcplab explain CASE    what it is about, and how it goes in a TCP that works
    ./tcplab trace CASE .    what yours did, packet by packet
    ./tcplab debug CASE      yours under gdb, stopped where the failure came from

The same without these commands: `cmake --preset student && ctest --preset checkpoint0`.
"""


def _commit_first(folder: Path) -> str:
    """A repository with a first commit, if git is there and the folder is in no repository, or in
    one that ignores it. Returns why that did not succeed; the folder is whole all the same."""
    if shutil.which("git") is None:
        return "git is not installed"
    if not _git(folder, "rev-parse", "--git-dir") and _git(folder, "check-ignore", str(folder)):
        return ""
    if (folder / ".git").exists():
        return ""
    problem = _git(folder, "init", "-q") or _git(folder, "add", "-A")
    if problem:
        return problem
    named = not _git(folder, "config", "user.name") and not _git(folder, "config", "user.email")
    author = [] if named else _NEUTRAL
    return _git(folder, *author, "commit", "-q", "-m", "The skeleton of the TCP Lab Kit")


def _git(folder: Path, *words: str) -> str:
    """Empty if it succeeds; otherwise why not."""
    run = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True)
    if run.returncode == 0:
        return ""
    return one_line(run.stderr) or f"git {words[0]} ended with status {run.returncode}"
