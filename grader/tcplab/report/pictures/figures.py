"""Pictures with what belongs to them on a page of the site: caption, links, the same as text."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from tcplab.report.pictures.ladder import LAYOUTS, ladder_svg
from tcplab.report.pictures.states import (
    ARROWS,
    LATE,
    LEFT_OUT,
    Shown,
    one_line,
    states_svg,
    tips,
)
from tcplab.report.trace_page.page import Row
from tcplab.result import CaseResult

_FOLDERS = (Path(__file__).parent, Path(__file__).parents[1] / "trace_page")
_ORDER = " → "
Ways = Mapping[tuple[str, str, str], Shown]


@dataclass(frozen=True)
class _Entry:
    """A row of the table below the states."""

    start: str
    end: str
    cause: str
    action: str
    shown: Shown | None
    remark: str = ""


def ladder(name: str, target: str, case: CaseResult, link: str) -> str:
    """A ladder, in each of its layouts."""
    pictures = [ladder_svg(target, case, layout) for layout in LAYOUTS]
    return _template("ladder").render(name=name, pictures=pictures, case=case, link=link)


def space(name: str, case: str, row: Row, link: str) -> str:
    """The sequence spaces, or buffers, after a step, in which there are some."""
    [panel, *_] = [panel for panel in row.panels if panel.pictures]
    words = row.cells[-1].text if row.cells[-1] is not None else ""
    return _template("space").render(
        name=name, case=case, number=row.number, words=words, panel=panel, link=link
    )


def all_states(name: str, shown: Ways) -> str:
    """The eleven states, with a case for each way, and what the figure leaves out."""
    words = (
        "The eleven states of a connection, and the ways between them. The same is in the table."
    )
    rest = [
        _Entry(start, one.end, one.event, one.why, shown.get((start, one.end, one.event)))
        for one in LEFT_OUT
        for start in one.starts
    ]
    return _template("states").render(
        name=name, picture=states_svg(shown, words=words), ways=_entries(shown), rest=rest, case=""
    )


def states_of(
    name: str,
    case: str,
    link: str,
    shown: Ways,
    visited: Collection[str],
    taken: Collection[tuple[str, str]],
) -> str:
    """The same with the way of one case; what leads elsewhere is left out."""
    order = _ORDER.join(state.removesuffix(" (end)") for state in visited)
    words = f"The states through which {case} goes: {order}."
    picture = states_svg(shown, visited=visited, taken=taken, words=words, links=False)
    return _template("states").render(
        name=name, picture=picture, ways=(), rest=(), case=case, link=link, order=order
    )


def definitions() -> str:
    """What the pictures of a page refer to: to be put there once."""
    return _template("definitions").render(tips=tips())


def _entries(shown: Ways) -> list[_Entry]:
    return [
        _Entry(
            *(arrow.start, arrow.key[1], one_line(arrow.cause), one_line(arrow.action)),
            shown.get(arrow.key),
            _REMARKS.get((arrow.start, arrow.end), ""),
        )
        for arrow in ARROWS
    ]


_REMARKS = {LATE: "here the FIN waits until the handshake is done"}


@cache
def _template(name: str) -> Template:
    environment = Environment(
        loader=FileSystemLoader(_FOLDERS),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(f"{name}.html")
