"""A work folder is made whole, and never overwrites what a student wrote."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tcplab.cli import main
from tcplab.kit import COMPONENT_FILES, Kit
from tcplab.work.folder import WorkFolder
from tcplab.work.record import fingerprint, remember
from tcplab.work.start import start


def test_a_folder_with_any_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "Übung 1, it's mine"
    assert main(["start", str(folder)]) == 0
    assert "./tcplab check 0" in capsys.readouterr().out
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


def test_a_kit_that_has_moved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    elsewhere, folder = tmp_path / "kit", tmp_path / "mine"
    for part in ("skeleton", "labs"):
        shutil.copytree(Kit.find().root / part, elsewhere / part)
    start(Kit(elsewhere), folder)
    (folder / ".clangd").write_text("mine", encoding="utf-8")
    assert main(["start", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "has moved; written anew: tcplab.json, compile_commands.json, tcplab\n" in out
    assert (folder / ".clangd").read_text(encoding="utf-8") == "mine"
    assert str(elsewhere) not in (folder / "compile_commands.json").read_text(encoding="utf-8")
    assert subprocess.run(["./tcplab", "grade", "--help"], cwd=folder).returncode == 0
    assert main(["start", str(folder)]) == 0
    assert "has moved" not in capsys.readouterr().out


def test_a_folder_that_has_moved(tmp_path: Path) -> None:
    assert main(["start", str(tmp_path / "mine")]) == 0
    moved = (tmp_path / "mine").rename(tmp_path / "yours")
    assert main(["start", str(moved)]) == 0
    assert str(moved) in (moved / "compile_commands.json").read_text(encoding="utf-8")


def test_git_that_fails_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    git = tmp_path / "git"
    git.write_text("#!/bin/sh\necho 'no room' >&2; exit 1\n", encoding="ascii")
    git.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert main(["start", str(tmp_path / "mine")]) == 0
    assert "no git repository was made: no room" in capsys.readouterr().out


def test_the_next_step_is_the_first_unfinished(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "mine"
    assert main(["start", str(folder)]) == 0
    first = Kit.find().checkpoints()[0]
    whole = {"score": 10, "passed": 37, "total": 37, "units_failed": 0}
    remember(folder, first, fingerprint(folder, first), **whole)
    assert main(["start", str(folder)]) == 0
    assert "./tcplab check 1" in capsys.readouterr().out


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
