"""Searches for operations after which a device and the model of it disagree, and makes them few.

Hypothesis makes plans, and once one of them fails, ever smaller ones that fail, too. A model turns
a plan into a conversation: what to ask, in what words a student reads it, and what may be answered.

Only the smallest failure found leaves a trace in the transcript. The same seed finds the same
one: everything is bounded by counts, nothing by time. Hypothesis is loaded when it is needed; it
takes as long as a dozen cases.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Optional

from tcplab.dut import Dut, Reply, RequestRefused, parse_reply
from tcplab.errors import CaseFailed, CaseProblem, DutHung, DutProblem, NoComponents
from tcplab.models.operations import Plan
from tcplab.transcript import Transcript

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from tcplab.lab import Lab

_MOST_RUNS = 200  # after the first failure
_MOST_PRUNINGS = 150  # of the smallest failure, at the end
_MOST_LOSSES = 20  # of the device, while a crash is made smaller
_MOST_AT_ONCE = 60_000  # characters of requests in one batch

Check = Callable[[Reply], Optional[str]]  # may return what is worth being shown of the answer


@dataclass(frozen=True)
class Step:
    """One request, and what has to be answered. A step without words is shown only if it fails; its
    `check` raises CaseFailed then."""

    request: str
    words: str = ""
    check: Optional[Check] = None
    words_if_failed: str = ""


# Steps that may be asked together, since none depends on the answer to another; then more.
Conversation = Iterator[Sequence[Step]]


@dataclass(frozen=True)
class _Failure:
    """A run that failed: what the student would read."""

    plan: Any
    problem: CaseProblem
    transcript: Transcript

    @property
    def size(self) -> tuple[int, int]:
        return len(self.transcript.steps), sum(len(s.text) for s in self.transcript.steps)


class _Found(Exception):
    """Tells hypothesis that a plan fails. There is only one kind: the smallest failure counts."""


class _Enough(BaseException):
    """Ends the search at once."""


class _LongEnough(BaseException):
    """Ends the part of it that is hypothesis's."""


class _Search:
    """What is known so far."""

    def __init__(self, lab: Lab, converse: Callable[[Any], Conversation], free: Sequence[str]):
        self._lab = lab
        self._converse = converse
        self._free = free
        self._is_careful = False  # one request at a time, to see where the device dies
        self._losses = 0
        self.tried = 0  # until the first failure, that one included
        self._runs_after = 0
        self.smallest: _Failure | None = None

    def attempt(self, plan: object) -> None:
        """Runs one plan. Raises _Found if it fails, _Enough if the search is to end."""
        if self.smallest is None:
            self.tried += 1
        else:
            self._runs_after += 1
            if self._runs_after > _MOST_RUNS:
                raise _LongEnough
        if self._fails(plan):
            raise _Found

    def prune(self) -> None:
        """Leaves out what can be left out of the smallest plan. Hypothesis does that, too, but does
        not always come to it: it makes all numbers small first."""
        assert self.smallest is not None
        left = _MOST_PRUNINGS
        size = len(self.smallest.plan.operations) // 2
        while size > 0:
            at = len(self.smallest.plan.operations) - size
            while at >= 0 and left > 0:
                left -= 1
                self._fails(self.smallest.plan.without(at, size))
                at -= size
            size = min(size, len(self.smallest.plan.operations)) // 2

    def retell(self) -> None:
        """Runs the smallest plan once more, one request at a time."""
        assert self.smallest is not None
        self._is_careful = True
        self._restart()
        self.smallest = self._run(self.smallest.plan) or self.smallest

    def _fails(self, plan: Any) -> bool:
        """Runs a plan. Raises _Enough if a failure is found and none smaller can be."""
        failure = self._run(plan)
        if failure is None:
            return False
        if self.smallest is None or failure.size < self.smallest.size:
            self.smallest = failure
        if isinstance(failure.problem, DutHung) or self._losses > _MOST_LOSSES:
            raise _Enough
        return True

    def _run(self, plan: object) -> _Failure | None:
        self._lab.transcript = Transcript()
        try:
            for steps in self._converse(plan):
                self._ask(steps)
            self._ask([Step(text, "everything is freed") for text in self._free])
            return None
        except (CaseFailed, RequestRefused) as problem:
            failure = _Failure(plan, problem, self._lab.transcript)
            self._tidy_up()
            return failure
        except DutProblem as problem:
            return self._after_loss(plan, _Failure(plan, problem, self._lab.transcript))

    def _tidy_up(self) -> None:
        """What a failed run has left is not to fall on the next one."""
        try:
            for text in self._free:
                self._lab.request(text)
        except RequestRefused:
            pass
        except DutHung:
            raise _Enough from None
        except DutProblem:
            self._restart()

    def _after_loss(self, plan: object, failure: _Failure) -> _Failure:
        device = self._lab.dut
        if isinstance(device, Dut) and device.was_lost():
            self.smallest = failure  # not its own fault: whoever runs the case tries it again
            raise _Enough
        if self._is_careful and isinstance(failure.problem, DutHung):
            return failure
        self._restart()
        if self._is_careful:
            return failure
        self._is_careful = True
        return self._run(plan) or failure

    def _restart(self) -> None:
        self._losses += 1
        self._lab.restart()

    # --- talking to the device -----------------------------------------------------------------

    def _ask(self, steps: Sequence[Step]) -> None:
        at = 0
        while at < len(steps):
            if self._is_careful:
                self._ask_one(steps[at])
                at += 1
            else:
                some = steps[at : at + _fitting(steps, at)]
                self._ask_batch(some)
                at += len(some)

    def _ask_one(self, step: Step) -> None:
        if step.words:
            self._lab.transcript.step(step.words)
        try:
            reply = self._lab.request(step.request)
        except (DutProblem, RequestRefused):
            self._show(step)
            raise
        self._judge(step, reply)

    def _ask_batch(self, steps: Sequence[Step]) -> None:
        device = self._lab.dut
        if not isinstance(device, Dut):
            raise NoComponents("this device has no components to talk to")
        for step, text in zip(steps, device.batch([step.request for step in steps])):
            if step.words:
                self._lab.transcript.step(step.words)
            try:
                reply = parse_reply(step.request, text)
            except DutProblem:
                self._show(step)
                raise
            self._judge(step, reply)

    def _judge(self, step: Step, reply: Reply) -> None:
        if step.check is None:
            return
        try:
            worth_showing = step.check(reply)
        except CaseProblem:
            self._show(step)
            raise
        if worth_showing:
            self._lab.transcript.detail(worth_showing)

    def _show(self, step: Step) -> None:
        if not step.words:
            self._lab.transcript.step(step.words_if_failed or step.request)


def _fitting(steps: Sequence[Step], at: int) -> int:
    """How many of the steps from `at` on fit into a packet; at least one."""
    count, room = 0, _MOST_AT_ONCE
    for step in steps[at:]:
        room -= len(step.request)
        if room < 0 and count:
            break
        count += 1
    return count


def search(
    lab: Lab,
    plans: SearchStrategy[Any],
    converse: Callable[[Any], Conversation],
    *,
    free: Sequence[str],
    tries: int,
    what: str = "sequences of operations",
) -> None:
    """Tries so many plans. `free` are the requests that free what a conversation has made.

    Raises the problem of the smallest failure found, whose steps are then the transcript.
    """
    from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings

    one = _Search(lab, converse, free)
    transcript = lab.transcript

    @seed(lab.random.getrandbits(64))
    @settings(
        max_examples=tries,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
        verbosity=Verbosity.quiet,
        report_multiple_bugs=False,
        print_blob=False,
    )
    @given(plans)
    def attempt(plan: object) -> None:
        one.attempt(plan)

    try:
        _let_go_on(attempt, one)
        if one.smallest is not None and isinstance(one.smallest.plan, Plan):
            one.prune()
    except _Enough:
        pass
    lab.transcript = transcript
    if one.smallest is None:
        lab.transcript.step(f"{tries} {what}: the model agrees with all of them")
        return
    if lab.one_by_one:
        one.retell()
    lab.transcript = one.smallest.transcript
    raise _explained(
        one.smallest.problem,
        lab.transcript,
        f"{_ordinal(one.tried)} of {tries} {what}; these are the fewest steps found that fail",
    )


def _let_go_on(attempt: Callable[[], None], one: _Search) -> None:
    """Until hypothesis has found the smallest failure, or that there is none."""
    try:
        attempt()
    except _LongEnough:
        pass
    except Exception:  # a failure, reported by hypothesis in one way or another
        if one.smallest is None:
            raise


def _explained(problem: CaseProblem, transcript: Transcript, how: str) -> CaseProblem:
    """The same problem, and how it was found."""
    if isinstance(problem, CaseFailed):
        words = f"{problem} (the {how})"
        return CaseFailed(
            words, problem.subject, problem.expected, problem.actual, problem.difference
        )
    transcript.detail(f"the {how}")
    return problem


def _ordinal(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if number % 100 in (11, 12, 13) else ending}"
