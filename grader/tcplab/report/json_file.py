"""The result as JSON, checked against the schema before it is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tcplab.errors import InfrastructureError, UsageError
from tcplab.result import GradeResult

SCHEMA = Path(__file__).resolve().parents[1] / "schema.json"


def to_text(result: GradeResult) -> str:
    """Raises jsonschema.ValidationError if the grader has broken its own promise."""
    return record_text(result.to_json())


def record_text(record: dict[str, Any]) -> str:
    """The same for a record that was made of a result."""
    import jsonschema

    jsonschema.validate(record, json.loads(SCHEMA.read_text(encoding="utf-8")))
    return json.dumps(record, indent=1, ensure_ascii=False) + "\n"


def check_place(path: str) -> None:
    """Raises UsageError if a result can certainly not be written there."""
    place = Path(path)
    if path == "-":
        return
    if not path or place.is_dir():
        raise UsageError(f"--json {path or repr(path)}: name a file, or - for standard output")
    if not place.parent.is_dir():
        raise UsageError(f"--json {path}: there is no folder {place.parent}")
    is_new = not place.exists()
    try:
        place.open("ab").close()
        if is_new:
            place.unlink()
    except OSError as error:
        raise UsageError(f"--json {path}: cannot be written: {error.strerror}") from None


def write(result: GradeResult, path: str) -> None:
    """Writes to a file, or to standard output for `-`."""
    write_record(result.to_json(), path)


def write_record(record: dict[str, Any], path: str) -> None:
    """The same for a record that was made of a result."""
    text = record_text(record)
    if path == "-":
        print(text, end="")
        return
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise InfrastructureError(f"--json {path}: cannot be written: {error.strerror}") from error
