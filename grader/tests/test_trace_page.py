"""The trace page: what it draws, and how it behaves in a browser."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import NARROW, WIDE, Browser, open_browser

from tcplab.cli import main
from tcplab.kit import Kit
from tcplab.report.trace_page.axis import Axis
from tcplab.report.trace_page.circle import circle_of
from tcplab.report.trace_page.page import Run, rows_of
from tcplab.report.trace_page.spaces import Conversation
from tcplab.report.trace_page.states import BOXES, WAYS, History
from tcplab.result import CaseResult
from tcplab.runner import Plan, grade
from tcplab.story import Act, Message

KIT = Kit.find()
CASE = "connection.fin-is-acknowledged"
DATA = "connection.retransmission-carries-the-latest-ack"
CLOSING = "connection.time-wait-answers-the-lost-fin"
STREAM = "byte_stream.closed-empty-is-finished"
PIECES = "reassembler.one-piece-fills-the-hole"
NUMBERS = "seqno.before-on-the-circle"
HOSTILE = "</script><script>document.title='broken'</script><img src=x onerror=alert(1)>"


def run_cases(target: Path | str, pattern: str, **options: Any) -> list[CaseResult]:
    result = grade(Plan(str(target), case=pattern, **options))
    return [case for checkpoint in result.checkpoints for case in checkpoint.cases]


def acts_of(target: Path | str, case: str) -> tuple[Act, ...]:
    [one] = run_cases(target, case, watched=True)
    assert one.outcome.story is not None
    return one.outcome.story.acts


def changed(folder: Path, file: str, *edits: tuple[str, str]) -> Path:
    """The reference with some of its text replaced."""
    shutil.copytree(KIT.reference, folder)
    source = folder / file
    text = source.read_text(encoding="utf-8")
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    source.write_text(text, encoding="utf-8")
    return folder


# --- looking on -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pattern", ["connection.time-wait*", "sender.*probe*", "reassembler.overlap*"]
)
def test_to_be_watched_changes_nothing(pattern: str) -> None:
    plain = run_cases("reference", pattern, stories=True)
    seen = run_cases("reference", pattern, watched=True)
    assert len(plain) > 2
    for one, other in zip(plain, seen, strict=True):
        assert one.outcome.story is not None and other.outcome.story is not None
        assert (one.id, one.outcome.status) == (other.id, other.outcome.status)
        for plain_act, act in zip(one.outcome.story.acts, other.outcome.story.acts, strict=True):
            assert plain_act.passages == act.passages and plain_act.text == act.text
            assert not plain_act.said and not plain_act.messages


def test_after_each_step_the_device_is_asked() -> None:
    states = [
        one.values["state"] for act in acts_of("reference", CASE) for one in act.said[1:] if act
    ]
    assert states == ["ESTABLISHED", "CLOSE-WAIT", "CLOSE-WAIT", "CLOSE-WAIT", "CLOSE-WAIT"]
    streams = [dict(act.said[0].values) for act in acts_of("reference", STREAM)[:3]]
    assert [one["written"] for one in streams] == ["0", "3", "3"]
    assert [one["read"] for one in streams] == ["0", "0", "3"]


def test_a_query_that_ends_the_device_is_not_held_against_it(tmp_path: Path) -> None:
    """The case itself never asks."""
    query = "bool byte_stream_has_error(const struct byte_stream *stream)\n{\n"
    broken = changed(tmp_path / "work", "byte_stream.c", (query, query + "    __builtin_trap();\n"))
    case = "byte_stream.write-accepts-what-fits"
    [plain] = run_cases(broken, case)
    [seen] = run_cases(broken, case, watched=True)
    assert (plain.outcome.status, seen.outcome.status) == ("passed", "passed")
    assert seen.outcome.story is not None
    assert not any(act.said for act in seen.outcome.story.acts)


def test_a_hang_is_told_with_all_that_was_seen_before_it(tmp_path: Path) -> None:
    head = "void byte_stream_pop(struct byte_stream *stream, size_t n)\n{\n"
    loop = "    for (volatile int spin = 1; spin;) {\n    }\n"
    broken = changed(tmp_path / "work", "byte_stream.c", (head, head + loop))
    [plain] = run_cases(broken, STREAM)
    [seen] = run_cases(broken, STREAM, watched=True)
    assert plain.outcome.status == seen.outcome.status == "timeout"
    assert seen.outcome.story is not None
    *before, last = seen.outcome.story.acts
    assert "pop" in last.text and not last.said and all(act.said for act in before)


def test_components_have_messages() -> None:
    acts = acts_of("reference", "sender.ack-inside-a-segment")
    messages = [one for act in acts for one in act.messages if one.flow.startswith("sender")]
    assert messages[0].syn and messages[0].from_dut and messages[0].seq == 0
    assert [(one.seq, len(one.data)) for one in messages[2:4]] == [(1, 1000), (1001, 1000)]
    assert (messages[4].from_dut, messages[4].ack) == (False, 501)


# --- drawing --------------------------------------------------------------------------------------


def _talk(*messages: Message) -> Conversation:
    talk = Conversation()
    for message in messages:
        talk.take(message)
    return talk


def _from_tester(seq: int, ack: int | None, data: bytes = b"", **flags: Any) -> Message:
    return Message("1", False, seq=seq, ack=ack, window=1000, data=data, **flags)


def _from_stack(seq: int, ack: int, window: int = 20) -> Message:
    return Message("1", True, seq=seq, ack=ack, window=window, syn=seq == 0)


_OPENING = (_from_tester(0, None, syn=True), _from_stack(0, 1), _from_tester(1, 1))


def test_the_sequence_space_is_what_went_over_the_wire() -> None:
    space = _talk(*_OPENING, _from_tester(1, 1, b"abc")).space(from_dut=False)
    assert (space.una, space.nxt, space.window, space.edge) == (1, 4, 20, 21)
    assert (space.arrived, space.held) == (4, ())
    space = _talk(*_OPENING, _from_tester(6, 1, b"ghi"), _from_stack(1, 1)).space(from_dut=False)
    assert (space.una, space.nxt, space.arrived, space.held) == (1, 9, 1, ((6, 9),))
    other = _talk(*_OPENING).space(from_dut=True)
    assert (other.una, other.nxt, other.edge) == (1, 1, 1001)


def test_what_is_out_of_the_window_or_was_never_sent_moves_nothing() -> None:
    before = _talk(*_OPENING).space(from_dut=False)
    beyond = _from_tester(21, 1, b"x")
    assert _talk(*_OPENING, beyond).space(from_dut=False) == before
    assert _talk(*_OPENING, _from_stack(1, 9)).space(from_dut=False) == before
    old = _talk(*_OPENING, _from_tester(1, 1, b"a"), _from_stack(1, 2, 30), _from_stack(1, 1, 5))
    assert old.space(from_dut=False).edge == 32


def test_a_window_does_not_hide_a_byte() -> None:
    axis = Axis([1, 6, 65536])
    assert axis.at(0) == 0 and axis.at(65536) == 100
    assert 5 < axis.at(1) < axis.at(6) < 40
    assert axis.at(1) < axis.at(3) < axis.at(6)
    assert Axis([8, 32]).at(8) == 25  # short ways are true to scale


def test_states_that_nobody_saw_are_filled_in() -> None:
    history = History()
    for state in ("LISTEN", "ESTABLISHED", "CLOSE-WAIT"):
        history.go(state)
    assert history.visited == ("CLOSED", "LISTEN", "SYN-RECEIVED", "ESTABLISHED", "CLOSE-WAIT")
    assert [way.words for way in history.ways][:2] == ["passive OPEN", "SYN comes"]
    history.go("CLOSED")  # by a reset: on no way of the figure
    assert len(history.ways) == 4 and history.box == "CLOSED (end)"


def test_numbers_on_the_circle_keep_their_order_and_their_distance() -> None:
    call = {"call": "unwrap", "raw": "17", "isn": "4294967290", "checkpoint": "11", "answer": "23"}
    circle = circle_of(call)
    assert [dot.names for dot in circle.dots] == ["isn", "raw", "checkpoint"]
    isn, raw, checkpoint = (float(dot.x) for dot in circle.dots)
    assert isn + 30 < checkpoint < raw - 30  # from left to right over the top: -6, 5, 17
    same = circle_of({"call": "before", "a": "7", "b": "7", "answer": "0"})
    assert [dot.names for dot in same.dots] == ["a, b"] and not same.way
    assert same.said[-1] == "a before b: false"


def test_the_diagram_has_eleven_states_and_no_loose_end() -> None:
    assert len({box.name for box in BOXES}) == 11
    assert {way.start for way in WAYS} | {way.end for way in WAYS} == {box.state for box in BOXES}


# --- in a browser ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shared() -> Iterator[Browser]:
    with open_browser() as one:
        yield one


@pytest.fixture
def browser(shared: Browser) -> Browser:
    shared.resize(WIDE)
    shared.prefer("light")
    shared.open("about:blank")
    shared.forget()
    return shared


def write_page(folder: Path, name: str, case: str, target: Path | str = "reference") -> Path:
    page = folder / f"{name}.html"
    assert main(["trace", case, str(target), "--html", str(page)]) == 0
    return page


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    broken = changed(
        folder / "<b>work",
        "connection.c",
        ("    take_fin(connection, segment);  /* eighth */\n", "    (void)take_fin;\n"),
        (
            "enum tcp_state tcp_connection_state(const struct tcp_connection *connection)\n{\n",
            "#include <stdio.h>\n"
            "enum tcp_state tcp_connection_state(const struct tcp_connection *connection)\n{\n"
            f'    fputs("{HOSTILE}", stderr);\n',
        ),
    )
    return {
        "passing": write_page(folder, "passing", DATA),
        "failing": write_page(folder, "failing", CASE, broken),
        "closing": write_page(folder, "closing", CLOSING),
        "stream": write_page(folder, "stream", STREAM),
        "pieces": write_page(folder, "pieces", PIECES),
        "numbers": write_page(folder, "numbers", NUMBERS),
    }


NAMES = ["passing", "failing", "closing", "stream", "pieces", "numbers"]


def current(browser: Browser) -> str:
    return str(browser.run("return document.querySelector('[aria-current]').dataset.number"))


@pytest.mark.parametrize("name", NAMES)
def test_it_opens_from_a_file_and_asks_for_nothing(
    browser: Browser, pages: dict[str, Path], name: str
) -> None:
    browser.open(pages[name])
    browser.press("END", "HOME", "ARROW_RIGHT")
    assert browser.requests == [pages[name].as_uri()]
    assert browser.complaints == []


def test_keys_slider_buttons_and_address_move_through_the_steps(
    browser: Browser, pages: dict[str, Path]
) -> None:
    browser.open(pages["closing"])
    last = str(browser.run("return document.querySelectorAll('li.step').length"))
    assert current(browser) == "3"  # the first with segments
    for keys, number in [
        (["HOME"], "1"),
        (["ARROW_RIGHT", "ARROW_RIGHT"], "3"),
        (["ARROW_LEFT"], "2"),
        (["END"], last),
        (["ARROW_RIGHT"], last),
        (["HOME"], "1"),
    ]:
        browser.press(*keys)
        assert current(browser) == number
        assert browser.run("return location.hash") == f"#step={number}"
        assert browser.run("return document.querySelector('output').value").startswith(
            f"step {number} of"
        )
    browser.run("document.getElementById('slider').focus()")
    browser.press("ARROW_RIGHT")
    assert current(browser) == "2" and browser.run("return slider.value") == "1"
    browser.run("slider.value = 6; slider.dispatchEvent(new Event('input'))")
    assert current(browser) == "7"
    browser.click("[data-go=back]")
    assert current(browser) == "6"
    browser.run_until_done(
        "const done = arguments[0]; addEventListener('hashchange', () => done(), {once: true});"
        "location.hash = '#step=4'"
    )
    assert current(browser) == "4"
    browser.open("about:blank")
    browser.open(pages["closing"].as_uri() + "#step=5")
    assert current(browser) == "5"


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_a_failure_opens_with_its_step_in_view(
    browser: Browser, pages: dict[str, Path], width: int
) -> None:
    """Below what stays at the top; a page that shows how it should be begins at its beginning."""
    browser.resize(width)
    browser.open(pages["failing"])
    top, bottom, covered, height = browser.run(
        "const step = document.querySelector('li.failed .cells').getBoundingClientRect();"
        "const bar = document.querySelector('.controls').getBoundingClientRect();"
        "return [step.top, step.bottom, bar.bottom, innerHeight]"
    )
    assert current(browser) == browser.run(
        "return document.querySelector('li.failed').dataset.number"
    )
    assert covered <= top and bottom <= height
    assert browser.run("return scrollY") > 0 and browser.run("return location.hash") == ""
    browser.open(pages["passing"])
    assert browser.run("return scrollY") == 0


def test_a_page_opens_where_there_is_something_to_see(
    browser: Browser, pages: dict[str, Path]
) -> None:
    """The steps before are reached as ever."""
    browser.open(pages["passing"])
    assert browser.run("return document.querySelector('[aria-current] .rung') !== null")
    assert browser.run("return document.querySelector('li.step .rung') !== null")
    browser.press("HOME")
    assert current(browser) == "1" and "nothing to draw yet" in browser.text


def test_the_runs_differ_above_the_step_in_which_they_do(
    browser: Browser, pages: dict[str, Path]
) -> None:
    browser.open(pages["failing"])
    flag, number, ends = browser.run(
        "const step = document.querySelector('.differs');"
        "const ends = [...document.querySelectorAll('.ends span')].map(one => one.offsetHeight);"
        "return [step.querySelector('.flag').getBoundingClientRect().bottom,"
        " step.querySelector('.number').getBoundingClientRect().top, ends]"
    )
    assert flag <= number and len(set(ends)) == 1


def test_what_is_shown_changes_with_the_step(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["closing"])
    browser.press("HOME")
    seen = []
    for _ in range(int(browser.run("return document.querySelectorAll('li.step').length"))):
        panels = browser.run(
            "return [...document.querySelectorAll('.state')].filter(one => one.offsetParent"
            " || getComputedStyle(one).display !== 'none').map(one => one.innerText)"
        )
        assert len(panels) == 1
        seen.append(panels[0])
        browser.press("ARROW_RIGHT")
    states = [found[1] for words in seen if (found := re.search(r"State: ([A-Z0-9-]+)", words))]
    order = ["LISTEN", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT"]
    assert [state for at, state in enumerate(states) if state not in states[:at]] == order
    assert any("SND.NXT = 2" in words and "SND.UNA = 1" in words for words in seen)


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_wider_than_the_window(
    browser: Browser, pages: dict[str, Path], name: str, width: int
) -> None:
    browser.resize(width)
    browser.open(pages[name])
    for _ in range(int(browser.run("return document.querySelectorAll('li.step').length"))):
        assert browser.overflow() <= 0
        browser.press("ARROW_RIGHT")


_CONTRASTS = """
const channel = c => { c /= 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4 };
const numbers = color => color.match(/[\\d.]+/g).map(Number);
const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
function ground(element) {
  const box = element.closest('g.box');
  if (box) return numbers(getComputedStyle(box.querySelector('rect')).fill);
  for (let at = element; at; at = at.parentElement) {
    const color = numbers(getComputedStyle(at).backgroundColor);
    if (color.length === 3 || color[3] > 0) return color;
  }
  throw new Error('no ground');
}
const found = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || !element.getClientRects().length) continue;
  if (element.closest('script, style, title, defs')) continue;
  const style = getComputedStyle(element);
  const ink = numbers(element instanceof SVGElement ? style.fill : style.color);
  const [high, low] = [light(ink), light(ground(element))].sort((a, b) => b - a);
  found.push([(high + 0.05) / (low + 0.05), element.outerHTML.slice(0, 120)]);
}
return found;
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", NAMES)
def test_text_stands_out_from_its_ground(
    browser: Browser, pages: dict[str, Path], name: str, scheme: str
) -> None:
    browser.prefer(scheme)
    browser.open(pages[name])
    ground = browser.run("return getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(255, 255, 255)") == (scheme == "light")
    found = browser.run(_CONTRASTS)
    assert len(found) > 25
    assert [one for one in found if one[0] < 4.5] == []


def test_where_the_keyboard_is_can_be_seen(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["passing"])
    for _ in range(7):
        browser.press("TAB")
        width = browser.run("return getComputedStyle(document.activeElement).outlineWidth")
        assert float(width.removesuffix("px")) >= 2
        assert browser.run("return document.activeElement !== document.body")


def test_pictures_have_words(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["failing"])
    nameless = browser.run(
        "return [...document.querySelectorAll('svg:not([aria-hidden]), button, input')]"
        ".filter(one => !one.parentElement.closest('svg') && !one.getAttribute('aria-label'))"
        ".map(one => one.outerHTML)"
    )
    assert nameless == []
    assert browser.run("return document.title") == f"{CASE}: failed on <b>work"


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_what_failed_stands_beside_how_it_should_be(
    browser: Browser, pages: dict[str, Path], width: int
) -> None:
    browser.resize(width)
    browser.open(pages["failing"])
    assert current(browser) == "8"
    cells = (
        "return [...document.querySelectorAll('[aria-current] .cell')].map(one => one.innerText)"
    )
    reference, actual = browser.run(cells)
    assert "failed here" in actual and "failed here" not in reference
    assert re.search(r"expected\s+CLOSE-WAIT\s+actual\s+ESTABLISHED", actual)
    difference = browser.run("return document.querySelector('.differs').dataset.number")
    assert difference == "5"
    panel = browser.run("return document.querySelector('[aria-current] .state').innerText")
    assert "State: ESTABLISHED (<b>work); CLOSE-WAIT (reference, dashed)" in panel
    sides = browser.run(
        "return [...document.querySelectorAll('[aria-current] .cell')]"
        ".map(one => one.getBoundingClientRect()).map(one => [one.left, one.top])"
    )
    assert (sides[0][1] == sides[1][1]) == (width == WIDE)  # beside each other, or below
    browser.press("ARROW_RIGHT")
    assert "not reached" in browser.text


def test_the_wrong_field_is_marked(browser: Browser, tmp_path: Path) -> None:
    unread = "byte_stream_buffered(tcp_receiver_inbound(connection->receiver))"
    old = f"{{news.ack.raw - (uint32_t){unread} * (message->payload_len > 0)}}"
    broken = changed(
        tmp_path / "work", "connection.c", (".ack = news.ack,", f".ack = (struct seqno){old},")
    )
    browser.open(write_page(tmp_path, "wrong", DATA, broken))
    rows = "return [...document.querySelectorAll('.difference tr')].map(one => one.innerText)"
    head, expected, actual = (row.split() for row in browser.run(rows))
    assert head[:2] == ["SEQ", "ACK"]
    assert expected[:3] == ["expected", "1", "101"]
    assert actual[:4] == ["actual", "1", "✗", "1"]
    marked = browser.run("return document.querySelector('.fields td.actual').innerText")
    assert marked == "✗ 1"


def test_the_first_wrong_byte_is_marked(browser: Browser, tmp_path: Path) -> None:
    cut = "(const uint8_t *)data + (from - first_index),"
    broken = changed(tmp_path / "work", "reassembler.c", (cut, "data,"))
    case = "reassembler.old-and-new-in-one-piece"
    browser.open(write_page(tmp_path, "bytes", case, broken))
    words = browser.run("return document.querySelector('.difference').innerText")
    assert "wrong from offset 4 on, of 6 bytes" in words
    assert re.search(r"actual\s+61 62 63 64 43 44", words)
    marks = "return [...document.querySelectorAll('.difference mark')].map(one => one.innerText)"
    assert browser.run(marks) == ["65", "43"]


def test_text_from_a_submission_stays_text(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["failing"])
    browser.click("details summary")
    assert HOSTILE in browser.run("return document.querySelector('.difference pre').innerText")
    assert browser.run("return document.querySelectorAll('img, script').length") == 1
    assert "<b>work" in browser.text
    assert browser.complaints == [] and len(browser.requests) == 1


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_without_scripts_all_of_it_is_there(
    browser: Browser, pages: dict[str, Path], width: int
) -> None:
    browser.resize(width)
    browser.scripts(False)
    try:
        browser.open(pages["passing"])
    finally:
        browser.scripts(True)
    words = browser.text
    acts = acts_of("reference", DATA)
    assert all(act.text in words and f"After step {act.number}" in words for act in acts)
    packets = [passage for act in acts for passage in act.passages]
    rungs = browser.run("return document.querySelectorAll('svg.rung').length")
    assert rungs == len(packets) > 3
    assert browser.run("return document.querySelector('.controls').offsetParent") is None
    assert browser.overflow() <= 0


def test_a_stream_is_drawn_byte_by_byte(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["pieces"])
    browser.open(pages["pieces"].as_uri() + "#step=6")
    letters = browser.run(
        "return [...document.querySelectorAll('[aria-current] .letter')]"
        ".filter(one => one.getClientRects().length).map(one => one.textContent).join('')"
    )
    assert letters == "cdfijmop"
    browser.press("END", "ARROW_LEFT")
    marks = browser.run(
        "return [...document.querySelectorAll('[aria-current] .variable')]"
        ".map(one => one.textContent)"
    )
    assert marks == ["room ends = 48", "written = 16", "read = 16"]


def test_what_a_stream_holds_is_what_it_holds(tmp_path: Path) -> None:
    """Not what was inserted: the two runs differ before anybody reads."""
    cut = "(const uint8_t *)data + (from - first_index),"
    broken = changed(tmp_path / "work", "reassembler.c", (cut, "data,"))
    [case] = run_cases(broken, "reassembler.old-and-new-in-one-piece", watched=True)
    [reference] = run_cases("reference", case.id, watched=True)
    rows = rows_of([Run("reference", reference), Run("work", case)])
    letters = [
        "".join(letter for _, letter in panel.pictures[0].bars[0].letters)
        for panel in rows[2].panels
        if panel.pictures
    ]
    assert letters == ["abcdef", "abcdCD"]
    assert [row.number for row in rows if row.differs] == [3]
    assert [row.number for row in rows if row.is_failed] == [4]


def test_a_call_is_drawn_on_the_circle(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["numbers"])
    browser.press("ARROW_RIGHT")
    words = browser.run(
        "return document.querySelector('[aria-current] .circle svg').getAttribute('aria-label')"
    )
    assert words == "a 16; b 2^32 - 16; from a to b it is 2^32 - 32 forward; a before b: false"


def test_a_page_that_cannot_be_written_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", STREAM, "--html", "/proc/page.html"]) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert "/proc/page.html" in last and "cannot be written" in last
