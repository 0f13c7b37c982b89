"""Finds the places of the reference where something can go wrong, with clang's parser.

Assertions are switched off while parsing: they say what holds anyway, and a slip in one would be a
slip in a check, not in the code. Functions that only assertions call are left out as well.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tcplab.errors import InfrastructureError
from tcplab.kit import Kit
from tcplab.mutation.edit import Edit, with_ids

try:
    from clang.cindex import Cursor, CursorKind, Index, LibclangError, TranslationUnit
except ImportError as error:  # pragma: no cover - depends on the machine
    raise InfrastructureError(
        "mechanical mutants need clang's parser for Python: apt-get install python3-clang"
    ) from error

from tcplab.mutation.operators import slips


def edits_of(kit: Kit, path: Path) -> list[Edit]:
    """All slips that can be made in one file of the reference, by place."""
    source = path.read_bytes()
    unit = _parse(kit, path)
    functions = [one for one in _functions(unit, path) if not _only_for_assertions(one, unit)]
    lines = source.decode().split("\n")
    made: dict[tuple[int, int, str], Edit] = {}
    for function in functions:
        for node in function.walk_preorder():
            for slip in slips(node, source):
                line = source.count(b"\n", 0, slip.start) + 1
                edit = Edit(
                    file=path.name,
                    function=function.spelling,
                    operator=slip.operator,
                    start=slip.start,
                    end=slip.end,
                    line=line,
                    source_line=lines[line - 1].strip(),
                    old=source[slip.start : slip.end].decode(),
                    new=slip.new,
                )
                made.setdefault((slip.start, slip.end, slip.new), edit)
    return with_ids(made.values())


def _parse(kit: Kit, path: Path) -> TranslationUnit:
    includes = [f"-I{folder}" for folder in kit.public_include_folders()]
    arguments = ["-std=c11", "-DNDEBUG", *includes, *_compiler_headers()]
    try:
        unit = Index.create().parse(str(path), args=arguments)
    except LibclangError as error:
        raise InfrastructureError(f"clang's library is missing: {error}") from error
    problems = [one for one in unit.diagnostics if one.severity >= 3]
    if problems:
        raise InfrastructureError(f"{path.name} cannot be parsed: {problems[0].spelling}")
    return unit


def _compiler_headers() -> list[str]:
    """stddef.h and its like belong to a compiler; clang's own are not always installed."""
    gcc = shutil.which("gcc")
    if gcc is None:
        return []
    run = subprocess.run([gcc, "-print-file-name=include"], capture_output=True, text=True)
    return [f"-isystem{run.stdout.strip()}"] if run.returncode == 0 else []


def _functions(unit: TranslationUnit, path: Path) -> Iterator[Cursor]:
    for node in unit.cursor.get_children():
        here = node.location.file is not None and Path(node.location.file.name) == path
        if here and node.kind == CursorKind.FUNCTION_DECL and node.is_definition():
            yield node


def _only_for_assertions(function: Cursor, unit: TranslationUnit) -> bool:
    """Is this a function of the file's own that nobody calls once assertions are off?"""
    if function.storage_class.name != "STATIC":
        return False
    return not any(
        node.kind == CursorKind.DECL_REF_EXPR
        and node.spelling == function.spelling
        and not _is_inside(node, function)
        for node in unit.cursor.walk_preorder()
    )


def _is_inside(node: Cursor, function: Cursor) -> bool:
    start, end = function.extent.start.offset, function.extent.end.offset
    return bool(start <= node.location.offset < end)
