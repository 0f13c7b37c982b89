"""Which cases have not passed, as far as it is known: those that build on them are not run."""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Mapping, Sequence

from tcplab.case import Case
from tcplab.result import NOT_RUN, PASSED, Outcome


class Ledger:
    """A mark for each case, in memory that this process shares with those that it forks."""

    def __init__(self, cases: Sequence[Case]):
        self._place = {case.id: at for at, case in enumerate(cases)}
        self._marks = mmap.mmap(-1, max(1, len(cases)))

    def note(self, identity: str, outcome: Outcome) -> None:
        """What came of a case."""
        if outcome.status != PASSED:
            self._marks[self._place[identity]] = 1

    def first_failed(self, needs: Iterable[str]) -> str:
        """The first of these cases that is known not to have passed; empty if there is none."""
        return next((need for need in needs if need in self._place and self._is_marked(need)), "")

    def _is_marked(self, identity: str) -> bool:
        return self._marks[self._place[identity]] != 0


def first_failed(needs: Iterable[str], outcomes: Mapping[str, Outcome]) -> str:
    """The same, when all is known."""
    return next((one for one in needs if one in outcomes and outcomes[one].status != PASSED), "")


def skipped(need: str) -> Outcome:
    """What is said of a case that was not run because another one did not pass."""
    return Outcome(NOT_RUN, f"skipped, for it needs {need}", needs=need)
