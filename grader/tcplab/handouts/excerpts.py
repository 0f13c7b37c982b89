"""Code that pages show, as it stands in the kit's files.

A page says which between two comments, and handouts/fill_code.py puts it there:

    <!-- code:reference/seqno.c seqno_before -->
    <!-- /code -->

Instead of a name there can be two lines of the file, each of which stands there once, without what
is before and after them: `"first line" … "last line"`. `with-comment` at the end brings along the
comment above.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

_MARKER = re.compile(r"^(<!-- (code:[^\n]*) -->\n).*?^(<!-- /code -->)$", re.DOTALL | re.MULTILINE)
_ORDER = re.compile(
    r"^code:(?P<path>\S+) (?:(?P<name>[\w.]+)|\"(?P<first>.+)\" … \"(?P<last>.+)\")"
    r"(?P<comment> with-comment)?$"
)
_LANGUAGES = {".c": "c", ".h": "c", ".py": "python", ".toml": "toml", ".json": "json"}
_DEFINITIONS = (  # of {name} in C; the first that is there
    r"^[a-z][^;{{}}()\n#]*\b{name}\([^;{{}}]*\)\n\{{\n.*?^\}}\n",  # function
    r"^(?:typedef )?(?:struct|enum|union) {name} \{{\n.*?^\}}[^\n]*;\n",
    r"^(?:static )?[a-z][^;{{}}()\n#]*\b{name}(?:\[[^\n]*\])? = [^;]*;\n",  # variable, table
    r"^#define {name}\b(?:[^\n]*\\\n)*[^\n]*\n",
    r"^[a-z][^;{{}}()\n#]*\b{name}\([^;{{}}]*\);\n",  # declaration
)
_COMMENT_ABOVE = re.compile(r"(?:^/\*(?:(?!\*/).)*\*/\n|(?:^//[^\n]*\n)+)\Z", re.DOTALL | re.M)


def filled(page: str, root: Path) -> str:
    """The page with all its code replaced by what the files say now. Raises ValueError."""
    new, count = _MARKER.subn(lambda found: found[1] + _block(found[2], root) + found[3], page)
    if count != len(re.findall("^<!-- code:", page, re.MULTILINE)):
        raise ValueError("a marker <!-- code:… --> has no <!-- /code -->")
    return new


def excerpt(path: Path, name: str, *, with_comment: bool = False) -> str:
    """A function, struct, macro and so on of a file. Raises ValueError if it is not there, or
    twice."""
    text = path.read_text(encoding="utf-8")
    begin, end = (_in_python if path.suffix == ".py" else _in_c)(text, name, path.name)
    return _cut(text, begin, end, with_comment)


def between(path: Path, first: str, last: str, *, with_comment: bool = False) -> str:
    """From one line to another. Raises ValueError if one of them is not there, or twice."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines(keepends=True)
    places = []
    for wanted in (first, last):
        found = [at for at, line in enumerate(lines) if line.strip() == wanted.strip()]
        if len(found) != 1:
            raise ValueError(f"{path.name} has {len(found)} lines '{wanted}' instead of one")
        places += found
    begin, end = places
    if begin > end:
        raise ValueError(f"{path.name}: '{last}' comes before '{first}'")
    offset = sum(map(len, lines[:begin]))
    return _cut(text, offset, offset + sum(map(len, lines[begin : end + 1])), with_comment)


def _block(order: str, root: Path) -> str:
    wanted = _ORDER.match(order)
    if wanted is None:
        raise ValueError(f'\'{order}\' is not: code:PATH NAME, or code:PATH "LINE" … "LINE"')
    path = root / wanted["path"]
    if not path.is_file():
        raise ValueError(f"'{order}': there is no such file")
    with_comment = wanted["comment"] is not None
    if wanted["name"]:
        code = excerpt(path, wanted["name"], with_comment=with_comment)
    else:
        code = between(path, wanted["first"], wanted["last"], with_comment=with_comment)
    return f"```{_LANGUAGES.get(path.suffix, 'text')}\n{code}```\n"


def _in_c(text: str, name: str, file: str) -> tuple[int, int]:
    for pattern in _DEFINITIONS:
        expression = re.compile(pattern.format(name=re.escape(name)), re.DOTALL | re.MULTILINE)
        found = list(expression.finditer(text))
        if len(found) > 1:
            raise ValueError(f"{file} has more than one {name}")
        if found:
            return found[0].span()
    raise ValueError(f"{file} has no {name}")


def _in_python(text: str, name: str, file: str) -> tuple[int, int]:
    found = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name == name
    ]
    if len(found) != 1:
        raise ValueError(f"{file} has {len(found)} definitions of {name} instead of one")
    node = found[0]
    first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
    lines = text.splitlines(keepends=True)
    begin = sum(map(len, lines[: first - 1]))
    return begin, begin + sum(map(len, lines[first - 1 : node.end_lineno]))


def _cut(text: str, begin: int, end: int, with_comment: bool) -> str:
    if with_comment:
        above = _COMMENT_ABOVE.search(text[:begin])
        if above is not None:
            begin = above.start()
    lines = text[begin:end].splitlines(keepends=True)
    margin = min(len(line) - len(line.lstrip(" ")) for line in lines if line.strip())
    return "".join(line[margin:] if line.strip() else line for line in lines)
