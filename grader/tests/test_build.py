"""Mixes of components: what is taken from where, and what is said when it does not compile."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tcplab import build as build_module
from tcplab import compiling
from tcplab.build import Builder
from tcplab.target import Target
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


@pytest.mark.parametrize("name", ["byte_stream.c", "more.c", "more.h"])
@pytest.mark.parametrize("inside", [False, True], ids=["into-the-kit", "inside"])
def test_a_link_is_no_file(submission: Path, name: str, inside: bool) -> None:
    """Neither one of the contract, nor one beside it; wherever it leads to."""
    (submission / name).unlink(missing_ok=True)
    place = submission if inside else _KIT.reference
    (submission / name).symlink_to(place / "seqno.c")
    assert refusal(submission) == f"{name} is a link: put the file itself there"


@pytest.mark.parametrize("name", ["byte_stream.c", "more.c", "more.h"])
def test_a_folder_is_no_file(submission: Path, name: str) -> None:
    (submission / name).unlink(missing_ok=True)
    (submission / name).mkdir()
    assert refusal(submission) == f"{name} is not a regular file"


def test_a_link_to_nothing_is_a_missing_file(submission: Path) -> None:
    (submission / "byte_stream.c").unlink()
    (submission / "byte_stream.c").symlink_to("nothing.c")
    assert refusal(submission).startswith("byte_stream.c is missing in ")


def test_warnings_are_no_errors(submission: Path) -> None:
    with (submission / "byte_stream.c").open("a", encoding="utf-8") as stream:
        stream.write("static int unused(int x) { int y; return x; }\n")
    assert build(submission).exists()


def put_on_top(path: Path, text: str) -> None:
    path.write_text(text + path.read_text(encoding="utf-8"), encoding="utf-8")


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("struct thing { int a }\nint f(void);\n", "mine.h:"),
        ("int unfinished\n", "byte_stream.c:2: "),
    ],
)
def test_an_error_is_told_where_the_student_can_mend_it(
    submission: Path, header: str, words: str
) -> None:
    """Also if the compiler sees it in a header of the system only."""
    (submission / "mine.h").write_text(header, encoding="utf-8")
    put_on_top(submission / "byte_stream.c", '#include "mine.h"\n#include <stdint.h>\n')
    assert refusal(submission).startswith(("mine.h:1: ", words))


def test_what_is_not_finished_before_an_include(submission: Path) -> None:
    put_on_top(submission / "byte_stream.c", "typedef struct\n#include <stdint.h>\n")
    assert refusal(submission).startswith("byte_stream.c:")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("static char big[3000000000u] = {1};\nchar *use(void) { return big; }\n", "64 MB"),
        ("char big[1ul << 40];\nchar *use(void) { return big; }\n", "too much static data"),
        ('#include "byte_stream.c"\n', "."),
        ('#include "/dev/zero"\n', "No such file"),
    ],
)
def test_compiling_has_limits(submission: Path, text: str, words: str) -> None:
    (submission / "extra.c").write_text(text, encoding="utf-8")
    assert re.search(words, refusal(submission))


def test_a_compiler_that_computes_for_ever(
    submission: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = [word.replace("--cpu=10:10", "--cpu=1:1") for word in compiling.LIMITS]
    monkeypatch.setattr(build_module, "LIMITS", slow)
    bomb = "".join(f"#define A{at} {' '.join([f'A{at - 1}'] * 10)}\n" for at in range(1, 10))
    (submission / "extra.c").write_text(f"#define A0 1+\n{bomb}int bomb = A9 1;\n")
    assert refusal(submission).startswith("extra.c: compiling takes more than 10 s")


def test_what_a_compiler_says_rules_no_terminal(submission: Path) -> None:
    (submission / "extra.c").write_text("#error \033[31m red \007\n", encoding="utf-8")
    assert refusal(submission) == "extra.c:1: #error \\x1b[31m red \\x07"


def test_too_many_files(submission: Path) -> None:
    for at in range(41):
        (submission / f"extra{at}.c").write_text("", encoding="utf-8")
    assert refusal(submission) == "more than 40 files beside the seven of the contract"


def test_a_target_that_does_not_exist() -> None:
    with pytest.raises(UsageError, match="no such folder"):
        Target.find(_KIT, "/nowhere/at/all")
