"""What a case is about: for every case complete, and for one of them as it is shown."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path

import pytest

from tcplab import mutants, requirements
from tcplab.case import Case, discover
from tcplab.cli import main
from tcplab.explaining import bugs, explain, source_of
from tcplab.kit import Kit
from tcplab.lookup import nearest
from tcplab.report.explanation import lines_of
from tcplab.result import NOT_RUN, Outcome
from tcplab.rfc_titles import title_of

KIT = Kit.find()
CASES = {one.id: one for one in discover(KIT.checkpoints())}
CASE = "connection.fin-is-acknowledged"
WIDTH = 80


@pytest.fixture(autouse=True)
def columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(WIDTH))


def told(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["explain", *words]) == 0
    return capsys.readouterr().out


def test_every_section_has_a_title() -> None:
    groups = requirements.load(KIT.root / "grader" / "requirements")
    named = [word for one in CASES.values() for word in one.rfc]
    named += [word for group in groups for one in group.requirements for word in one.sections]
    sections = {word for word in named if requirements.is_section(word)}
    assert len(sections) > 80
    assert [word for word in sorted(sections) if not title_of(word)] == []
    assert title_of("6298 5.3") == title_of("6298 5") != ""
    assert title_of("9293 9.9") == title_of("1 1") == title_of("") == ""


@pytest.mark.parametrize("number", range(6))
def test_all_there_is_to_say(number: int) -> None:
    case = next(one for one in CASES.values() if one.checkpoint == number)
    one = explain(KIT, case, Outcome(NOT_RUN))
    assert one.catches and len(one.sections) + len(one.labels) == len(case.rfc)
    assert one.files == KIT.checkpoints()[number].files
    lines = [line.plain for line in lines_of(one, WIDTH)]
    assert case.rule.split()[-1] in " ".join(lines) and max(map(len, lines)) <= WIDTH


def test_every_case_says_where_it_is() -> None:
    for case in CASES.values():
        code = case.function.__code__
        assert Path(code.co_filename).is_relative_to(KIT.root / "grader" / "tcplab" / "cases")
        assert code.co_name != "run" and set(case.row) <= parameters(case)


def parameters(case: Case) -> set[str]:
    return set(inspect.signature(case.function).parameters)


def test_a_source_is_the_case_itself() -> None:
    source = source_of(CASES[CASE], KIT.root)
    lines = (KIT.root / source.file).read_text(encoding="utf-8").splitlines()
    assert source.text.splitlines() == lines[source.line - 1 :][: source.text.count("\n")]
    assert source.text.startswith(f'@case(\n    "{CASE}"') and "peer.send(fin=True)" in source.text


def test_bugs_are_told_without_their_labels() -> None:
    known = mutants.load(KIT.root / "grader" / "mutants")
    sentences = bugs([one.name for one in known], known)
    assert len(sentences) == len(known)
    label = re.compile(r"^RFC \d|^[A-Z0-9.-]*\d+[:,]")
    assert [one for one in sentences if label.match(one) or not one.endswith(".")] == []
    assert "the circle has 2^32 - 1 numbers." in sentences


def test_one_as_it_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    text = told(capsys, CASE)
    lines = text.splitlines()
    assert lines[:3] == [CASE, CASES[CASE].rule, ""]
    assert "about     checkpoint 5: segment.c and connection.c" in lines
    assert "says who  RFC 9293, 3.10.7.4 Segment Arrives: Other States" in lines
    assert "needs     the passive opening of a connection" in lines
    assert re.search(r"^catches +D-RECV-18: The FIN is not counted", text, re.MULTILINE)
    assert re.search(r"^source +grader/tcplab/cases/connection/\w+\.py:\d+$", text, re.MULTILINE)
    assert re.search(r"^ +0  ─+ FIN ACK seq=1 .*▶$", text, re.MULTILINE)
    assert lines[-1] == "passed on the reference, seed 1" and all(len(x) <= WIDTH for x in lines)


def test_one_for_a_script(capsys: pytest.CaptureFixture[str]) -> None:
    one = json.loads(told(capsys, CASE, "--json"))
    assert (one["version"], one["id"], one["status"]) == (1, CASE, "passed")
    assert {"label": "U-4", "kind": "demand"}.items() <= one["requirements"][0].items()
    place = one["source"]
    text = (KIT.root / place["file"]).read_text(encoding="utf-8")
    assert text.splitlines()[place["line"] - 1] == "@case("
    packets = [packet for step in one["steps"] for packet in step["packets"]]
    assert [packet["from"] for packet in packets][:2] == ["tester", "stack"]
    assert one["steps"][0]["number"] == 1 and one["needs"]


def test_one_of_many_says_which(capsys: pytest.CaptureFixture[str]) -> None:
    case = next(one for one in CASES.values() if one.row)
    text = told(capsys, case.id, "--source")
    name, value = next(iter(case.row.items()))
    assert f"# here: {name} = {value}\n" in text and f"def {case.function.__name__}(" in text
    assert not re.search(r"^ +1  ", text, re.MULTILINE)  # it was not run


def test_several_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    lines = told(capsys, "seqno.*").splitlines()
    ids = [one for one in CASES if one.startswith("seqno.")]
    assert lines == [f"{one}: {CASES[one].rule}" for one in ids]
    assert main(["explain", "seqno.*", "--json"]) == 2


def test_what_there_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "connection.fin-is-acknowleged"]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("\n") == 1
    assert f"did you mean {CASE}" in printed.err
    assert nearest("fin-is-acknowledge", CASES)[0] == CASE
    assert nearest("qqq", CASES) == nearest("qqq.qqq", CASES) == []


def test_the_kit_may_lie_anywhere(tmp_path: Path) -> None:
    """The place of a case is told relative to the kit, through links as well."""
    (tmp_path / "kit").symlink_to(KIT.root)
    assert source_of(CASES[CASE], tmp_path / "kit").file.startswith("grader/tcplab/cases/")
