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

_PLAIN_WORDS = (
    ("heap-buffer-overflow", "it read or wrote past the end of allocated memory"),
    ("stack-buffer-overflow", "it read or wrote past the end of a local array"),
    ("global-buffer-overflow", "it read or wrote past the end of a global array"),
    ("heap-use-after-free", "it used memory after freeing it"),
    ("stack-use-after", "it used a local variable that no longer exists"),
    ("attempting double-free", "it freed the same memory twice"),
    ("attempting free on address which was not malloc", "it freed what was never allocated"),
    ("stack-overflow", "it ran out of stack: a recursion without end?"),
    ("SEGV on unknown address 0x000000000", "it used a null pointer"),
    ("SEGV", "it used an invalid pointer"),
    ("ABRT", "it aborted"),
    ("FPE", "it divided by zero"),
    ("ILL", "it came to an invalid instruction"),
    ("requested allocation size", "it asked for an absurd amount of memory"),
    ("allocator is out of memory", "it ran out of memory"),
    ("negative-size-param", "it gave a negative size to a memory function"),
    ("memcpy-param-overlap", "it copied between overlapping places with memcpy"),
    ("detected memory leaks", "it did not free all memory"),
)

_UNDEFINED_WORDS = (
    ("null pointer passed", "it gave a null pointer to a function that takes none"),
    ("null pointer", "it used a null pointer"),
    ("with insufficient space", "it used memory beyond the end of an object"),
    ("misaligned address", "it used a misaligned address"),
    ("division by zero", "it divided by zero"),
)


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
        place = f"{_base(ubsan[1])}:{ubsan[2]}"
        function = _function_at(report, ubsan[1], ubsan[2])
        return Finding(_undefined(ubsan[4]), place + function)
    if asserted:
        return Finding(
            f"the assertion '{asserted[3]}' failed", f"{_base(asserted[1])}:{asserted[2]}"
        )
    if asan:
        return Finding(_in_plain_words(asan[2]), first_frame(report[asan.start() :]))
    return Finding("", first_frame(report))


def _undefined(text: str) -> str:
    for pattern, words in _UNDEFINED_WORDS:
        if pattern in text:
            return words
    return f"undefined behaviour: {text[:120]}"


def _in_plain_words(text: str) -> str:
    for pattern, words in _PLAIN_WORDS:
        if pattern in text:
            return f"{words} ({text.split(' on ')[0].split(':')[0].strip()[:60]})"
    return text.partition(" on ")[0].partition(" (pc")[0][:100]


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
            if not any(mark in path for mark in _NOT_A_STUDENTS)
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


def _function_at(report: str, path: str, line: str) -> str:
    for function, frame_path, frame_line in _FRAME.findall(report):
        if (_base(frame_path), frame_line) == (_base(path), line):
            return f" in {function}"
    return ""


def _base(path: str) -> str:
    return path.rsplit("/", 1)[-1]
