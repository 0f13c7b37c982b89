"""Grades a solution through the launcher, as a user would, and checks the whole score.

    python grader/tests/expect_score.py reference 100

Exit status 0 if that was the score; otherwise 1, after a list of the cases that were in the way.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

LAUNCHER = Path(__file__).resolve().parents[2] / "tcplab"
MAX_SCORE = 100


def grade(solution: str) -> dict[str, Any]:
    """The JSON report on `solution`. Ends this program if grading did not take place."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [str(LAUNCHER), "grade", solution, "--json", str(report)]
        status = subprocess.run(command, stdin=subprocess.DEVNULL).returncode
        if status != 0:
            sys.exit(f"{' '.join(command)}: ended with status {status}, expected 0")
        result: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return result


def unexpected_cases(report: dict[str, Any], want_passed: bool) -> list[str]:
    """One line for each case that passed but should not have, or the other way round."""
    return [
        f"{case['status']}: {case['id']} ({case['points']}/{case['max_points']}) {case['message']}"
        for checkpoint in report["checkpoints"]
        for case in checkpoint["cases"]
        if (case["status"] == "passed") != want_passed
    ]


def main() -> int:
    solution, expected = sys.argv[1], float(sys.argv[2])
    report = grade(solution)
    score, max_score = report["score"], report["max_score"]
    print(f"{solution}: score {score} of {max_score}, expected {expected:g} of {MAX_SCORE}")
    if score == expected and max_score == MAX_SCORE:
        return 0
    print("\n".join(unexpected_cases(report, want_passed=expected > 0)))
    return 1


if __name__ == "__main__":
    sys.exit(main())
