"""One check of one checkpoint: compile, unit tests, and the grader's cases in teaching order."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol

from tcplab.checking.early import Early
from tcplab.checking.units import UnitResult, not_run
from tcplab.errors import BuildError
from tcplab.kit import Checkpoint
from tcplab.result import CaseResult, GradeResult
from tcplab.runner import Plan, prepare, run


class Listener(Protocol):
    """Hears how a check goes on. `units` comes before the first case that did not pass."""

    def built(self, checkpoint: Checkpoint, warnings: Sequence[str]) -> None:
        """The files compile; these are the compiler's warnings."""

    def not_built(self, checkpoint: Checkpoint, error: BuildError) -> None:
        """They do not: this is the end."""

    def units(self, result: UnitResult) -> None:
        """What came of the unit tests."""

    def case(self, case: CaseResult) -> None:
        """What came of a case, in teaching order."""

    def waiting(self, identity: str) -> None:
        """This case takes long."""


@dataclass(frozen=True)
class Checked:
    """What came of a check. `units` is None where it did not come to them."""

    checkpoint: Checkpoint
    result: GradeResult
    warnings: Sequence[str]
    units: UnitResult | None
    is_whole: bool  # all cases were run, solo: that is what a checkpoint is judged by

    @property
    def is_built(self) -> bool:
        return not any(one.build_error for one in self.result.checkpoints)

    @property
    def cases(self) -> Sequence[CaseResult]:
        return [case for one in self.result.checkpoints for case in one.cases]

    @property
    def passed(self) -> bool:
        """Nothing is left to be mended."""
        good = self.units is None or self.units.is_good
        return self.is_built and good and all(case.passed for case in self.cases)

    def units_failed(self) -> dict[int, int]:
        """How many unit tests failed, by checkpoint; nothing if they were not run."""
        if self.units is None or not self.units.ran:
            return {}
        return {self.checkpoint.number: len(self.units.failures)}

    def to_json(self) -> dict[str, Any]:
        """As of a grade (schema.json), with what came of the unit tests."""
        record = self.result.to_json()
        for one in record["checkpoints"]:
            one["warnings"] = list(self.warnings)
            if self.units is not None:
                one["unit_tests"] = self.units.to_json()
        return record


def check(plan: Plan, early: Early, listener: Listener) -> Checked:
    """Checks the one checkpoint of a plan, which `early` has begun to build. Raises
    InfrastructureError, GradeInterrupted, or KeyboardInterrupt."""
    ready = prepare(plan, early.construction())
    whole = plan.case == "*" and plan.mode == "solo"
    built = ready.built[early.checkpoint.number]
    if isinstance(built, BuildError):
        listener.not_built(early.checkpoint, built)
        return Checked(early.checkpoint, run(ready), (), None, whole)
    listener.built(early.checkpoint, early.warnings)
    units = Units(early) if plan.case == "*" else None
    relay = _Relay(listener, units)
    result = run(ready, follow=relay.hear, beside=units, waiting=listener.waiting)
    relay.tell_units()
    final = units.result() if units is not None else None
    checked = Checked(early.checkpoint, result, early.warnings, final, whole)
    early.remembering.keep(result, checked.units_failed())
    return checked


class _Relay:
    """Passes on what came of the cases; before the first that did not pass, the unit tests."""

    def __init__(self, listener: Listener, units: Units | None):
        self._listener = listener
        self._units = units

    def hear(self, case: CaseResult) -> None:
        if not case.passed:
            self.tell_units()
        self._listener.case(case)

    def tell_units(self) -> None:
        if self._units is not None:
            units, self._units = self._units, None
            self._listener.units(units.result())


class Units:
    """Waits for the unit tests, in a thread, while the cases are run."""

    def __init__(self, early: Early):
        self._early = early
        self._result: UnitResult | Exception = not_run("not begun")
        self._thread = threading.Thread(target=self._work)

    def __enter__(self) -> Units:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self._early.stop()
        self._thread.join()

    def result(self) -> UnitResult:
        """Waits for it. Raises InfrastructureError."""
        if self._thread.ident is not None:
            self._thread.join()
        if isinstance(self._result, Exception):
            raise self._result
        return self._result

    def _work(self) -> None:
        try:
            self._result = self._early.unit_tests()
        except Exception as error:
            self._result = error
