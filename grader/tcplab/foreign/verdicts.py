"""What came of a run of the cases on a foreign device, summed up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from tcplab.foreign.differences import Difference, find
from tcplab.foreign.trial import Trial
from tcplab.result import NOT_RUN, PASSED, CaseResult, CheckpointResult, GradeResult
from tcplab.again import quote
from tcplab.runner import Plan, Selection
from tcplab.score import points_of_cases


class Verdict(Enum):
    """What a case says of a foreign device."""

    PASSED = "passed"
    DIFFERS = "differs as listed"  # it failed, and a listed difference explains it
    FAILED = "failed"
    NOT_ASKED = "cannot be asked"


@dataclass(frozen=True)
class ForeignResult:
    """A grade in which each case has a verdict. Cases without packets are not part of it."""

    device: str  # what was tried, in words
    grade: GradeResult
    verdicts: Mapping[str, Verdict]
    differences: Mapping[str, Difference]  # by the id of the case that differs
    outdated: Sequence[Difference]  # all of whose cases pass
    note: str = ""  # a line for the end of the report

    def count(self) -> Counter[Verdict]:
        return Counter(self.verdicts.values())

    @property
    def asked(self) -> int:
        return sum(self.count().values()) - self.count()[Verdict.NOT_ASKED]

    @property
    def share(self) -> float:
        """Of the cases that can be asked, how many pass: 0 to 1."""
        return self.count()[Verdict.PASSED] / self.asked if self.asked else 0.0


def verdict_of(identity: str, trial: Trial, differences: Sequence[Difference]) -> Verdict:
    if trial.not_asked:
        return Verdict.NOT_ASKED
    if trial.outcome.status == PASSED:
        return Verdict.PASSED
    return Verdict.DIFFERS if find(differences, identity) is not None else Verdict.FAILED


def checkpoint_results(
    plan: Plan,
    selections: Sequence[Selection],
    trials: Mapping[str, Trial],
    differences: Sequence[Difference],
    command: str,
) -> tuple[CheckpointResult, ...]:
    """The cases that have to do with packets, in the form of every grade. `command` is what runs
    one again, without its case.

    A case that the device cannot be asked is `not run`; one that differs as listed is `failed`.
    Their messages begin with these words.
    """
    results = []
    for one in selections:
        points = points_of_cases(one.all, one.checkpoint.points)
        cases = tuple(
            CaseResult(
                id=case.id,
                rule=case.rule,
                rfc=case.rfc,
                hint=case.hint,
                max_points=points[case.id],
                rerun=f"{command} --case {quote(case.id)} --seed {plan.seed}",
                outcome=_marked(case.id, trials[case.id], differences).outcome,
            )
            for case in one.chosen
            if not trials[case.id].of_component
        )
        if cases:
            checkpoint = one.checkpoint
            results.append(
                CheckpointResult(checkpoint.number, checkpoint.name, checkpoint.title, cases)
            )
    return tuple(results)


def _marked(identity: str, trial: Trial, differences: Sequence[Difference]) -> Trial:
    verdict = verdict_of(identity, trial, differences)
    outcome = trial.outcome
    if verdict is Verdict.NOT_ASKED:
        outcome = replace(
            outcome, status=NOT_RUN, message=f"{verdict.value}: {trial.not_asked}", steps=()
        )
    elif verdict is Verdict.DIFFERS:
        outcome = replace(outcome, message=f"{verdict.value}: {outcome.message}")
    return replace(trial, outcome=outcome)


def outdated(
    verdicts: Mapping[str, Verdict], differences: Sequence[Difference]
) -> list[Difference]:
    """Entries that explain nothing any more: of their cases some were asked, and all passed. Those
    that are known to have ended are none of them."""
    found = []
    for one in differences:
        if one.until:
            continue
        seen = {verdict for identity, verdict in verdicts.items() if one.explains(identity)}
        if Verdict.PASSED in seen and not seen - {Verdict.PASSED, Verdict.NOT_ASKED}:
            found.append(one)
    return found
