"""A difference as a small table, for a terminal. What is wrong is marked by a sign and underlined,
so that nobody depends on colours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from tcplab.difference import BytesDifference, Difference, Field, SegmentDifference
from tcplab.harmless import cut, one_line

INDENT = 2
_LABEL = 10  # columns: "expected  "
_GAP = 2
_WIDEST_VALUE = 30  # columns of a table
_RIGHT, _WRONG = "green", "red"
_SIGN = "✗"


def difference_lines(one: Difference, width: int) -> list[Text]:
    """Some lines, none longer than `width`."""
    if isinstance(one, BytesDifference):
        return list(_bytes(one, width))
    return list(_segment(one, width))


# --- a segment -----------------------------------------------------------------------------------


def _segment(one: SegmentDifference, width: int) -> Iterator[Text]:
    fields = _that_fit(one.fields, width - INDENT - _LABEL)
    widths = [_width(field) for field in fields]
    yield Text.assemble(" " * (INDENT + _LABEL), (_row([f.name for f in fields], widths), "bold"))
    if one.expected and any(field.expected for field in fields):
        yield _labelled("expected", _row([_wish(field) for field in fields], widths), _RIGHT)
    elif not one.expected:
        yield _labelled("expected", "no segment", _RIGHT)
    if not one.came:
        within = f" within {one.within_ms} ms" if one.within_ms else ""
        yield _labelled("actual", f"{_SIGN} no such segment came{within}", _WRONG)
        if one.instead:
            yield _labelled("", cut(f"only {one.instead}", width - INDENT - _LABEL), "none")
        return
    yield _actual(one, fields, widths)
    if one.expected:
        yield _underlines(fields, widths)


def _actual(one: SegmentDifference, fields: Sequence[Field], widths: Sequence[int]) -> Text:
    line = Text(" " * INDENT + f"{'actual':<{_LABEL}}", style=_WRONG)
    for field, width in zip(fields, widths):
        style = f"bold {_WRONG}" if field.differs else "none"
        line.append(f"{_shown(field):<{width + _GAP}}", style=style)
    line.rstrip()
    if not one.expected:
        line.append(f"  {_SIGN}", style=_WRONG)
    return line


def _underlines(fields: Sequence[Field], widths: Sequence[int]) -> Text:
    marks = [_SIGN + "~" * (len(_shown(one)) - 1) if one.differs else "" for one in fields]
    return Text(" " * (INDENT + _LABEL) + _row(marks, widths), style=f"bold {_WRONG}")


def _that_fit(fields: Sequence[Field], room: int) -> list[Field]:
    """All fields; where there is no room for them, those go that nobody asked for, from the last
    on."""
    kept = list(fields)
    while kept and sum(_width(one) + _GAP for one in kept) - _GAP > room:
        unneeded = [one for one in kept if not one.differs and not one.expected]
        kept.remove((unneeded or kept)[-1])
    return kept


def _width(field: Field) -> int:
    return max(len(field.name), len(_wish(field)), len(_shown(field)))


def _wish(field: Field) -> str:
    return cut(field.expected or "any", _WIDEST_VALUE)


def _shown(field: Field) -> str:
    return cut(one_line(field.actual) or "none", _WIDEST_VALUE)


def _row(values: Sequence[str], widths: Sequence[int]) -> str:
    return (" " * _GAP).join(f"{value:<{width}}" for value, width in zip(values, widths)).rstrip()


def _labelled(label: str, words: str, style: str) -> Text:
    return Text(" " * INDENT + f"{label:<{_LABEL}}{words}", style=style)


# --- bytes ---------------------------------------------------------------------------------------


def _bytes(one: BytesDifference, width: int) -> Iterator[Text]:
    count = max(4, (width - INDENT - _LABEL - 3) // 4)  # two digits, a space and a letter for each
    first = max(one.start, one.offset - count // 2)
    for label, style, run in (("expected", _RIGHT, one.expected), ("actual", _WRONG, one.actual)):
        shown = run[first - one.start : first - one.start + count]
        digits = f"{shown.hex(' '):<{3 * count}}"
        yield _labelled(label, f"{digits} {_letters(shown)}" if shown else "nothing", style)
    at = one.offset - first
    carets = f"{' ' * 3 * at}^^"
    line = f"{carets:<{3 * count}} {' ' * at}^"
    yield Text(" " * INDENT + f"{f'at {one.offset}':<{_LABEL}}{line}", style=f"bold {_WRONG}")


def _letters(run: bytes) -> str:
    return "".join(chr(byte) if 32 <= byte < 127 else "·" for byte in run)


def bytes_in_words(one: BytesDifference) -> str:
    """Where it begins to be wrong, and how."""
    if one.actual_length == 0:
        return f"nothing, expected {_count(one.expected_length)}"
    if one.offset == one.actual_length:
        return f"only {one.actual_length} of {_count(one.expected_length)}"
    if one.offset == one.expected_length:
        more = one.actual_length - one.expected_length
        return f"{_count(more)} too many, behind the {one.expected_length} expected"
    words = f"wrong from offset {one.offset} on, of {_count(one.expected_length)}"
    if one.found_at is not None and one.found_at > one.offset:
        return f"{words}: {_count(one.found_at - one.offset)} left out there"
    if one.found_at is not None and one.found_at < one.offset:
        return f"{words}: those from offset {one.found_at} on come there once more"
    return words


def _count(number: int) -> str:
    return f"{number} byte{'' if number == 1 else 's'}"
