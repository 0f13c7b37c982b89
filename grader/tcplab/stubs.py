"""Which functions of a file are still as the skeleton has them: before they are written, there is
nothing else to say about a failure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from tcplab.kit import COMPONENT_FILES, Kit, files_beside

_COMMENT_OR_TEXT = re.compile(
    r"/\*(?:.*?\*/|.*)|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S
)
_DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
_HEAD = re.compile(r"\b(\w+)\s*\([^(){};]*\)\s*\Z")
_UNUSED = re.compile(r"\(void\)\w+;")
IS_TO_BE_WRITTEN = "is still to be written"  # a file, for it has functions as in the skeleton
_MOST = 1 << 20  # bytes of a file that is looked at


def still_to_write(folder: Path | None, file: str) -> tuple[str, ...]:
    """The functions of a submission's that are as in the skeleton, in the file and those of the
    same checkpoint."""
    if folder is None:
        return ()
    return tuple(name for one in files_beside(file) for name in _unwritten(folder, one))


def unwritten(folder: Path) -> tuple[str, ...]:
    """The files of a submission's that have such a function, in the order in which they are
    written."""
    return tuple(one for one in COMPONENT_FILES if any(True for _ in _unwritten(folder, one)))


def _unwritten(folder: Path, file: str) -> Iterator[str]:
    path = folder / file
    try:
        if not path.is_file() or path.stat().st_size > _MOST:
            return
        theirs = bodies(path.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return
    for name, body in _skeletons(file).items():
        if theirs.get(name) == body:
            yield name


@lru_cache(maxsize=None)
def _skeletons(file: str) -> dict[str, str]:
    return bodies((Kit.find().skeleton / file).read_text(encoding="utf-8"))


def bodies(text: str) -> dict[str, str]:
    """What is between the braces of each function, by its name: without comments, white space, and
    parameters that are said to be unused."""
    text = _COMMENT_OR_TEXT.sub(lambda found: " " if found[0][0] == "/" else '""', text)
    text = _DIRECTIVE.sub("", text)
    found: dict[str, str] = {}
    depth = begin = 0
    name = ""
    for brace in re.finditer(r"[{}]", text):
        if brace[0] == "{":
            if depth == 0:
                head = _HEAD.search(text[begin : brace.start()])
                name, begin = head[1] if head else "", brace.end()
            depth += 1
        elif depth > 0:
            depth -= 1
            if depth == 0:
                if name:
                    found[name] = _plain(text[begin : brace.start()])
                begin = brace.end()
    return found


def _plain(body: str) -> str:
    return _UNUSED.sub("", re.sub(r"\s+", "", body))
