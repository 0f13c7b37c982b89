"""A work folder is made whole, and never overwrites what a student wrote."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tcplab.cli import main
from tcplab.kit import COMPONENT_FILES, Kit
from tcplab.work.folder import WorkFolder


def test_a_folder_with_any_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "Übung 1, it's mine"
    assert main(["start", str(folder)]) == 0
    assert "./tcplab grade ." in capsys.readouterr().out
    for name in COMPONENT_FILES:
        assert (folder / name).read_bytes() == (Kit.find().skeleton / name).read_bytes()
    (folder / "notes").mkdir()
    assert WorkFolder.find(folder / "notes") == WorkFolder(folder.resolve())
    helped = subprocess.run(["../tcplab", "grade", "--help"], cwd=folder / "notes")
    assert helped.returncode == 0


def test_going_on_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "mine"
    assert main(["start", str(folder)]) == 0
    (folder / "seqno.c").write_text("mine", encoding="utf-8")
    (folder / "sender.c").unlink()
    assert main(["start", str(folder)]) == 0
    assert (folder / "seqno.c").read_text(encoding="utf-8") == "mine"
    assert "added what was missing: sender.c\n" in capsys.readouterr().out


def test_what_is_not_a_work_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("theirs", encoding="utf-8")
    for place in (tmp_path, tmp_path / "file", tmp_path / "file" / "below"):
        assert main(["start", str(place)]) == 2
        assert capsys.readouterr().err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_grade_without_a_target_takes_the_work_folder(tmp_path: Path) -> None:
    assert main(["start", str(tmp_path / "mine")]) == 0
    below = tmp_path / "mine" / "notes"
    below.mkdir()
    command = ["../tcplab", "grade", "--case", "seqno.wrap-is-*"]
    done = subprocess.run(command, cwd=below, capture_output=True, text=True)
    assert done.returncode == 0 and "   .., solo" in done.stdout
