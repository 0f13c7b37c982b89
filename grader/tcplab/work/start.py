"""Makes a work folder, or completes one. What is there already stays as it is."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from tcplab.errors import InfrastructureError, UsageError
from tcplab.kit import COMPONENT_FILES, Kit
from tcplab.runner import quote
from tcplab.work.cmake import cmake_files
from tcplab.work.folder import MARK, WorkFolder, mark_text
from tcplab.work.vscode import vscode_files

_NEUTRAL = ["-c", "user.name=student", "-c", "user.email=student@localhost"]


def start(kit: Kit, folder: Path) -> list[str]:
    """Returns the names of the files that were made: none if all were there. Raises UsageError if
    the folder is another's, and InfrastructureError if it cannot be written."""
    folder = folder.resolve()
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: this is a file; name a folder that does not exist yet")
    try:
        if folder.is_dir() and any(folder.iterdir()) and not (folder / MARK).exists():
            raise UsageError(
                f"{folder}: exists and is no work folder; name one that does not exist"
            )
        if (folder / MARK).exists():
            WorkFolder.find(folder)
        folder.mkdir(parents=True, exist_ok=True)
        made = [name for name, text in _files(kit, folder).items() if _add(folder / name, text)]
    except OSError as error:
        raise InfrastructureError(f"{folder}: cannot be written: {error.strerror}") from None
    (folder / "tcplab").chmod(0o755)
    _commit_first(folder)
    return made


def _add(path: Path, text: str) -> bool:
    if path.exists():
        return False
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return True


def _files(kit: Kit, folder: Path) -> dict[str, str]:
    """Everything in a work folder, the mark first."""
    flags = ["-std=c11", "-Wall", "-Wextra", *(f"-I{one}" for one in kit.public_include_folders())]
    commands = [
        {"directory": str(folder), "file": name, "arguments": ["cc", *flags, "-c", name]}
        for name in COMPONENT_FILES
    ]
    sources = {name: (kit.skeleton / name).read_text(encoding="utf-8") for name in COMPONENT_FILES}
    return {
        MARK: mark_text(kit.root),
        **sources,
        "README.md": _readme(kit),
        **cmake_files(kit),
        **vscode_files(kit),
        ".gitignore": "/build/\n/.tcplab/\n/.cache/\n/.clangd\n/compile_commands.json\n",
        ".clangd": f"CompileFlags:\n  Add: {json.dumps(flags, ensure_ascii=False)}\n",
        "compile_commands.json": json.dumps(commands, indent=1, ensure_ascii=False) + "\n",
        "tcplab": f'#!/bin/sh\n# Calls the kit.\nexec {quote(str(kit.root / "tcplab"))} "$@"\n',
    }


def _readme(kit: Kit) -> str:
    return f"""# My TCP

Seven C files to fill in, checkpoint by checkpoint. Begin with `seqno.c`; what to do, and why, is in
`{kit.root / "handouts" / "docs" / "0-seqno.md"}`.

    ./tcplab grade . --checkpoint 0     grade the first checkpoint
    ./tcplab grade .                    grade all six
"""


def _commit_first(folder: Path) -> None:
    """A repository with a first commit, if git is there and the folder is in no repository, or in
    one that ignores it. Without git, or where it fails, the folder is whole all the same."""
    if shutil.which("git") is None:
        return
    if _git(folder, "rev-parse", "--git-dir") and not _git(folder, "check-ignore", str(folder)):
        return
    if (folder / ".git").exists():
        return
    if _git(folder, "init", "-q") and _git(folder, "add", "-A"):
        named = _git(folder, "config", "user.name") and _git(folder, "config", "user.email")
        author = [] if named else _NEUTRAL
        _git(folder, *author, "commit", "-q", "-m", "The skeleton of the TCP Lab Kit")


def _git(folder: Path, *words: str) -> bool:
    return subprocess.run(["git", "-C", str(folder), *words], capture_output=True).returncode == 0
