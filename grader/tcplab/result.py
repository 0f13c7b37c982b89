"""What came of a grade, and its JSON form."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from tcplab.difference import Difference, SegmentDifference
from tcplab.kit import file_of_case
from tcplab.sanitizer import sanitizers_words
from tcplab.score import shown
from tcplab.story import Story

PASSED = "passed"
NOT_RUN = "not run"
IN_CAPTURE = "the capture"  # the subject, where a rule that holds in every case was broken
_SANITIZER_LINES = 4
STATUSES = (PASSED, "failed", "crashed", "timeout", NOT_RUN)


@dataclass(frozen=True)
class Outcome:
    """What came of one case. The texts are empty if it passed."""

    status: str
    message: str = ""  # one line
    subject: str = ""  # the field that differed, what was expected, and what it was
    expected: str = ""
    actual: str = ""
    steps: tuple[str, ...] = ()
    report: str = ""  # a sanitizer's, or the compiler's
    wall_s: float = 0.0
    story: Story | None = None  # where it was asked for
    needs: str = ""  # the case that has to pass before this one is run, if it was skipped for that
    difference: Difference | None = None  # where there is more to show than two words
    also: str = ""  # what came unexpectedly breaks this rule of every case as well

    @property
    def is_flood(self) -> bool:
        """It came to nothing because of more and more packets, or words."""
        return self.message.startswith("a flood")

    @property
    def is_unexpected(self) -> bool:
        """A segment came where there should have been none, or a flood of them: the mistake need
        not be one in what the case is about."""
        one = self.difference
        surplus = isinstance(one, SegmentDifference) and one.came and not one.expected
        return self.is_flood or surplus


@dataclass(frozen=True)
class CaseResult:
    """A case, what came of it, and what that is worth."""

    id: str
    rule: str
    rfc: tuple[str, ...]
    hint: str
    max_points: Fraction
    rerun: str
    outcome: Outcome
    folder: Path | None = None  # where the files lie that were graded
    kills: tuple[str, ...] = ()  # mutants that the case is known to find
    mode: str = ""  # solo: the files of the other checkpoints were the reference's; stack: theirs

    @property
    def file(self) -> str:
        """The file of the submission that the case is about."""
        return file_of_case(self.id)

    @property
    def passed(self) -> bool:
        return self.outcome.status == PASSED

    @property
    def advice(self) -> str:
        """The hint; but where the device crashed, or had to be ended, what the sanitizer says: a
        hint is about the rule of the case."""
        if self.outcome.status in ("crashed", "timeout"):
            return "; ".join(sanitizers_words(self.outcome.report, _SANITIZER_LINES))
        return self.hint

    @property
    def points(self) -> Fraction:
        return self.max_points if self.passed else Fraction(0)

    def to_json(self) -> dict[str, Any]:
        outcome = self.outcome
        record: dict[str, Any] = {
            "id": self.id,
            "status": outcome.status,
            "points": shown(self.points),
            "max_points": shown(self.max_points),
            "rfc": list(self.rfc),
            "rule": self.rule,
            "message": outcome.message,
            "rerun": self.rerun,
            "wall_s": round(outcome.wall_s, 4),
        }
        if not self.passed:
            record["hint"] = self.advice
            record["subject"] = outcome.subject
            record["expected"] = outcome.expected
            record["actual"] = outcome.actual
            record["steps"] = list(outcome.steps)
            record["report"] = outcome.report
            record["file"] = self.file
        if outcome.difference is not None:
            record["difference"] = outcome.difference.to_json()
        return record


@dataclass(frozen=True)
class CheckpointResult:
    """One checkpoint. `build_error` is one line if nothing could be built."""

    number: int
    name: str
    title: str
    cases: tuple[CaseResult, ...]
    build_error: str = ""

    @property
    def score(self) -> Fraction:
        return sum((case.points for case in self.cases), Fraction(0))

    @property
    def max_score(self) -> Fraction:
        return sum((case.max_points for case in self.cases), Fraction(0))

    def count(self) -> Counter[str]:
        return Counter(case.outcome.status for case in self.cases)

    def to_json(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "name": self.name,
            "title": self.title,
            "score": shown(self.score),
            "max_score": shown(self.max_score),
            "build_error": self.build_error,
            "cases": [case.to_json() for case in self.cases],
        }


@dataclass(frozen=True)
class GradeResult:
    """A whole grade."""

    kit: str
    target: str
    seed: int
    wire: str
    wire_reason: str  # why it is not a TUN interface, if it is not
    sandbox: str
    mode: str
    wall_s: float
    checkpoints: tuple[CheckpointResult, ...]

    @property
    def score(self) -> Fraction:
        return sum((one.score for one in self.checkpoints), Fraction(0))

    @property
    def max_score(self) -> Fraction:
        return sum((one.max_score for one in self.checkpoints), Fraction(0))

    def to_json(self) -> dict[str, Any]:
        """The form that schema.json describes."""
        return {
            "version": 1,
            "kit": self.kit,
            "target": self.target,
            "seed": self.seed,
            "wire": self.wire,
            "wire_reason": self.wire_reason,
            "sandbox": self.sandbox,
            "mode": self.mode,
            "score": shown(self.score),
            "max_score": shown(self.max_score),
            "wall_s": round(self.wall_s, 3),
            "checkpoints": [one.to_json() for one in self.checkpoints],
        }
