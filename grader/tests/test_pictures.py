"""The pictures of the handouts: what a page wants is found, and what is drawn is what was run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tcplab.cache_folder import cache_folder
from tcplab.errors import InfrastructureError, UsageError
from tcplab.handouts.pictures import runs
from tcplab.handouts.pictures.album import Album, cases_with_states
from tcplab.handouts.pictures.changes import changes_of
from tcplab.handouts.pictures.runs import Memory, Play, play
from tcplab.handouts.pictures.wishes import Ladder, SpaceAt, States, filled, split
from tcplab.kit import Kit
from tcplab.report.pictures.ladder import LAYOUTS, NARROW, WIDE, Layout, ladder_svg
from tcplab.report.pictures.states import ARROWS, LEFT_OUT, UNSEEN
from tcplab.report.trace_page.states import WAYS
from tcplab.result import CaseResult, Outcome
from tcplab.story import Act, Passage, Story

_KIT = Kit(Path(__file__).resolve().parents[2])
_CLOSE = Play("connection.we-close-first")
_GAPS = Play("sender.gaps-grow")
_WRONG = Play("connection.close-in-syn-received", "mutant:connection.queued-close-forgotten")
_PIECES = Play("reassembler.last-piece-first")
_ALONE = Play("sender.fin-has-a-number")
_LETTER = 7.3  # pixels, of the widest letters that are usual

PAGE = """\
```sh
./tcplab trace connection.we-close-first
```

```text
a ladder
```

~~~text
<!-- picture:states -->
<!-- /picture -->
~~~

<!-- picture:states connection.we-close-first -->
A sentence.
<!-- /picture -->

```sh
./tcplab trace sender.gaps-grow mine
```

```text
not this one
```

<!-- picture:space sender.gaps-grow 6 -->
```text
bars
```
<!-- /picture -->
"""


@pytest.fixture(scope="module")
def plays() -> Mapping[Play, CaseResult]:
    wanted = {_CLOSE, _GAPS, _WRONG, _PIECES, _ALONE, Play(_WRONG.case)}
    return play(_KIT, wanted, cache_folder(_KIT) / "pictures")


# --- what a page wants ---------------------------------------------------------------------------


def test_pictures_of_a_page() -> None:
    text, wishes = split(PAGE)
    assert wishes == [Ladder(_CLOSE), States(_CLOSE), SpaceAt(_GAPS, 6)]
    assert "```sh\n./tcplab trace connection.we-close-first\n```\n" in text
    assert "<!-- picture:states -->" in text and "not this one" in text
    assert "A sentence." not in text

    html = filled(text, [f"[{number}: <!-- text -->]" for number in "abc"], "<i>{}</i>")
    pictures = re.findall(r"\[(\w): (.*?)\]", html, re.DOTALL)
    assert pictures == [
        ("a", "<i>```text\na ladder\n```</i>"),
        ("b", ""),
        ("c", "<i>```text\nbars\n```</i>"),
    ]
    assert "drawn" not in html


def test_a_mistake_may_be_traced() -> None:
    """The reference's mutants are wherever the kit is."""
    page = PAGE.replace("we-close-first\n", "we-close-first mutant:sender.x\n", 1)
    assert split(page)[1][0] == Ladder(Play("connection.we-close-first", "mutant:sender.x"))
    assert Play("a.b", "mutant:sender.x").page == "a.b--sender.x.html"


@pytest.mark.parametrize("what", ["stats", "space a.b", "space a.b x", "states a b c", ""])
def test_an_unknown_picture_is_said(what: str) -> None:
    with pytest.raises(UsageError, match="no such picture"):
        split(f"<!-- picture:{what} -->\n<!-- /picture -->\n")


def test_there_must_be_something_to_draw(plays: Mapping[Play, CaseResult]) -> None:
    with pytest.raises(UsageError, match="no case is called"):
        play(_KIT, [Play("connection.nowhere")])
    wish = SpaceAt(_CLOSE, 1)
    album = Album(_KIT, [wish], cache_folder(_KIT) / "pictures")
    with pytest.raises(UsageError, match="nothing to draw after step 1"):
        album.figure(wish, "", "x", "x.html", "X")


# --- ladders --------------------------------------------------------------------------------------


def texts(svg: str) -> list[tuple[str, float, str, str]]:
    """Class, x, anchor and words of each line of words."""
    tree = ElementTree.fromstring(svg)
    return [
        (one.get("class", ""), float(one.get("x", "")), one.get("text-anchor", ""), words)
        for one in tree.iter("text")
        if (words := "".join(one.itertext()))
    ]


def words_of(svg: str) -> str:
    return " ".join(words for _, _, _, words in texts(svg))


@pytest.mark.parametrize("layout", LAYOUTS, ids=[one.name for one in LAYOUTS])
@pytest.mark.parametrize(
    "one", [_CLOSE, _GAPS, _WRONG, _PIECES], ids=["close", "gaps", "wrong", "pieces"]
)
def test_a_ladder_tells_all(plays: Mapping[Play, CaseResult], one: Play, layout: Layout) -> None:
    story = plays[one].outcome.story
    assert story is not None
    svg = ladder_svg(one.target, plays[one], layout)
    drawn = words_of(svg)
    for act in story.acts:
        assert f"{act.number} " in drawn and act.text[:30] in drawn
    assert svg.count('class="arrow') == sum(1 for _ in story.passages())
    for _, passage in story.passages():
        flags = passage.words.partition(" seq=")[0]
        assert flags in drawn and f" {passage.time_ms} " in drawn


@pytest.mark.parametrize("layout", LAYOUTS, ids=[one.name for one in LAYOUTS])
def test_words_stay_in_the_picture(plays: Mapping[Play, CaseResult], layout: Layout) -> None:
    for one, case in plays.items():
        for kind, x, anchor, words in texts(ladder_svg(one.target, case, layout)):
            width = len(words) * _LETTER
            left = {"start": x, "middle": x - width / 2, "end": x - width}[anchor]
            assert left >= 0 and left + width <= layout.width, (kind, words)


def test_times_are_those_of_the_wire(plays: Mapping[Play, CaseResult]) -> None:
    """A component by itself is told of its time by the steps."""
    for one, has_times in ((_CLOSE, True), (_ALONE, False)):
        drawn = texts(ladder_svg("reference", plays[one], WIDE))
        assert any(kind == "time" for kind, *_ in drawn) == has_times
        assert any(kind == "end tester" for kind, *_ in drawn)


def test_what_is_sent_again_is_marked(plays: Mapping[Play, CaseResult]) -> None:
    assert words_of(ladder_svg("reference", plays[_GAPS], WIDE)).count("PSH ACK (again)") == 3
    assert "again" not in words_of(ladder_svg("reference", plays[_CLOSE], WIDE))


def test_a_failure_is_drawn(plays: Mapping[Play, CaseResult]) -> None:
    drawn = words_of(ladder_svg(_WRONG.target, plays[_WRONG], NARROW))
    assert "✗" in drawn and "expected FIN-WAIT-1" in drawn and "actual FIN-WAIT-2" in drawn
    assert "✗" not in words_of(ladder_svg("reference", plays[Play(_WRONG.case)], NARROW))


def test_words_from_anywhere_are_words() -> None:
    evil = '</text><script>alert("1")</script>'
    act = Act(1, evil, 0, (Passage(0, True, b"", evil), evil))
    outcome = Outcome("failed", evil, subject=evil, expected=evil, story=Story((act,)))
    case = CaseResult("a.b", evil, ("9293",), "", Fraction(1), "", outcome, Path())
    for layout in LAYOUTS:
        svg = ladder_svg(evil, case, layout)
        assert "<script" not in svg
        assert "alert" in words_of(svg)


# --- states ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def album() -> Album:
    return Album(_KIT, [States(None)], cache_folder(_KIT) / "pictures")


def test_the_ways_that_are_drawn_are_those_that_are_seen(album: Album) -> None:
    """Both ways: none is missing, and none is drawn that no run of the reference shows."""
    drawn = {arrow.key for arrow in ARROWS if (arrow.start, arrow.end) != UNSEEN}
    listed = [key for one in LEFT_OUT for key in one.keys]
    assert len(listed) == len(set(listed)) and not drawn & set(listed)
    assert drawn | set(listed) == set(album.changes)


def test_the_figure_is_that_of_the_trace_page() -> None:
    """And that of the RFC, with the way that its second note adds."""
    added = {(arrow.start, arrow.end) for arrow in ARROWS} - {(way.start, way.end) for way in WAYS}
    assert added == {("FIN-WAIT-1", "TIME-WAIT")}
    assert len(ARROWS) == len(WAYS) + 1 == len({(one.start, one.end) for one in ARROWS})


def test_each_way_leads_to_a_case_that_shows_it(album: Album, tmp_path: Path) -> None:
    html = album.figure(States(None), "../", "here", "walk/page.html", "A page")
    album.write_traces(tmp_path)
    for key, change in album.changes.items():
        assert f'href="../traces/{change.case}.html#step={change.step}"' in html, key
        page = (tmp_path / "traces" / f"{change.case}.html").read_text(encoding="utf-8")
        assert f'id="step={change.step}"' in page
        assert '<a href="../walk/page.html#here">← A page</a>' in page
    [unseen] = re.findall(r'class="way unseen" d="([^"]+)"', html)
    assert unseen


def test_the_way_of_one_case(album: Album) -> None:
    wish = States(Play("connection.fin-and-ack-in-one"))
    html = Album(_KIT, [wish], cache_folder(_KIT) / "pictures").figure(wish, "", "x", "x.html", "X")
    order = "SYN-RECEIVED → ESTABLISHED → FIN-WAIT-1 → TIME-WAIT"
    assert order in html and html.count('class="way taken"') == 5
    assert html.count('class="box visited"') == 6


def test_a_change_is_known_by_its_event(plays: Mapping[Play, CaseResult]) -> None:
    seen = [(one.start, one.end, one.event) for one in changes_of(plays[_CLOSE])]
    assert seen == [
        ("ESTABLISHED", "FIN-WAIT-1", "CLOSE"),
        ("FIN-WAIT-1", "FIN-WAIT-2", "rcv ACK"),
        ("FIN-WAIT-2", "TIME-WAIT", "rcv FIN"),
    ]


def test_many_cases_are_looked_through() -> None:
    assert len(cases_with_states(_KIT)) > 300


# --- running --------------------------------------------------------------------------------------


def test_runs_are_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = play(_KIT, [_PIECES], tmp_path)
    monkeypatch.setattr(runs, "_run", lambda *_: pytest.fail("it was run again"))
    again = play(_KIT, [_PIECES], tmp_path)
    assert again[_PIECES].outcome.story == first[_PIECES].outcome.story


def test_what_is_remembered_is_thrown_away_after_a_change(tmp_path: Path) -> None:
    source = tmp_path / "kit" / "reference" / "seqno.c"
    source.parent.mkdir(parents=True)
    source.write_text("one", encoding="ascii")
    kit, folder = Kit(tmp_path / "kit"), tmp_path / "memory"
    case = CaseResult("a.b", "", (), "", Fraction(1), "", Outcome("passed"), Path())
    Memory(kit, folder).keep({_CLOSE: case})
    assert Memory(kit, folder).recall([_CLOSE, _GAPS]) == {_CLOSE: case}
    source.write_text("two", encoding="ascii")
    assert not Memory(kit, folder).recall([_CLOSE])
    Memory(kit, folder).keep({_GAPS: case})
    assert len([*folder.iterdir()]) == 1


def test_a_case_that_fails_on_the_reference_is_not_drawn(
    plays: Mapping[Play, CaseResult], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "_run", lambda *_: [plays[_WRONG]])
    with pytest.raises(InfrastructureError, match="fails on the reference"):
        play(_KIT, [Play(_WRONG.case)], tmp_path)
