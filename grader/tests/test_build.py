"""Mixes of components: what is taken from where, and what is said when it does not compile."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tcplab.build import Builder, Target
from tcplab.errors import BuildError, UsageError
from tcplab.kit import Kit

_KIT = Kit.find()
_CHECKPOINTS = _KIT.checkpoints()
SEQNO, STREAM = _CHECKPOINTS[0], _CHECKPOINTS[1]


@pytest.fixture
def submission(tmp_path: Path) -> Path:
    folder = tmp_path / "work of a student"  # people do have blanks in their paths
    folder.mkdir()
    for source in _KIT.reference.glob("*.c"):
        shutil.copyfile(source, folder / source.name)
    return folder


def build(folder: Path, checkpoint: int = 1, mode: str = "solo") -> Path:
    builder = Builder(_KIT, Target.find(_KIT, str(folder)))
    return builder.build(_CHECKPOINTS[checkpoint], mode)


def refusal(folder: Path, checkpoint: int = 1, mode: str = "solo") -> str:
    with pytest.raises(BuildError) as refused:
        build(folder, checkpoint, mode)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_the_points_are_a_hundred() -> None:
    assert [one.points for one in _CHECKPOINTS] == [10, 10, 15, 15, 20, 30]


def test_the_same_code_is_built_once(submission: Path) -> None:
    first = build(submission)
    changed = first.stat().st_mtime_ns
    assert build(submission) == first and first.stat().st_mtime_ns == changed


def test_solo_takes_one_checkpoint_and_stack_takes_all(submission: Path) -> None:
    (submission / "seqno.c").write_text("this is no C\n", encoding="utf-8")
    assert build(submission, checkpoint=1).exists()
    assert refusal(submission, checkpoint=0).startswith("seqno.c:1: ")
    assert refusal(submission, checkpoint=1, mode="stack").startswith("seqno.c:1: ")


def test_a_missing_file_is_named(submission: Path) -> None:
    (submission / "byte_stream.c").unlink()
    assert refusal(submission) == f"byte_stream.c is missing in {submission}"


def test_a_missing_function_is_named(submission: Path) -> None:
    (submission / "byte_stream.c").write_text("int nothing;\n", encoding="utf-8")
    assert refusal(submission).startswith("nothing defines byte_stream_")


def test_a_function_too_many_is_named(submission: Path) -> None:
    shutil.copyfile(submission / "byte_stream.c", submission / "old.c")
    assert "is defined twice" in refusal(submission)


def test_extra_files_belong_to_it(submission: Path) -> None:
    stream = submission / "byte_stream.c"
    text = stream.read_text(encoding="utf-8")
    stream.write_text('#include "extra.h"\n' + text + "int use(void) { return extra(); }\n")
    (submission / "extra.h").write_text("int extra(void);\n", encoding="utf-8")
    (submission / "extra.c").write_text('#include "extra.h"\nint extra(void) { return 1; }\n')
    assert build(submission).exists()
    (submission / "extra.h").write_text("#error changed\n", encoding="utf-8")
    assert "changed" in refusal(submission)


@pytest.mark.parametrize("path", ["reference/byte_stream.c", "labs/given/dut/dut.h"])
def test_the_kits_own_files_cannot_be_included(submission: Path, path: str) -> None:
    include = f'#include "{_KIT.root / path}"\n'
    (submission / "byte_stream.c").write_text(include, encoding="utf-8")
    assert "No such file" in refusal(submission)


def test_a_link_is_no_file(submission: Path) -> None:
    (submission / "byte_stream.c").unlink()
    (submission / "byte_stream.c").symlink_to(_KIT.reference / "byte_stream.c")
    assert refusal(submission) == "byte_stream.c is not a regular file"


def test_warnings_are_no_errors(submission: Path) -> None:
    with (submission / "byte_stream.c").open("a", encoding="utf-8") as stream:
        stream.write("static int unused(int x) { int y; return x; }\n")
    assert build(submission).exists()


def test_a_target_that_does_not_exist() -> None:
    with pytest.raises(UsageError, match="no such folder"):
        Target.find(_KIT, "/nowhere/at/all")
