"""What a case is, and how the cases are found.

A case is a function that takes a `Lab`, with a description put on it by `@case`:

    @case(
        "connection.fin-is-acknowledged",
        checkpoint=5,
        rfc=["9293 3.10.7.4", "U-4"],
        rule="A FIN takes one sequence number: it is acknowledged by its own number plus one.",
        hint="Where do you advance RCV.NXT over the FIN?",
        kills=["fin-not-counted"],
    )
    def fin_is_acknowledged(lab: Lab) -> None:
        ...

One function can be several cases: `each` is a list of keyword arguments, one case for each, and the
texts may hold their names in braces.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tcplab.kit import Checkpoint

if TYPE_CHECKING:
    from tcplab.lab import Lab

_ATTRIBUTE = "__tcplab_cases__"
_ID = re.compile(r"^[a-z_]+\.[a-z0-9^]+(-[a-z0-9^]+)*$")


@dataclass(frozen=True)
class Case:
    """One thing that is checked."""

    id: str
    checkpoint: int
    rule: str  # the sentence that a student reads
    rfc: tuple[str, ...]
    hint: str
    kills: tuple[str, ...]  # mutants that this case is known to find
    weight: int
    run: Callable[[Lab], None]
    leaks: bool = False  # memory that is not given back at the end fails the case


def case(
    id: str,
    *,
    checkpoint: int,
    rule: str,
    rfc: Sequence[str],
    hint: str = "",
    kills: Sequence[str] = (),
    weight: int = 1,
    leaks: bool = False,
    each: Sequence[Mapping[str, Any]] = (),
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Makes a case of a function, or, with `each`, several."""

    def describe(function: Callable[..., None]) -> Callable[..., None]:
        rows = each or ({},)
        made = [
            Case(
                id=id.format(**row),
                checkpoint=checkpoint,
                rule=rule.format(**row) if row else rule,
                rfc=tuple(label.format(**row) for label in rfc),
                hint=hint.format(**row) if row else hint,
                kills=tuple(kills),
                weight=weight,
                run=_bind(function, row),
                leaks=leaks,
            )
            for row in rows
        ]
        setattr(function, _ATTRIBUTE, made)
        return function

    return describe


def _bind(function: Callable[..., None], row: Mapping[str, Any]) -> Callable[[Lab], None]:
    def run(lab: Lab) -> None:
        function(lab, **row)

    return run


def cases_of(module: object) -> Iterator[Case]:
    """The cases that a module defines, in the order in which it does."""
    for value in vars(module).values():
        yield from getattr(value, _ATTRIBUTE, ())


def discover(checkpoints: Sequence[Checkpoint]) -> list[Case]:
    """All cases in tcplab.cases, by checkpoint.

    Raises ValueError if two have one id, or an id does not belong to its checkpoint.
    """
    import tcplab.cases

    found: dict[str, Case] = {}
    for info in pkgutil.walk_packages(tcplab.cases.__path__, "tcplab.cases."):
        for one in cases_of(importlib.import_module(info.name)):
            _check(one, checkpoints, found)
            found[one.id] = one
    return sorted(found.values(), key=lambda one: one.checkpoint)


def _check(one: Case, checkpoints: Sequence[Checkpoint], found: Mapping[str, Case]) -> None:
    if one.id in found and found[one.id] is not one:
        raise ValueError(f"two cases are called {one.id}")
    if not _ID.match(one.id):
        raise ValueError(f"{one.id}: an id is stem.words-with-hyphens, in lower case")
    stems = checkpoints[one.checkpoint].stems
    if one.id.split(".")[0] not in stems:
        raise ValueError(f"{one.id}: an id of checkpoint {one.checkpoint} begins with {stems}")
    if not one.rule.endswith((".", "!", "?")) or not one.rfc:
        raise ValueError(f"{one.id}: needs a rule that is a sentence, and an RFC clause")
