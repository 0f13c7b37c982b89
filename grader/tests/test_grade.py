"""The command line: what it prints, writes and returns; and that it leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tcplab.kit import Kit

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
    for words in ("expected", "actual", "hint", "./tcplab grade skeleton --checkpoint 0 --case"):
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
        ("grade", "reference", *_QUICK, "--json", "/no/such/folder/file"),
        ("no-such-command",),
    ],
)
def test_a_usage_error_is_one_line_and_status_2(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.returncode == 2 and done.stdout == ""
    assert len(done.stderr.splitlines()) == 1 and done.stderr.startswith("tcplab: ")


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
