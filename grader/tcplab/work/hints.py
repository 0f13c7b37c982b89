"""How many hints were shown for each checkpoint: remembered in the work folder, .tcplab/hints.json.

A file that is missing or spoilt only means that nothing was shown yet.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from tcplab.errors import InfrastructureError
from tcplab.work.folder import WorkFolder

_FILE = Path(".tcplab") / "hints.json"


@dataclass(frozen=True)
class ShownHints:
    """The record of one work folder."""

    work: WorkFolder

    def count(self, checkpoint: int) -> int:
        """How many hints of this checkpoint were shown."""
        return self._read().get(str(checkpoint), 0)

    def remember(self, checkpoint: int, count: int) -> None:
        """Keeps how many were shown. Raises InfrastructureError where that cannot be written."""
        path = self.work.root / _FILE
        record = {**self._read(), str(checkpoint): count}
        try:
            path.parent.mkdir(exist_ok=True)
            path.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        except OSError as error:
            raise InfrastructureError(
                f"{path}: cannot be written ({error.strerror}); with --level no record is kept"
            ) from None

    def _read(self) -> dict[str, int]:
        try:
            record = json.loads((self.work.root / _FILE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        if not isinstance(record, dict):
            return {}
        return {
            number: count
            for number, count in record.items()
            if type(count) is int and count >= 0  # true is an int, but no count
        }
