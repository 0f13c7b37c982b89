"""The list of requirements is whole, all that applies is checked, and a gap does not go unseen."""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tcplab import coverage as c
from tcplab import mutants as m
from tcplab import requirements as r
from tcplab.case import Case, discover
from tcplab.cli import main
from tcplab.kit import Kit
from tcplab.sandbox import choose_launcher

KIT = Kit.find()
GROUPS = r.load(KIT.root / "grader" / "requirements")
ALL = [one for group in GROUPS for one in group.requirements]
MUTANTS = {mutant.name: mutant for mutant in m.load(KIT.root / "grader" / "mutants")}
CASES = {case.id: case for case in discover(KIT.checkpoints())}
MONITORS = [one for one in ALL if one.kind == "monitor"]
_SAMPLE = 3


# --- the list ------------------------------------------------------------------------------------


def numbers(prefix: str) -> list[int]:
    """The numbers of all labels that begin so."""
    found = [re.fullmatch(rf"{prefix}-(\d+)", one.label) for one in ALL]
    return sorted(int(match[1]) for match in found if match)


@pytest.mark.parametrize(
    ("prefix", "last"),
    # RFC 9293, appendix B.
    [("MUST", 69), ("SHLD", 31), ("MAY", 18), ("REC", 1)]
    # The kit's own.
    + [("U", 25), ("MON", 16), ("E", 23), ("B-AC", 12), ("B-CL", 4), ("B-LI", 9), ("B-SS", 12)]
    + [("B-SC", 24), ("C-RTO", 20), ("C-FAIL", 5), ("C-ZWP", 6), ("C-WIN", 5), ("C-NAG", 2)]
    + [("C-SWS", 3), ("C-DAK", 7), ("C-CC", 13), ("C-NR", 5), ("C-ISN", 3), ("C-MSS", 4)]
    + [("C-OPT", 6), ("C-CSUM", 5), ("C-URG", 2), ("C-5961", 5), ("C-WS", 4), ("C-TS", 2)]
    + [("C-PAWS", 3), ("C-SACK", 4), ("D-SEQ", 11), ("D-BYTE", 5), ("D-REAS", 14)]
    + [("D-RECV", 20), ("D-SEND", 42), ("D-CONN", 35)],
)
def test_no_number_is_missing(prefix: str, last: int) -> None:
    assert numbers(prefix) == list(range(1, last + 1))


@pytest.mark.parametrize(
    ("state", "missing"),
    [
        ("SR", {11, 12, 13, 16, 17, 18}),
        ("ES", {13}),
        ("F1", set()),
        ("F2", {13}),
        ("CW", {13, 16, 17, 18, 20}),
        ("CG", {16, 17, 18, 20}),
        ("LA", {16, 17, 18, 20}),
        ("TW", {12, 13, 16, 17, 18, 20}),
    ],
)
def test_the_table_of_states_has_its_rows(state: str, missing: set[int]) -> None:
    assert set(numbers(f"B-{state}")) == set(range(1, 21)) - missing


def test_every_sentence_is_its_own() -> None:
    texts = [one.text for one in ALL if not one.label.startswith("B-")]
    assert sorted(texts) == sorted(set(texts))


def test_what_does_not_apply_is_the_lesser_part() -> None:
    assert sum(one.applies for one in ALL) > 500


GOOD = """\
title = "Made up"
[MUST-1]
sections = ["9293 3.1"]
checkpoints = [3]
text = "A sentence."
"""


def load_text(folder: Path, text: str) -> list[r.Group]:
    (folder / "made-up.toml").write_text(text, encoding="utf-8")
    return r.load(folder)


def test_a_group_is_loaded(tmp_path: Path) -> None:
    (group,) = load_text(tmp_path, GOOD)
    assert (group.name, group.title) == ("made-up", "Made up")
    (one,) = group.requirements
    assert one == r.Requirement("MUST-1", ("9293 3.1",), (3,), "A sentence.")
    assert one.applies and one.kind == "demand"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("title =", "name ="),
        ("[MUST-1]", "[MUST]"),
        ("[MUST-1]", "[MUSTARD-1]"),
        ("9293 3.1", "RFC 9293 3.1"),
        ("9293 3.1", "9293 SHLD-31"),
        ('["9293 3.1"]', "[]"),
        ("[3]", "[5, 3]"),
        ("[3]", "[6]"),
        ("A sentence.", "A sentence"),
        ("A sentence.", "A" * 250 + "."),
        ('"A sentence."', '"A sentence."\nstatus = "unwanted"\nreason = "so"'),
        ('"A sentence."', '"A sentence."\nstatus = "extension"'),
        ('"A sentence."', '"A sentence."\nreason = "no status"'),
        ('"A sentence."', '"A sentence."\nmonitor = "Push"'),
        ('"A sentence."', '"A sentence."\ncolour = "red"'),
        ('"A sentence."', "3"),
        ("[MUST-1]", "[MUST-1"),
    ],
)
def test_a_mistaken_list_is_refused(tmp_path: Path, old: str, new: str) -> None:
    with pytest.raises(r.RequirementsError, match="made-up.toml"):
        load_text(tmp_path, GOOD.replace(old, new))


def test_a_label_stands_in_one_place_only(tmp_path: Path) -> None:
    (tmp_path / "another.toml").write_text(GOOD, encoding="utf-8")
    with pytest.raises(r.RequirementsError, match="MUST-1 stands in another.toml already"):
        load_text(tmp_path, GOOD)


ROWS = """\
title = "Rows"
prefix = "B"
checkpoints = [5]
sections = ["9293 3.10.7.4"]
[states]
ES = "ESTABLISHED"
TW = "TIME-WAIT"
[row.1]
in = ["ES", "TW"]
text = "it is answered."
[row.1.differs]
TW = "it is not answered."
[row.2]
in = ["ES"]
text = "it counts."
"""


def test_a_row_is_a_label_in_each_of_its_states(tmp_path: Path) -> None:
    (group,) = load_text(tmp_path, ROWS)
    assert {one.label: one.text for one in group.requirements} == {
        "B-ES-1": "ESTABLISHED: it is answered.",
        "B-ES-2": "ESTABLISHED: it counts.",
        "B-TW-1": "TIME-WAIT: it is not answered.",
    }


@pytest.mark.parametrize(
    ("old", "new"),
    [("prefix =", "suffix ="), ('in = ["ES"]', 'in = ["CL"]'), ('TW = "it', 'CL = "it')],
)
def test_a_mistaken_table_is_refused(tmp_path: Path, old: str, new: str) -> None:
    with pytest.raises(r.RequirementsError, match="made-up.toml"):
        load_text(tmp_path, ROWS.replace(old, new))


def test_sections_and_labels_are_told_apart() -> None:
    assert r.is_section("9293 3.10.7.4") and r.is_section("9293 App. B")
    for word in ("MUST-1", "9293", "9293 SHLD-31", "9293 3.", "RFC 9293 3.1", "3.1"):
        assert not r.is_section(word)


# --- the kit --------------------------------------------------------------------------------------


def test_everything_that_applies_is_checked() -> None:
    coverage = c.of_kit(KIT)
    assert coverage.problems == ()
    assert [(row.requirement.label, row.gap) for row in coverage.gaps] == []
    assert coverage.is_complete


def test_given_code_is_there() -> None:
    for one in ALL:
        assert not one.given or (KIT.root / one.given).is_file(), one.label


def test_monitors_are_called_as_the_list_says() -> None:
    from tcplab.monitors import MONITORS as CLASSES

    assert {one.label: one.monitor for one in MONITORS} == {x.id: x.__name__ for x in CLASSES}


def chosen() -> list[r.Requirement]:
    if os.environ.get("TCPLAB_ALL_MUTANTS"):
        return MONITORS
    return random.Random(1).sample(MONITORS, _SAMPLE)


@pytest.mark.parametrize("one", chosen(), ids=[one.label for one in chosen()])
def test_a_monitor_finds_what_nothing_else_finds(one: r.Requirement, tmp_path: Path) -> None:
    for name, identity in one.speaks:
        mutant = MUTANTS[name]
        target = m.apply(mutant, KIT.reference, tmp_path)
        launcher = choose_launcher("auto")
        tried = m.try_cases(KIT, target, [CASES[identity]], mode=mutant.mode, launcher=launcher)
        assert tried[identity].message.endswith(f"({one.label})"), tried[identity].message


# --- gaps -----------------------------------------------------------------------------------------


def made_case(identity: str, *rfc: str, kills: Sequence[str] = ("seqno.mutant",)) -> Case:
    return Case(identity, 0, "A rule.", rfc, "", tuple(kills), 1, lambda lab: None)


def made_mutant(name: str, bug: str, *killed_by: str) -> m.Mutant:
    return m.Mutant(name, "seqno.c", "old", "new", bug, killed_by)


def requirement(label: str, **fields: object) -> r.Requirement:
    one = r.Requirement(label, ("9293 3.4",), (0,), "A sentence.")
    return replace(one, **fields)


LIST = [
    requirement("MUST-1"),
    requirement("MUST-5", status="extension", reason="not here"),
    requirement("D-SEQ-1"),
    requirement("D-SEQ-2", given="labs/given/tcp_config.c"),
    requirement("E-16"),
    requirement("MON-14", monitor="Push", speaks=(("seqno.mutant", "seqno.demand"),)),
]
EVIDENCE = c.Evidence(
    cases=[
        made_case("seqno.demand", "9293 3.4", "MUST-1"),
        made_case("seqno.bug", "D-SEQ-1", "D-SEQ-2"),
    ],
    mutants=[made_mutant("seqno.mutant", "D-SEQ-1: it has a bug.", "seqno.bug")],
    alternatives=[c.Alternative("at-once", ("E-16",))],
    monitors={"MON-14"},
)


def measured(evidence: c.Evidence) -> c.Coverage:
    return c.measure([r.Group("made-up", "Made up", tuple(LIST))], evidence)


def gaps(evidence: c.Evidence) -> dict[str, str]:
    return {row.requirement.label: row.gap for row in measured(evidence).gaps}


def test_the_made_up_kit_is_complete() -> None:
    coverage = measured(EVIDENCE)
    assert coverage.is_complete
    record = coverage.to_json()
    assert (record["labels"], record["applicable"], record["covered"]) == (6, 5, 5)
    json.dumps(record)


def test_a_label_that_loses_its_case_is_seen() -> None:
    without = replace(EVIDENCE, cases=EVIDENCE.cases[1:])
    assert gaps(without)["MUST-1"] == "no case names it"
    assert not measured(without).is_complete


def test_a_bug_needs_a_mutant_that_a_case_of_its_own_kills() -> None:
    for mutants in (
        [],
        [made_mutant("seqno.mutant", "D-SEQ-11: it has another bug.", "seqno.bug")],
        [made_mutant("seqno.mutant", "U-3: it is not D-SEQ-1: look.", "seqno.bug")],
        [made_mutant("seqno.mutant", "D-SEQ-1: it has a bug.", "seqno.demand")],
    ):
        assert list(gaps(replace(EVIDENCE, mutants=mutants)))[0] == "D-SEQ-1"
    several = made_mutant("seqno.mutant", "U-3, D-SEQ-1: it has a bug.", "seqno.bug")
    assert gaps(replace(EVIDENCE, mutants=[several])) == {}


def test_a_leniency_needs_a_case_or_an_alternative() -> None:
    assert gaps(replace(EVIDENCE, alternatives=[])) == {"E-16": "no case names it"}
    cases = [*EVIDENCE.cases, made_case("seqno.lenient", "E-16")]
    assert gaps(replace(EVIDENCE, alternatives=[], cases=cases)) == {}


def test_a_monitor_has_to_exist_and_to_have_spoken() -> None:
    assert gaps(replace(EVIDENCE, monitors=set())) == {"MON-14": "there is no such monitor"}
    renamed = [made_mutant("seqno.other", "D-SEQ-1: it has a bug.", "seqno.bug")]
    assert "do not both exist" in gaps(replace(EVIDENCE, mutants=renamed))["MON-14"]


@pytest.mark.parametrize(
    ("case", "problem"),
    [
        (made_case("seqno.new", "9293 3.4"), "seqno.new names no label"),
        (made_case("seqno.new", "MUST-1", kills=()), "seqno.new names no mutant"),
        (made_case("seqno.new", "MUST-99"), "'MUST-99' is neither a section nor in the list"),
        (made_case("seqno.new", "MUST-1", "9293 SHLD-1"), "'9293 SHLD-1' is neither a section"),
        (made_case("seqno.new", "MUST-5"), "MUST-5 does not apply (extension)"),
    ],
)
def test_a_case_has_to_name_a_label_and_a_mutant(case: Case, problem: str) -> None:
    coverage = measured(replace(EVIDENCE, cases=[*EVIDENCE.cases, case]))
    assert [line for line in coverage.problems if problem in line]
    assert not coverage.is_complete


def test_an_alternative_has_to_name_labels_of_the_list() -> None:
    strange = [*EVIDENCE.alternatives, c.Alternative("strange", ("E-99",))]
    assert measured(replace(EVIDENCE, alternatives=strange)).problems
    section = [*EVIDENCE.alternatives, c.Alternative("other", ("9293 2.2", "MUST-1"))]
    assert measured(replace(EVIDENCE, alternatives=section)).is_complete


# --- the command ----------------------------------------------------------------------------------


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The command sees the made-up kit."""
    monkeypatch.setattr(c, "of_kit", lambda kit: measured(EVIDENCE))
    return monkeypatch


def test_the_command_tells_by_its_exit_code(
    made_up: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["coverage"]) == 0
    assert "Made up" in capsys.readouterr().out
    gap = measured(replace(EVIDENCE, cases=EVIDENCE.cases[1:]))
    made_up.setattr(c, "of_kit", lambda kit: gap)
    assert main(["coverage"]) == 1
    assert "MUST-1: no case names it" in capsys.readouterr().out
    assert main(["coverage", "--label", "D-*"]) == 0
    assert main(["coverage", "--label", "MUST-*"]) == 1
    unnamed = [*EVIDENCE.cases, made_case("seqno.new", "9293 3.4")]
    made_up.setattr(c, "of_kit", lambda kit: measured(replace(EVIDENCE, cases=unnamed)))
    assert main(["coverage"]) == 1
    assert "seqno.new names no label" in capsys.readouterr().out


def test_the_command_shows_a_label(
    made_up: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["coverage", "--label", "D-SEQ-1"]) == 0
    shown = capsys.readouterr().out
    for word in ("A sentence.", "RFC 9293, 3.4", "seqno.bug", "seqno.mutant", "covered"):
        assert word in shown


def test_the_command_writes_files(
    made_up: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    target = tmp_path / "coverage.json"
    assert main(["coverage", "--json", str(target), "--markdown", "-"]) == 0
    record = json.loads(target.read_text(encoding="utf-8"))
    assert record["complete"] and record["groups"][0]["requirements"][0]["label"] == "MUST-1"
    assert capsys.readouterr().out.startswith("# Requirements\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--label", "MUST-99"],
        ["--json", "-", "--markdown", "-"],
        ["--json", "/nowhere/at/all"],
        ["--unknown"],
        ["too", "much"],
    ],
)
def test_what_cannot_be_is_said_in_one_line(
    made_up: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert main(["coverage", *arguments]) == 2
    said = capsys.readouterr().err
    assert said.startswith("tcplab: ") and said.count("\n") == 1


def test_an_incomplete_kit_is_said_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(kit: Kit) -> c.Coverage:
        raise r.RequirementsError("made-up.toml: MUST-1: this is no label")

    monkeypatch.setattr(c, "of_kit", broken)
    assert main(["coverage"]) == 2
    assert capsys.readouterr().err == "tcplab: made-up.toml: MUST-1: this is no label\n"


# --- alternatives ---------------------------------------------------------------------------------


def test_alternatives_are_read_if_there_are_any(tmp_path: Path) -> None:
    path = tmp_path / "alternatives.toml"
    assert c.load_alternatives(path) == []
    path.write_text('[[alternative]]\nname = "x"\nallowed_by = ["E-16"]\nnote = "y"\n')
    assert c.load_alternatives(path) == [c.Alternative("x", ("E-16",))]
    path.write_text('[[alternative]]\nallowed_by = ["E-16"]\n')
    with pytest.raises(ValueError, match="alternatives.toml"):
        c.load_alternatives(path)
