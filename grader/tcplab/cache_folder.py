"""The folder in which what was compiled is kept from one command to the next."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path

from tcplab.errors import InfrastructureError
from tcplab.kit import Kit

_STALE_S = 600


def cache_folder(kit: Kit) -> Path:
    """In the kit's own build folder, or, where that may not be written, in the home folder. Raises
    InfrastructureError."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    for folder in (kit.root / "build" / "grader-cache", home / "tcplab"):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                _sweep(folder)
                return folder
        except OSError:
            continue
    raise InfrastructureError("no folder to compile in: make build/ in the kit writable")


def _sweep(cache: Path) -> None:
    """Removes what a grade that was killed has left in the middle of compiling."""
    for folder in [*cache.glob("compile-*"), *cache.glob("link-*")]:
        try:
            if time.time() - folder.stat().st_mtime > _STALE_S:
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue  # somebody else was faster
