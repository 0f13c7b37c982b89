"""The clinics: each patient is ill as its page says, and in one place only."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tcplab.case import discover
from tcplab.cli import main
from tcplab.clinics import CAPTURE, Clinic, load, page_of
from tcplab.kit import COMPONENT_FILES, Kit
from tcplab.mutants import mutate, try_cases
from tcplab.target import Target
from tcplab.sandbox import choose_launcher
from tcplab.work.folder import SYMPTOMS

KIT = Kit.find()
CLINICS = load(KIT)
CASES = {one.id: one for one in discover(KIT.checkpoints())}
DOCS = KIT.root / "handouts" / "docs" / "clinics"
_SECTIONS = ["What is seen", "What is known", "Questions", "Tools", "Mended?"]
_SOLUTION = [
    "How it is found",
    "The rule",
    "The cure",
    "What would have caught it",
    "The same in the world",
]


def name_of(value: object) -> str | None:
    return value.page if isinstance(value, Clinic) else None


def sections_of(page: Path) -> list[str]:
    return re.findall(r"^## (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("clinic", CLINICS, ids=name_of)
def test_a_patient_is_the_reference_with_one_edit(
    clinic: Clinic, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "patient"
    assert main(["clinic", str(clinic.number), str(folder)]) == 0
    assert SYMPTOMS in capsys.readouterr().out
    for name in COMPONENT_FILES:
        sound = (KIT.reference / name).read_text(encoding="utf-8")
        expected = mutate(clinic.bug, sound) if name == clinic.bug.file else sound
        assert (folder / name).read_text(encoding="utf-8") == expected
    symptoms = (folder / SYMPTOMS).read_text(encoding="utf-8")
    assert symptoms.startswith(f"# Clinic {clinic.number}: ")
    assert "](" not in symptoms and "<!--" not in symptoms
    assert f"(handouts/docs/clinics/{clinic.page}-solution.md)" in symptoms
    assert (folder / CAPTURE).exists() == bool(clinic.scene)
    assert (folder / "tcplab").exists(), "it is a work folder"
    if clinic.number == 5:  # ill in one file only: nobody is to write the others
        assert main(["check", "0", str(folder)]) == 0
        assert "next:" not in capsys.readouterr().out


@pytest.mark.parametrize("clinic", CLINICS, ids=name_of)
def test_the_cases_that_are_named_catch_it(clinic: Clinic, tmp_path: Path) -> None:
    sound = (KIT.reference / clinic.bug.file).read_text(encoding="utf-8")
    for path in KIT.reference.glob("*.[ch]"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / clinic.bug.file).write_text(mutate(clinic.bug, sound), encoding="utf-8")
    cases = [CASES[identity] for identity in clinic.caught_by]
    target = Target(clinic.page, tmp_path)
    outcomes = try_cases(KIT, target, cases, mode="stack", launcher=choose_launcher("auto"))
    assert {one.status for one in outcomes.values()} == {"failed"}
    solution = (DOCS / f"{clinic.page}-solution.md").read_text(encoding="utf-8")
    assert any(f"`{identity}`" in solution for identity in clinic.caught_by)


@pytest.mark.parametrize("clinic", CLINICS, ids=name_of)
def test_pages_have_their_parts_and_are_linked(clinic: Clinic) -> None:
    page, solution = page_of(KIT, clinic), DOCS / f"{clinic.page}-solution.md"
    assert sections_of(page) == _SECTIONS
    assert sections_of(solution) == _SOLUTION
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    assert f"]({page.name})" in index and f"]({solution.name})" in index
    assert f"]({solution.name})" in page.read_text(encoding="utf-8")
    assert clinic.bug.find not in page.read_text(encoding="utf-8")


def test_each_page_has_its_patient() -> None:
    pages = {path.stem for path in DOCS.glob("[0-9]-*.md")}
    stems = {clinic.page for clinic in CLINICS}
    assert pages == stems | {f"{stem}-solution" for stem in stems}
    assert [clinic.number for clinic in CLINICS] == list(range(1, len(CLINICS) + 1))


def test_folders_of_others_are_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "precious").write_text("x", encoding="utf-8")
    assert main(["clinic", "1", str(tmp_path)]) == 2
    assert main(["clinic", "99", str(tmp_path / "new")]) == 2
    assert capsys.readouterr().err.count("\n") == 2
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]
