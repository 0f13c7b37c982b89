"""What to do after a check: one line or two, with commands that work where they are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from tcplab.checking.session import Checked
from tcplab.kit import Kit
from tcplab.result import NOT_RUN, CaseResult
from tcplab.again import launcher_word, quote, target_words
from tcplab.plan import Plan
from tcplab.work.folder import SYMPTOMS
from tcplab.work.record import first_unfinished, passed_over, standings


def following(
    checked: Checked, plan: Plan, root: Path | None, *, is_last: bool = True
) -> Iterator[str]:
    """`root` is the work folder, if it is one."""
    launcher = launcher_word()
    number = checked.checkpoint.number
    if not checked.is_built:
        yield f"next: mend that, then {launcher} check {_words(number, plan)}"
    elif not checked.passed:
        failed = root_cause(checked)
        if failed is not None and failed.outcome.needs:  # what was run has passed
            again = f"{launcher} check {_words(number, plan)}"
            yield f"next: {again}, where the other files are the reference's"
            return
        yield f"next: {launcher} hint {number}"
        if failed is not None:
            words = ["trace", quote(failed.id), *target_words(plan.target)]
            words += ["--mode stack"] if plan.mode == "stack" else []
            words += [f"--seed {plan.seed}"] if plan.seed != 1 else []
            yield f"      {launcher} {' '.join(words)}"
    elif is_last:
        yield from _after_success(checked, plan, root, launcher)


def root_cause(checked: Checked) -> CaseResult | None:
    """The first case that failed; where none did, the first that was not reached."""
    failures = [case for case in checked.cases if not case.passed]
    failed = [case for case in failures if case.outcome.status != NOT_RUN]
    return next(iter(failed or failures), None)


def _after_success(checked: Checked, plan: Plan, root: Path | None, launcher: str) -> Iterator[str]:
    if root is None:
        return
    number = checked.checkpoint.number
    if plan.case != "*":
        mode = " --mode stack" if plan.mode == "stack" else ""
        yield f"next: {launcher} check {_words(number, plan)}{mode}, all cases"
    if not checked.is_whole or (root / SYMPTOMS).is_file():
        return  # nobody is asked to write a clinic's patient
    kit = Kit.find()
    checkpoints = kit.checkpoints()
    stands = standings(root, checkpoints)
    unfinished = first_unfinished(stands, number)
    if unfinished is None:
        yield "All six checkpoints are done."
        yield f"next: {launcher} grade {quote(plan.target)} --mode stack"
        whose = "".join(f" --tcp {word}" for word in target_words(plan.target))
        yield f"      {launcher} docs --over-my-tcp{whose}"
        return
    over = passed_over(stands, max(unfinished, number))
    if unfinished in over:
        words = f"{'checkpoints' if len(over) > 1 else 'checkpoint'} {_unchecked(over)}"
        yield f"next: {launcher} check {_words(unfinished, plan)}; {words}"
        return
    page = kit.root / "handouts" / "docs" / f"{checkpoints[unfinished].folder}.md"
    aside = f" ({_unchecked(over)})" if over else ""
    yield f"next: checkpoint {unfinished}, {checkpoints[unfinished].title}{aside}"
    yield f"      read {page}, or {launcher} docs"
    yield f"      then {launcher} check {_words(unfinished, plan)}"


def _unchecked(numbers: Sequence[int]) -> str:
    """0 to 2 are not checked yet."""
    first, last = numbers[0], numbers[-1]
    if last == first:
        return f"{first} is not checked yet"
    if len(numbers) > 2 and len(numbers) == last - first + 1:
        return f"{first} to {last} are not checked yet"
    return f"{', '.join(map(str, numbers[:-1]))} and {last} are not checked yet"


def _words(number: int, plan: Plan) -> str:
    return " ".join([str(number), *target_words(plan.target)])
