"""A case as one HTML file, which asks for nothing but itself: a script with a hash that the page's
own policy names, and text from strangers only where it is escaped."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tcplab.harmless import harmless
from tcplab.report.trace_page import circle
from tcplab.report.trace_page.bars import Axes, Picture, Table, axes_of, pictures, table
from tcplab.report.trace_page.circle import Circle
from tcplab.report.trace_page.scenes import ENDS, Answer, Scene, Standing, scenes_of
from tcplab.report.trace_page.states import BOX_HEIGHT, BOX_WIDTH, BOXES, VIEW_BOX, WAYS
from tcplab.report.trace_page.trouble import trouble_of
from tcplab.report.words import rfc_words
from tcplab.result import CaseResult
from tcplab.story import Act, Message, Passage

if TYPE_CHECKING:
    from jinja2 import Template

_HERE = Path(__file__).parent
_BOTH = "in both runs"
_WHEN = re.compile(r"\s+at \d+ ms$")
_PARTS = re.compile(r"^(?P<flags>[A-Z ]+?) (?P<fields>seq=.*)$")


@dataclass(frozen=True)
class Run:
    """A case that was run on something, with its story. `name` is how the page calls that."""

    name: str
    case: CaseResult


@dataclass(frozen=True)
class Rung:
    """A segment between the two ends: on the wire, or a message of a component of this kind."""

    from_dut: bool
    time_ms: int
    flags: str
    fields: str
    kind: str


@dataclass(frozen=True)
class Cell:
    """One step of one run."""

    text: str
    time_ms: int
    rungs: tuple[Rung, ...]
    notes: tuple[str, ...]
    is_failed: bool


@dataclass(frozen=True)
class Panel:
    """How things stood after a step. `whose` names the run, if there are two that differ."""

    whose: str
    pictures: tuple[Picture, ...] = ()
    table: Table | None = None
    answers: tuple[Answer, ...] = ()
    others: tuple[str, ...] = ()
    standing: Standing | None = None
    circle: Circle | None = None

    @property
    def is_empty(self) -> bool:
        return self == Panel(self.whose)


@dataclass(frozen=True)
class Row:
    """One step: a cell for each run, None where a run had ended, and how things stood after it."""

    number: int
    cells: tuple[Cell | None, ...]
    panels: tuple[Panel, ...]
    differs: bool = False

    @property
    def is_alike(self) -> bool:
        """Are there two runs, and this step went the same way in both?"""
        seen = [_seen(cell) for cell in self.cells]
        return len(seen) == 2 and seen[0] == seen[1] and not self.is_failed

    @property
    def is_failed(self) -> bool:
        return any(cell.is_failed for cell in self.cells if cell is not None)


def write_page(path: Path, runs: Sequence[Run], *, seed: int, kit: str) -> None:
    """Writes the page: of one run, or of two, the way it should be and the way it was. Raises
    OSError."""
    path.write_text(page(runs, seed=seed, kit=kit), encoding="utf-8")


def page(
    runs: Sequence[Run], *, seed: int, kit: str, shown_in: Sequence[tuple[str, str]] = ()
) -> str:
    """The page's text. The last run is the one that the page is about. `shown_in`: links and titles
    of pages to go back to."""
    script, style = _asset("page.js"), _asset("page.css") + _asset("bars.css")
    rows = rows_of(runs)
    return _template().render(
        runs=runs,
        case=runs[-1].case,
        outcome=runs[-1].case.outcome,
        trouble=trouble_of(runs[-1].case),
        report=harmless(runs[-1].case.outcome.report).strip(),
        clauses=", ".join(map(rfc_words, runs[-1].case.rfc)),
        rows=rows,
        first=_first(rows),
        seed=seed,
        kit=kit,
        shown_in=shown_in,
        ends=ends_of(rows),
        has_state=any(row.panels for row in rows),
        buffers=any(panel.pictures for row in rows for panel in row.panels),
        circles=any(panel.circle for row in rows for panel in row.panels),
        boxes=BOXES,
        ways=WAYS,
        view_box=VIEW_BOX,
        box_size=(BOX_WIDTH, BOX_HEIGHT),
        circle=circle,
        script=script,
        style=style,
        script_hash=_hash(script),
        style_hash=_hash(style),
    )


def rows_of(runs: Sequence[Run]) -> list[Row]:
    """All steps. Those of two runs stand side by side, by their numbers."""
    stories = [run.case.outcome.story for run in runs]
    scenes = [[*scenes_of(story)] if story is not None else [] for story in stories]
    axes = axes_of(scene for each in scenes for scene in each)
    found: dict[int, dict[int, tuple[Act, Scene]]] = {}
    for at, story in enumerate(stories):
        for act, scene in zip(story.acts if story is not None else (), scenes[at]):
            found.setdefault(act.number, {})[at] = (act, scene)
    rows = [_row(number, found[number], runs, axes) for number in sorted(found)]
    return _marked(rows)


def _row(number: int, at: dict[int, tuple[Act, Scene]], runs: Sequence[Run], axes: Axes) -> Row:
    cells = tuple(_cell(at[i][0], run) if i in at else None for i, run in enumerate(runs))
    names = [run.name if len(runs) > 1 else "" for run in runs]
    panels = [_panel(at[i][1], name, axes) for i, name in enumerate(names) if i in at]
    if len(panels) == 2:
        panels = [*_told_once(panels)]
    return Row(number, cells, tuple(panel for panel in panels if not panel.is_empty))


def _told_once(panels: Sequence[Panel]) -> Iterator[Panel]:
    """Two panels; what they have in common in a panel of its own."""
    one, other = panels
    common = Panel(
        _BOTH,
        pictures=tuple(each for each in one.pictures if each in other.pictures),
        table=one.table if one.table == other.table else None,
        answers=one.answers if one.answers == other.answers else (),
        others=one.others if one.others == other.others else (),
        standing=one.standing if one.standing == other.standing else None,
        circle=one.circle if one.circle == other.circle else None,
    )
    if not common.is_empty:
        yield common
    for panel in panels:
        rest = replace(
            panel,
            pictures=tuple(each for each in panel.pictures if each not in common.pictures),
            table=None if common.table else panel.table,
            answers=() if common.answers else panel.answers,
            others=() if common.others else panel.others,
            standing=None if common.standing else panel.standing,
            circle=None if common.circle else panel.circle,
        )
        if not rest.is_empty:
            yield rest


def _panel(scene: Scene, whose: str, axes: Axes) -> Panel:
    return Panel(
        whose,
        pictures(scene, axes),
        table(scene),
        scene.answers,
        scene.others,
        scene.standing,
        scene.circle,
    )


# --- steps ----------------------------------------------------------------------------------------


def _cell(act: Act, run: Run) -> Cell:
    story, outcome = run.case.outcome.story, run.case.outcome
    assert story is not None
    notes = [line for line in act.lines if isinstance(line, str)]
    rungs = [_rung(passage) for passage in act.passages]
    sent = [one for one in act.messages if one.flow.partition(" ")[0] in ENDS]
    told = sum(one.from_dut for one in sent)
    if told and told == len(notes):  # the notes tell of these messages, and of their bytes
        notes = []
    rungs += map(_message_rung, sent)
    failed = act is story.acts[-1] and outcome.status != "passed"
    return Cell(act.text, act.time_ms, tuple(rungs), tuple(notes), failed)


def _rung(passage: Passage) -> Rung:
    words = _WHEN.sub("", passage.words)
    parts = _PARTS.match(words)
    flags, fields = (parts["flags"], parts["fields"]) if parts else (words, "")
    return Rung(passage.from_dut, passage.time_ms, flags, fields, "wire")


def _message_rung(message: Message) -> Rung:
    names = [("SYN", message.syn), ("FIN", message.fin), ("RST", message.rst)]
    flags = [name for name, on in (*names, ("ACK", message.ack is not None)) if on]
    values = [("seq", message.seq), ("ack", message.ack), ("win", message.window)]
    fields = [f"{name}={value}" for name, value in values if value is not None]
    fields += [f"len={len(message.data)}"] if message.data else []
    kind = " ".join(flags) or ("data" if message.data else "segment")
    owner = message.flow.partition(" ")[0]
    return Rung(message.from_dut, message.time_ms, kind, " ".join(fields), owner)


def _marked(rows: list[Row]) -> list[Row]:
    """Marks the first step in which two runs differ."""
    for at, row in enumerate(rows):
        apart = [one for one in row.panels if one.whose != _BOTH]
        if len(row.cells) == 2 and (not row.is_alike or any(map(_shows_more_than_words, apart))):
            rows[at] = Row(row.number, row.cells, row.panels, differs=True)
            break
    return rows


def _shows_more_than_words(panel: Panel) -> bool:
    """What a device says of itself may differ without anybody noticing."""
    return bool(panel.pictures or panel.circle or panel.standing)


def _seen(cell: Cell | None) -> Any:
    """What two runs must have in common; not the times, in which they may differ."""
    return cell and (
        cell.text,
        cell.notes,
        [(one.from_dut, one.flags, one.fields) for one in cell.rungs],
    )


def _first(rows: Sequence[Row]) -> int:
    """The step with which the page opens: where it failed, or the first one with a segment, or
    with anything else to see."""
    failed = (row for row in rows if row.is_failed)
    with_rungs = (row for row in rows if any(cell and cell.rungs for cell in row.cells))
    drawn = (row for row in rows if row.panels)
    return next((row.number for row in (*failed, *with_rungs, *drawn, *rows)), 0)


def ends_of(rows: Sequence[Row]) -> tuple[str, str] | None:
    """Who is at the two ends of the rungs; None if there are none."""
    kinds = {rung.kind for row in rows for cell in row.cells if cell for rung in cell.rungs}
    return ENDS["wire" if len(kinds) > 1 else kinds.pop()] if kinds else None


@cache
def _template() -> Template:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html")


@cache
def _asset(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + b64encode(sha256(text.encode("utf-8")).digest()).decode("ascii")
