"""The command line: what it prints, writes and returns; and that it leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any

import pytest

from tcplab.kit import Kit
from tcplab.runner import GradeInterrupted, Plan
from tcplab.runner import grade as grade_plan

_KIT = Kit.find()
_ENVIRONMENT = {**os.environ, "PYTHONPATH": str(_KIT.root / "grader"), "NO_COLOR": "1"}
_QUICK = ("--case", "seqno.wrap-is-*")


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tcplab", *arguments],
        env={**_ENVIRONMENT, **environment},
        capture_output=True,
        text=True,
        timeout=200,
    )


def grade(target: str, *options: str) -> dict[str, Any]:
    done = run("grade", target, *options, "--json", "-")
    assert done.returncode == 0, done.stderr
    record: dict[str, Any] = json.loads(done.stdout)
    return record


@pytest.mark.parametrize("mode", ["solo", "stack"])
@pytest.mark.parametrize("wire", ["auto", "socketpair"])
def test_the_reference_has_full_marks(mode: str, wire: str) -> None:
    record = grade("reference", "--mode", mode, "--wire", wire)
    complaints = [
        f"{case['id']}: {case['message']}"
        for checkpoint in record["checkpoints"]
        for case in checkpoint["cases"]
        if case["status"] != "passed"
    ]
    assert complaints == []
    assert record["score"] == record["max_score"] == 100


@pytest.mark.parametrize("mode", ["solo", "stack"])
def test_the_skeleton_has_no_points(mode: str) -> None:
    record = grade("skeleton", "--mode", mode)
    assert record["score"] == 0 and record["max_score"] == 100
    statuses = {case["status"] for one in record["checkpoints"] for case in one["cases"]}
    assert statuses <= {"failed", "not run"}


def test_a_failure_is_explained_in_few_lines() -> None:
    done = run("grade", "skeleton", *_QUICK)
    assert done.returncode == 0
    for words in (
        "expected",
        "actual",
        "to write",
        "./tcplab grade skeleton --checkpoint 0 --case",
    ):
        assert words in done.stdout
    assert "\x1b" not in done.stdout and done.stderr == ""


def test_captures_are_written(tmp_path: Path) -> None:
    grade("reference", "--case", "connection.fin-is-acknowledged", "--pcap", str(tmp_path))
    (capture,) = tmp_path.iterdir()
    assert capture.read_bytes()[:4] == b"\xd4\xc3\xb2\xa1"


@pytest.mark.parametrize(
    "arguments",
    [
        ("grade",),
        ("grade", "no/such/folder"),
        ("grade", "reference", "--case", "no-such-case"),
        ("grade", "reference", "--checkpoint", "6"),
        ("grade", "reference", "--no-such-option"),
        ("grade", ""),
        ("grade", "reference/seqno.c"),
        ("grade", "reference", "--checkpoint", "0", "--case", "sender.*"),
        ("grade", "reference", *_QUICK, "--json", "/no/such/folder/file"),
        ("grade", "reference", *_QUICK, "--json", "/tmp"),
        ("grade", "reference", *_QUICK, "--json", ""),
        ("grade", "reference", *_QUICK, "--pcap", ""),
        ("grade", "reference", *_QUICK, "--pcap", "/proc/no"),
        ("no-such-command",),
    ],
)
def test_a_usage_error_is_one_line_and_status_2(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.returncode == 2 and done.stdout == ""
    assert len(done.stderr.splitlines()) == 1 and done.stderr.startswith("tcplab: ")


@pytest.mark.parametrize("slash", ["", "/", "/."])
def test_a_link_is_not_graded(tmp_path: Path, slash: str) -> None:
    """It could lead to the reference, or to the folder of somebody else."""
    (tmp_path / "anna").mkdir()
    for name, there in (("bela", _KIT.reference), ("cleo", tmp_path / "anna")):
        (tmp_path / name).symlink_to(there)
        done = run("grade", f"{tmp_path / name}{slash}", *_QUICK)
        assert done.returncode == 2 and done.stdout == ""
        assert done.stderr.endswith(
            f"{name}{slash}: this is a link; to grade what it leads to, give that folder\n"
        )


def test_no_link_on_the_way_leads_into_the_kit(tmp_path: Path) -> None:
    (tmp_path / "dora").symlink_to(_KIT.root)
    done = run("grade", str(tmp_path / "dora" / "reference"), *_QUICK)
    assert done.returncode == 2 and "a link on the way leads into the kit" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_folder_behind_other_links_is_graded(tmp_path: Path) -> None:
    """Whoever grades may keep the folders of others elsewhere."""
    (tmp_path / "disk" / "anna").mkdir(parents=True)
    shutil.copyfile(_KIT.reference / "seqno.c", tmp_path / "disk" / "anna" / "seqno.c")
    (tmp_path / "submissions").symlink_to("disk")
    record = grade(str(tmp_path / "submissions" / "anna"), *_QUICK)
    assert record["score"] == record["max_score"] > 0
    assert grade(str(_KIT.reference), *_QUICK)["score"] == record["score"]


def test_a_pattern_of_another_checkpoint_is_explained() -> None:
    done = run("grade", "reference", "--checkpoint", "0", "--case", "sender.*")
    assert "those are in checkpoint 4" in done.stderr


def test_the_first_screen_of_a_beginner() -> None:
    lines = run("grade", "skeleton").stdout.splitlines()
    (score,) = [at for at, line in enumerate(lines) if line.startswith("score ")]
    assert score < 24 and lines[score + 2].startswith("All ")
    assert max(map(len, lines[score:])) < 240


@pytest.mark.parametrize("arguments", [("skeleton",), ("reference", "--json", "-")])
def test_nobody_reads_the_result(arguments: tuple[str, ...]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as unread:
        done = run_into(unread, *arguments)
    assert done.returncode == 0 and done.stderr == ""


def test_the_result_cannot_be_written() -> None:
    with open("/dev/full", "wb") as full:
        done = run_into(full, "skeleton")
    assert done.returncode == 2
    assert done.stderr == "tcplab: the output cannot be written: No space left on device\n"


def run_into(output: IO[bytes], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tcplab", "grade", *arguments, "--checkpoint", "0"],
        env=_ENVIRONMENT,
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
        timeout=200,
    )


def test_the_command_to_run_a_case_again_is_right_here(tmp_path: Path) -> None:
    case = "seqno.before-on-the-circle"
    done = subprocess.run(
        [sys.executable, "-m", "tcplab", "grade", "skeleton", "--case", case],
        env=_ENVIRONMENT,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    (again,) = re.findall(r"again +(.*)", done.stdout)
    assert again == f"{_KIT.root}/tcplab grade skeleton --checkpoint 0 --case {case} --seed 1"


def test_what_was_run_before_an_interrupt_is_kept() -> None:
    def interrupt(done: int, total: int, identity: str) -> None:
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(GradeInterrupted) as interrupted:
        grade_plan(Plan("reference", checkpoints=(0,)), interrupt)
    (checkpoint,) = interrupted.value.partial.checkpoints
    assert len(checkpoint.cases) == 5 and interrupted.value.total > 30


# Ten seconds of work for the preprocessor and the parser.
_BOMB = "#define A0 1+\n" + "".join(
    f"#define A{at} {' '.join([f'A{at - 1}'] * 10)}\n" for at in range(1, 11)
)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_compiler(number: signal.Signals, tmp_path: Path) -> None:
    for source in _KIT.reference.glob("*.c"):
        shutil.copyfile(source, tmp_path / source.name)
    (tmp_path / "bomb.c").write_text(f"{_BOMB}int bomb = A10 {number};\n", encoding="ascii")
    process = subprocess.Popen(
        [sys.executable, "-m", "tcplab", "grade", str(tmp_path)],
        env=_ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: children_of(process.pid), "the compiler to start")
    process.send_signal(number)
    _, said = process.communicate(timeout=20)  # on a busy machine
    assert process.returncode == 130
    assert said == "tcplab: interrupted; nothing was left behind\n"


def children_of(pid: int) -> list[str]:
    path = Path(f"/proc/{pid}/task/{pid}/children")
    threads = path.parents[1].glob("*/children")
    return [child for thread in threads for child in thread.read_text().split()]


def test_without_a_sandbox_nothing_is_run(tmp_path: Path) -> None:
    done = run("grade", "reference", *_QUICK, PATH=str(tmp_path))
    assert done.returncode == 2 and "--sandbox none" in done.stderr


def processes_with(mark: str) -> list[str]:
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and mark in (folder / "environ").read_text(errors="replace"):
                state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
                found += [f"{folder.name} {state}"] if state != "Z" else []
        except OSError:
            continue
    return found


def test_an_interrupt_in_passing_is_heard() -> None:
    """What a weak reference calls when its object goes, as at the end of each import, cannot raise
    anything: Python says so, and goes on."""
    program = """if True:
        import select, sys, weakref
        from tcplab import cli

        class Thing:
            pass

        def interrupt(_):
            raise KeyboardInterrupt

        def work(**_):
            thing = Thing()
            reference = weakref.ref(thing, interrupt)
            del thing
            select.select([], [], [], 20)

        cli.commands.main = work
        sys.exit(cli.main([]))
    """
    process = subprocess.run(
        [sys.executable, "-c", program],
        env=_ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert process.stderr == "tcplab: interrupted; nothing was left behind\n"
    assert process.returncode == 130


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_grade_leaves_nothing_behind(number: signal.Signals) -> None:
    mark = f"TCPLAB_TEST_MARK={os.getpid()}.{number}"
    name, _, value = mark.partition("=")
    process = subprocess.Popen(
        [sys.executable, "-m", "tcplab", "grade", "reference"],
        env={**_ENVIRONMENT, name: value},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: len(processes_with(mark)) >= 3, "the workers to start")
    process.send_signal(number)
    _, said = process.communicate(timeout=20)
    assert process.returncode == (-9 if number == signal.SIGKILL else 130)
    if number != signal.SIGKILL:
        assert said == "tcplab: interrupted; nothing was left behind\n"
    wait_for(lambda: processes_with(mark) == [], "the workers to end")


def wait_for(condition: Any, what: str) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.01)
