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
import inspect
import pkgutil
import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import wraps
from types import ModuleType
from typing import TYPE_CHECKING, Any

from tcplab.kit import Checkpoint, file_of_case

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
    builds_on: tuple[str, ...] = ()  # cases that come before: if one fails, this has nothing to say
    row: Mapping[str, Any] = field(default_factory=dict)  # of `each`, the one that made this case

    @property
    def file(self) -> str:
        """The file of the submission that the case is about."""
        return file_of_case(self.id)

    @property
    def function(self) -> Callable[..., None]:
        """The function that was made a case."""
        function: Callable[..., None] = inspect.unwrap(self.run)
        return function


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
                row=dict(row),
            )
            for row in rows
        ]
        setattr(function, _ATTRIBUTE, made)
        return function

    return describe


def _bind(function: Callable[..., None], row: Mapping[str, Any]) -> Callable[[Lab], None]:
    @wraps(function)
    def run(lab: Lab) -> None:
        function(lab, **row)

    return run


def cases_of(module: object) -> Iterator[Case]:
    """The cases that a module defines, in the order in which it does."""
    for value in vars(module).values():
        yield from getattr(value, _ATTRIBUTE, ())


def discover(checkpoints: Sequence[Checkpoint], numbers: Iterable[int] = ()) -> list[Case]:
    """All cases in tcplab.cases, by checkpoint, and within each as they are taught. Given the
    numbers of some checkpoints, only theirs: that takes less time.

    Raises ValueError if two have one id, an id does not belong to its checkpoint, or a module with
    cases has no place in the order.
    """
    import tcplab.cases

    wanted = set(numbers) or {one.number for one in checkpoints}
    elsewhere = {one.name for one in checkpoints if one.number not in wanted}
    found: dict[str, Case] = {}
    for module in modules_in_order(tcplab.cases, elsewhere):
        for one in cases_of(module):
            _check(one, checkpoints, found)
            if one.id not in found:
                found[one.id] = replace(one, builds_on=_foundations(module, one, found))
    chosen = (one for one in found.values() if one.checkpoint in wanted)
    return sorted(chosen, key=lambda one: one.checkpoint)


def _foundations(module: ModuleType, one: Case, before: Mapping[str, Case]) -> tuple[str, ...]:
    """Those of the cases which a module builds on that concern one of its own: they are of the same
    checkpoint, and come before it."""
    named: Sequence[str] = getattr(module, "BUILDS_ON", ())
    return tuple(
        need for need in named if need in before and before[need].checkpoint == one.checkpoint
    )


def modules_in_order(package: ModuleType, left_out: Container[str] = ()) -> Iterator[ModuleType]:
    """All modules below a package, in the order that it states. Those that have no place in it may
    have no cases: they help others. Those of these names are left out."""
    present = [info.name for info in pkgutil.iter_modules(package.__path__)]
    for name in (*package.ORDER, *(name for name in present if name not in package.ORDER)):
        if name in left_out:
            continue
        module = importlib.import_module(f"{package.__name__}.{name}")
        if name not in package.ORDER and (hasattr(module, "ORDER") or any(cases_of(module))):
            raise ValueError(f"{module.__name__}: has cases, but no place in its package's ORDER")
        if hasattr(module, "ORDER"):
            yield from modules_in_order(module)
        else:
            yield module


def _check(one: Case, checkpoints: Sequence[Checkpoint], found: Mapping[str, Case]) -> None:
    if one.id in found and found[one.id].run is not one.run:
        raise ValueError(f"two cases are called {one.id}")
    if not _ID.match(one.id):
        raise ValueError(f"{one.id}: an id is stem.words-with-hyphens, in lower case")
    stems = checkpoints[one.checkpoint].stems
    if one.id.split(".")[0] not in stems:
        raise ValueError(f"{one.id}: an id of checkpoint {one.checkpoint} begins with {stems}")
    if not one.rule.endswith((".", "!", "?")) or not one.rfc:
        raise ValueError(f"{one.id}: needs a rule that is a sentence, and an RFC clause")
