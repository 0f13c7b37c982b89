"""Whole checkpoints of a work folder that were run: what came of them is written down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tcplab.target import Target
from tcplab.kit import Kit
from tcplab.plan import Plan
from tcplab.work.folder import MARK
from tcplab.work.record import fingerprint, remember

if TYPE_CHECKING:
    from tcplab.result import GradeResult


class Remembering:
    """To be made before anything is compiled: a file that is saved meanwhile shows as changed."""

    def __init__(self, plan: Plan):
        kit = Kit.find()
        self._folder = Target.find(kit, plan.target).folder
        self._checkpoints = {one.number: one for one in kit.checkpoints()}
        whole = plan.case == "*" and plan.mode == "solo"
        self._files = self._fingerprints() if whole and (self._folder / MARK).is_file() else {}

    def _fingerprints(self) -> dict[int, str]:
        return {number: fingerprint(self._folder, one) for number, one in self._checkpoints.items()}

    def keep(self, result: GradeResult, units_failed: Mapping[int, int] | None = None) -> None:
        """Writes down each checkpoint, unless it could not be built: of that there is no verdict.
        `units_failed` says, by number, how many unit tests failed where they were run."""
        for one in result.checkpoints:
            if one.number not in self._files or one.build_error:
                continue
            remember(
                self._folder,
                self._checkpoints[one.number],
                self._files[one.number],
                score=float(one.score),
                passed=sum(case.passed for case in one.cases),
                total=len(one.cases),
                units_failed=(units_failed or {}).get(one.number),
            )
