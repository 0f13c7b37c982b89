"""What makes a folder a work folder: a small file, tcplab.json, with its format and its kit."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from tcplab.errors import UsageError

MARK = "tcplab.json"
SYMPTOMS = "symptoms.md"  # in the folder of a clinic's patient
FORMAT = 1


@dataclass(frozen=True)
class WorkFolder:
    """A folder in which somebody writes a TCP."""

    root: Path

    @staticmethod
    def find(place: Path) -> WorkFolder | None:
        """The work folder that `place` is, or is in. Raises UsageError if its mark is unreadable
        or of a format that this kit does not know."""
        place = place.resolve()
        for folder in (place, *place.parents):
            if (folder / MARK).is_file():
                _check(folder / MARK)
                return WorkFolder(folder)
        return None


def target_here() -> str | None:
    """The work folder that this is, or is below, as seen from here."""
    work = WorkFolder.find(Path.cwd())
    return None if work is None else os.path.relpath(work.root)


def mark_text(kit: Path, folder: Path) -> str:
    """What tcplab.json says: besides the format, the places that stand in other files, too."""
    record = {"format": FORMAT, "kit": str(kit), "folder": str(folder)}
    return json.dumps(record, indent=1, ensure_ascii=False) + "\n"


def _check(mark: Path) -> None:
    try:
        record = json.loads(mark.read_text(encoding="utf-8"))
        known = isinstance(record, dict) and record.get("format") == FORMAT
    except (OSError, ValueError):
        raise UsageError(f"{mark}: cannot be read; remove it and run start again") from None
    if not known:
        raise UsageError(f"{mark}: of a format that this kit does not know; use the kit it is of")
