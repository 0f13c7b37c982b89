"""Notices when the student's files are saved.

By looking: a folder of some ten files every tenth of a second. That costs nothing that could be
measured, is as quick as being told by the kernel, and works where the kernel tells nothing: on
network mounts, and under /mnt of WSL.
"""

from __future__ import annotations

import os
from pathlib import Path

LOOK_S = 0.1
_SETTLE_LOOKS = 20  # for a file that an editor is about to put in place

Snapshot = dict[str, tuple[int, int, int]]


class Saves:
    """The .c and .h files of a folder, and whether they have changed."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._built = self._last = snapshot(folder)
        self._looks = 0

    @property
    def names(self) -> list[str]:
        """The files that are watched."""
        return sorted(self._last)

    def look(self) -> bool:
        """To be called every LOOK_S. True once for each save, as soon as the files are at rest: an
        editor may write in several steps, or rename."""
        now = snapshot(self._folder)
        is_at_rest = now == self._last
        is_whole = now.keys() >= self._built.keys()
        self._last = now
        if now == self._built:
            self._looks = 0
            return False
        self._looks += 1
        if not is_at_rest or not (is_whole or self._looks > _SETTLE_LOOKS):
            return False
        self._built, self._looks = now, 0
        return True


def snapshot(folder: Path) -> Snapshot:
    """Which files there are, and what shows that one has been written. Nothing as long as the
    folder cannot be read."""
    found: Snapshot = {}
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.endswith((".c", ".h")) and not entry.name.startswith("."):
                    status = entry.stat()
                    found[entry.name] = (status.st_mtime_ns, status.st_size, status.st_ino)
    except OSError:
        pass
    return found
