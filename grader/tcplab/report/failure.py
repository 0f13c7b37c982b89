"""One failure explained, in the lines that there are: which rule was broken, where to look, what
differed, and what was done before."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from rich.text import Text

from tcplab.components.seqno import read_number, show_number
from tcplab.difference import BytesDifference
from tcplab.failure import Failure
from tcplab.harmless import cut
from tcplab.report.difference import bytes_in_words, difference_lines
from tcplab.report.ladder import heading, rungs
from tcplab.report.words import rfc_words
from tcplab.rfc_titles import title_of

_FEWEST_STEPS = 3  # lines, before there is anything to help
_LEAST_STEPS = 2  # lines: that there are others, and the last
_MOST_WORDS, _FEWEST_WORDS = 3, 1  # lines of each thing that is said about what happened
_STEP = re.compile(r"^ {0,2}(\d+)  ")
_SETTINGS = re.compile(r"^ +1  (?:New \S+|Start the stack at \S+) with ")
_STEP_WORDS = 5  # columns before the words of a step
_LABEL = 10  # columns of what stands before a note
_PLACE = re.compile(r",? at \S+:\d+ in \S+?(?=,|$)")
_SIGN = "✗"
_ADDRESSES = re.compile(r" on (?:unknown )?address .*| \(pc .*| at 0x.*")
_LARGE = 100_000
_NAMES = 3  # of functions that are to be written


def advice_lines(one: Failure, room: int, width: int) -> list[Text]:
    """What may help: likely causes; where there is none, the hint."""
    return _that_fit(_advice(one, width), room)


def what_happened(one: Failure, width: int) -> list[Text]:
    """Only what differed, or how it ended, as failure_lines say it."""
    lines = [*_what_happened(one, width, _MOST_WORDS)]
    for line in lines:
        line.rstrip()
    return lines


def failure_lines(one: Failure, room: int, width: int) -> list[Text]:
    """At most `room` lines of a terminal with so many columns, or the least that there is to say.

    What matters most is kept when room is short: rule and file, the difference, the last steps,
    then the notes. The command that runs it again may be longer than a line, and counts as many.
    """
    head = [*_head(one, width)]
    again = Text(f"  {'again':<{_LABEL}}{one.rerun}", style="cyan")
    for most in (_MOST_WORDS, _FEWEST_WORDS):
        what = [*_what_happened(one, width, most)]
        left = room - len(head) - len(what) - _height(again, width)
        if left >= _LEAST_STEPS:
            break
    notes = _that_fit(_notes(one, width), left - min(_FEWEST_STEPS, len(one.steps)))
    steps = _last(_all_steps(one, width), left - len(notes), width)
    lines = [*head, *steps, *what, *notes, again]
    for line in lines:
        line.rstrip()
    return lines


def _height(line: Text, width: int) -> int:
    return max(1, -(-line.cell_len // width))


# --- which rule, and where -----------------------------------------------------------------------


def _head(one: Failure, width: int) -> Iterator[Text]:
    where = f"look in {_where(one)}" + (f", or {one.or_in}" if one.or_in else "")
    if len(one.id) + len(where) + 3 <= width:
        yield Text.assemble((one.id, "bold"), " · ", (where, "bold yellow"))
    else:
        yield Text(cut(one.id, width), style="bold")
        yield Text(cut(f"  {where}", width), style="bold yellow")
    yield from (Text(line) for line in _wrapped(one.rule, width))
    yield Text(f"  {cut(_clauses(one.rfc), width - 2)}", style="dim")


def _where(one: Failure) -> str:
    if one.place is None:
        return one.file
    folder, slash, _ = one.file.rpartition("/")
    if one.is_leak:
        return f"{folder}{slash}{one.place.file} (allocated at line {one.place.line})"
    return f"{folder}{slash}{one.place.file}:{one.place.line}"


def _clauses(rfc: Sequence[str]) -> str:
    """Sections by their titles, labels of requirements behind them."""
    sections = [label for label in rfc if " " in label]
    labels = [label for label in rfc if " " not in label]
    words = [f"{rfc_words(label)} {title_of(label)}".rstrip() for label in sections]
    return "; ".join([*words, ", ".join(labels)] if labels else words)


# --- what happened -------------------------------------------------------------------------------


def _what_happened(one: Failure, width: int, most: int) -> Iterator[Text]:
    if one.place is not None or one.status in ("crashed", "timeout"):
        yield from _stopped(one, width, most)
    elif not (one.expected or one.actual):
        yield from _marked(_message(one), width, most)
    elif one.breaks_a_rule_of_all_cases:
        yield from _marked(f"a rule of every case was broken: {one.expected}", width, most)
        yield from _valued("actual", one.actual, width, most, "red")
    elif isinstance(one.difference, BytesDifference):
        yield from _marked(f"{one.subject}: {bytes_in_words(one.difference)}", width, most)
    elif not one.difference_is_all:
        remark = f": {one.remark}" if one.remark else ""
        yield from _marked(f"{one.subject}{remark}", width, most)
    if one.also:
        yield from _marked(f"a rule of every case was broken as well: {one.also}", width, most)
    if one.difference is not None:
        yield from difference_lines(one.difference, width)
    elif (one.expected or one.actual) and not one.breaks_a_rule_of_all_cases:
        yield from _valued("expected", one.expected, width, most, "green")
        yield from _valued("actual", one.actual + _how_far_off(one), width, most, "red")


def _stopped(one: Failure, width: int, most: int) -> Iterator[Text]:
    """A crash, or a hang: how, and the student's functions around the place."""
    how = "crashed" if one.status == "crashed" else "did not come to an end"
    where = f" in {one.place.function}" if one.place is not None else ""
    if one.in_the_kit:
        where = f" in the kit's {one.in_the_kit}, with what your code gave it"
    if one.is_leak:
        how, where = "memory was lost", f", allocated{where}"
    remark = f"; {one.remark}" if one.remark else ""
    yield from _marked(f"{how}{where}, in step {one.step}: {_message(one)}{remark}", width, most)
    for place in (one.place, *one.called_from[:1]):
        if place is not None and place.source:
            words = f"  {f'{place.file}:{place.line}':>{_LABEL + 8}} │ {place.source}"
            yield Text(cut(words, width), style="bold" if place is one.place else "")


def _message(one: Failure) -> str:
    """Without what is said beside it: the step, and the place."""
    return _PLACE.sub("", one.message.partition(", in step ")[0])


def _marked(words: str, width: int, most: int) -> Iterator[Text]:
    for at, line in enumerate(_begin(words, width - 4, most + 1)):
        yield Text(f"  {'✗' if at == 0 else ' '} {line}", style="bold red")


def _valued(label: str, words: str, width: int, most: int, style: str) -> Iterator[Text]:
    for at, line in enumerate(_begin(words, width - 12, most) or [""]):
        yield Text(f"  {label if at == 0 else '':<{_LABEL}}{line}", style=style)


def _how_far_off(one: Failure) -> str:
    """Where both values are large numbers, which nobody likes to subtract."""
    expected, actual = read_number(one.expected), read_number(one.actual)
    if expected is None or actual is None or max(expected, actual) < _LARGE:
        return ""
    words = "too low" if actual < expected else "too high"
    return f"  ({show_number(abs(actual - expected))} {words})"


def _begin(words: str, width: int, most: int) -> list[str]:
    """The first lines of it; if those are not all, one sees that."""
    lines = _wrapped(words, width)
    if len(lines) <= most:
        return lines
    return [*lines[: most - 1], cut(" ".join(lines[most - 1 : most + 1]), width)]


# --- what was done before ------------------------------------------------------------------------


def _all_steps(one: Failure, width: int) -> list[Text]:
    """As a ladder where there are packets and the story is known; otherwise as they were told."""
    if one.story is not None and any(True for _ in one.story.passages()):
        acts = tuple(act for act in one.story.acts if act.number <= one.step)
        return [heading(width), *rungs(replace(one.story, acts=acts), True, width)]
    return [*_told(_up_to(one.step, one.steps), width)]


def _up_to(step: int, lines: Sequence[str]) -> Sequence[str]:
    """Without the steps after this one."""
    for at, line in enumerate(lines):
        found = _STEP.match(line)
        if found and int(found[1]) > step:
            return lines[:at]
    return lines


def _told(steps: Sequence[str], width: int) -> Iterator[Text]:
    """The last step marked: that is where it went wrong."""
    last = max((at for at, line in enumerate(steps) if _STEP.match(line)), default=-1)
    for at, line in enumerate(steps):
        if at != last:
            yield Text(cut(line, width))
            continue
        front, words = line[:_STEP_WORDS].rstrip(), line[_STEP_WORDS:]
        for number, part in enumerate(_wrapped(words, width - _STEP_WORDS - 1)[:3]):
            begin = f"{front} ✗ " if number == 0 else " " * (_STEP_WORDS + 1)
            yield Text(begin + part, style="bold red")


def _last(lines: Sequence[Text], room: int, width: int) -> list[Text]:
    """The end of them, for that is where it went wrong. Before it stands the first step, where that
    tells of settings: without them there is little to understand."""
    room = max(room, _LEAST_STEPS)
    if len(lines) <= room:
        return [*lines]
    first = next((one for one in lines if _SETTINGS.match(one.plain)), None)
    if first is None or room == _LEAST_STEPS:
        return _end_of(lines, room, width)
    return [first, *_end_of([one for one in lines if one is not first], room - 1, width)]


def _end_of(lines: Sequence[Text], room: int, width: int) -> list[Text]:
    """Of the last step the beginning in any case, and the last packets; and how much is before."""
    skipped = len(lines) - room + 1
    last = max((at for at, line in enumerate(lines) if _SIGN in line.plain), default=0)
    kept = [*lines[skipped:]]
    if skipped > last:
        kept = [lines[last], *_packets_at_the_end(lines[last + 1 :], room - 2)]
        skipped = last
    if skipped == 0:
        return kept
    words = f"… {skipped} lines before: ./tcplab trace, or --json, has all of them"
    return [Text(cut(f"      {words}", width), style="dim"), *kept]


def _packets_at_the_end(lines: Sequence[Text], room: int) -> Sequence[Text]:
    """Of what follows the first line of a step: more words of it, which are bold, and packets."""
    packets = [line for line in lines if not str(line.style).startswith("bold")]
    return (packets[-room:] or lines[:room]) if room else []


# --- what may help -------------------------------------------------------------------------------


def _notes(one: Failure, width: int) -> Iterator[list[Text]]:
    """Each by itself, the most helpful first."""
    if one.to_write:
        names = ", ".join(one.to_write[:_NAMES])
        more = f" and {len(one.to_write) - _NAMES} more" if len(one.to_write) > _NAMES else ""
        words = f"still as in the skeleton: {names}{more}"
        yield _labelled("to write", _wrapped(words, width - _LABEL - 2), width)
    if one.sanitizer and one.status == "crashed":
        yield _labelled("sanitizer", [*_sanitizers_words(one)], width)
    yield from _advice(one, width)
    if one.printed:
        yield _labelled("printed", one.printed, width)


def _advice(one: Failure, width: int) -> Iterator[list[Text]]:
    """A hint is about the rule of the case: a likely cause says more."""
    for at, cause in enumerate(one.causes):
        lines = _wrapped(cause.mistake, width - _LABEL - 2)
        first = "perhaps" if one.is_a_guess else "likely"
        yield _labelled(first if at == 0 else "or", lines, width)
    if one.hint and not one.causes:
        yield _labelled("hint", _wrapped(one.hint, width - _LABEL - 2), width)


def _sanitizers_words(one: Failure) -> Iterator[str]:
    """The error and the access in a line, without addresses; and the calls that led there."""
    yield "; ".join(_ADDRESSES.sub("", line) for line in one.sanitizer)
    calls = [f"{place.function}, {place.file}:{place.line}" for place in one.places]
    if calls:
        yield f"{'allocated ' if one.is_leak else ''}in {' ← '.join(calls)}"
    if one.origins:
        yield f"memory {', '.join(one.origins)}"


def _that_fit(notes: Iterable[list[Text]], room: int) -> list[Text]:
    """Whole notes, or what fits of the first."""
    kept: list[Text] = []
    for lines in notes:
        if not kept:
            kept += _cut_off(lines, max(0, room))
        elif len(kept) + len(lines) <= room:
            kept += lines
    return kept


def _cut_off(lines: list[Text], room: int) -> list[Text]:
    """The first lines; if those are not all, one sees that."""
    kept = lines[:room]
    return [*kept[:-1], Text.assemble(kept[-1], " …")] if kept and kept != lines else kept


def _labelled(label: str, lines: Iterable[str], width: int) -> list[Text]:
    return [
        Text(cut(f"  {label if at == 0 else '':<{_LABEL}}{line}", width))
        for at, line in enumerate(lines)
    ]


def _wrapped(words: str, width: int) -> list[str]:
    return textwrap.wrap(words, width, break_on_hyphens=False)
