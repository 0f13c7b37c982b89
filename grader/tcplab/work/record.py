"""What is remembered of a work folder: what came of the last check or grade of each checkpoint.

It lies in the folder's .tcplab/, which git ignores. Whoever writes there himself only misleads
himself: this is no grade, and nothing that gives points to anybody reads it.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from tcplab.kit import COMPONENT_FILES, Checkpoint

_FOLDER = ".tcplab"
_FORMAT = 1
_MOST_BYTES = 4 << 20  # of a file that counts


@dataclass(frozen=True)
class Standing:
    """How a checkpoint stands. `is_current` says whether the files are still those that were
    checked; points are None as long as nothing was."""

    number: int
    points: float | None
    max_points: float
    passed: int
    total: int
    units_failed: int
    is_current: bool

    @property
    def is_done(self) -> bool:
        """Everything passed, with the files as they are."""
        whole = self.points is not None and self.passed == self.total and not self.units_failed
        return whole and self.is_current

    def to_json(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "score": self.points,
            "max_score": self.max_points,
            "passed": self.passed,
            "cases": self.total,
            "unit_tests_failed": self.units_failed,
            "changed_since": self.points is not None and not self.is_current,
            "done": self.is_done,
        }


def fingerprint(folder: Path, checkpoint: Checkpoint) -> str:
    """A hash of the files of which the verdict about a checkpoint depends: its own, and those that
    are no component's. To be taken before they are compiled."""
    digest = hashlib.sha256()
    names = {path.name for pattern in ("*.c", "*.h") for path in folder.glob(pattern)}
    for name in sorted((names - set(COMPONENT_FILES)) | set(checkpoint.files)):
        text = _bytes_of(folder / name)
        digest.update(f"{name}\0{len(text)}\0".encode())
        digest.update(text)
    return digest.hexdigest()


def _bytes_of(path: Path) -> bytes:
    try:
        if not path.is_file() or path.stat().st_size > _MOST_BYTES:
            return b""
        return path.read_bytes()
    except OSError:
        return b""


def remember(
    folder: Path,
    checkpoint: Checkpoint,
    files: str,
    *,
    score: float,
    passed: int,
    total: int,
    units_failed: int | None,
) -> None:
    """Writes down what came of a checkpoint. `files` is the fingerprint, `units_failed` None if the
    unit tests were not run: then what is known of the same files stays. Where nothing can be
    written, nothing is remembered: that is no reason to fail."""
    if units_failed is None:
        before = _read(folder, checkpoint.number)
        units_failed = _count(before, "units_failed") if before.get("files") == files else 0
    record = {
        "format": _FORMAT,
        "files": files,
        "score": score,
        "passed": passed,
        "total": total,
        "units_failed": units_failed,
    }
    try:
        (folder / _FOLDER).mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", encoding="ascii", dir=folder / _FOLDER, prefix="new-", delete=False
        ) as file:
            json.dump(record, file)
        os.replace(file.name, _place(folder, checkpoint.number))
    except OSError:
        pass


def standings(folder: Path, checkpoints: Iterable[Checkpoint]) -> list[Standing]:
    """How all checkpoints of a work folder stand."""
    return [_standing(folder, one) for one in checkpoints]


def first_unfinished(stands: Sequence[Standing], after: int | None = None) -> int | None:
    """The checkpoint to go on with; None if all are done. Those that were never checked below
    `after`, by default the last that is done, were passed over: they come last."""
    if after is None:
        after = max((one.number for one in stands if one.is_done), default=0)
    over = passed_over(stands, after)
    unfinished = [one.number for one in stands if not one.is_done]
    return next((number for number in unfinished if number not in over), next(iter(over), None))


def passed_over(stands: Iterable[Standing], before: int) -> list[int]:
    """The checkpoints below `before` that were never checked."""
    return [one.number for one in stands if one.points is None and one.number < before]


def _standing(folder: Path, checkpoint: Checkpoint) -> Standing:
    record = _read(folder, checkpoint.number)
    score = record.get("score")
    return Standing(
        number=checkpoint.number,
        points=min(score, float(checkpoint.points)) if _is_number(score) else None,
        max_points=float(checkpoint.points),
        passed=_count(record, "passed"),
        total=_count(record, "total"),
        units_failed=_count(record, "units_failed"),
        is_current=record.get("files") == fingerprint(folder, checkpoint),
    )


def _place(folder: Path, number: int) -> Path:
    return folder / _FOLDER / f"checkpoint-{number}.json"


def _read(folder: Path, number: int) -> Mapping[str, Any]:
    """What was written down; nothing if that is nothing sensible."""
    try:
        record = json.loads(_bytes_of(_place(folder, number)))
    except ValueError:
        return {}
    return record if isinstance(record, dict) and record.get("format") == _FORMAT else {}


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1000


def _count(record: Mapping[str, Any], key: str) -> int:
    value = record.get(key)
    return int(value) if _is_number(value) else 0
