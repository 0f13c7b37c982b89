"""The mechanical mutants: how they are made, told apart, tried and reported."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tcplab.case import discover
from tcplab.cli import main
from tcplab.errors import InfrastructureError
from tcplab.kit import Kit
from tcplab.mutation.edit import Edit
from tcplab.mutation.listed import load_survivors
from tcplab.mutation.parse import edits_of
from tcplab.mutation.run import mechanical_edits, sample
from tcplab.mutation.trial import BROKEN, KILLED, SAME_CODE, SURVIVED, Laboratory, Subject
from tcplab.sandbox import choose_launcher

KIT = Kit.find()
SAMPLE = 30

PROGRAM = """\
#include <assert.h>
#include <stdbool.h>

static bool is_sound(int n)
{
    return n >= 0;
}

int twice_if_small(int n, bool *changed)
{
    assert(is_sound(n));
    if (n < 10 && n != 3) {
        *changed = true;
        n = n * 2;
    }
    return n;
}
"""


def edits_of_text(folder: Path, text: str) -> list[Edit]:
    path = folder / "program.c"
    path.write_text(text, encoding="utf-8")
    return edits_of(KIT, path)


# --- making them ---------------------------------------------------------------------------------


def test_every_kind_of_slip_is_made(tmp_path: Path) -> None:
    made = {(one.line, one.operator, one.change) for one in edits_of_text(tmp_path, PROGRAM)}
    assert made == {
        (12, "comparison", "< → <="),
        (12, "comparison", "< → >="),
        (12, "comparison", "!= → =="),
        (12, "logic", "&& → ||"),
        (12, "half", "n < 10 && n != 3 → n < 10"),
        (12, "half", "n < 10 && n != 3 → n != 3"),
        (12, "condition", "n < 10 && n != 3 → true"),
        (12, "condition", "n < 10 && n != 3 → false"),
        (12, "constant", "10 → 9"),
        (12, "constant", "10 → 11"),
        (12, "constant", "3 → 2"),
        (12, "constant", "3 → 4"),
        (13, "constant", "true → false"),
        (13, "forgotten", "*changed = true → (void)0"),
        (14, "arithmetic", "* → /"),
        (14, "constant", "2 → 1"),
        (14, "constant", "2 → 3"),
        (14, "forgotten", "n = n * 2 → (void)0"),
        (16, "return", "return n → return 0"),
    }


def test_assertions_and_what_only_they_call_are_left_alone(tmp_path: Path) -> None:
    assert not [one for one in edits_of_text(tmp_path, PROGRAM) if one.line < 12]


def test_an_edit_changes_its_place_and_no_line_number(tmp_path: Path) -> None:
    text = PROGRAM.replace("n = n * 2;", "n =\n            n * 2;")
    for one in edits_of_text(tmp_path, text):
        broken = one.apply(text.encode()).decode()
        assert broken != text and broken.count("\n") == text.count("\n")
        assert one.old == text[one.start : one.end]


def test_ids_survive_changes_elsewhere(tmp_path: Path) -> None:
    before = {one.id for one in edits_of_text(tmp_path, PROGRAM)}
    after = {one.id for one in edits_of_text(tmp_path, "/* a comment */\n" + PROGRAM)}
    assert before == after


def test_a_file_that_does_not_parse_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(InfrastructureError, match="program.c cannot be parsed"):
        edits_of_text(tmp_path, "int f(void) { return }")


def test_ids_are_unique_and_all_files_have_some() -> None:
    edits = mechanical_edits(KIT)
    assert len({one.id for one in edits}) == len(edits) > 1000
    assert {one.file for one in edits} == {path.name for path in KIT.reference.glob("*.c")}


def test_the_listed_survivors_exist() -> None:
    known = {one.id for one in mechanical_edits(KIT)}
    listed = load_survivors(KIT.root / "grader" / "mutants" / "survivors")
    assert sorted(set(listed) - known) == []


@pytest.mark.parametrize(
    "row",
    [
        'kind = "lazy"\nreason = "There is a reason, perhaps."',
        'kind = "allowed"\nreason = "Equivalent."',
        'kind = "allowed"',
    ],
)
def test_a_survivor_without_a_reason_is_refused(tmp_path: Path, row: str) -> None:
    text = f'[[survivor]]\nids = ["seqno-1"]\nchange = "a → b"\n{row}\n'
    (tmp_path / "seqno.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InfrastructureError, match="not a list of survivors"):
        load_survivors(tmp_path)


def test_a_sample_is_the_same_for_the_same_seed() -> None:
    subjects = [Subject(str(number), "seqno.c", "", b"") for number in range(100)]
    assert sample(subjects, 10, 1) == sample(subjects, 10, 1) != sample(subjects, 10, 2)
    assert len(sample(subjects, 10, 1)) == 10 and sample(subjects, 200, 1) == subjects


# --- trying them ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    cases = [one for one in discover(KIT.checkpoints()) if one.checkpoint == 0]
    return Laboratory(KIT, cases, choose_launcher("auto"), tmp_path_factory.mktemp("laboratory"))


def seqno_with(old: str, new: str) -> Subject:
    text = (KIT.reference / "seqno.c").read_text(encoding="utf-8")
    assert old in text
    return Subject("one", "seqno.c", "here", text.replace(old, new, 1).encode())


def test_the_reference_is_sound(laboratory: Laboratory) -> None:
    assert laboratory.complaint_about_the_reference("seqno.c") == ""


@pytest.mark.parametrize(
    "old, new, status",
    [
        ("return (struct seqno)", "return (struct seqno){7}; return (struct seqno)", KILLED),
        ("return (struct seqno)", "return 1 ? (struct seqno)", BROKEN),
        ("/*", "/* another", SAME_CODE),
        ("#include", "void nobody_calls(void);\nvoid nobody_calls(void)\n{\n}\n#include", SURVIVED),
    ],
)
def test_verdicts(laboratory: Laboratory, old: str, new: str, status: str) -> None:
    verdict = laboratory.try_one(seqno_with(old, new))
    assert verdict.status == status
    assert verdict.by.startswith("seqno.") == (status == KILLED)


def test_a_sample_of_all_is_killed(tmp_path: Path) -> None:
    file = tmp_path / "out.json"
    arguments = ["mutants", "--kind", "mechanical", "--sample", str(SAMPLE), "--json", str(file)]
    assert main(arguments) == 0
    record = json.loads(file.read_text(encoding="utf-8"))
    assert len(record["mutants"]) == SAMPLE
    assert {one["status"] for one in record["mutants"]} <= {"killed", "equivalent"}
    assert record["rate"] == 100.0


def test_mistaken_arguments_are_usage_errors(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mutants", "--file", "nothing.c"]) == 2
    assert main(["mutants", "--id", "nobody-*"]) == 2
    assert "seqno.c" in capsys.readouterr().err
