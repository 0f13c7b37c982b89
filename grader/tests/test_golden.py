"""First screens of `check`, as a student sees them: ten mistakes in seven files, always the same.

When a screen is meant to change, look at the new one, and renew them all:

    TCPLAB_RENEW_GOLDEN=1 python3 -m pytest grader/tests/test_golden.py
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tcplab import mutants as m
from tcplab.case import discover
from tcplab.cli import main
from tcplab.kit import COMPONENT_FILES, Kit
from tcplab.mutation.trial import checkpoint_of

KIT = Kit.find()
FOLDER = Path(__file__).resolve().parent / "golden"
MUTANTS = {one.name: one for one in m.load(KIT.root / "grader" / "mutants")}
RULES = {one.id: one.rule for one in discover(KIT.checkpoints())}
LINES, COLUMNS = 24, 80
SCREENS = {  # mutant: what the screen has to show, apart from rule and file
    "seqno.unwrap-loops": "did not come to an end in seqno_unwrap",
    "byte_stream.write-runs-over-the-end": "crashed in byte_stream_write",
    "byte_stream.second-piece-is-the-first": "wrong from offset 3 on",
    "reassembler.drops-what-is-early": "likely    What comes before its turn is discarded.",
    "receiver.forgets-the-wrap": "✗ ack",
    "sender.push-never-set": "✗~~~",
    "segment.length-without-payload": "nothing, expected 1 byte",
    "connection.mss-is-an-echo": "✗~~",
    "connection.unacceptable-not-answered": "✗ no such segment came",
    "connection.listen-rst-answered": "expected  no segment",
}


def screen_of(mutant: m.Mutant, folder: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What stands on a terminal after a check of the file with the mistake. What the machine
    decides is left out: how long it took, and the unit tests, of which a busy one runs fewer before
    it ends them. With a pattern for the cases there are none."""
    m.apply(mutant, KIT.reference, folder)
    capsys.readouterr()
    number = str(checkpoint_of(mutant.file))
    assert main(["check", number, "--case", "*.*", "--seed", "1"]) == 1
    rows: list[str] = []
    for line in capsys.readouterr().out.splitlines():
        line = re.sub(r"\d+\.\d s$", "0.0 s", line)
        rows += [line[at : at + COLUMNS] for at in range(0, max(1, len(line)), COLUMNS)]
    return rows[:LINES]


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A work folder, in which we are."""
    folder = tmp_path / "mine"
    assert main(["start", str(folder)]) == 0
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("name", SCREENS)
def test_the_first_screen(name: str, work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mutant = MUTANTS[name]
    rows = screen_of(mutant, work, capsys)
    golden = FOLDER / f"{name}.txt"
    if os.environ.get("TCPLAB_RENEW_GOLDEN"):
        golden.write_text("\n".join(rows) + "\n", encoding="utf-8")
    assert rows == golden.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("name", SCREENS)
def test_it_names_the_broken_rule_and_the_file(name: str) -> None:
    text = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    rows = text.splitlines()
    assert len(rows) <= LINES and all(len(row) <= COLUMNS for row in rows)
    [about] = [row for row in rows if " · look in " in row]
    identity, _, file = about.partition(" · look in ")
    assert file.partition(":")[0] == MUTANTS[name].file
    assert RULES[identity] in " ".join(text.split())
    assert re.search(rf"\n  again +\./tcplab check \d --case {re.escape(identity)}\n", text)
    assert SCREENS[name] in text


def test_all_files_are_among_them() -> None:
    assert {MUTANTS[name].file for name in SCREENS} == set(COMPONENT_FILES)
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(SCREENS)
