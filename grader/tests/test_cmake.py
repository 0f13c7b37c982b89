"""Bare CTest in a work folder: cmake --preset student && ctest --preset checkpoint2."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tcplab.cli import main
from tcplab.kit import Kit
from tcplab.work.cmake import cmake_files

KIT = Kit.find()


def run(folder: Path, *command: str) -> tuple[int, str]:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def passed(output: str) -> set[str]:
    """The tests that passed, as CTest tells it."""
    lines = [line for line in output.splitlines() if " Passed " in line]
    return {line.partition(": ")[2].split(" ")[0] for line in lines}


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A work folder with the two first checkpoints solved, the third half finished."""
    folder = tmp_path / "Übung 1, it's mine"
    assert main(["start", str(folder)]) == 0
    for name in ("seqno.c", "byte_stream.c"):
        shutil.copy(KIT.reference / name, folder)
    (folder / "reassembler.c").write_text("int half = \n", encoding="utf-8")
    return folder


def test_the_two_commands(work: Path) -> None:
    status, output = run(work, "cmake", "--preset", "student")
    assert status == 0, output
    status, output = run(work, "ctest", "--preset", "checkpoint1")
    assert status == 0, output
    assert passed(output) == {
        f"checkpoint1.{name}" for name in ("build", "unit.byte_stream", "check")
    }

    status, output = run(work, "ctest", "--preset", "checkpoint2")
    assert status != 0 and passed(output) == set()
    assert "reassembler.c:1:" in output and "(Not Run)" in output

    shutil.copy(KIT.reference / "reassembler.c", work)
    status, output = run(work, "ctest", "--preset", "checkpoint2")
    assert status == 0, output
    assert len(passed(output)) == 5


def test_a_wrong_answer_fails(work: Path) -> None:
    text = (KIT.reference / "seqno.c").read_text(encoding="utf-8")
    wrong = text.replace("return steps > 0 &&", "return steps > 1 &&")
    (work / "seqno.c").write_text(wrong, encoding="utf-8")
    assert wrong != text and run(work, "cmake", "--preset", "student")[0] == 0
    status, output = run(work, "ctest", "--preset", "checkpoint0")
    assert status != 0 and passed(output) == {"checkpoint0.build"}
    assert "seqno.before" in output


def test_a_kit_that_has_moved(work: Path) -> None:
    mark = work / "tcplab.json"
    record = {**json.loads(mark.read_text(encoding="utf-8")), "kit": "/no/such/kit"}
    mark.write_text(json.dumps(record), encoding="utf-8")
    status, output = run(work, "cmake", "--preset", "student")
    assert status != 0 and "the kit is not in /no/such/kit" in output


def test_from_the_kit(tmp_path: Path) -> None:
    """With TCPLAB_SOLUTION; a folder of its own is built in, for others may be using the kit's."""
    source = ["cmake", "-S", str(KIT.root), "-B", str(tmp_path), "-DTCPLAB_STUDENT=ON"]
    status, output = run(tmp_path, *source, f"-DTCPLAB_SOLUTION={KIT.reference}")
    assert status == 0, output
    status, output = run(tmp_path, "ctest", "-L", "^checkpoint0$")
    assert status == 0, output
    assert passed(output) == {f"checkpoint0.{name}" for name in ("build", "unit.seqno", "check")}


def test_the_kit_has_the_same_presets() -> None:
    names = {}
    for where, text in (
        ("kit", (KIT.root / "CMakePresets.json").read_text(encoding="utf-8")),
        ("work", cmake_files()["CMakePresets.json"]),
    ):
        tests = json.loads(text)["testPresets"]
        names[where] = [
            (one["name"], one["filter"]["include"]["label"] if "filter" in one else None)
            for one in tests
            if one["configurePreset"] == "student"
        ]
    assert names["kit"] == names["work"]
    assert [name for name, _ in names["work"]] == [f"checkpoint{n}" for n in range(6)] + ["all"]


def test_every_unit_test_is_registered(work: Path) -> None:
    assert run(work, "cmake", "--preset", "student")[0] == 0
    _, output = run(work, "ctest", "--preset", "all", "-N")
    for path in KIT.labs.glob("[0-9]-*/test_*.c"):
        number = path.parent.name[0]
        assert f"checkpoint{number}.unit.{path.stem.removeprefix('test_')}" in output
    assert output.count(".check") == output.count(".build") == 6
