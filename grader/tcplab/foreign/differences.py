"""Where the Linux kernel is known to differ from RFC 9293: grader/kernel/differences.toml."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from tcplab.errors import InfrastructureError
from tcplab.kit import Kit

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib


@dataclass(frozen=True)
class Difference:
    """One thing that Linux does otherwise, and the cases that notice."""

    cases: tuple[str, ...]  # ids, or patterns of them
    rfc: tuple[str, ...]  # labels as of cases
    linux: str  # what it does
    why: str
    since: str = ""  # the version that began with it, if that is known
    until: str = ""  # the version that ended it

    def explains(self, identity: str) -> bool:
        return any(fnmatchcase(identity, pattern) for pattern in self.cases)


def path() -> Path:
    return Kit.find().root / "grader" / "kernel" / "differences.toml"


def read_differences() -> list[Difference]:
    """Raises InfrastructureError if the list cannot be read."""
    try:
        table: dict[str, Any] = tomllib.loads(path().read_text(encoding="utf-8"))
        return [
            Difference(
                cases=tuple(one["cases"]),
                rfc=tuple(one["rfc"]),
                linux=str(one["linux"]),
                why=str(one["why"]),
                since=str(one.get("since", "")),
                until=str(one.get("until", "")),
            )
            for one in table["difference"]
        ]
    except (OSError, KeyError, ValueError) as error:
        raise InfrastructureError(f"{path()}: not a readable list ({error})") from error


def find(differences: Iterable[Difference], identity: str) -> Difference | None:
    """The entry that explains a case."""
    return next((one for one in differences if one.explains(identity)), None)
