"""Points, statuses, and the JSON form of a result."""

from __future__ import annotations

import json
from fractions import Fraction

import jsonschema
import pytest

from tcplab.case import Case
from tcplab.report.json_file import SCHEMA, to_text
from tcplab.result import STATUSES, CaseResult, CheckpointResult, GradeResult, Outcome
from tcplab.score import in_words, points_of_cases, shown


def case(identity: str, weight: int = 1) -> Case:
    return Case(identity, 0, "A rule.", ("9293 3.4",), "", (), weight, lambda lab: None)


@pytest.mark.parametrize("weights", [[1], [1, 1, 1], [3, 1, 2], [1] * 7 + [5], [2] * 97])
@pytest.mark.parametrize("total", [10, 15, 20, 30])
def test_the_parts_are_exactly_the_total(weights: list[int], total: int) -> None:
    cases = [case(f"seqno.c{at}", weight) for at, weight in enumerate(weights)]
    points = points_of_cases(cases, total)
    assert sum(points.values()) == total
    for at, weight in enumerate(weights):
        share = Fraction(total * weight, sum(weights))
        assert abs(points[f"seqno.c{at}"] - share) < Fraction(1, 100)


def test_what_is_shown_adds_up() -> None:
    points = points_of_cases([case(f"seqno.c{at}") for at in range(35)], 10)
    assert {shown(one) for one in points.values()} == {0.28, 0.29}
    assert round(sum(shown(one) for one in points.values()), 9) == 10.0
    assert [in_words(Fraction(n, 100)) for n in (0, 1000, 28, 1050)] == ["0", "10", "0.28", "10.5"]


def grade_result(statuses: list[str]) -> GradeResult:
    points = points_of_cases([case(f"seqno.c{at}") for at in range(len(statuses))], 10)
    cases = tuple(
        CaseResult(
            id=f"seqno.c{at}",
            rule="A rule.",
            rfc=("9293 3.4",),
            hint="",
            max_points=points[f"seqno.c{at}"],
            rerun="./tcplab grade x --checkpoint 0 --case seqno.c0 --seed 1",
            outcome=Outcome(status, message="" if status == "passed" else "why"),
        )
        for at, status in enumerate(statuses)
    )
    checkpoint = CheckpointResult(0, "seqno", "Sequence numbers", cases)
    return GradeResult("1.0", "x", 1, "tun", "", "bwrap", "solo", 0.5, (checkpoint,))


def test_only_passed_cases_have_points() -> None:
    result = grade_result(list(STATUSES))
    assert result.score == 2 and result.max_score == 10
    assert [one["points"] for one in result.to_json()["checkpoints"][0]["cases"]] == [2, 0, 0, 0, 0]


def test_all_passed_is_everything_and_all_failed_nothing() -> None:
    assert grade_result(["passed"] * 7).to_json()["score"] == 10
    assert grade_result(["failed"] * 7).to_json()["score"] == 0


def test_the_json_form_satisfies_its_schema() -> None:
    record = json.loads(to_text(grade_result(list(STATUSES))))
    assert record["version"] == 1
    assert record["checkpoints"][0]["cases"][1]["status"] == "failed"


@pytest.mark.parametrize(
    ("place", "value"),
    [("version", 2), ("score", -1), ("mode", "duo"), ("wire", "string"), ("surplus", 1)],
)
def test_the_schema_refuses_what_was_not_promised(place: str, value: object) -> None:
    record = grade_result(["passed"]).to_json()
    record[place] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(record, json.loads(SCHEMA.read_text(encoding="utf-8")))
