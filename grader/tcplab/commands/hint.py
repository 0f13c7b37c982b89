"""`./tcplab hint`: a hint, and with each call one more."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tcplab.errors import UsageError

if TYPE_CHECKING:
    from rich.text import Text

    from tcplab.kit import Checkpoint, Kit

_WIDEST = 80  # columns


@click.command(short_help="Gives a hint; again, the next one.")
@click.argument("about", metavar="[N|CASE]", required=False)
@click.option("--more", "how", flag_value="more", default=True, help="The next hint: the default.")
@click.option("--again", "how", flag_value="again", help="The hints that were shown so far.")
@click.option("--all", "how", flag_value="all", help="All hints of the checkpoint.")
@click.option("--restart", "how", flag_value="restart", help="Begin with the first hint again.")
@click.option("--level", type=click.IntRange(min=1), metavar="K", help="The K-th hint.")
def command(about: str | None, how: str, level: int | None) -> None:
    """Gives a hint about checkpoint N, or about the case CASE. A checkpoint's name does as well.

    A checkpoint has several hints: from the question to ask, over the picture to draw, to what must
    always hold and where it breaks. None of them is code. In a work folder each call gives the next
    one, and no N means the first checkpoint that is unfinished.
    """
    from rich.console import Console

    from tcplab.kit import Kit

    kit = Kit.find()
    console = Console(highlight=False)
    named = kit.checkpoint_called(about) if about is not None else None
    if about is not None and named is None and not about.isdigit():
        lines = _of_case(kit, about)
    else:
        lines = _of_checkpoint(named or _checkpoint(kit, about), how, level)
    for line in lines:
        for part in line.wrap(console, min(console.width, _WIDEST)) or [line]:
            part.rstrip()
            console.print(part, soft_wrap=True)


def _checkpoint(kit: Kit, about: str | None) -> Checkpoint:
    checkpoints = kit.checkpoints()
    if about is None:
        return checkpoints[_unfinished(checkpoints)]
    if int(about) >= len(checkpoints):
        raise UsageError(f"there is no checkpoint {about}: they are 0 to {len(checkpoints) - 1}")
    return checkpoints[int(about)]


def _unfinished(checkpoints: Sequence[Checkpoint]) -> int:
    """The checkpoint at which the student is, as check has left it."""
    from tcplab.work.folder import WorkFolder
    from tcplab.work.record import first_unfinished, standings

    work = WorkFolder.find(Path.cwd())
    if work is None:
        raise UsageError("a hint about what? a number, 0 to 5, or a case")
    number = first_unfinished(standings(work.root, checkpoints))
    if number is None:
        raise UsageError("all checkpoints are done; name one, 0 to 5, for its hints")
    return number


def _of_case(kit: Kit, name: str) -> list[Text]:
    from rich.text import Text

    from tcplab.case import discover
    from tcplab.lookup import one_named

    case = one_named(discover(kit.checkpoints()), name)
    more = f"more about it: ./tcplab explain {case.id}"
    return [
        Text(case.id, style="bold"),
        Text(case.rule),
        Text(),
        Text(case.hint),
        Text(more, "dim"),
    ]


def _of_checkpoint(checkpoint: Checkpoint, how: str, level: int | None) -> list[Text]:
    from tcplab.work.folder import WorkFolder
    from tcplab.work.hints import ShownHints

    hints = checkpoint.hints
    if level is not None:
        if level > len(hints):
            raise UsageError(f"checkpoint {checkpoint.number} has {len(hints)} hints")
        return _lines(checkpoint, range(level - 1, level), "")
    if how == "all":
        return _lines(checkpoint, range(len(hints)), "")
    work = WorkFolder.find(Path.cwd())
    if work is None:
        return _lines(checkpoint, range(1), "more with --level 2 and so on, or in a work folder")
    record = ShownHints(work)
    shown = 0 if how == "restart" else min(record.count(checkpoint.number), len(hints))
    if how == "again":
        return _lines(checkpoint, range(max(shown, 1)), "")
    if shown == len(hints):
        return _lines(checkpoint, range(shown - 1, shown), "the last; --all shows them all")
    record.remember(checkpoint.number, shown + 1)
    rest = "again for the next" if shown + 1 < len(hints) else "the last"
    return _lines(checkpoint, range(shown, shown + 1), rest)


def _lines(checkpoint: Checkpoint, which: Sequence[int], then: str) -> list[Text]:
    from rich.text import Text

    lines = [Text(f"{checkpoint.number} {checkpoint.title}", style="bold")]
    for at in which:
        place = f"{at + 1} of {len(checkpoint.hints)}{f'; {then}' if then else ''}"
        lines.append(Text.assemble(checkpoint.hints[at], (f"  ({place})", "dim")))
    return lines
