"""A check for a person, while it goes on: the first failure, explained, is on the first screen."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.control import Control
from rich.segment import ControlType
from rich.text import Text

from tcplab.checking.session import Checked
from tcplab.checking.units import UnitFailure, UnitResult
from tcplab.errors import BuildError
from tcplab.harmless import cut, cut_in_the_middle, harmless
from tcplab.kit import Checkpoint
from tcplab.report.terminal import advice, explain_without_advice, may_have_advice
from tcplab.result import NOT_RUN, CaseResult, Outcome
from tcplab.score import in_words

_SCREEN = 24  # lines
_ADVICE = 3  # lines for what is likely, or a hint
_SUM = 3  # lines: an empty one, the sum, and one for the others
_AFTER = 5  # for what follows explanation and advice: the sum, others that failed, what to do
_BELOW = 3  # lines for what the watching process says under a check, and for the cursor
_FEWEST = 9  # lines for the explanation
_WARNINGS = 3
_UNITS = 2
_EXPECTED = ", expected "
_LEAST_SEEN = 6  # columns for what was seen, before what was expected
_LEAST_EXPECTED = 3
_SIGNS = {"failed": "✗", "crashed": "✗ crashed", "timeout": "✗ timeout", "not run": "–"}
_UP_AND_AWAY = Control((ControlType.CURSOR_UP, 1), (ControlType.ERASE_IN_LINE, 2))
_PLACE = re.compile(r"^([\w.-]+\.[ch]):(\d+): ")


class CheckScreen:
    """Prints a check. It is a `Listener`."""

    def __init__(
        self,
        console: Console,
        folder: Path,
        *,
        fits: bool = False,
        above: int = 0,
        names_all: bool = False,
    ):
        """`folder` has the student's files. `fits`: all of it has room on the terminal, from the
        heading to what is said below it, and only so many failures get a line. `above`: how many
        lines are there already. `names_all`: failures of one kind get a line each as well."""
        self._console = console
        self._folder = folder
        self._fits = fits and console.is_terminal
        self._height = console.height - _BELOW if self._fits else _SCREEN
        self._lines = above
        self._width = console.width  # of the terminal, or COLUMNS, or 80
        self._names_all = names_all
        self._explained: CaseResult | None = None
        self._not_reached: CaseResult | None = None
        self._is_waiting = False  # the last line says that, and is to go

    # --- while it goes on ----------------------------------------------------------------------

    def built(self, checkpoint: Checkpoint, warnings: Sequence[str]) -> None:
        self._head(checkpoint)
        for line in warnings[:_WARNINGS]:
            self._say(Text(cut(f" {line}", self._width), style="yellow"))
        if len(warnings) > _WARNINGS:
            self._say(Text(f" … and {len(warnings) - _WARNINGS} more warnings", style="yellow"))

    def not_built(self, checkpoint: Checkpoint, error: BuildError) -> None:
        self._head(checkpoint)
        words = harmless(str(error))
        self._say(Text.assemble(("✗ does not compile  ", "bold red"), words))
        found = _PLACE.match(words)
        line = _line_of(self._folder / found[1], int(found[2])) if found else ""
        if found and line:
            self._say(Text(cut(f"{found[2]:>6} | {line}", self._width)))

    def units(self, result: UnitResult) -> None:
        if not result.ran:
            self._say(Text(cut(f"unit tests: not run, for {result.problem}", self._width), "dim"))
            return
        style = "green" if result.is_good else "red"
        words = f"unit tests: {result.passed} of {result.total} passed"
        if result.problem:
            words += f", then {result.problem}"
        self._say(Text(cut(words, self._width), style))
        for one in result.failures[: None if self._names_all else _UNITS]:
            place = f"{one.place} " if one.place else ""
            line = f" ✗ {place}{one.name.replace('_', ' ')}: {one.message}"
            self._say(Text(cut(line, self._width)))

    def case(self, case: CaseResult) -> None:
        """The first that failed is explained as soon as it is known. One that was not reached is
        only if nothing failed."""
        if self._explained is not None:
            return
        if case.passed or case.outcome.needs:
            return
        if case.outcome.status == NOT_RUN:
            self._not_reached = self._not_reached or case
        else:
            self._explain(case)

    def waiting(self, identity: str) -> None:
        """A line for somebody who looks on, which goes when there is more to say."""
        if self._is_waiting or not self._console.is_terminal or self._console.is_dumb_terminal:
            return
        self._say(Text(cut(f" … {identity} has not come to its end yet", self._width), "dim"))
        self._is_waiting = True

    def _explain(self, case: CaseResult) -> None:
        self._explained = case
        self._say(Text())
        after = _AFTER + (_ADVICE if may_have_advice(case) else 0)
        room = max(_FEWEST, min(_SCREEN, self._height) - self._lines - after)
        for line in explain_without_advice(case, room, self._width):
            self._say(line)

    # --- at the end ----------------------------------------------------------------------------

    def end(self, checked: Checked, following: Iterable[str]) -> None:
        """The sum, the others, and what to do next."""
        next_steps = [Text(line, style="cyan") for line in following]
        if checked.is_built:
            if self._explained is None and self._not_reached is not None:
                self._explain(self._not_reached)
            if self._explained is not None:
                left = self._height - self._lines - _SUM - len(next_steps)
                room = min(_ADVICE, left) if self._fits else _ADVICE
                for line in advice(self._explained, room, self._width, checked.cases):
                    self._say(line)
                self._say(Text())
            elif checked.units is not None and checked.units.failures:
                self._first_unit(checked.units.failures[0], checked.checkpoint)
            self._say(_sum(checked))
            self._others([case for case in checked.cases if not case.passed], len(next_steps))
        for line in next_steps:
            self._say(line)

    def _first_unit(self, one: UnitFailure, checkpoint: Checkpoint) -> None:
        """Where all cases pass, the unit tests are right all the same: the header promises it."""
        files = " or ".join(checkpoint.files)
        name = one.name.replace("_", " ")
        words = (
            f"{name}: {one.message} (a promise of the header; look in {files}, and at {one.place})"
        )
        self._say(Text())
        for line in textwrap.wrap(words, self._width):
            self._say(Text(line))
        self._say(Text())

    def _others(self, failures: Sequence[CaseResult], following: int) -> None:
        lines = [*_others(failures, self._explained, self._width, self._names_all)]
        room = self._height - self._lines - following if self._fits else len(lines)
        most = len(lines) if len(lines) <= room else max(0, room - 1)
        for line in lines[:most]:
            self._say(line)
        if len(lines) > most:
            self._say(Text(f" … {len(lines) - most} more lines: press a for all", "dim"))

    def _head(self, checkpoint: Checkpoint) -> None:
        files = ", ".join(checkpoint.files)
        self._say(
            Text.assemble(
                (f"checkpoint {checkpoint.number}  {checkpoint.title}", "bold"), f"  {files}"
            )
        )

    def _say(self, line: Text) -> None:
        if self._is_waiting:
            self._is_waiting = False
            self._lines -= 1
            self._console.control(_UP_AND_AWAY)
        self._lines += 1 + max(0, line.cell_len - 1) // self._width
        self._console.print(line, highlight=False, soft_wrap=True)
        self._console.file.flush()


def _line_of(path: Path, number: int) -> str:
    """A line of a file of the student's, as far as there is one."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        return harmless(lines[number - 1]).expandtabs(4).rstrip() if number <= len(lines) else ""
    except OSError:
        return ""


def _sum(checked: Checked) -> Text:
    cases = checked.cases
    passed = sum(case.passed for case in cases)
    skipped = sum(case.outcome.status == NOT_RUN for case in cases)
    failed = len(cases) - passed - skipped
    style = "bold green" if passed == len(cases) else "bold yellow"
    words = [f"{passed} of {len(cases)} cases passed"]
    words += [f"{failed} failed"] if failed else []
    words += [f"{skipped} skipped"] if skipped else []
    result = checked.result
    return Text.assemble(
        (", ".join(words), style),
        f"   {in_words(result.score)} / {in_words(result.max_score)} points",
        f"{', all files together' if result.mode == 'stack' else ''}, seed {result.seed},"
        f" {result.wall_s:.1f} s",
    )


def _others(
    failures: Sequence[CaseResult],
    explained: CaseResult | None,
    width: int,
    names_all: bool,
) -> Iterator[Text]:
    """A line for each of the others, or for those together of which the same is to be said."""
    groups: dict[tuple[str, ...], list[CaseResult]] = {}
    for case in failures:
        if case is not explained and (explained is None or case.id != explained.id):
            alone = (case.id,) if names_all and not case.outcome.needs else ()
            groups.setdefault(alone or _kind(case), []).append(case)
    for alike in groups.values():
        yield Text(_words(alike, width))
    if any(len(alike) > 1 and not alike[0].outcome.needs for alike in groups.values()):
        yield Text("   --all, or the key a of --watch, names each of them", "dim")


def _kind(case: CaseResult) -> tuple[str, ...]:
    """Of cases of one kind the same is to be said, but for numbers and steps."""
    outcome = case.outcome
    if outcome.needs:
        return (outcome.needs,)
    words = re.sub(r"\d+", "0", outcome.message.partition(", in step ")[0])
    if outcome.status == NOT_RUN:
        words = words.partition(": ")[0]
    return (case.id.split(".")[0], outcome.status, words)


def _words(alike: Sequence[CaseResult], width: int) -> str:
    first, outcome = alike[0], alike[0].outcome
    if outcome.needs:
        count = f"{len(alike)} case{'s' if len(alike) > 1 else ''}"
        return cut(f" – {count} skipped (needs {outcome.needs})", width)
    more = f" and {len(alike) - 1} more" if len(alike) > 1 else ""
    begin = f" {_SIGNS[outcome.status]} {first.id}{more}: "
    return cut(begin + _said(outcome, width - len(begin)), width)


def _said(outcome: Outcome, room: int) -> str:
    """The message; where it is too long, what was expected is left to be seen."""
    words = harmless(outcome.message)
    seen, comma, expected = words.partition(_EXPECTED)
    left = room - len(comma) - _LEAST_SEEN
    if len(words) <= room or not comma or left < _LEAST_EXPECTED:
        return cut(words, room)
    expected = cut_in_the_middle(expected.partition(" (")[0], left)
    return f"{cut_in_the_middle(seen, room - len(comma) - len(expected))}{comma}{expected}"
