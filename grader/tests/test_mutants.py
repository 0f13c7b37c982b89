"""Every mutant is killed by the cases that it names: each check has been seen to fail.

By default a sample is tried, always the same; TCPLAB_ALL_MUTANTS=1 tries all.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tcplab import mutants as m
from tcplab.case import discover
from tcplab.kit import Kit
from tcplab.sandbox import Launcher, choose_launcher

KIT = Kit.find()
FOLDER = KIT.root / "grader" / "mutants"
MUTANTS = m.load(FOLDER)
CASES = {one.id: one for one in discover(KIT.checkpoints())}
STEMS = sorted({mutant.name.split(".")[0] for mutant in MUTANTS})
# The stems in which every single case has a mutant that it kills.
COMPLETE = ("byte_stream", "connection", "reassembler", "receiver", "segment", "sender", "seqno")

_SAMPLE = 20
_FEWEST = 8  # mutants of a checkpoint


def chosen() -> list[m.Mutant]:
    if os.environ.get("TCPLAB_ALL_MUTANTS") or len(MUTANTS) <= _SAMPLE:
        return MUTANTS
    return random.Random(1).sample(MUTANTS, _SAMPLE)


@pytest.fixture(scope="module")
def launcher() -> Launcher:
    return choose_launcher("auto")


@pytest.mark.parametrize("mutant", chosen(), ids=[mutant.name for mutant in chosen()])
def test_a_mutant_is_killed_by_its_cases(
    mutant: m.Mutant, launcher: Launcher, tmp_path: Path
) -> None:
    target = m.apply(mutant, KIT.reference, tmp_path)
    cases = [CASES[identity] for identity in mutant.killed_by]
    outcomes = m.try_cases(KIT, target, cases, mode=mutant.mode, launcher=launcher)
    statuses = {identity: outcome.status for identity, outcome in outcomes.items()}
    assert [identity for identity, status in statuses.items() if status == "passed"] == []
    assert set(statuses.values()) != {"not run"}, "no case came as far as its subject"


def test_mutants_fit_the_reference() -> None:
    for mutant in MUTANTS:
        text = (KIT.reference / mutant.file).read_text(encoding="utf-8")
        assert m.mutate(mutant, text) != text, mutant.name


def test_mutants_are_described() -> None:
    for mutant in MUTANTS:
        for words in (mutant.bug, mutant.mistake):
            assert words.endswith(".") and "\n" not in words, mutant.name


@pytest.mark.parametrize("stem", STEMS)
def test_mutants_name_cases_that_can_kill_them(stem: str) -> None:
    checkpoints = KIT.checkpoints()
    for mutant in MUTANTS:
        for identity in mutant.killed_by if mutant.name.startswith(f"{stem}.") else ():
            assert identity in CASES, f"{mutant.name}: there is no case {identity}"
            sees = mutant.file in checkpoints[CASES[identity].checkpoint].files
            assert sees or mutant.mode == "stack", f"{identity} never sees {mutant.file}"


@pytest.mark.parametrize("stem", STEMS)
def test_cases_and_mutants_agree(stem: str) -> None:
    claims = m.pairs_of_cases(one for one in CASES.values() if one.id.startswith(f"{stem}."))
    assert sorted(claims - m.pairs_of_mutants(MUTANTS)) == []


@pytest.mark.parametrize("stem", STEMS)
def test_there_are_enough_mutants(stem: str) -> None:
    assert sum(mutant.name.startswith(f"{stem}.") for mutant in MUTANTS) >= _FEWEST


@pytest.mark.parametrize("stem", COMPLETE)
def test_every_case_has_been_seen_to_fail(stem: str) -> None:
    killers = {identity for mutant in MUTANTS for identity in mutant.killed_by}
    own = {identity for identity in CASES if identity.startswith(f"{stem}.")}
    assert sorted(own - killers) == []


# --- the loader ----------------------------------------------------------------------------------

ROW = """[[mutant]]
name = "seqno.a"
file = "{file}"
find = '''old'''
replace = '''new'''
bug = "A bug."
killed_by = {cases}
"""
WHOLE = """[[mutant]]
name = "seqno.a"
file = "seqno.c"
whole = "other.c"
bug = "A bug."
killed_by = ["seqno.x"]
"""


def load_text(folder: Path, text: str) -> list[m.Mutant]:
    (folder / "seqno.toml").write_text(text, encoding="utf-8")
    return m.load(folder)


def test_a_mutant_is_loaded_and_applied(tmp_path: Path) -> None:
    (mutant,) = load_text(tmp_path, ROW.format(file="seqno.c", cases='["seqno.x"]'))
    assert mutant.mode == "solo" and mutant.killed_by == ("seqno.x",)
    assert m.mutate(mutant, "an old text") == "an new text"


def test_a_mutant_may_be_a_whole_file(tmp_path: Path) -> None:
    (tmp_path / "other.c").write_text("all new", encoding="utf-8")
    (mutant,) = load_text(tmp_path, WHOLE)
    assert m.mutate(mutant, "an old text") == "all new"


@pytest.mark.parametrize("text", ["a text", "old and old"])
def test_the_place_has_to_be_there_exactly_once(tmp_path: Path, text: str) -> None:
    (mutant,) = load_text(tmp_path, ROW.format(file="seqno.c", cases='["seqno.x"]'))
    with pytest.raises(m.MutantError, match="seqno.a: its text stands [02] times"):
        m.mutate(mutant, text)


@pytest.mark.parametrize(
    "text",
    [
        ROW.format(file="other.c", cases='["seqno.x"]'),
        ROW.format(file="seqno.c", cases="[]"),
        ROW.format(file="seqno.c", cases='["seqno.x"]') * 2,
        ROW.format(file="seqno.c", cases='["seqno.x"]').replace("seqno.a", "sender.a"),
        ROW.format(file="seqno.c", cases='["seqno.x"]').replace("old", ""),
        ROW.format(file="seqno.c", cases='["seqno.x"]') + "whole = 'seqno.toml'\n",
        WHOLE,
        "[[mutant]]\nname = 'seqno.a'\n",
        "no toml",
    ],
)
def test_a_mistaken_description_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(m.MutantError):
        load_text(tmp_path, text)
