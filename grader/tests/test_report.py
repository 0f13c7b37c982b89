"""What a person gets to read: a first screen, then a line for each failure."""

from __future__ import annotations

import io
from fractions import Fraction

import pytest
from rich.console import Console

from tcplab.harmless import harmless, last_lines
from tcplab.report.terminal import explain, lines_of, print_result
from tcplab.result import CaseResult, CheckpointResult, GradeResult, Outcome
from tcplab.sanitizer import own_words, tidy_report

CRASH = """my own words
and \x1b[31mmore
=================================================================
==1==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x602000000013 at pc 0x55 bp 0x7ffe
WRITE of size 1 at 0x602000000013 thread T0
    #0 0x7f6604e38dd8 in __interceptor_memcpy (/dut+0x5c81f)
    #1 0x55d1f6d6b2c8 in copy_in byte_stream.c:42
    #2 0x55d1f6d6b2c8 in byte_stream_write byte_stream.c:66
    #3 0x55d1f6d6b2c8 in write_stream labs/given/dut/commands_stream.c:80

0x602000000013 is located 0 bytes to the right of 3-byte region [0x602000000010,0x602000000013)
Shadow bytes around the buggy address:
  0x0c047fff7fb0: 00 00 00 00
==1==ABORTING
"""
FAILED = Outcome("failed", "a is 1, expected 2", "a", "2", "1", steps=("  1  a step",) * 99)


def case(at: int, outcome: Outcome, stem: str = "seqno") -> CaseResult:
    rerun = f"./tcplab grade x --checkpoint 0 --case {stem}.c{at} --seed 1"
    return CaseResult(
        f"{stem}.c{at}", "A rule.", ("9293 3.4",), "A hint.", Fraction(1), rerun, outcome
    )


def result(*outcomes: Outcome) -> GradeResult:
    cases = tuple(case(at, outcome) for at, outcome in enumerate(outcomes))
    ones = [CheckpointResult(at, "seqno", "Sequence numbers", cases) for at in range(6)]
    return GradeResult("1.0", "x", 1, "tun", "", "bwrap", "solo", 0.5, tuple(ones))


def plain(of: GradeResult) -> list[str]:
    return [line.plain for line in lines_of(of)]


@pytest.mark.parametrize(
    "outcome", [FAILED, Outcome("crashed", "it crashed", report=CRASH, steps=FAILED.steps)]
)
def test_the_first_screen_holds_the_score(outcome: Outcome) -> None:
    lines = plain(result(*[outcome] * 30))
    assert lines[23].startswith("score 0 / 180")
    assert lines[22] == "" and any("again" in line for line in lines[:22])
    assert lines[24:] == ["", "All 180 that did not pass:", *lines[26:]]


def test_failures_of_which_the_same_is_to_be_said_stand_together() -> None:
    others = [Outcome("failed", f"a is {at}, expected 2, in step {at} (b)") for at in range(5)]
    lines = plain(result(*others, FAILED, Outcome("crashed", "it crashed")))
    about = [line for line in lines if line.startswith(" ✗")]
    assert about[0].startswith(" ✗ seqno.c0 and 35 more: a is 0, ")
    assert about[1].startswith(" ✗ crashed seqno.c6 and 5 more: ") and len(about) == 2


def test_a_single_failure_is_told_once() -> None:
    one = CheckpointResult(0, "seqno", "Sequence numbers", (case(0, FAILED),))
    lines = plain(GradeResult("1", "x", 1, "tun", "", "bwrap", "solo", 0.5, (one,)))
    assert lines[-1].startswith("score 0 / 1")


def test_a_crash_is_explained_by_the_sanitizer_and_not_by_the_hint() -> None:
    crashed = case(0, Outcome("crashed", "it crashed", report=tidy_report(CRASH)))
    text = "\n".join(line.plain for line in explain(crashed))
    assert "hint" not in text and "ERROR: AddressSanitizer: heap-buffer-overflow" in text
    assert "in copy_in, byte_stream.c:42" in text and "commands_stream" not in text
    assert "printed   my own words" in text and "\x1b" not in text
    assert "heap-buffer-overflow" in crashed.to_json()["hint"]


def test_what_was_printed_is_shown_with_a_failure() -> None:
    failed = case(0, Outcome("failed", "wrong", report="one\ntwo\n\nthree\nfour\n"))
    text = "\n".join(line.plain for line in explain(failed))
    assert "hint      A hint." in text and "printed   two\n" in text and "four" in text


def test_a_report_has_nothing_that_differs_from_run_to_run() -> None:
    report = tidy_report(CRASH)
    assert "0x602" not in report and "0x55d" not in report and "Shadow" not in report
    assert "#1 copy_in byte_stream.c:42" in report
    assert own_words(report) == "my own words\nand \x1b[31mmore\n"


@pytest.mark.parametrize(
    ("text", "fit"),
    [
        ("a\tb\nc", "a\tb\nc"),
        ("\x1b[2J\x07", "\\x1b[2J\\x07"),
        ("a\r\nb\rc", "a\nb\\x0dc"),
        ("\u202eabc\x9b", "\\u202eabc\\x9b"),
    ],
)
def test_control_characters_are_spelled(text: str, fit: str) -> None:
    assert harmless(text) == fit


def test_the_last_lines_are_bounded() -> None:
    assert last_lines("a\n\n" + "b" * 99 + "\n\tc\n", 2, 10) == ["b" * 9 + "…", "    c"]


def test_it_is_written_in_one_go() -> None:
    out = io.StringIO()
    print_result(result(FAILED), Console(file=out, width=20))
    assert out.getvalue().splitlines() == plain(result(FAILED))
