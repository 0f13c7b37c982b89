"""Likely causes: told from the mutants that fail alike, and only where they say something."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from tcplab import causes, mutants
from tcplab.case import discover
from tcplab.cli import main
from tcplab.errors import InfrastructureError
from tcplab.kit import Kit
from tcplab.mutation.run import named_subjects, over_all
from tcplab.mutation.symptoms import SEED, sentence_of, signatures_of
from tcplab.result import CaseResult, Outcome
from tcplab.sandbox import choose_launcher
from tcplab.signature import Signature, signature_of

KIT = Kit.find()
PATH = causes.causes_file(KIT)
TABLE = causes.load(PATH)
MUTANTS = {one.name: one for one in mutants.load(KIT.root / "grader" / "mutants")}
CASES = {one.id: one for one in discover(KIT.checkpoints())}
SAMPLE = 6
STEPS = ("  1  a", "       > ACK", " 12  b", "       < ACK")


def failed(subject: str, expected: str = "2", actual: str = "1") -> Outcome:
    words = f"{subject} is {actual}"
    return Outcome("failed", words, subject, expected, actual, steps=STEPS)


def case(identity: str, outcome: Outcome) -> CaseResult:
    return CaseResult(identity, "A rule.", ("9293 3.4",), "", Fraction(1), "./tcplab", outcome)


def run(**outcomes: Outcome) -> list[CaseResult]:
    return [case(f"sender.{name}", outcome) for name, outcome in outcomes.items()]


def symptoms(name: str, mistake: str, **outcomes: Outcome) -> causes.Symptoms:
    cases = {f"sender.{name}": signature_of(outcome) for name, outcome in outcomes.items()}
    return causes.Symptoms(name, "sender.c", mistake, cases)


# --- signatures ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "likeness"),
    [
        (failed("rto"), failed("rto"), 1.0),
        (failed("rto"), failed("rto", "8000", "3000"), 0.9),
        (failed("data", '"abc"', "61 62"), failed("data", '"xy"', "00 01 02"), 0.9),
        (failed("ack"), failed("ack", "ack=1", "nothing"), 0.6),
        (failed("ack"), failed("seq"), 0.2),
        (failed("ack"), Outcome("crashed", "it crashed", steps=STEPS), 0.1),
        (
            Outcome("crashed", "it used a null pointer at a.c:1 in f, in step 12 (b)", steps=STEPS),
            Outcome(
                "crashed", "it used a null pointer at b.c:20 in g, in step 12 (c)", steps=STEPS
            ),
            1.0,
        ),
    ],
)
def test_how_alike_two_failures_are(one: Outcome, other: Outcome, likeness: float) -> None:
    signatures = signature_of(one), signature_of(other)
    assert signatures[0].likeness(signatures[1]) == likeness
    assert signatures[1].likeness(signatures[0]) == likeness


def test_another_step_is_less_alike() -> None:
    one, other = signature_of(failed("a")), signature_of(failed("a"))
    assert one.step == 12
    later = Signature(other.status, 13, other.subject, other.loose, other.exact)
    assert one.likeness(later) == 0.4


def test_a_signature_is_read_as_it_was_written() -> None:
    one = signature_of(failed("ack"))
    assert Signature.read(str(one)) == one
    with pytest.raises(ValueError):
        Signature.read("f12")


# --- which are likely ----------------------------------------------------------------------------

ALWAYS = symptoms("always", "It fails always.", a=failed("x"), b=failed("x"), c=failed("x"))
ONCE = symptoms("once", "It fails once.", a=failed("x"))
OTHER = symptoms("other", "It fails in another way.", a=failed("y"))
PASSED = Outcome("passed")


def mistakes(cases: list[CaseResult], *table: causes.Symptoms) -> list[str]:
    return [one.mistake for one in causes.likely(cases[0], cases, table)]


def test_the_one_that_explains_all_failures_comes_first() -> None:
    all_fail = run(a=failed("x"), b=failed("x"), c=failed("x"))
    assert mistakes(all_fail, ONCE, ALWAYS, OTHER)[0] == "It fails always."
    one_fails = run(a=failed("x"), b=PASSED, c=PASSED)
    assert mistakes(one_fails, ALWAYS, ONCE, OTHER) == ["It fails once."]


def test_what_was_not_run_is_no_evidence() -> None:
    skipped = Outcome("not run", "skipped")
    cases = run(a=failed("x"), b=skipped, c=skipped)
    assert set(mistakes(cases, ALWAYS, ONCE)) == {"It fails always.", "It fails once."}


def test_nothing_is_said_where_too_many_are_as_likely() -> None:
    table = [symptoms(f"m{at}", f"Mistake {at}.", a=failed("x")) for at in range(6)]
    cases = run(a=failed("x"))
    assert mistakes(cases, *table) == []
    assert len(mistakes(cases, *table[:5])) == causes.MOST


def test_nothing_is_said_of_what_looks_different_or_was_not_run() -> None:
    assert mistakes(run(a=failed("x")), OTHER) == []
    assert mistakes(run(a=Outcome("not run", "no")), ALWAYS) == []
    assert mistakes(run(a=PASSED), ALWAYS) == []


def test_cases_of_other_checkpoints_do_not_count() -> None:
    cases = [*run(a=failed("x")), case("receiver.a", failed("x"))]
    [cause] = causes.likely(cases[0], cases, [ONCE])
    assert cause.weight == 1


# --- the table -----------------------------------------------------------------------------------


def test_the_table_names_what_exists() -> None:
    gone = sorted(TABLE.keys() - MUTANTS.keys())
    assert gone == [], "renew it: ./tcplab mutants --causes"
    for row in TABLE.values():
        assert row.cases and sorted(row.cases.keys() - CASES.keys()) == [], row.name
        assert row.mistake == sentence_of(MUTANTS[row.name]), row.name
        assert row.file == MUTANTS[row.name].file, row.name


def test_the_table_is_written_as_it_was_read(tmp_path: Path) -> None:
    text = causes.to_text(TABLE.values(), causes.ids_in(PATH))
    assert text == PATH.read_text(encoding="utf-8")
    (tmp_path / "table").write_text(text, encoding="utf-8")
    assert causes.load(tmp_path / "table") == TABLE
    (tmp_path / "table").write_text("{}", encoding="utf-8")
    with pytest.raises(InfrastructureError, match="no table of causes"):
        causes.load(tmp_path / "table")


def test_some_rows_are_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table = dict(TABLE)
    name = "seqno.before-includes-itself"
    table[name] = replace(table[name], mistake="An old text.", cases={})
    copy = tmp_path / "causes.json"
    copy.write_text(causes.to_text(table.values(), causes.ids_in(PATH)), encoding="utf-8")
    monkeypatch.setattr(causes, "causes_file", lambda kit: copy)
    assert main(["mutants", "--causes", "--id", name, "--jobs", "1"]) == 0
    assert "1 of them anew" in capsys.readouterr().out
    made = causes.load(copy)[name]
    assert made.mistake == TABLE[name].mistake
    assert alike(made.cases, TABLE[name].cases)


def alike(some: Mapping[str, Signature], others: Mapping[str, Signature]) -> bool:
    """The same cases fail in the same way, but for those that measure time, and for figures."""
    ours, theirs = ({one for one in side if not is_about_cost(one)} for side in (some, others))
    return ours == theirs and all(some[one].likeness(others[one]) >= 0.9 for one in ours)


def is_about_cost(identity: str) -> bool:
    return CASES[identity].function.__module__.endswith(".cost")


def sample() -> list[str]:
    """Some mutants of the table, by turns of each file; the same every time."""
    chosen = random.Random(1).sample(sorted(TABLE), len(TABLE))
    first_of_file = {TABLE[name].file: name for name in reversed(chosen)}
    return [*first_of_file.values()][:SAMPLE]


@pytest.fixture(scope="module")
def tried() -> Mapping[str, Mapping[str, Signature]]:
    """A sample of the mutants, tried once more."""
    subjects = [one for one in named_subjects(KIT) if one.name in sample()]
    made = over_all(
        KIT, subjects, signatures_of, launcher=choose_launcher("none"), jobs=2, seed=SEED
    )
    return {subject.name: signatures for subject, signatures in made}


@pytest.mark.timeout(600)
def test_the_table_is_what_is_seen(tried: Mapping[str, Mapping[str, Signature]]) -> None:
    assert sorted(tried) == sorted(sample())
    for name, signatures in tried.items():
        assert alike(signatures, TABLE[name].cases), f"{name}: ./tcplab mutants --causes"


@pytest.mark.parametrize("name", sample())
def test_a_mistake_is_likely_behind_its_own_failures(name: str) -> None:
    """Seen from the case that tells it best."""
    row = TABLE[name]
    weights = []
    for identity, signature in row.cases.items():
        alike = [
            other.name
            for other in TABLE.values()
            if identity in other.cases and other.cases[identity].likeness(signature) == 1
        ]
        weights.append(len(alike))
    assert min(weights) <= 5, "no case tells this mistake from others"


def test_a_student_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mutants.apply(MUTANTS["byte_stream.pop-miscounts"], KIT.reference, tmp_path)
    assert main(["grade", str(tmp_path), "--checkpoint", "1", "--wire", "socketpair"]) == 0
    assert "likely    Pop counts what was asked for" in capsys.readouterr().out


# --- which failure comes first --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mistake", "first"),
    [
        ("sender.probe-stays-due", "sender.zero-window-probes"),
        ("connection.nothing-is-acked", "connection.an-ack-is-not-acked"),
        ("connection.reset-ignored", "connection.reset-must-be-exact"),
        ("connection.ack-of-unsent-unanswered", "connection.ack-of-unsent-in-established"),
        ("connection.fin-wait-1-stays", "connection.we-close-first"),
        ("connection.last-ack-stays", "connection.peer-closes-first"),
        ("connection.fin-does-not-close", "connection.fin-is-acknowledged"),
        ("receiver.fin-ends-at-once", "receiver.fin-before-its-data"),
        ("receiver.no-silly-window-avoidance", "receiver.no-silly-windows"),
    ],
)
def test_the_plainest_case_that_a_mistake_fails_comes_first(mistake: str, first: str) -> None:
    assert next(identity for identity in CASES if identity in TABLE[mistake].cases) == first


# --- how sure one may be --------------------------------------------------------------------------


def test_the_same_field_with_other_words_says_nothing() -> None:
    """An MSS that is missing is not one with its bytes swapped."""
    cases = run(once=failed("mss", "1460", "46085"))
    table = [symptoms("sender.no-mss", "None is sent.", once=failed("mss", "1460", "none"))]
    assert causes.likely(cases[0], cases, table) == ()


def test_a_mistake_that_would_make_more_fail_than_does_is_not_named() -> None:
    passed = Outcome("passed")
    five = {name: failed(name) for name in "abcde"}
    wide = [symptoms("sender.x", "Wide.", **five)]
    cases = run(**{**five, "e": passed})
    assert causes.likely(cases[0], cases, wide)
    cases = run(**{**five, "d": passed, "e": passed})
    assert causes.likely(cases[0], cases, wide) == ()


def test_a_mistake_of_which_little_was_run_is_not_named() -> None:
    four = {name: failed(name) for name in "abcd"}
    wide = [symptoms("sender.x", "Wide.", **four)]
    skipped = Outcome("not run", "skipped")
    cases = run(a=failed("a"), b=failed("b"), c=skipped, d=skipped)
    assert causes.likely(cases[0], cases, wide)
    cases = run(a=failed("a"), b=skipped, c=skipped, d=skipped)
    assert causes.likely(cases[0], cases, wide) == ()


def test_a_null_pointer_is_not_blamed_on_a_division_by_zero() -> None:
    """The mutant that divides by zero gives memcpy a null pointer as well; who guards the division
    does only that."""
    row = TABLE["byte_stream.capacity-of-zero-divides-by-zero"]
    crash = "it gave a null pointer to a function that takes none, at byte_stream.c:76 in f"
    step = ("  2  write",)
    seen = Outcome("crashed", f"{crash}, in step 2 (write)", steps=step)
    ids = [one for one in CASES if one.startswith("byte_stream.")]
    failing = "byte_stream.counts-only-what-was-accepted"
    assert row.cases[failing].looks_like(signature_of(seen))
    passed = Outcome("passed")
    for among in (ids, [failing]):
        cases = [case(one, seen if one == failing else passed) for one in among]
        named = causes.likely(next(one for one in cases if not one.passed), cases, TABLE.values())
        assert row.mistake not in [one.mistake for one in named]


def test_a_hint_is_given_where_the_case_fails_as_it_was_meant_to() -> None:
    identity = "byte_stream.capacity-of-zero-and-of-one"
    [name] = [one for one in CASES[identity].kills if one.endswith("zero-divides-by-zero")]
    result = replace(case(identity, failed("is_finished", "true", "false")), kills=(name,))
    assert not causes.hint_fits(result)
    assert causes.hint_fits(replace(result, kills=()))  # nothing is known of it


def test_one_failure_and_nothing_else_is_a_guess() -> None:
    cases = run(a=failed("a"), b=Outcome("passed"))
    assert causes.is_a_guess(cases[0])
    assert not causes.is_a_guess(cases[0], cases)
    assert causes.is_a_guess(cases[0], [cases[0], case("receiver.c", failed("c"))])
