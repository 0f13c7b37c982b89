"""`./tcplab check`: compiles, runs the unit tests and the cases, and explains the first failure."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tcplab.commands import options

if TYPE_CHECKING:
    from tcplab.checking.session import Checked
    from tcplab.plan import Plan

_ALL = range(6)


@click.command(short_help="Checks a checkpoint, and explains the first failure.")
@click.argument("words", metavar="[N] [TARGET]", nargs=-1)
@click.option(
    "--folder", metavar="PATH", help="The folder to check, if this is no work folder: as TARGET."
)
@options.mode
@options.case
@options.seed
@click.option(
    "--wire",
    type=click.Choice(["auto", "tun", "socketpair"]),
    default="socketpair",
    show_default=True,
    help="How packets reach your code; a socket pair needs nothing.",
)
@click.option(
    "--sandbox",
    type=click.Choice(["auto", "bwrap", "none"]),
    default="auto",
    show_default=True,
    help="none: run the code unconfined, as auto does with your own where there is no sandbox.",
)
@click.option("--all", "names_all", is_flag=True, help="Give each failure a line of its own.")
@click.option("--watch", is_flag=True, help="Check again after each save; keys do the rest.")
@options.json_file
def command(
    words: tuple[str, ...],
    folder: str | None,
    names_all: bool,
    watch: bool,
    json_file: str | None,
    **settings: Any,
) -> int:
    """Checks checkpoint N, 0 to 5 or its name, of the work folder that this is, or is below:
    compiles its files, runs its unit tests, and the grader's cases from simple to complex. The
    first failure is explained, the others get a line for each kind of failure, with --all for each
    case; cases that build on one that failed are skipped.

    Without N it is the first checkpoint that is unfinished; those that were never checked below one
    that is done come last. TARGET is another folder, reference or skeleton.

    Exit status: 0 all passed, 1 something did not, 2 the check could not take place.
    """
    from tcplab.plan import Plan
    from tcplab.sandbox import sandbox_for_own_code

    number, target = _take(words, folder)
    if json_file is not None:
        from tcplab.report.json_file import check_place

        check_place(json_file)
    subject = _Subject.find(target)
    numbers = [number] if number is not None else subject.numbers()
    if len(numbers) > 1 and json_file != "-" and not watch:
        print("All six checkpoints are done: they are checked once more.\n")
    settings["sandbox"] = sandbox_for_own_code(subject.target, settings["sandbox"])
    plans = [
        Plan(subject.target, checkpoints=(one,), skips=True, early=True, again="check", **settings)
        for one in numbers
    ]
    if watch:
        _watch(subject, plans[0], json_file)
        return 0
    return _check(subject, plans, json_file, names_all=names_all)


def _take(words: tuple[str, ...], folder: str | None) -> tuple[int | None, str | None]:
    """The number and the target among the words; either may be missing."""
    from tcplab.kit import Kit

    kit = Kit.find()
    numbers, targets = [], []
    for word in words:
        named = None if Path(word).is_dir() else kit.checkpoint_called(word)
        if named is not None or (len(word) == 1 and word.isdecimal()):
            numbers.append(str(named.number) if named is not None else word)
        else:
            targets.append(word)
    targets += [folder] if folder is not None else []
    if len(numbers) > 1 or len(targets) > 1:
        raise click.UsageError("give one checkpoint, and one folder at most")
    if numbers and int(numbers[0]) not in _ALL:
        raise click.UsageError(f"there is no checkpoint {numbers[0]}: 0 to 5")
    return (int(numbers[0]) if numbers else None, targets[0] if targets else None)


@dataclass(frozen=True)
class _Subject:
    """What is checked: `root` is set if it is a work folder."""

    target: str
    root: Path | None

    @staticmethod
    def find(target: str | None) -> _Subject:
        from tcplab.work.folder import MARK, target_here

        if target is not None:
            folder = Path(target)
            is_work = (folder / MARK).is_file()
            return _Subject(target, folder.resolve() if is_work else None)
        here = target_here()
        if here is None:
            raise click.UsageError(
                "this is no work folder: cd into yours, name a folder, or make one with start"
            )
        return _Subject(here, Path(here).resolve())

    def numbers(self) -> list[int]:
        """The first unfinished checkpoint; all if there is none."""
        from tcplab.kit import Kit
        from tcplab.work.record import first_unfinished, standings

        if self.root is None:
            raise click.UsageError(f"which checkpoint of {self.target}? give a number, 0 to 5")
        unfinished = first_unfinished(standings(self.root, Kit.find().checkpoints()))
        return [*_ALL] if unfinished is None else [unfinished]


def _check(subject: _Subject, plans: list[Plan], json_file: str | None, *, names_all: bool) -> int:
    done = [
        _check_one(
            subject,
            plan,
            is_quiet=json_file == "-",
            is_last=plan is plans[-1],
            names_all=names_all,
        )
        for plan in plans
    ]
    if json_file is not None:
        from tcplab.report.json_file import write_record

        write_record(_merged([one.to_json() for one in done]), json_file)
    return 0 if all(one.passed for one in done) else 1


def _check_one(
    subject: _Subject, plan: Plan, *, is_quiet: bool, is_last: bool, names_all: bool
) -> Checked:
    from tcplab.checking.early import Early

    with Early(plan) as early, open(os.devnull, "w", encoding="utf-8") as nowhere:
        from rich.console import Console

        from tcplab.checking.following import following
        from tcplab.checking.session import check
        from tcplab.report.check_terminal import CheckScreen

        console = Console(file=nowhere if is_quiet else None)
        screen = CheckScreen(console, early.folder, names_all=names_all)
        checked = check(plan, early, screen)
        screen.end(checked, following(checked, plan, subject.root, is_last=is_last))
    return checked


def _watch(subject: _Subject, plan: Plan, json_file: str | None) -> None:
    from tcplab.target import Target
    from tcplab.checking.watching import watch
    from tcplab.kit import Kit

    if json_file is not None:
        raise click.UsageError("--watch shows each result as it comes: leave out --json")
    watch(plan, Target.find(Kit.find(), subject.target).folder, subject.root)


def _merged(records: list[dict[str, Any]]) -> dict[str, Any]:
    """Several checks as one."""
    merged = dict(records[0])
    for key in ("score", "max_score", "wall_s"):
        merged[key] = round(sum(one[key] for one in records), 3)
    merged["checkpoints"] = [each for one in records for each in one["checkpoints"]]
    return merged
