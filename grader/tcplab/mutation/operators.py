"""The slips: for a node of a C syntax tree, what could stand there instead.

They are the classic set: a comparison with the wrong edge, a condition turned round, taken for
granted or only half there, `&&` for `||`, plus for minus, a constant that is off by one, a
statement forgotten.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from clang.cindex import Cursor, CursorKind

_OF_TWO: dict[str, dict[str, tuple[str, ...]]] = {
    "comparison": {
        "<": ("<=", ">="),
        "<=": ("<", ">"),
        ">": (">=", "<="),
        ">=": (">", "<"),
        "==": ("!=",),
        "!=": ("==",),
    },
    "logic": {"&&": ("||",), "||": ("&&",)},
    "arithmetic": {
        "+": ("-",),
        "-": ("+",),
        "*": ("/",),
        "/": ("*",),
        "%": ("/",),
        "<<": (">>",),
        ">>": ("<<",),
        "&": ("|",),
        "|": ("&",),
        "^": ("|",),
    },
    "assignment": {
        "+=": ("-=", "="),
        "-=": ("+=", "="),
        "*=": ("=",),
        "/=": ("=",),
        "<<=": (">>=",),
        ">>=": ("<<=",),
        "&=": ("|=",),
        "|=": ("&=",),
        "^=": ("=",),
    },
}
_TRUTHS = {"true": "false", "false": "true"}  # macros of stdbool.h
_STEPS = {"++": "--", "--": "++"}
_FORGETTABLE = {
    CursorKind.CALL_EXPR,
    CursorKind.COMPOUND_ASSIGNMENT_OPERATOR,
    CursorKind.UNARY_OPERATOR,
    CursorKind.BREAK_STMT,
    CursorKind.CONTINUE_STMT,
}
_NUMBER = re.compile(r"^(0[xX][0-9a-fA-F]+|[0-9]+)([uUlL]*)$")


@dataclass(frozen=True)
class Slip:
    """Bytes `start` to `end` become `new`."""

    operator: str
    start: int
    end: int
    new: str


def slips(node: Cursor, source: bytes) -> Iterator[Slip]:
    """What can go wrong at this node itself, not below it."""
    kind = node.kind
    if kind in (CursorKind.BINARY_OPERATOR, CursorKind.COMPOUND_ASSIGNMENT_OPERATOR):
        yield from _of_binary(node, source)
    elif kind == CursorKind.UNARY_OPERATOR:
        yield from _of_unary(node, source)
    elif kind == CursorKind.INTEGER_LITERAL:
        yield from _of_number(node, source)
    elif kind in (CursorKind.IF_STMT, CursorKind.CONDITIONAL_OPERATOR):
        yield from _of_condition(node)
    elif kind == CursorKind.COMPOUND_STMT:
        yield from _of_block(node, source)
    elif kind in (CursorKind.CASE_STMT, CursorKind.DEFAULT_STMT):
        yield from _of_statements(list(node.get_children())[-1:], source)


def text_of(node: Cursor, source: bytes) -> str:
    """The node as it stands in the file."""
    return source[node.extent.start.offset : node.extent.end.offset].decode()


def _of_binary(node: Cursor, source: bytes) -> Iterator[Slip]:
    left, right = node.get_children()
    gap_start, gap_end = left.extent.end.offset, right.extent.start.offset
    word = source[gap_start:gap_end].decode()
    operator = word.strip()
    for name, table in _OF_TWO.items():
        for other in table.get(operator, ()):
            start = gap_start + word.index(operator)
            yield Slip(name, start, start + len(operator), other)
    if operator in _OF_TWO["logic"]:
        for half in (left, right):
            start, end = node.extent.start.offset, node.extent.end.offset
            yield Slip("half", start, end, text_of(half, source))


def _of_unary(node: Cursor, source: bytes) -> Iterator[Slip]:
    text = text_of(node, source)
    start, end = node.extent.start.offset, node.extent.end.offset
    if text.startswith("!"):
        yield Slip("negation", start, start + 1, "")
    for step, other in _STEPS.items():
        if text.startswith(step):
            yield Slip("step", start, start + 2, other)
        elif text.endswith(step):
            yield Slip("step", end - 2, end, other)


def _of_number(node: Cursor, source: bytes) -> Iterator[Slip]:
    text, start, end = text_of(node, source), node.extent.start.offset, node.extent.end.offset
    if text in _TRUTHS:
        yield Slip("constant", start, end, _TRUTHS[text])
    match = _NUMBER.match(text)
    if match is None:
        return  # a macro that stands for a number
    value, suffix = int(match[1], 0), match[2]
    for other in {value + 1, value - 1} - {-1}:
        yield Slip("constant", start, end, f"{other}{suffix}")


def _of_condition(node: Cursor) -> Iterator[Slip]:
    condition = next(node.get_children())
    for other in ("true", "false"):
        yield Slip("condition", condition.extent.start.offset, condition.extent.end.offset, other)


def _of_block(node: Cursor, source: bytes) -> Iterator[Slip]:
    yield from _of_statements(list(node.get_children()), source)


def _of_statements(statements: list[Cursor], source: bytes) -> Iterator[Slip]:
    for statement in statements:
        start, end = statement.extent.start.offset, statement.extent.end.offset
        text = source[start:end].decode()
        if statement.kind == CursorKind.RETURN_STMT:
            yield from _of_return(statement, text)
        elif statement.kind in _FORGETTABLE or _is_assignment(statement, source):
            if not text.startswith("(void)"):
                yield Slip("forgotten", start, end, "(void)0")


def _of_return(statement: Cursor, text: str) -> Iterator[Slip]:
    value = next(statement.get_children(), None)
    start, end = statement.extent.start.offset, statement.extent.end.offset
    if value is None:
        yield Slip("forgotten", start, end, "(void)0")
        return
    kind = value.type.get_canonical().spelling
    plain = text.removeprefix("return").strip()
    if kind in ("_Bool", "bool") or plain in ("true", "false"):
        if plain not in ("true", "false"):  # those are constants, which have slips of their own
            yield Slip("return", start, end, f"return !({plain})")
    elif kind in ("unsigned long", "unsigned int", "int", "unsigned short", "unsigned char"):
        if not _NUMBER.match(plain):
            yield Slip("return", start, end, "return 0")


def _is_assignment(statement: Cursor, source: bytes) -> bool:
    if statement.kind != CursorKind.BINARY_OPERATOR:
        return False
    left, right = statement.get_children()
    return source[left.extent.end.offset : right.extent.start.offset].decode().strip() == "="
