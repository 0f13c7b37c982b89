"""All pictures of the site, and the trace pages behind them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from tcplab import __version__
from tcplab.case import discover
from tcplab.errors import UsageError
from tcplab.handouts.pictures.changes import Change, changes_of, clearest
from tcplab.handouts.pictures.runs import REFERENCE, SEED, Play, play
from tcplab.handouts.pictures.wishes import Ladder, SpaceAt, States, Wish
from tcplab.kit import Kit
from tcplab.report.pictures import figures
from tcplab.report.pictures.states import ARROWS, LEFT_OUT, Shown
from tcplab.report.trace_page.page import Row, Run, page, rows_of
from tcplab.report.trace_page.scenes import Standing, scenes_of
from tcplab.result import CaseResult

FOLDER = "traces"  # of the site
_STATES = "connection."  # cases of these names are looked through for changes of state


class Album:
    """Made for all pages at once, so that their cases are run together."""

    def __init__(self, kit: Kit, wishes: Iterable[Wish], memory: Path | None = None):
        """Raises InfrastructureError."""
        wanted: set[Play] = set()
        draws_states = False
        for wish in wishes:
            draws_states |= isinstance(wish, States)
            if wish.play is not None:
                wanted |= {wish.play, Play(wish.play.case)}
        if draws_states:
            wanted |= {Play(case) for case in cases_with_states(kit)}
        self._kit = kit
        self._plays = play(kit, wanted, memory)
        self._shown_in: dict[Play, dict[str, tuple[str, str]]] = {}

    @cached_property
    def changes(self) -> Mapping[tuple[str, str, str], Change]:
        """Of all that the reference was seen to do, a change of each kind."""
        taught = [Play(case) for case in cases_with_states(self._kit)]
        mine = (self._plays[one] for one in taught if one in self._plays)
        return clearest(change for one in mine for change in changes_of(one))

    def check(self, wish: Wish) -> None:
        """Raises UsageError if there is nothing to draw."""
        if isinstance(wish, SpaceAt):
            self._row(wish)
        elif isinstance(wish, States) and wish.play is not None:
            self._way_of(wish.play)

    def figure(self, wish: Wish, root: str, name: str, page_url: str, title: str) -> str:
        """The HTML of one: `root` leads from its page to the site's, `name` is its anchor, to which
        trace pages lead back. Raises UsageError as `check` does."""
        back = f"{page_url}#{name}", title

        def link(one: Play, step: int = 0) -> str:
            self._shown_in.setdefault(one, {}).setdefault(page_url, back)
            return f"{root}{FOLDER}/{quote(one.page)}" + (f"#step={step}" if step else "")

        if isinstance(wish, Ladder):
            result = self._plays[wish.play]
            return figures.ladder(name, wish.play.target, result, link(wish.play))
        if isinstance(wish, SpaceAt):
            row = self._row(wish)
            return figures.space(name, wish.play.case, row, link(wish.play, wish.step))
        shown = {
            key: Shown(one.case, link(Play(one.case), one.step))
            for key, one in self.changes.items()
            if key in _KEYS
        }
        if wish.play is None:
            return figures.all_states(name, shown)
        visited, taken = self._way_of(wish.play)
        return figures.states_of(name, wish.play.case, link(wish.play), shown, visited, taken)

    def write_traces(self, site: Path) -> None:
        """The trace page of every case that a picture leads to."""
        folder = site / FOLDER
        if self._shown_in:
            folder.mkdir(exist_ok=True)
        for one, pages in self._shown_in.items():
            shown_in = [(f"../{url}", title) for url, title in pages.values()]
            text = page(self._runs(one), seed=SEED, kit=__version__, shown_in=shown_in)
            (folder / one.page).write_text(text, encoding="utf-8")

    def _runs(self, one: Play) -> list[Run]:
        """Beside what goes wrong, how the reference does it."""
        runs = [Run(one.target, self._plays[one])]
        if one.target != REFERENCE and not runs[0].case.passed:
            runs.insert(0, Run(REFERENCE, self._plays[Play(one.case)]))
        return runs

    def _row(self, wish: SpaceAt) -> Row:
        rows = rows_of([Run(wish.play.target, self._plays[wish.play])])
        for row in rows:
            if row.number == wish.step and any(panel.pictures for panel in row.panels):
                return row
        raise UsageError(f"{wish.play.case} has nothing to draw after step {wish.step}")

    def _way_of(self, one: Play) -> tuple[tuple[str, ...], set[tuple[str, str]]]:
        """The states of the connection that a case is about last, and the ways between them."""
        result = self._plays[one]
        standing = _last_standing(result)
        taken = {(way.start, way.end) for way in standing.ways} if standing else set()
        visited = standing.visited if standing else ()
        for change in changes_of(result):
            if (change.start, change.end) == _AT_ONCE:  # which the trace page's figure leaves out
                between = {end for start, end in taken if (end, _AT_ONCE[1]) in taken}
                taken = {way for way in taken if not between & {*way}} | {_AT_ONCE}
                visited = tuple(state for state in visited if state not in between)
        if not visited:
            raise UsageError(f"{one.case} goes through no states")
        return visited, taken


_AT_ONCE = ("FIN-WAIT-1", "TIME-WAIT")
_KEYS = {arrow.key for arrow in ARROWS} | {key for one in LEFT_OUT for key in one.keys}


def cases_with_states(kit: Kit) -> Sequence[str]:
    """The cases in which connections go from state to state."""
    return [one.id for one in discover(kit.checkpoints()) if one.id.startswith(_STATES)]


def _last_standing(result: CaseResult) -> Standing | None:
    story = result.outcome.story
    found = [scene.standing for scene in scenes_of(story)] if story else []
    return next((one for one in reversed(found) if one is not None), None)
