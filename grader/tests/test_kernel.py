"""The Linux kernel as the device under test: in real time, in namespaces."""

from __future__ import annotations

import json
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tcplab.case import Case, discover
from tcplab.cli import main
from tcplab.errors import InfrastructureError
from tcplab.foreign import grade_kernel as module
from tcplab.foreign import netlink
from tcplab.foreign.differences import Difference, read_differences
from tcplab.foreign.grade_kernel import grade_kernel
from tcplab.foreign.verdicts import ForeignResult, Verdict, outdated
from tcplab.kit import Kit
from tcplab.report import json_file
from tcplab.runner import Plan
from tcplab.wire.choose import choose_wire

# Of the cases that have to do with packets. Should they become fewer, look what cannot be asked.
_ASKED_AT_LEAST = 295
_PASS_AT_LEAST = 0.90


@pytest.fixture(scope="module", autouse=True)
def real_wire() -> None:
    try:
        choose_wire("tun")
    except InfrastructureError as problem:
        pytest.skip(f"the kernel needs a TUN interface: {problem}")


@pytest.fixture(scope="module")
def whole() -> ForeignResult:
    return grade_kernel(Plan("kernel"))


def _one(pattern: str) -> ForeignResult:
    return grade_kernel(Plan("kernel", case=pattern))


def _cases() -> list[Case]:
    return discover(Kit.find().checkpoints())


# --- the whole grade -----------------------------------------------------------------------------


@pytest.mark.timeout(300)
def test_every_case_passes_or_is_listed(whole: ForeignResult) -> None:
    failed = [name for name, verdict in whole.verdicts.items() if verdict is Verdict.FAILED]
    assert failed == []


def test_nine_of_ten_cases_pass(whole: ForeignResult) -> None:
    assert whole.share >= _PASS_AT_LEAST
    assert whole.asked >= _ASKED_AT_LEAST


def test_its_json_keeps_the_promise(whole: ForeignResult) -> None:
    record = json.loads(json_file.to_text(whole.grade))
    statuses: dict[str, set[str]] = {}
    for checkpoint in record["checkpoints"]:
        for case in checkpoint["cases"]:
            verdict = whole.verdicts[case["id"]].value
            statuses.setdefault(verdict, set()).add(case["status"])
            if verdict in ("cannot be asked", "differs as listed"):
                assert case["message"].startswith(verdict + ": ")
    assert statuses["passed"] == {"passed"}
    assert statuses["cannot be asked"] == {"not run"}


# --- the list of differences ---------------------------------------------------------------------


def test_every_entry_names_cases_that_there_are() -> None:
    names = [case.id for case in _cases()]
    for one in read_differences():
        for pattern in one.cases:
            assert any(fnmatchcase(name, pattern) for name in names), pattern


def test_every_entry_says_what_and_why() -> None:
    for one in read_differences():
        assert one.rfc and one.linux.endswith(".") and one.why.endswith("."), one


def test_no_case_is_listed_twice() -> None:
    differences = read_differences()
    for case in _cases():
        assert sum(one.explains(case.id) for one in differences) <= 1, case.id


def test_an_entry_that_explains_nothing_is_named() -> None:
    entry = Difference(("a.*",), ("9293 3.4",), "Does.", "Why.")
    assert outdated({"a.x": Verdict.PASSED, "b.x": Verdict.FAILED}, [entry]) == [entry]
    assert outdated({"a.x": Verdict.PASSED, "a.y": Verdict.DIFFERS}, [entry]) == []
    assert outdated({"a.x": Verdict.NOT_ASKED}, [entry]) == []
    assert outdated({"a.x": Verdict.PASSED}, [replace(entry, until="7.1")]) == []


# --- it can fail ---------------------------------------------------------------------------------


def test_a_difference_that_is_not_listed_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "read_differences", list)
    name = "connection.reset-outside-the-window-in-established"
    assert main(["grade", "kernel", "--case", name]) == 1


def test_a_kernel_that_resends_too_early_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(netlink, "RTO_MIN_MS", 200)
    result = _one("sender.lost-fin")
    assert result.verdicts == {"sender.lost-fin": Verdict.FAILED}
    outcome = result.grade.checkpoints[0].cases[0].outcome
    assert outcome.expected == "not before 800 ms"


# --- what is asked of it -------------------------------------------------------------------------


def test_initial_numbers_can_be_chosen() -> None:
    verdicts = dict(_one("connection.any-initial-number-*").verdicts)
    assert verdicts.pop("connection.any-initial-number-0") is Verdict.NOT_ASKED
    assert set(verdicts.values()) == {Verdict.PASSED} and len(verdicts) == 3


def test_who_would_wait_too_long_is_not_asked() -> None:
    result = _one("connection.half-closed-and-listening")
    assert list(result.verdicts.values()) == [Verdict.NOT_ASKED]
    assert "of real time" in result.grade.checkpoints[0].cases[0].outcome.message


def test_components_are_no_part_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["grade", "kernel", "--case", "seqno.wrap-*"]) == 2
    assert "the kernel has no components" in capsys.readouterr().err


def test_without_tun_there_is_no_kernel(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["grade", "kernel", "--wire", "socketpair"]) == 2
    assert "needs a TUN interface" in capsys.readouterr().err


def test_packets_are_kept(tmp_path: Path) -> None:
    name = "connection.fin-is-acknowledged"
    arguments = ["grade", "kernel", "--case", name, "--pcap", str(tmp_path)]
    assert main(arguments) == 0
    assert (tmp_path / f"{name}.pcap").stat().st_size > 200
