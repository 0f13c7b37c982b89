"""`status` shows what was found last, and says when that is no longer about the files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tcplab.cli import main
from tcplab.kit import Kit
from tcplab.work.record import fingerprint, remember, standings

KIT = Kit.find()
CHECKPOINTS = KIT.checkpoints()


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "mine"
    assert main(["start", str(folder)]) == 0
    monkeypatch.chdir(folder)
    return folder


def status(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["status", "--json"]) == 0
    record: dict[str, Any] = json.loads(capsys.readouterr().out)
    return record


def write_down(work: Path, number: int, **what: Any) -> None:
    checkpoint = CHECKPOINTS[number]
    score = float(checkpoint.points)
    whole: dict[str, Any] = {"score": score, "passed": 30, "total": 30, "units_failed": 0}
    remember(work, checkpoint, fingerprint(work, checkpoint), **{**whole, **what})


def test_nothing_is_known_at_first(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = status(capsys)
    assert record["score"] == 0 and record["next"] == "./tcplab check 0"
    assert all(one["score"] is None for one in record["checkpoints"])


def test_a_grade_is_remembered(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(KIT.reference / "byte_stream.c", work)
    assert main(["grade", "--checkpoint", "1", "--wire", "socketpair"]) == 0
    shown = status(capsys)["checkpoints"][1]
    assert shown["score"] == 10 and shown["done"] and not shown["changed_since"]


def test_changed_since(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_down(work, 0)
    assert status(capsys)["next"] == "./tcplab check 1"
    with (work / "seqno.c").open("a", encoding="utf-8") as file:
        file.write("/* more */\n")
    record = status(capsys)
    assert record["checkpoints"][0]["changed_since"] and record["next"] == "./tcplab check 0"
    assert main(["status"]) == 0
    out = capsys.readouterr().out
    assert "changed since" in out and "next: ./tcplab check 0" in out


def test_another_checkpoints_file_changes_nothing(work: Path) -> None:
    write_down(work, 0)
    (work / "sender.c").write_text("", encoding="utf-8")
    assert standings(work, CHECKPOINTS)[0].is_done
    (work / "helpers.h").write_text("", encoding="utf-8")
    assert not standings(work, CHECKPOINTS)[0].is_done


def test_failed_unit_tests_are_work_to_do(work: Path) -> None:
    write_down(work, 0, units_failed=2)
    write_down(work, 0, units_failed=None)  # a grade of the same files does not run them
    assert not standings(work, CHECKPOINTS)[0].is_done
    (work / "seqno.c").write_text("", encoding="utf-8")
    write_down(work, 0, units_failed=None)
    assert standings(work, CHECKPOINTS)[0].is_done


@pytest.mark.parametrize("text", ["", "[]", "{", '{"format": 1, "score": "x"}', '{"format": 9}'])
def test_a_spoilt_record_is_none(work: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    (work / ".tcplab").mkdir()
    (work / ".tcplab" / "checkpoint-0.json").write_text(text, encoding="utf-8")
    assert status(capsys)["checkpoints"][0]["score"] is None


def test_all_done(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(6):
        write_down(work, number)
    record = status(capsys)
    assert record["score"] == record["max_score"] == 100 and record["next"] == "./tcplab grade"


def test_git_ignores_what_is_remembered(work: Path) -> None:
    assert "/.tcplab/" in (work / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_elsewhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
