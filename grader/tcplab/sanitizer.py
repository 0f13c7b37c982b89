"""Reads what AddressSanitizer and UndefinedBehaviorSanitizer leave among the program's output."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ASAN = re.compile(r"^==\d+==\s*ERROR: (AddressSanitizer|LeakSanitizer): (.+)$", re.MULTILINE)
_UBSAN = re.compile(r"^(\S+?):(\d+):(\d+): runtime error: (.+)$", re.MULTILINE)
_FRAME = re.compile(r"^\s*#\d+ (?:0x[0-9a-f]+ in )?(\S+) (\S+?):(\d+)", re.MULTILINE)
_ASSERT = re.compile(r"^.*: (\S+?):(\d+): .*Assertion `(.*)' failed", re.MULTILINE)

_ADDRESS = re.compile(r"0x[0-9a-f]{6,}")
_FRAME_ADDRESS = re.compile(r"^(\s*#\d+) 0x[0-9a-f]+ +(?:in )?", re.MULTILINE)
_LIBRARY_OFFSET = re.compile(r"\((/[^()\s]+)\+0x[0-9a-f]+\)")
_BEGIN = re.compile(
    r"^(?:={20,}|AddressSanitizer:DEADLYSIGNAL|"
    r"==\d+==\s*ERROR: .*|\S+?:\d+:\d+: runtime error: .*|.*: Assertion `.*' failed.*)$",
    re.MULTILINE,
)
_ORIGIN = re.compile(r"^(?:previously )?(allocated|freed) by thread", re.MULTILINE)
_PREFIX = re.compile(r"^==\d+==\s*")
_SAID = re.compile(r"ERROR: |READ of |WRITE of |\S+?:\d+:\d+: runtime error: |.*: Assertion `")

# Frames in which nobody looks for a mistake of their own: the kit's given code, the C library, the
# sanitizer itself.
_NOT_A_STUDENTS = ("labs/given/", "libsanitizer/", "sysdeps/", "../", "/usr/")

_ACCESS = re.compile(r"^(READ|WRITE) of size ", re.MULTILINE)
_ON_THE_STACK = re.compile(
    r"is located in stack of thread T\d+[^\n]*in frame\n\s*#0 (?:0x[0-9a-f]+ in )?(\S+) (\S+)"
)
_VARIABLE = re.compile(
    r"'([^'\n]+)'(?: \(line (\d+)\))? <== Memory access at offset -?\d+ ([a-z ]+) this variable"
)
_GLOBAL = re.compile(r"is located (\d+) bytes [a-z ]+ global variable '([^'\n]+)'")
_BEFORE_THE_REGION = re.compile(r"is located \d+ bytes (?:to the left of|before) \d+-byte region")
_NO_VALUE = re.compile(r"load of value (-?\d+), which is not a valid value for type '([^']+)'")
_INDEX = re.compile(r"index (-?\d+) out of bounds for type '([^']+)'")

_PLAIN_WORDS = (
    ("attempting double-free", "it freed the same memory twice"),
    ("attempting free on address which was not malloc", "it freed what malloc has not given"),
    ("stack-overflow", "it ran out of stack: a recursion without end?"),
    ("SEGV on unknown address 0x000000000", "it used a null pointer"),
    ("SEGV", "it used a pointer that leads nowhere: was it ever set?"),
    ("ABRT", "it aborted"),
    ("FPE", "it divided by zero"),
    ("ILL", "it came to an invalid instruction"),
    ("requested allocation size", "it asked for an absurd amount of memory"),
    ("allocator is out of memory", "it ran out of memory"),
    ("negative-size-param", "it gave a memory function a negative size: a subtraction below 0?"),
    ("memcpy-param-overlap", "it copied between overlapping places with memcpy, not memmove"),
    ("detected memory leaks", "it did not free all memory"),
)

_UNDEFINED_WORDS = (
    ("null pointer passed", "it gave a null pointer to a function that takes none"),
    ("null pointer", "it used a null pointer"),
    ("with insufficient space", "it used memory beyond the end of an object"),
    (
        "misaligned address",
        "it used a misaligned address: a number is made of bytes one by one, or with memcpy",
    ),
    ("division by zero", "it divided by zero"),
)

# Where the driver reads at a pointer that a component has handed out.
_HANDED_OUT = {
    ("commands_stream.c", "stream_peek"): "byte_stream_peek",
    ("commands_stream.c", "stream_read"): "byte_stream_peek",
    ("commands_sender.c", "next"): "tcp_sender_next",
    ("commands_tcp.c", "next_segment"): "tcp_connection_next_segment",
    ("commands_segment.c", "parse"): "tcp_segment_parse",
}


@dataclass(frozen=True)
class Frame:
    """A line of a component's, in which a function was called, or where it ended."""

    function: str
    file: str
    line: int


@dataclass(frozen=True)
class Finding:
    """One line of what happened, and the first place that is the student's: `file.c:42 in f`."""

    summary: str
    where: str


def explain_report(report: str) -> Finding:
    """Both parts are empty if the report says nothing known."""
    ubsan = _UBSAN.search(report)
    asan = _ASAN.search(report)
    asserted = _ASSERT.search(report)
    if ubsan and (asan is None or ubsan.start() < asan.start()):
        where = f"{_base(ubsan[1])}:{ubsan[2]}" + _function_at(report, ubsan[1], ubsan[2])
        if _is_the_kits(ubsan[1]):
            where = first_frame(report)
        return Finding(_by_whom(_undefined(ubsan[4]), report), where)
    if asserted:
        return Finding(
            f"the assertion '{asserted[3]}' failed", f"{_base(asserted[1])}:{asserted[2]}"
        )
    if asan:
        happened = happened_of(report[asan.start() :])
        words = _in_plain_words(asan[2], report[asan.start() :])
        return Finding(_by_whom(words, report), first_frame(happened))
    return Finding("", first_frame(report))


def _by_whom(words: str, report: str) -> str:
    """Where none of a component's functions is at work, the driver is: it has read at a pointer
    that one of them handed out."""
    happened = happened_of(report)
    if frames_of(happened):
        return words
    driver = ((_base(path), function) for function, path, _ in _FRAME.findall(happened))
    giver = next((_HANDED_OUT[one] for one in driver if one in _HANDED_OUT), "")
    if not giver:
        return words
    return (
        f"the tests read at the pointer that {giver} handed out: {words.removeprefix('it read ')}"
    )


def _undefined(text: str) -> str:
    no_value, index = _NO_VALUE.search(text), _INDEX.search(text)
    if no_value:
        kind = no_value[2].replace("_Bool", "bool")
        return f"it read a value that was never set: {no_value[1]}, which is no {kind}"
    if index:
        side = "before the beginning" if index[1].startswith("-") else "beyond the end"
        return f"it used the index {index[1]}, {side} of an array ({index[2]})"
    for pattern, words in _UNDEFINED_WORDS:
        if pattern in text:
            return words
    return f"undefined behaviour: {text[:120]}"


def _in_plain_words(text: str, report: str) -> str:
    kind = text.split(" on ")[0].split(":")[0].strip()[:60]
    words = _of_an_access(kind, report)
    if words:
        return words if kind == "unknown-crash" else f"{words} ({kind})"
    for pattern, words in _PLAIN_WORDS:
        if pattern in text:
            return f"{words} ({kind})"
    return text.partition(" on ")[0].partition(" (pc")[0][:100]


def _of_an_access(kind: str, report: str) -> str:
    """Of memory that is there, but not for whoever used it; empty if it was no such access. An
    `unknown-crash` is one that begins in good memory, and ends in bad."""
    access = _ACCESS.search(report)
    did = {"READ": "it read", "WRITE": "it wrote"}.get(access[1] if access else "", "it used")
    if kind == "heap-use-after-free":
        return f"{did} memory after it was freed"
    if kind.startswith(("stack-buffer-", "dynamic-stack-buffer-", "stack-use-after-")):
        return _of_a_local(kind, did, report)
    if kind == "unknown-crash" and _ON_THE_STACK.search(report):
        return _of_a_local(kind, did, report)
    if kind == "global-buffer-overflow":
        nearest = min((int(far), name) for far, name in _GLOBAL.findall(report) or [("0", "")])
        return f"{did} outside of {f'the global {nearest[1]}' if nearest[1] else 'a global array'}"
    if kind not in ("heap-buffer-overflow", "unknown-crash"):
        return ""
    if _BEFORE_THE_REGION.search(report):
        return f"{did} before the beginning of allocated memory"
    if kind == "unknown-crash" and "-byte region" not in report:
        return f"{did} bytes of which only the first are its own"
    return f"{did} past the end of allocated memory"


def _of_a_local(kind: str, did: str, report: str) -> str:
    """The memory is that of a function, by what the report says about it."""
    frame, variable = _ON_THE_STACK.search(report), _VARIABLE.search(report)
    function = frame[1] if frame else ""
    if frame and _is_the_kits(frame[2]):
        room = "is there room for so much, or " if did == "it wrote" else ""
        whose = f"memory of a function of the kit, {function}"
        return f"{did} {whose}: {room}is a pointer kept that was only lent?"
    if variable is None:
        if kind.startswith("stack-use-after"):
            return f"{did} a local variable that no longer exists"
        return f"{did} outside of a local array"
    line = f", line {variable[2]}" if variable[2] else ""
    name = f"'{variable[1]}' ({function}{line})"
    if kind.startswith("stack-use-after"):
        return f"{did} the local variable {name} after its block had ended"
    side = "before the beginning" if "underflows" in variable[3] else "past the end"
    return f"{did} {side} of the local variable {name}"


def first_frame(report: str) -> str:
    """`file.c:42 in function` for the topmost frame that is a component's."""
    return next((f"{one.file}:{one.line} in {one.function}" for one in frames_of(report)), "")


def frames_of(report: str) -> list[Frame]:
    """The frames that are a component's, innermost first; of the first stack in the report that
    has any. That is where it happened; others tell where memory came from."""
    begin = _BEGIN.search(report)
    for stack in (report[begin.start() :] if begin else report).split("\n\n"):
        frames = [
            Frame(function, _base(path), int(line))
            for function, path, line in _FRAME.findall(stack)
            if not _is_the_kits(path)
        ]
        if frames:
            return frames
    return []


def origins_of(report: str) -> list[tuple[str, Frame]]:
    """Where the memory that it is about was "freed", and where "allocated": the innermost frame of
    a component's, where there is one."""
    stacks = [(_ORIGIN.search(stack), stack) for stack in report.split("\n\n")]
    found = [(begin[1], frames_of(stack[begin.start() :])) for begin, stack in stacks if begin]
    return [(what, frames[0]) for what, frames in found if frames]


def happened_of(report: str) -> str:
    """The report up to where it tells where memory came from."""
    begin = _ORIGIN.search(report)
    return report[: begin.start()] if begin else report


def tidy_report(report: str) -> str:
    """The same report without what differs from run to run, or helps nobody: addresses, and the
    sanitizer's own memory."""
    begin, shadow, _ = report.partition("Shadow bytes around")
    report = begin if shadow else report
    report = _FRAME_ADDRESS.sub(r"\1 ", report)
    report = _LIBRARY_OFFSET.sub(r"(\1)", report)
    return _ADDRESS.sub("0x…", report)


def own_words(printed: str) -> str:
    """What the program itself has printed, before the report of a sanitizer began."""
    begin = _BEGIN.search(printed)
    return printed[: begin.start()] if begin else printed


def sanitizers_words(printed: str, most: int) -> list[str]:
    """The report of a sanitizer in brief: its first line, the access, and the frames on top that
    are the student's. Empty if there is none."""
    begin = _BEGIN.search(printed)
    if begin is None:
        return []
    report = printed[begin.start() :]
    said = said_by_sanitizer(report)
    frames = [f"in {one.function}, {one.file}:{one.line}" for one in frames_of(report)]
    return [*said, *frames][:most]


def said_by_sanitizer(printed: str) -> list[str]:
    """Its first line, and the access if it tells of one. Empty if there is none."""
    begin = _BEGIN.search(printed)
    if begin is None:
        return []
    lines = [_PREFIX.sub("", line).strip() for line in printed[begin.start() :].splitlines()]
    return [line for line in lines if _SAID.match(line)][:2]


def _is_the_kits(path: str) -> bool:
    return any(mark in path for mark in _NOT_A_STUDENTS)


def _function_at(report: str, path: str, line: str) -> str:
    for function, frame_path, frame_line in _FRAME.findall(report):
        if (_base(frame_path), frame_line) == (_base(path), line):
            return f" in {function}"
    return ""


def _base(path: str) -> str:
    return path.rsplit("/", 1)[-1]
