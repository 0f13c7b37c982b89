"""Code that pages show is found by its name, and is what stands in the file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tcplab.handouts.excerpts import between, excerpt, filled
from tcplab.handouts.pages import all_pages
from tcplab.kit import Kit

ROOT = Kit.find().root
PAGES = all_pages(ROOT)

_C = """\
/* Not this one. */
int other(void);

/* How many
 * there are. */
#define COUNT 3u

/* A pair. */
struct pair {
    int first;
};

static int twice(const struct pair *pair);

/* Twice the first. */
static int twice(const struct pair *pair)
{
    if (pair) {
        return 2 * pair->first;
    }
    return 0;
}
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "pair.c"
    path.write_text(_C, encoding="utf-8")
    return path


def name_of(value: object) -> str | None:
    return value.relative_to(ROOT).as_posix() if isinstance(value, Path) else None


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_pages_show_what_stands_in_the_files(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text == filled(text, ROOT), "run handouts/fill_code.py"


def test_kinds_of_names_in_c(source: Path) -> None:
    assert excerpt(source, "COUNT") == "#define COUNT 3u\n"
    assert excerpt(source, "pair") == "struct pair {\n    int first;\n};\n"
    assert excerpt(source, "other") == "int other(void);\n"
    assert excerpt(source, "twice").startswith("static int twice(const struct pair *pair)\n{\n")
    assert excerpt(source, "twice").endswith("    return 0;\n}\n")


def test_the_comment_above(source: Path) -> None:
    assert excerpt(source, "COUNT", with_comment=True).startswith(
        "/* How many\n * there are. */\n#"
    )
    assert excerpt(source, "pair", with_comment=True).startswith("/* A pair. */\nstruct")


def test_from_one_line_to_another(source: Path) -> None:
    shown = between(source, "if (pair) {", "return 2 * pair->first;")
    assert shown == "if (pair) {\n    return 2 * pair->first;\n"
    with pytest.raises(ValueError, match="2 lines"):
        between(source, "if (pair) {", "}")
    with pytest.raises(ValueError, match="before"):
        between(source, "return 0;", "int other(void);")


def test_every_function_of_the_reference_is_found() -> None:
    for path in sorted((ROOT / "reference").glob("*.c")):
        text = path.read_text(encoding="utf-8")
        for name in re.findall(r"^[a-z][\w *]*?(\w+)\([^;]*?\)\n\{$", text, re.MULTILINE):
            shown = excerpt(path, name)
            assert shown in text and shown.endswith("\n}\n") and shown.count("\n}\n") == 1


def test_python_comes_with_its_decorator(tmp_path: Path) -> None:
    path = tmp_path / "one.py"
    path.write_text("x = 1\n\n\n@one(\n    2,\n)\ndef two() -> None:\n    pass\n", encoding="utf-8")
    assert excerpt(path, "two") == "@one(\n    2,\n)\ndef two() -> None:\n    pass\n"


def test_a_page_is_filled(source: Path) -> None:
    page = "Text.\n\n<!-- code:pair.c COUNT with-comment -->\n<!-- /code -->\n\nMore.\n"
    new = filled(page, source.parent)
    assert new.splitlines()[2:8] == [
        "<!-- code:pair.c COUNT with-comment -->",
        "```c",
        "/* How many",
        " * there are. */",
        "#define COUNT 3u",
        "```",
    ]
    assert filled(new, source.parent) == new


@pytest.mark.parametrize(
    "marker, problem",
    [
        ("<!-- code:pair.c COUNT -->\n", "has no <!-- /code -->"),
        ("<!-- code:pair.c missing -->\n<!-- /code -->\n", "pair.c has no missing"),
        ("<!-- code:nowhere.c COUNT -->\n<!-- /code -->\n", "no such file"),
        ("<!-- code:pair.c -->\n<!-- /code -->\n", "is not: code:PATH NAME"),
    ],
)
def test_a_marker_that_means_nothing(source: Path, marker: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        filled(marker, source.parent)
