"""One failure explained, in the lines that there are: which rule was broken, where to look, what
differed, and what was done before."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from rich.text import Text

from tcplab.failure import Failure
from tcplab.harmless import cut
from tcplab.report.difference import difference_lines
from tcplab.report.words import rfc_words

_FEWEST_STEPS = 3
_LABEL = 10  # columns of what stands before a note


def failure_lines(one: Failure, room: int, width: int) -> list[Text]:
    """At most `room` lines of a terminal with so many columns, or the least that there is to say.

    What matters most is kept when room is short: rule and file, the difference, the last steps,
    then the notes. The command that runs it again may be longer than a line, and counts as many.
    """
    head = [*_head(one, width)]
    what = [*_what_happened(one, width)]
    again = Text(f"  {'again':<{_LABEL}}{one.rerun}", style="cyan")
    left = room - len(head) - len(what) - _height(again, width)
    notes = _that_fit(_notes(one, width), left - min(_FEWEST_STEPS, len(one.steps)))
    left -= len(notes)
    steps = [Text(line) for line in _last_steps(one.steps, left, width)]
    return [*head, *steps, *what, *notes, again]


def _height(line: Text, width: int) -> int:
    return max(1, -(-line.cell_len // width))


# --- which rule, and where -----------------------------------------------------------------------


def _head(one: Failure, width: int) -> Iterator[Text]:
    where = f"look in {_where(one)}"
    if len(one.id) + len(where) + 3 <= width:
        yield Text.assemble((one.id, "bold"), " · ", (where, "bold yellow"))
    else:
        yield Text(one.id, style="bold")
        yield Text(f"  {where}", style="bold yellow")
    clauses = ", ".join(map(rfc_words, one.rfc))
    for line in _wrapped(one.rule, width):
        yield Text(line)
    yield Text(f"  {cut(clauses, width - 2)}", style="dim")


def _where(one: Failure) -> str:
    place = one.place
    if place is None:
        return one.file
    folder, slash, _ = one.file.rpartition("/")
    return f"{folder}{slash}{place.file}:{place.line}, in {place.function}"


# --- what happened -------------------------------------------------------------------------------


def _what_happened(one: Failure, width: int) -> Iterator[Text]:
    if not (one.expected or one.actual):
        yield from (Text(line, style="red") for line in _wrapped(one.message, width, "  "))
        if one.place is not None and one.place.source:
            yield Text(cut(f"  {one.place.line:>5} │ {one.place.source}", width), style="bold")
    if one.difference is not None:
        if not one.difference_is_all:
            yield Text(f"  {cut(one.subject, width - 2)}", style="bold")
        yield from difference_lines(one.difference, width)
    elif one.expected or one.actual:
        yield Text(f"  {cut(one.subject, width - 2)}", style="bold")
        yield from _two_values(one, width)


def _two_values(one: Failure, width: int) -> Iterator[Text]:
    for label, words, style in (
        ("expected", one.expected, "green"),
        ("actual", one.actual, "red"),
    ):
        lines = _wrapped(words, width - 14)[:3]
        for at, line in enumerate(lines or [""]):
            yield Text(f"    {label if at == 0 else '':<{_LABEL}}{line}", style=style)


# --- what was done before ------------------------------------------------------------------------


def _last_steps(steps: tuple[str, ...], room: int, width: int) -> Iterator[str]:
    """The end of the transcript: that is where it went wrong."""
    room = max(room, _FEWEST_STEPS)
    if len(steps) > room:
        yield f"     … {len(steps) - room + 1} earlier lines, all of them with --json"
        steps = steps[len(steps) - room + 1 :]
    yield from (cut(line, width) for line in steps)


# --- what may help -------------------------------------------------------------------------------


def _notes(one: Failure, width: int) -> Iterator[list[Text]]:
    """Each by itself, the most helpful first. A hint is about the rule of the case: to one that
    crashed it says nothing."""
    if one.sanitizer:
        yield _labelled("sanitizer", one.sanitizer, width)
    elif one.hint:
        yield _labelled("hint", _wrapped(one.hint, width - _LABEL - 2), width)
    if one.printed:
        yield _labelled("printed", one.printed, width)


def _that_fit(notes: Iterable[list[Text]], room: int) -> list[Text]:
    """Whole notes, or what fits of the first."""
    kept: list[Text] = []
    for lines in notes:
        if len(kept) + len(lines) <= max(1, room) or not kept:
            kept += lines[: max(1, room)]
    return kept


def _labelled(label: str, lines: Iterable[str], width: int) -> list[Text]:
    return [
        Text(cut(f"  {label if at == 0 else '':<{_LABEL}}{line}", width))
        for at, line in enumerate(lines)
    ]


def _wrapped(words: str, width: int, indent: str = "") -> list[str]:
    return textwrap.wrap(
        words, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    )
