"""A fault costs points where it is, and nowhere else; and the same grade twice is the same."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tcplab.kit import COMPONENT_FILES, Kit
from tcplab.result import GradeResult
from tcplab.runner import Plan, grade

_KIT = Kit.find()


@pytest.mark.parametrize("name", COMPONENT_FILES)
def test_a_skeleton_component_costs_points_in_its_own_checkpoint_alone(
    name: str, tmp_path: Path
) -> None:
    submission = tmp_path / "submission"
    shutil.copytree(_KIT.reference, submission)
    shutil.copyfile(_KIT.skeleton / name, submission / name)

    result = grade(Plan(str(submission)))

    short_of_full = {one.number for one in result.checkpoints if one.score < one.max_score}
    its_own = {one.number for one in _KIT.checkpoints() if name in one.files}
    assert short_of_full == its_own


def test_repeated_grades_agree_in_everything_but_the_time() -> None:
    first = _without_times(grade(Plan("reference", seed=7)))
    again = _without_times(grade(Plan("reference", seed=7)))
    assert again == first


def _without_times(result: GradeResult) -> dict[str, Any]:
    record = result.to_json()
    del record["wall_s"]
    for checkpoint in record["checkpoints"]:
        for case in checkpoint["cases"]:
            del case["wall_s"]
    return record
