"""What there is to say about a case that did not pass: on a terminal, a page, or to a script."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from tcplab.difference import Difference, SegmentDifference
from tcplab.harmless import harmless, last_lines, one_line
from tcplab.kit import COMPONENT_FILES
from tcplab.result import CaseResult
from tcplab.sanitizer import Frame, frames_of, own_words, sanitizers_words
from tcplab.story import Story

_SANITIZER_LINES = 4
_PRINTED_LINES = 3
_LINE_WIDTH = 150
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
    place: Place | None  # where it crashed, or was when it was ended
    message: str
    subject: str  # what differed, and its two values; empty if it is no difference of two
    expected: str
    actual: str
    difference: Difference | None
    steps: tuple[str, ...]
    story: Story | None
    sanitizer: tuple[str, ...]  # in brief, a few lines
    printed: tuple[str, ...]  # the last lines that the program printed
    hint: str
    rerun: str

    @property
    def difference_is_all(self) -> bool:
        """The difference names what differs by itself."""
        return isinstance(self.difference, SegmentDifference)


def failure_of(case: CaseResult) -> Failure:
    """What there is to say."""
    outcome = case.outcome
    stopped = outcome.status in ("crashed", "timeout")
    return Failure(
        id=case.id,
        status=outcome.status,
        rule=case.rule,
        rfc=case.rfc,
        file=_as_seen_from_here(case.folder, case.file),
        place=_place(case) if stopped else None,
        message=one_line(outcome.message),
        subject=harmless(outcome.subject),
        expected=one_line(outcome.expected),
        actual=one_line(outcome.actual),
        difference=outcome.difference,
        steps=tuple(harmless(line) for line in outcome.steps),
        story=outcome.story,
        sanitizer=tuple(map(one_line, sanitizers_words(outcome.report, _SANITIZER_LINES))),
        printed=tuple(last_lines(own_words(outcome.report), _PRINTED_LINES, _LINE_WIDTH)),
        hint=case.hint if outcome.status in ("failed", "not run") else "",
        rerun=case.rerun,
    )


def _as_seen_from_here(folder: Path | None, file: str) -> str:
    if folder is None:
        return file
    path = os.path.relpath(folder / file)
    return harmless(file if path.startswith("..") else path)


def _place(case: CaseResult) -> Place | None:
    """The innermost frame that is the student's. All checkpoints but the case's own come from the
    reference in solo mode: frames there are of no use, if there is another."""
    frames = frames_of(case.outcome.report)
    own = [one for one in frames if one.file == case.file or one.file not in COMPONENT_FILES]
    if not frames:
        return None
    frame = (own or frames)[0]
    source = _line_of(case.folder, frame) if own else ""
    return Place(one_line(frame.file), frame.line, one_line(frame.function), source)


def _line_of(folder: Path | None, frame: Frame) -> str:
    """The line of a file beside the others; empty if there is none."""
    if folder is None or "/" in frame.file:
        return ""
    path = folder / frame.file
    try:
        if not path.is_file() or path.stat().st_size > _MOST_SOURCE:
            return ""
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return one_line(lines[frame.line - 1]) if 0 < frame.line <= len(lines) else ""
