"""How far a work folder has come, for a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from tcplab.kit import Checkpoint
from tcplab.work.record import Standing

_BAR = 20


def lines_of_status(
    checkpoints: Sequence[Checkpoint], stands: Sequence[Standing], following: str
) -> Iterator[Text]:
    """A line for each checkpoint, the sum, and what to do next."""
    for checkpoint, one in zip(checkpoints, stands):
        yield _line(checkpoint, one)
    score = sum(one.points or 0.0 for one in stands)
    whole = sum(one.max_points for one in stands)
    done = sum(one.is_done for one in stands)
    yield Text()
    yield Text(
        f"{_shown(score)} of {_shown(whole)} points, {done} of {len(stands)} checkpoints done"
    )
    yield Text.assemble("next: ", (following, "bold cyan"))


def _line(checkpoint: Checkpoint, one: Standing) -> Text:
    share = 0.0 if one.points is None else one.points / one.max_points
    filled = _BAR if share >= 1 else min(_BAR - 1, int(_BAR * share))
    style = "green" if one.is_done else "yellow"
    return Text.assemble(
        f" {one.number}  {checkpoint.name:<12}",
        ("█" * filled, style),
        ("░" * (_BAR - filled), "dim"),
        f"  {'–' if one.points is None else _shown(one.points):>5} / {_shown(one.max_points):<3} ",
        _words(one),
    )


def _words(one: Standing) -> tuple[str, str]:
    if one.points is None:
        return "not checked yet", "dim"
    units = f", {one.units_failed} unit tests failed" if one.units_failed else ""
    words = f"{one.passed} of {one.total} cases{units}"
    if not one.is_current:
        return f"{words}; changed since", "yellow"
    return (words, "green" if one.is_done else "")


def _shown(points: float) -> str:
    return f"{points:.2f}".rstrip("0").rstrip(".")
