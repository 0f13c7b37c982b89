"""What a failure likely comes from: the mistakes that make the same cases fail in the same way.

`grader/mutants/causes.json` tells of every named mutant which cases of its checkpoint do not pass,
and how that looks (signature.py). `./tcplab mutants --causes` makes it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from math import sqrt
from pathlib import Path
from typing import Any

from tcplab.errors import InfrastructureError
from tcplab.kit import Kit
from tcplab.result import NOT_RUN, CaseResult
from tcplab.signature import Signature, signature_of

VERSION = 1
MOST = 3
_LEAST_LIKENESS = 0.9  # of the failure that is explained: the same words, but for numbers
_LEAST_SEEN = 0.3  # how much of what a mistake would make fail has to have been run
_LEAST_PRECISION = 0.8  # how much of what was run of that has to have failed
_LEAST_WEIGHT = 0.6
_BESIDE_THE_BEST = 0.7  # how much of the best one's weight another must have, to be named as well
_AS_GOOD = 0.97
_TOO_MANY = 5  # that are as good as the best: then nothing is likely


@dataclass(frozen=True)
class Symptoms:
    """A mistake, and the cases that do not pass because of it, with how that looks."""

    name: str
    file: str
    mistake: str  # a sentence
    cases: Mapping[str, Signature]


@dataclass(frozen=True)
class Cause:
    """A mistake that may be behind a failure. `weight` is 1 where all failures are as this mistake
    makes them, and it makes no others."""

    mutant: str
    mistake: str
    weight: float


def causes_file(kit: Kit) -> Path:
    """Where the table lies."""
    return kit.root / "grader" / "mutants" / "causes.json"


def load(path: Path) -> dict[str, Symptoms]:
    """The table, by the names of the mutants. Raises InfrastructureError."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["version"] != VERSION:
            raise ValueError(f"version {record['version']}")
        ids = record["cases"]
        return {name: _symptoms(name, row, ids) for name, row in record["mutants"].items()}
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise InfrastructureError(f"{path}: no table of causes ({error})") from error


def ids_in(path: Path) -> list[str]:
    """The cases that the table names, in its order; none if there is no table yet."""
    if not path.exists():
        return []
    record = json.loads(path.read_text(encoding="utf-8"))
    return [str(identity) for identity in record["cases"]]


def _symptoms(name: str, row: Mapping[str, Any], ids: Sequence[str]) -> Symptoms:
    cases = {ids[int(at)]: Signature.read(words) for at, words in row["fails"].items()}
    return Symptoms(name, row["file"], row["mistake"], cases)


def to_text(table: Iterable[Symptoms], known_ids: Sequence[str] = ()) -> str:
    """The table as it is kept: a line for each mutant. Cases are named by their place in a list;
    those of `known_ids` stay where they are, so that few lines change."""
    rows = list(table)
    used = {identity for row in rows for identity in row.cases}
    ids = [identity for identity in known_ids if identity in used]
    ids += sorted(used - set(ids))
    places = {identity: at for at, identity in enumerate(ids)}
    lines = ",\n".join(f"  {json.dumps(row.name)}: {_row(row, places)}" for row in rows)
    return (
        f'{{"version": {VERSION},\n "cases": {json.dumps(ids, indent=2, ensure_ascii=False)},\n'
        f' "mutants": {{\n{lines}\n}}}}\n'
    )


def _row(row: Symptoms, places: Mapping[str, int]) -> str:
    fails = {str(places[identity]): str(one) for identity, one in row.cases.items()}
    ordered = dict(sorted(fails.items(), key=lambda item: int(item[0])))
    record = {"file": row.file, "mistake": row.mistake, "fails": ordered}
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


# --- what a failure is about --------------------------------------------------------------------


def is_its_own(case: CaseResult) -> bool:
    """Does a case fail as the mistakes make it fail that it was written for? Then its rule is about
    this failure."""
    here = signature_of(case.outcome)
    return any(one.looks_like(here) for one in _known(case))


def hint_fits(case: CaseResult) -> bool:
    """Does a case fail as most of the mistakes make it fail that it was written for? Its hint is
    about those. True, too, if nothing is known of them."""
    here, known = signature_of(case.outcome), _known(case)
    return 2 * sum(one.looks_like(here) for one in known) >= len(known)


def _known(case: CaseResult) -> list[Signature]:
    """How it fails with the mistakes that it was written for."""
    table = _table()
    rows = (table[name].cases.get(case.id) for name in case.kills if name in table)
    return [one for one in rows if one is not None]


# --- which of them it may be --------------------------------------------------------------------


@lru_cache(maxsize=1)
def _table() -> Mapping[str, Symptoms]:
    path = causes_file(Kit.find())
    return load(path) if path.exists() else {}


def causes_of(case: CaseResult, among: Sequence[CaseResult] = ()) -> tuple[Cause, ...]:
    """What is likely behind the failure of a case; `among`: all cases of the same run, whether they
    passed or not. The likeliest first; none where nothing is likely."""
    return likely(case, among or [case], _table().values())


def is_a_guess(case: CaseResult, among: Sequence[CaseResult] = ()) -> bool:
    """Is there nothing but the one failure to tell causes by? Others may look the same."""
    return len(_run_beside(case, among)) == 1


def _run_beside(case: CaseResult, among: Sequence[CaseResult]) -> dict[str, CaseResult]:
    """The cases of its checkpoint that were run, itself among them."""
    last = _checkpoint(case.id)
    run = [one for one in [*among, case] if one.outcome.status != NOT_RUN]
    return {one.id: one for one in run if _checkpoint(one.id) == last}


def likely(
    case: CaseResult, among: Sequence[CaseResult], table: Iterable[Symptoms]
) -> tuple[Cause, ...]:
    """See causes_of. A mistake is the likelier the more of the run's failures it makes, in the same
    way, and the fewer others it would make. In one case at least also its numbers are those."""
    if case.passed or case.outcome.status == NOT_RUN:
        return ()
    run = _run_beside(case, among)
    failed = {one.id: signature_of(one.outcome) for one in run.values() if not one.passed}
    weighed = []
    for symptoms in table:
        here = symptoms.cases.get(case.id)
        if here is None or here.likeness(failed[case.id]) < _LEAST_LIKENESS:
            continue
        theirs = symptoms.cases.keys() & run.keys()
        if len(theirs) < _LEAST_SEEN * len(symptoms.cases):
            continue
        if len(theirs & failed.keys()) < _LEAST_PRECISION * len(theirs):
            continue
        if not any(symptoms.cases[one] == failed[one] for one in theirs & failed.keys()):
            continue  # the same words, but each time with other numbers: it is something else
        weight = _weight(symptoms, failed, run.keys())
        weighed.append((-weight, len(symptoms.cases), symptoms.name, symptoms.mistake))
    return _specific([Cause(name, words, -weight) for weight, _, name, words in sorted(weighed)])


def _weight(symptoms: Symptoms, failed: Mapping[str, Signature], run: Set[str]) -> float:
    """The cosine between what fails and what the mistake would make fail, of what was run."""
    theirs = symptoms.cases.keys() & run
    alike = sum(symptoms.cases[one].likeness(failed[one]) for one in theirs & failed.keys())
    return alike / sqrt(len(failed) * len(theirs))


def _specific(causes: Sequence[Cause]) -> tuple[Cause, ...]:
    """The first few, or none if there are too many that are as likely as the first."""
    if not causes or causes[0].weight < _LEAST_WEIGHT:
        return ()
    best = causes[0].weight
    as_good = sum(one.weight > _AS_GOOD * best for one in causes)
    if as_good > _TOO_MANY:
        return ()
    named = {one.mistake: one for one in reversed(causes) if one.weight >= _BESIDE_THE_BEST * best}
    return tuple(sorted(named.values(), key=causes.index)[:MOST])


def _checkpoint(identity: str) -> str:
    """The last file of the checkpoint that a case belongs to."""
    stem = identity.split(".")[0]
    return "connection" if stem == "segment" else stem
