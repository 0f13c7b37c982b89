"""What went wrong, for the top of the page: what the terminal says, in cells that can be marked."""

from __future__ import annotations

from dataclasses import dataclass

from tcplab.difference import BytesDifference, Difference, SegmentDifference
from tcplab.failure import Failure, failure_of
from tcplab.report.difference import bytes_in_words
from tcplab.result import CaseResult

_SHOWN = 8  # bytes on either side of the first wrong one


@dataclass(frozen=True)
class Run:
    """Bytes around the first wrong one, in hexadecimal digits."""

    label: str
    before: str
    wrong: str
    after: str


@dataclass(frozen=True)
class Trouble:
    """One case that did not pass. At most one of `segment` and `strings` is there; where neither
    is, the texts of the failure are all that there is."""

    failure: Failure
    segment: SegmentDifference | None
    strings: tuple[Run, ...]
    title: str  # of the strings


def trouble_of(case: CaseResult) -> Trouble | None:
    """None if it passed."""
    if case.passed:
        return None
    failure = failure_of(case)
    difference = failure.difference
    segment = difference if isinstance(difference, SegmentDifference) else None
    return Trouble(failure, segment, _runs(difference), _title(difference))


def _title(difference: Difference | None) -> str:
    return bytes_in_words(difference) if isinstance(difference, BytesDifference) else ""


def _runs(difference: Difference | None) -> tuple[Run, ...]:
    if not isinstance(difference, BytesDifference):
        return ()
    at = difference.offset - difference.start
    pairs = (("expected", difference.expected), ("actual", difference.actual))
    return tuple(
        Run(
            label,
            before=run[max(at - _SHOWN, 0) : at].hex(" "),
            wrong=run[at : at + 1].hex(),
            after=run[at + 1 : at + 1 + _SHOWN].hex(" "),
        )
        for label, run in pairs
    )
