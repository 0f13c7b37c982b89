"""Hints: what they may say, and that each call gives the next one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tcplab.case import discover
from tcplab.cli import main
from tcplab.kit import Checkpoint, Kit
from tcplab.work.folder import WorkFolder
from tcplab.work.hints import ShownHints
from tcplab.work.record import fingerprint, remember

CHECKPOINTS = Kit.find().checkpoints()
CASE = "connection.fin-is-acknowledged"
_CODE = re.compile(r"[;{}`]|->|==|\+\+|\w\(|\b(?:if|else|while|for|return)\s*\(")


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WorkFolder:
    folder = tmp_path / "mine"
    assert main(["start", str(folder)]) == 0
    monkeypatch.chdir(folder)
    return WorkFolder(folder.resolve())


def hint(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    assert main(["hint", *words]) == 0
    return capsys.readouterr().out


def told(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What stands below the title, in one line."""
    return " ".join(hint(capsys, *words).split("\n", 1)[1].split())


def refusal(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    assert main(["hint", *words]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("\n") == 1
    return printed.err


@pytest.mark.parametrize("checkpoint", CHECKPOINTS, ids=lambda one: str(one.name))
def test_hints_are_graduated_and_no_code(checkpoint: Checkpoint) -> None:
    assert 5 <= len(set(checkpoint.hints)) == len(checkpoint.hints)
    for text in checkpoint.hints:
        assert not _CODE.search(text) and "_" not in text
        assert 60 <= len(text) <= 240 and text[-1] in ".?"
    assert "?" in checkpoint.hints[0]  # first a question,
    assert "Draw" in checkpoint.hints[1] or "draw" in checkpoint.hints[0]  # then a picture,
    assert any("nvariant" in text for text in checkpoint.hints[-2:])  # and at last what holds


def test_each_call_gives_the_next(capsys: pytest.CaptureFixture[str], work: WorkFolder) -> None:
    hints = CHECKPOINTS[1].hints
    for at, text in enumerate(hints, 1):
        rest = "again for the next" if at < len(hints) else "the last"
        assert told(capsys, "1") == f"{text} ({at} of {len(hints)}; {rest})"
    assert told(capsys, "1").startswith(hints[-1])
    assert hints[0] in told(capsys, "1", "--restart")
    assert hints[1] in told(capsys, "1", "--more")


def test_each_checkpoint_counts_by_itself(
    capsys: pytest.CaptureFixture[str], work: WorkFolder
) -> None:
    hint(capsys, "2")
    hint(capsys, "2")
    assert [ShownHints(work).count(number) for number in (1, 2)] == [0, 2]
    again = told(capsys, "2", "--again")
    assert all(text in again for text in CHECKPOINTS[2].hints[:2])
    assert CHECKPOINTS[2].hints[2] not in again
    assert all(text in told(capsys, "2", "--all") for text in CHECKPOINTS[2].hints)
    assert CHECKPOINTS[2].hints[4] in told(capsys, "2", "--level", "5")
    assert ShownHints(work).count(2) == 2


def test_without_a_number_it_is_the_unfinished_one(
    capsys: pytest.CaptureFixture[str], work: WorkFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    (work.root / "notes").mkdir()
    monkeypatch.chdir(work.root / "notes")
    assert CHECKPOINTS[0].hints[0] in told(capsys)
    for one in CHECKPOINTS:
        files = fingerprint(work.root, one)
        remember(work.root, one, files, score=1, passed=1, total=1, units_failed=0)
        if one.number == 1:
            assert CHECKPOINTS[2].hints[0] in told(capsys)
    assert "all checkpoints are done" in refusal(capsys)
    monkeypatch.chdir("/")
    assert "a hint about what" in refusal(capsys)


@pytest.mark.parametrize("record", ["", "[]", '{"3": true}', '{"3": -1}', "\x00"])
def test_a_spoilt_record_is_none(
    capsys: pytest.CaptureFixture[str], work: WorkFolder, record: str
) -> None:
    (work.root / ".tcplab").mkdir(exist_ok=True)
    (work.root / ".tcplab" / "hints.json").write_text(record, encoding="utf-8")
    assert CHECKPOINTS[3].hints[0] in told(capsys, "3")
    assert ShownHints(work).count(3) == 1


def test_elsewhere_it_is_the_first(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        assert "more with --level 2" in told(capsys, "4")
    assert CHECKPOINTS[4].hints[1] in told(capsys, "4", "--level", "2")
    assert list(tmp_path.iterdir()) == []


def test_of_a_case(capsys: pytest.CaptureFixture[str]) -> None:
    [case] = [one for one in discover(CHECKPOINTS) if one.id == CASE]
    assert case.hint in hint(capsys, CASE).splitlines()


def test_what_there_is_not(capsys: pytest.CaptureFixture[str], work: WorkFolder) -> None:
    assert "there is no checkpoint 6" in refusal(capsys, "6")
    assert "has 6 hints" in refusal(capsys, "0", "--level", "7")
    assert f"did you mean {CASE}" in refusal(capsys, "connection.fin-is-acknowleged")
    assert f"did you mean {CASE}" in refusal(capsys, "fin-is-acknowledge")
    assert "'sender.*' names" in refusal(capsys, "sender.*")
    assert main(["trace", "seqno.wrap-is-modulo-2^31"]) == 2
    assert "did you mean seqno.wrap-is-modulo-2^32" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["reassembler", "2-reassembler", "reassembler.c", "2"])
def test_a_checkpoint_is_found_by_its_name(capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert hint(capsys, name).startswith("2 The reassembler\n")
    assert hint(capsys, "segment").startswith("5 The connection\n")
    assert hint(capsys, "byte-stream").startswith("1 The byte stream\n")


def test_lines_end_where_the_terminal_does(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for columns, most in ((60, 60), (200, 80)):
        monkeypatch.setenv("COLUMNS", str(columns))
        for words in (["4", "--all"], [CASE]):
            lines = hint(capsys, *words).splitlines()
            assert most - 15 < max(map(len, lines)) <= most
            assert not any(line.endswith(" ") for line in lines)
