"""Correct solutions that differ from the reference have full marks, and do differ.

By default those with files of their own and a sample of the others, always the same, are graded in
the checkpoints that their files are written for, with one seed. With TCPLAB_ALL_ALTERNATIVES=1, as
by `./tcplab alternatives --seeds 5`, all are, also together with the reference's files in all six
checkpoints, and with five seeds.
"""

from __future__ import annotations

import os
import random
import re
import subprocess
from pathlib import Path

import pytest

from tcplab import alternatives as a
from tcplab.case import discover
from tcplab.cli import main
from tcplab.kit import Kit
from tcplab.runner import Plan, grade

KIT = Kit.find()
FOLDER = KIT.root / "grader" / "alternatives"
ALTERNATIVES = a.load(FOLDER)
CASES = {case.id: case for case in discover(KIT.checkpoints())}
EVERYTHING = bool(os.environ.get("TCPLAB_ALL_ALTERNATIVES"))

_FEWEST = 24
_SAMPLE = 6
_WARNINGS = "-std=c11 -O1 -Wall -Wextra -Wconversion -Wshadow -Werror -o /dev/null".split()


def each(alternatives: list[a.Alternative]) -> pytest.MarkDecorator:
    names = [one.name for one in alternatives]
    return pytest.mark.parametrize("alternative", alternatives, ids=names)


def chosen() -> list[a.Alternative]:
    edited = [one for one in ALTERNATIVES if one.edits]
    if EVERYTHING or len(edited) <= _SAMPLE:
        return ALTERNATIVES
    sample = random.Random(1).sample(edited, _SAMPLE)
    return [one for one in ALTERNATIVES if one.own_files or one in sample]


def test_there_are_enough() -> None:
    assert len(ALTERNATIVES) >= _FEWEST
    assert {name for one in ALTERNATIVES for name in one.files} >= {
        "seqno.c",
        "byte_stream.c",
        "reassembler.c",
        "receiver.c",
        "sender.c",
        "segment.c",
        "connection.c",
    }


@pytest.mark.timeout(1800 if EVERYTHING else 120)
@each(chosen())
def test_has_full_marks(alternative: a.Alternative) -> None:
    trials = a.try_all(
        KIT,
        [alternative],
        seeds=range(1, 6) if EVERYTHING else (1,),
        modes=a.MODES if EVERYTHING else ("solo",),
        wire="auto" if EVERYTHING else "socketpair",
        progress=lambda done, total, name: None,
    )
    lost = [
        f"{trial.mode}, seed {trial.seed}: {case.id}: {case.outcome.message}"
        for trial in trials
        for case in trial.lost
    ]
    assert lost == []


# --- they are good C -----------------------------------------------------------------------------


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@each(ALTERNATIVES)
def test_compiles_without_a_warning(
    alternative: a.Alternative, compiler: str, tmp_path: Path
) -> None:
    alternative.write(KIT.reference, tmp_path)
    includes = [f"-I{folder}" for folder in KIT.public_include_folders()]
    for name in alternative.files:
        command = [compiler, *_WARNINGS, *includes, "-c", str(tmp_path / name)]
        run = subprocess.run(command, capture_output=True, text=True)
        assert run.stderr == "" and run.returncode == 0


# --- they differ ---------------------------------------------------------------------------------


def shape(text: str) -> tuple[str, ...]:
    """The words of C code, without comments, and with names in the order of their first use: what
    is left if everything is called something else."""
    names: dict[str, str] = {}
    words = re.findall(r"[A-Za-z_]\w*|\d\w*|[^\s\w]", re.sub(r"(?s)/\*.*?\*/", " ", text))
    return tuple(
        names.setdefault(word, f"n{len(names)}") if word[0].isalpha() else word for word in words
    )


def shapes(text: str) -> set[tuple[str, ...]]:
    """Those of the functions in a C file, but for those of a few words."""
    bodies = re.findall(r"(?sm)^\{\n(.*?)^\}\n", text)
    return {one for one in map(shape, bodies) if len(one) > 20}


def test_a_renamed_copy_has_the_same_shapes() -> None:
    text = (KIT.reference / "sender.c").read_text(encoding="utf-8")
    renamed = text.replace("sender", "speaker").replace("snd_una", "oldest")
    assert shapes(renamed) == shapes(text) and len(shapes(text)) > 15


@each(ALTERNATIVES)
def test_is_no_renamed_copy(alternative: a.Alternative) -> None:
    texts = alternative.texts(KIT.reference)
    for name in alternative.files:
        reference = (KIT.reference / name).read_text(encoding="utf-8")
        same = shapes(texts[name]) & shapes(reference)
        assert shape(texts[name]) != shape(reference), name
        assert alternative.edits or len(same) <= len(shapes(reference)) / 2, name


@each([one for one in ALTERNATIVES if one.seen_in])
def test_is_seen_to_differ(alternative: a.Alternative, tmp_path: Path) -> None:
    """In the case that it names, other packets are sent than by the reference."""
    case = CASES[alternative.seen_in]
    folder = tmp_path / "alternative"
    folder.mkdir()
    alternative.write(KIT.reference, folder)
    for target in ("reference", str(folder)):
        grade(
            Plan(
                target,
                checkpoints=(case.checkpoint,),
                mode="stack",
                case=case.id,
                wire="socketpair",
                pcap=tmp_path / Path(target).name / "pcap",
            )
        )
    name = f"pcap/{case.id}.pcap"
    assert (folder / name).read_bytes() != (tmp_path / "reference" / name).read_bytes()


def test_the_same_twice_is_seen_to_be_the_same(tmp_path: Path) -> None:
    case = CASES["sender.gaps-grow"]
    for name in ("once", "twice"):
        grade(Plan("reference", (4,), "stack", case.id, wire="socketpair", pcap=tmp_path / name))
    once, twice = (tmp_path / name / f"{case.id}.pcap" for name in ("once", "twice"))
    assert once.read_bytes() == twice.read_bytes()


# --- the loader and the command ------------------------------------------------------------------

ROW = """[[alternative]]
name = "{name}"
what = "It differs."
allowed_by = ["E-16"]
"""
EDIT = """[[alternative.edit]]
file = "{file}"
find = '''{find}'''
replace = '''new'''
"""


def load_text(folder: Path, text: str) -> list[a.Alternative]:
    (folder / "alternatives.toml").write_text(text, encoding="utf-8")
    return a.load(folder)


def test_an_alternative_of_edits(tmp_path: Path) -> None:
    text = ROW.format(name="seqno.x") + EDIT.format(file="seqno.c", find="old")
    (one,) = load_text(tmp_path, text)
    (tmp_path / "seqno.c").write_text("an old text", encoding="utf-8")
    assert one.files == ("seqno.c",)
    assert one.texts(tmp_path) == {"seqno.c": "an new text"}
    assert [each.number for each in one.checkpoints(KIT)] == [0]
    (tmp_path / "seqno.c").write_text("old, old", encoding="utf-8")
    with pytest.raises(
        a.AlternativeError, match="seqno.x: its text stands 2 times in seqno.c: old"
    ):
        one.texts(tmp_path)


def test_an_alternative_of_files(tmp_path: Path) -> None:
    (tmp_path / "seqno.x").mkdir()
    (tmp_path / "seqno.x" / "seqno.c").write_text("all new", encoding="utf-8")
    (one,) = load_text(tmp_path, ROW.format(name="seqno.x"))
    out = tmp_path / "out"
    out.mkdir()
    assert one.write(KIT.reference, out).folder == out
    assert (out / "seqno.c").read_text(encoding="utf-8") == "all new"
    assert (out / "sender.c").read_bytes() == (KIT.reference / "sender.c").read_bytes()


@pytest.mark.parametrize(
    "text",
    [
        ROW.format(name="seqno.x"),
        ROW.format(name="sender.x") + EDIT.format(file="seqno.c", find="old"),
        ROW.format(name="other.x") + EDIT.format(file="other.c", find="old"),
        (ROW.format(name="seqno.x") + EDIT.format(file="seqno.c", find="old")) * 2,
        "[[alternative]]\nname = 'seqno.x'\n",
        "no toml",
    ],
)
def test_a_mistaken_description_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(a.AlternativeError):
        load_text(tmp_path, text)


def test_a_folder_that_nobody_describes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "seqno.forgotten").mkdir()
    with pytest.raises(a.AlternativeError, match="seqno.forgotten/ does not stand in"):
        load_text(tmp_path, "")


def test_files_can_be_written_for_a_closer_look(tmp_path: Path) -> None:
    assert main(["alternatives", "seqno.candidates", "--write", str(tmp_path)]) == 0
    written = {path.name for path in (tmp_path / "seqno.candidates").iterdir()}
    assert "seqno.c" in written and "connection.c" in written


def test_an_unknown_name_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["alternatives", "nobody"]) == 2
    assert "no alternative is called nobody" in capsys.readouterr().err
