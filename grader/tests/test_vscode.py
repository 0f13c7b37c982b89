"""What VS Code is told: its tasks are commands that exist, and its programs are there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from tcplab.cli import main
from tcplab.kit import Kit

KIT = Kit.find()
ANSWERS = {
    "workspaceFolder": "",  # filled in below
    "input:checkpoint": "0",
    "input:case": "seqno.wrap-is-modulo-2^32",
    "input:unitTest": "test_seqno",
}
_VARIABLE = re.compile(r"\$\{([^}]+)\}")


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("vscode") / "Übung 1, it's mine"
    assert main(["start", str(folder)]) == 0
    shutil.copy(KIT.reference / "seqno.c", folder)
    return folder


def content(work: Path, name: str) -> dict[str, Any]:
    found = json.loads((work / ".vscode" / f"{name}.json").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def filled(words: str, work: Path) -> str:
    """As VS Code puts in what it asked for. Raises KeyError for a variable that it lacks."""
    answers = {**ANSWERS, "workspaceFolder": str(work)}
    return _VARIABLE.sub(lambda found: answers[found[1]], words)


def task(work: Path, label: str) -> dict[str, Any]:
    [one] = [one for one in content(work, "tasks")["tasks"] if one["label"] == label]
    assert isinstance(one, dict)
    return one


def run(work: Path, label: str) -> tuple[int, str]:
    """Runs a task as VS Code does, and returns its status and what it printed."""
    one = task(work, label)
    command = [filled(word, work) for word in [one["command"], *one.get("args", [])]]
    done = subprocess.run(
        command if one["type"] == "process" else command[0],
        shell=one["type"] == "shell",
        cwd=filled(one["options"]["cwd"], work),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr


def test_what_is_asked_for_is_declared(work: Path) -> None:
    for name in ("tasks", "launch"):
        text = (work / ".vscode" / f"{name}.json").read_text(encoding="utf-8")
        asked = {word.removeprefix("input:") for word in _VARIABLE.findall(text) if ":" in word}
        assert asked == {one["id"] for one in content(work, name)["inputs"]} != set()
        assert str(KIT.root) not in text


@pytest.mark.parametrize(
    ("label", "says"),
    [
        ("check a checkpoint", "10 / 10 points"),
        ("status", "of 100 points"),
        ("hint", "(1 of "),
        ("explain a case", "RFC 9293, 3.4 Sequence Numbers"),
        ("trace a case", "passed on ."),
    ],
)
def test_a_task_does_what_it_says(work: Path, label: str, says: str) -> None:
    status, output = run(work, label)
    assert status == 0 and says in output, output


def test_every_task_is_tried(work: Path) -> None:
    """Those above, and the two that take longer."""
    labels = {one["label"] for one in content(work, "tasks")["tasks"]}
    tried = {"check a checkpoint", "status", "hint", "explain a case", "trace a case"}
    below = {"check", "check after each save", "grade all", "build the unit tests"}
    assert labels == tried | below
    default = [one for one in content(work, "tasks")["tasks"] if "isDefault" in str(one)]
    assert [one["label"] for one in default] == ["check"]


def test_what_is_wrong_is_found_in_the_file(work: Path) -> None:
    """The matcher sees the line of a compiler's complaint, and of a warning, in what check prints.
    The first checkpoint is done by then, and the default task goes on with the second."""
    assert run(work, "check a checkpoint")[0] == 0
    text = (KIT.reference / "byte_stream.c").read_text(encoding="utf-8")
    for line in ("static int unused;", "int y = ;"):
        (work / "byte_stream.c").write_text(f"{line}\n{text}", encoding="utf-8")
        _, output = run(work, "check")
        pattern = task(work, "check")["problemMatcher"]["pattern"]
        matches = (re.search(pattern["regexp"], line) for line in output.splitlines())
        found = [match for match in matches if match]
        assert found, output
        assert (found[0][pattern["file"]], found[0][pattern["line"]]) == ("byte_stream.c", "1")
        assert re.search("unused|expected", found[0][pattern["message"]])
    assert not re.search(pattern["regexp"], " again  ./tcplab check 0 --seed 1")


def test_a_check_after_each_save_has_a_beginning_and_an_end(work: Path) -> None:
    one = task(work, "check after each save")
    rounds, pattern = (one["problemMatcher"][key] for key in ("background", "pattern"))
    assert one["isBackground"]
    command = [filled(word, work) for word in [one["command"], *one["args"]]]
    assert run(work, "check a checkpoint")[0] == 0
    file, text = work / "byte_stream.c", (KIT.skeleton / "byte_stream.c").read_text("utf-8")
    file.write_text(text, encoding="utf-8")
    with subprocess.Popen(
        command, cwd=work, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as watching:
        assert watching.stdout is not None
        try:
            for complaint in (None, "byte_stream.c"):
                lines = list(until(rounds["endsPattern"], watching.stdout))
                assert [line for line in lines if re.search(rounds["beginsPattern"], line)]
                found = [match for line in lines if (match := re.search(pattern["regexp"], line))]
                assert bool(found) == (complaint is not None)
                assert all(match[pattern["file"]] == complaint for match in found)
                file.write_text(f"int y = ;\n{text}", encoding="utf-8")
        finally:
            watching.terminate()
            file.write_text(text, encoding="utf-8")


def until(pattern: str, lines: Iterable[str]) -> Iterator[str]:
    """The lines before the one that matches."""
    return takewhile(lambda line: not re.search(pattern, line), lines)


@pytest.mark.timeout(400)  # all unit tests are compiled
def test_the_programs_to_debug_are_built(work: Path) -> None:
    launch = content(work, "launch")
    [one] = [one for one in launch["configurations"] if one["name"] == "debug a unit test"]
    shutil.copy(KIT.skeleton / "byte_stream.c", work)
    status, output = run(work, one["preLaunchTask"])
    assert status == 0, output
    [names] = [one["options"] for one in launch["inputs"] if one["id"] == "unitTest"]
    for name in names:
        program = one["program"].replace("${input:unitTest}", name)
        assert Path(filled(program, work)).is_file()
    stopped = subprocess.run(
        ["gdb", "-batch", "-ex", "break seqno_wrap", "-ex", "run", "-ex", "bt 1"]
        + ["--args", filled(one["program"], work)],
        cwd=filled(one["cwd"], work),
        env={each["name"]: each["value"] for each in one["environment"]},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert re.search(r"#0 +seqno_wrap \(.*seqno\.c:\d+", stopped.stdout), stopped
