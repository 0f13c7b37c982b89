"""Finds cases by what a person types: an id, a pattern, or something near to an id."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from tcplab.case import Case
from tcplab.errors import UsageError

_MOST = 3  # names that are suggested
_SIMILAR = 0.6  # from 0 to 1, as difflib measures it


def named(cases: Sequence[Case], name: str) -> list[Case]:
    """The cases of this id, or that match this pattern: at least one. Raises UsageError."""
    found = [one for one in cases if fnmatchcase(one.id, name)]
    if not found:
        raise UsageError(nothing_called(name, (one.id for one in cases)))
    return found


def one_named(cases: Sequence[Case], name: str) -> Case:
    """The one case of this id, or that matches this pattern. Raises UsageError."""
    found = named(cases, name)
    if len(found) > 1:
        raise UsageError(f"'{name}' names {len(found)} cases: name one, such as {found[0].id}")
    return found[0]


def nothing_called(name: str, ids: Iterable[str], kind: str = "case") -> str:
    """Says that there is no such case, and which ones may have been meant."""
    near = nearest(name, ids)
    if near:
        return f"no {kind} is called {name}: did you mean {' or '.join(near)}?"
    pattern = ", or a pattern such as 'sender.*'" if kind == "case" else ""
    return f"no {kind} is called {name}: give an id{pattern}"


def nearest(name: str, ids: Iterable[str]) -> list[str]:
    """The ids that are most like `name`, best first; the stem before the dot may be missing."""
    whole = "." in name
    by_words = {(one if whole else one.partition(".")[2]): one for one in ids}
    found = difflib.get_close_matches(name, by_words, _MOST, _SIMILAR)
    return [by_words[words] for words in found]
