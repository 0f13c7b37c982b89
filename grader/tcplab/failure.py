"""What there is to say about a case that did not pass: on a terminal, a page, or to a script."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from tcplab.cache_folder import cache_folder
from tcplab.calls import in_the_order_of_need
from tcplab.causes import Cause, causes_of, hint_fits, is_a_guess, is_its_own
from tcplab.check import CHECKSUM
from tcplab.difference import Difference, SegmentDifference
from tcplab.harmless import harmless, last_lines, one_line
from tcplab.kit import COMPONENT_FILES, Kit, files_beside, files_called_by
from tcplab.result import IN_CAPTURE, CaseResult
from tcplab.sanitizer import (
    Frame,
    frames_of,
    happened_of,
    origins_of,
    own_words,
    said_by_sanitizer,
)
from tcplab.story import Story
from tcplab.stubs import bodies, still_to_write

_STEP = re.compile(r"^ {0,2}(\d+)  ")
_PRINTED_LINES = 3
_LINE_WIDTH = 150
_NULL = "a null pointer"  # in a message
_OF_PEEK = "byte_stream_peek gives one where there is no byte: is its length looked at first?"
_OF_A_CHECKSUM = "all other fields are right: does it cover all bytes, and is it computed last?"
_MOST_SOURCE = 1 << 20  # bytes of a file of which a line is shown


@dataclass(frozen=True)
class Place:
    """A line of the submission's. `source` is what stands there, empty if it cannot be read."""

    file: str
    line: int
    function: str
    source: str = ""


@dataclass(frozen=True)
class Failure:
    """One case that did not pass, explained. All texts are fit for a terminal."""

    id: str
    status: str
    rule: str  # what a TCP must do here
    rfc: tuple[str, ...]  # "9293 3.4", or a label such as "MUST-61"
    file: str  # of the student's, as seen from here: where to look
    or_in: str  # where else the mistake may be, in words; empty if it has to be there
    place: Place | None  # where it crashed, or was when it was ended; of a leak, the allocation
    called_from: tuple[Place, ...]  # the student's functions around that, innermost first
    message: str
    subject: str  # what differed, and its two values; empty if it is no difference of two
    expected: str
    actual: str
    difference: Difference | None
    steps: tuple[str, ...]
    story: Story | None
    sanitizer: tuple[str, ...]  # its first line, and that of the access if there is one
    origins: tuple[str, ...]  # where the memory in question was freed, and where allocated
    printed: tuple[str, ...]  # the last lines that the program printed
    to_write: tuple[str, ...]  # as in the skeleton, the needed first: then there is no advice
    hint: str  # about the rule of the case: empty where the mistake may be in something else
    causes: tuple[Cause, ...]  # likely ones, the likeliest first
    rerun: str
    is_a_guess: bool = False  # about the causes: this failure is all that there is to go by
    also: str = ""  # a rule of every case that is broken here as well
    in_the_kit: str = ""  # the function in which it crashed, where no student's was at work
    remark: str = ""  # what else there is to say about the message, or the subject

    @property
    def difference_is_all(self) -> bool:
        """The difference says by itself what was expected, and what was seen."""
        one = self.difference
        if not isinstance(one, SegmentDifference):
            return False
        return not (one.came and one.expected) or any(field.expected for field in one.fields)

    @property
    def breaks_a_rule_of_all_cases(self) -> bool:
        """What is wrong has nothing to do with what the case is about."""
        return self.subject == IN_CAPTURE

    @property
    def is_leak(self) -> bool:
        """Memory was lost: where, nobody knows."""
        return any("LeakSanitizer" in line for line in self.sanitizer)

    @property
    def places(self) -> tuple[Place, ...]:
        """The student's frames, innermost first."""
        return (*((self.place,) if self.place is not None else ()), *self.called_from)

    @property
    def step(self) -> int:
        """The number of the step in which it failed; 0 if there was none."""
        if isinstance(self.difference, SegmentDifference) and self.difference.step:
            return self.difference.step
        numbers = (_STEP.match(line) for line in reversed(self.steps))
        return next((int(found[1]) for found in numbers if found), 0)


def failure_of(case: CaseResult, among: Sequence[CaseResult] = ()) -> Failure:
    """What there is to say. `among`: all cases of the same run, passed or not, by which likely
    causes are told from unlikely ones."""
    outcome = case.outcome
    strange = outcome.is_unexpected and not is_its_own(case)
    has_hint = outcome.status == "failed" and hint_fits(case)
    to_write = in_the_order_of_need(
        still_to_write(case.folder, case.file),
        files_beside(case.file),
        outcome.steps,
        outcome.subject,
    )
    stopped = outcome.status in ("crashed", "timeout")
    frames = frames_of(happened_of(outcome.report)) if stopped else []
    places = _places(case, frames)
    return Failure(
        id=case.id,
        status=outcome.status,
        rule=case.rule,
        rfc=case.rfc,
        file=_as_seen_from_here(case.folder, case.file),
        or_in="" if places else _other_parts(case),
        place=places[0] if places else None,
        called_from=tuple(places[1:]),
        message=one_line(outcome.message),
        subject=harmless(outcome.subject),
        expected=one_line(outcome.expected),
        actual=one_line(outcome.actual),
        difference=outcome.difference,
        steps=tuple(harmless(line) for line in outcome.steps),
        story=outcome.story,
        sanitizer=tuple(map(one_line, said_by_sanitizer(outcome.report))),
        origins=tuple(
            one_line(f"{what} in {frame.function}, {frame.file}:{frame.line}")
            for what, frame in origins_of(outcome.report)
        ),
        printed=tuple(last_lines(own_words(outcome.report), _PRINTED_LINES, _LINE_WIDTH)),
        to_write=to_write,
        hint=case.hint if has_hint and not strange and not to_write else "",
        is_a_guess=is_a_guess(case, among),
        also=outcome.also if strange else "",
        in_the_kit=one_line(frames[0].function) if frames and not places else "",
        remark=_remark(case, places[:1]),
        causes=() if to_write else causes_of(case, among),
        rerun=case.rerun,
    )


def _other_parts(case: CaseResult) -> str:
    """Of a run with all files of the submission, those that the case is not about work with it."""
    if case.mode != "stack":
        return ""
    story = case.outcome.story
    has_packets = story is not None and any(True for _ in story.passages())
    if has_packets and case.file != "connection.c":  # which has carried them
        return "another part"
    return "a part below it" if files_called_by([case.file]) else ""


def _as_seen_from_here(folder: Path | None, file: str) -> str:
    """A mutant of the kit's has been laid out where nobody looks for it."""
    if folder is None or folder.is_relative_to(_cache()):
        return file
    path = os.path.relpath(folder / file)
    return harmless(file if path.startswith("..") else path)


@lru_cache(maxsize=1)
def _cache() -> Path:
    return cache_folder(Kit.find())


def _places(case: CaseResult, frames: Sequence[Frame]) -> list[Place]:
    """The student's frames. All checkpoints but the case's own come from the reference in solo
    mode: frames there are of no use, and otherwise not if there are others."""
    theirs = files_beside(case.file)
    own = [one for one in frames if one.file in theirs or one.file not in COMPONENT_FILES]
    return [
        Place(
            one_line(frame.file),
            frame.line,
            one_line(frame.function),
            _line_of(case.folder, frame) if own else "",
        )
        for frame in own or ([] if case.mode == "solo" else frames)
    ]


def _remark(case: CaseResult, places: Sequence[Place]) -> str:
    """A checksum is looked at when all else has been. And a null pointer that went on may have
    come from a peek: of that the report knows nothing, but the function does."""
    if case.outcome.subject == CHECKSUM:
        return _OF_A_CHECKSUM
    if case.folder is None or not places or _NULL not in case.outcome.message:
        return ""
    body = bodies(_text_of(case.folder / places[0].file)).get(places[0].function, "")
    return _OF_PEEK if "byte_stream_peek(" in body else ""


def _line_of(folder: Path | None, frame: Frame) -> str:
    """The line of a file beside the others; empty if there is none."""
    if folder is None or "/" in frame.file:
        return ""
    lines = _text_of(folder / frame.file).splitlines()
    return one_line(lines[frame.line - 1]) if 0 < frame.line <= len(lines) else ""


def _text_of(path: Path) -> str:
    """A file of the student's; nothing if it cannot be read."""
    try:
        if not path.is_file() or path.stat().st_size > _MOST_SOURCE:
            return ""
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
