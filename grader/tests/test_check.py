"""`check` explains the first failure, skips what builds on it, and says what to do next."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import pytest
from rich.console import Console

from tcplab import sandbox
from tcplab.checking.early import Early
from tcplab.checking.session import check
from tcplab.checking.units import CmockaMissing, UnitBuilder, result_of
from tcplab.cli import main
from tcplab.kit import COMPONENT_FILES, Checkpoint, Kit
from tcplab.plan import Plan
from tcplab.report.check_terminal import CheckScreen
from tcplab.work.record import (
    Standing,
    fingerprint,
    first_unfinished,
    remember,
    standings,
)

KIT = Kit.find()
NAMES = [one.name for one in KIT.checkpoints()]
SCREEN = 24


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A work folder with the reference's files, in which we are."""
    folder = tmp_path / "mine"
    assert main(["start", str(folder)]) == 0
    for name in COMPONENT_FILES:
        shutil.copy(KIT.reference / name, folder / name)
    monkeypatch.chdir(folder)
    return folder


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def first_screen(capsys: pytest.CaptureFixture[str]) -> str:
    return "\n".join(capsys.readouterr().out.splitlines()[:SCREEN])


def test_what_passes_leads_on(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["check"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("checkpoint 0  Sequence numbers  seqno.c\nunit tests: 27 of 27 passed\n")
    assert "10 / 10 points" in out and "then ./tcplab check 1" in out and "1-byte-stream.md" in out
    assert first_unfinished(standings(work, KIT.checkpoints())) == 1


def test_the_first_screen_names_rule_and_file(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(KIT.skeleton / "reassembler.c", work)
    assert main(["check", "2"]) == 1
    screen = first_screen(capsys)
    assert "reassembler.c" in screen
    assert "Pieces that come in order are delivered at once" in screen
    assert "49 cases skipped (needs reassembler.in-order-passes-through)" in screen
    assert "./tcplab hint 2" in screen
    assert "./tcplab trace reassembler.in-order-passes-through" in screen


def test_where_there_can_be_no_sandbox(
    work: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One's own code is checked without one; what lies elsewhere may be anybody's."""
    monkeypatch.setattr(sandbox, "_why_no_bwrap", lambda: "no namespaces here")
    assert main(["check", "0"]) == 0
    said = capsys.readouterr()
    assert said.err == "tcplab: this runs without a sandbox: no namespaces here\n"
    assert "37 of 37 cases passed" in said.out and "unit tests: not run" in said.out
    for command in ("trace", "explain"):
        assert main([command, "seqno.wrap-is-modulo-2^32"]) == 0
        assert "without a sandbox" in capsys.readouterr().err
    monkeypatch.chdir(work.parent)
    for words in (["check", "0", "mine"], ["trace", "seqno.wrap-is-modulo-2^32", "mine"]):
        assert main(words) == 2
        assert "no sandbox: no namespaces here" in capsys.readouterr().err


def test_an_error_ends_it_with_file_and_line(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(work / "segment.c", "{", "{ int \x1b[31m = 1;")
    assert main(["check", "5"]) == 1
    screen = first_screen(capsys)
    assert "✗ does not compile  segment.c:" in screen and "unit tests" not in screen
    assert " | " in screen and "\\x1b[31m" in screen and "\x1b[31m = 1" not in screen
    assert standings(work, KIT.checkpoints())[5].points is None


def test_warnings_are_shown_each_time(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (work / "more.c").write_text("int more(void);\nint more(void) { int unused; return 1; }\n")
    for _ in range(2):
        assert main(["check", "0"]) == 0
        assert " more.c:2: unused variable" in capsys.readouterr().out


def test_all_failures_are_named_in_lines_as_wide_as_there_are_columns(
    work: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(KIT.skeleton / "seqno.c", work)
    capsys.readouterr()
    assert main(["check", "0"]) == 1
    shown = capsys.readouterr().out
    assert "   --all, or the key a of --watch, names each of them\n" in shown
    assert "in-every-corner" not in shown
    for columns in (60, 140):
        monkeypatch.setenv("COLUMNS", str(columns))
        assert main(["check", "0", "--all"]) == 1
        lines = capsys.readouterr().out.splitlines()
        others = [line for line in lines if line.startswith(" ✗ seqno.")]
        assert len({line.split()[1] for line in others}) == 18  # and the one that is explained
        assert sum("expected" in line for line in others) == 18
        assert all(len(line) <= columns for line in others)
        assert any(len(line) > 60 for line in others) == (columns == 140)
        assert len([line for line in lines if line.startswith(" ✗ test_seqno.c:")]) == 23
    assert not any("…" in line for line in others)


def test_one_case_is_no_verdict(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "0", "--case", "seqno.wrap-*"]) == 0
    shown = capsys.readouterr().out
    assert "1 of 1 cases passed" in shown and shown.endswith(
        "\nnext: ./tcplab check 0, all cases\n"
    )
    assert standings(work, KIT.checkpoints())[0].points is None


def test_what_was_passed_over_comes_last(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def next_after(number: int, *words: str) -> str:
        capsys.readouterr()
        assert main(["check", str(number), *words]) == 0
        return capsys.readouterr().out

    shown = next_after(2)
    assert "next: checkpoint 3, The receiver (0 and 1 are not checked yet)\n" in shown
    assert first_unfinished(standings(work, KIT.checkpoints())) == 3
    write_down(work, 3, 4)
    shown = next_after(5)
    assert shown.endswith("\nnext: ./tcplab check 0; checkpoints 0 and 1 are not checked yet\n")
    shown = next_after(0)
    assert "next: checkpoint 1, The byte stream\n" in shown
    edit(work / "receiver.c", "", "/* changed */\n")
    assert "next: checkpoint 3, The receiver (1 is not checked yet)\n" in next_after(4)


def write_down(work: Path, *numbers: int) -> None:
    """They are done."""
    for one in (KIT.checkpoints()[number] for number in numbers):
        files = fingerprint(work, one)
        score = float(one.points)
        remember(work, one, files, score=score, passed=1, total=1, units_failed=0)


def test_a_record_says_with_what_to_go_on() -> None:
    def stand(number: int, how: str) -> Standing:
        points = None if how == "-" else 5.0
        return Standing(number, points, 5.0, 1 if how == "d" else 0, 1, 0, True)

    def unfinished(how: str, after: int | None = None) -> int | None:
        return first_unfinished([stand(*one) for one in enumerate(how)], after)

    assert [unfinished(how) for how in ("------", "d-----", "--d---", "-fd---")] == [0, 1, 3, 1]
    assert [unfinished(how) for how in ("-----d", "dddddd", "--d-dd", "--dddf")] == [0, None, 0, 5]
    assert unfinished("--d-dd", 2) == 3


def test_json_has_the_unit_tests(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(KIT.skeleton / "seqno.c", work)
    capsys.readouterr()
    assert main(["check", "0", "--json", "-"]) == 1
    [checkpoint] = json.loads(capsys.readouterr().out)["checkpoints"]
    assert checkpoint["unit_tests"]["total"] == 27
    assert checkpoint["unit_tests"]["failures"][0]["place"].startswith("test_seqno.c:")
    wire = [one for one in checkpoint["cases"] if one["id"].startswith("seqno.connection-")]
    assert wire and all(one["status"] == "not run" for one in wire)
    assert "needs seqno.wrap-is-modulo-2^32" in wire[0]["message"]


@pytest.mark.parametrize("checkpoint", KIT.checkpoints(), ids=NAMES)
def test_unit_tests_are_told_by_lines_of_their_own(checkpoint: Checkpoint, tmp_path: Path) -> None:
    """Not by those of the words that they are written in."""
    record = tmp_path / "check.json"
    assert main(["check", str(checkpoint.number), "skeleton", "--json", str(record)]) == 1
    [one] = json.loads(record.read_text())["checkpoints"]
    failures = one["unit_tests"]["failures"]
    assert len(failures) > 20
    for failure in failures:
        file, _, line = failure["place"].partition(":")
        above = (KIT.labs / checkpoint.folder / file).read_text().splitlines()[: int(line)]
        begun = [text for text in above if text.startswith("static ")]
        assert f"void {failure['name']}(void **state)" in begun[-1], failure


def test_a_unit_test_that_fails_on_the_way_is_told_by_its_own_line(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The way into a state is a word in a header, which many tests use."""
    edit(work / "connection.c", ".has_mss = message->syn,", ".has_mss = false,")
    capsys.readouterr()
    assert main(["check", "5", "--json", "-"]) == 1
    [checkpoint] = json.loads(capsys.readouterr().out)["checkpoints"]
    units = checkpoint["unit_tests"]
    assert units["total"] > 150
    places = [one["place"] for one in units["failures"]]
    assert len(places) > 100 and all(place.startswith("test_connection_") for place in places)
    lines = (KIT.labs / "5-connection" / "test_connection_abort.c").read_text().splitlines()
    number = int(next(one for one in places if "_abort.c:" in one).partition(":")[2])
    assert "in_state(" in lines[number - 1]


def test_a_checkpoint_may_be_called_by_its_name(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(["check", "seqno", "--case", "seqno.unwrap-past-2^32"]) == 0
    assert capsys.readouterr().out.startswith("checkpoint 0")
    (work / "seqno").mkdir()  # then this is meant
    assert main(["check", "seqno", "--case", "seqno.*"]) == 2
    assert "give a number" in capsys.readouterr().err


def test_another_folder_needs_a_number(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(KIT.skeleton)]) == 2
    assert "give a number" in capsys.readouterr().err
    assert main(["check", "6"]) == main(["check", "1", "2"]) == main(["check", "1", "a", "b"]) == 2
    assert main(["check", "1", "reference"]) == 0


def test_commands_work_where_they_are_read(
    work: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(KIT.skeleton / "seqno.c", work)
    (work / "notes").mkdir()
    monkeypatch.chdir(work / "notes")
    assert main(["check", "0", "--case", "seqno.wrap-*"]) == 1
    out = capsys.readouterr().out
    assert "../tcplab check 0 --case seqno.wrap-is-modulo-2^32\n" in out
    assert "../tcplab trace seqno.wrap-is-modulo-2^32\n" in out
    assert main(["trace", "seqno.connection-from-isn-0x0"]) == 0
    assert " on .., seed 1" in capsys.readouterr().out


def test_outside_of_a_work_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["check"]) == 2
    error = capsys.readouterr().err
    assert "no work folder" in error and error.count("\n") == 1


def test_unit_tests_that_are_not_there(
    work: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(self: object, checkpoint: object) -> Path:
        raise CmockaMissing

    monkeypatch.setattr(UnitBuilder, "program", missing)
    monkeypatch.setattr(UnitBuilder, "finished_program", lambda self, checkpoint: None)
    assert main(["check", "0"]) == 0
    assert "unit tests: not run, for cmocka is missing" in capsys.readouterr().out


def test_an_endless_loop_ends(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(KIT.skeleton / "seqno.c", work)
    edit(work / "seqno.c", "return false;", "for (;;) { }")
    assert main(["check", "0"]) == 1
    assert "then it does not come to an end" in capsys.readouterr().out


def test_what_cmocka_prints_is_read() -> None:
    result = result_of(
        "[==========] Running 3 test(s).\n"
        "[ RUN      ] one\n[       OK ] one\n"
        "[ RUN      ] two\nwrap(1, 0) is 0, expected 1\n"
        "[  ERROR   ] --- [   LINE   ] --- labs/0-seqno/test_seqno.c:44: error: Failure!\n"
        "[  FAILED  ] two\n"
        "[ RUN      ] three\n",
        "it was ended by SIGSEGV",
    )
    assert (result.passed, result.total) == (1, 3)
    two, three = result.failures
    assert two.place == "test_seqno.c:44" and two.message == "wrap(1, 0) is 0, expected 1"
    assert three.name == "three" and "SIGSEGV" in three.message
    assert not result.is_good


def test_a_unit_test_alone_is_told_in_full(
    work: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All cases pass: a FIN may be acknowledged a little later. But the header promises more."""
    late = "connection->state = TCP_CLOSE_WAIT;\n        connection->ack_due = true;"
    edit(work / "connection.c", late, "connection->state = TCP_CLOSE_WAIT;")
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["check", "5"]) == 1
    screen = " ".join(first_screen(capsys).split())
    assert "a fin is never acknowledged with delay: the connection is silent, expected" in screen
    assert "look in segment.c or connection.c, and at test_connection_close.c:" in screen
    assert "cases passed 30 / 30 points" in screen


def test_a_library_that_crashes_while_it_is_loaded_is_the_students(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is loaded before the first case; what is lost there comes again where it can be told."""
    with (work / "seqno.c").open("a", encoding="utf-8") as source:
        source.write(
            "#include <stdlib.h>\n"
            "__attribute__((constructor)) static void begin(void) { abort(); }\n"
        )
    assert main(["check", "0", "--case", "seqno.before-itself*"]) == 1
    printed = capsys.readouterr().out
    assert "crashed in begin" in printed and "look in seqno.c:45" in printed


@pytest.mark.parametrize("is_terminal", [True, False])
def test_while_a_case_hangs_the_screen_says_which(work: Path, is_terminal: bool) -> None:
    """The line goes when the case has ended: what is left does not depend on the machine."""
    edit(work / "seqno.c", "    return steps > 0", "    for (;;) {\n    }\n    return steps > 0")
    printed = io.StringIO()
    console = Console(file=printed, force_terminal=is_terminal, width=80)
    screen = CheckScreen(console, work)
    plan = Plan(str(work), checkpoints=(0,), case="seqno.*-itself*", early=True, again="check")
    with Early(plan) as early:
        checked = check(plan, early, screen)
    screen.end(checked, [])
    assert "timeout" in {case.outcome.status for case in checked.cases}
    lines = printed.getvalue().splitlines()
    waiting = [at for at, line in enumerate(lines) if "has not come to its end yet" in line]
    assert len(waiting) == (1 if is_terminal else 0)
    for at in waiting:
        assert lines[at + 1].startswith("\x1b[1A\x1b[2K")
