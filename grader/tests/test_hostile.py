"""Submissions that mean harm: each ends as it deserves, soon, and takes nobody along.

Each file in hostile/ is put beside a copy of the reference, and runs in the process of the device
under test, so that otherwise perfect work does it. A few cases are run here; TCPLAB_ALL_HOSTILE=1
in the environment runs whole grades, and sees that none takes more than a minute.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tcplab.kit import Kit
from tcplab.result import CaseResult, GradeResult
from tcplab.runner import Plan, grade
from tcplab.sandbox import choose_launcher

KIT = Kit.find()
FOLDER = Path(__file__).resolve().parent / "hostile"
ALL = bool(os.environ.get("TCPLAB_ALL_HOSTILE"))
# One with the component alone, three with packets: as many for each of two workers.
CASES = "*" if ALL else "byte_stream.[cs][le]*"
MINUTE_S = 60.0

pytestmark = pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs bubblewrap")


@dataclass(frozen=True)
class Fate:
    """How the cases of a submission may end, and what is said then, as a pattern. `harmless` ones
    may have points: they do their work all the same."""

    statuses: str
    words: str = ""
    harmless: bool = False


# What a device does not do that only answers.
_NO_STACK = "in the answer|\\d+ answers|sent no SYN|no SYN.ACK answers|was not refused"

FATES = {
    "aborts": Fate("crashed", r"it aborted \(ABRT\) at extra.c:\d+ in attack"),
    "answers_at_length": Fate("failed", "an endless answer"),
    "answers_early": Fate("failed", "."),
    "answers_escapes": Fate("failed", "bytes that are no text"),
    "answers_garbage": Fate("failed", "bytes that are no text"),
    "answers_late": Fate("passed timeout", "for the requests of this case|sleeps", harmless=True),
    "answers_twice": Fate("failed", "."),
    "answers_words": Fate("crashed failed", "closed the command channel|answer|no number|refused"),
    "blocks_signals": Fate("timeout", "it computed"),
    "closes_channel": Fate("crashed", "it closed the command channel"),
    "closes_wire": Fate("crashed", "exit status 2"),
    "corrupts_heap": Fate("crashed", "."),
    "eats_memory": Fate("crashed", "more than 512 MB of memory"),
    "eats_memory_slowly": Fate("crashed", "more than 512 MB of memory"),
    "exits": Fate("crashed", "it ended by itself with exit status 0"),
    "exits_in_the_middle": Fate("crashed", "it ended by itself with exit status 0"),
    "fills_stderr": Fate("failed", "a flood: it prints without end"),
    "floods_after_answering": Fate("failed", "a flood|packets came out of the device"),
    "floods_by_timer": Fate("passed failed", "flood|packets came out", harmless=True),
    "floods_for_ever": Fate("failed", "a flood: 1,024 packets or more instead of an answer"),
    "floods_once": Fate("passed failed", "a flood", harmless=True),
    "floods_when_asked": Fate("passed failed", r"a flood: 1,0|cost \d+ times", harmless=True),
    "forges_more": Fate("failed", "a flood: more than 1,600 packets|too short|no .*answer"),
    "forges_replies": Fate("failed", f"expected|{_NO_STACK}"),
    "forges_times": Fate("failed", "it speaks of a packet at 18446744073709551615 ms"),
    "forges_unread": Fate("failed", f"expected|before it was asked|{_NO_STACK}"),
    "forks": Fate("passed", harmless=True),
    "hides": Fate("timeout", "it computed"),
    "jumps_back": Fate("crashed", "."),
    "kills_itself": Fate("crashed", "it was ended by SIGKILL"),
    "loops": Fate("timeout", r"it computed for 1 s, at extra.c:\d+ in on_reply"),
    "loops_for_a_while": Fate("passed timeout", "computed|for the requests", harmless=True),
    "loves_signals": Fate("timeout", "it computed|for the requests of this case"),
    "naps": Fate("timeout", "it sleeps instead of answering"),
    "prints_much": Fate("passed failed", "a flood", harmless=True),
    "recurses": Fate("crashed", "a recursion without end"),
    "shuts_channel": Fate("crashed", "it ended by itself with exit status 0"),
    "sleeps": Fate("timeout", "it sleeps instead of answering"),
    "sleeps_at_the_end": Fate("timeout", "it did not end when told to"),
    "starts_again": Fate("crashed", "it ended by itself with exit status"),
    "stops": Fate("timeout", "it sleeps instead of answering"),
    "strange_packets": Fate("passed failed", "packets? came out of the device", harmless=True),
}


def test_every_submission_has_a_fate() -> None:
    assert sorted(FATES) == sorted(path.stem for path in FOLDER.glob("*.c"))


@pytest.mark.parametrize("name", sorted(FATES))
def test_a_hostile_submission_ends_as_it_deserves(name: str, tmp_path: Path) -> None:
    started = time.monotonic()
    result = grade(Plan(str(submission(tmp_path, name)), case=CASES))
    duration_s = time.monotonic() - started

    fate = FATES[name]
    assert [one.build_error for one in result.checkpoints if one.build_error] == []
    surprises = [words for case in cases(result) for words in surprise(case, fate)]
    assert surprises == []
    if not fate.harmless:
        assert result.score == 0
    if ALL:
        assert duration_s < MINUTE_S


def surprise(case: CaseResult, fate: Fate) -> list[str]:
    """What is not as it should be."""
    outcome = case.outcome
    if outcome.status == "not run":
        if re.search(
            r"^not reached|cases? before it timed out|^(the|all) cases before", outcome.message
        ):
            return []
    elif outcome.status == "passed" and "passed" in fate.statuses:
        return []
    elif outcome.status in fate.statuses and re.search(fate.words, outcome.message):
        return []
    return [f"{case.id}: {outcome.status}: {outcome.message}"]


def submission(folder: Path, name: str) -> Path:
    """The reference, and with it what means harm."""
    for source in KIT.reference.glob("*.c"):
        shutil.copyfile(source, folder / source.name)
    shutil.copyfile(FOLDER / "hostile.h", folder / "hostile.h")
    shutil.copyfile(FOLDER / f"{name}.c", folder / "extra.c")
    return folder


def cases(result: GradeResult) -> list[CaseResult]:
    return [case for one in result.checkpoints for case in one.cases]


def test_nothing_that_is_said_rules_a_terminal(tmp_path: Path) -> None:
    result = grade(Plan(str(submission(tmp_path, "answers_escapes")), case=CASES))
    text = repr([case.outcome for case in cases(result)])
    assert "owned" in text and "and text" in text
    for outcome in (case.outcome for case in cases(result)):
        said = "\n".join([outcome.message, outcome.report, *outcome.steps])
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", said)


def test_no_patience_is_lost_with_cases_that_hang_elsewhere(tmp_path: Path) -> None:
    """A checkpoint in which everything hangs takes no points from the next."""
    folder = submission(tmp_path, "sleeps")
    (folder / "extra.c").unlink()
    with (folder / "seqno.c").open("a", encoding="utf-8") as seqno:
        seqno.write("\n" + (FOLDER / "sleeps.c").read_text(encoding="utf-8"))
    result = grade(Plan(str(folder), checkpoints=(0, 1)))
    asleep, sound = result.checkpoints
    statuses = asleep.count()
    assert set(statuses) == {"timeout", "not run"} and asleep.score == 0
    assert sound.score == sound.max_score
    not_run = [case.outcome.message for case in asleep.cases if case.outcome.status == "not run"]
    assert all(re.fullmatch(r"\d+ cases before it timed out", words) for words in not_run)


def test_the_sandbox_is_there() -> None:
    assert choose_launcher("auto").mode == "bwrap"


@pytest.mark.parametrize("name", ["aborts", "corrupts_heap", "recurses"])
def test_a_crash_is_the_same_every_time(name: str, tmp_path: Path) -> None:
    """Not so that of jumps_back, which goes where the stack happens to point: there are random
    numbers on it, the canaries of the C library."""
    plan = Plan(str(submission(tmp_path, name)), case=CASES)
    first, again = ([replace(one.outcome, wall_s=0) for one in cases(grade(plan))] for _ in "ab")
    assert first == again
    assert all(outcome.status == "crashed" and outcome.report for outcome in first)
