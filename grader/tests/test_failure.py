"""One failure explained: which rule was broken, where to look, what differed, what was done."""

from __future__ import annotations

import io
import json
import pickle
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import jsonschema
import pytest
from rich.console import Console
from rich.text import Text

from tcplab import mutants as m
from tcplab.case import discover
from tcplab.check import expect_bytes, expect_equal
from tcplab.checking.units import UnitFailure, UnitResult
from tcplab.difference import (
    BytesDifference,
    Difference,
    Field,
    SegmentDifference,
    between_bytes,
)
from tcplab.errors import CaseFailed
from tcplab.failure import failure_of
from tcplab.kit import Kit
from tcplab.report.check_terminal import CheckScreen
from tcplab.report.difference import bytes_in_words, difference_lines
from tcplab.report.json_file import SCHEMA
from tcplab.report.terminal import explain
from tcplab.result import IN_CAPTURE, CaseResult, Outcome
from tcplab.runner import Plan, grade
from tcplab.sandbox import choose_launcher
from tcplab.sanitizer import tidy_report
from tcplab.signature import signature_of
from tcplab.story import Act, Passage, Story
from tcplab.target import Target

KIT = Kit.find()
CASES = {one.id: one for one in discover(KIT.checkpoints())}
MUTANTS = {one.name: one for one in m.load(KIT.root / "grader" / "mutants")}
WIDTH = 80
FIELDS = (
    Field("SEQ", "1"),
    Field("ACK", "1", "2", True),
    Field("CTL", "RST ACK", "ACK, no RST", True),
    Field("WND", "65535"),
)
STEPS = tuple(f"{at:3d}  step {at}" for at in range(1, 40))
CRASH = """==1==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x602000000013 at pc 0x55
WRITE of size 1 at 0x602000000013 thread T0
    #0 0x7f6604e38dd8 in __interceptor_memcpy (/dut+0x5c81f)
    #1 0x55d1f6d6b2c8 in byte_stream_write byte_stream.c:42
    #2 0x55d1f6d6b2c8 in deliver reassembler.c:3
    #3 0x55d1f6d6b2c8 in reassembler_insert reassembler.c:5
    #4 0x55d1f6d6b2c8 in insert labs/given/dut/commands_stream.c:80

0x602000000013 is located 0 bytes to the right of 3-byte region
"""
CRASHED = Outcome(
    "crashed",
    "it used a null pointer at byte_stream.c:42 in byte_stream_write, in step 39 (step 39)",
    steps=STEPS,
    report=tidy_report(CRASH),
)
OF_BYTES = between_bytes(b"0123456789abcdef" * 4, b"0123456789abcdef" * 3 + b"0123X")
SEGMENT = SegmentDifference(True, True, FIELDS)
OUTCOMES = {
    "segment": Outcome("failed", "wrong", "ack", "2", "1", STEPS, difference=SEGMENT),
    "missing": Outcome(
        "failed",
        "nothing came",
        "segment",
        "ack=2",
        "nothing",
        STEPS,
        difference=SegmentDifference(False, True, FIELDS[:2], 200, "ACK seq=1"),
    ),
    "unexpected": Outcome(
        "failed",
        "it came",
        "segment",
        "nothing",
        "ACK",
        STEPS,
        difference=SegmentDifference(True, False, FIELDS),
    ),
    "bytes": Outcome("failed", "wrong", "the bytes read", "a", "b", STEPS, difference=OF_BYTES),
    "values": Outcome("failed", "wrong", "rto", "4294968296", "1000", STEPS),
    "long": Outcome("failed", "wrong " * 99, "subject " * 30, "x " * 400, "y" * 400, STEPS * 5),
    "crashed": CRASHED,
    "hung": replace(CRASHED, status="timeout", message="it computed for 1 s, in step 39 (…)"),
    "not run": Outcome("not run", "not reached, because " + "something " * 30, steps=STEPS),
    "printed": Outcome("failed", "wrong", "a", "1", "2", STEPS, "one\ntwo\n\x1b[2Jthree\n"),
}


def case(outcome: Outcome, identity: str = "reassembler.some-case", **kept: object) -> CaseResult:
    rule = "What a TCP has to do here is said in a sentence that takes more than one line of it."
    rfc = ("9293 3.4", "9293 3.10.7.4", "MUST-61", "D-REAS-1")
    rerun = f"./tcplab check 2 --case {identity}"
    one = CaseResult(identity, rule, rfc, "A hint. " * 15, Fraction(1), rerun, outcome)
    return replace(one, **kept)


def plain(lines: list[Text]) -> list[str]:
    return [line.plain for line in lines]


def height(lines: list[Text], width: int) -> int:
    return sum(max(1, -(-line.cell_len // width)) for line in lines)


# --- where to look -------------------------------------------------------------------------------

ON_WIRE = Story((Act(39, "step 39", 0, (Passage(0, True, b"", "ACK seq=1"),)),))


@pytest.mark.parametrize(
    ("identity", "mode", "told", "where"),
    [
        ("connection.a", "solo", ON_WIRE, "connection.c"),
        ("connection.a", "stack", ON_WIRE, "connection.c, or a part below it"),
        ("connection.a", "stack", None, "connection.c, or a part below it"),
        ("sender.a", "stack", ON_WIRE, "sender.c, or another part"),
        ("sender.a", "stack", None, "sender.c, or a part below it"),
        ("byte_stream.a", "stack", None, "byte_stream.c"),
    ],
)
def test_of_all_files_together_another_one_may_be_to_blame(
    identity: str, mode: str, told: Story | None, where: str
) -> None:
    one = case(replace(OUTCOMES["segment"], story=told), identity, mode=mode)
    for room in (18, 22):
        lines = explain(one, room, WIDTH)
        assert height(lines, WIDTH) <= room
        assert plain(lines)[0] == f"{identity} · look in {where}"
    crashed = plain(explain(case(CRASHED, mode="stack"), 22, WIDTH))
    assert crashed[0] == "reassembler.some-case · look in reassembler.c:3"  # there it is


def test_a_mutant_is_not_looked_for_in_the_cache() -> None:
    target = Target.find(KIT, "mutant:connection.mss-is-an-echo")
    assert failure_of(case(OUTCOMES["segment"], folder=target.folder)).file == "reassembler.c"


# --- room ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OUTCOMES)
@pytest.mark.parametrize("room", [18, 22, 40])
def test_it_fits_and_says_the_most_important(name: str, room: int) -> None:
    lines = explain(case(OUTCOMES[name]), room, WIDTH)
    assert height(lines, WIDTH) <= room
    text = plain(lines)
    assert all(len(line) <= WIDTH for line in text)
    assert text[0].startswith("reassembler.some-case · look in reassembler.c")
    assert text[1].startswith("What a TCP has to do here")
    assert "RFC 9293, 3.4 Sequence Numbers" in text[3] and "step 39" in "\n".join(text)
    assert text[-1] == "  again     ./tcplab check 2 --case reassembler.some-case"


def test_more_room_shows_more_steps() -> None:
    few, many = (plain(explain(case(OUTCOMES["segment"]), room)) for room in (18, 60))
    assert any("lines before" in line for line in few) and "  1  step 1" not in few
    assert "  1  step 1" in many and not any("lines before" in line for line in many)
    assert " 39 ✗ step 39" in few and " 39 ✗ step 39" in many


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize(
    ("first", "stays"),
    [
        ("New receiver with recv_capacity=32, mss=1", True),
        ("Start the stack at 10.0.0.2 with mtu=576", True),
        ("Start the stack at 10.0.0.2", False),
    ],
)
def test_the_settings_are_shown_however_many_steps_follow(
    first: str, stays: bool, told: bool
) -> None:
    steps = (f"  1  {first}", *STEPS[1:])
    acts = story(40).acts
    whole = Story((replace(acts[0], text=first), *acts[1:]))
    outcome = replace(OUTCOMES["segment"], steps=steps, story=None if told else whole)
    text = plain(explain(case(outcome), 22))
    assert len(text) <= 22 and any(line.endswith("39 ✗ step 39") for line in text)
    shown = [line.strip() for line in text]
    assert (f"1  {first}" in shown) == stays
    before = [at for at, line in enumerate(shown) if "lines before: ./tcplab trace" in line]
    assert len(before) == 1 and (shown[before[0] - 1] == f"1  {first}") == stays


def test_a_long_command_counts_as_many_lines() -> None:
    one = case(OUTCOMES["segment"], rerun="./tcplab check 2 --case x " + "--seed 1 " * 20)
    lines = explain(one, 22)
    assert height(lines, WIDTH) <= 22 and lines[-1].plain.endswith("--seed 1")


def test_the_order_is_rule_steps_difference_help() -> None:
    text = "\n".join(plain(explain(case(OUTCOMES["printed"]), 40)))
    places = [
        text.index(word) for word in ("RFC", "step 39", "expected", "hint", "printed", "again")
    ]
    assert places == sorted(places)
    assert "\x1b" not in text and "\\x1b[2Jthree" in text


def test_a_checksum_is_shown_as_among_bytes_and_what_else_is_known_of_it() -> None:
    with pytest.raises(CaseFailed) as failed:
        expect_equal("checksum", 0x0781, 0x5081)
    one = failed.value
    assert str(one) == "checksum is 0x5081, expected 0x0781"
    outcome = Outcome("failed", str(one), one.subject, one.expected, one.actual, STEPS[:1])
    text = plain(explain(case(outcome, "segment.some-case"), 40))
    assert "  ✗ checksum: all other fields are right: does it cover all bytes, and is it" in text
    assert "  expected  0x0781" in text and "  actual    0x5081" in text
    before = replace(outcome, expected=str(0x0781), actual=str(0x5081))
    assert signature_of(before) == signature_of(outcome)


# --- a segment -----------------------------------------------------------------------------------


def test_the_wrong_fields_are_marked_without_colours() -> None:
    head, expected, actual, marks = plain(difference_lines(SEGMENT, WIDTH))
    assert head.split() == ["SEQ", "ACK", "CTL", "WND"]
    assert expected.split("  ")[1:3] == ["expected", "any"] and "ACK, no RST" in expected
    for name, sign in (("ACK", "✗"), ("CTL", "✗~~~~~~")):
        column = head.index(name)
        assert marks[column:].split()[0] == sign, name
    assert len(marks.split()) == 2
    assert actual.index("RST ACK") == head.index("CTL")


def test_a_segment_that_did_not_come() -> None:
    one = SegmentDifference(False, True, FIELDS[:2], 200, "ACK seq=1")
    *_, actual, instead = plain(difference_lines(one, WIDTH))
    assert actual == "  actual    ✗ no such segment came within 200 ms"
    assert instead.strip() == "only ACK seq=1"


def test_a_segment_that_should_not_have_come() -> None:
    fields = tuple(replace(one, expected="", differs=False) for one in FIELDS)
    head, expected, actual = plain(difference_lines(SegmentDifference(True, False, fields), WIDTH))
    assert expected == "  expected  no segment" and actual.endswith("65535  ✗")
    assert actual.index("RST ACK") == head.index("CTL")


def test_a_table_that_is_too_wide_loses_what_nobody_asked_for() -> None:
    many = tuple(Field(f"F{at}", "123456") for at in range(20))
    one = SegmentDifference(True, True, (*many, Field("ACK", "1", "2", True)))
    lines = plain(difference_lines(one, 60))
    assert all(len(line) <= 60 for line in lines) and "ACK" in lines[0] and "F0" in lines[0]


# --- bytes ---------------------------------------------------------------------------------------


def test_the_first_wrong_byte_has_a_caret_below() -> None:
    expected, actual, caret = plain(difference_lines(OF_BYTES, WIDTH))
    assert caret.strip().startswith("at 52")
    column = caret.index("^^")
    assert expected[column : column + 2] == "34" and actual[column : column + 2] == "58"
    column = caret.rindex("^")
    assert (expected[column], actual[column]) == ("4", "X")
    assert all(len(line) <= WIDTH for line in (expected, actual, caret))


@pytest.mark.parametrize(
    ("expected", "actual", "words"),
    [
        (b"abc", b"", "nothing, expected 3 bytes"),
        (b"abcdef", b"abc", "only 3 of 6 bytes"),
        (b"abc", b"abcd", "1 byte too many, behind the 3 expected"),
        (b"abcdef", b"abXdef", "wrong from offset 2 on, of 6 bytes"),
        (b"abcdefghij", b"abefghij", "wrong from offset 2 on, of 10 bytes: 2 bytes left out there"),
        (
            b"abcdefghij",
            b"abcdefabcdefghij",
            "wrong from offset 6 on, of 10 bytes: those from offset 0 on come there once more",
        ),
    ],
)
def test_how_bytes_differ_in_words(expected: bytes, actual: bytes, words: str) -> None:
    assert bytes_in_words(between_bytes(expected, actual)) == words


def test_long_strings_are_kept_in_part() -> None:
    data = bytes(range(256)) * 200
    with pytest.raises(CaseFailed) as failed:
        expect_bytes("the bytes read", data, data[:30_000] + b"!" + data[30_001:])
    one = failed.value.difference
    assert isinstance(one, BytesDifference) and one.offset == 30_000
    assert len(pickle.dumps(one)) < 1000 and one.expected[one.offset - one.start] == 30_000 % 256


# --- for others ----------------------------------------------------------------------------------


@pytest.mark.parametrize("one", [OF_BYTES, SEGMENT, SegmentDifference(False, True, FIELDS[:1], 9)])
def test_a_difference_goes_through_a_pipe_and_into_json(one: Difference) -> None:
    assert pickle.loads(pickle.dumps(one)) == one
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    where = {"$ref": "#/definitions/difference", "definitions": schema["definitions"]}
    jsonschema.validate(one.to_json(), where)


def test_the_json_of_a_case_names_file_and_difference() -> None:
    record = case(OUTCOMES["segment"]).to_json()
    assert record["file"] == "reassembler.c"
    assert [one["name"] for one in record["difference"]["fields"] if one["differs"]] == [
        "ACK",
        "CTL",
    ]


# --- crashes and hangs ---------------------------------------------------------------------------


def test_a_crash_shows_the_students_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # files are named as seen from here
    (tmp_path / "reassembler.c").write_text("a\nb\n  deliver(this);\nd\n  insert();\n")
    one = failure_of(case(CRASHED, folder=tmp_path))
    # In solo mode byte_stream.c is the reference's: the student's own line is what called it.
    assert one.place is not None
    assert (one.place.file, one.place.line, one.place.source) == (
        "reassembler.c",
        3,
        "deliver(this);",
    )
    text = "\n".join(plain(explain(case(CRASHED, folder=tmp_path), 30)))
    assert "look in reassembler.c:3" in text and "✗ crashed in deliver, in step 39" in text
    assert "reassembler.c:3 │ deliver(this);" in text
    assert "sanitizer ERROR: AddressSanitizer: heap-buffer-overflow; WRITE of size 1\n" in text
    assert "in deliver, reassembler.c:3 ← reassembler_insert, reassembler.c:5" in text
    assert "hint" not in text and "0x" not in text


def test_a_line_outside_of_the_folder_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    (tmp_path / "reassembler.c").write_text("secret\n" * 9)
    one = failure_of(case(CRASHED, folder=tmp_path / "inside"))
    assert one.place is not None and one.place.source == ""


def test_a_hang_says_where_it_was() -> None:
    text = "\n".join(plain(explain(case(OUTCOMES["hung"]), 30)))
    assert "✗ did not come to an end in deliver, in step 39: it computed for 1 s" in text


# --- rules of all cases, ladders -----------------------------------------------------------------


def story(count: int) -> Story:
    acts = [
        Act(at, f"step {at}", 0, (Passage(at, at % 2 == 0, b"", f"ACK seq={at}"),))
        for at in range(1, count)
    ]
    return Story(tuple(acts))


def test_packets_are_drawn_as_a_ladder() -> None:
    one = case(replace(OUTCOMES["segment"], steps=STEPS[:5], story=story(6)))
    text = plain(explain(one, 40))
    assert any("tester" in line and line.endswith("stack") for line in text)
    assert sum("▶" in line for line in text) == 3 and sum("◀" in line for line in text) == 2
    assert "           5 ✗ step 5" in text


def test_what_breaks_a_rule_of_all_cases_ends_at_its_packet() -> None:
    marked = SegmentDifference(True, True, (Field("ACK", "1", "", True), Field("LEN", "0")), step=3)
    outcome = Outcome("failed", "m", IN_CAPTURE, "A rule.", "It was so.", STEPS[:5], story=story(6))
    text = "\n".join(plain(explain(case(replace(outcome, difference=marked)), 40)))
    assert "✗ a rule of every case was broken: A rule." in text and "It was so." in text
    assert "3 ✗ step 3" in text and "step 4" not in text and "✗\n" in text


# --- real ones -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mutant", "identity", "wrong"),
    [
        ("connection.mss-is-an-echo", "connection.our-mss-fits-our-link", ["MSS"]),
        ("sender.fin-not-resent", "sender.fin-has-a-number", ["SEQ", "CTL"]),
        ("connection.bare-acks-answered", "connection.ack-rides-on-data", []),
    ],
)
def test_the_fields_that_a_real_mistake_gets_wrong(
    mutant: str, identity: str, wrong: list[str], tmp_path: Path
) -> None:
    target = m.apply(MUTANTS[mutant], KIT.reference, tmp_path)
    tried = m.try_cases(
        KIT, target, [CASES[identity]], mode="solo", launcher=choose_launcher("auto")
    )
    one = tried[identity].difference
    assert isinstance(one, SegmentDifference) and one.came and one.expected == bool(wrong)
    assert [field.name for field in one.fields if field.differs] == wrong
    assert tried[identity].story is not None, "the first failure is told from beginning to end"


OVERREAD = """==1==ERROR: AddressSanitizer: heap-use-after-free on address 0x602000000018
READ of size 1 at 0x602000000018 thread T0
    #0 0x1 in read_all labs/given/dut/commands_stream.c:40

0x602000000018 is located 0 bytes inside of 8-byte region
freed by thread T0 here:
    #0 0x2 in free ../../libsanitizer/asan/asan_malloc_linux.cpp:52
    #1 0x3 in byte_stream_pop byte_stream.c:107

previously allocated by thread T0 here:
    #0 0x2 in malloc ../../libsanitizer/asan/asan_malloc_linux.cpp:69
    #1 0x4 in byte_stream_new byte_stream.c:37
"""


def test_where_memory_came_from_is_not_where_it_happened() -> None:
    """The kit's code has stumbled over what the student's freed."""
    crashed = Outcome("crashed", "it crashed, in step 3", steps=(" 3  a",), report=OVERREAD)
    one = failure_of(case(crashed))
    assert one.place is None and one.called_from == ()
    assert one.origins == (
        "freed in byte_stream_pop, byte_stream.c:107",
        "allocated in byte_stream_new, byte_stream.c:37",
    )
    text = " ".join("\n".join(plain(explain(case(crashed), 30))).split())
    assert "memory freed in byte_stream_pop, byte_stream.c:107, allocated in" in text


# --- where the mistake is in something else ------------------------------------------------------


def surprise(identity: str, actual: str, **kept: object) -> CaseResult:
    outcome = Outcome(
        "failed",
        "it came",
        "segment",
        "nothing",
        actual,
        STEPS,
        difference=SegmentDifference(True, False, FIELDS),
        also="Silence is kept.",
    )
    kills = CASES[identity].kills
    return case(outcome, identity, hint="Look there.", kills=kills, **kept)


def test_a_segment_from_another_mistake_gets_no_hint_but_the_rule_that_it_breaks() -> None:
    one = failure_of(surprise("connection.syn-is-answered", "ACK seq=1 ack=1 win=9"))
    assert (one.hint, one.also) == ("", "Silence is kept.")
    lines = plain(explain(surprise("connection.syn-is-answered", "ACK seq=1"), 22, WIDTH))
    assert "  ✗ a rule of every case was broken as well: Silence is kept." in lines


def test_a_segment_that_the_case_is_about_gets_its_hint() -> None:
    one = failure_of(surprise("connection.listener-and-resets", "RST         seq=5 win=0"))
    assert (one.hint, one.also) == ("Look there.", "")


def test_a_flood_gets_no_hint() -> None:
    outcome = Outcome("failed", "a flood: more than 1,600 packets, in step 2", steps=STEPS)
    flood = case(outcome, "sender.small-writes-collapse", hint="Look there.")
    assert failure_of(flood).hint == ""
    assert failure_of(replace(flood, outcome=OUTCOMES["missing"])).hint == "Look there."


def test_what_came_unexpectedly_is_held_against_the_rules_of_all_cases(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More and more acknowledgments: that there are too many is said, not only that they flood."""
    text = (KIT.reference / "connection.c").read_text(encoding="utf-8")
    front, made, rest = text.partition("static void make_segment(")
    assert made
    for source in KIT.reference.glob("*.c"):
        (tmp_path / source.name).write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    broken = front + made + rest.replace("    connection->ack_due = false;\n", "", 1)
    (tmp_path / "connection.c").write_text(broken, encoding="utf-8")
    plan = Plan(str(tmp_path), (5,), case="connection.three-way-handshake", wire="socketpair")
    [one] = [one for checkpoint in grade(plan).checkpoints for one in checkpoint.cases]
    assert one.outcome.is_flood
    assert one.outcome.also.startswith("There are no more acknowledgments than segments received")


# --- the first screen ----------------------------------------------------------------------------

ESSENCE = 22  # lines of a terminal with 24: below them stand the prompt and the cursor
LOUD = UnitResult(
    7,
    90,
    tuple(UnitFailure("a_test_with_a_name", "test_a.c:1", "x is 1, " * 9) for _ in range(83)),
)


@pytest.mark.parametrize("name", OUTCOMES)
def test_what_matters_is_in_view_below_warnings_and_unit_tests(name: str, tmp_path: Path) -> None:
    one = case(OUTCOMES[name])
    console = Console(file=io.StringIO(), width=WIDTH)
    screen = CheckScreen(console, tmp_path)
    screen.built(KIT.checkpoints()[2], [f"reassembler.c:{at}: a warning" for at in range(9)])
    screen.units(LOUD)
    screen._explain(one)
    assert isinstance(console.file, io.StringIO)
    rows = [
        row[at : at + WIDTH]
        for row in console.file.getvalue().splitlines()
        for at in range(0, max(1, len(row)), WIDTH)
    ]
    shown = "\n".join(rows[:ESSENCE])
    assert "What a TCP has to do here" in shown and "look in reassembler.c" in shown
    assert "✗" in shown and f"\n  again     {one.rerun}" in shown
    for words in (one.outcome.expected, one.outcome.actual):
        assert words[:8] in shown or OUTCOMES[name].difference is not None
