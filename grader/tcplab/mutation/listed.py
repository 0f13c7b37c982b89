"""The survivors that are known, each with the reason why no case can, or may, notice it.

`grader/mutants/survivors/<stem>.toml`:

    [[survivor]]
    ids = ["sender-3f2a91c0"]
    change = "sender_tick: `elapsed < rto` → `elapsed <= rto`"     # for people
    kind = "equivalent"     # no behaviour differs; or "allowed": it does, and no rule forbids it
    reason = "Both sides are the same number when this is reached."
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tcplab.errors import InfrastructureError

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

_KINDS = ("equivalent", "allowed")


@dataclass(frozen=True)
class Survivor:
    """One reason, and the mechanical mutants that it is for."""

    ids: tuple[str, ...]
    change: str
    kind: str
    reason: str


def load_survivors(folder: Path) -> dict[str, Survivor]:
    """All that are listed in the folder, by id. Raises InfrastructureError for a bad list."""
    listed: dict[str, Survivor] = {}
    for path in sorted(folder.glob("*.toml")):
        try:
            rows = tomllib.loads(path.read_text(encoding="utf-8")).get("survivor", [])
            for row in rows:
                one = Survivor(tuple(row["ids"]), row["change"], row["kind"], row["reason"])
                _check(one, listed)
                listed.update({identity: one for identity in one.ids})
        except (ValueError, KeyError, TypeError) as error:
            raise InfrastructureError(f"{path}: not a list of survivors ({error})") from error
    return listed


def _check(one: Survivor, listed: dict[str, Survivor]) -> None:
    if one.kind not in _KINDS or not one.ids or not one.change:
        raise ValueError(f"{one.change or one.ids}: kind is one of {', '.join(_KINDS)}")
    if len(one.reason.split()) < 4 or not one.reason.endswith("."):
        raise ValueError(f"{one.change}: the reason has to be a sentence")
    twice = [identity for identity in one.ids if identity in listed]
    if twice:
        raise ValueError(f"{twice[0]} is listed twice")
